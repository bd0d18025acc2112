//! Keys.

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::{SecureRandom as _, SystemRandom},
    rsa::{self, KeySize},
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _},
};
use cambist::{
    crypto::KeyError,
    jose::{
        EcCurve, EcPublicKey, Ed25519PublicKey, PrivateKey, PrivateKeyKind, PublicKey, SymmetricKey,
    },
};

/// Makes an RSA key of 2048, 3072, 4096 or 8192 bits, for RS and PS algorithms.
///
/// It takes about a tenth of a second for the shortest, and far longer for the longest; an
/// asynchronous caller should do it on a thread of its own.
///
/// # Errors
///
/// [`GenerateError::RsaSize`] for any other length, [`GenerateError::Failed`] without randomness.
pub fn generate_rsa(bits: usize) -> Result<PrivateKey, GenerateError> {
    let size = match bits {
        2_048 => KeySize::Rsa2048,
        3_072 => KeySize::Rsa3072,
        4_096 => KeySize::Rsa4096,
        8_192 => KeySize::Rsa8192,
        _ => return Err(GenerateError::RsaSize { bits }),
    };
    let pair = rsa::KeyPair::generate(size).map_err(|_| GenerateError::Failed)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| GenerateError::Failed)?;
    Ok(PrivateKey::from_pkcs8_der(der.as_ref())?)
}

/// Makes a key on P-256, for ES256.
///
/// # Errors
///
/// [`GenerateError::Failed`] without randomness.
pub fn generate_ec_p256() -> Result<PrivateKey, GenerateError> {
    generate_ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)
}

/// Makes a key on P-384, for ES384.
///
/// # Errors
///
/// [`GenerateError::Failed`] without randomness.
pub fn generate_ec_p384() -> Result<PrivateKey, GenerateError> {
    generate_ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING)
}

/// Makes an Ed25519 key, for EdDSA.
///
/// # Errors
///
/// [`GenerateError::Failed`] without randomness.
pub fn generate_ed25519() -> Result<PrivateKey, GenerateError> {
    let document =
        Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| GenerateError::Failed)?;
    Ok(PrivateKey::from_pkcs8_der(document.as_ref())?)
}

/// Makes a secret for HMAC, of 64 bytes, enough for HS512.
///
/// # Errors
///
/// [`GenerateError::Failed`] without randomness.
pub fn generate_hmac_secret() -> Result<SymmetricKey, GenerateError> {
    let mut secret = vec![0; 64];
    SystemRandom::new()
        .fill(&mut secret)
        .map_err(|_| GenerateError::Failed)?;
    Ok(SymmetricKey::new(secret))
}

/// Works the public half of a private key out.
///
/// # Errors
///
/// [`KeyError::Rejected`] when the key is broken.
pub fn derive_public_key(key: &PrivateKey) -> Result<PublicKey, KeyError> {
    let der = key.expose_pkcs8_der();
    match key.kind() {
        PrivateKeyKind::Rsa => key.embedded_public_key().cloned().ok_or(KeyError::Rejected),
        PrivateKeyKind::Ec(curve) => {
            let algorithm = match curve {
                EcCurve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                EcCurve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            };
            let pair = EcdsaKeyPair::from_private_key_der(algorithm, der)
                .map_err(|_| KeyError::Rejected)?;
            EcPublicKey::from_point(curve, pair.public_key().as_ref()).map(PublicKey::Ec)
        }
        PrivateKeyKind::Ed25519 => {
            let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| KeyError::Rejected)?;
            Ed25519PublicKey::from_slice(pair.public_key().as_ref()).map(PublicKey::Ed25519)
        }
    }
}

/// A key could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// RSA keys of this length are not made.
    #[error("rsa keys of {bits} bits are not made, only of 2048, 3072, 4096 and 8192")]
    RsaSize {
        /// The length asked for.
        bits: usize,
    },
    /// The generator failed.
    #[error("key generation failed")]
    Failed,
    /// The generator made a key that Cambist does not take.
    #[error("generated key: {0}")]
    Key(#[from] KeyError),
}

fn generate_ec(algorithm: &'static EcdsaSigningAlgorithm) -> Result<PrivateKey, GenerateError> {
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())
        .map_err(|_| GenerateError::Failed)?;
    Ok(PrivateKey::from_pkcs8_der(document.as_ref())?)
}

#[cfg(test)]
mod tests {
    use cambist::crypto::{Algorithm, CryptoProvider as _};
    use cambist_ring::RingProvider;

    use super::*;

    /// ring signs and verifies with the key, and its public half is what ring says it is.
    fn works(key: &PrivateKey, algorithms: &[Algorithm]) {
        let public = RingProvider.public_key(key).unwrap();
        assert_eq!(derive_public_key(key).unwrap(), public);
        for algorithm in algorithms {
            let mut signature = Vec::new();
            let signer = RingProvider.signer(*algorithm, key).unwrap();
            signer.sign(b"m", &mut signature).unwrap();
            let verifier = RingProvider.verifier(*algorithm, &public).unwrap();
            assert!(verifier.verify(b"m", &signature).is_ok());
            assert!(verifier.verify(b"n", &signature).is_err());
        }
    }

    #[test]
    fn every_kind_of_key_works_with_ring() {
        works(
            &generate_rsa(2_048).unwrap(),
            &[Algorithm::Rs256, Algorithm::Ps512],
        );
        works(&generate_ec_p256().unwrap(), &[Algorithm::Es256]);
        works(&generate_ec_p384().unwrap(), &[Algorithm::Es384]);
        works(&generate_ed25519().unwrap(), &[Algorithm::EdDsa]);
    }

    #[test]
    fn two_keys_differ() {
        let [first, second] = [generate_ed25519().unwrap(), generate_ed25519().unwrap()];
        assert_ne!(first.expose_pkcs8_der(), second.expose_pkcs8_der());
        let [first, second] = [
            generate_hmac_secret().unwrap(),
            generate_hmac_secret().unwrap(),
        ];
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert!(RingProvider.hmac(Algorithm::Hs512, &first).is_ok());
    }

    #[test]
    fn only_usual_lengths_of_rsa_keys_are_made() {
        for bits in [0, 512, 1_024, 2_047, 2_049, 16_384] {
            assert_eq!(
                generate_rsa(bits).unwrap_err(),
                GenerateError::RsaSize { bits }
            );
        }
    }

    #[test]
    fn the_public_half_of_a_bare_ec_key_is_worked_out() {
        let bare = include_str!("../../cambist/tests/vectors/keys/es256.java.txt");
        let bare = PrivateKey::from_pem(bare).unwrap();
        assert_eq!(bare.embedded_public_key(), None);
        assert_eq!(
            RingProvider.public_key(&bare).unwrap_err(),
            KeyError::PublicKeyUnknown
        );
        let public = include_str!("../../cambist/tests/vectors/keys/es256.spki.pem");
        let public = PublicKey::from_pem(public).unwrap();
        assert_eq!(derive_public_key(&bare).unwrap(), public);
        works(&bare.with_public_key(&public).unwrap(), &[Algorithm::Es256]);
    }
}
