//! Roles to claims: `oidc-usermodel-realm-role-mapper` and `oidc-usermodel-client-role-mapper`.

use alloc::{borrow::Cow, boxed::Box, format, sync::Arc};

use super::{BuiltMapper, claim_rule::ClaimRule, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

/// Whose roles are written.
#[derive(Debug)]
enum Whose {
    Realm,
    /// Of every client that has some in the token; `${client_id}` in the claim's name tells them apart.
    EveryClient,
    /// Of the client with this `client_id`.
    OneClient(Box<str>),
}

#[derive(Debug)]
struct RoleClaim {
    whose: Whose,
    prefix: Box<str>,
    rule: ClaimRule,
    writes: Writes,
}

pub(super) fn build_for_realm(config: &Attributes) -> BuiltMapper {
    build(
        config,
        Whose::Realm,
        "usermodel.realmRoleMapping.rolePrefix",
    )
}

pub(super) fn build_for_clients(config: &Attributes) -> BuiltMapper {
    let whose = match config.get("usermodel.clientRoleMapping.clientId") {
        Some(client_id) if !client_id.is_empty() => Whose::OneClient(client_id.as_str().into()),
        _ => Whose::EveryClient,
    };
    build(config, whose, "usermodel.clientRoleMapping.rolePrefix")
}

fn build(config: &Attributes, whose: Whose, prefix: &str) -> BuiltMapper {
    Ok(Arc::new(RoleClaim {
        whose,
        prefix: config.get(prefix).map_or("", |prefix| prefix).into(),
        rule: ClaimRule::read(config)?,
        writes: Writes::read(config).not_in_response(),
    }))
}

impl RoleClaim {
    fn write<'a>(
        &'a self,
        claims: &mut ComposedClaims<'a>,
        target: ClaimTarget,
        client_id: Option<&Cow<'a, str>>,
        roles: &[Cow<'a, str>],
    ) {
        let names = roles.iter().map(|role| match &*self.prefix {
            "" => role.clone(),
            prefix => Cow::Owned(format!("{prefix}{role}")),
        });
        self.rule.write_texts(claims, target, client_id, names);
    }
}

impl ProtocolMapper for RoleClaim {
    fn priority(&self) -> i32 {
        40
    }

    fn needs_roles(&self) -> bool {
        true
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        // The lists leave the claims while they are written into them, and come back for the next mapper.
        if let Whose::Realm = &self.whose {
            let roles = core::mem::take(&mut claims.realm_roles);
            self.write(claims, target, None, &roles);
            claims.realm_roles = roles;
            return;
        }
        let clients = core::mem::take(&mut claims.client_roles);
        for (client_id, roles) in &clients {
            match &self.whose {
                Whose::OneClient(wanted) if **wanted != **client_id => {}
                _ => self.write(claims, target, Some(client_id), roles),
            }
        }
        claims.client_roles = clients;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::claims::{ClaimTarget, test_world::World};

    fn claims(kind: &str, username: &str, settings: &[(&str, &str)]) -> Value {
        let mut all = alloc::vec![("id.token.claim", "true")];
        all.extend_from_slice(settings);
        let world = World::with_mappers("ep-claims", &[(kind, &all)]);
        world.extra(username, ClaimTarget::IdToken)
    }

    /// claims/realm-roles-own.
    #[test]
    fn realm_roles_are_written_with_their_prefix() {
        let settings = [
            ("claim.name", "my.roles"),
            ("multivalued", "true"),
            ("usermodel.realmRoleMapping.rolePrefix", "R_"),
        ];
        assert_eq!(
            claims("oidc-usermodel-realm-role-mapper", "bo", &settings),
            json!({ "my": { "roles": ["R_r-write"] } })
        );
    }

    /// claims/realm-roles-single.
    #[test]
    fn one_role_is_a_text_without_multivalued() {
        let settings = [("claim.name", "role")];
        assert_eq!(
            claims("oidc-usermodel-realm-role-mapper", "bo", &settings),
            json!({ "role": "r-write" })
        );
    }

    /// claims/client-roles-own.
    #[test]
    fn the_roles_of_one_client_are_written() {
        let settings = [
            ("claim.name", "roles"),
            ("multivalued", "true"),
            ("usermodel.clientRoleMapping.clientId", "api"),
            ("usermodel.clientRoleMapping.rolePrefix", "api_"),
        ];
        let kind = "oidc-usermodel-client-role-mapper";
        let written = claims(kind, "ada", &settings);
        let mut roles: alloc::vec::Vec<_> = written["roles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|role| role.as_str().unwrap())
            .collect();
        roles.sort_unstable();
        assert_eq!(roles, ["api_admin", "api_edit", "api_view"]);
    }

    #[test]
    fn the_roles_of_every_client_stand_below_its_id() {
        let settings = [
            ("claim.name", "every.${client_id}.role"),
            ("multivalued", "true"),
        ];
        assert_eq!(
            claims("oidc-usermodel-client-role-mapper", "bo", &settings),
            json!({ "every": { "api": { "role": ["view"] } } })
        );
    }

    /// claims/roles-none-other: the claim is left out, not empty.
    #[test]
    fn without_a_role_there_is_no_claim() {
        let settings = [("claim.name", "roles"), ("multivalued", "true")];
        for kind in [
            "oidc-usermodel-realm-role-mapper",
            "oidc-usermodel-client-role-mapper",
        ] {
            assert_eq!(claims(kind, "pia", &settings), json!({}));
        }
    }
}
