//! Which roles a user has, and which of them may enter a token.

use crate::{
    facts::User,
    realm::{Client, ClientScope, Realm, RoleNo, RoleSet},
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
    cut(realm, client, scopes, user_roles, |role| {
        client.scope_mappings().contains(role)
    })
}

/// The same where client policies have taken what the client has by itself: its scope mappings do not count.
/// The full scope is a right of the user's and stays.
#[must_use]
pub fn narrowed_token_roles(
    realm: &Realm,
    client: &Client,
    scopes: &[&ClientScope],
    user_roles: &RoleSet,
) -> RoleSet {
    cut(realm, client, scopes, user_roles, |_| false)
}

fn cut(
    realm: &Realm,
    client: &Client,
    scopes: &[&ClientScope],
    user_roles: &RoleSet,
    mapped: impl Fn(RoleNo) -> bool,
) -> RoleSet {
    let mut roles = user_roles.clone();
    if !client.full_scope_allowed() {
        roles.retain(|role| {
            mapped(role)
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

#[cfg(test)]
mod tests {
    use alloc::{
        string::{String, ToString},
        vec::Vec,
    };

    use super::*;
    use crate::{
        claims::{ActiveScopes, test_world::World},
        realm::RoleOwner,
    };

    fn named(world: &World, roles: &RoleSet) -> Vec<String> {
        let mut names: Vec<String> = roles
            .iter()
            .filter_map(|number| world.realm.role(number))
            .map(|role| match role.owner() {
                RoleOwner::Realm => role.name().to_string(),
                RoleOwner::Client(owner) => {
                    let owner = world.realm.client(owner).unwrap();
                    alloc::format!("{}/{}", owner.client_id(), role.name())
                }
            })
            .collect();
        names.sort();
        names
    }

    fn in_token(world: &World, client: &str, username: &str, scope: &str) -> Vec<String> {
        let client = world.client(client);
        let all = effective_roles(&world.realm, world.user(username));
        let scopes = ActiveScopes::select(&world.realm, client, scope, &all);
        named(
            world,
            &token_roles(&world.realm, client, scopes.scopes(), &all),
        )
    }

    /// claims/roles-full.
    #[test]
    fn composites_are_followed() {
        let world = World::recorded("ep-claims");
        assert_eq!(
            named(&world, &effective_roles(&world.realm, world.user("ada"))),
            [
                "api-off/use",
                "api/admin",
                "api/edit",
                "api/view",
                "narrow/mine",
                "plain/own",
                "r-all",
                "r-read",
                "r.dotted",
            ]
        );
    }

    /// claims/roles-group.
    #[test]
    fn groups_give_their_roles_and_those_of_the_groups_above() {
        let world = World::recorded("ep-claims");
        let roles = effective_roles(&world.realm, world.user("bo"));
        assert_eq!(named(&world, &roles), ["api/view", "r-write"]);
    }

    #[test]
    fn roles_and_groups_that_are_gone_are_passed_over() {
        let mut world = World::recorded("ep-claims");
        let bo = world.user_mut("bo");
        bo.roles.push("gone".into());
        bo.groups.push("gone".into());
        let roles = effective_roles(&world.realm, world.user("bo"));
        assert_eq!(named(&world, &roles), ["api/view", "r-write"]);
    }

    /// claims/roles-none, roles-none-other, roles-mapped.
    #[test]
    fn without_the_full_scope_only_own_and_mapped_roles_enter() {
        let world = World::recorded("ep-claims");
        assert_eq!(in_token(&world, "plain", "ada", "").len(), 9);
        assert_eq!(in_token(&world, "narrow", "ada", ""), ["narrow/mine"]);
        assert_eq!(in_token(&world, "seen", "ada", ""), [""; 0]);
        assert_eq!(
            in_token(&world, "narrow-mapped", "ada", ""),
            ["api/view", "r-read"]
        );
    }

    /// claims/scopes-role-has, scopes-client-role, scopes-many.
    #[test]
    fn active_scopes_let_their_roles_in() {
        let world = World::recorded("ep-claims-scopes");
        assert_eq!(in_token(&world, "mixed", "ada", ""), [""; 0]);
        assert_eq!(in_token(&world, "mixed", "ada", "needs-read"), ["r-read"]);
        assert_eq!(in_token(&world, "mixed", "ada", "needs-edit"), ["api/edit"]);
        assert_eq!(
            in_token(&world, "mixed", "ada", "needs-edit needs-read"),
            ["api/edit", "r-read"]
        );
    }
}
