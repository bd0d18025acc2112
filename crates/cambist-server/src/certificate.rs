//! Client certificates: their names, and the header in which a proxy hands one over.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::request::{AlternativeName, ClientCertificate};
use http::{HeaderMap, HeaderName};
use x509_parser::{extensions::GeneralName, prelude::*};

/// Longest header read, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1_024;

/// The header of RFC 9440. Any other holds the certificate as nginx's `$ssl_client_escaped_cert` does.
const CLIENT_CERT: &str = "client-cert";

/// In which header which proxies hand client certificates over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateHeader {
    /// The header. `client-cert` has the form of RFC 9440: base64 of the DER between colons. Any other has
    /// PEM, percent-encoded.
    pub name: HeaderName,
    /// Addresses of the proxies. From anybody else the header is not looked at.
    pub proxies: Vec<IpAddr>,
}

/// Why a certificate was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client certificate cannot be read")]
pub(crate) struct Unreadable;

impl CertificateHeader {
    /// The certificate that came in the header, if this peer may hand one over. An empty header is none.
    pub(crate) fn read(
        &self,
        headers: &HeaderMap,
        peer: IpAddr,
        trusted: bool,
    ) -> Result<Option<Arc<ClientCertificate>>, Unreadable> {
        if !self.proxies.contains(&peer.to_canonical()) {
            return Ok(None);
        }
        let mut values = headers.get_all(&self.name).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() || value.len() > MAX_HEADER_BYTES {
            return Err(Unreadable);
        }
        let text = value.to_str().map_err(|_| Unreadable)?.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let der = if self.name == CLIENT_CERT {
            from_structured(text)
        } else {
            from_escaped_pem(text)
        };
        read(&der.ok_or(Unreadable)?, trusted).map(Some)
    }
}

/// A byte sequence of RFC 8941 section 3.3.5.
fn from_structured(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix(':')?.strip_suffix(':')?;
    STANDARD.decode(text).ok()
}

/// Exactly one certificate in PEM.
fn from_escaped_pem(text: &str) -> Option<Vec<u8>> {
    let text = unescaped(text)?;
    let text = text.trim();
    let body = text
        .strip_prefix("-----BEGIN CERTIFICATE-----")?
        .strip_suffix("-----END CERTIFICATE-----")?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

/// Percent signs undone; a plus sign stays one.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            let digits = std::str::from_utf8(&digits).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// Reads the names in a certificate.
pub(crate) fn read(der: &[u8], trusted: bool) -> Result<Arc<ClientCertificate>, Unreadable> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Unreadable)?;
    if !rest.is_empty() {
        return Err(Unreadable);
    }
    let alternatives = certificate
        .subject_alternative_name()
        .map_err(|_| Unreadable)?;
    let alternatives = alternatives.map_or_else(Vec::new, |extension| {
        let names = extension.value.general_names.iter();
        names.filter_map(alternative).collect()
    });
    Ok(Arc::new(ClientCertificate {
        der: der.to_vec(),
        subject: name(certificate.subject()).into(),
        alternatives,
        trusted,
    }))
}

fn alternative(name: &GeneralName<'_>) -> Option<AlternativeName> {
    Some(match name {
        GeneralName::DNSName(name) => AlternativeName::Dns((*name).into()),
        GeneralName::URI(name) => AlternativeName::Uri((*name).into()),
        GeneralName::RFC822Name(name) => AlternativeName::Email((*name).into()),
        GeneralName::IPAddress(bytes) => AlternativeName::Address(address(bytes)?.into()),
        _ => return None,
    })
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(bytes).to_string());
    }
    let bytes = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(bytes).to_string())
}

/// RFC 4514: the last part first, types as numbers, everything special escaped. A value that is no text makes
/// a name that nothing equals.
fn name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|part| {
            let pairs: Vec<String> = part
                .iter()
                .map(|pair| match pair.as_str() {
                    Ok(value) => format!("{}={}", pair.attr_type().to_id_string(), escaped(value)),
                    Err(_) => format!("{}=#", pair.attr_type().to_id_string()),
                })
                .collect();
            pairs.join("+")
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

/// Every byte that is no letter or digit as two hexadecimal digits (RFC 4514 section 2.4).
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "\\{byte:02X}");
        }
    }
    out
}
