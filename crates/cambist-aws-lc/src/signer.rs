//! Signers.

use core::fmt;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair},
};
use cambist::{
    crypto::{Algorithm, KeyError, ProviderError, Signer},
    jose::{EcCurve, PrivateKey, PrivateKeyKind},
};

use crate::generate::derive_public_key;

/// A private key as AWS-LC holds it.
enum ParsedKey {
    Rsa(rsa::KeyPair, &'static dyn signature::RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl ParsedKey {
    fn parse(algorithm: Algorithm, key: &PrivateKey) -> Result<Self, KeyError> {
        let der = key.expose_pkcs8_der();
        match key.kind() {
            PrivateKeyKind::Rsa => {
                let encoding: &'static dyn signature::RsaEncoding = match algorithm {
                    Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
                    Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
                    _ => return Err(KeyError::AlgorithmUnsuitable { algorithm }),
                };
                let pair = rsa::KeyPair::from_pkcs8(der).map_err(|_| KeyError::Rejected)?;
                Ok(Self::Rsa(pair, encoding))
            }
            PrivateKeyKind::Ec(curve) => {
                let signing = match curve {
                    EcCurve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                    EcCurve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                };
                let pair = EcdsaKeyPair::from_private_key_der(signing, der);
                pair.map(Self::Ec).map_err(|_| KeyError::Rejected)
            }
            PrivateKeyKind::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(der);
                pair.map(Self::Ed25519).map_err(|_| KeyError::Rejected)
            }
        }
    }
}

/// Signs with a private key.
pub(crate) struct PrivateKeySigner {
    algorithm: Algorithm,
    key: ParsedKey,
}

impl PrivateKeySigner {
    pub(crate) fn new(algorithm: Algorithm, key: &PrivateKey) -> Result<Self, KeyError> {
        if !key.kind().supports(algorithm) {
            return Err(KeyError::AlgorithmUnsuitable { algorithm });
        }
        let parsed = ParsedKey::parse(algorithm, key)?;
        match key.embedded_public_key() {
            Some(embedded) if *embedded != derive_public_key(key)? => Err(KeyError::Rejected),
            _ => Ok(Self {
                algorithm,
                key: parsed,
            }),
        }
    }
}

impl Signer for PrivateKeySigner {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), ProviderError> {
        signature.clear();
        // AWS-LC draws its own randomness; the argument is there for the sake of ring's interface.
        let random = SystemRandom::new();
        match &self.key {
            ParsedKey::Rsa(pair, encoding) => {
                signature.resize(pair.public_modulus_len(), 0);
                pair.sign(*encoding, &random, message, signature)
                    .map_err(|_| ProviderError::Signing)
            }
            ParsedKey::Ec(pair) => {
                let made = pair
                    .sign(&random, message)
                    .map_err(|_| ProviderError::Signing)?;
                signature.extend_from_slice(made.as_ref());
                Ok(())
            }
            ParsedKey::Ed25519(pair) => {
                let made = pair.try_sign(message).map_err(|_| ProviderError::Signing)?;
                signature.extend_from_slice(made.as_ref());
                Ok(())
            }
        }
    }
}

impl fmt::Debug for PrivateKeySigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKeySigner({})", self.algorithm)
    }
}

/// Signs with a shared secret.
pub(crate) struct HmacSigner {
    algorithm: Algorithm,
    key: hmac::Key,
}

impl HmacSigner {
    pub(crate) fn new(algorithm: Algorithm, key: hmac::Key) -> Self {
        Self { algorithm, key }
    }
}

impl Signer for HmacSigner {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), ProviderError> {
        signature.clear();
        signature.extend_from_slice(hmac::sign(&self.key, message).as_ref());
        Ok(())
    }
}

impl fmt::Debug for HmacSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HmacSigner({})", self.algorithm)
    }
}
