//! A role for everybody (`oidc-hardcoded-role-mapper`).

use alloc::sync::Arc;

use super::{BuiltMapper, role_ref::RoleRef, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

/// The role is written as it is named: it need not exist, and nothing comes with it.
#[derive(Debug)]
struct HardcodedRole {
    role: Option<RoleRef>,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let role = config.get("role").filter(|role| !role.is_empty());
    Ok(Arc::new(HardcodedRole {
        role: role.map(|role| RoleRef::parse(role)),
    }))
}

impl ProtocolMapper for HardcodedRole {
    fn priority(&self) -> i32 {
        20
    }

    fn needs_roles(&self) -> bool {
        true
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.role.is_some() && Writes::EVERYWHERE.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        if let Some(role) = &self.role {
            role.add_to(claims);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    /// claims/hard-role: the role alone, without what comes with it, and its client in `aud`.
    #[test]
    fn everybody_has_the_role_and_nothing_comes_with_it() {
        let on = ("access.token.claim", "true");
        let list = ("multivalued", "true");
        let world = World::with_mappers(
            "ep-claims",
            &[
                (
                    "oidc-usermodel-realm-role-mapper",
                    &[("claim.name", "realm"), list, on],
                ),
                (
                    "oidc-usermodel-client-role-mapper",
                    &[("claim.name", "of.${client_id}"), list, on],
                ),
                ("oidc-audience-resolve-mapper", &[on]),
                ("oidc-hardcoded-role-mapper", &[("role", "r-lone")]),
                ("oidc-hardcoded-role-mapper", &[("role", "api.admin")]),
                ("oidc-hardcoded-role-mapper", &[]),
            ],
        );
        assert_eq!(
            world.extra("pia", ClaimTarget::AccessToken),
            json!({ "realm": ["r-lone"], "of": { "api": ["admin"] }, "aud": ["api"] })
        );
    }
}
