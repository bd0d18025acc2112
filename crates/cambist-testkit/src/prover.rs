//! Makes DPoP proofs (RFC 9449), good ones and any others.

use std::sync::Arc;

use cambist::{
    crypto::{Algorithm, CryptoProvider, KeyError, ProviderError, Signer},
    jose::{Jwk, PrivateKey, base64url},
};
use serde_json::{Value, json};

/// A client's key for proofs. Whatever it is told to write it writes, so it serves for wrong proofs too.
#[derive(Clone, Debug)]
pub struct Prover {
    signer: Arc<dyn Signer>,
    header: Value,
    thumbprint: String,
}

impl Prover {
    /// With this key.
    ///
    /// # Errors
    ///
    /// Key and algorithm do not go together, or the provider refuses the key.
    pub fn new(
        algorithm: Algorithm,
        key: &PrivateKey,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, KeyError> {
        let jwk = Jwk::new(provider.public_key(key)?);
        Ok(Self {
            signer: provider.signer(algorithm, key)?,
            thumbprint: jwk.thumbprint(provider),
            header: json!({"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk}),
        })
    }

    /// Thumbprint of the key, as it stands in `cnf` of a token.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The header of a good proof.
    #[must_use]
    pub fn header(&self) -> Value {
        self.header.clone()
    }

    /// The claims of a good proof for `POST` at the token endpoint of this issuer.
    #[must_use]
    pub fn claims(issuer: &str, now: i64, id: &str) -> Value {
        json!({
            "htm": "POST", "htu": format!("{issuer}/protocol/openid-connect/token"),
            "iat": now, "jti": id,
        })
    }

    /// A proof with these claims.
    ///
    /// # Errors
    ///
    /// The signer fails.
    pub fn prove(&self, claims: &Value) -> Result<String, ProviderError> {
        self.sign(&self.header, claims)
    }

    /// A proof with this header and these claims.
    ///
    /// # Errors
    ///
    /// The signer fails.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String, ProviderError> {
        let [header, claims] =
            [header, claims].map(|part| base64url::encode(part.to_string().as_bytes()));
        let input = format!("{header}.{claims}");
        let mut signature = Vec::new();
        self.signer.sign(input.as_bytes(), &mut signature)?;
        Ok(format!("{input}.{}", base64url::encode(&signature)))
    }
}
