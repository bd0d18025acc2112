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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    /// claims/roles-full: each client with a role, a disabled one too, but the client itself.
    #[test]
    fn clients_with_a_role_in_the_token_are_added() {
        let world = World::recorded("ep-claims");
        let login = world.login("plain", "ada", "");
        let mut audience = login.compose(ClaimTarget::AccessToken, false).audience;
        audience.sort();
        assert_eq!(audience, ["api", "api-off", "narrow"]);
    }

    /// claims/light: not in a lightweight token, but at introspection.
    #[test]
    fn a_lightweight_token_has_none() {
        let world = World::recorded("ep-claims");
        let login = world.login("light", "ada", "");
        assert!(
            login
                .compose(ClaimTarget::AccessToken, true)
                .audience
                .is_empty()
        );
        assert_eq!(
            login
                .compose(ClaimTarget::Introspection, false)
                .audience
                .len(),
            5
        );
    }

    #[test]
    fn introspection_is_on_unless_switched_off() {
        let audience = |settings: &[(&str, &str)]| {
            World::with_mappers("ep-claims", &[("oidc-audience-resolve-mapper", settings)])
                .extra("bo", ClaimTarget::Introspection)
        };
        assert_eq!(audience(&[]), json!({ "aud": ["api"] }));
        assert_eq!(
            audience(&[("introspection.token.claim", "false")]),
            json!({})
        );
    }
}
