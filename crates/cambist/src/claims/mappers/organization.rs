//! `organization`: the user's organizations (`oidc-organization-membership-mapper`).
//!
//! A realm has no organizations here, so no user is in one, and Keycloak writes nothing for such a user.
//! The kind exists because every Keycloak realm has a scope with it.

use alloc::sync::Arc;

use super::BuiltMapper;
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

#[derive(Debug)]
struct Organization;

pub(super) fn build(_config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(Organization))
}

impl ProtocolMapper for Organization {
    fn writes(&self, _target: ClaimTarget, _lightweight: bool) -> bool {
        false
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        _target: ClaimTarget,
        _claims: &mut ComposedClaims<'a>,
    ) {
    }
}
