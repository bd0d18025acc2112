//! The JOSE header of a signed token, RFC 7515 section 4.

use alloc::{borrow::Cow, boxed::Box, string::String};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    crypto::Algorithm,
    jose::{
        base64url, compact::JwsError, json, json::JsonLimits, jwk::Jwk, scalar::Presence,
        scalar::Scalar,
    },
};

/// Longest key id read, in bytes.
pub const MAX_KEY_ID_BYTES: usize = 255;

/// What to do with `jwk`, `jku`, `x5c` and `x5u`, by which a header offers or names a key.
///
/// None of them ever chooses the key of a [`VerificationKey`](crate::jose::VerificationKey).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderKeys {
    /// Refuse the token; for the tokens of our own realms, which never carry them.
    #[default]
    Refuse,
    /// Pass them over; for foreign issuers, some of whom write them into every token.
    Ignore,
    /// Demand `jwk` and read it, refuse the others; for proofs of possession (RFC 9449 section 4.2).
    RequireJwk,
}

/// The header of a token, as it was read.
#[derive(Debug, Clone)]
pub struct JoseHeader {
    algorithm: Algorithm,
    key_id: Option<String>,
    header_type: Option<Cow<'static, str>>,
    content_type: Option<String>,
    embedded_key: Option<Box<Jwk>>,
}

impl JoseHeader {
    /// Reads a header from its JSON text.
    ///
    /// `crit` and `b64` are refused whatever they say, since no extension is supported (RFC 7515
    /// section 4.1.11, RFC 7797), and so are `zip` and `enc`, which belong to encryption. Other
    /// unknown members are passed over, as RFC 7515 section 4 demands.
    ///
    /// # Errors
    ///
    /// See [`JwsError`].
    pub fn parse(
        text: &str,
        limits: &JsonLimits,
        header_keys: HeaderKeys,
    ) -> Result<Self, JwsError> {
        let raw: RawHeader<'_> =
            json::object_from_str(text, limits).map_err(JwsError::HeaderJson)?;
        if raw.crit.0 || raw.b64.0 {
            return Err(JwsError::CriticalExtension);
        }
        if raw.zip.0 || raw.enc.0 {
            return Err(JwsError::Encryption);
        }
        let algorithm = match raw.alg {
            Scalar::Text(name) => {
                Algorithm::from_name(&name).ok_or(JwsError::AlgorithmUnsupported)?
            }
            Scalar::Absent => return Err(JwsError::AlgorithmMissing),
            _ => return Err(JwsError::HeaderMember { name: "alg" }),
        };
        let key_id = text_member("kid", raw.kid)?.map(Cow::into_owned);
        if key_id
            .as_ref()
            .is_some_and(|key_id| key_id.len() > MAX_KEY_ID_BYTES)
        {
            return Err(JwsError::KeyIdTooLong);
        }
        let embedded_key = embedded_key(raw.jwk, header_keys)?;
        if header_keys != HeaderKeys::Ignore && (raw.jku.0 || raw.x5c.0 || raw.x5u.0) {
            return Err(JwsError::KeyInHeader);
        }
        Ok(Self {
            algorithm,
            key_id,
            header_type: text_member("typ", raw.typ)?.map(known_type),
            content_type: text_member("cty", raw.cty)?.map(Cow::into_owned),
            embedded_key,
        })
    }

    /// The algorithm that the header names. It decides nothing: the key does.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`, at most [`MAX_KEY_ID_BYTES`] long; good for a look-up in a map and nothing else.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// `typ`, as written.
    pub fn header_type(&self) -> Option<&str> {
        self.header_type.as_deref()
    }

    /// `cty`, as written.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The public key in `jwk`; only there under [`HeaderKeys::RequireJwk`].
    pub fn embedded_key(&self) -> Option<&Jwk> {
        self.embedded_key.as_deref()
    }
}

/// The header of tokens to be signed, encoded once and used for many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningHeader {
    algorithm: Algorithm,
    encoded: String,
}

impl SigningHeader {
    /// A header of `alg`, `typ` and `kid`, in this order.
    pub fn new(algorithm: Algorithm, key_id: Option<&str>, header_type: Option<&str>) -> Self {
        #[derive(Serialize)]
        struct Members<'a> {
            alg: Algorithm,
            #[serde(skip_serializing_if = "Option::is_none")]
            typ: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            kid: Option<&'a str>,
        }
        // Texts always have a JSON form, so the default is never taken.
        let json = serde_json::to_vec(&Members {
            alg: algorithm,
            typ: header_type,
            kid: key_id,
        })
        .unwrap_or_default();
        Self {
            algorithm,
            encoded: base64url::encode(&json),
        }
    }

    /// The algorithm in it.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The first part of a token that starts with this header.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }
}

#[derive(Deserialize)]
struct RawHeader<'a> {
    #[serde(borrow, default)]
    alg: Scalar<'a>,
    #[serde(borrow, default)]
    kid: Scalar<'a>,
    #[serde(borrow, default)]
    typ: Scalar<'a>,
    #[serde(borrow, default)]
    cty: Scalar<'a>,
    #[serde(default)]
    crit: Presence,
    #[serde(default)]
    b64: Presence,
    #[serde(default)]
    zip: Presence,
    #[serde(default)]
    enc: Presence,
    #[serde(default, deserialize_with = "present_value")]
    jwk: Option<Value>,
    #[serde(default)]
    jku: Presence,
    #[serde(default)]
    x5c: Presence,
    #[serde(default)]
    x5u: Presence,
}

/// Keeps null apart from absence.
fn present_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn text_member<'a>(
    name: &'static str,
    value: Scalar<'a>,
) -> Result<Option<Cow<'a, str>>, JwsError> {
    match value {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text)),
        _ => Err(JwsError::HeaderMember { name }),
    }
}

fn embedded_key(jwk: Option<Value>, header_keys: HeaderKeys) -> Result<Option<Box<Jwk>>, JwsError> {
    match (jwk, header_keys) {
        (Some(_), HeaderKeys::Refuse) => Err(JwsError::KeyInHeader),
        (Some(jwk), HeaderKeys::RequireJwk) => Jwk::from_value(&jwk)
            .map(|jwk| Some(Box::new(jwk)))
            .map_err(JwsError::EmbeddedKey),
        (None, HeaderKeys::RequireJwk) => Err(JwsError::HeaderMember { name: "jwk" }),
        (_, HeaderKeys::Ignore) | (None, HeaderKeys::Refuse) => Ok(None),
    }
}

/// Spares an allocation for the types that nearly every token has.
fn known_type(text: Cow<'_, str>) -> Cow<'static, str> {
    for known in ["JWT", "at+jwt", "dpop+jwt"] {
        if text == known {
            return Cow::Borrowed(known);
        }
    }
    Cow::Owned(text.into_owned())
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::ToOwned, format};

    use super::*;

    fn parse(text: &str) -> Result<JoseHeader, JwsError> {
        JoseHeader::parse(text, &JsonLimits::DEFAULT, HeaderKeys::Refuse)
    }

    #[test]
    fn members_are_read() {
        let header =
            parse(r#"{"alg":"ES256","kid":"k\u0031","typ":"at+jwt","cty":"x","new":[1]}"#).unwrap();
        assert_eq!(header.algorithm(), Algorithm::Es256);
        assert_eq!(header.key_id(), Some("k1"));
        assert_eq!(header.header_type(), Some("at+jwt"));
        assert_eq!(header.content_type(), Some("x"));
        assert!(header.embedded_key().is_none());
    }

    #[test]
    fn only_known_algorithms_pass() {
        for alg in [
            r#""none""#,
            r#""NONE""#,
            r#""nOnE""#,
            r#""""#,
            r#""RSA-OAEP""#,
            r#""rs256""#,
        ] {
            let refused = parse(&format!(r#"{{"alg":{alg}}}"#)).unwrap_err();
            assert_eq!(refused, JwsError::AlgorithmUnsupported, "{alg}");
        }
        for alg in ["1", "null", "[\"RS256\"]", "{}", "true"] {
            let refused = parse(&format!(r#"{{"alg":{alg}}}"#)).unwrap_err();
            assert_eq!(refused, JwsError::HeaderMember { name: "alg" }, "{alg}");
        }
        assert_eq!(parse("{}").unwrap_err(), JwsError::AlgorithmMissing);
        assert_eq!(
            parse(r#"["RS256"]"#).unwrap_err(),
            JwsError::HeaderJson(json::JsonError::UnexpectedType)
        );
    }

    #[test]
    fn r67_t047_extensions_are_refused_whatever_they_say() {
        for (member, refused) in [
            (r#""crit":["b64"]"#, JwsError::CriticalExtension),
            (r#""crit":[]"#, JwsError::CriticalExtension),
            (r#""crit":null"#, JwsError::CriticalExtension),
            (r#""crit":"alg""#, JwsError::CriticalExtension),
            (r#""b64":true"#, JwsError::CriticalExtension),
            (r#""b64":false"#, JwsError::CriticalExtension),
            (r#""zip":"DEF""#, JwsError::Encryption),
            (r#""enc":"A128GCM""#, JwsError::Encryption),
            (
                r#""alg":"RS256""#,
                JwsError::HeaderJson(json::JsonError::DuplicateMember),
            ),
        ] {
            let text = format!(r#"{{"alg":"RS256",{member}}}"#);
            assert_eq!(parse(&text).unwrap_err(), refused, "{text}");
        }
    }

    #[test]
    fn offered_keys_are_refused_passed_over_or_read() {
        let ed25519 =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let with = |member: &str, header_keys| {
            let text = format!(r#"{{"alg":"EdDSA",{member}}}"#);
            JoseHeader::parse(&text, &JsonLimits::DEFAULT, header_keys)
        };
        let jwk = format!(r#""jwk":{ed25519}"#);
        for member in [
            jwk.as_str(),
            r#""jwk":null"#,
            r#""jku":"https://x""#,
            r#""x5c":[]"#,
            r#""x5u":null"#,
        ] {
            assert_eq!(
                with(member, HeaderKeys::Refuse).unwrap_err(),
                JwsError::KeyInHeader
            );
            let ignored = with(member, HeaderKeys::Ignore).unwrap();
            assert!(ignored.embedded_key().is_none());
        }
        assert!(
            with(&jwk, HeaderKeys::RequireJwk)
                .unwrap()
                .embedded_key()
                .is_some()
        );
        let both = format!(r#"{jwk},"jku":"https://x""#);
        assert_eq!(
            with(&both, HeaderKeys::RequireJwk).unwrap_err(),
            JwsError::KeyInHeader
        );
        assert!(matches!(
            with(r#""jwk":null"#, HeaderKeys::RequireJwk),
            Err(JwsError::EmbeddedKey(_))
        ));
        assert_eq!(
            with(r#""kid":"k""#, HeaderKeys::RequireJwk).unwrap_err(),
            JwsError::HeaderMember { name: "jwk" }
        );
    }

    #[test]
    fn t045_key_ids_are_texts_of_at_most_255_bytes() {
        let with = |key_id: &str| parse(&format!(r#"{{"alg":"RS256","kid":{key_id}}}"#));
        let long = |length: usize| format!("\"{}\"", "k".repeat(length));
        assert!(with(&long(255)).is_ok());
        assert_eq!(with(&long(256)).unwrap_err(), JwsError::KeyIdTooLong);
        for key_id in ["1", "null", "[]", "{}", "false"] {
            assert_eq!(
                with(key_id).unwrap_err(),
                JwsError::HeaderMember { name: "kid" }
            );
        }
    }

    #[test]
    fn a_header_to_sign_names_its_members_in_order() {
        let header = SigningHeader::new(Algorithm::Rs256, Some("k\"1"), Some("JWT"));
        let json = base64url::decode(header.encoded()).unwrap();
        assert_eq!(
            json,
            br#"{"alg":"RS256","typ":"JWT","kid":"k\"1"}"#.to_owned()
        );
        let bare = SigningHeader::new(Algorithm::EdDsa, None, None);
        assert_eq!(
            base64url::decode(bare.encoded()).unwrap(),
            br#"{"alg":"EdDSA"}"#.to_owned()
        );
    }
}
