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

#[cfg(test)]
mod tests {
    use cambist::jose::{EcCurve, EcPublicKey, Ed25519PublicKey};

    use super::*;

    const RSA: &str = include_str!("../../cambist/tests/vectors/keys/rs256.pkcs1.pem");
    const EC: &str = include_str!("../../cambist/tests/vectors/keys/es256.pkcs8.pem");
    const EC_BARE: &str = include_str!("../../cambist/tests/vectors/keys/es256.java.txt");
    const ED25519: &str = include_str!("../../cambist/tests/vectors/keys/ed25519.pkcs8.pem");

    fn private(pem: &str) -> PrivateKey {
        PrivateKey::from_pem(pem).unwrap()
    }

    #[test]
    fn keys_sign_and_verify_with_their_own_algorithms_only() {
        for pem in [RSA, EC, ED25519] {
            let key = private(pem);
            let public = RingProvider.public_key(&key).unwrap();
            for algorithm in Algorithm::ALL {
                if public.supports(algorithm) {
                    let mut signature = vec![1; 3];
                    let signer = RingProvider.signer(algorithm, &key).unwrap();
                    signer.sign(b"message", &mut signature).unwrap();
                    let verifier = RingProvider.verifier(algorithm, &public).unwrap();
                    assert!(verifier.verify(b"message", &signature).is_ok());
                    assert!(verifier.verify(b"massage", &signature).is_err());
                } else {
                    let unsuitable = KeyError::AlgorithmUnsuitable { algorithm };
                    assert_eq!(
                        RingProvider.signer(algorithm, &key).unwrap_err(),
                        unsuitable
                    );
                    assert_eq!(
                        RingProvider.verifier(algorithm, &public).unwrap_err(),
                        unsuitable
                    );
                }
            }
        }
    }

    #[test]
    fn hmac_takes_secrets_as_long_as_the_hash() {
        for (algorithm, needed) in [
            (Algorithm::Hs256, 32),
            (Algorithm::Hs384, 48),
            (Algorithm::Hs512, 64),
        ] {
            let key = RingProvider
                .hmac(algorithm, &SymmetricKey::new(vec![1; needed]))
                .unwrap();
            let mut tag = Vec::new();
            key.signer.sign(b"message", &mut tag).unwrap();
            assert_eq!(tag.len(), needed);
            assert!(key.verifier.verify(b"message", &tag).is_ok());
            assert!(key.verifier.verify(b"message", &tag[1..]).is_err());
            let short = SymmetricKey::new(vec![1; needed - 1]);
            assert!(matches!(
                RingProvider.hmac(algorithm, &short),
                Err(KeyError::SecretTooShort { .. })
            ));
        }
        let secret = SymmetricKey::new(vec![1; 64]);
        assert!(RingProvider.hmac(Algorithm::Rs256, &secret).is_err());
    }

    #[test]
    fn hashes_are_those_of_fips_180() {
        for (algorithm, start) in [
            (HashAlgorithm::Sha256, [0xba, 0x78, 0x16, 0xbf]),
            (HashAlgorithm::Sha384, [0xcb, 0x00, 0x75, 0x3f]),
            (HashAlgorithm::Sha512, [0xdd, 0xaf, 0x35, 0xa1]),
        ] {
            let hash = RingProvider.hash(algorithm, b"abc");
            assert_eq!(hash.as_bytes().len(), algorithm.length());
            assert_eq!(hash.as_bytes()[..4], start);
        }
    }

    #[test]
    fn points_off_the_curve_are_refused_at_once() {
        for (curve, algorithm) in [
            (EcCurve::P256, Algorithm::Es256),
            (EcCurve::P384, Algorithm::Es384),
        ] {
            let length = curve.coordinate_length();
            for byte in [0, 1, 0xff] {
                let coordinate = vec![byte; length];
                let point = EcPublicKey::new(curve, &coordinate, &coordinate).unwrap();
                let refused = RingProvider.verifier(algorithm, &PublicKey::Ec(point));
                assert_eq!(refused.unwrap_err(), KeyError::Rejected);
            }
        }
    }

    #[test]
    fn the_halves_of_a_key_must_match() {
        let other = Ed25519PublicKey::new([1; 32]);
        let key = private(ED25519)
            .with_public_key(&PublicKey::Ed25519(other))
            .unwrap();
        let refused = RingProvider.signer(Algorithm::EdDsa, &key);
        assert_eq!(refused.unwrap_err(), KeyError::Rejected);

        // The base point of P-256, which belongs to the private key 1.
        let x = b"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\
                  \x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96";
        let y = b"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\
                  \x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
        let base = EcPublicKey::new(EcCurve::P256, x, y).unwrap();
        assert!(
            RingProvider
                .verifier(Algorithm::Es256, &PublicKey::Ec(base.clone()))
                .is_ok()
        );
        let key = private(EC_BARE)
            .with_public_key(&PublicKey::Ec(base))
            .unwrap();
        let refused = RingProvider.signer(Algorithm::Es256, &key);
        assert_eq!(refused.unwrap_err(), KeyError::Rejected);
    }

    #[test]
    fn the_public_half_is_worked_out_where_ring_can() {
        let key = private(ED25519);
        assert_eq!(key.embedded_public_key(), None);
        assert!(matches!(
            key.public_key(&RingProvider),
            Ok(PublicKey::Ed25519(_))
        ));
        for outcome in [
            private(EC_BARE).public_key(&RingProvider).err(),
            RingProvider
                .signer(Algorithm::Es256, &private(EC_BARE))
                .err(),
        ] {
            assert_eq!(outcome, Some(KeyError::PublicKeyUnknown));
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = SymmetricKey::new(vec![b'A'; 64]);
        let key = RingProvider.hmac(Algorithm::Hs256, &secret).unwrap();
        assert_eq!(
            format!("{key:?}"),
            "HmacKey { signer: HmacSigner(HS256), verifier: HmacVerifier(HS256) }"
        );
        let signer = RingProvider
            .signer(Algorithm::EdDsa, &private(ED25519))
            .unwrap();
        assert_eq!(format!("{signer:?}"), "PrivateKeySigner(EdDSA)");
    }
}
