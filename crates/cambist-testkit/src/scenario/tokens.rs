//! Tokens of other issuers, and the keys that they publish.

use std::collections::BTreeMap;

use cambist::{
    crypto::{Algorithm, CryptoProvider},
    jose::{JsonLimits, SecretJwk, SigningHeader, SigningKey, compact::SigningInput},
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
    /// The id of the key that its header names. Default `issuer`, which is that of both keys.
    #[serde(default)]
    pub key_id: Option<String>,
    /// `typ` of its header. Default `JWT`.
    #[serde(default)]
    pub header_type: Option<String>,
    /// Another token, whose header type and claims it has beside its own; that one is like no other.
    #[serde(default)]
    pub like: Option<String>,
    /// Claims of the other token that it does without.
    #[serde(default)]
    pub without: Vec<String>,
    /// Its claims.
    #[serde(default)]
    pub claims: Values,
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
            let model = model(name, token, tokens)?;
            let key = key(token.key, provider)?;
            let header_type = token
                .header_type
                .as_deref()
                .or_else(|| model?.header_type.as_deref())
                .unwrap_or("JWT");
            let key_id = token.key_id.as_ref().unwrap_or(&key.key_id);
            let header = SigningHeader::new(key.algorithm, Some(key_id), Some(header_type));
            let mut claims = model.map_or_else(Values::new, |model| model.claims.clone());
            claims.retain(|claim, _| !token.without.contains(claim));
            claims.extend(token.claims.clone());
            let payload = serde_json::to_vec(&claims).map_err(|_| unusable(name))?;
            let text = SigningInput::new(&header, &payload)
                .sign(&key)
                .map_err(|_| unusable(name))?;
            Ok((name.clone(), serde_json::json!({ "token": text })))
        })
        .collect()
}

/// The token that one is like.
fn model<'t>(
    name: &str,
    token: &ForeignToken,
    tokens: &'t BTreeMap<String, ForeignToken>,
) -> Result<Option<&'t ForeignToken>, ScenarioError> {
    let Some(like) = &token.like else {
        return Ok(None);
    };
    let model = tokens.get(like).filter(|model| model.like.is_none());
    model.map(Some).ok_or_else(|| ScenarioError::Like {
        name: name.to_owned(),
        like: like.clone(),
    })
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

/// The key set of the issuer.
pub(super) fn published_keys() -> String {
    format!(r#"{{"keys": [{PUBLISHED_KEY}]}}"#)
}
