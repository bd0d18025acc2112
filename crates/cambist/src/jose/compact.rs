//! Signed tokens in compact form, RFC 7515 section 3.1.
//!
//! What arrives is an [`UnverifiedJws`]; its claims cannot be read. Only
//! [`UnverifiedJws::verify`] makes a [`VerifiedJws`] of it. What leaves is a [`SigningInput`], to
//! which a signature is attached, made here or elsewhere.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;

use serde::Deserialize;

use crate::{
    crypto::{Algorithm, ProviderError, Signer, Verifier},
    jose::{
        base64url,
        header::{HeaderKeys, JoseHeader, SigningHeader},
        json,
        json::{JsonError, JsonLimits},
        jwk::JwkError,
        scalar::Scalar,
    },
};

/// Bounds on a token, counted in characters of the encoded parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JwsLimits {
    token: usize,
    header: usize,
    payload: usize,
    json: JsonLimits,
    header_keys: HeaderKeys,
}

impl JwsLimits {
    /// The hard maximum of a token's length.
    pub const MAX_TOKEN: usize = 64 * 1_024;
    /// The hard maximum of the header part.
    pub const MAX_HEADER: usize = 8 * 1_024;
    /// The hard maximum of the payload part.
    pub const MAX_PAYLOAD: usize = 48 * 1_024;
    /// The defaults: 16 KiB in all, 4 KiB of header, 12 KiB of payload; keys in a header refused.
    pub const DEFAULT: Self = Self {
        token: 16 * 1_024,
        header: 4 * 1_024,
        payload: 12 * 1_024,
        json: JsonLimits::DEFAULT,
        header_keys: HeaderKeys::Refuse,
    };

    /// Other lengths than the default; nothing when one exceeds its hard maximum.
    pub const fn new(token: usize, header: usize, payload: usize) -> Option<Self> {
        if token > Self::MAX_TOKEN || header > Self::MAX_HEADER || payload > Self::MAX_PAYLOAD {
            return None;
        }
        Some(Self {
            token,
            header,
            payload,
            ..Self::DEFAULT
        })
    }

    /// The same with other bounds on the JSON of header and payload.
    #[must_use]
    pub const fn with_json(self, json: JsonLimits) -> Self {
        Self { json, ..self }
    }

    /// The same with another rule for keys in the header.
    #[must_use]
    pub const fn with_header_keys(self, header_keys: HeaderKeys) -> Self {
        Self {
            header_keys,
            ..self
        }
    }

    /// The bounds on the JSON of header and payload.
    pub const fn json(&self) -> &JsonLimits {
        &self.json
    }
}

impl Default for JwsLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A key that checks tokens, with the one algorithm that it is for.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    /// The key's id, `kid`.
    pub key_id: String,
    /// The key's algorithm. A token whose header names another is refused.
    pub algorithm: Algorithm,
    /// Checks signatures.
    pub verifier: Arc<dyn Verifier>,
}

/// A key that signs tokens, with the one algorithm that it is for.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The key's id, `kid`.
    pub key_id: String,
    /// The key's algorithm.
    pub algorithm: Algorithm,
    /// Makes signatures.
    pub signer: Arc<dyn Signer>,
}

/// Longest issuer that [`UnverifiedJws::peek_issuer`] gives out, in bytes.
pub const MAX_PEEKED_ISSUER_BYTES: usize = 2_048;

/// A well-formed token whose signature nobody has checked yet.
///
/// Nothing in it may be acted upon. The header serves to find the key, nothing more.
pub struct UnverifiedJws<'a> {
    signing_input: &'a str,
    header: Arc<JoseHeader>,
    payload: String,
    signature: Vec<u8>,
    json: JsonLimits,
}

impl<'a> UnverifiedJws<'a> {
    /// Takes a token apart.
    ///
    /// The form is exactly three parts of strict base64url; five parts (encryption), a detached
    /// payload, the JSON serialization and an empty signature are refused. Header and payload must be
    /// UTF-8; whether the payload is JSON is left to whoever reads the claims.
    ///
    /// # Errors
    ///
    /// See [`JwsError`].
    pub fn parse(text: &'a str, limits: &JwsLimits) -> Result<Self, JwsError> {
        Self::parse_knowing(text, limits, |_| None)
    }

    /// As [`parse`](Self::parse), with headers that need not be read since `known` tells what they say.
    pub(crate) fn parse_knowing(
        text: &'a str,
        limits: &JwsLimits,
        known: impl FnOnce(&str) -> Option<Arc<JoseHeader>>,
    ) -> Result<Self, JwsError> {
        if text.len() > limits.token {
            return Err(JwsError::TokenTooLong {
                limit: limits.token,
            });
        }
        let (header, rest) = text.split_once('.').ok_or(JwsError::NotCompact)?;
        let (payload, signature) = rest.split_once('.').ok_or(JwsError::NotCompact)?;
        if header.is_empty()
            || payload.is_empty()
            || signature.is_empty()
            || signature.contains('.')
        {
            return Err(JwsError::NotCompact);
        }
        if header.len() > limits.header {
            return Err(JwsError::HeaderTooLong {
                limit: limits.header,
            });
        }
        if payload.len() > limits.payload {
            return Err(JwsError::PayloadTooLong {
                limit: limits.payload,
            });
        }
        let signing_length = header.len().saturating_add(1).saturating_add(payload.len());
        let signing_input = text.get(..signing_length).ok_or(JwsError::NotCompact)?;

        // One buffer serves the header, and then the signature.
        let mut buffer = Vec::with_capacity(header.len().max(signature.len()));
        let header = match known(header) {
            Some(header) => header,
            None => {
                decode(header, &mut buffer)?;
                let header = core::str::from_utf8(&buffer).map_err(|_| JwsError::NotUtf8)?;
                let header = JoseHeader::parse(header, &limits.json, limits.header_keys)?;
                Arc::new(header)
            }
        };
        decode(signature, &mut buffer)?;

        let mut decoded_payload = Vec::new();
        decode(payload, &mut decoded_payload)?;
        let payload = String::from_utf8(decoded_payload).map_err(|_| JwsError::NotUtf8)?;
        Ok(Self {
            signing_input,
            header,
            payload,
            signature: buffer,
            json: limits.json,
        })
    }

    /// `kid` of the header, to look a key up by.
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id()
    }

    /// `alg` of the header, for messages and for choosing among the keys of an issuer without `kid`.
    pub fn algorithm_name(&self) -> &'static str {
        self.header.algorithm().name()
    }

    /// `typ` of the header.
    pub fn header_type(&self) -> Option<&str> {
        self.header.header_type()
    }

    /// The whole header, unverified as it is.
    pub fn unverified_header(&self) -> &JoseHeader {
        &self.header
    }

    /// Reads `iss` from a payload that nobody has vouched for.
    ///
    /// It serves one purpose: to find the issuer whose keys the token is then checked against.
    ///
    /// # Errors
    ///
    /// [`JwsError::PayloadJson`] when the payload is no JSON object, or not a strict one;
    /// [`JwsError::IssuerUnreadable`] when `iss` is there but no text of at most
    /// [`MAX_PEEKED_ISSUER_BYTES`].
    pub fn peek_issuer(&self) -> Result<Option<String>, JwsError> {
        match self.peek()?.iss {
            Scalar::Absent => Ok(None),
            Scalar::Text(issuer) if issuer.len() <= MAX_PEEKED_ISSUER_BYTES => {
                Ok(Some(issuer.into_owned()))
            }
            _ => Err(JwsError::IssuerUnreadable),
        }
    }

    fn peek(&self) -> Result<Peeked<'_>, JwsError> {
        json::object_from_str(&self.payload, &self.json).map_err(JwsError::PayloadJson)
    }

    /// Checks the signature.
    ///
    /// # Errors
    ///
    /// [`JwsError::AlgorithmDiffers`] when the header names another algorithm than the key's,
    /// [`JwsError::SignatureMismatch`] when the signature is wrong.
    pub fn verify(self, key: &VerificationKey) -> Result<VerifiedJws, JwsError> {
        self.check_algorithm(key)?;
        key.verifier
            .verify(self.signing_input.as_bytes(), &self.signature)
            .map_err(|_| JwsError::SignatureMismatch)?;
        self.verified_before(key)
    }

    /// The same for the very token whose signature held before under the very key.
    pub(crate) fn verified_before(self, key: &VerificationKey) -> Result<VerifiedJws, JwsError> {
        self.check_algorithm(key)?;
        Ok(VerifiedJws {
            header: self.header,
            payload: self.payload,
        })
    }

    fn check_algorithm(&self, key: &VerificationKey) -> Result<(), JwsError> {
        if self.header.algorithm() == key.algorithm {
            Ok(())
        } else {
            Err(JwsError::AlgorithmDiffers { key: key.algorithm })
        }
    }
}

impl fmt::Debug for UnverifiedJws<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UnverifiedJws")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// A token whose signature holds under the key it was checked with.
///
/// It says nothing yet of issuer, audience or time. Only [`UnverifiedJws::verify`] makes one.
pub struct VerifiedJws {
    header: Arc<JoseHeader>,
    payload: String,
}

impl VerifiedJws {
    /// The header, now vouched for.
    pub fn header(&self) -> &JoseHeader {
        &self.header
    }

    /// The payload, now vouched for.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The payload, without a copy.
    pub fn into_payload(self) -> String {
        self.payload
    }
}

impl fmt::Debug for VerifiedJws {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VerifiedJws")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Header and payload of a token that still lacks its signature.
///
/// It is plain owned data, so it may be handed to a signer elsewhere and completed later.
pub struct SigningInput {
    text: String,
    algorithm: Algorithm,
}

impl SigningInput {
    /// Joins a header and the bytes of a payload.
    pub fn new(header: &SigningHeader, payload: &[u8]) -> Self {
        const SIGNATURE_ROOM: usize = 1 + base64url::encoded_length(256);
        let length = header
            .encoded()
            .len()
            .saturating_add(base64url::encoded_length(payload.len()))
            .saturating_add(1 + SIGNATURE_ROOM);
        let mut text = String::with_capacity(length);
        text.push_str(header.encoded());
        text.push('.');
        base64url::append_encoded(payload, &mut text);
        Self {
            text,
            algorithm: header.algorithm(),
        }
    }

    /// The algorithm that the header promises.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Completes the token with a signature that was made elsewhere; it is not checked.
    pub fn attach(mut self, signature: &[u8]) -> String {
        self.text.push('.');
        base64url::append_encoded(signature, &mut self.text);
        self.text
    }

    /// Signs, and completes the token.
    ///
    /// # Errors
    ///
    /// [`ProviderError::AlgorithmDiffers`] when the key is not for the algorithm in the header, else
    /// the signer's own error.
    pub fn sign(self, key: &SigningKey) -> Result<String, ProviderError> {
        let mut signature = Vec::new();
        self.sign_with(key, &mut signature)
    }

    /// As [`sign`](Self::sign), with a buffer for the signature that the caller keeps.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign).
    pub fn sign_with(
        self,
        key: &SigningKey,
        signature: &mut Vec<u8>,
    ) -> Result<String, ProviderError> {
        if key.algorithm != self.algorithm {
            return Err(ProviderError::AlgorithmDiffers {
                header: self.algorithm,
                key: key.algorithm,
            });
        }
        key.signer.sign(self.as_bytes(), signature)?;
        Ok(self.attach(signature))
    }
}

impl fmt::Debug for SigningInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningInput")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// A token was refused before anything in it was believed.
///
/// Texts are fixed and never quote the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// The token is longer than allowed.
    #[error("token is longer than {limit} characters")]
    TokenTooLong {
        /// Longest token allowed.
        limit: usize,
    },
    /// The header part is longer than allowed.
    #[error("token header is longer than {limit} characters")]
    HeaderTooLong {
        /// Longest header part allowed.
        limit: usize,
    },
    /// The payload part is longer than allowed.
    #[error("token payload is longer than {limit} characters")]
    PayloadTooLong {
        /// Longest payload part allowed.
        limit: usize,
    },
    /// There are not exactly three parts with content.
    #[error("token is not in compact form")]
    NotCompact,
    /// A part is not strict base64url.
    #[error("token is not base64url")]
    NotBase64Url,
    /// Header or payload is not UTF-8.
    #[error("token is not utf-8")]
    NotUtf8,
    /// The header is not a strict JSON object.
    #[error("token header: {0}")]
    HeaderJson(#[source] JsonError),
    /// The payload is not a strict JSON object.
    #[error("token payload: {0}")]
    PayloadJson(#[source] JsonError),
    /// A member of the header is missing or has the wrong type.
    #[error("token header has no proper {name}")]
    HeaderMember {
        /// Name of the member.
        name: &'static str,
    },
    /// The header has no `alg`.
    #[error("token header has no alg")]
    AlgorithmMissing,
    /// `alg` is `none` or another name that is not supported.
    #[error("token algorithm is not supported")]
    AlgorithmUnsupported,
    /// The key is for another algorithm than the header names.
    #[error("token algorithm is not {key}, the key's")]
    AlgorithmDiffers {
        /// The key's algorithm.
        key: Algorithm,
    },
    /// The header has `crit` or `b64`.
    #[error("token header has a critical extension")]
    CriticalExtension,
    /// The header has `enc` or `zip`.
    #[error("token is encrypted or compressed")]
    Encryption,
    /// The header offers or names a key, which is not allowed here.
    #[error("token header carries a key")]
    KeyInHeader,
    /// The key in the header is unusable.
    #[error("token header: {0}")]
    EmbeddedKey(#[source] JwkError),
    /// `kid` is longer than 255 bytes.
    #[error("key id is longer than 255 bytes")]
    KeyIdTooLong,
    /// `iss` is not a text, or too long.
    #[error("issuer is unreadable")]
    IssuerUnreadable,
    /// The signature is wrong.
    #[error("signature does not match")]
    SignatureMismatch,
}

#[derive(Deserialize)]
struct Peeked<'a> {
    #[serde(borrow, default)]
    iss: Scalar<'a>,
}

fn decode(part: &str, bytes: &mut Vec<u8>) -> Result<(), JwsError> {
    base64url::decode_into(part, bytes).map_err(|_| JwsError::NotBase64Url)
}

#[cfg(test)]
mod tests;
