//! Certificates that a key signs for itself. They prove nothing; Keycloak publishes one with every
//! RSA key, and some clients read the key from it.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    crypto::{Entropy, ProviderError},
    jose::{EcCurve, Jwk, PrivateKey, PrivateKeyKind, base64url},
};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SerialNumber};
use time::OffsetDateTime;

/// Makes an X.509 certificate in DER, signed by the key itself, with SHA-256 (SHA-384 for P-384).
///
/// Both times are seconds since 1970-01-01T00:00:00Z. The serial number is drawn from `entropy`.
/// Keycloak takes the realm's name for `common_name`.
///
/// # Errors
///
/// See [`CertificateError`].
pub fn self_signed_certificate(
    key: &PrivateKey,
    common_name: &str,
    not_before: i64,
    not_after: i64,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, CertificateError> {
    if not_after < not_before {
        return Err(CertificateError::Validity);
    }
    let time = |seconds| {
        OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| CertificateError::Validity)
    };
    let algorithm = match key.kind() {
        PrivateKeyKind::Rsa => &rcgen::PKCS_RSA_SHA256,
        PrivateKeyKind::Ec(EcCurve::P256) => &rcgen::PKCS_ECDSA_P256_SHA256,
        PrivateKeyKind::Ec(EcCurve::P384) => &rcgen::PKCS_ECDSA_P384_SHA384,
        PrivateKeyKind::Ed25519 => &rcgen::PKCS_ED25519,
    };
    let der = key.expose_pkcs8_der().into();
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der, algorithm)
        .map_err(|_| CertificateError::Failed)?;

    // 16 bytes, of which the first bit makes no negative number and no leading zero.
    let mut serial = [0; 16];
    entropy.fill(&mut serial)?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    parameters.not_before = time(not_before)?;
    parameters.not_after = time(not_after)?;
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    let certificate = parameters
        .self_signed(&pair)
        .map_err(|_| CertificateError::Failed)?;
    Ok(certificate.der().to_vec())
}

/// Adds a certificate in DER to a key that is to be published: `x5c`, `x5t` and `x5t#S256`.
#[must_use]
pub fn attach_certificate(key: Jwk, certificate: &[u8]) -> Jwk {
    let thumbprint = |algorithm| base64url::encode(digest::digest(algorithm, certificate).as_ref());
    Jwk {
        x5c: vec![STANDARD.encode(certificate)],
        x5t: Some(thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
        x5t_s256: Some(thumbprint(&digest::SHA256)),
        ..key
    }
}

/// A certificate could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The period of validity ends before it begins, or lies outside the calendar.
    #[error("period of validity is not possible")]
    Validity,
    /// The source of randomness failed.
    #[error("{0}")]
    Provider(#[from] ProviderError),
    /// Key or name are not fit for a certificate.
    #[error("certificate could not be made")]
    Failed,
}

#[cfg(test)]
mod tests {
    use cambist::{
        crypto::{Algorithm, CryptoProvider as _},
        jose::PublicKey,
    };
    use cambist_ring::{RingProvider, SystemEntropy};

    use super::*;
    use crate::{derive_public_key, generate_ec_p256, generate_ec_p384, generate_ed25519};

    const YEAR_2026: i64 = 1_767_225_600;
    const YEAR_2036: i64 = 2_082_758_400;

    fn rsa_key() -> PrivateKey {
        let pem = include_str!("../../cambist/tests/vectors/keys/rs256.pkcs1.pem");
        PrivateKey::from_pem(pem).unwrap()
    }

    fn certify(key: &PrivateKey) -> Vec<u8> {
        let mut entropy = SystemEntropy::new();
        self_signed_certificate(key, "demo realm", YEAR_2026, YEAR_2036, &mut entropy).unwrap()
    }

    #[test]
    fn a_certificate_holds_the_key_and_the_name() {
        let keys = [
            rsa_key(),
            generate_ec_p256().unwrap(),
            generate_ec_p384().unwrap(),
            generate_ed25519().unwrap(),
        ];
        for key in keys {
            let certificate = certify(&key);
            let public = PublicKey::from_certificate_der(&certificate).unwrap();
            assert_eq!(public, derive_public_key(&key).unwrap());
            assert!(
                certificate
                    .windows(10)
                    .any(|window| window == b"demo realm")
            );
            // As UTCTime, RFC 5280 section 4.1.2.5.
            assert!(
                certificate
                    .windows(13)
                    .any(|window| window == b"260101000000Z")
            );
            assert!(
                certificate
                    .windows(13)
                    .any(|window| window == b"360101000000Z")
            );
            assert_ne!(
                certificate,
                certify(&key),
                "the serial number is drawn anew"
            );
        }
    }

    #[test]
    fn the_signature_of_a_certificate_holds() {
        let certificate = certify(&rsa_key());
        // The outer sequence and the signed part in it both have four bytes of tag and length.
        let signed_length = u16::from_be_bytes([certificate[6], certificate[7]]);
        let signed = &certificate[4..8 + usize::from(signed_length)];
        let signature = &certificate[certificate.len() - 256..];
        let public = PublicKey::from_certificate_der(&certificate).unwrap();
        let verifier = RingProvider.verifier(Algorithm::Rs256, &public).unwrap();
        assert!(verifier.verify(signed, signature).is_ok());
    }

    #[test]
    fn impossible_periods_are_refused() {
        let mut entropy = SystemEntropy::new();
        for (from, to) in [(1, 0), (0, i64::MAX), (i64::MIN, 0)] {
            let refused = self_signed_certificate(&rsa_key(), "x", from, to, &mut entropy);
            assert_eq!(refused.unwrap_err(), CertificateError::Validity);
        }
    }

    #[test]
    fn a_failing_source_of_randomness_is_reported() {
        struct Dry;
        impl Entropy for Dry {
            fn fill(&mut self, _: &mut [u8]) -> Result<(), ProviderError> {
                Err(ProviderError::Entropy)
            }
        }
        let refused = self_signed_certificate(&rsa_key(), "x", 0, 1, &mut Dry);
        assert_eq!(
            refused.unwrap_err(),
            CertificateError::Provider(ProviderError::Entropy)
        );
    }

    #[test]
    fn a_published_key_carries_its_certificate() {
        let pem = include_str!("../../cambist/tests/vectors/keys/rs256.certificate.txt");
        let certificate = STANDARD.decode(pem.trim()).unwrap();
        let public = PublicKey::from_certificate_der(&certificate).unwrap();
        let key = attach_certificate(Jwk::new(public), &certificate);
        assert_eq!(key.x5c, [pem.trim()]);
        let written = serde_json::to_value(&key).unwrap();
        assert_eq!(written["x5c"][0], pem.trim());
        assert_eq!(written["x5t"].as_str().unwrap().len(), 27);
        assert_eq!(written["x5t#S256"].as_str().unwrap().len(), 43);
    }
}
