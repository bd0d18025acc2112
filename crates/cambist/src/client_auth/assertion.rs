//! `private_key_jwt` and `client_secret_jwt`: a client that proves itself by a token it signed (RFC 7523
//! section 2.2, OpenID Connect Core section 9).
//!
//! The rules and their order are Keycloak's, recorded in the area `client-auth`. An assertion is good once:
//! its `jti` comes out as an [`Effect::UseOnce`] that is committed before any answer leaves, a refusal too.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use thiserror::Error;

use super::{ClientAuthMethod, Presentation, Proof};
use crate::{
    crypto::{Algorithm, CryptoProvider, KeyError},
    effects::{Effect, SingleUse},
    jose::{
        HeaderKeys, JoseHeader, Jwk, JwkSet, JwsError, JwsLimits, Strictness, SymmetricKey,
        TokenClaims, UnverifiedJws, VerificationKey, base64url,
    },
    moment::Timestamp,
    outside::{IssuerKeys, KeysNeeded},
    realm::Profile,
    request::PresentedCredentials,
    secret::Secret,
};

/// `client_assertion_type` of a JWT (RFC 7523 section 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How claims are read.
const CLAIMS: Strictness = Strictness::Keycloak;

/// Seconds by which `nbf` and `iat` may lie ahead.
const LEEWAY: i64 = 15;

/// Seconds that an assertion is good for, counted from `iat`, or up to `exp` when there is no `iat`.
const LIFETIME: i64 = 60;

/// Bytes of the shortest secret that is a key for a MAC.
const LEAST_SECRET: usize = 32;

/// Bytes of the longest hash.
const LONGEST_HASH: usize = 64;

/// Whose signature an assertion needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionKind {
    /// `private_key_jwt`: that of a key of the client.
    PrivateKey,
    /// `client_secret_jwt`: a tag under the client's secret.
    ClientSecret,
}

/// What a client's assertions are checked with.
#[derive(Clone, Debug)]
pub struct AssertionKeys {
    kind: AssertionKind,
    source: KeySource,
    /// The only algorithm taken, when the client says so.
    algorithm: Option<Algorithm>,
}

/// Where the keys are.
#[derive(Clone, Debug)]
enum KeySource {
    /// Here: one entry for each key and algorithm that the key may be used with.
    Held(Box<[VerificationKey]>),
    /// At an address that the client registered.
    At(Arc<str>),
}

impl AssertionKeys {
    /// For `private_key_jwt`. A key that the provider refuses is left out; the client then has one less.
    #[must_use]
    pub fn public(
        set: &JwkSet,
        algorithm: Option<Algorithm>,
        provider: &dyn CryptoProvider,
    ) -> Self {
        let usable = |key: &Jwk| -> Vec<VerificationKey> {
            Algorithm::ALL
                .into_iter()
                .filter_map(|algorithm| key.verification_key(algorithm, provider).ok())
                .collect()
        };
        Self {
            kind: AssertionKind::PrivateKey,
            source: KeySource::Held(set.keys().iter().flat_map(usable).collect()),
            algorithm,
        }
    }

    /// For `private_key_jwt`, with the keys that the client publishes at an address. A key is good for the
    /// algorithm that it names, else for the usual one of its type.
    #[must_use]
    pub fn published(url: &str, algorithm: Option<Algorithm>) -> Self {
        Self {
            kind: AssertionKind::PrivateKey,
            source: KeySource::At(url.into()),
            algorithm,
        }
    }

    /// For `client_secret_jwt`. A secret shorter than a hash cannot be used with it (RFC 7518 section 3.2); in
    /// profile `keycloak` 32 bytes will do for any hash, for Keycloak's own secrets have that length.
    ///
    /// # Errors
    ///
    /// The secret is too short for the algorithm that the client names, or for every one.
    pub fn secret(
        secret: &Secret,
        algorithm: Option<Algorithm>,
        profile: Profile,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, KeyError> {
        let text = secret.expose().as_bytes();
        // Room for all of it at once: a buffer that moved would be left behind with the secret in it.
        let mut secret = Vec::with_capacity(text.len().max(LONGEST_HASH));
        secret.extend_from_slice(text);
        if profile == Profile::Keycloak && text.len() >= LEAST_SECRET {
            // HMAC itself fills a key up with zeros to the block of the hash (RFC 2104 section 2).
            secret.resize(text.len().max(LONGEST_HASH), 0);
        }
        let secret = SymmetricKey::new(secret);
        let least = algorithm.unwrap_or(Algorithm::Hs256);
        secret.secret_for(least)?;
        let key = |algorithm| -> Option<VerificationKey> {
            Some(VerificationKey {
                key_id: String::new(),
                algorithm,
                verifier: provider.hmac(algorithm, &secret).ok()?.verifier,
            })
        };
        Ok(Self {
            kind: AssertionKind::ClientSecret,
            source: KeySource::Held(Algorithm::ALL.into_iter().filter_map(key).collect()),
            algorithm,
        })
    }

    /// Whose signature is needed.
    #[must_use]
    pub fn kind(&self) -> AssertionKind {
        self.kind
    }

    /// The address at which the client publishes its keys.
    pub(crate) fn address(&self) -> Option<&Arc<str>> {
        match &self.source {
            KeySource::Held(_) => None,
            KeySource::At(url) => Some(url),
        }
    }

    /// The key that an assertion names, of those held or `fetched`.
    fn find<'k>(
        &'k self,
        jws: &UnverifiedJws<'_>,
        fetched: Option<&'k IssuerKeys>,
    ) -> Result<&'k VerificationKey, AssertionError> {
        let algorithm = jws.unverified_header().algorithm();
        let keys = match &self.source {
            KeySource::Held(keys) => keys,
            KeySource::At(_) => fetched.map(IssuerKeys::keys).unwrap_or_default(),
        };
        let mut named = keys
            .iter()
            .filter(|key| {
                self.kind == AssertionKind::ClientSecret
                    || jws.key_id().is_none_or(|id| id == key.key_id)
            })
            .peekable();
        if named.peek().is_none() {
            return Err(AssertionError::UnknownKey);
        }
        named
            .find(|key| key.algorithm == algorithm)
            .ok_or(match jws.key_id() {
                None if self.kind == AssertionKind::PrivateKey => AssertionError::UnknownKey,
                _ => AssertionError::Signature(self.kind),
            })
    }
}

/// Why an assertion was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AssertionError {
    /// No `client_assertion_type`.
    #[error("client_assertion_type is missing")]
    TypeMissing,
    /// Another `client_assertion_type` than [`JWT_BEARER`].
    #[error("client_assertion_type is not {JWT_BEARER}")]
    WrongType,
    /// No `client_assertion`.
    #[error("client_assertion is missing")]
    Missing,
    /// It cannot be read.
    #[error("the assertion is not a signed token with readable claims")]
    Unreadable,
    /// `sub` or `iss` is not the client.
    #[error("the assertion is not by and about the client")]
    OtherClient,
    /// Signed with an algorithm that the client may not use.
    #[error("the assertion's algorithm is not the client's")]
    Algorithm,
    /// A `client_secret_jwt` client sends a signature of a public key.
    #[error("the assertion is signed with a public key algorithm, not the client's secret")]
    PublicKeyAlgorithm,
    /// The client has no key, or none of that id.
    #[error("the client has no such key")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the assertion's signature does not match")]
    Signature(AssertionKind),
    /// Made for someone else.
    #[error("the assertion is made for someone else")]
    Audience,
    /// Made for several.
    #[error("the assertion has more than one audience")]
    SeveralAudiences,
    /// No `exp`.
    #[error("the assertion has no exp")]
    ExpiryMissing,
    /// Before `nbf` or after `exp`.
    #[error("the assertion is not active")]
    NotActive,
    /// Without `iat`, and good for longer than 60 seconds.
    #[error("the assertion has no iat and expires in more than {LIFETIME} seconds")]
    ExpiryTooFar,
    /// `iat` is ahead.
    #[error("the assertion was issued in the future")]
    IssuedInFuture,
    /// `iat` is more than 60 seconds ago.
    #[error("the assertion was issued more than {LIFETIME} seconds ago")]
    IssuedTooLongAgo,
    /// No `jti`.
    #[error("the assertion has no jti")]
    IdMissing,
}

/// The `client_id` that an assertion is by and about. It only says whose keys to check it with.
///
/// # Errors
///
/// There are no three parts with readable claims, or `iss` and `sub` differ.
pub(super) fn named_client(text: &str, limits: &JwsLimits) -> Result<Box<str>, AssertionError> {
    if text.len() > JwsLimits::MAX_TOKEN {
        return Err(AssertionError::Unreadable);
    }
    let mut parts = text.split('.').skip(1);
    let payload = parts.next().map(base64url::decode);
    let Some(Ok(payload)) = payload.filter(|_| parts.count() <= 1) else {
        return Err(AssertionError::Unreadable);
    };
    let claims = core::str::from_utf8(&payload)
        .ok()
        .and_then(|text| TokenClaims::parse_within(text, CLAIMS, limits.json()).ok())
        .ok_or(AssertionError::Unreadable)?;
    match (claims.iss, claims.sub) {
        (Some(issuer), Some(subject)) if issuer == subject => Ok(subject.into()),
        _ => Err(AssertionError::OtherClient),
    }
}

/// The keys to be fetched before the assertion that a client brings can be checked. `None`: none are, or nothing
/// could come of it. The address is the one registered; the assertion only says which key of it.
pub(super) fn keys_needed(
    client_id: &str,
    keys: &AssertionKeys,
    presented: &PresentedCredentials,
    limits: &JwsLimits,
) -> Option<KeysNeeded> {
    let url = keys.address()?;
    if presented.assertion_type.as_deref() != Some(JWT_BEARER) {
        return None;
    }
    let text = presented.assertion.as_deref()?;
    if *named_client(text, limits).ok()? != *client_id {
        return None;
    }
    let jws = UnverifiedJws::parse(text, limits).ok()?;
    check_algorithm(keys, jws.unverified_header().algorithm()).ok()?;
    Some(KeysNeeded {
        url: Arc::clone(url),
        key_id: jws.key_id().map(Into::into),
    })
}

/// Checks the assertion that a client brings.
pub(super) fn verify(
    client_id: &str,
    keys: &AssertionKeys,
    presentation: &Presentation<'_>,
) -> Result<Proof, AssertionError> {
    let presented = presentation.credentials;
    match presented.assertion_type.as_deref() {
        None => return Err(AssertionError::TypeMissing),
        Some(JWT_BEARER) => {}
        Some(_) => return Err(AssertionError::WrongType),
    }
    let text = presented
        .assertion
        .as_deref()
        .ok_or(AssertionError::Missing)?;
    // Without a `client_id` beside it the assertion itself has named the client.
    if presented.client_id.is_some() && *named_client(text, presentation.limits)? != *client_id {
        return Err(AssertionError::OtherClient);
    }
    let jws = UnverifiedJws::parse(text, presentation.limits).map_err(|error| match error {
        JwsError::AlgorithmUnsupported => AssertionError::Algorithm,
        JwsError::KeyInHeader => AssertionError::UnknownKey,
        JwsError::NotCompact => unsigned(text, keys.kind, presentation.limits),
        _ => AssertionError::Unreadable,
    })?;
    check_algorithm(keys, jws.unverified_header().algorithm())?;
    let key = keys.find(&jws, presentation.fetched_keys)?;
    let verified = jws
        .verify(key)
        .map_err(|_| AssertionError::Signature(keys.kind))?;
    let claims = TokenClaims::parse_within(verified.payload(), CLAIMS, presentation.limits.json())
        .map_err(|_| AssertionError::Unreadable)?;
    // The same bytes as above; said again of what the signature vouches for.
    if claims.sub.as_deref() != Some(client_id) {
        return Err(AssertionError::OtherClient);
    }
    check_audience(&claims, presentation.issuer)?;
    let until = check_times(&claims, presentation.moment.now)?;
    let id = claims.jti.as_deref().filter(|id| !id.is_empty());
    let used = Effect::UseOnce {
        purpose: SingleUse::ClientAssertion(client_id.into()),
        id: id.ok_or(AssertionError::IdMissing)?.into(),
        until,
    };
    Ok(Proof {
        method: match keys.kind {
            AssertionKind::PrivateKey => ClientAuthMethod::PrivateKeyJwt,
            AssertionKind::ClientSecret => ClientAuthMethod::ClientSecretJwt,
        },
        algorithm: Some(key.algorithm),
        used: Some(used),
    })
}

/// Why an assertion without a signature is refused: `none` was never allowed, or the signature was lost.
fn unsigned(text: &str, kind: AssertionKind, limits: &JwsLimits) -> AssertionError {
    let header = text
        .split('.')
        .next()
        .and_then(|header| base64url::decode(header).ok())
        .and_then(|header| String::from_utf8(header).ok());
    let parsed = header.map(|text| JoseHeader::parse(&text, limits.json(), HeaderKeys::Refuse));
    match parsed {
        Some(Err(JwsError::AlgorithmUnsupported)) => AssertionError::Algorithm,
        Some(Ok(_)) => AssertionError::Signature(kind),
        _ => AssertionError::Unreadable,
    }
}

fn check_algorithm(keys: &AssertionKeys, found: Algorithm) -> Result<(), AssertionError> {
    if keys.algorithm.is_some_and(|only| only != found) {
        return Err(AssertionError::Algorithm);
    }
    match keys.kind {
        AssertionKind::PrivateKey if found.is_symmetric() => Err(AssertionError::Algorithm),
        AssertionKind::ClientSecret if !found.is_symmetric() => {
            Err(AssertionError::PublicKeyAlgorithm)
        }
        _ => Ok(()),
    }
}

/// The realm, its token endpoint and its introspection endpoint are good at each of the endpoints; nothing
/// may stand beside them.
fn check_audience(claims: &TokenClaims<'_>, issuer: &str) -> Result<(), AssertionError> {
    let ours = |audience: &str| {
        audience.strip_prefix(issuer).is_some_and(|rest| {
            matches!(
                rest,
                "" | "/protocol/openid-connect/token" | "/protocol/openid-connect/token/introspect"
            )
        })
    };
    let mut audiences = claims.aud.iter().flatten();
    if !audiences.clone().any(|audience| ours(audience)) {
        return Err(AssertionError::Audience);
    }
    if audiences.nth(1).is_some() {
        return Err(AssertionError::SeveralAudiences);
    }
    Ok(())
}

/// Says until when the assertion would be taken, and its id has to be remembered.
fn check_times(claims: &TokenClaims<'_>, now: Timestamp) -> Result<Timestamp, AssertionError> {
    let expires = Timestamp(claims.exp.ok_or(AssertionError::ExpiryMissing)?);
    let not_before = Timestamp(claims.nbf.unwrap_or_default());
    if now >= expires || not_before > now.after(LEEWAY) {
        return Err(AssertionError::NotActive);
    }
    let Some(issued) = claims.iat.map(Timestamp) else {
        return if expires > now.after(LIFETIME) {
            Err(AssertionError::ExpiryTooFar)
        } else {
            Ok(expires)
        };
    };
    if issued > now.after(LEEWAY) {
        return Err(AssertionError::IssuedInFuture);
    }
    let good_until = issued.after(LIFETIME);
    if good_until < now {
        return Err(AssertionError::IssuedTooLongAgo);
    }
    // Still good in the last second itself.
    Ok(expires.min(good_until.after(1)))
}
