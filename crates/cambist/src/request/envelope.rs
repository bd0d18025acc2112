//! What surrounds the form.

use alloc::sync::Arc;

use super::ClientCertificate;
use crate::{
    outside::IssuerKeys,
    realm::{Realm, settings::SslRequired},
};

/// What an adapter knows of a request beside its body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Envelope<'a> {
    /// The realm's issuer, `{base}/realms/{realm}`. The base comes from configuration, never from the
    /// request (a `Host` header may choose among configured ones).
    pub issuer: &'a str,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The `Origin` header.
    pub origin: Option<&'a str>,
    /// The `Accept` header.
    pub accept: Option<&'a str>,
    /// The method, in capitals. Default: `POST`, the only one of the token endpoint.
    pub method: Option<&'a str>,
    /// The `DPoP` header (RFC 9449 section 4.1); several are joined by commas, and so refused.
    pub proof: Option<&'a str>,
    /// The client certificate of the connection (RFC 8705).
    pub certificate: Option<&'a ClientCertificate>,
    /// What the client publishes at the address that it registered for its keys, where
    /// [`Engine::client_keys_needed`](crate::engine::Engine::client_keys_needed) asks for it.
    pub client_keys: Option<&'a Arc<IssuerKeys>>,
    /// Address of the caller, as text.
    pub remote_address: Option<&'a str>,
    /// Whether the realm's SSL setting is satisfied: HTTPS, or plain HTTP from an address that the
    /// adapter counts as local.
    pub transport: Transport,
}

impl Envelope<'_> {
    /// The method of the request.
    pub(crate) fn method(&self) -> &str {
        self.method.unwrap_or("POST")
    }

    /// Whether the realm's SSL setting is satisfied.
    #[must_use]
    pub fn is_secure_for(&self, realm: &Realm) -> bool {
        match realm.ssl_required() {
            SslRequired::None => true,
            SslRequired::External => self.transport != Transport::Http,
            SslRequired::All => self.transport == Transport::Https,
        }
    }

    /// The body where it is called a form, nothing where it is called anything else: Keycloak reads that as
    /// an empty form, and answers 415 nowhere. The media type counts in small letters only.
    #[must_use]
    pub fn form_of<'b>(&self, body: &'b [u8]) -> &'b [u8] {
        let kind = self
            .content_type
            .and_then(|value| value.split(';').next())
            .map(str::trim);
        if kind == Some("application/x-www-form-urlencoded") {
            body
        } else {
            &[]
        }
    }
}

/// How the request came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Over TLS.
    Https,
    /// Plain, from a loopback or private address.
    #[default]
    LocalHttp,
    /// Plain, from anywhere else.
    Http,
}
