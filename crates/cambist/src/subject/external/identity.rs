//! Who somebody is at a provider.

use alloc::string::{String, ToString};

use serde_json::{Map, Value};

use super::claims;

/// What is known of a token once its way is done.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Claims of a token whose signature holds.
    pub claims: Option<Map<String, Value>>,
    /// What the provider said when asked about the token.
    pub profile: Option<Map<String, Value>>,
}

impl Evidence {
    /// The value at a path: in the token, else in what the provider said.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Value> {
        let in_claims = self
            .claims
            .as_ref()
            .and_then(|members| claims::at_path(members, path));
        in_claims.or_else(|| {
            self.profile
                .as_ref()
                .and_then(|members| claims::at_path(members, path))
        })
    }

    /// What names and addresses are read from: what the provider said, else the token.
    #[must_use]
    pub fn names(&self) -> Option<&Map<String, Value>> {
        self.profile.as_ref().or(self.claims.as_ref())
    }
}

/// Somebody at a provider. The texts are as the provider has them; nothing of it is believed beyond what
/// the provider is trusted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokeredIdentity {
    /// Id there; never empty.
    pub id: String,
    /// Name there.
    pub username: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Login name here, when a mapper makes one.
    pub local_username: Option<String>,
}

impl BrokeredIdentity {
    /// By OpenID Connect's standard claims (Core section 5.1).
    #[must_use]
    pub fn from_standard_claims(id: String, members: &Map<String, Value>) -> Self {
        let email = claims::text(members, "email");
        let username = claims::text(members, "preferred_username").or_else(|| email.clone());
        let mut identity = Self {
            username: username.or_else(|| Some(id.clone())),
            id,
            email,
            first_name: claims::text(members, "given_name"),
            last_name: claims::text(members, "family_name"),
            local_username: None,
        };
        if identity.first_name.is_none() && identity.last_name.is_none() {
            identity.set_full_name(claims::text(members, "name"));
        }
        identity
    }

    /// Splits a full name at its last blank.
    pub fn set_full_name(&mut self, name: Option<String>) {
        let Some(name) = name else { return };
        let name = name.trim();
        match name.rsplit_once(' ') {
            Some((first, last)) => {
                self.first_name = Some(first.to_string());
                self.last_name = Some(last.to_string());
            }
            None if !name.is_empty() => self.first_name = Some(name.to_string()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> BrokeredIdentity {
        BrokeredIdentity::from_standard_claims("1".to_string(), value.as_object().unwrap())
    }

    #[test]
    fn the_login_name_falls_back_to_address_and_id() {
        let both = json!({"preferred_username": "u", "email": "m"});
        assert_eq!(read(both).username.as_deref(), Some("u"));
        assert_eq!(read(json!({"email": "m"})).username.as_deref(), Some("m"));
        assert_eq!(read(json!({})).username.as_deref(), Some("1"));
    }

    #[test]
    fn a_full_name_is_split_at_its_last_blank() {
        let named = read(json!({"name": "Oskar van der Berg"}));
        assert_eq!(named.first_name.as_deref(), Some("Oskar van der"));
        assert_eq!(named.last_name.as_deref(), Some("Berg"));
        let mono = read(json!({"name": "Mono"}));
        assert_eq!(
            (mono.first_name.as_deref(), mono.last_name),
            (Some("Mono"), None)
        );
        let parts = read(json!({"name": "A B", "given_name": "C"}));
        assert_eq!(
            (parts.first_name.as_deref(), parts.last_name),
            (Some("C"), None)
        );
    }
}
