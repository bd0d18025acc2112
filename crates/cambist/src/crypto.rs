//! Cryptography as the core sees it: names of algorithms, and traits that a provider crate fills.
//!
//! The core holds no cryptography of its own. A [`CryptoProvider`] turns a key into a [`Signer`] or
//! a [`Verifier`] once, when a realm is built; an exchange then only calls these. A signing key in a
//! hardware module or a key service needs no provider at all: it implements [`Signer`], or the
//! caller signs the bytes of a [`SigningInput`](crate::jose::SigningInput) itself.

use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::jose::{PrivateKey, PublicKey, SymmetricKey};

/// A signature algorithm for tokens, RFC 7518 section 3.1 and RFC 8037 section 3.1.
///
/// `none` is not an algorithm here. `EdDSA` stands for Ed25519 only, and ES512 is not there because
/// no provider of ours has P-521.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256; the default of Keycloak.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256 and a salt as long as the hash.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384 and a salt as long as the hash.
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512 and a salt as long as the hash.
    #[serde(rename = "PS512")]
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
    /// HMAC with SHA-384.
    #[serde(rename = "HS384")]
    Hs384,
    /// HMAC with SHA-512.
    #[serde(rename = "HS512")]
    Hs512,
}

impl Algorithm {
    /// Every algorithm, in the order of their definition.
    pub const ALL: [Self; 12] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
    ];

    /// The registered name, as it stands in the `alg` member of a header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The algorithm of exactly this name; names are case-sensitive (RFC 7515 section 4.1.1).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The hash that goes with the algorithm, which also makes `at_hash` (OpenID Connect Core
    /// section 3.1.3.6). Ed25519 hashes with SHA-512 inside.
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Hs256 => HashAlgorithm::Sha256,
            Self::Rs384 | Self::Ps384 | Self::Es384 | Self::Hs384 => HashAlgorithm::Sha384,
            Self::Rs512 | Self::Ps512 | Self::EdDsa | Self::Hs512 => HashAlgorithm::Sha512,
        }
    }

    /// Whether the same secret signs and verifies.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A hash function of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// Length of the hash in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A hash value of up to 64 bytes, held without an allocation.
#[derive(Clone, Copy)]
pub struct Hash {
    bytes: [u8; 64],
    length: usize,
}

impl Hash {
    /// A hash from its bytes, or nothing when there are more than 64.
    pub fn new(value: &[u8]) -> Option<Self> {
        let mut bytes = [0; 64];
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        Some(Self {
            bytes,
            length: value.len(),
        })
    }

    /// The bytes of the hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Hash {}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hash(")?;
        for byte in self.as_bytes() {
            write!(formatter, "{byte:02x}")?;
        }
        formatter.write_str(")")
    }
}

/// Checks signatures under one key and one algorithm, both fixed when it was made.
pub trait Verifier: Send + Sync + fmt::Debug {
    /// Whether `signature` is a signature over `message`.
    ///
    /// # Errors
    ///
    /// [`SignatureMismatch`] for every reason alike.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch>;
}

/// Makes signatures under one key and one algorithm, both fixed when it was made.
pub trait Signer: Send + Sync + fmt::Debug {
    /// Signs `message` and replaces the content of `signature`.
    ///
    /// The form is that of JWS: for ECDSA both numbers at full length, one after the other
    /// (RFC 7518 section 3.4), never DER.
    ///
    /// # Errors
    ///
    /// [`ProviderError`] when no signature could be made; `signature` is then of no use.
    fn sign(
        &self,
        message: &[u8],
        signature: &mut alloc::vec::Vec<u8>,
    ) -> Result<(), ProviderError>;
}

/// A source of unpredictable bytes, handed in by the caller.
pub trait Entropy {
    /// Fills `bytes` with bytes that nobody can predict.
    ///
    /// # Errors
    ///
    /// [`ProviderError`] when the source has none to give; `bytes` must then not be used.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ProviderError>;
}

/// Signer and verifier over one secret.
#[derive(Debug, Clone)]
pub struct HmacKey {
    /// Makes tags.
    pub signer: Arc<dyn Signer>,
    /// Checks tags, in constant time.
    pub verifier: Arc<dyn Verifier>,
}

/// Turns keys into signers and verifiers, and hashes.
pub trait CryptoProvider: Send + Sync + fmt::Debug {
    /// A verifier for one algorithm under a public key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when algorithm and key do not belong together or the key is weak or broken.
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Arc<dyn Verifier>, KeyError>;

    /// Signer and verifier for an HMAC algorithm.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the algorithm is no HMAC, or the secret is shorter than its hash (RFC 7518
    /// section 3.2).
    fn hmac(&self, algorithm: Algorithm, secret: &SymmetricKey) -> Result<HmacKey, KeyError>;

    /// A signer for one algorithm under a private key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when algorithm and key do not belong together or the key is weak or broken.
    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, KeyError>;

    /// The hash of `data`.
    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Hash;

    /// The public half of a private key.
    ///
    /// The default knows what [`PrivateKey::embedded_public_key`] knows; a provider that can work
    /// the public half out from the private one does better.
    ///
    /// # Errors
    ///
    /// [`KeyError::PublicKeyUnknown`] when the public half cannot be told.
    fn public_key(&self, key: &PrivateKey) -> Result<PublicKey, KeyError> {
        key.embedded_public_key()
            .cloned()
            .ok_or(KeyError::PublicKeyUnknown)
    }
}

/// A signature is not the one the message and the key call for.
///
/// It says no more on purpose: which check failed helps only an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signature does not match")]
pub struct SignatureMismatch;

/// A provider could not do what was asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The source of randomness failed.
    #[error("no randomness available")]
    Entropy,
    /// No signature could be made.
    #[error("signing failed")]
    Signing,
    /// The signer cannot be reached at this moment; trying again later may help.
    #[error("signer unavailable")]
    Unavailable,
    /// A token's header names another algorithm than the key that is to sign it has.
    #[error("header says {header} but the key is for {key}")]
    AlgorithmDiffers {
        /// The algorithm in the header.
        header: Algorithm,
        /// The algorithm of the key.
        key: Algorithm,
    },
}

/// A key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The algorithm needs a key of another type or curve.
    #[error("{algorithm} does not go with this type of key")]
    AlgorithmUnsuitable {
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// The provider lacks this algorithm.
    #[error("{algorithm} is not supported by the provider")]
    AlgorithmUnsupported {
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// The key names another algorithm than the one asked for.
    #[error("key is for {declared}, not for {algorithm}")]
    AlgorithmForbidden {
        /// The algorithm that the key names.
        declared: Algorithm,
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// `use` or `key_ops` of the key exclude signatures (RFC 7517 sections 4.2 and 4.3).
    #[error("key is not meant for signatures")]
    NotForSignatures,
    /// The RSA modulus is shorter than 2048 or longer than 8192 bits.
    #[error("rsa modulus of {bits} bits is outside 2048 to 8192")]
    RsaModulusSize {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// The RSA modulus is even, which no product of two odd primes is.
    #[error("rsa modulus is even")]
    RsaModulusEven,
    /// The RSA public exponent is not the one allowed.
    #[error("rsa exponent is not allowed")]
    RsaExponent,
    /// The RSA modulus bears the mark of the key generator of CVE-2017-15361 (ROCA).
    #[error("rsa key comes from a broken generator")]
    RsaRoca,
    /// An HMAC secret is shorter than the hash (RFC 7518 section 3.2).
    #[error("secret of {bytes} bytes is shorter than the {needed} that {algorithm} needs")]
    SecretTooShort {
        /// The algorithm asked for.
        algorithm: Algorithm,
        /// Length of the secret in bytes.
        bytes: usize,
        /// Shortest secret allowed, in bytes.
        needed: usize,
    },
    /// Encoding or numbers of the key are wrong.
    #[error("key is malformed: {reason}")]
    Malformed {
        /// What is wrong, in fixed words.
        reason: &'static str,
    },
    /// The key's type, curve or encryption is not supported.
    #[error("key is not supported: {reason}")]
    Unsupported {
        /// What is not supported, in fixed words.
        reason: &'static str,
    },
    /// The public half of a private key cannot be told.
    #[error("public half of the private key is not known")]
    PublicKeyUnknown,
    /// The provider found the key wrong, such as a point that is not on its curve.
    #[error("key rejected by the provider")]
    Rejected,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            let json = serde_json::to_string(&algorithm).unwrap();
            assert_eq!(json, alloc::format!("\"{}\"", algorithm.name()));
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), algorithm);
        }
    }

    #[test]
    fn names_are_case_sensitive_and_none_is_no_algorithm() {
        for name in [
            "none", "NONE", "nOnE", "rs256", "RS256 ", "EDDSA", "ES521", "ES512", "",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_hash_holds_up_to_64_bytes() {
        assert_eq!(Hash::new(&[7; 64]).unwrap().as_bytes(), [7; 64]);
        assert_eq!(Hash::new(&[7; 32]).unwrap().as_bytes(), [7; 32]);
        assert!(Hash::new(&[7; 65]).is_none());
        assert_ne!(Hash::new(&[0; 32]), Hash::new(&[0; 48]));
    }
}
