//! JWK thumbprints, RFC 7638.

use alloc::{format, string::String};

use crate::{
    crypto::{CryptoProvider, HashAlgorithm},
    jose::{base64url, public_key::PublicKey},
};

/// The thumbprint of a key with SHA-256, in base64url: 43 characters.
pub fn thumbprint(key: &PublicKey, provider: &dyn CryptoProvider) -> String {
    let hash = provider.hash(HashAlgorithm::Sha256, canonical_json(key).as_bytes());
    base64url::encode(hash.as_bytes())
}

/// The required members in the order of their names, without blanks (RFC 7638 section 3, RFC 8037
/// appendix A.3). No value in it needs an escape.
pub fn canonical_json(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa(key) => format!(
            r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
            base64url::encode(key.exponent()),
            base64url::encode(key.modulus())
        ),
        PublicKey::Ec(key) => format!(
            r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
            key.curve().name(),
            base64url::encode(key.x()),
            base64url::encode(key.y())
        ),
        PublicKey::Ed25519(key) => format!(
            r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
            base64url::encode(key.as_bytes())
        ),
    }
}
