//! Client authentication: who is asking.
//!
//! One file a method. The method registered is the method accepted (RFC 6749 section 2.3): what a request
//! brings beside it is not looked at.

mod client_secret;
mod error;

use alloc::boxed::Box;

pub use self::error::ClientAuthError;
use crate::{
    crypto::{CryptoProvider, Hash},
    realm::{Client, ClientAccess, ClientNo, Profile, Realm},
    request::PresentedCredentials,
    secret::Secret,
};

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

/// What proved the client's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthMethod {
    /// Nothing: the client is public.
    None,
    /// The client secret.
    ClientSecret,
}

/// Finds the client and checks what it shows.
///
/// An unknown client costs what a wrong secret costs.
///
/// # Errors
///
/// [`ClientAuthError`]; unknown, missing and disabled clients answer alike.
pub(crate) fn authenticate(
    realm: &Realm,
    presented: &PresentedCredentials,
    provider: &dyn CryptoProvider,
) -> Result<(ClientNo, ClientAuthMethod), ClientAuthError> {
    let known = presented
        .client_id
        .as_deref()
        .and_then(|id| realm.client_by_id(id));
    let Some(client) = known else {
        client_secret::spend(presented, provider);
        return Err(if presented.client_id.is_some() {
            ClientAuthError::Unknown
        } else {
            ClientAuthError::Missing
        });
    };
    if client.is_saml() {
        return Err(ClientAuthError::WrongProtocol);
    }
    if !client.enabled() {
        client_secret::spend(presented, provider);
        return Err(ClientAuthError::Disabled);
    }
    let method = prove(realm.profile(), client, presented, provider)?;
    if client.access() == ClientAccess::BearerOnly {
        return Err(ClientAuthError::BearerOnly);
    }
    Ok((client.number(), method))
}

fn prove(
    profile: Profile,
    client: &Client,
    presented: &PresentedCredentials,
    provider: &dyn CryptoProvider,
) -> Result<ClientAuthMethod, ClientAuthError> {
    if client.is_public() {
        return Ok(ClientAuthMethod::None);
    }
    match client.credential() {
        ClientCredential::Secret { digest, .. } => {
            client_secret::verify(profile, presented, digest, provider)
        }
        ClientCredential::None => {
            client_secret::spend(presented, provider);
            Err(ClientAuthError::WrongSecret)
        }
        ClientCredential::Other(_) => Err(ClientAuthError::UnsupportedMethod),
    }
}
