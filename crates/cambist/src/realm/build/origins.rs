//! Web origins of a client.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use crate::realm::document::ClientDocument;

/// Stands for the origins of the redirect addresses.
const REDIRECT_ORIGINS: &str = "+";

/// Root addresses that stand for the server's own.
const SERVER: [&str; 2] = ["${authBaseUrl}", "${authAdminUrl}"];

/// The origins that a client may be used from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins {
    /// Those with a name, each once.
    pub(super) named: Box<[Box<str>]>,
    /// The server's own is one of them, whatever it is called.
    pub(super) server: bool,
}

/// The origins, with those of the redirect addresses in place of `+`. A redirect address that is relative has the
/// origin of the root address, without one that of the server.
pub(super) fn resolve(client: &ClientDocument) -> Origins {
    let mut named: Vec<Box<str>> = Vec::with_capacity(client.web_origins.len());
    let mut server = false;
    let mut add = |origin: &str| {
        if !named.iter().any(|known| **known == *origin) {
            named.push(origin.into());
        }
    };
    let root = client.root_url.as_deref().unwrap_or_default();
    let under_server = root.is_empty() || SERVER.contains(&root);
    for origin in &client.web_origins {
        if origin != REDIRECT_ORIGINS {
            add(origin);
            continue;
        }
        for redirect in &client.redirect_uris {
            let relative = redirect.starts_with('/');
            if relative && under_server {
                server = true;
                continue;
            }
            let address = match relative {
                true => format!("{root}{redirect}"),
                false => redirect.clone(),
            };
            if let Some(origin) = origin_of(&address) {
                add(&origin);
            }
        }
    }
    Origins {
        named: named.into(),
        server,
    }
}

/// Scheme, host and port of an HTTP address, the default port left out (RFC 6454 section 6.2).
pub(crate) fn origin_of(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
        .to_ascii_lowercase();
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain)).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::ToOwned, vec::Vec};

    use super::resolve;
    use crate::realm::document::ClientDocument;

    fn origins(
        root: Option<&str>,
        redirects: &[&str],
        origins: &[&str],
    ) -> Vec<alloc::string::String> {
        let mut client = ClientDocument::named("c");
        client.root_url = root.map(ToOwned::to_owned);
        client.redirect_uris = redirects.iter().map(|text| (*text).to_owned()).collect();
        client.web_origins = origins.iter().map(|text| (*text).to_owned()).collect();
        let found = resolve(&client);
        let server = found.server.then(|| "the server".into());
        let named = found.named.iter().cloned();
        named
            .chain(server)
            .map(|origin: alloc::boxed::Box<str>| (*origin).to_owned())
            .collect()
    }

    #[test]
    fn plus_stands_for_the_origins_of_the_redirect_addresses() {
        let redirects = [
            "https://App.example/*",
            "https://app.example:443/other",
            "http://localhost:8080/*",
            "app.example/x",
            "custom:/cb",
            "https://*",
        ];
        assert_eq!(
            origins(None, &redirects, &["+", "https://extra.example"]),
            [
                "https://app.example",
                "http://localhost:8080",
                "https://extra.example"
            ]
        );
    }

    #[test]
    fn without_plus_the_list_is_taken_as_it_is() {
        assert_eq!(
            origins(None, &["https://app.example/*"], &["*", "*"]),
            ["*"]
        );
        assert!(origins(None, &["https://app.example/*"], &[]).is_empty());
    }

    #[test]
    fn a_relative_address_has_the_origin_of_the_root() {
        assert_eq!(
            origins(Some("https://r.example/base"), &["/cb"], &["+"]),
            ["https://r.example"]
        );
    }

    /// claims/origins.
    #[test]
    fn without_a_root_a_relative_address_has_the_origin_of_the_server() {
        for root in [
            None,
            Some(""),
            Some("${authBaseUrl}"),
            Some("${authAdminUrl}"),
        ] {
            assert_eq!(
                origins(root, &["/cb", "https://b.example/x"], &["+"]),
                ["https://b.example", "the server"],
                "{root:?}"
            );
        }
        assert!(origins(None, &["/cb"], &["https://a.example"]) == ["https://a.example"]);
    }
}
