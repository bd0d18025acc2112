//! How a mapper's settings name a role: `role` of the realm, or `client.role`.

use alloc::{borrow::Cow, boxed::Box, vec::Vec};

use crate::claims::ComposedClaims;

/// A role by name. The last dot parts the client from the role, so a realm role with a dot in its name
/// cannot be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoleRef {
    client: Option<Box<str>>,
    name: Box<str>,
}

impl RoleRef {
    pub(super) fn parse(text: &str) -> Self {
        match text.rsplit_once('.') {
            Some((client, name)) => Self {
                client: Some(client.into()),
                name: name.into(),
            },
            None => Self {
                client: None,
                name: text.into(),
            },
        }
    }

    /// Adds the role unless it is there.
    pub(super) fn add_to<'a>(&'a self, claims: &mut ComposedClaims<'a>) {
        let roles = match &self.client {
            Some(client) => claims.client_roles_mut(&**client),
            None => &mut claims.realm_roles,
        };
        if !roles.iter().any(|known| **known == *self.name) {
            roles.push(Cow::Borrowed(&self.name));
        }
    }

    /// Takes the role out; says whether it was there.
    pub(super) fn take_from(&self, claims: &mut ComposedClaims<'_>) -> bool {
        let roles: Option<&mut Vec<_>> = match &self.client {
            Some(client) => claims
                .client_roles
                .iter_mut()
                .find(|(known, _)| **known == **client)
                .map(|(_, roles)| roles),
            None => Some(&mut claims.realm_roles),
        };
        let Some(roles) = roles else {
            return false;
        };
        let before = roles.len();
        roles.retain(|known| **known != *self.name);
        roles.len() != before
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;

    fn claims() -> ComposedClaims<'static> {
        ComposedClaims {
            realm_roles: vec!["read".into()],
            client_roles: vec![("my.app".into(), vec!["edit".into()])],
            ..ComposedClaims::default()
        }
    }

    #[test]
    fn the_last_dot_parts_client_and_role() {
        let role = RoleRef::parse("my.app.edit");
        assert_eq!(
            (role.client.as_deref(), &*role.name),
            (Some("my.app"), "edit")
        );
        let role = RoleRef::parse("read");
        assert_eq!((role.client.as_deref(), &*role.name), (None, "read"));
    }

    #[test]
    fn a_role_is_added_once() {
        let (known, new, other) = (
            RoleRef::parse("my.app.edit"),
            RoleRef::parse("write"),
            RoleRef::parse("api.use"),
        );
        let mut claims = claims();
        for role in [&known, &new, &new, &other] {
            role.add_to(&mut claims);
        }
        assert_eq!(claims.realm_roles, ["read", "write"]);
        let clients: Vec<(Cow<'_, str>, Vec<Cow<'_, str>>)> = vec![
            ("my.app".into(), vec!["edit".into()]),
            ("api".into(), vec!["use".into()]),
        ];
        assert_eq!(claims.client_roles, clients);
    }

    #[test]
    fn only_a_role_that_is_there_is_taken() {
        let mut claims = claims();
        assert!(!RoleRef::parse("my.app.read").take_from(&mut claims));
        assert!(!RoleRef::parse("other.edit").take_from(&mut claims));
        assert!(RoleRef::parse("my.app.edit").take_from(&mut claims));
        assert!(RoleRef::parse("read").take_from(&mut claims));
        assert!(claims.realm_roles.is_empty());
    }
}
