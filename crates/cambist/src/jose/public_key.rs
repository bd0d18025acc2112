//! Public keys. Each type of key can do only what belongs to it.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    crypto::{Algorithm, KeyError},
    jose::{
        der::{self, Reader},
        pem, roca,
    },
};

/// A public key for signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// For RS and PS algorithms.
    Rsa(RsaPublicKey),
    /// For ES algorithms.
    Ec(EcPublicKey),
    /// For EdDSA.
    Ed25519(Ed25519PublicKey),
}

impl PublicKey {
    /// Whether the algorithm goes with this type of key and curve.
    pub fn supports(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa(_) => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            Self::Ec(key) => match key.curve {
                EcCurve::P256 => algorithm == Es256,
                EcCurve::P384 => algorithm == Es384,
            },
            Self::Ed25519(_) => algorithm == EdDsa,
        }
    }

    /// Reads SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7, in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the DER is malformed, or the key not supported or weak.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut outer = Reader::new(der);
        let key = Self::read_spki(outer.sequence()?)?;
        outer.finish()?;
        Ok(key)
    }

    /// Takes the public key out of an X.509 certificate in DER.
    ///
    /// Nothing else in the certificate is looked at: no date, no name, no signature.
    ///
    /// # Errors
    ///
    /// As [`from_spki_der`](Self::from_spki_der).
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut outer = Reader::new(der);
        let mut certificate = outer.sequence()?;
        outer.finish()?;
        let mut fields = certificate.sequence()?;
        fields.read_optional(der::CONTEXT_0)?;
        fields.read(der::INTEGER)?;
        // Signature algorithm, issuer, validity, subject.
        for _ in 0..4 {
            fields.read(der::SEQUENCE)?;
        }
        Self::read_spki(fields.sequence()?)
    }

    /// Reads a PEM text: a public key, an RSA public key (PKCS#1) or a certificate. A text without
    /// armour is taken for the base64 of one of these, as in Keycloak's documents.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when text or DER are malformed, or the key not supported or weak.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, der) = pem::decode(text)?;
        match label {
            Some("PUBLIC KEY") => Self::from_spki_der(&der),
            Some("RSA PUBLIC KEY") => RsaPublicKey::from_pkcs1_der(&der).map(Self::Rsa),
            Some("CERTIFICATE") => Self::from_certificate_der(&der),
            Some(_) => Err(KeyError::Unsupported {
                reason: "pem label",
            }),
            None => Self::from_spki_der(&der).or_else(|error| {
                // A weak key is reported as such, not as a malformed certificate.
                if matches!(error, KeyError::Malformed { .. }) {
                    Self::from_certificate_der(&der)
                } else {
                    Err(error)
                }
            }),
        }
    }

    /// Writes SubjectPublicKeyInfo in DER.
    pub fn to_spki_der(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa(key) => {
                let oid = der::element(der::OBJECT_IDENTIFIER, &[der::OID_RSA]);
                let null = der::element(der::NULL, &[]);
                (
                    der::element(der::SEQUENCE, &[&oid, &null]),
                    key.to_pkcs1_der(),
                )
            }
            Self::Ec(key) => (
                key.curve.algorithm_identifier().to_vec().into(),
                key.point().into(),
            ),
            Self::Ed25519(key) => {
                let oid = der::element(der::OBJECT_IDENTIFIER, &[der::OID_ED25519]);
                (der::element(der::SEQUENCE, &[&oid]), key.bytes.to_vec())
            }
        };
        let key = der::element(der::BIT_STRING, &[&[0], &key]);
        der::element(der::SEQUENCE, &[&algorithm, &key]).to_vec()
    }

    fn read_spki(mut spki: Reader<'_>) -> Result<Self, KeyError> {
        let mut algorithm = spki.sequence()?;
        let key = spki.bit_string(der::BIT_STRING)?;
        spki.finish()?;
        match algorithm.read(der::OBJECT_IDENTIFIER)? {
            der::OID_RSA => RsaPublicKey::from_pkcs1_der(key).map(Self::Rsa),
            der::OID_EC => {
                let curve = EcCurve::from_oid(algorithm.read(der::OBJECT_IDENTIFIER)?)?;
                algorithm.finish()?;
                EcPublicKey::from_point(curve, key).map(Self::Ec)
            }
            der::OID_ED25519 => Ed25519PublicKey::from_slice(key).map(Self::Ed25519),
            _ => Err(KeyError::Unsupported {
                reason: "key algorithm",
            }),
        }
    }
}

/// An RSA public key of 2048 to 8192 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    /// Shortest modulus, in bits.
    pub const MIN_BITS: usize = 2_048;
    /// Longest modulus, in bits.
    pub const MAX_BITS: usize = 8_192;

    /// A key from modulus and exponent, both big-endian; leading zeros are taken off.
    ///
    /// The exponent must be 65537, the one that every current generator uses.
    ///
    /// # Errors
    ///
    /// [`KeyError::RsaModulusSize`], [`KeyError::RsaModulusEven`], [`KeyError::RsaExponent`], or
    /// [`KeyError::RsaRoca`] for the product of the generator behind CVE-2017-15361.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        if der::without_leading_zeros(exponent) != [1, 0, 1] {
            return Err(KeyError::RsaExponent);
        }
        Self::with_unusual_exponent(modulus, exponent)
    }

    /// As [`new`](Self::new), for an old key whose odd exponent lies between 3 and 2^32.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_unusual_exponent(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let modulus = der::without_leading_zeros(modulus);
        let exponent = der::without_leading_zeros(exponent);
        let bits = bit_length(modulus);
        if !(Self::MIN_BITS..=Self::MAX_BITS).contains(&bits) {
            return Err(KeyError::RsaModulusSize { bits });
        }
        if modulus.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(KeyError::RsaModulusEven);
        }
        let odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
        if !odd || exponent.len() > 4 || exponent == [1] {
            return Err(KeyError::RsaExponent);
        }
        if roca::bears_the_mark(modulus) {
            return Err(KeyError::RsaRoca);
        }
        Ok(Self {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    /// The modulus, big-endian without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The exponent, big-endian without leading zeros.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// Length of the modulus in bits.
    pub fn bits(&self) -> usize {
        bit_length(&self.modulus)
    }

    /// Reads RSAPublicKey, RFC 8017 appendix A.1.1, in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the DER is malformed or the key weak.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut outer = Reader::new(der);
        let mut key = outer.sequence()?;
        outer.finish()?;
        let modulus = key.unsigned()?;
        let exponent = key.unsigned()?;
        key.finish()?;
        Self::new(modulus, exponent)
    }

    /// Writes RSAPublicKey in DER.
    pub fn to_pkcs1_der(&self) -> Vec<u8> {
        let parts = [der::unsigned(&self.modulus), der::unsigned(&self.exponent)];
        let [modulus, exponent] = &parts;
        der::element(der::SEQUENCE, &[modulus, exponent]).to_vec()
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RsaPublicKey({} bits)", self.bits())
    }
}

fn bit_length(number: &[u8]) -> usize {
    let Some(first) = number.first() else {
        return 0;
    };
    let unused = usize::try_from(first.leading_zeros()).unwrap_or_default();
    number.len().saturating_mul(8).saturating_sub(unused)
}

/// A curve for ECDSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EcCurve {
    /// NIST P-256, for ES256.
    P256,
    /// NIST P-384, for ES384.
    P384,
}

impl EcCurve {
    /// Name in a JWK, RFC 7518 section 6.2.1.1.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    /// The curve of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384]
            .into_iter()
            .find(|curve| curve.name() == name)
    }

    /// Length of a coordinate in bytes.
    pub const fn coordinate_length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    pub(super) fn from_oid(oid: &[u8]) -> Result<Self, KeyError> {
        match oid {
            der::OID_P256 => Ok(Self::P256),
            der::OID_P384 => Ok(Self::P384),
            _ => Err(KeyError::Unsupported { reason: "curve" }),
        }
    }

    pub(super) fn algorithm_identifier(self) -> Vec<u8> {
        let ec = der::element(der::OBJECT_IDENTIFIER, &[der::OID_EC]);
        let curve = match self {
            Self::P256 => der::OID_P256,
            Self::P384 => der::OID_P384,
        };
        let curve = der::element(der::OBJECT_IDENTIFIER, &[curve]);
        der::element(der::SEQUENCE, &[&ec, &curve]).to_vec()
    }
}

/// A point on a curve. Whether it truly lies there is checked by the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct EcPublicKey {
    curve: EcCurve,
    point: Vec<u8>,
}

impl EcPublicKey {
    /// A key from its coordinates, each at full length (RFC 7518 section 6.2.1.2).
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when a length is wrong.
    pub fn new(curve: EcCurve, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        let length = curve.coordinate_length();
        if x.len() != length || y.len() != length {
            return Err(KeyError::Malformed {
                reason: "coordinate length",
            });
        }
        Ok(Self {
            curve,
            point: [&[4], x, y].concat(),
        })
    }

    /// A key from an uncompressed point: the byte 4 and both coordinates.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] for every other form.
    pub fn from_point(curve: EcCurve, point: &[u8]) -> Result<Self, KeyError> {
        let malformed = KeyError::Malformed { reason: "point" };
        let [4, coordinates @ ..] = point else {
            return Err(malformed);
        };
        let (x, y) = coordinates
            .split_at_checked(curve.coordinate_length())
            .ok_or(malformed)?;
        Self::new(curve, x, y)
    }

    /// The curve.
    pub fn curve(&self) -> EcCurve {
        self.curve
    }

    /// The uncompressed point: the byte 4 and both coordinates.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// The first coordinate.
    pub fn x(&self) -> &[u8] {
        self.coordinates().0
    }

    /// The second coordinate.
    pub fn y(&self) -> &[u8] {
        self.coordinates().1
    }

    fn coordinates(&self) -> (&[u8], &[u8]) {
        self.point
            .get(1..)
            .and_then(|both| both.split_at_checked(self.curve.coordinate_length()))
            .unwrap_or_default()
    }
}

impl fmt::Debug for EcPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EcPublicKey({})", self.curve.name())
    }
}

/// An Ed25519 public key. Whether it is a proper point is checked by the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Ed25519PublicKey {
    bytes: [u8; 32],
}

impl Ed25519PublicKey {
    /// A key from its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes }
    }

    /// A key from its bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when there are not 32.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, KeyError> {
        let malformed = KeyError::Malformed {
            reason: "ed25519 key length",
        };
        bytes.try_into().map(Self::new).map_err(|_| malformed)
    }

    /// The bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for Ed25519PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ed25519PublicKey")
    }
}

#[cfg(test)]
mod tests;
