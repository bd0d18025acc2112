//! Keycloak's paths.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'p> {
    /// Something in a realm.
    Realm {
        /// Name of the realm, decoded.
        name: Cow<'p, str>,
        /// What in it.
        place: Place<'p>,
    },
    /// The path holds an empty segment, `.` or `..`; Keycloak refuses it as it stands.
    NotNormalized,
    /// Nothing.
    Nothing,
}

/// A place in a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'p> {
    /// `/realms/{realm}`: the public facts.
    Facts,
    /// `/realms/{realm}/.well-known/{name}`.
    WellKnown(&'p str),
    /// The token endpoint.
    Token,
    /// Introspection.
    Introspection,
    /// Userinfo.
    UserInfo,
    /// Revocation.
    Revocation,
    /// Logout.
    Logout,
    /// The public keys.
    Certs,
    /// A protocol that the realm does not speak.
    UnknownProtocol,
    /// One segment that the protocol does not know. Keycloak takes `OPTIONS` under every name, so any other
    /// method is "not allowed" there and not "not found".
    UnknownEndpoint,
    /// Nothing.
    Nothing,
}

impl Place<'_> {
    /// Whether a client proves itself there.
    pub(crate) fn is_for_clients(self) -> bool {
        matches!(
            self,
            Self::Token | Self::Introspection | Self::Revocation | Self::Logout
        )
    }
}

impl<'p> Route<'p> {
    /// Reads a path. One slash at the end does no harm; letter case counts.
    #[must_use]
    pub fn of(path: &'p str) -> Self {
        if path.contains("//") {
            return Self::NotNormalized;
        }
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments = path.split('/');
        if path.is_empty() {
            return Self::Nothing;
        }
        if segments
            .clone()
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Self::NotNormalized;
        }
        if segments.next() != Some("realms") {
            return Self::Nothing;
        }
        let Some(realm) = segments.next() else {
            return Self::Nothing;
        };
        let Ok(name) = percent_decode_str(realm).decode_utf8() else {
            return Self::Nothing;
        };
        let place = match (
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
        ) {
            (None, ..) => Place::Facts,
            (Some(".well-known"), Some(document), None, _) => Place::WellKnown(document),
            (Some("protocol"), Some("openid-connect"), Some(endpoint), rest) => {
                match (endpoint, rest) {
                    ("token", None) => Place::Token,
                    ("token", Some("introspect")) if segments.next().is_none() => {
                        Place::Introspection
                    }
                    ("userinfo", None) => Place::UserInfo,
                    ("revoke", None) => Place::Revocation,
                    ("logout", None) => Place::Logout,
                    ("certs", None) => Place::Certs,
                    (_, None) => Place::UnknownEndpoint,
                    _ => Place::Nothing,
                }
            }
            (Some("protocol"), Some("openid-connect"), None, _) => Place::Nothing,
            (Some("protocol"), Some(_), ..) => Place::UnknownProtocol,
            _ => Place::Nothing,
        };
        Self::Realm { name, place }
    }
}

/// What must be escaped in one segment of a path.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The issuer of a realm: `{base}/realms/{realm}`, the name escaped as a segment of a path.
#[must_use]
pub fn issuer(base: &str, realm: &str) -> String {
    format!("{base}/realms/{}", utf8_percent_encode(realm, SEGMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Place<'_> {
        match Route::of(path) {
            Route::Realm { name, place } if name == "a" => place,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn every_served_path_leads_somewhere() {
        for (path, expected) in [
            ("/realms/a", Place::Facts),
            ("/realms/a/", Place::Facts),
            ("/realms/%61", Place::Facts),
            (
                "/realms/a/.well-known/openid-configuration",
                Place::WellKnown("openid-configuration"),
            ),
            ("/realms/a/protocol/openid-connect/token", Place::Token),
            ("/realms/a/protocol/openid-connect/token/", Place::Token),
            ("/realms/a/protocol/openid-connect/certs", Place::Certs),
            (
                "/realms/a/protocol/openid-connect/TOKEN",
                Place::UnknownEndpoint,
            ),
            (
                "/realms/a/protocol/openid-connect/token/other",
                Place::Nothing,
            ),
            ("/realms/a/protocol/openid-connect", Place::Nothing),
            (
                "/realms/a/protocol/carrier-pigeon/token",
                Place::UnknownProtocol,
            ),
            ("/realms/a/protocol", Place::Nothing),
            ("/realms/a/account", Place::Nothing),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_that_is_not_normal_is_refused_wherever_the_flaw_is() {
        for path in [
            "//realms/a",
            "/realms//a",
            "/realms/a//",
            "/realms/a/protocol/openid-connect//token",
            "/realms/../realms/a",
            "/realms/a/./protocol",
            "//",
        ] {
            assert_eq!(Route::of(path), Route::NotNormalized, "{path}");
        }
    }

    #[test]
    fn what_is_no_realm_is_nothing() {
        for path in [
            "/",
            "",
            "/realms",
            "/realms/",
            "/Realms/a",
            "/health",
            "/realms/%ff",
        ] {
            assert_eq!(Route::of(path), Route::Nothing, "{path}");
        }
    }

    #[test]
    fn a_realm_name_survives_the_issuer() {
        assert_eq!(
            issuer("http://b", "my realm/x"),
            "http://b/realms/my%20realm%2Fx"
        );
        let Route::Realm { name, .. } = Route::of("/realms/my%20realm%2Fx") else {
            panic!("no realm");
        };
        assert_eq!(name, "my realm/x");
    }
}
