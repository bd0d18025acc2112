//! Any document is built or refused, and one that was written and read again builds the same realm.

use std::fmt::Debug;

use cambist::realm::{
    Profile, Realm,
    document::{ClientDocument, ClientGrant, RealmDocument, RoleDocument},
};
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_assert_eq, proptest},
    sample::select,
};

use crate::{build, group, mapper, role, scope};

/// Few names, so that references often hit, and some that are wrong everywhere.
fn name() -> impl Strategy<Value = String> {
    select(vec![
        "a",
        "b",
        "c",
        "d",
        "shop",
        "basic",
        "offline_access",
        "",
        "two words",
        "x\u{7}",
    ])
    .prop_map(str::to_owned)
}

fn role_document() -> impl Strategy<Value = RoleDocument> {
    (name(), vec(name(), 0..3)).prop_map(|(name, parts)| {
        let mut role = role(&name);
        role.composites.realm = parts;
        role
    })
}

fn client_document() -> impl Strategy<Value = ClientDocument> {
    let attribute = (
        select(vec![
            "access.token.lifespan",
            "use.refresh.tokens",
            "acr.loa.map",
            "x",
        ]),
        select(vec!["60", "true", "{}", "abc", ""]),
    );
    (
        name(),
        vec(role_document(), 0..2),
        proptest::option::of(vec(name(), 0..3)),
        vec(name(), 0..2),
        vec(attribute, 0..2),
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(id, roles, scopes, mapped, attributes, (public, account))| {
                let mut client = ClientDocument::named(id);
                client.roles = roles;
                client.default_scopes = scopes;
                client.scope_mappings.realm = mapped;
                client.public = public;
                if account {
                    client.grants.push(ClientGrant::ClientCredentials);
                }
                for (key, value) in attributes {
                    client.attributes.insert(key.to_owned(), value.to_owned());
                }
                client.mappers.push(mapper("m", "oidc-sub-mapper"));
                client
            },
        )
}

fn document() -> impl Strategy<Value = RealmDocument> {
    (
        vec(role_document(), 0..4),
        vec(client_document(), 0..4),
        proptest::option::of(vec(name(), 0..4)),
        vec(name(), 0..3),
        any::<bool>(),
    )
        .prop_map(|(roles, clients, scopes, groups, strict)| {
            let mut document = RealmDocument::named("r");
            document.profile = if strict {
                Profile::Strict
            } else {
                Profile::Keycloak
            };
            document.roles = roles;
            document.clients = clients;
            document.client_scopes =
                scopes.map(|names| names.iter().map(|name| scope(name)).collect());
            document.groups = groups.iter().map(|name| group(name)).collect();
            document
        })
}

/// Everything of a realm that has an order.
fn shape(realm: &Realm) -> String {
    let parts: [&dyn Debug; 7] = [
        &realm.clients(),
        &realm.roles(),
        &realm.scopes(),
        &realm.groups(),
        &realm.keys(),
        &realm.identity_providers(),
        &realm.notes(),
    ];
    format!("{parts:#?}")
}

proptest! {
    #[test]
    fn a_document_written_and_read_again_builds_the_same(document in document()) {
        let text = serde_json::to_string(&document).unwrap();
        let again: RealmDocument = serde_json::from_str(&text).unwrap();
        let left = build(&document).map(|realm| shape(&realm)).map_err(|error| error.to_string());
        let right = build(&again).map(|realm| shape(&realm)).map_err(|error| error.to_string());
        prop_assert_eq!(left, right);
    }

    #[test]
    fn every_role_named_in_a_built_realm_is_in_it(document in document()) {
        let Ok(realm) = build(&document) else { return Ok(()) };
        for role in realm.roles() {
            assert!(role.closure().contains(role.number()));
            for part in role.closure().iter() {
                // What a part comes with, the whole comes with.
                let part = realm.role(part).unwrap();
                assert!(part.closure().iter().all(|inner| role.closure().contains(inner)));
            }
        }
        for client in realm.clients() {
            assert_eq!(realm.client_by_uuid(client.uuid()).unwrap().number(), client.number());
            for scope in client.default_scopes().iter().chain(client.optional_scopes()) {
                assert!(realm.scope(*scope).is_some());
            }
        }
    }
}
