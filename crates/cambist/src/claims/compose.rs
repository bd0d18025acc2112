//! Runs the mappers of one token or answer.

use alloc::{borrow::Cow, vec::Vec};

use super::{ClaimContext, ClaimTarget, ComposedClaims, MapperInstance, ProtocolMapper};
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
    let client: &'a Client = context.client;
    let mut mappers: Vec<&'a dyn ProtocolMapper> = context
        .scopes
        .iter()
        .flat_map(|scope| scope.mappers())
        .chain(client.mappers())
        .map(MapperInstance::mapper)
        .filter(|mapper| mapper.writes(target, lightweight))
        .collect();
    mappers.sort_by_key(|mapper| mapper.priority());

    let mut claims = ComposedClaims::default();
    if mappers.iter().any(|mapper| mapper.needs_roles()) {
        fill_roles(context.realm, context.token_roles, &mut claims);
    }
    for mapper in mappers {
        mapper.apply(context, target, &mut claims);
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
