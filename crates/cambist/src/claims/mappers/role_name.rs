//! A role under another name (`oidc-role-name-mapper`).

use alloc::sync::Arc;

use super::{BuiltMapper, role_ref::RoleRef, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

/// Only the names in the token change, and only where the role is in it. The new name may put it with
/// another client, or with the realm.
#[derive(Debug)]
struct RoleName {
    names: Option<(RoleRef, RoleRef)>,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let named = |setting| config.get(setting).filter(|role| !role.is_empty());
    let names = named("role")
        .zip(named("new.role.name"))
        .map(|(old, new)| (RoleRef::parse(old), RoleRef::parse(new)));
    Ok(Arc::new(RoleName { names }))
}

impl ProtocolMapper for RoleName {
    fn priority(&self) -> i32 {
        10
    }

    fn needs_roles(&self) -> bool {
        true
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.names.is_some() && Writes::EVERYWHERE.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        if let Some((old, new)) = &self.names
            && old.take_from(claims)
        {
            new.add_to(claims);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    const REALM: (&str, &[(&str, &str)]) = (
        "oidc-usermodel-realm-role-mapper",
        &[
            ("claim.name", "realm"),
            ("multivalued", "true"),
            ("access.token.claim", "true"),
        ],
    );
    const CLIENTS: (&str, &[(&str, &str)]) = (
        "oidc-usermodel-client-role-mapper",
        &[
            ("claim.name", "of.${client_id}"),
            ("multivalued", "true"),
            ("access.token.claim", "true"),
        ],
    );

    /// claims/role-name: a new name; a role moved to another client. The order in the document is not
    /// what counts.
    #[test]
    fn a_role_is_renamed_before_it_is_written() {
        let kind = "oidc-role-name-mapper";
        let world = World::with_mappers(
            "ep-claims",
            &[
                REALM,
                CLIENTS,
                (kind, &[("role", "r-write"), ("new.role.name", "writer")]),
                (
                    kind,
                    &[("role", "api.view"), ("new.role.name", "plain.looker")],
                ),
            ],
        );
        assert_eq!(
            world.extra("bo", ClaimTarget::AccessToken),
            json!({ "realm": ["writer"], "of": { "plain": ["looker"] } })
        );
    }

    #[test]
    fn a_role_that_the_token_lacks_is_not_made() {
        let kind = "oidc-role-name-mapper";
        let world = World::with_mappers(
            "ep-claims",
            &[
                REALM,
                (kind, &[("role", "r-lone"), ("new.role.name", "r-write")]),
                (kind, &[]),
            ],
        );
        assert_eq!(
            world.extra("dora", ClaimTarget::AccessToken)["realm"]
                .as_array()
                .unwrap()
                .len(),
            3
        );
        assert_eq!(
            world.extra("bo", ClaimTarget::AccessToken),
            json!({ "realm": ["r-write"] })
        );
    }
}
