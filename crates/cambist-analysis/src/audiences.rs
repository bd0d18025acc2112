//! Which audiences the mappers of a client can put into its tokens.

use std::collections::BTreeMap;

use cambist::{
    claims::{ClaimTarget, MapperInstance},
    policy::Possibility,
    realm::{Client, ClientNo, Realm, RoleNo, RoleOwner},
};

const NAMED: &str = "oidc-audience-mapper";
const RESOLVED: &str = "oidc-audience-resolve-mapper";

/// Clients that an access token of `client` can name in its audience, itself among them, each with whether it
/// always does.
pub(crate) fn audiences(realm: &Realm, client: &Client) -> BTreeMap<ClientNo, Possibility> {
    let mut found = BTreeMap::new();
    let scopes = |numbers: &[_]| {
        numbers
            .iter()
            .filter_map(|number| realm.scope(*number))
            .collect::<Vec<_>>()
    };
    for scope in scopes(client.default_scopes()) {
        // A scope with roles of its own is active only for a user who has one of them.
        let always = if scope.role_mappings().is_empty() {
            Possibility::Always
        } else {
            Possibility::Depends
        };
        add(realm, client, scope.mappers(), always, &mut found);
    }
    for scope in scopes(client.optional_scopes()) {
        let mappers = scope.mappers();
        add(realm, client, mappers, Possibility::Depends, &mut found);
    }
    let own = client.mappers();
    add(realm, client, own, Possibility::Always, &mut found);
    found
}

fn add(
    realm: &Realm,
    client: &Client,
    mappers: &[MapperInstance],
    possibility: Possibility,
    found: &mut BTreeMap<ClientNo, Possibility>,
) {
    let mut note = |number, possibility: Possibility| {
        let known = found.entry(number).or_insert(possibility);
        *known = possibility.max(*known);
    };
    for mapper in mappers {
        if !mapper.mapper().writes(ClaimTarget::AccessToken, false) {
            continue;
        }
        match mapper.kind() {
            NAMED => {
                let set = |name| mapper.config().get(name).filter(|value| !value.is_empty());
                let named =
                    set("included.client.audience").or_else(|| set("included.custom.audience"));
                if let Some(target) = named.and_then(|name| realm.client_by_id(name)) {
                    note(target.number(), possibility);
                }
            }
            // Every client of which the user has a role that the client may see.
            RESOLVED => {
                for role in realm.roles() {
                    if let RoleOwner::Client(owner) = role.owner()
                        && may_see(realm, client, role.number())
                    {
                        note(owner, Possibility::Depends);
                    }
                }
            }
            _ => {}
        }
    }
}

fn may_see(realm: &Realm, client: &Client, role: RoleNo) -> bool {
    client.full_scope_allowed()
        || client.scope_mappings().contains(role)
        || client.roles().contains(&role)
        || client
            .default_scopes()
            .iter()
            .chain(client.optional_scopes())
            .filter_map(|number| realm.scope(*number))
            .any(|scope| scope.role_mappings().contains(role))
}
