//! Private keys, held as PKCS#8 (RFC 5958) in DER.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::{
    crypto::{Algorithm, CryptoProvider, KeyError},
    jose::{
        der::{self, MALFORMED, Reader},
        pem,
        public_key::{EcCurve, EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey},
    },
};

/// What a private key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrivateKeyKind {
    /// RSA, for RS and PS algorithms.
    Rsa,
    /// A scalar on a NIST curve, for ES algorithms.
    Ec(EcCurve),
    /// Ed25519.
    Ed25519,
}

impl PrivateKeyKind {
    /// Whether the algorithm goes with this kind of key.
    pub fn supports(self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            Self::Ec(EcCurve::P256) => algorithm == Es256,
            Self::Ec(EcCurve::P384) => algorithm == Es384,
            Self::Ed25519 => algorithm == EdDsa,
        }
    }
}

/// A private key; wiped when dropped.
///
/// However it came in, it is held in one form: PKCS#8 without attributes, an EC key with its public
/// half inside when that is known, an Ed25519 key without.
#[derive(Clone)]
pub struct PrivateKey {
    kind: PrivateKeyKind,
    pkcs8: Zeroizing<Vec<u8>>,
    public: Option<PublicKey>,
}

impl PrivateKey {
    /// Reads PKCS#8, not encrypted.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the DER is malformed, or the key not supported or weak.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut outer = Reader::new(der);
        let mut info = outer.sequence()?;
        outer.finish()?;
        // Version 1 (RFC 5958) differs from 0 by the public key at the end.
        if !matches!(info.unsigned()?, [] | [1]) {
            return Err(MALFORMED);
        }
        let mut algorithm = info.sequence()?;
        let key = info.read(der::OCTET_STRING)?;
        info.read_optional(der::CONTEXT_0)?;
        match algorithm.read(der::OBJECT_IDENTIFIER)? {
            der::OID_RSA => Self::from_pkcs1_der(key),
            der::OID_EC => {
                let curve = EcCurve::from_oid(algorithm.read(der::OBJECT_IDENTIFIER)?)?;
                Self::read_sec1(curve, key)
            }
            der::OID_ED25519 => {
                let mut inner = Reader::new(key);
                let seed = inner.read(der::OCTET_STRING)?;
                inner.finish()?;
                let public = match info.read_optional(der::CONTEXT_1_PRIMITIVE)? {
                    Some([0, public @ ..]) => Some(Ed25519PublicKey::from_slice(public)?),
                    Some(_) => return Err(MALFORMED),
                    None => None,
                };
                Self::from_ed25519_seed(seed, public)
            }
            _ => Err(KeyError::Unsupported {
                reason: "key algorithm",
            }),
        }
    }

    /// Reads RSAPrivateKey, RFC 8017 appendix A.1.2 (PKCS#1), in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the DER is malformed or the key weak.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut outer = Reader::new(der);
        let mut key = outer.sequence()?;
        outer.finish()?;
        // Version 1 has more than two primes.
        if !key.unsigned()?.is_empty() {
            return Err(KeyError::Unsupported {
                reason: "multi-prime rsa",
            });
        }
        let public = RsaPublicKey::new(key.unsigned()?, key.unsigned()?)?;
        // Private exponent, two primes, two exponents, coefficient.
        for _ in 0..6 {
            key.unsigned()?;
        }
        key.finish()?;
        let oid = der::element(der::OBJECT_IDENTIFIER, &[der::OID_RSA]);
        let null = der::element(der::NULL, &[]);
        let algorithm = der::element(der::SEQUENCE, &[&oid, &null]);
        Ok(Self {
            kind: PrivateKeyKind::Rsa,
            pkcs8: wrap(&algorithm, der),
            public: Some(PublicKey::Rsa(public)),
        })
    }

    /// Reads PKCS#8 or PKCS#1, whichever it is.
    ///
    /// # Errors
    ///
    /// As [`from_pkcs8_der`](Self::from_pkcs8_der).
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        // The second element tells them apart: an algorithm, or the modulus.
        let mut inner = Reader::new(der).sequence()?;
        inner.read(der::INTEGER)?;
        match inner.read_any()?.0 {
            der::SEQUENCE => Self::from_pkcs8_der(der),
            _ => Self::from_pkcs1_der(der),
        }
    }

    /// Reads a PEM text: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY`
    /// (SEC 1). A text without armour is taken for the base64 of PKCS#8 or PKCS#1, as in Keycloak's
    /// documents.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when text or DER are malformed, or the key encrypted, not supported or weak.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, der) = pem::decode(text)?;
        match label {
            Some("PRIVATE KEY") => Self::from_pkcs8_der(&der),
            Some("RSA PRIVATE KEY") => Self::from_pkcs1_der(&der),
            Some("EC PRIVATE KEY") => Self::from_sec1_der(&der),
            Some(_) => Err(KeyError::Unsupported {
                reason: "pem label",
            }),
            None => Self::from_der(&der),
        }
    }

    /// What the key is for.
    pub fn kind(&self) -> PrivateKeyKind {
        self.kind
    }

    /// The whole key as PKCS#8 in DER, for a provider or a place fit for secrets.
    pub fn expose_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half, as far as it came with the private one. An RSA key always has it.
    pub fn embedded_public_key(&self) -> Option<&PublicKey> {
        self.public.as_ref()
    }

    /// The public half, worked out by the provider where it did not come along.
    ///
    /// # Errors
    ///
    /// [`KeyError::PublicKeyUnknown`] when the provider cannot; other [`KeyError`]s for a bad key.
    pub fn public_key(&self, provider: &dyn CryptoProvider) -> Result<PublicKey, KeyError> {
        match &self.public {
            Some(public) => Ok(public.clone()),
            None => provider.public_key(self),
        }
    }

    /// Completes a key that came without its public half, as Keycloak's documents hold EC keys.
    /// Whether the halves match shows when a provider makes a signer.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when the public key is of another type or curve, or another public
    /// half is there already.
    pub fn with_public_key(self, public: &PublicKey) -> Result<Self, KeyError> {
        let mismatch = KeyError::Malformed {
            reason: "halves of the key differ",
        };
        if let Some(embedded) = &self.public {
            return if embedded == public {
                Ok(self)
            } else {
                Err(mismatch)
            };
        }
        let info = Reader::new(&self.pkcs8).sequence();
        match (self.kind, public) {
            (PrivateKeyKind::Ec(curve), PublicKey::Ec(public)) if public.curve() == curve => {
                let mut info = info?;
                info.read(der::INTEGER)?;
                info.read(der::SEQUENCE)?;
                let mut sec1 = Reader::new(info.read(der::OCTET_STRING)?).sequence()?;
                sec1.read(der::INTEGER)?;
                Self::from_ec_scalar(curve, sec1.read(der::OCTET_STRING)?, Some(public.clone()))
            }
            (PrivateKeyKind::Ed25519, PublicKey::Ed25519(_)) => Ok(Self {
                public: Some(public.clone()),
                ..self
            }),
            _ => Err(mismatch),
        }
    }

    pub(super) fn from_rsa_components(components: [&[u8]; 8]) -> Result<Self, KeyError> {
        let numbers = components.map(der::unsigned);
        let version = der::unsigned(&[]);
        let [n, e, d, p, q, dp, dq, qi] = &numbers;
        let key = der::element(der::SEQUENCE, &[&version, n, e, d, p, q, dp, dq, qi]);
        Self::from_pkcs1_der(&key)
    }

    pub(super) fn from_ec_scalar(
        curve: EcCurve,
        scalar: &[u8],
        public: Option<EcPublicKey>,
    ) -> Result<Self, KeyError> {
        let scalar = der::without_leading_zeros(scalar);
        let missing =
            curve
                .coordinate_length()
                .checked_sub(scalar.len())
                .ok_or(KeyError::Malformed {
                    reason: "scalar length",
                })?;
        let zeros = [0; 48];
        let padding = zeros.get(..missing).unwrap_or_default();
        let version = der::unsigned(&[1]);
        let scalar = der::element(der::OCTET_STRING, &[padding, scalar]);
        let point = match &public {
            Some(public) => {
                let bits = der::element(der::BIT_STRING, &[&[0], public.point()]);
                der::element(der::CONTEXT_1, &[&bits])
            }
            None => Zeroizing::default(),
        };
        let key = der::element(der::SEQUENCE, &[&version, &scalar, &point]);
        Ok(Self {
            kind: PrivateKeyKind::Ec(curve),
            pkcs8: wrap(&curve.algorithm_identifier(), &key),
            public: public.map(PublicKey::Ec),
        })
    }

    pub(super) fn from_ed25519_seed(
        seed: &[u8],
        public: Option<Ed25519PublicKey>,
    ) -> Result<Self, KeyError> {
        if seed.len() != 32 {
            return Err(KeyError::Malformed {
                reason: "ed25519 key length",
            });
        }
        let oid = der::element(der::OBJECT_IDENTIFIER, &[der::OID_ED25519]);
        let algorithm = der::element(der::SEQUENCE, &[&oid]);
        let key = der::element(der::OCTET_STRING, &[seed]);
        Ok(Self {
            kind: PrivateKeyKind::Ed25519,
            pkcs8: wrap(&algorithm, &key),
            public: public.map(PublicKey::Ed25519),
        })
    }

    fn from_sec1_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut key = Reader::new(der).sequence()?;
        key.read(der::INTEGER)?;
        key.read(der::OCTET_STRING)?;
        let parameters = key.read_optional(der::CONTEXT_0)?.ok_or(MALFORMED)?;
        let curve = EcCurve::from_oid(Reader::new(parameters).read(der::OBJECT_IDENTIFIER)?)?;
        Self::read_sec1(curve, der)
    }

    /// Reads ECPrivateKey, RFC 5915 section 3.
    fn read_sec1(curve: EcCurve, der: &[u8]) -> Result<Self, KeyError> {
        let mut outer = Reader::new(der);
        let mut key = outer.sequence()?;
        outer.finish()?;
        if key.unsigned()? != [1] {
            return Err(MALFORMED);
        }
        let scalar = key.read(der::OCTET_STRING)?;
        if let Some(parameters) = key.read_optional(der::CONTEXT_0)? {
            let named = Reader::new(parameters).read(der::OBJECT_IDENTIFIER)?;
            if EcCurve::from_oid(named)? != curve {
                return Err(MALFORMED);
            }
        }
        let public = match key.read_optional(der::CONTEXT_1)? {
            Some(bits) => {
                let point = Reader::new(bits).bit_string(der::BIT_STRING)?;
                Some(EcPublicKey::from_point(curve, point)?)
            }
            None => None,
        };
        key.finish()?;
        Self::from_ec_scalar(curve, scalar, public)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey({:?}, ..)", self.kind)
    }
}

/// PrivateKeyInfo of version 0.
fn wrap(algorithm: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let version = der::unsigned(&[]);
    let key = der::element(der::OCTET_STRING, &[key]);
    der::element(der::SEQUENCE, &[&version, algorithm, &key])
}

#[cfg(test)]
mod tests;
