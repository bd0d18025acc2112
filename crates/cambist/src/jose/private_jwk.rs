//! Private and symmetric keys as JSON, RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 8037.

use alloc::{string::String, vec::Vec};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    crypto::{Algorithm, CryptoProvider, KeyError},
    jose::{
        compact::{SigningKey, VerificationKey},
        json::{self, JsonLimits},
        jwk::{JwkError, KeyOperation, KeyUse, Members, check_declarations},
        private_key::PrivateKey,
        public_key::PublicKey,
        symmetric_key::SymmetricKey,
    },
};

/// A JWK that holds a secret. It can be read, never written.
#[derive(Debug, Clone)]
pub struct SecretJwk {
    /// The key.
    pub key: SecretKey,
    /// `kid`.
    pub key_id: Option<String>,
    /// `alg`; when there, the only algorithm that the key may be used with.
    pub algorithm: Option<Algorithm>,
    /// `use`.
    pub key_use: Option<KeyUse>,
    /// `key_ops`; empty when absent.
    pub key_operations: Vec<KeyOperation>,
}

/// The secret in a JWK.
#[derive(Debug, Clone)]
pub enum SecretKey {
    /// Of key type `RSA`, `EC` or `OKP`.
    Private(PrivateKey),
    /// Of key type `oct`.
    Symmetric(SymmetricKey),
}

impl SecretJwk {
    /// Reads a key from its JSON text. An RSA key must have both primes and all three numbers that
    /// go with them.
    ///
    /// # Errors
    ///
    /// See [`JwkError`].
    pub fn parse(text: &str, limits: &JsonLimits) -> Result<Self, JwkError> {
        Self::from_value(&json::parse(text, limits).map_err(JwkError::Json)?)
    }

    /// Reads a key from a JSON value, which must come from a strict reader such as [`json::parse`].
    ///
    /// # Errors
    ///
    /// See [`JwkError`].
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let members = Members::new(value)?;
        Ok(Self {
            key: secret_key(members)?,
            key_id: members.owned_text("kid")?,
            algorithm: members.algorithm()?,
            key_use: members.key_use()?,
            key_operations: members.key_operations()?,
        })
    }

    /// Makes the key ready to sign tokens with one algorithm. A key without `kid` gets the empty one.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the key may not be used so, or the provider refuses it.
    pub fn signing_key(
        &self,
        algorithm: Algorithm,
        provider: &dyn CryptoProvider,
    ) -> Result<SigningKey, KeyError> {
        self.permits(algorithm, &KeyOperation::Sign)?;
        let signer = match &self.key {
            SecretKey::Private(key) => provider.signer(algorithm, key)?,
            SecretKey::Symmetric(secret) => provider.hmac(algorithm, secret)?.signer,
        };
        Ok(SigningKey {
            key_id: self.key_id.clone().unwrap_or_default(),
            algorithm,
            signer,
        })
    }

    /// Makes the key ready to check tokens of one algorithm. A key without `kid` gets the empty one.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the key may not be used so, or the provider refuses it.
    pub fn verification_key(
        &self,
        algorithm: Algorithm,
        provider: &dyn CryptoProvider,
    ) -> Result<VerificationKey, KeyError> {
        self.permits(algorithm, &KeyOperation::Verify)?;
        let verifier = match &self.key {
            SecretKey::Private(key) => provider.verifier(algorithm, &key.public_key(provider)?)?,
            SecretKey::Symmetric(secret) => provider.hmac(algorithm, secret)?.verifier,
        };
        Ok(VerificationKey {
            key_id: self.key_id.clone().unwrap_or_default(),
            algorithm,
            verifier,
        })
    }

    fn permits(&self, algorithm: Algorithm, operation: &KeyOperation) -> Result<(), KeyError> {
        check_declarations(
            algorithm,
            self.algorithm,
            self.key_use.as_ref(),
            &self.key_operations,
            operation,
        )
    }
}

fn secret_key(members: Members<'_>) -> Result<SecretKey, JwkError> {
    let secret = |name| members.bytes(name).map(Zeroizing::new);
    if members.text("kty")? == Some("oct") {
        return Ok(SecretKey::Symmetric(SymmetricKey::new(members.bytes("k")?)));
    }
    let private = match members.public_key()? {
        PublicKey::Rsa(public) => {
            if members.has("oth") {
                return Err(JwkError::Member { name: "oth" });
            }
            let [d, p, q] = [secret("d")?, secret("p")?, secret("q")?];
            let [dp, dq, qi] = [secret("dp")?, secret("dq")?, secret("qi")?];
            PrivateKey::from_rsa_components([
                public.modulus(),
                public.exponent(),
                &d,
                &p,
                &q,
                &dp,
                &dq,
                &qi,
            ])
        }
        PublicKey::Ec(public) => {
            let scalar = secret("d")?;
            // RFC 7518 section 6.2.2.1 fixes the length.
            if scalar.len() != public.curve().coordinate_length() {
                return Err(JwkError::Member { name: "d" });
            }
            PrivateKey::from_ec_scalar(public.curve(), &scalar, Some(public))
        }
        PublicKey::Ed25519(public) => PrivateKey::from_ed25519_seed(&secret("d")?, Some(public)),
    };
    private.map(SecretKey::Private).map_err(JwkError::Key)
}
