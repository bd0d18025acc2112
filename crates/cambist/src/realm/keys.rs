//! The realm's keys.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::document::{KeyStatus, KeyUse};
use crate::{
    crypto::{Algorithm, CryptoProvider, HashAlgorithm},
    jose::{
        HeaderKeys, JoseHeader, JsonLimits, Jwk, SigningHeader, SigningKey, VerificationKey,
        base64url,
    },
    subject::ID_JAG,
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
    /// Tells the key from any other, also from a later one of the same id.
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// SHA-256 over what makes a key that key: its algorithm and its public half, or its secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// `None` when the provider has no SHA-256.
    pub(crate) fn new(
        provider: &dyn CryptoProvider,
        algorithm: Algorithm,
        material: &[u8],
    ) -> Option<Self> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(material.len().saturating_add(16)));
        bytes.extend_from_slice(algorithm.name().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(material);
        let hash = provider.hash(HashAlgorithm::Sha256, &bytes);
        hash.as_bytes().try_into().ok().map(Self)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

impl RealmKey {
    /// Active, for signatures, and of this algorithm.
    fn signs(&self, algorithm: Algorithm) -> bool {
        self.status == KeyStatus::Active
            && self.key_use == KeyUse::Signature
            && *self.algorithm == *algorithm.name()
    }
}

/// What minting needs of a key: made once, so that a token takes no copy of it.
#[derive(Debug)]
pub(crate) struct MintingKey {
    pub(crate) kid: Box<str>,
    pub(crate) signing: Option<SigningKey>,
    jwt: KnownHeader,
    access_token: KnownHeader,
    identity_assertion: SigningHeader,
}

/// The `typ` of a header (RFC 7519 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderType {
    /// `JWT`.
    Jwt,
    /// `at+jwt` (RFC 9068 section 2.1).
    AccessToken,
    /// That of an ID-JAG.
    IdentityAssertion,
}

/// A header as this realm writes it, and as it is read.
#[derive(Debug)]
struct KnownHeader {
    written: SigningHeader,
    read: Option<Arc<JoseHeader>>,
}

impl KnownHeader {
    fn new(algorithm: Algorithm, kid: &str, header_type: &str) -> Self {
        let written = SigningHeader::new(algorithm, Some(kid), Some(header_type));
        let read = base64url::decode(written.encoded())
            .ok()
            .and_then(|json| String::from_utf8(json).ok())
            .and_then(|json| {
                JoseHeader::parse(&json, &JsonLimits::DEFAULT, HeaderKeys::Refuse).ok()
            });
        Self {
            written,
            read: read.map(Arc::new),
        }
    }
}

impl MintingKey {
    fn of(key: &RealmKey) -> Option<Arc<Self>> {
        let algorithm = Algorithm::from_name(&key.algorithm)?;
        Some(Arc::new(Self {
            kid: key.kid.clone(),
            signing: key.signing.clone(),
            jwt: KnownHeader::new(algorithm, &key.kid, "JWT"),
            access_token: KnownHeader::new(algorithm, &key.kid, "at+jwt"),
            identity_assertion: SigningHeader::new(algorithm, Some(&key.kid), Some(ID_JAG)),
        }))
    }

    /// The header of a token signed with the key.
    pub(crate) fn header(&self, header_type: HeaderType) -> &SigningHeader {
        match header_type {
            HeaderType::Jwt => &self.jwt.written,
            HeaderType::AccessToken => &self.access_token.written,
            HeaderType::IdentityAssertion => &self.identity_assertion,
        }
    }
}

/// All keys of a realm, highest priority first.
#[derive(Clone, Debug, Default)]
pub struct RealmKeys {
    keys: Vec<RealmKey>,
    /// Of the same places.
    minting: Vec<Option<Arc<MintingKey>>>,
}

impl RealmKeys {
    /// Takes the keys over.
    #[must_use]
    pub fn new(mut keys: Vec<RealmKey>) -> Self {
        keys.sort_by_key(|key| core::cmp::Reverse(key.priority));
        let minting = keys.iter().map(MintingKey::of).collect();
        Self { keys, minting }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[RealmKey] {
        &self.keys
    }

    /// The key that verifies what names this key id: enabled and for signatures.
    #[must_use]
    pub fn verifier(&self, kid: &str) -> Option<&VerificationKey> {
        self.keys
            .iter()
            .filter(|key| key.status != KeyStatus::Disabled && &*key.kid == kid)
            .find_map(|key| key.verification.as_ref())
    }

    /// The fingerprint of the key that [`verifier`](Self::verifier) finds.
    pub(crate) fn fingerprint(&self, kid: &str) -> Option<&Fingerprint> {
        self.keys
            .iter()
            .filter(|key| key.status != KeyStatus::Disabled && &*key.kid == kid)
            .find(|key| key.verification.is_some())?
            .fingerprint
            .as_ref()
    }

    /// The key that signs with this algorithm: active, highest priority.
    #[must_use]
    pub fn active(&self, algorithm: Algorithm) -> Option<&RealmKey> {
        self.keys.iter().find(|key| key.signs(algorithm))
    }

    /// The same key, as minting wants it.
    pub(crate) fn minting(&self, algorithm: Algorithm) -> Option<&Arc<MintingKey>> {
        let place = self.keys.iter().position(|key| key.signs(algorithm))?;
        self.minting.get(place)?.as_ref()
    }

    /// What an encoded header says that is, letter for letter, one that this realm writes.
    pub(crate) fn known_header(&self, encoded: &str) -> Option<Arc<JoseHeader>> {
        self.minting
            .iter()
            .flatten()
            .flat_map(|key| [&key.jwt, &key.access_token])
            .find(|known| known.written.encoded() == encoded)
            .and_then(|known| known.read.clone())
    }

    /// What `certs` publishes: the public half of each key pair that is not disabled, highest priority
    /// first.
    pub fn published(&self) -> impl Iterator<Item = KeyPublication<'_>> {
        self.keys
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
