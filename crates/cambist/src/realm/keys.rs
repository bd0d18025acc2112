//! The realm's keys.

use alloc::{boxed::Box, vec::Vec};

use serde::Serialize;

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
        keys.sort_by_key(|key| core::cmp::Reverse(key.priority));
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

    /// What `certs` publishes: the public half of each key pair that is not disabled, highest priority
    /// first.
    pub fn published(&self) -> impl Iterator<Item = KeyPublication<'_>> {
        self.0
            .iter()
            .filter(|key| key.status != KeyStatus::Disabled)
            .filter_map(KeyPublication::of)
    }
}

/// A key as `certs` publishes it (RFC 7517 section 4); serialises as the JWK. An encryption key has an
/// algorithm that signs nothing and that a [`Jwk`] therefore does not know, such as `RSA-OAEP`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct KeyPublication<'k> {
    /// The public key.
    #[serde(flatten)]
    pub jwk: &'k Jwk,
    /// `alg` of an encryption key; that of a signature key is in the JWK.
    #[serde(rename = "alg", skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<&'k str>,
}

impl<'k> KeyPublication<'k> {
    fn of(key: &'k RealmKey) -> Option<Self> {
        let jwk = key.public.as_ref()?;
        let encryption_algorithm = jwk.algorithm.is_none().then_some(&*key.algorithm);
        Some(Self {
            jwk,
            encryption_algorithm,
        })
    }
}
