//! The claims that decide something, read from a verified payload and borrowed from it.
//!
//! Fields bear the names that the claims have on the wire (RFC 7519 section 4.1, OpenID Connect Core
//! section 2, RFC 8693 section 4, RFC 7800, Keycloak's own). What is not listed here is checked for
//! duplicate names like everything else, and passed over.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::jose::{
    json::{self, JsonError, JsonLimits},
    roles,
    scalar::Scalar,
};

/// How to read what is not as the standards want it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Times are whole numbers from 0 to 2^53 - 1; null is a wrong type.
    #[default]
    Strict,
    /// As Keycloak reads: a time may also be negative, have a fraction or a power (the fraction is
    /// cut off), or be a whole number in a text; null counts as absent. All within 64 bits.
    Keycloak,
}

/// Most values read from `aud`, `aud_x` or `req-aud`.
pub const MAX_AUDIENCES: usize = 128;

/// The claims of a token. An absent claim is `None`; a claim of a wrong type never is.
///
/// Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TokenClaims<'a> {
    /// Issuer.
    pub iss: Option<Cow<'a, str>>,
    /// Subject.
    pub sub: Option<Cow<'a, str>>,
    /// Audience. A single text is a list of one; an empty list stays one.
    pub aud: Option<Vec<Cow<'a, str>>>,
    /// Expiration time.
    pub exp: Option<i64>,
    /// Not before.
    pub nbf: Option<i64>,
    /// Issued at.
    pub iat: Option<i64>,
    /// Token id.
    pub jti: Option<Cow<'a, str>>,
    /// Keycloak's class of token: `Bearer`, `Refresh`, `Offline`, `ID`, …
    pub typ: Option<Cow<'a, str>>,
    /// Authorized party.
    pub azp: Option<Cow<'a, str>>,
    /// Session id.
    pub sid: Option<Cow<'a, str>>,
    /// Scope, a list separated by blanks.
    pub scope: Option<Cow<'a, str>>,
    /// Nonce.
    pub nonce: Option<Cow<'a, str>>,
    /// Authentication context class.
    pub acr: Option<Cow<'a, str>>,
    /// Client id.
    pub client_id: Option<Cow<'a, str>>,
    /// Login name.
    pub preferred_username: Option<Cow<'a, str>>,
    /// Time of the authentication.
    pub auth_time: Option<i64>,
    /// Key binding, an object (RFC 7800 section 3.1).
    pub cnf: Option<Value>,
    /// Actor, an object (RFC 8693 section 4.1).
    pub act: Option<Value>,
    /// Authorized actor, an object (RFC 8693 section 4.4).
    pub may_act: Option<Value>,
    /// Cambist: the tokens that it was made from, a list of objects.
    pub derived_from: Option<Value>,
    /// Keycloak: stays through the refreshes of a token that may be used once.
    pub reuse_id: Option<Cow<'a, str>>,
    /// Keycloak: the resource that the access token is for alone, in a refresh token; passed over in any other form.
    pub resource: Option<Cow<'a, str>>,
    /// Keycloak: alias of the organization that a login chose, in a refresh token; elsewhere mappers write a claim
    /// of that name, and any other form of it is passed over.
    pub organization: Option<Cow<'a, str>>,
    /// Keycloak: what made the token.
    pub prov: Option<Cow<'a, str>>,
    /// Keycloak: audience of the access token that a refresh token came with.
    pub aud_x: Option<Vec<Cow<'a, str>>>,
    /// Keycloak: the audiences that an exchange asked for; `req-aud` on the wire.
    pub req_aud: Option<Vec<Cow<'a, str>>>,
    /// Keycloak: roles of the realm, as they are written.
    realm_access: Option<&'a str>,
    /// Keycloak: roles of clients, as they are written.
    resource_access: Option<&'a str>,
}

impl<'a> TokenClaims<'a> {
    /// Reads the claims with the default bounds.
    ///
    /// # Errors
    ///
    /// See [`ClaimsError`].
    pub fn parse(payload: &'a str, strictness: Strictness) -> Result<Self, ClaimsError> {
        Self::parse_within(payload, strictness, &JsonLimits::DEFAULT)
    }

    /// Reads the claims with other bounds.
    ///
    /// # Errors
    ///
    /// See [`ClaimsError`].
    pub fn parse_within(
        payload: &'a str,
        strictness: Strictness,
        limits: &JsonLimits,
    ) -> Result<Self, ClaimsError> {
        let raw: RawClaims<'a> =
            json::object_from_str(payload, limits).map_err(ClaimsError::Json)?;
        let text = |name, scalar| text(name, scalar, strictness);
        let time = |name, scalar| time(name, scalar, strictness);
        let list = |name, audience| list(name, audience, strictness);
        let object = |name, value| object(name, value, strictness);
        Ok(Self {
            iss: text("iss", raw.iss)?,
            sub: text("sub", raw.sub)?,
            aud: list("aud", raw.aud)?,
            exp: time("exp", raw.exp)?,
            nbf: time("nbf", raw.nbf)?,
            iat: time("iat", raw.iat)?,
            jti: text("jti", raw.jti)?,
            typ: text("typ", raw.typ)?,
            azp: text("azp", raw.azp)?,
            sid: text("sid", raw.sid)?,
            scope: text("scope", raw.scope)?,
            nonce: text("nonce", raw.nonce)?,
            acr: text("acr", raw.acr)?,
            client_id: text("client_id", raw.client_id)?,
            preferred_username: text("preferred_username", raw.preferred_username)?,
            auth_time: time("auth_time", raw.auth_time)?,
            cnf: object("cnf", raw.cnf)?,
            act: object("act", raw.act)?,
            may_act: object("may_act", raw.may_act)?,
            derived_from: raw.derived_from,
            reuse_id: text("reuse_id", raw.reuse_id)?,
            // Of other forms in other tokens, where mappers may write them.
            resource: text("resource", raw.resource).ok().flatten(),
            organization: text("organization", raw.organization).ok().flatten(),
            prov: text("prov", raw.prov)?,
            aud_x: list("aud_x", raw.aud_x)?,
            req_aud: list("req-aud", raw.req_aud)?,
            realm_access: raw.realm_access.map(RawValue::get),
            resource_access: raw.resource_access.map(RawValue::get),
        })
    }

    /// Checks the form of the role claims. They decide nothing here, but whoever reads a token of the realm after us
    /// would trip over ones that are no roles. In tokens of others the names may mean anything.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::WrongType`].
    pub fn check_roles(&self) -> Result<(), ClaimsError> {
        let wrong = |name| Err(ClaimsError::WrongType { name });
        if !self.realm_access.is_none_or(roles::are_of_realm) {
            return wrong("realm_access");
        }
        if !self.resource_access.is_none_or(roles::are_of_clients) {
            return wrong("resource_access");
        }
        Ok(())
    }

    /// Whether `aud` names this audience.
    pub fn has_audience(&self, audience: &str) -> bool {
        self.aud.iter().flatten().any(|value| value == audience)
    }
}

/// The claims of a token were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The payload is not a strict JSON object.
    #[error("claims: {0}")]
    Json(#[source] JsonError),
    /// A claim has the wrong type, or a number out of range.
    #[error("claim {name} has a wrong type")]
    WrongType {
        /// Name of the claim.
        name: &'static str,
    },
    /// A claim has more values than allowed.
    #[error("claim {name} has more than {limit} values")]
    TooManyValues {
        /// Name of the claim.
        name: &'static str,
        /// Most values allowed.
        limit: usize,
    },
}

const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

fn text<'a>(
    name: &'static str,
    scalar: Scalar<'a>,
    strictness: Strictness,
) -> Result<Option<Cow<'a, str>>, ClaimsError> {
    match (scalar, strictness) {
        (Scalar::Absent, _) | (Scalar::Null, Strictness::Keycloak) => Ok(None),
        (Scalar::Text(text), _) => Ok(Some(text)),
        _ => Err(ClaimsError::WrongType { name }),
    }
}

fn time(
    name: &'static str,
    scalar: Scalar<'_>,
    strictness: Strictness,
) -> Result<Option<i64>, ClaimsError> {
    let wrong = ClaimsError::WrongType { name };
    match (scalar, strictness) {
        (Scalar::Absent, _) | (Scalar::Null, Strictness::Keycloak) => Ok(None),
        (Scalar::Integer(seconds), Strictness::Keycloak) => Ok(Some(seconds)),
        (Scalar::Integer(seconds @ 0..=MAX_SAFE_INTEGER), Strictness::Strict) => Ok(Some(seconds)),
        (Scalar::Fraction(seconds), Strictness::Keycloak) => whole(seconds).map(Some).ok_or(wrong),
        (Scalar::Text(digits), Strictness::Keycloak) => {
            digits.trim().parse().map(Some).map_err(|_| wrong)
        }
        _ => Err(wrong),
    }
}

/// The number without its fraction, when it fits.
fn whole(number: f64) -> Option<i64> {
    // 2^63 itself does not fit, while -2^63 does; both are exact as a float.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if !(-BOUND..BOUND).contains(&number) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "in range, and the fraction is to go"
    )]
    Some(number as i64)
}

fn list<'a>(
    name: &'static str,
    list: TextOrList<'a>,
    strictness: Strictness,
) -> Result<Option<Vec<Cow<'a, str>>>, ClaimsError> {
    match (list, strictness) {
        (TextOrList::Absent, _) | (TextOrList::Null, Strictness::Keycloak) => Ok(None),
        (TextOrList::Texts(texts), _) if texts.len() > MAX_AUDIENCES => {
            Err(ClaimsError::TooManyValues {
                name,
                limit: MAX_AUDIENCES,
            })
        }
        (TextOrList::Texts(texts), _) => Ok(Some(texts)),
        _ => Err(ClaimsError::WrongType { name }),
    }
}

fn object(
    name: &'static str,
    value: Option<Value>,
    strictness: Strictness,
) -> Result<Option<Value>, ClaimsError> {
    match (value, strictness) {
        (None, _) | (Some(Value::Null), Strictness::Keycloak) => Ok(None),
        (Some(value @ Value::Object(_)), _) => Ok(Some(value)),
        _ => Err(ClaimsError::WrongType { name }),
    }
}

#[derive(Deserialize)]
struct RawClaims<'a> {
    #[serde(borrow, default)]
    iss: Scalar<'a>,
    #[serde(borrow, default)]
    sub: Scalar<'a>,
    #[serde(borrow, default)]
    aud: TextOrList<'a>,
    #[serde(borrow, default)]
    exp: Scalar<'a>,
    #[serde(borrow, default)]
    nbf: Scalar<'a>,
    #[serde(borrow, default)]
    iat: Scalar<'a>,
    #[serde(borrow, default)]
    jti: Scalar<'a>,
    #[serde(borrow, default)]
    typ: Scalar<'a>,
    #[serde(borrow, default)]
    azp: Scalar<'a>,
    #[serde(borrow, default)]
    sid: Scalar<'a>,
    #[serde(borrow, default)]
    scope: Scalar<'a>,
    #[serde(borrow, default)]
    nonce: Scalar<'a>,
    #[serde(borrow, default)]
    acr: Scalar<'a>,
    #[serde(borrow, default)]
    client_id: Scalar<'a>,
    #[serde(borrow, default)]
    preferred_username: Scalar<'a>,
    #[serde(borrow, default)]
    auth_time: Scalar<'a>,
    #[serde(default, deserialize_with = "present_value")]
    cnf: Option<Value>,
    #[serde(default, deserialize_with = "present_value")]
    act: Option<Value>,
    #[serde(default, deserialize_with = "present_value")]
    may_act: Option<Value>,
    #[serde(default, deserialize_with = "present_value")]
    derived_from: Option<Value>,
    #[serde(borrow, default)]
    reuse_id: Scalar<'a>,
    #[serde(borrow, default)]
    resource: Scalar<'a>,
    #[serde(borrow, default)]
    organization: Scalar<'a>,
    #[serde(borrow, default)]
    prov: Scalar<'a>,
    #[serde(borrow, default)]
    aud_x: TextOrList<'a>,
    #[serde(borrow, default, rename = "req-aud")]
    req_aud: TextOrList<'a>,
    #[serde(borrow, default)]
    realm_access: Option<&'a RawValue>,
    #[serde(borrow, default)]
    resource_access: Option<&'a RawValue>,
}

/// Keeps null apart from absence.
fn present_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A text or a list of texts, or the fact that it is neither.
#[derive(Default)]
enum TextOrList<'a> {
    #[default]
    Absent,
    Null,
    Texts(Vec<Cow<'a, str>>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for TextOrList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrListVisitor)
    }
}

struct TextOrListVisitor;

impl<'de> Visitor<'de> for TextOrListVisitor {
    type Value = TextOrList<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<TextOrList<'de>, E> {
        Ok(TextOrList::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<TextOrList<'de>, E> {
        Ok(TextOrList::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<TextOrList<'de>, E> {
        Ok(TextOrList::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<TextOrList<'de>, E> {
        Ok(TextOrList::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<TextOrList<'de>, E> {
        Ok(TextOrList::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<TextOrList<'de>, E> {
        Ok(TextOrList::Texts(alloc::vec![Cow::Borrowed(text)]))
    }

    fn visit_str<E>(self, text: &str) -> Result<TextOrList<'de>, E> {
        Ok(TextOrList::Texts(alloc::vec![Cow::Owned(String::from(
            text
        ))]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<TextOrList<'de>, A::Error> {
        let mut texts = Vec::new();
        let mut only_texts = true;
        while let Some(item) = items.next_element::<Scalar<'de>>()? {
            match item {
                Scalar::Text(text) => texts.push(text),
                _ => only_texts = false,
            }
        }
        Ok(if only_texts {
            TextOrList::Texts(texts)
        } else {
            TextOrList::Other
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<TextOrList<'de>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(TextOrList::Other)
    }
}

#[cfg(test)]
mod tests;
