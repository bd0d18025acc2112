//! Client certificates (RFC 8705), as an adapter hands them in.

use alloc::{boxed::Box, vec::Vec};

/// The certificate that a client showed in the TLS handshake. Its holder has proved there that it has the
/// private key; an adapter that takes one out of a header vouches that a proxy it trusts has seen to that.
///
/// Names are read by the adapter, since the core reads no certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// The distinguished name of its subject, in the form of RFC 4514: the most specific part first.
    pub subject: Box<str>,
    /// Its subject alternative names (RFC 5280 section 4.2.1.6).
    pub alternatives: Vec<AlternativeName>,
    /// Whether it leads up to an authority that the operator trusts, and is in its time.
    pub trusted: bool,
}

/// A subject alternative name. Kinds that RFC 8705 does not use are left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlternativeName {
    /// `dNSName`.
    Dns(Box<str>),
    /// `uniformResourceIdentifier`.
    Uri(Box<str>),
    /// `iPAddress`, as `192.0.2.1` or `2001:db8::1` (RFC 5952).
    Address(Box<str>),
    /// `rfc822Name`.
    Email(Box<str>),
}
