//! What surrounds the form.

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
    /// Address of the caller, as text.
    pub remote_address: Option<&'a str>,
    /// Whether the realm's SSL setting is satisfied: HTTPS, or plain HTTP from an address that the
    /// adapter counts as local.
    pub transport: Transport,
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
