//! Signers.

use core::fmt;

use cambist::{
    crypto::{Algorithm, KeyError, ProviderError, Signer},
    jose::{
        EcCurve, EcPublicKey, Ed25519PublicKey, PrivateKey, PrivateKeyKind, PublicKey, RsaPublicKey,
    },
};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};

/// A private key as ring holds it.
pub(crate) enum ParsedKey {
    Rsa(rsa::KeyPair),
    Ec(EcCurve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl ParsedKey {
    /// Parses a key, which proves that its halves belong together.
    pub(crate) fn parse(key: &PrivateKey) -> Result<Self, KeyError> {
        let der = key.expose_pkcs8_der();
        let parsed = match key.kind() {
            PrivateKeyKind::Rsa => {
                Self::Rsa(rsa::KeyPair::from_pkcs8(der).map_err(|_| KeyError::Rejected)?)
            }
            PrivateKeyKind::Ec(curve) => {
                // ring cannot work the public half of an EC key out.
                if key.embedded_public_key().is_none() {
                    return Err(KeyError::PublicKeyUnknown);
                }
                let algorithm = match curve {
                    EcCurve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                    EcCurve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                };
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, der, &SystemRandom::new())
                    .map_err(|_| KeyError::Rejected)?;
                Self::Ec(curve, pair)
            }
            PrivateKeyKind::Ed25519 => Self::Ed25519(
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| KeyError::Rejected)?,
            ),
        };
        let public = parsed.public_key()?;
        match key.embedded_public_key() {
            Some(embedded) if *embedded != public => Err(KeyError::Rejected),
            _ => Ok(parsed),
        }
    }

    pub(crate) fn public_key(&self) -> Result<PublicKey, KeyError> {
        match self {
            Self::Rsa(pair) => {
                RsaPublicKey::from_pkcs1_der(pair.public().as_ref()).map(PublicKey::Rsa)
            }
            Self::Ec(curve, pair) => {
                EcPublicKey::from_point(*curve, pair.public_key().as_ref()).map(PublicKey::Ec)
            }
            Self::Ed25519(pair) => {
                Ed25519PublicKey::from_slice(pair.public_key().as_ref()).map(PublicKey::Ed25519)
            }
        }
    }
}

/// Signs with a private key.
pub(crate) struct PrivateKeySigner {
    algorithm: Algorithm,
    key: ParsedKey,
    random: SystemRandom,
}

impl PrivateKeySigner {
    pub(crate) fn new(algorithm: Algorithm, key: &PrivateKey) -> Result<Self, KeyError> {
        if !key.kind().supports(algorithm) {
            return Err(KeyError::AlgorithmUnsuitable { algorithm });
        }
        let key = ParsedKey::parse(key)?;
        Ok(Self {
            algorithm,
            key,
            random: SystemRandom::new(),
        })
    }

    fn rsa_encoding(&self) -> Result<&'static dyn signature::RsaEncoding, ProviderError> {
        match self.algorithm {
            Algorithm::Rs256 => Ok(&signature::RSA_PKCS1_SHA256),
            Algorithm::Rs384 => Ok(&signature::RSA_PKCS1_SHA384),
            Algorithm::Rs512 => Ok(&signature::RSA_PKCS1_SHA512),
            Algorithm::Ps256 => Ok(&signature::RSA_PSS_SHA256),
            Algorithm::Ps384 => Ok(&signature::RSA_PSS_SHA384),
            Algorithm::Ps512 => Ok(&signature::RSA_PSS_SHA512),
            _ => Err(ProviderError::Signing),
        }
    }
}

impl Signer for PrivateKeySigner {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), ProviderError> {
        signature.clear();
        match &self.key {
            ParsedKey::Rsa(pair) => {
                signature.resize(pair.public().modulus_len(), 0);
                pair.sign(self.rsa_encoding()?, &self.random, message, signature)
                    .map_err(|_| ProviderError::Signing)
            }
            ParsedKey::Ec(_, pair) => {
                let made = pair
                    .sign(&self.random, message)
                    .map_err(|_| ProviderError::Signing)?;
                signature.extend_from_slice(made.as_ref());
                Ok(())
            }
            ParsedKey::Ed25519(pair) => {
                signature.extend_from_slice(pair.sign(message).as_ref());
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
