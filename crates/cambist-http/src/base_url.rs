//! The addresses that this server answers under.

use std::fmt;

use http::{HeaderMap, Uri, header::HOST, request::Parts, uri::Scheme};

/// The start of every address of the server, such as `https://login.example.org`, without a slash at the
/// end. It stands in the issuer of every token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    text: Box<str>,
    authority: Box<str>,
    https: bool,
}

/// Why a text is no base address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is no address at all.
    #[error("{text:?} is no address")]
    NotAnAddress {
        /// The text.
        text: String,
    },
    /// The scheme is neither `http` nor `https`.
    #[error("{text:?} is neither an http nor an https address")]
    Scheme {
        /// The text.
        text: String,
    },
    /// It has a path, a query, or a user before the host.
    #[error("{text:?} has more than scheme, host and port")]
    Surplus {
        /// The text.
        text: String,
    },
    /// No address at all was given.
    #[error("there is no base address")]
    Empty,
}

impl BaseUrl {
    /// Reads an address of scheme, host and port. A slash at the end is taken off, letters become small.
    ///
    /// # Errors
    ///
    /// [`BaseUrlError`], naming the text.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let owned = || text.to_owned();
        let uri: Uri = text
            .trim_end_matches('/')
            .parse()
            .map_err(|_| BaseUrlError::NotAnAddress { text: owned() })?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(BaseUrlError::NotAnAddress { text: owned() });
        };
        let https = *scheme == Scheme::HTTPS;
        if !https && *scheme != Scheme::HTTP {
            return Err(BaseUrlError::Scheme { text: owned() });
        }
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        if !matches!(path, "" | "/") || authority.as_str().contains('@') {
            return Err(BaseUrlError::Surplus { text: owned() });
        }
        let default_port = if https { ":443" } else { ":80" };
        let authority = authority.as_str().to_ascii_lowercase();
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        Ok(Self {
            text: format!("{scheme}://{authority}").into(),
            authority: authority.into(),
            https,
        })
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether callers reach the server over TLS under this address.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether this `Host` header, or authority of HTTP/2, means this address.
    fn is_meant_by(&self, host: &str) -> bool {
        let default_port = if self.https { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        self.authority.eq_ignore_ascii_case(host)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// All addresses of the server, at least one.
///
/// A request's `Host` chooses among them and can do nothing else: whoever sends a strange one gets the
/// first, so no header ever reaches the issuer of a token.
#[derive(Clone, Debug)]
pub struct BaseUrls {
    first: BaseUrl,
    others: Vec<BaseUrl>,
}

impl BaseUrls {
    /// The addresses, the one for requests without a known `Host` first.
    ///
    /// # Errors
    ///
    /// [`BaseUrlError::Empty`] when there is none.
    pub fn new(addresses: impl IntoIterator<Item = BaseUrl>) -> Result<Self, BaseUrlError> {
        let mut addresses = addresses.into_iter();
        let first = addresses.next().ok_or(BaseUrlError::Empty)?;
        Ok(Self {
            first,
            others: addresses.collect(),
        })
    }

    /// The address for requests without a known `Host`.
    #[must_use]
    pub fn first(&self) -> &BaseUrl {
        &self.first
    }

    /// All addresses.
    pub fn iter(&self) -> impl Iterator<Item = &BaseUrl> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The address that the request means.
    #[must_use]
    pub fn of(&self, request: &Parts) -> &BaseUrl {
        let host = request
            .uri
            .authority()
            .map(http::uri::Authority::as_str)
            .or_else(|| host(&request.headers));
        host.and_then(|host| self.iter().find(|base| base.is_meant_by(host)))
            .unwrap_or(&self.first)
    }
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn base(text: &str) -> Result<String, BaseUrlError> {
        BaseUrl::parse(text).map(|base| base.to_string())
    }

    #[test]
    fn only_scheme_host_and_port_are_taken() {
        assert_eq!(
            base("http://LOCALHOST:8080/").unwrap(),
            "http://localhost:8080"
        );
        assert_eq!(
            base("https://login.example.org:443").unwrap(),
            "https://login.example.org"
        );
        assert_eq!(base("http://[::1]:80").unwrap(), "http://[::1]");
        for surplus in ["http://a/auth", "http://a?b=c", "http://user@a"] {
            assert!(
                matches!(base(surplus), Err(BaseUrlError::Surplus { .. })),
                "{surplus}"
            );
        }
        assert!(matches!(base("ftp://a"), Err(BaseUrlError::Scheme { .. })));
        for nothing in ["", "localhost", "/realms", "http://", "http://a b"] {
            assert!(
                matches!(base(nothing), Err(BaseUrlError::NotAnAddress { .. })),
                "{nothing}"
            );
        }
    }

    #[test]
    fn the_host_chooses_among_known_addresses_only() {
        let bases = BaseUrls::new(
            [
                "http://127.0.0.1:8080",
                "http://localhost:8080",
                "https://login.example",
            ]
            .map(|text| BaseUrl::parse(text).unwrap()),
        )
        .unwrap();
        let chosen = |host: Option<&str>| {
            let mut request = Request::builder().uri("/realms/a");
            if let Some(host) = host {
                request = request.header(HOST, host);
            }
            bases
                .of(&request.body(()).unwrap().into_parts().0)
                .to_string()
        };
        assert_eq!(chosen(Some("localhost:8080")), "http://localhost:8080");
        assert_eq!(chosen(Some("LocalHost:8080")), "http://localhost:8080");
        assert_eq!(chosen(Some("login.example:443")), "https://login.example");
        for strange in [
            Some("evil.example"),
            Some("localhost"),
            Some("localhost:80"),
            None,
        ] {
            assert_eq!(chosen(strange), "http://127.0.0.1:8080", "{strange:?}");
        }
    }

    #[test]
    fn an_empty_list_is_refused() {
        assert_eq!(BaseUrls::new([]).unwrap_err(), BaseUrlError::Empty);
    }
}
