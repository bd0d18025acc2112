//! Runs the mappers of one token or answer.

use alloc::{borrow::Cow, vec::Vec};

use super::{ClaimContext, ClaimSet, ClaimTarget, ComposedClaims, MapperInstance};
use crate::realm::{Client, Realm, RoleOwner, RoleSet};

/// What the mappers of the active scopes and of the client write.
///
/// They run by ascending priority, within one priority in the order of the scopes, the client's own last.
/// For a lightweight access token only those run that are marked for it.
#[must_use]
pub fn compose<'a>(
    context: &ClaimContext<'a>,
    target: ClaimTarget,
    lightweight: bool,
) -> ComposedClaims<'a> {
    compose_watched(context, target, lightweight, |_, _| ())
}

/// The same, with a look at the claims after each mapper.
pub(crate) fn compose_watched<'a>(
    context: &ClaimContext<'a>,
    target: ClaimTarget,
    lightweight: bool,
    mut after: impl FnMut(&'a MapperInstance, &ComposedClaims<'a>),
) -> ComposedClaims<'a> {
    let client: &'a Client = context.client;
    let own_mappers = if context.narrowed {
        &[]
    } else {
        client.mappers()
    };
    let mut mappers: Vec<&'a MapperInstance> = Vec::new();
    let of_scopes = context.scopes.iter().map(|scope| scope.mappers());
    for list in of_scopes.chain([own_mappers]) {
        for mapper in list {
            if mapper.habits.writes(target, lightweight) {
                if mappers.is_empty() {
                    mappers.reserve(32);
                }
                mappers.push(mapper);
            }
        }
    }
    if mappers.is_empty() {
        return ComposedClaims::default();
    }
    mappers.sort_by_key(|mapper| mapper.habits.priority);

    let mut claims = ComposedClaims {
        // Most mappers of the built-in scopes find nothing to write.
        claims: ClaimSet::with_capacity(mappers.len().min(12)),
        ..ComposedClaims::default()
    };
    if mappers.iter().any(|mapper| mapper.habits.needs_roles) {
        fill_roles(context.realm, context.token_roles, &mut claims);
    }
    for mapper in mappers {
        mapper.mapper().apply(context, target, &mut claims);
        after(mapper, &claims);
    }
    claims
}

fn fill_roles<'a>(realm: &'a Realm, roles: &RoleSet, claims: &mut ComposedClaims<'a>) {
    for role in roles.iter().filter_map(|number| realm.role(number)) {
        match role.owner() {
            RoleOwner::Realm => claims.realm_roles.push(Cow::Borrowed(role.name())),
            RoleOwner::Client(number) => {
                if let Some(owner) = realm.client(number) {
                    claims
                        .client_roles_mut(owner.client_id())
                        .push(Cow::Borrowed(role.name()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    /// claims/light, claims/light-seen: only mappers with the lightweight switch, instead of the switch
    /// for access tokens.
    #[test]
    fn a_lightweight_token_has_only_what_is_marked_for_it() {
        let world = World::recorded("ep-claims");
        let light = world.login("light", "ada", "openid");
        assert_eq!(
            light.written(ClaimTarget::AccessToken, true),
            json!({ "light-shirt": "red" })
        );
        let seen = world.login("light-seen", "ada", "openid");
        assert_eq!(
            seen.written(ClaimTarget::AccessToken, true),
            json!({ "light-shirt": "red", "aud": ["looker"] })
        );
    }

    #[test]
    fn a_client_without_mappers_and_scopes_writes_nothing() {
        let world = World::with_mappers("ep-claims", &[]);
        for target in [
            ClaimTarget::AccessToken,
            ClaimTarget::IdToken,
            ClaimTarget::UserInfo,
            ClaimTarget::Introspection,
            ClaimTarget::TokenResponse,
        ] {
            assert_eq!(world.extra("ada", target), json!({}));
        }
    }

    #[test]
    fn mappers_of_one_priority_run_in_the_order_of_the_document() {
        let claim = |value| {
            [
                ("claim.name", "c"),
                ("claim.value", value),
                ("access.token.claim", "true"),
            ]
        };
        let (first, last) = (claim("first"), claim("last"));
        let kind = "oidc-hardcoded-claim-mapper";
        let world = World::with_mappers("ep-claims", &[(kind, &first), (kind, &last)]);
        assert_eq!(
            world.extra("bo", ClaimTarget::AccessToken),
            json!({ "c": "last" })
        );
    }

    #[test]
    fn roles_are_there_before_the_mappers_run() {
        let world = World::recorded("ep-claims");
        let login = world.login("plain", "bo", "");
        let composed = login.compose(ClaimTarget::AccessToken, false);
        assert_eq!(composed.realm_roles, ["r-write"]);
        let clients: Vec<_> = composed
            .client_roles
            .iter()
            .map(|(client, _)| &**client)
            .collect();
        assert_eq!(clients, ["api"]);
    }

    /// v2-standard/mapper-audience: `resource_access` stays as an empty object when it had members, and
    /// is not made when it had none.
    #[test]
    fn a_restricted_token_keeps_what_is_for_its_audiences() {
        let world = World::recorded("ep-claims");
        let login = world.login("plain", "ada", "");
        let mut composed = login.compose(ClaimTarget::AccessToken, false);
        composed.restrict_to_audiences(&["api", "elsewhere"]);
        assert_eq!(composed.audience, ["api"]);
        let access =
            serde_json::to_value(composed.claims.value("resource_access").unwrap()).unwrap();
        assert_eq!(
            access.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["api"]
        );
        composed.restrict_to_audiences(&["elsewhere"]);
        assert!(composed.audience.is_empty());
        let access =
            serde_json::to_value(composed.claims.value("resource_access").unwrap()).unwrap();
        assert_eq!(access, json!({}));
        assert!(composed.claims.value("realm_access").is_some());

        let login = world.login("seen", "pia", "");
        let mut composed = login.compose(ClaimTarget::AccessToken, false);
        composed.restrict_to_audiences(&["api"]);
        assert!(composed.claims.value("resource_access").is_none());
    }
}
