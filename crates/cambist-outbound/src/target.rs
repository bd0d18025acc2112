//! Addresses that may be asked.

use std::net::IpAddr;

use reqwest::Url;

use crate::is_public;

/// Longest address.
const MAX_BYTES: usize = 2_048;

/// An address whose spelling was checked. What its host name resolves to is checked when it is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    /// Only loopback will do.
    loopback: bool,
}

/// Why an address is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is no absolute URL, or a very long one.
    #[error("not an address")]
    Malformed,
    /// Another scheme than `https`, or `http` to another host than loopback.
    #[error("the scheme is not https")]
    Scheme,
    /// It carries a user name or a password.
    #[error("the address carries credentials")]
    Credentials,
    /// It has no host, or one that is not public.
    #[error("the host is not public")]
    Host,
}

impl Target {
    /// Checks an address; `loopback`: whether loopback may be asked, over plain HTTP too.
    ///
    /// # Errors
    ///
    /// [`TargetError`].
    pub fn parse(text: &str, loopback: bool) -> Result<Self, TargetError> {
        if text.len() > MAX_BYTES {
            return Err(TargetError::Malformed);
        }
        // The parser brings every spelling of an IPv4 address (decimal, octal, hexadecimal, shortened) to
        // the one that is checked.
        let url = Url::parse(text).map_err(|_| TargetError::Malformed)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(TargetError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        let host = url.host_str().ok_or(TargetError::Host)?;
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let is_loopback = match literal {
            Some(address) => address.to_canonical().is_loopback(),
            None => is_localhost(host),
        };
        if is_loopback {
            return match loopback {
                true => Ok(Self {
                    url,
                    loopback: true,
                }),
                false => Err(TargetError::Host),
            };
        }
        if url.scheme() != "https" {
            return Err(TargetError::Scheme);
        }
        if literal.is_some_and(|address| !is_public(address)) {
            return Err(TargetError::Host);
        }
        Ok(Self {
            url,
            loopback: false,
        })
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is one of this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// The name that means this machine (RFC 6761 section 6.3).
pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
}

/// Whether a host name may lead to this address.
pub(crate) fn may_lead_to(host: &str, address: IpAddr, loopback: bool) -> bool {
    if is_localhost(host) {
        loopback && address.to_canonical().is_loopback()
    } else {
        is_public(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r28_t193_every_spelling_of_a_private_address_is_refused() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.000.000.001",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "db.localhost",
            "%6cocalhost",
            "1%32%37.0.0.1",
            "①②⑦.⓪.⓪.①",
            "ｌｏｃａｌｈｏｓｔ",
            "10.0.0.1",
            "0xa000001",
            "167772161",
            "012.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "192.168.257",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "100.100.100.200",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::169.254.169.254]",
            "[2002:7f00:1::]",
            "[2001:0:4136:e378::1]",
            "[fd00:ec2::254]",
            "[fc00::1]",
            "[fe80::1]",
            "[ff02::1]",
        ] {
            let url = format!("https://{host}/keys");
            assert!(Target::parse(&url, false).is_err(), "{url}");
            let url = format!("https://{host}:8443/keys");
            assert!(Target::parse(&url, false).is_err(), "{url}");
        }
    }

    #[test]
    fn r65_other_schemes_are_refused() {
        for url in [
            "file:///etc/passwd",
            "ftp://example.org/keys",
            "data:application/json,{}",
            "gopher://example.org/",
            "http://example.org/keys",
            "HTTP://example.org/keys",
            "//example.org/keys",
            "example.org/keys",
            "javascript:alert(1)",
            "unix:/run/docker.sock",
            "",
        ] {
            for loopback in [false, true] {
                assert!(Target::parse(url, loopback).is_err(), "{url}");
            }
        }
    }

    #[test]
    fn credentials_and_long_addresses_are_refused() {
        assert_eq!(
            Target::parse("https://a@example.org/", false),
            Err(TargetError::Credentials)
        );
        assert_eq!(
            Target::parse("https://:p@example.org/", false),
            Err(TargetError::Credentials)
        );
        let long = format!("https://example.org/{}", "a".repeat(MAX_BYTES));
        assert_eq!(Target::parse(&long, false), Err(TargetError::Malformed));
    }

    #[test]
    fn loopback_is_asked_where_it_is_allowed_and_nothing_else_of_ones_own() {
        for url in [
            "http://127.0.0.1:8080/keys",
            "http://localhost:8080/keys",
            "http://[::1]/keys",
            "https://127.0.0.1/keys",
        ] {
            assert!(Target::parse(url, true).unwrap().is_loopback(), "{url}");
        }
        for url in [
            "http://10.0.0.1/",
            "https://10.0.0.1/",
            "http://169.254.169.254/",
            "https://169.254.169.254/",
            "http://0.0.0.0/",
            "http://8.8.8.8/",
        ] {
            assert!(Target::parse(url, true).is_err(), "{url}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for url in [
            "https://example.org/keys",
            "https://example.org:8443/keys?x=1",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
        ] {
            assert!(!Target::parse(url, false).unwrap().is_loopback(), "{url}");
        }
    }

    #[test]
    fn a_name_leads_to_public_addresses_and_localhost_to_loopback() {
        let private = "10.0.0.1".parse().unwrap();
        let own = "127.0.0.1".parse().unwrap();
        let public = "8.8.8.8".parse().unwrap();
        assert!(may_lead_to("example.org", public, false));
        for loopback in [false, true] {
            assert!(!may_lead_to("example.org", private, loopback));
            assert!(!may_lead_to("example.org", own, loopback));
            assert!(!may_lead_to("localhost", public, loopback));
        }
        assert!(may_lead_to("localhost", own, true));
        assert!(!may_lead_to("localhost", own, false));
    }
}
