//! Client authentication: who is asking.
//!
//! One file a method. The method registered is the method accepted (RFC 6749 section 2.3): what a request
//! brings beside it is not looked at.

mod assertion;
mod client_secret;
mod distinguished_name;
mod error;
mod federated;
mod tls;

use alloc::boxed::Box;

pub(crate) use self::tls::ShownCertificate;
pub use self::{
    assertion::{AssertionError, AssertionKeys, AssertionKind, JWT_BEARER},
    error::ClientAuthError,
    federated::{FederatedClient, FederatedClientError, JWT_SPIFFE},
    tls::CertificateRule,
};
use crate::{
    crypto::{Algorithm, CryptoProvider, Hash},
    effects::Effect,
    jose::JwsLimits,
    moment::Moment,
    outside::{IssuerKeys, KeysNeeded},
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
    /// A token that the client signs (RFC 7523 section 2.2).
    Assertion(AssertionKeys),
    /// A certificate in the TLS handshake (RFC 8705 section 2).
    Certificate(CertificateRule),
    /// A token of an identity provider (RFC 7523 section 2.2).
    Federated(FederatedClient),
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
    /// A token signed with a key of the client.
    PrivateKeyJwt,
    /// A token signed with the client secret.
    ClientSecretJwt,
    /// A certificate of a trusted authority (`tls_client_auth`).
    Certificate,
    /// A certificate registered with the client (`self_signed_tls_client_auth`).
    SelfSignedCertificate,
    /// A token of an identity provider that vouches for the client.
    FederatedJwt,
}

impl ClientAuthMethod {
    /// Keycloak's name for whatever checks it; `none` for a public client.
    #[must_use]
    pub const fn authenticator(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecret => "client-secret",
            Self::PrivateKeyJwt => "client-jwt",
            Self::ClientSecretJwt => "client-secret-jwt",
            Self::Certificate => "client-x509",
            Self::SelfSignedCertificate => "client-x509-self-signed",
            Self::FederatedJwt => "federated-jwt",
        }
    }
}

/// What has held of a client's proof. What was offered besides does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientProof {
    /// How the client has proved itself.
    pub method: ClientAuthMethod,
    /// The algorithm of the assertion that it signed.
    pub algorithm: Option<Algorithm>,
}

/// What a request shows of its client, and what it takes to judge that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presentation<'a> {
    pub(crate) credentials: &'a PresentedCredentials,
    pub(crate) certificate: Option<&'a ShownCertificate>,
    /// What the client publishes at the address that it registered.
    pub(crate) fetched_keys: Option<&'a IssuerKeys>,
    pub(crate) issuer: &'a str,
    pub(crate) moment: Moment,
    pub(crate) limits: &'a JwsLimits,
    pub(crate) provider: &'a dyn CryptoProvider,
}

/// How a client proved itself.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) method: ClientAuthMethod,
    pub(crate) algorithm: Option<Algorithm>,
    /// What the proof uses up, to be committed whatever the answer is.
    pub(crate) used: Option<Effect>,
}

impl Proof {
    const fn lasting(method: ClientAuthMethod) -> Self {
        Self {
            method,
            algorithm: None,
            used: None,
        }
    }
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
    presentation: &Presentation<'_>,
) -> Result<(ClientNo, Proof), ClientAuthError> {
    let presented = presentation.credentials;
    let spend = || client_secret::spend(presented, presentation.provider);
    let client = match presented.client_id.as_deref() {
        Some(id) => realm.client_by_id(id).ok_or(ClientAuthError::Unknown),
        None => named_by_assertion(realm, presented, presentation.limits)
            .ok_or(ClientAuthError::Missing),
    }
    .inspect_err(|_| spend())?;
    if client.is_saml() {
        return Err(ClientAuthError::WrongProtocol);
    }
    if !client.enabled() {
        spend();
        return Err(ClientAuthError::Disabled);
    }
    if realm.profile() == Profile::Strict {
        single(client, presented)?;
    }
    let proof = prove(realm, client, presentation)?;
    if client.access() == ClientAccess::BearerOnly {
        return Err(ClientAuthError::BearerOnly);
    }
    Ok((client.number(), proof))
}

/// The keys that must be fetched before the client of a request can be believed: those of a client that registered
/// an address for them.
pub(crate) fn keys_needed(
    realm: &Realm,
    credentials: &PresentedCredentials,
    limits: &JwsLimits,
) -> Option<KeysNeeded> {
    let client = match credentials.client_id.as_deref() {
        Some(id) => realm.client_by_id(id)?,
        None => named_by_assertion(realm, credentials, limits)?,
    };
    match client.credential() {
        ClientCredential::Assertion(keys) if client.enabled() && !client.is_public() => {
            assertion::keys_needed(client.client_id(), keys, credentials, limits)
        }
        ClientCredential::Federated(federated) if client.enabled() && !client.is_public() => {
            federated::keys_needed(realm, federated, credentials, limits)
        }
        _ => None,
    }
}

/// One client and one method a request (RFC 6749 section 2.3). A certificate beside a secret is no second method, as it
/// may be what tokens are bound to; a secret beside the certificate of a client that proves itself by that is.
fn single(client: &Client, presented: &PresentedCredentials) -> Result<(), ClientAuthError> {
    if presented.two_clients {
        return Err(ClientAuthError::SeveralClients);
    }
    let certificate = matches!(client.credential(), ClientCredential::Certificate(_));
    if presented.shown.saturating_add(usize::from(certificate)) > 1 {
        return Err(ClientAuthError::SeveralMethods);
    }
    Ok(())
}

/// The client that an assertion names. One that is not registered for assertions cannot be named so.
fn named_by_assertion<'r>(
    realm: &'r Realm,
    presented: &PresentedCredentials,
    limits: &JwsLimits,
) -> Option<&'r Client> {
    let kind = presented.assertion_type.as_deref();
    if kind == Some(JWT_BEARER)
        && let Ok(id) = assertion::named_client(presented.assertion.as_deref()?, limits)
    {
        return realm
            .client_by_id(&id)
            .filter(|client| matches!(client.credential(), ClientCredential::Assertion(_)));
    }
    // What is not by and about one client may be by an issuer about it.
    federated::named(realm, presented, limits)
}

fn prove(
    realm: &Realm,
    client: &Client,
    presentation: &Presentation<'_>,
) -> Result<Proof, ClientAuthError> {
    if client.is_public() {
        return Ok(Proof::lasting(ClientAuthMethod::None));
    }
    let presented = presentation.credentials;
    match client.credential() {
        ClientCredential::Secret { digest, .. } => {
            client_secret::verify(realm.profile(), presented, digest, presentation.provider)
                .map(Proof::lasting)
        }
        ClientCredential::Assertion(keys) => {
            Ok(assertion::verify(client.client_id(), keys, presentation)?)
        }
        ClientCredential::Certificate(rule) => rule.verify(presentation.certificate),
        ClientCredential::Federated(federated) => {
            Ok(federated::verify(realm, client, federated, presentation)?)
        }
        ClientCredential::None => {
            client_secret::spend(presented, presentation.provider);
            Err(ClientAuthError::WrongSecret)
        }
        ClientCredential::Other(_) => Err(ClientAuthError::UnsupportedMethod),
    }
}
