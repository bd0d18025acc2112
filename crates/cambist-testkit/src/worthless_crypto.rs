//! A crypto provider that protects nothing and costs nothing, for fuzzing and for exhaustive runs.

use std::sync::Arc;

use cambist::{
    crypto::{
        Algorithm, CryptoProvider, Hash, HashAlgorithm, HmacKey, KeyError, ProviderError,
        SignatureMismatch, Signer, Verifier,
    },
    jose::{Ed25519PublicKey, PrivateKey, PublicKey, SymmetricKey},
};

/// Signs with a checksum that anybody can make. Every key signs alike.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorthlessProvider;

impl CryptoProvider for WorthlessProvider {
    fn verifier(&self, algorithm: Algorithm, _: &PublicKey) -> Result<Arc<dyn Verifier>, KeyError> {
        Ok(Arc::new(Checksum(algorithm)))
    }

    fn hmac(&self, algorithm: Algorithm, _: &SymmetricKey) -> Result<HmacKey, KeyError> {
        let key = Arc::new(Checksum(algorithm));
        Ok(HmacKey {
            signer: key.clone(),
            verifier: key,
        })
    }

    fn signer(&self, algorithm: Algorithm, _: &PrivateKey) -> Result<Arc<dyn Signer>, KeyError> {
        Ok(Arc::new(Checksum(algorithm)))
    }

    /// A public half for keys that do not carry one: it need only be the same each time.
    fn public_key(&self, key: &PrivateKey) -> Result<PublicKey, KeyError> {
        if let Some(public) = key.embedded_public_key() {
            return Ok(public.clone());
        }
        let hash = self.hash(HashAlgorithm::Sha256, key.expose_pkcs8_der());
        Ed25519PublicKey::from_slice(hash.as_bytes()).map(PublicKey::Ed25519)
    }

    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Hash {
        let length = match algorithm {
            HashAlgorithm::Sha256 => 32,
            HashAlgorithm::Sha384 => 48,
            HashAlgorithm::Sha512 => 64,
        };
        let mut bytes = Vec::with_capacity(64);
        let mut round = 0_u64;
        while bytes.len() < length {
            round = round.wrapping_add(1);
            bytes.extend_from_slice(&checksum(round, data).to_le_bytes());
        }
        bytes.truncate(length);
        Hash::new(&bytes).unwrap_or_else(|| self.hash(HashAlgorithm::Sha256, &[]))
    }
}

#[derive(Debug)]
struct Checksum(Algorithm);

impl Signer for Checksum {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), ProviderError> {
        signature.clear();
        signature.extend_from_slice(&checksum(self.0 as u64, message).to_le_bytes());
        Ok(())
    }
}

impl Verifier for Checksum {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch> {
        if signature == checksum(self.0 as u64, message).to_le_bytes() {
            Ok(())
        } else {
            Err(SignatureMismatch)
        }
    }
}

/// FNV-1a.
fn checksum(seed: u64, data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325 ^ seed, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
