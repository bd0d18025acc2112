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
