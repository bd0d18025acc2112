//! `aud` from the roles in the token (`oidc-audience-resolve-mapper`).

use alloc::sync::Arc;

use super::{BuiltMapper, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

/// Adds every client of which the token has a role, disabled ones too, except the client itself.
#[derive(Debug)]
struct AudienceResolve {
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let writes = Writes::read_introspected(config).only_access_token();
    Ok(Arc::new(AudienceResolve { writes }))
}

impl ProtocolMapper for AudienceResolve {
    fn priority(&self) -> i32 {
        30
    }

    fn needs_roles(&self) -> bool {
        true
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let clients = core::mem::take(&mut claims.client_roles);
        for (client_id, roles) in &clients {
            if !roles.is_empty() && **client_id != *context.client.client_id() {
                claims.add_audience(client_id.clone());
            }
        }
        claims.client_roles = clients;
    }
}
