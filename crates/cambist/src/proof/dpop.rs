//! DPoP proofs (RFC 9449 section 4).
//!
//! The checks, their order and the texts of their refusals are Keycloak's, recorded in the area `v2-bound`.
//! Beyond Keycloak's, a proof is refused when its key has private members, is weak, or says of itself that
//! it is for something else.

use alloc::{boxed::Box, string::String};

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::{Nonces, target::same_place};
use crate::{
    crypto::{Algorithm, CryptoProvider, HashAlgorithm, ProviderError},
    effects::{Effect, SingleUse},
    jose::{
        HeaderKeys, JsonLimits, JwsLimits, Strictness, TokenClaims, UnverifiedJws, base64url, json,
    },
    moment::Timestamp,
};

/// Longest proof read, in bytes.
pub const MAX_PROOF_BYTES: usize = 8 * 1_024;

/// Seconds that a proof is good for, counted from its `iat`.
pub const PROOF_LIFETIME: i64 = 10;

/// Seconds by which the clocks of client and server may differ.
pub const CLOCK_SKEW: i64 = 15;

/// Longest `typ` or `alg` that a refusal repeats, in bytes.
const MAX_TOLD: usize = 64;

/// `typ` of a proof.
const TYPE: &str = "dpop+jwt";

/// What a proof is checked against.
#[derive(Clone, Copy, Debug)]
pub struct ProofCheck<'a> {
    /// Method of the request, in capitals.
    pub method: &'a str,
    /// Address of the endpoint, from configuration.
    pub address: &'a str,
    /// The access token that comes with the proof, where one does: the proof must then carry its hash.
    pub access_token: Option<&'a str>,
    /// The realm's nonces, where it demands one.
    pub nonces: Option<Nonces<'a>>,
    /// When the request is judged.
    pub now: Timestamp,
    /// Hashes and verifiers.
    pub provider: &'a dyn CryptoProvider,
}

/// What a proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedProof {
    /// Thumbprint of its key (RFC 7638, SHA-256, base64url).
    pub key: Box<str>,
    /// Uses the proof up. It is to be committed whatever the answer is.
    pub used: Effect,
}

/// Why a proof was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The header is there and empty.
    #[error("the proof is empty")]
    Empty,
    /// It is no compact JWS, or its header cannot be read; or there are several proofs.
    #[error("the header of the proof cannot be read")]
    Header,
    /// `typ` is another than `dpop+jwt`.
    #[error("the type of the proof is not {TYPE}")]
    Type(Option<Box<str>>),
    /// `alg` is none of the asymmetric ones that are supported.
    #[error("the algorithm of the proof is not supported")]
    Algorithm(Box<str>),
    /// No `jwk`.
    #[error("the proof carries no key")]
    KeyMissing,
    /// `jwk` holds private members, or is a secret.
    #[error("the proof carries a private key")]
    PrivateKey,
    /// `jwk` is no key for the algorithm.
    #[error("the key of the proof cannot be used")]
    Key,
    /// The signature is wrong.
    #[error("the signature of the proof does not match")]
    Signature,
    /// The payload cannot be read.
    #[error("the claims of the proof cannot be read")]
    Claims,
    /// One of `jti`, `htm`, `htu` and `iat` is missing.
    #[error("the proof lacks jti, htm, htu or iat")]
    ClaimsMissing,
    /// Made for another method.
    #[error("the proof is for another method")]
    Method,
    /// Made for another address.
    #[error("the proof is for another address")]
    Address,
    /// Too old, or ahead of time.
    #[error("the proof is too old or ahead of time")]
    NotActive,
    /// No nonce, or one that the realm did not give or no longer takes.
    #[error("the proof has no nonce that is taken")]
    Nonce,
    /// `ath` is missing or of another access token.
    #[error("the proof is not for this access token")]
    AccessToken,
    /// Nonces cannot be made.
    #[error("{0}")]
    Provider(#[from] ProviderError),
}

/// Checks a proof.
///
/// Whether it was used before is for the store to say, when the effect is committed.
///
/// # Errors
///
/// The first check that fails.
pub fn verify(text: &str, check: &ProofCheck<'_>) -> Result<VerifiedProof, ProofError> {
    if text.trim().is_empty() {
        return Err(ProofError::Empty);
    }
    let algorithm = judge_header(text)?;
    let jws = UnverifiedJws::parse(text, &limits()).map_err(|_| ProofError::Header)?;
    let jwk = jws
        .unverified_header()
        .embedded_key()
        .ok_or(ProofError::KeyMissing)?;
    let thumbprint = jwk.thumbprint(check.provider);
    let key = jwk
        .verification_key(algorithm, check.provider)
        .map_err(|_| ProofError::Key)?;
    let verified = jws.verify(&key).map_err(|_| ProofError::Signature)?;
    let claims = Claims::read(verified.payload())?;
    claims.judge(check)?;
    Ok(VerifiedProof {
        used: Effect::UseOnce {
            purpose: SingleUse::DpopProof,
            id: claims.mark(&thumbprint, check.provider),
            until: claims.forgotten(),
        },
        key: thumbprint.into(),
    })
}

fn limits() -> JwsLimits {
    JwsLimits::new(MAX_PROOF_BYTES, MAX_PROOF_BYTES / 2, MAX_PROOF_BYTES / 2)
        .unwrap_or_default()
        .with_header_keys(HeaderKeys::RequireJwk)
}

/// Judges the header in Keycloak's order, before anything else is read.
fn judge_header(text: &str) -> Result<Algorithm, ProofError> {
    #[derive(Deserialize)]
    struct Header {
        #[serde(default)]
        typ: Value,
        #[serde(default)]
        alg: Value,
        #[serde(default)]
        jwk: Value,
    }
    if text.len() > MAX_PROOF_BYTES || text.split('.').count() != 3 {
        return Err(ProofError::Header);
    }
    let header = text.split('.').next().unwrap_or_default();
    let header = base64url::decode(header).map_err(|_| ProofError::Header)?;
    let header = core::str::from_utf8(&header).map_err(|_| ProofError::Header)?;
    let header: Header =
        json::object_from_str(header, &JsonLimits::DEFAULT).map_err(|_| ProofError::Header)?;
    match told(&header.typ)? {
        Some(TYPE) => {}
        other => return Err(ProofError::Type(other.map(Box::from))),
    }
    let name = told(&header.alg)?.ok_or(ProofError::Header)?;
    let algorithm = Algorithm::from_name(name)
        .filter(|algorithm| !algorithm.is_symmetric())
        .ok_or_else(|| ProofError::Algorithm(name.into()))?;
    match &header.jwk {
        Value::Null => Err(ProofError::KeyMissing),
        Value::Object(members) => {
            let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
            if private.iter().any(|name| members.contains_key(*name)) {
                return Err(ProofError::PrivateKey);
            }
            Ok(algorithm)
        }
        _ => Err(ProofError::Header),
    }
}

/// A text that a refusal may repeat; null is none.
fn told(value: &Value) -> Result<Option<&str>, ProofError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.len() <= MAX_TOLD => Ok(Some(text)),
        _ => Err(ProofError::Header),
    }
}

/// The claims of a proof.
struct Claims {
    id: String,
    method: String,
    address: String,
    issued: Timestamp,
    access_token: Option<String>,
    nonce: Option<String>,
}

impl Claims {
    fn read(payload: &str) -> Result<Self, ProofError> {
        #[derive(Deserialize)]
        struct Own {
            htm: Option<String>,
            htu: Option<String>,
            ath: Option<String>,
        }
        let common =
            TokenClaims::parse(payload, Strictness::Keycloak).map_err(|_| ProofError::Claims)?;
        let own: Own =
            json::object_from_str(payload, &JsonLimits::DEFAULT).map_err(|_| ProofError::Claims)?;
        let id = common.jti.filter(|id| !id.is_empty());
        let (Some(id), Some(method), Some(address), Some(issued)) =
            (id, own.htm, own.htu, common.iat)
        else {
            return Err(ProofError::ClaimsMissing);
        };
        Ok(Self {
            id: id.into_owned(),
            method,
            address,
            issued: Timestamp(issued),
            access_token: own.ath,
            nonce: common.nonce.map(Into::into),
        })
    }

    fn judge(&self, check: &ProofCheck<'_>) -> Result<(), ProofError> {
        if self.method != check.method {
            return Err(ProofError::Method);
        }
        if !same_place(&self.address, check.address) {
            return Err(ProofError::Address);
        }
        let oldest = self.issued.after(PROOF_LIFETIME + CLOCK_SKEW);
        if check.now > oldest || self.issued > check.now.after(CLOCK_SKEW) {
            return Err(ProofError::NotActive);
        }
        if let Some(nonces) = &check.nonces {
            let nonce = self.nonce.as_deref().ok_or(ProofError::Nonce)?;
            if !nonces.admits(nonce, check.now)? {
                return Err(ProofError::Nonce);
            }
        }
        if let Some(token) = check.access_token {
            let hash = check.provider.hash(HashAlgorithm::Sha256, token.as_bytes());
            let hash = base64url::encode(hash.as_bytes());
            if self.access_token.as_deref() != Some(&*hash) {
                return Err(ProofError::AccessToken);
            }
        }
        Ok(())
    }

    /// The name of this proof in the store: one length for all, and of this key, so that nobody can use up
    /// the id of another's proof.
    fn mark(&self, thumbprint: &str, provider: &dyn CryptoProvider) -> Box<str> {
        let name = [thumbprint, ".", &self.id].concat();
        let hash = provider.hash(HashAlgorithm::Sha256, name.as_bytes());
        base64url::encode(hash.as_bytes()).into()
    }

    /// When no server takes the proof any more, were its clock as slow as allowed.
    fn forgotten(&self) -> Timestamp {
        self.issued.after(PROOF_LIFETIME + 2 * CLOCK_SKEW + 1)
    }
}
