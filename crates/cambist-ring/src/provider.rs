//! The provider.

use std::sync::Arc;

use cambist::{
    crypto::{Algorithm, CryptoProvider, Hash, HashAlgorithm, HmacKey, KeyError, Signer, Verifier},
    jose::{PrivateKey, PublicKey, SymmetricKey},
};
use ring::{digest, hmac};

use crate::{
    signer::{HmacSigner, ParsedKey, PrivateKeySigner},
    verifier::{HmacVerifier, PublicKeyVerifier},
};

/// Cryptography by ring. It holds no state.
#[derive(Debug, Clone, Copy, Default)]
pub struct RingProvider;

impl CryptoProvider for RingProvider {
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Arc<dyn Verifier>, KeyError> {
        Ok(Arc::new(PublicKeyVerifier::new(algorithm, key)?))
    }

    fn hmac(&self, algorithm: Algorithm, secret: &SymmetricKey) -> Result<HmacKey, KeyError> {
        let secret = secret.secret_for(algorithm)?;
        let kind = match algorithm.hash() {
            HashAlgorithm::Sha256 => hmac::HMAC_SHA256,
            HashAlgorithm::Sha384 => hmac::HMAC_SHA384,
            HashAlgorithm::Sha512 => hmac::HMAC_SHA512,
        };
        let key = hmac::Key::new(kind, secret);
        Ok(HmacKey {
            signer: Arc::new(HmacSigner::new(algorithm, key.clone())),
            verifier: Arc::new(HmacVerifier::new(algorithm, key)),
        })
    }

    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, KeyError> {
        Ok(Arc::new(PrivateKeySigner::new(algorithm, key)?))
    }

    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Hash {
        let kind = match algorithm {
            HashAlgorithm::Sha256 => &digest::SHA256,
            HashAlgorithm::Sha384 => &digest::SHA384,
            HashAlgorithm::Sha512 => &digest::SHA512,
        };
        #[expect(
            clippy::expect_used,
            reason = "no hash of the SHA-2 family exceeds 64 bytes"
        )]
        Hash::new(digest::digest(kind, data).as_ref()).expect("at most 64 bytes")
    }

    fn public_key(&self, key: &PrivateKey) -> Result<PublicKey, KeyError> {
        ParsedKey::parse(key)?.public_key()
    }
}
