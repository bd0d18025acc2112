//! The form of Keycloak's role claims: `realm_access` is `{"roles": ["a", "b"]}`, `resource_access` has one such
//! object for each client, and null stands for absence. Nothing of them is kept, for the roles of a token decide
//! nothing; what has another form is an error.

use core::fmt;

use serde::de::{
    Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};

use crate::jose::scalar::Scalar;

/// Whether a text has the form of `realm_access`.
pub(super) fn are_of_realm(text: &str) -> bool {
    serde_json::from_str::<RealmAccess>(text).is_ok()
}

/// Whether a text has the form of `resource_access`.
pub(super) fn are_of_clients(text: &str) -> bool {
    serde_json::from_str::<ResourceAccess>(text).is_ok()
}

/// `realm_access`, or the part of one client in `resource_access`.
struct RealmAccess;

/// `resource_access`.
struct ResourceAccess;

struct RoleNames;

impl<'de> Deserialize<'de> for RealmAccess {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for RealmAccess {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with roles")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while let Some(name) = members.next_key::<Scalar<'de>>()? {
            if matches!(name, Scalar::Text(name) if name == "roles") {
                members.next_value::<RoleNames>()?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for ResourceAccess {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for ResourceAccess {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with one member for each client")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut clients: A) -> Result<Self, A::Error> {
        while clients.next_entry::<IgnoredAny, RealmAccess>()?.is_some() {}
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for RoleNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for RoleNames {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of texts")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Self, A::Error> {
        while let Some(name) = names.next_element::<Scalar<'de>>()? {
            if !matches!(name, Scalar::Text(_)) {
                return Err(A::Error::invalid_type(Unexpected::Other("no text"), &self));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use crate::jose::{ClaimsError, Strictness, TokenClaims};

    /// hostile-key/roles-text, roles-more.
    #[test]
    fn role_claims_of_another_form_are_refused() {
        for (claim, right) in [
            (
                r#""realm_access":{"roles":["a"],"verify_caller":true}"#,
                true,
            ),
            (r#""realm_access":{"roles":[]}"#, true),
            (r#""realm_access":{}"#, true),
            (r#""realm_access":null"#, true),
            (r#""realm_access":{"roles":null}"#, true),
            (r#""resource_access":{"a":{"roles":["b"]},"c":{}}"#, true),
            (r#""resource_access":null"#, true),
            (r#""realm_access":"admin""#, false),
            (r#""realm_access":["admin"]"#, false),
            (r#""realm_access":[]"#, false),
            (r#""realm_access":true"#, false),
            (r#""realm_access":{"roles":"admin"}"#, false),
            (r#""realm_access":{"roles":{"admin":1}}"#, false),
            (r#""realm_access":{"roles":["admin",7]}"#, false),
            (r#""realm_access":{"\u0072oles":7}"#, false),
            (r#""resource_access":"api""#, false),
            (r#""resource_access":["api"]"#, false),
            (r#""resource_access":{"api":["edit"]}"#, false),
            (r#""resource_access":{"api":{"roles":"edit"}}"#, false),
        ] {
            let payload = format!("{{\"iss\":\"i\",{claim}}}");
            for strictness in [Strictness::Strict, Strictness::Keycloak] {
                // Whose token it is decides whether these are roles, so reading it does not.
                let read = TokenClaims::parse(&payload, strictness).unwrap();
                let checked = read.check_roles();
                assert_eq!(checked.is_ok(), right, "{claim}");
                let wrong = |error| matches!(error, ClaimsError::WrongType { name } if claim.contains(name));
                assert!(checked.err().is_none_or(wrong), "{claim}");
            }
        }
    }
}
