//! The realm's keys.

use alloc::{boxed::Box, vec::Vec};

use super::document::{KeyStatus, KeyUse};
use crate::{
    crypto::Algorithm,
    jose::{Jwk, SigningKey, VerificationKey},
};

/// One key of the realm.
#[derive(Clone, Debug)]
pub struct RealmKey {
    /// Key id.
    pub kid: Box<str>,
    /// JWA name, such as `RS256` or `RSA-OAEP`.
    pub algorithm: Box<str>,
    /// Signature or encryption.
    pub key_use: KeyUse,
    /// Active, passive or disabled.
    pub status: KeyStatus,
    /// The active key with the highest priority of its algorithm signs.
    pub priority: i64,
    /// Verifies; `None` for an encryption key.
    pub verification: Option<VerificationKey>,
    /// Signs; `None` where the private half lives elsewhere (a KMS, an HSM) or the key does not sign.
    pub signing: Option<SigningKey>,
    /// What `certs` publishes; `None` for a symmetric key.
    pub public: Option<Jwk>,
}

/// All keys of a realm, highest priority first.
#[derive(Clone, Debug, Default)]
pub struct RealmKeys(Vec<RealmKey>);

impl RealmKeys {
    /// Takes the keys over.
    #[must_use]
    pub fn new(mut keys: Vec<RealmKey>) -> Self {
        keys.sort_by(|a, b| b.priority.cmp(&a.priority));
        Self(keys)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[RealmKey] {
        &self.0
    }

    /// The key that verifies what names this key id: enabled and for signatures.
    #[must_use]
    pub fn verifier(&self, kid: &str) -> Option<&VerificationKey> {
        self.0
            .iter()
            .filter(|key| key.status != KeyStatus::Disabled && &*key.kid == kid)
            .find_map(|key| key.verification.as_ref())
    }

    /// The key that signs with this algorithm: active, highest priority.
    #[must_use]
    pub fn active(&self, algorithm: Algorithm) -> Option<&RealmKey> {
        self.0.iter().find(|key| {
            key.status == KeyStatus::Active
                && key.key_use == KeyUse::Signature
                && &*key.algorithm == algorithm.name()
        })
    }

    /// Public keys that `certs` publishes: enabled ones with a public half.
    pub fn published(&self) -> impl Iterator<Item = &Jwk> {
        self.0
            .iter()
            .filter(|key| key.status != KeyStatus::Disabled)
            .filter_map(|key| key.public.as_ref())
    }
}
