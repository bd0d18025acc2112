//! External JWTs: whose they are, whom they are for, whether they are good now.
//!
//! What Keycloak does is recorded in the parity area `external`. Stricter here: a token without `exp` or
//! `iat` is refused, an ID token must be made for our client at the provider, and in profile `strict` every
//! token must.

use alloc::string::String;

use serde_json::{Map, Value};

use super::ExternalTokenError;
use crate::{
    jose::{
        JwsLimits, UnverifiedJws, base64url,
        claims::{Strictness, TokenClaims},
        json,
    },
    moment::{Moment, Timestamp},
    outside::IssuerKeys,
    realm::{IdentityProvider, Profile},
};

/// Claims `typ` that are taken. Letter case counts.
const TYPES: [&str; 4] = ["ID", "Bearer", "at+jwt", "application/at+jwt"];

/// Longest key id that keys are fetched for.
const MAX_KEY_ID_BYTES: usize = 255;

/// How a token is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    pub(super) provider: &'a IdentityProvider,
    pub(super) profile: Profile,
    /// It was declared to be an ID token.
    pub(super) id_token: bool,
    pub(super) moment: Moment,
    pub(super) limits: &'a JwsLimits,
}

/// A token that is worth fetching keys for: well made, and by its own account of the provider.
pub(super) fn key_id(token: &str, rules: &Rules<'_>) -> Result<Option<String>, ExternalTokenError> {
    let jws = UnverifiedJws::parse(token, rules.limits)?;
    let named = jws.peek_issuer()?;
    if !takes_issuer(rules, named.as_deref()) {
        return Err(ExternalTokenError::Issuer);
    }
    match jws.key_id() {
        Some(id) if id.len() > MAX_KEY_ID_BYTES => Err(ExternalTokenError::UnknownKey),
        id => Ok(id.map(String::from)),
    }
}

/// Checks signature and claims, and returns the claims.
pub(super) fn verify(
    token: &str,
    keys: &IssuerKeys,
    rules: &Rules<'_>,
) -> Result<Map<String, Value>, ExternalTokenError> {
    let jws = UnverifiedJws::parse(token, rules.limits)?;
    let key = keys.find(&jws).ok_or(ExternalTokenError::UnknownKey)?;
    let verified = jws.verify(key)?;
    check(verified.payload(), rules)?;
    match json::parse(verified.payload(), rules.limits.json()) {
        Ok(Value::Object(claims)) => Ok(claims),
        _ => Err(ExternalTokenError::MissingClaim("iss")),
    }
}

/// Checks the claims of a token that the provider itself vouched for. Its signature is not looked at, so
/// nothing in it counts but against it.
pub(super) fn check_unsigned(token: &str, rules: &Rules<'_>) -> Result<(), ExternalTokenError> {
    // The shape is that of a signed token all the same.
    UnverifiedJws::parse(token, rules.limits)?;
    let payload = token
        .split('.')
        .nth(1)
        .and_then(|part| base64url::decode(part).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(ExternalTokenError::MissingClaim("iss"))?;
    check(&payload, rules)
}

fn check(payload: &str, rules: &Rules<'_>) -> Result<(), ExternalTokenError> {
    let claims = TokenClaims::parse(payload, Strictness::Keycloak)?;
    if !takes_issuer(rules, claims.iss.as_deref()) {
        return Err(ExternalTokenError::Issuer);
    }
    check_times(&claims, rules)?;
    check_audience(&claims, rules)?;
    let kind = claims.typ.as_deref().unwrap_or_default();
    if rules.provider.trust().type_claim && !TYPES.contains(&kind) {
        return Err(ExternalTokenError::WrongType);
    }
    Ok(())
}

fn takes_issuer(rules: &Rules<'_>, named: Option<&str>) -> bool {
    let issuers = &rules.provider.trust().issuers;
    if issuers.is_empty() {
        // A provider without issuer takes any, as recorded; by hand one is written down.
        return rules.profile == Profile::Keycloak;
    }
    named.is_some_and(|named| issuers.iter().any(|issuer| **issuer == *named))
}

fn check_times(claims: &TokenClaims<'_>, rules: &Rules<'_>) -> Result<(), ExternalTokenError> {
    let now = rules.moment.now;
    let expires = claims
        .exp
        .filter(|exp| *exp > 0)
        .map(Timestamp)
        .ok_or(ExternalTokenError::MissingClaim("exp"))?;
    // The allowed skew is for `nbf` alone (recorded: expired-within-skew).
    if now > expires {
        return Err(ExternalTokenError::Expired { expires, now });
    }
    if let Some(not_before) = claims.nbf.map(Timestamp)
        && not_before > now.after(rules.provider.trust().skew)
    {
        return Err(ExternalTokenError::NotYetValid { not_before, now });
    }
    if claims.iat.is_none() {
        return Err(ExternalTokenError::MissingClaim("iat"));
    }
    Ok(())
}

fn check_audience(claims: &TokenClaims<'_>, rules: &Rules<'_>) -> Result<(), ExternalTokenError> {
    let id_token = rules.id_token || claims.typ.as_deref() == Some("ID");
    if rules.profile == Profile::Keycloak && !id_token {
        return Ok(());
    }
    let admitted = &rules.provider.trust().audiences;
    let named = admitted.iter().any(|value| claims.has_audience(value));
    named.then_some(()).ok_or(ExternalTokenError::Audience)
}
