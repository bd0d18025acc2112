//! What is read from a request's head, and what every answer carries.

use std::{borrow::Cow, net::SocketAddr, sync::Arc};

use cambist::request::{ClientCertificate, Transport};
use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{CONNECTION, TRANSFER_ENCODING},
    request::Parts,
};

use crate::{BaseUrl, Response};

/// Where a request came from. An adapter puts it into the request's extensions; without it nothing is known
/// of the caller, who then counts as foreign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Marks a request that came over TLS to the server itself. An adapter that ends TLS puts it into the request's
/// extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverTls;

/// The client certificate of the connection (RFC 8705). An adapter puts it into the request's extensions; see
/// [`ClientCertificate`] for what it vouches for.
#[derive(Clone, Debug)]
pub struct PeerCertificate(pub Arc<ClientCertificate>);

/// The text of a header. A value with bytes outside ASCII is passed on with replacement characters, so that
/// it stays present and wrong.
pub(crate) fn text(headers: &HeaderMap, name: impl Into<HeaderName>) -> Option<Cow<'_, str>> {
    let value = headers.get(name.into())?;
    Some(String::from_utf8_lossy(value.as_bytes()))
}

/// A proof of possession (RFC 9449 section 4.1).
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The nonce that the next proof must carry (RFC 9449 section 8.1).
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The text of a header that may be there once. Several are joined by commas, so that they stay present and
/// wrong.
pub(crate) fn joined<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let mut values = headers.get_all(name).iter();
    let first = String::from_utf8_lossy(values.next()?.as_bytes());
    Some(values.fold(first, |joined, value| {
        let value = String::from_utf8_lossy(value.as_bytes());
        Cow::Owned(format!("{joined}, {value}"))
    }))
}

/// How the request came. Plain HTTP from a loopback or private address under an `https` base comes from a
/// proxy that ends TLS; the proxy is trusted because the operator named that base.
pub(crate) fn transport(request: &Parts, base: &BaseUrl) -> Transport {
    if request.extensions.get::<OverTls>().is_some() {
        return Transport::Https;
    }
    let local = request
        .extensions
        .get::<Peer>()
        .is_some_and(|Peer(address)| is_local(address));
    match (local, base.is_https()) {
        (true, true) => Transport::Https,
        (true, false) => Transport::LocalHttp,
        (false, _) => Transport::Http,
    }
}

/// Loopback, link-local and private addresses (RFC 1918, RFC 4193).
fn is_local(address: &SocketAddr) -> bool {
    match address.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
    }
}

/// Whether the body came in chunks. A length beside them shows no more here, so the connection is not used again
/// (RFC 9112 section 6.1): what a proxy may have read as the body is not answered as a request.
pub(crate) fn is_chunked(request: &Parts) -> bool {
    request.version < Version::HTTP_2 && request.headers.contains_key(TRANSFER_ENCODING)
}

/// Ends the connection with this answer.
pub(crate) fn close(response: &mut Response) {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
}

/// Adds the headers that Keycloak puts on every answer. [`Service::handle`](crate::Service::handle) does it
/// by itself; answers that come from elsewhere on the same address want them too.
pub fn secure(response: &mut Response) {
    const FIXED: [(HeaderName, HeaderValue); 5] = [
        (
            http::header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (
            http::header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        ),
        (
            http::header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            http::header::X_FRAME_OPTIONS,
            HeaderValue::from_static("SAMEORIGIN"),
        ),
        (
            HeaderName::from_static("x-robots-tag"),
            HeaderValue::from_static("none"),
        ),
    ];
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn seen(peer: Option<&str>, base: &str) -> Transport {
        let mut request = Request::new(());
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        }
        transport(&request.into_parts().0, &BaseUrl::parse(base).unwrap())
    }

    #[test]
    fn only_a_near_caller_counts_as_local_or_as_a_proxy() {
        for near in [
            "127.0.0.1:1",
            "10.1.2.3:1",
            "192.168.0.9:1",
            "[::1]:1",
            "[fd00::1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert_eq!(seen(Some(near), "http://a"), Transport::LocalHttp, "{near}");
            assert_eq!(seen(Some(near), "https://a"), Transport::Https, "{near}");
        }
        for far in [Some("8.8.8.8:1"), Some("[2001:db8::1]:1"), None] {
            assert_eq!(seen(far, "http://a"), Transport::Http, "{far:?}");
            assert_eq!(seen(far, "https://a"), Transport::Http, "{far:?}");
        }
    }
}
