//! Which roles a user has, and which of them may enter a token.

use crate::{
    facts::User,
    realm::{Client, ClientScope, Realm, RoleSet},
};

/// All roles of the user: given ones, those of the groups and of the groups above them, and whatever comes
/// with any of these. Roles and groups that the realm no longer has are passed over.
#[must_use]
pub fn effective_roles(realm: &Realm, user: &User) -> RoleSet {
    let mut roles = RoleSet::new();
    for role in user.roles.iter().filter_map(|id| realm.role_by_id(id)) {
        roles.extend(role.closure());
    }
    for group in user.groups.iter().filter_map(|id| realm.group_by_id(id)) {
        roles.extend(group.roles());
    }
    roles
}

/// Those of the user's roles that may enter a token of this client.
///
/// All of them when the client has the full scope. Otherwise the client's own roles, the roles of its scope
/// mappings, and the roles bound to the active scopes, each with whatever comes with it.
#[must_use]
pub fn token_roles(
    realm: &Realm,
    client: &Client,
    scopes: &[&ClientScope],
    user_roles: &RoleSet,
) -> RoleSet {
    let mut roles = user_roles.clone();
    if !client.full_scope_allowed() {
        roles.retain(|role| {
            client.scope_mappings().contains(role)
                || scopes
                    .iter()
                    .any(|scope| scope.role_mappings().contains(role))
                || client
                    .roles()
                    .iter()
                    .filter_map(|own| realm.role(*own))
                    .any(|own| own.closure().contains(role))
        });
    }
    roles
}
