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
