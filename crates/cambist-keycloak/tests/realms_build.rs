//! Every realm document that a real Keycloak took becomes a realm here, users included.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use cambist::{
    claims::MapperKinds,
    policy::PolicyKinds,
    realm::{
        Features, Realm,
        build::{BuildOptions, ids::assign_ids, users_of},
        document::NewUser,
    },
};
use cambist_ring::RingProvider;

/// What the builds noticed, of all realms together: how each note begins. There is no other.
const NOTES: &[(&str, &[&str])] = &[
    (
        "ep-claims",
        &[
            "clients[54].attributes.\"access.token.signed.response.alg\": \"XX999\" is none of",
            "clients[62].attributes.\"access.token.signed.response.alg\": \"ES512\" is none of",
            "clients[66].attributes.\"id.token.signed.response.alg\": \"none\" is none of",
        ],
    ),
    (
        "ep-claims-scopes",
        &["clients[4].default_scopes[6]: no client scope is named \"not-there\""],
    ),
    (
        "ep-grants",
        &["clients[18].attributes.\"access.token.lifespan\": access.token.lifespan of client"],
    ),
    (
        "v1-policies",
        &[
            "permission \"token-exchange.permission.client.13a10001-0001-4000-8000-0000000003d5\" has negative",
            "permission \"token-exchange.permission.client.13a10001-0001-4000-8000-0000000003d9\" has negative",
            "permission \"token-exchange.permission.client.13a10001-0001-4000-8000-0000000003dc\" has negative",
        ],
    ),
    (
        "v2-only",
        &["clients[6].attributes.\"standard.token.exchange.enableRefreshRequestedTokenType\""],
    ),
    (
        "v2-standard",
        &["clients[6].attributes.\"standard.token.exchange.enableRefreshRequestedTokenType\""],
    ),
];

fn build_all() -> BTreeMap<String, (Realm, Vec<NewUser>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../parity/realms");
    let options = BuildOptions {
        version: 1,
        features: Features::default(),
        provider: &RingProvider,
        mappers: &MapperKinds::builtin(),
        policies: &PolicyKinds::builtin(),
        client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
    };
    let mut realms = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut document = cambist_keycloak::import(&text).unwrap().document;
        document.complete(options.features);
        assign_ids(&mut document, options.provider);
        let realm =
            Realm::build(&document, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
        let users = users_of(&document, &realm).unwrap_or_else(|error| panic!("{name}: {error}"));
        realms.insert(name, (realm, users));
    }
    realms
}

#[test]
fn every_recorded_realm_builds_and_these_notes_are_all() {
    let realms = build_all();
    assert!(realms.len() >= 50);
    let expected: BTreeMap<&str, &[&str]> = NOTES.iter().copied().collect();
    for (name, (realm, _)) in &realms {
        // Providers of the recorded world stand at addresses that only the recorder knew.
        let notes: Vec<&String> = realm
            .notes()
            .iter()
            .filter(|note| !note.ends_with("should be an address that begins with https://"))
            .collect();
        let expected = expected.get(name.as_str()).copied().unwrap_or_default();
        assert_eq!(notes.len(), expected.len(), "{name}: {notes:#?}");
        for (note, start) in notes.iter().zip(expected) {
            assert!(note.starts_with(start), "{name}: {note}");
        }
    }
    assert!(expected.keys().all(|name| realms.contains_key(*name)));
}

#[test]
fn every_user_of_a_recorded_realm_has_an_id_and_roles_that_exist() {
    for (name, (realm, users)) in build_all() {
        for new in users {
            let user = new.user;
            assert!(
                !user.id.is_empty() || user.service_account_client.is_some(),
                "{name}: {}",
                user.username
            );
            for role in &user.roles {
                assert!(
                    realm.role_by_id(role).is_some(),
                    "{name}: {} has {role}",
                    user.username
                );
            }
        }
    }
}
