//! `client_secret_basic` and `client_secret_post` (RFC 6749 section 2.3.1).

use subtle::ConstantTimeEq;

use super::{ClientAuthError, ClientAuthMethod};
use crate::{
    crypto::{CryptoProvider, Hash, HashAlgorithm},
    realm::Profile,
    request::PresentedCredentials,
    secret::Secret,
};

/// Compares the SHA-256 of what was presented with the registered one, in constant time.
///
/// Profile `keycloak` takes the form-encoded dialect of `Basic` only, as Keycloak does (recorded:
/// `plus-basic-raw`, `percent-basic-raw`); profile `strict` also takes the raw one that curl sends.
pub(super) fn verify(
    profile: Profile,
    presented: &PresentedCredentials,
    registered: &Hash,
    provider: &dyn CryptoProvider,
) -> Result<ClientAuthMethod, ClientAuthError> {
    let raw = presented
        .raw_secret
        .as_ref()
        .filter(|_| profile == Profile::Strict);
    if presented.secret.is_none() && presented.raw_secret.is_some() && raw.is_none() {
        return Err(ClientAuthError::Undecodable);
    }
    let matches = |secret: Option<&Secret>| {
        secret.is_some_and(|secret| {
            let digest = provider.hash(HashAlgorithm::Sha256, secret.expose().as_bytes());
            bool::from(digest.as_bytes().ct_eq(registered.as_bytes()))
        })
    };
    // Both are compared whatever the first says.
    if matches(presented.secret.as_ref()) | matches(raw) {
        Ok(ClientAuthMethod::ClientSecret)
    } else {
        Err(ClientAuthError::WrongSecret)
    }
}

/// Spends what a comparison costs, for a client that is not there.
pub(super) fn spend(presented: &PresentedCredentials, provider: &dyn CryptoProvider) {
    let secret = presented.secret.as_ref().map_or("", Secret::expose);
    let digest = provider.hash(HashAlgorithm::Sha256, secret.as_bytes());
    let _ = bool::from(digest.as_bytes().ct_eq(&[0; 32]));
}
