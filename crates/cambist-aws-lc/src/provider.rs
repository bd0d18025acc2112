//! The provider.

use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use cambist::{
    crypto::{Algorithm, CryptoProvider, Hash, HashAlgorithm, HmacKey, KeyError, Signer, Verifier},
    jose::{PrivateKey, PublicKey, SymmetricKey},
};

use crate::{
    generate::derive_public_key,
    signer::{HmacSigner, PrivateKeySigner},
    verifier::{HmacVerifier, PublicKeyVerifier},
};

/// Cryptography by AWS-LC. It holds no state.
///
/// It signs with RSA and P-384 much faster than ring, where the processor has the instructions for
/// it, and with P-256 a little slower.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwsLcProvider;

impl CryptoProvider for AwsLcProvider {
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
        derive_public_key(key)
    }
}

#[cfg(test)]
mod tests {
    use cambist::jose::{EcCurve, EcPublicKey, Ed25519PublicKey};
    use cambist_ring::RingProvider;

    use super::*;
    use crate::{generate_ec_p256, generate_ec_p384, generate_ed25519};

    fn keys() -> [PrivateKey; 4] {
        let rsa = include_str!("../../cambist/tests/vectors/keys/rs256.pkcs1.pem");
        [
            PrivateKey::from_pem(rsa).unwrap(),
            generate_ec_p256().unwrap(),
            generate_ec_p384().unwrap(),
            generate_ed25519().unwrap(),
        ]
    }

    /// Each provider accepts what the other has signed.
    #[test]
    fn ring_and_aws_lc_agree() {
        let providers: [&dyn CryptoProvider; 2] = [&RingProvider, &AwsLcProvider];
        for key in keys() {
            let public = AwsLcProvider.public_key(&key).unwrap();
            assert_eq!(RingProvider.public_key(&key).unwrap(), public);
            for algorithm in Algorithm::ALL {
                for (signing, verifying) in [(0, 1), (1, 0), (1, 1)] {
                    let unsuitable = Some(KeyError::AlgorithmUnsuitable { algorithm });
                    let signer = providers[signing].signer(algorithm, &key);
                    let verifier = providers[verifying].verifier(algorithm, &public);
                    if !public.supports(algorithm) {
                        assert_eq!(signer.err(), unsuitable);
                        assert_eq!(verifier.err(), unsuitable);
                        continue;
                    }
                    let mut signature = vec![1; 3];
                    signer.unwrap().sign(b"message", &mut signature).unwrap();
                    let verifier = verifier.unwrap();
                    assert!(
                        verifier.verify(b"message", &signature).is_ok(),
                        "{algorithm}"
                    );
                    assert!(
                        verifier.verify(b"massage", &signature).is_err(),
                        "{algorithm}"
                    );
                }
            }
        }
    }

    #[test]
    fn tags_and_hashes_are_those_of_ring() {
        let secret = SymmetricKey::new(vec![7; 64]);
        for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
            let [ours, rings] = [&AwsLcProvider as &dyn CryptoProvider, &RingProvider]
                .map(|provider| provider.hmac(algorithm, &secret).unwrap());
            let mut tag = Vec::new();
            ours.signer.sign(b"message", &mut tag).unwrap();
            assert!(rings.verifier.verify(b"message", &tag).is_ok());
            assert!(ours.verifier.verify(b"message", &tag).is_ok());
            assert!(ours.verifier.verify(b"message", &tag[1..]).is_err());
            let hash = algorithm.hash();
            assert_eq!(
                AwsLcProvider.hash(hash, b"abc"),
                RingProvider.hash(hash, b"abc")
            );
        }
        assert!(
            AwsLcProvider
                .hmac(Algorithm::Hs256, &SymmetricKey::new(vec![7; 31]))
                .is_err()
        );
    }

    #[test]
    fn bad_keys_are_refused_at_once() {
        let point = EcPublicKey::new(EcCurve::P256, &[1; 32], &[1; 32]).unwrap();
        let refused = AwsLcProvider.verifier(Algorithm::Es256, &PublicKey::Ec(point));
        assert_eq!(refused.unwrap_err(), KeyError::Rejected);
        let pem = include_str!("../../cambist/tests/vectors/keys/ed25519.pkcs8.pem");
        let other = PublicKey::Ed25519(Ed25519PublicKey::new([1; 32]));
        let key = PrivateKey::from_pem(pem)
            .unwrap()
            .with_public_key(&other)
            .unwrap();
        let refused = AwsLcProvider.signer(Algorithm::EdDsa, &key);
        assert_eq!(refused.unwrap_err(), KeyError::Rejected);
    }
}
