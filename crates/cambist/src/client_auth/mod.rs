//! Client authentication: who is asking.

use alloc::boxed::Box;

use crate::{crypto::Hash, secret::Secret};

/// How a client proves who it is, as registered.
#[derive(Clone, Debug)]
pub enum ClientCredential {
    /// Not at all: a public client, or one without a credential.
    None,
    /// A client secret (RFC 6749 section 2.3.1); its SHA-256 is kept for a comparison in constant time.
    Secret {
        /// The secret, for those who may read it.
        secret: Secret,
        /// SHA-256 of the secret.
        digest: Hash,
    },
    /// Any other method, by Keycloak's name.
    Other(Box<str>),
}
