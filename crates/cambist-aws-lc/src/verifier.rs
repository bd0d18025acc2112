//! Verifiers.

use core::fmt;

use aws_lc_rs::{
    hmac,
    signature::{self, ParsedPublicKey, VerificationAlgorithm},
};
use cambist::{
    crypto::{Algorithm, KeyError, SignatureMismatch, Verifier},
    jose::PublicKey,
};

/// Verifies under a public key, which is parsed once.
pub(crate) struct PublicKeyVerifier {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl PublicKeyVerifier {
    pub(crate) fn new(algorithm: Algorithm, key: &PublicKey) -> Result<Self, KeyError> {
        let unsuitable = KeyError::AlgorithmUnsuitable { algorithm };
        if !key.supports(algorithm) {
            return Err(unsuitable);
        }
        let verification: &'static dyn VerificationAlgorithm = match algorithm {
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
        let key = ParsedPublicKey::new(verification, key.to_spki_der())
            .map_err(|_| KeyError::Rejected)?;
        Ok(Self { algorithm, key })
    }
}

impl Verifier for PublicKeyVerifier {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch> {
        self.key
            .verify_sig(message, signature)
            .map_err(|_| SignatureMismatch)
    }
}

impl fmt::Debug for PublicKeyVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKeyVerifier({})", self.algorithm)
    }
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
