//! Tokens of other issuers, and the keys that they publish.

use std::{collections::BTreeMap, sync::Arc};

use cambist::{
    crypto::{Algorithm, CryptoProvider},
    jose::{JsonLimits, Jwk, JwkSet, SecretJwk, SigningHeader, SigningKey, compact::SigningInput},
    outside::{IssuerKeys, Outside, OutsideFailure, OutsideNeeded},
};
use serde::Deserialize;

use super::{ScenarioError, Values, words::Answers};

/// The key of RFC 7515 appendix A.3. Published, so for tests only.
const ISSUER_KEY: &str = r#"{"kty": "EC", "crv": "P-256", "kid": "issuer", "alg": "ES256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// The public half of it.
const PUBLISHED_KEY: &str = r#"{"kty": "EC", "crv": "P-256", "kid": "issuer", "alg": "ES256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

/// The key of RFC 7517 appendix A.2, under the id of the other one.
const STRANGE_KEY: &str = r#"{"kty": "EC", "crv": "P-256", "kid": "issuer", "alg": "ES256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;

/// A token that another issuer has signed, with ES256. Later steps call it `${NAME.token}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignToken {
    /// Whose key signs it.
    #[serde(default)]
    pub key: ForeignKey,
    /// `typ` of its header. Default `JWT`.
    #[serde(default = "jwt")]
    pub header_type: String,
    /// Its claims.
    pub claims: Values,
}

fn jwt() -> String {
    "JWT".to_owned()
}

/// A key that signs tokens of other issuers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForeignKey {
    /// The one that is published, at each address of `published`.
    #[default]
    Issuer,
    /// One that is published nowhere, under the same id.
    Stranger,
}

/// Signs the tokens.
pub(super) fn sign(
    tokens: &BTreeMap<String, ForeignToken>,
    provider: &dyn CryptoProvider,
) -> Result<Answers, ScenarioError> {
    tokens
        .iter()
        .map(|(name, token)| {
            let key = key(token.key, provider)?;
            let header =
                SigningHeader::new(key.algorithm, Some(&key.key_id), Some(&token.header_type));
            let payload = serde_json::to_vec(&token.claims).map_err(|_| unusable(name))?;
            let text = SigningInput::new(&header, &payload)
                .sign(&key)
                .map_err(|_| unusable(name))?;
            Ok((name.clone(), serde_json::json!({ "token": text })))
        })
        .collect()
}

fn key(key: ForeignKey, provider: &dyn CryptoProvider) -> Result<SigningKey, ScenarioError> {
    let (name, text) = match key {
        ForeignKey::Issuer => ("issuer", ISSUER_KEY),
        ForeignKey::Stranger => ("stranger", STRANGE_KEY),
    };
    SecretJwk::parse(text, &JsonLimits::DEFAULT)
        .ok()
        .and_then(|key| key.signing_key(Algorithm::Es256, provider).ok())
        .ok_or_else(|| unusable(name))
}

fn unusable(name: &str) -> ScenarioError {
    ScenarioError::Token {
        name: name.to_owned(),
    }
}

/// What comes from outside: the issuer's keys, at the addresses where they are published.
pub(super) fn outside(
    needed: &OutsideNeeded,
    published: &[String],
    provider: &dyn CryptoProvider,
) -> Outside {
    let OutsideNeeded::Keys(keys) = needed else {
        return Outside::Failed(OutsideFailure::NotAsked);
    };
    if !published.iter().any(|url| **url == *keys.url) {
        return Outside::Failed(OutsideFailure::Unreachable);
    }
    let set = Jwk::parse(PUBLISHED_KEY, &JsonLimits::DEFAULT)
        .ok()
        .and_then(|key| JwkSet::new(vec![key]).ok());
    match set {
        Some(set) => Outside::Keys(Arc::new(IssuerKeys::of(&set, provider))),
        None => Outside::Failed(OutsideFailure::Unusable),
    }
}
