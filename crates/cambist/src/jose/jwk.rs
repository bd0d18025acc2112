//! Public keys as JSON, RFC 7517.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    crypto::{Algorithm, CryptoProvider, KeyError},
    jose::{
        base64url,
        compact::VerificationKey,
        json::{self, JsonError, JsonLimits},
        public_key::{EcCurve, EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey},
        thumbprint,
    },
};

/// A public key with what is said about it.
///
/// It never holds a secret, so whatever is published from it is fit to be. For secrets there is
/// [`SecretJwk`](crate::jose::SecretJwk).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// The key.
    pub key: PublicKey,
    /// `kid`.
    pub key_id: Option<String>,
    /// `alg`; when there, the only algorithm that the key may be used with.
    pub algorithm: Option<Algorithm>,
    /// `use`.
    pub key_use: Option<KeyUse>,
    /// `key_ops`; empty when absent.
    pub key_operations: Vec<KeyOperation>,
    /// `x5c`, certificates in base64 of DER, the key's own first. It is passed on, never relied on.
    pub x5c: Vec<String>,
    /// `x5t`, the SHA-1 thumbprint of the first certificate. It is passed on, never relied on.
    pub x5t: Option<String>,
    /// `x5t#S256`, the SHA-256 thumbprint of the first certificate. It is passed on, never relied on.
    pub x5t_s256: Option<String>,
}

impl Jwk {
    /// A key about which nothing is said.
    pub fn new(key: PublicKey) -> Self {
        Self {
            key,
            key_id: None,
            algorithm: None,
            key_use: None,
            key_operations: Vec::new(),
            x5c: Vec::new(),
            x5t: None,
            x5t_s256: None,
        }
    }

    /// Reads a key from its JSON text.
    ///
    /// # Errors
    ///
    /// See [`JwkError`].
    pub fn parse(text: &str, limits: &JsonLimits) -> Result<Self, JwkError> {
        Self::from_value(&json::parse(text, limits).map_err(JwkError::Json)?)
    }

    /// Reads a key from a JSON value, which must come from a strict reader such as [`json::parse`].
    ///
    /// # Errors
    ///
    /// See [`JwkError`].
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let members = Members::new(value)?;
        if members.has("d") || members.has("k") {
            return Err(JwkError::Secret);
        }
        let key = members.public_key()?;
        let algorithm = members.algorithm()?;
        if let Some(algorithm) = algorithm
            && !key.supports(algorithm)
        {
            return Err(JwkError::Key(KeyError::AlgorithmUnsuitable { algorithm }));
        }
        Ok(Self {
            key,
            key_id: members.owned_text("kid")?,
            algorithm,
            key_use: members.key_use()?,
            key_operations: members.key_operations()?,
            x5c: members.texts("x5c")?,
            x5t: members.owned_text("x5t")?,
            x5t_s256: members.owned_text("x5t#S256")?,
        })
    }

    /// The thumbprint of the key, RFC 7638, with SHA-256 and in base64url.
    pub fn thumbprint(&self, provider: &dyn CryptoProvider) -> String {
        thumbprint::thumbprint(&self.key, provider)
    }

    /// Whether the key may check signatures of this algorithm, by its type and by `alg`, `use` and
    /// `key_ops`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] saying what forbids it.
    pub fn permits(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        if !self.key.supports(algorithm) {
            return Err(KeyError::AlgorithmUnsuitable { algorithm });
        }
        check_declarations(
            algorithm,
            self.algorithm,
            self.key_use.as_ref(),
            &self.key_operations,
            &KeyOperation::Verify,
        )
    }

    /// Makes the key ready to check tokens of one algorithm. A key without `kid` gets the empty one.
    ///
    /// The algorithm comes from the key, or where it names none from what the issuer is known to
    /// use; never from a token.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the key may not be used so, or the provider refuses it.
    pub fn verification_key(
        &self,
        algorithm: Algorithm,
        provider: &dyn CryptoProvider,
    ) -> Result<VerificationKey, KeyError> {
        self.permits(algorithm)?;
        Ok(VerificationKey {
            key_id: self.key_id.clone().unwrap_or_default(),
            algorithm,
            verifier: provider.verifier(algorithm, &self.key)?,
        })
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        if let Some(key_id) = &self.key_id {
            members.serialize_entry("kid", key_id)?;
        }
        let kind = match &self.key {
            PublicKey::Rsa(_) => "RSA",
            PublicKey::Ec(_) => "EC",
            PublicKey::Ed25519(_) => "OKP",
        };
        members.serialize_entry("kty", kind)?;
        if let Some(algorithm) = &self.algorithm {
            members.serialize_entry("alg", algorithm)?;
        }
        if let Some(key_use) = &self.key_use {
            members.serialize_entry("use", key_use.name())?;
        }
        if !self.key_operations.is_empty() {
            let names: Vec<_> = self.key_operations.iter().map(KeyOperation::name).collect();
            members.serialize_entry("key_ops", &names)?;
        }
        if !self.x5c.is_empty() {
            members.serialize_entry("x5c", &self.x5c)?;
        }
        if let Some(x5t) = &self.x5t {
            members.serialize_entry("x5t", x5t)?;
        }
        if let Some(x5t_s256) = &self.x5t_s256 {
            members.serialize_entry("x5t#S256", x5t_s256)?;
        }
        match &self.key {
            PublicKey::Rsa(key) => {
                members.serialize_entry("n", &base64url::encode(key.modulus()))?;
                members.serialize_entry("e", &base64url::encode(key.exponent()))?;
            }
            PublicKey::Ec(key) => {
                members.serialize_entry("crv", key.curve().name())?;
                members.serialize_entry("x", &base64url::encode(key.x()))?;
                members.serialize_entry("y", &base64url::encode(key.y()))?;
            }
            PublicKey::Ed25519(key) => {
                members.serialize_entry("crv", "Ed25519")?;
                members.serialize_entry("x", &base64url::encode(key.as_bytes()))?;
            }
        }
        members.end()
    }
}

/// What a key is used for, RFC 7517 section 4.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUse {
    /// `sig`.
    Signature,
    /// `enc`.
    Encryption,
    /// `jwt-svid`: signs JWT-SVIDs, and so is a key for signatures (SPIFFE Trust Domain and Bundle, section
    /// 4.2.2).
    JwtSvid,
    /// Anything else; such a key checks no signatures.
    Other(String),
}

impl KeyUse {
    /// The value of `use`.
    pub fn name(&self) -> &str {
        match self {
            Self::Signature => "sig",
            Self::Encryption => "enc",
            Self::JwtSvid => "jwt-svid",
            Self::Other(name) => name,
        }
    }
}

/// What a key may do, RFC 7517 section 4.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOperation {
    /// `sign`.
    Sign,
    /// `verify`.
    Verify,
    /// Anything else; it has no bearing on signatures.
    Other(String),
}

impl KeyOperation {
    /// The value in `key_ops`.
    pub fn name(&self) -> &str {
        match self {
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::Other(name) => name,
        }
    }
}

/// Whether `alg`, `use` and `key_ops` of a key leave it this algorithm and operation.
pub(super) fn check_declarations(
    algorithm: Algorithm,
    declared: Option<Algorithm>,
    key_use: Option<&KeyUse>,
    operations: &[KeyOperation],
    operation: &KeyOperation,
) -> Result<(), KeyError> {
    if let Some(declared) = declared
        && declared != algorithm
    {
        return Err(KeyError::AlgorithmForbidden {
            declared,
            algorithm,
        });
    }
    let use_forbids = key_use.is_some_and(|it| !matches!(it, KeyUse::Signature | KeyUse::JwtSvid));
    if use_forbids || (!operations.is_empty() && !operations.contains(operation)) {
        return Err(KeyError::NotForSignatures);
    }
    Ok(())
}

/// A JWK was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// The text is not strict JSON.
    #[error("{0}")]
    Json(#[source] JsonError),
    /// The value is no JSON object.
    #[error("jwk is not an object")]
    NotAnObject,
    /// A member is missing or wrong.
    #[error("jwk has no proper {name}")]
    Member {
        /// Name of the member.
        name: &'static str,
    },
    /// The key type, `kty`, is not supported.
    #[error("key type is not supported")]
    KeyTypeUnsupported,
    /// The curve, `crv`, is not supported.
    #[error("curve is not supported")]
    CurveUnsupported,
    /// The algorithm, `alg`, is not supported.
    #[error("algorithm of the key is not supported")]
    AlgorithmUnsupported,
    /// A secret stands where a public key belongs.
    #[error("secret key among public ones")]
    Secret,
    /// The key itself is weak or broken.
    #[error("{0}")]
    Key(#[source] KeyError),
}

/// The members of a JWK, with errors that name them.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    pub(super) fn new(value: &'a Value) -> Result<Self, JwkError> {
        value
            .as_object()
            .map(|members| Self { members })
            .ok_or(JwkError::NotAnObject)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn text(&self, name: &'static str) -> Result<Option<&'a str>, JwkError> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwkError::Member { name }),
        }
    }

    pub(super) fn owned_text(&self, name: &'static str) -> Result<Option<String>, JwkError> {
        self.text(name).map(|text| text.map(ToString::to_string))
    }

    pub(super) fn texts(&self, name: &'static str) -> Result<Vec<String>, JwkError> {
        let wrong = JwkError::Member { name };
        let Some(value) = self.members.get(name) else {
            return Ok(Vec::new());
        };
        let items = value.as_array().ok_or_else(|| wrong.clone())?;
        items
            .iter()
            .map(|item| {
                item.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| wrong.clone())
            })
            .collect()
    }

    pub(super) fn bytes(&self, name: &'static str) -> Result<Vec<u8>, JwkError> {
        let text = self.text(name)?.ok_or(JwkError::Member { name })?;
        base64url::decode(text).map_err(|_| JwkError::Member { name })
    }

    pub(super) fn algorithm(&self) -> Result<Option<Algorithm>, JwkError> {
        let Some(name) = self.text("alg")? else {
            return Ok(None);
        };
        Algorithm::from_name(name)
            .map(Some)
            .ok_or(JwkError::AlgorithmUnsupported)
    }

    pub(super) fn key_use(&self) -> Result<Option<KeyUse>, JwkError> {
        Ok(self.text("use")?.map(|name| match name {
            "sig" => KeyUse::Signature,
            "enc" => KeyUse::Encryption,
            "jwt-svid" => KeyUse::JwtSvid,
            other => KeyUse::Other(other.to_string()),
        }))
    }

    /// `key_ops`; a value that stands there twice is refused (RFC 7517 section 4.3).
    pub(super) fn key_operations(&self) -> Result<Vec<KeyOperation>, JwkError> {
        let mut operations = Vec::new();
        for name in self.texts("key_ops")? {
            let operation = match name.as_str() {
                "sign" => KeyOperation::Sign,
                "verify" => KeyOperation::Verify,
                _ => KeyOperation::Other(name),
            };
            if operations.contains(&operation) {
                return Err(JwkError::Member { name: "key_ops" });
            }
            operations.push(operation);
        }
        Ok(operations)
    }

    pub(super) fn curve(&self) -> Result<EcCurve, JwkError> {
        let name = self.text("crv")?.ok_or(JwkError::Member { name: "crv" })?;
        EcCurve::from_name(name).ok_or(JwkError::CurveUnsupported)
    }

    pub(super) fn public_key(&self) -> Result<PublicKey, JwkError> {
        match self.text("kty")? {
            None => Err(JwkError::Member { name: "kty" }),
            Some("RSA") => RsaPublicKey::new(&self.bytes("n")?, &self.bytes("e")?)
                .map(PublicKey::Rsa)
                .map_err(JwkError::Key),
            Some("EC") => EcPublicKey::new(self.curve()?, &self.bytes("x")?, &self.bytes("y")?)
                .map(PublicKey::Ec)
                .map_err(JwkError::Key),
            Some("OKP") => {
                self.require_ed25519()?;
                Ed25519PublicKey::from_slice(&self.bytes("x")?)
                    .map(PublicKey::Ed25519)
                    .map_err(JwkError::Key)
            }
            Some(_) => Err(JwkError::KeyTypeUnsupported),
        }
    }

    pub(super) fn require_ed25519(&self) -> Result<(), JwkError> {
        match self.text("crv")? {
            Some("Ed25519") => Ok(()),
            Some(_) => Err(JwkError::CurveUnsupported),
            None => Err(JwkError::Member { name: "crv" }),
        }
    }
}

#[cfg(test)]
mod tests;
