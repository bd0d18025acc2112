//! Verifiers.

use core::fmt;

use cambist::{
    crypto::{Algorithm, KeyError, SignatureMismatch, Verifier},
    jose::{PublicKey, RsaPublicKey},
};
use ring::{hmac, signature};

/// Verifies under a public key.
pub(crate) struct PublicKeyVerifier {
    algorithm: Algorithm,
    key: signature::UnparsedPublicKey<Vec<u8>>,
}

impl PublicKeyVerifier {
    pub(crate) fn new(algorithm: Algorithm, key: &PublicKey) -> Result<Self, KeyError> {
        let unsuitable = KeyError::AlgorithmUnsuitable { algorithm };
        if !key.supports(algorithm) {
            return Err(unsuitable);
        }
        let verification: &'static dyn signature::VerificationAlgorithm = match algorithm {
            Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            Algorithm::EdDsa => &signature::ED25519,
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => return Err(unsuitable),
        };
        let bytes = match key {
            PublicKey::Rsa(key) => {
                require_rsa_size(key)?;
                key.to_pkcs1_der()
            }
            PublicKey::Ec(key) => {
                require_point(algorithm, key.point())?;
                key.point().to_vec()
            }
            PublicKey::Ed25519(key) => key.as_bytes().to_vec(),
        };
        Ok(Self {
            algorithm,
            key: signature::UnparsedPublicKey::new(verification, bytes),
        })
    }
}

impl Verifier for PublicKeyVerifier {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch> {
        self.key
            .verify(message, signature)
            .map_err(|_| SignatureMismatch)
    }
}

impl fmt::Debug for PublicKeyVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKeyVerifier({})", self.algorithm)
    }
}

/// The core refuses such keys too; a provider does not rely on it.
fn require_rsa_size(key: &RsaPublicKey) -> Result<(), KeyError> {
    let bits = key.bits();
    if (RsaPublicKey::MIN_BITS..=RsaPublicKey::MAX_BITS).contains(&bits) {
        Ok(())
    } else {
        Err(KeyError::RsaModulusSize { bits })
    }
}

/// ring looks at a point only when it is used. A key agreement with it makes ring look now, so that
/// a bad key is refused when it is loaded.
fn require_point(algorithm: Algorithm, point: &[u8]) -> Result<(), KeyError> {
    use ring::agreement;
    let curve = match algorithm {
        Algorithm::Es384 => &agreement::ECDH_P384,
        _ => &agreement::ECDH_P256,
    };
    let random = ring::rand::SystemRandom::new();
    let private =
        agreement::EphemeralPrivateKey::generate(curve, &random).map_err(|_| KeyError::Rejected)?;
    let public = agreement::UnparsedPublicKey::new(curve, point);
    agreement::agree_ephemeral(private, &public, |_| ()).map_err(|_| KeyError::Rejected)
}

/// Verifies with a shared secret.
pub(crate) struct HmacVerifier {
    algorithm: Algorithm,
    key: hmac::Key,
}

impl HmacVerifier {
    pub(crate) fn new(algorithm: Algorithm, key: hmac::Key) -> Self {
        Self { algorithm, key }
    }
}

impl Verifier for HmacVerifier {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch> {
        hmac::verify(&self.key, message, signature).map_err(|_| SignatureMismatch)
    }
}

impl fmt::Debug for HmacVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HmacVerifier({})", self.algorithm)
    }
}
