//! The public keys of an issuer, ready to check tokens.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    crypto::{Algorithm, CryptoProvider, KeyError},
    jose::{
        EcCurve, Jwk, JwkSet, JwkSetError, JwkSetLimits, PublicKey, UnverifiedJws, VerificationKey,
    },
};

/// The public keys of an issuer. Each has one algorithm: the one it names, else the usual one of its type
/// (RS256, ES256, ES384, EdDSA). A token's header never chooses.
#[derive(Clone, Debug, Default)]
pub struct IssuerKeys {
    keys: Box<[VerificationKey]>,
    /// The only key goes with every key id: it was configured without one.
    any_id: bool,
    bytes: usize,
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerKeysError {
    /// The text is no key set.
    #[error("{0}")]
    Set(#[from] JwkSetError),
    /// The key cannot be used.
    #[error("{0}")]
    Key(#[from] KeyError),
}

impl IssuerKeys {
    /// Reads a published key set (RFC 7517 section 5). Keys that cannot check signatures, or that the
    /// provider refuses, are left out.
    ///
    /// # Errors
    ///
    /// The text is no key set, is too long, or gives a secret away.
    pub fn parse(text: &str, provider: &dyn CryptoProvider) -> Result<Self, IssuerKeysError> {
        let set = JwkSet::parse(text, &JwkSetLimits::DEFAULT)?;
        Ok(Self {
            bytes: text.len(),
            ..Self::of(&set, provider)
        })
    }

    /// The keys of a set that was read already.
    #[must_use]
    pub fn of(set: &JwkSet, provider: &dyn CryptoProvider) -> Self {
        let usable = |key: &Jwk| {
            let algorithm = key.algorithm.unwrap_or_else(|| usual(&key.key));
            key.verification_key(algorithm, provider).ok()
        };
        let keys: Vec<_> = set.keys().iter().filter_map(usable).collect();
        Self {
            keys: keys.into(),
            any_id: false,
            bytes: 0,
        }
    }

    /// One key from a PEM text: a public key or a certificate. Without `key_id` it goes with any.
    ///
    /// # Errors
    ///
    /// The text is malformed, or the key weak or not supported.
    pub fn pem(
        text: &str,
        key_id: Option<&str>,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, IssuerKeysError> {
        let key = PublicKey::from_pem(text)?;
        let algorithm = usual(&key);
        let key = Jwk {
            key_id: key_id.map(Into::into),
            ..Jwk::new(key)
        };
        Ok(Self {
            keys: [key.verification_key(algorithm, provider)?].into(),
            any_id: key_id.is_none(),
            bytes: text.len(),
        })
    }

    /// Whether there is a key of this id.
    #[must_use]
    pub fn has(&self, key_id: &str) -> bool {
        self.any_id || self.keys.iter().any(|key| key.key_id == key_id)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Length of the text that they were read from, for whoever bounds a cache.
    #[must_use]
    pub fn source_bytes(&self) -> usize {
        self.bytes
    }

    /// The key that the token names; a token that names none may mean the only one.
    #[must_use]
    pub fn find(&self, jws: &UnverifiedJws<'_>) -> Option<&VerificationKey> {
        match (jws.key_id(), &*self.keys) {
            (None, [only]) => Some(only),
            (Some(_), [only]) if self.any_id => Some(only),
            (Some(id), keys) => keys.iter().find(|key| key.key_id == id),
            (None, _) => None,
        }
    }
}

/// The algorithm of a key that names none.
fn usual(key: &PublicKey) -> Algorithm {
    match key {
        PublicKey::Rsa(_) => Algorithm::Rs256,
        PublicKey::Ec(key) => match key.curve() {
            EcCurve::P256 => Algorithm::Es256,
            EcCurve::P384 => Algorithm::Es384,
        },
        PublicKey::Ed25519(_) => Algorithm::EdDsa,
    }
}
