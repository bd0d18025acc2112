//! Signatures that cost nothing, so that what is counted is the engine's own work.

use std::sync::Arc;

use cambist::{
    crypto::{
        Algorithm, CryptoProvider, Hash, HashAlgorithm, HmacKey, KeyError, ProviderError,
        SignatureMismatch, Signer, Verifier,
    },
    jose::{PrivateKey, PublicKey, SymmetricKey},
};
use cambist_testkit::worthless_crypto::WorthlessProvider;

/// As long as a signature with ES256 or EdDSA.
const SIGNATURE: [u8; 64] = [0x5a; 64];

/// Every signature is the same one.
#[derive(Clone, Copy, Debug, Default)]
pub struct FreeProvider;

impl CryptoProvider for FreeProvider {
    fn verifier(&self, _: Algorithm, _: &PublicKey) -> Result<Arc<dyn Verifier>, KeyError> {
        Ok(Arc::new(Free))
    }

    fn hmac(&self, _: Algorithm, _: &SymmetricKey) -> Result<HmacKey, KeyError> {
        Ok(HmacKey {
            signer: Arc::new(Free),
            verifier: Arc::new(Free),
        })
    }

    fn signer(&self, _: Algorithm, _: &PrivateKey) -> Result<Arc<dyn Signer>, KeyError> {
        Ok(Arc::new(Free))
    }

    fn public_key(&self, key: &PrivateKey) -> Result<PublicKey, KeyError> {
        WorthlessProvider.public_key(key)
    }

    /// A worthless one that still differs from text to text, for the ids that are derived from names.
    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Hash {
        WorthlessProvider.hash(algorithm, data)
    }
}

#[derive(Debug)]
struct Free;

impl Signer for Free {
    fn sign(&self, _: &[u8], signature: &mut Vec<u8>) -> Result<(), ProviderError> {
        signature.clear();
        signature.extend_from_slice(&SIGNATURE);
        Ok(())
    }
}

impl Verifier for Free {
    fn verify(&self, _: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch> {
        if signature == SIGNATURE {
            Ok(())
        } else {
            Err(SignatureMismatch)
        }
    }
}
