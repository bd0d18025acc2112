//! JSON Object Signing and Encryption, the part the core needs: signed tokens in compact form
//! (RFC 7515), keys (RFC 7517, RFC 8037) and the claims in them (RFC 7519).
//!
//! This module knows nothing of policy. Unsigned tokens, encryption (JWE), the JSON serialization,
//! detached and unencoded payloads are not written here, so no setting can switch them on.

pub mod base64url;
pub mod claims;
pub mod compact;
mod der;
pub mod header;
pub mod json;
pub(crate) mod json_writer;
pub mod jwk;
pub mod jwk_set;
mod pem;
mod private_jwk;
mod private_key;
mod public_key;
mod roca;
mod roles;
mod scalar;
mod symmetric_key;
pub mod thumbprint;

pub use claims::{ClaimsError, Strictness, TokenClaims};
pub use compact::{
    JwsError, JwsLimits, SigningInput, SigningKey, UnverifiedJws, VerificationKey, VerifiedJws,
};
pub use header::{HeaderKeys, JoseHeader, SigningHeader};
pub use json::{JsonError, JsonLimits};
pub use jwk::{Jwk, JwkError, KeyOperation, KeyUse};
pub use jwk_set::{JwkSet, JwkSetError, JwkSetLimits, PassedOver};
pub use private_jwk::{SecretJwk, SecretKey};
pub use private_key::{PrivateKey, PrivateKeyKind};
pub use public_key::{EcCurve, EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey};
pub use symmetric_key::SymmetricKey;
