//! Secrets for HMAC.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::crypto::{Algorithm, KeyError};

/// A secret shared by those who sign and those who verify; wiped when dropped.
///
/// It is a type of its own so that the bytes of a public key can never serve as one.
#[derive(Clone)]
pub struct SymmetricKey {
    secret: Zeroizing<Vec<u8>>,
}

impl SymmetricKey {
    /// Takes the bytes of a secret over. Its length is judged where an algorithm is chosen.
    pub fn new(secret: Vec<u8>) -> Self {
        Self {
            secret: Zeroizing::new(secret),
        }
    }

    /// The secret, for a provider to build its key from.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlgorithmUnsuitable`] when the algorithm is no HMAC,
    /// [`KeyError::SecretTooShort`] when the secret is shorter than the hash (RFC 7518 section 3.2).
    pub fn secret_for(&self, algorithm: Algorithm) -> Result<&[u8], KeyError> {
        if !algorithm.is_symmetric() {
            return Err(KeyError::AlgorithmUnsuitable { algorithm });
        }
        let needed = algorithm.hash().length();
        let bytes = self.secret.len();
        if bytes < needed {
            return Err(KeyError::SecretTooShort {
                algorithm,
                bytes,
                needed,
            });
        }
        Ok(&self.secret)
    }

    /// The bytes of the secret, for storage in a place fit for secrets.
    pub fn expose_secret(&self) -> &[u8] {
        &self.secret
    }
}

impl From<Vec<u8>> for SymmetricKey {
    fn from(secret: Vec<u8>) -> Self {
        Self::new(secret)
    }
}

impl fmt::Debug for SymmetricKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SymmetricKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use super::*;

    #[test]
    fn t057_a_secret_must_be_as_long_as_the_hash() {
        for (algorithm, needed) in [
            (Algorithm::Hs256, 32),
            (Algorithm::Hs384, 48),
            (Algorithm::Hs512, 64),
        ] {
            let short = SymmetricKey::new(vec![1; needed - 1]);
            assert_eq!(
                short.secret_for(algorithm),
                Err(KeyError::SecretTooShort {
                    algorithm,
                    bytes: needed - 1,
                    needed
                })
            );
            assert!(
                SymmetricKey::new(vec![1; needed])
                    .secret_for(algorithm)
                    .is_ok()
            );
        }
    }

    #[test]
    fn a_secret_serves_no_public_key_algorithm() {
        let key = SymmetricKey::new(vec![1; 64]);
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            assert_eq!(
                key.secret_for(algorithm),
                Err(KeyError::AlgorithmUnsuitable { algorithm })
            );
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        assert_eq!(
            format!("{:?}", SymmetricKey::new(vec![65; 64])),
            "SymmetricKey(..)"
        );
    }
}
