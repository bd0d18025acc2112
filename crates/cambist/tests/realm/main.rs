//! Realm documents become realms: what is refused and where, what comes out, which users come with it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod built;
mod keys;
mod refusals;
mod round_trip;
mod users;

use cambist::{
    claims::MapperKinds,
    policy::PolicyKinds,
    realm::{
        Features, Profile, Realm, RealmError,
        build::BuildOptions,
        document::{
            ClientDocument, ClientScopeDocument, GroupDocument, MapperDocument, RealmDocument,
            RoleDocument, RoleNames,
        },
    },
};
use cambist_ring::RingProvider;

/// Builds with the built-in kinds and ring.
fn build(document: &RealmDocument) -> Result<Realm, RealmError> {
    let options = BuildOptions {
        version: 7,
        features: Features::default(),
        provider: &RingProvider,
        mappers: &MapperKinds::builtin(),
        policies: &PolicyKinds::builtin(),
        client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
    };
    Realm::build(document, &options)
}

/// Completes and builds.
fn complete_and_build(mut document: RealmDocument) -> Realm {
    document.complete(Features::default());
    build(&document).unwrap()
}

/// The text of the refusal in profile `strict`.
fn refusal(document: &RealmDocument) -> String {
    build(document).unwrap_err().to_string()
}

/// The notes of the build in profile `keycloak`.
fn notes(mut document: RealmDocument) -> Vec<String> {
    document.profile = Profile::Keycloak;
    build(&document).unwrap().notes().to_vec()
}

/// A realm of this name with one change.
fn realm_with(change: impl FnOnce(&mut RealmDocument)) -> RealmDocument {
    let mut document = RealmDocument::named("r");
    change(&mut document);
    document
}

/// A realm with one client `shop` and a change of it.
fn client_with(change: impl FnOnce(&mut ClientDocument)) -> RealmDocument {
    let mut client = ClientDocument::named("shop");
    change(&mut client);
    realm_with(|realm| realm.clients.push(client))
}

fn role(name: &str) -> RoleDocument {
    RoleDocument {
        name: name.to_owned(),
        id: None,
        description: None,
        composites: RoleNames::default(),
        attributes: Default::default(),
    }
}

fn composite(name: &str, parts: &[&str]) -> RoleDocument {
    let mut role = role(name);
    role.composites.realm = parts.iter().map(|part| (*part).to_owned()).collect();
    role
}

fn scope(name: &str) -> ClientScopeDocument {
    ClientScopeDocument {
        name: name.to_owned(),
        id: None,
        description: None,
        protocol: "openid-connect".to_owned(),
        scope_mappings: RoleNames::default(),
        mappers: Vec::new(),
        attributes: Default::default(),
    }
}

fn group(name: &str) -> GroupDocument {
    GroupDocument {
        name: name.to_owned(),
        id: None,
        roles: RoleNames::default(),
        attributes: Default::default(),
        groups: Vec::new(),
    }
}

fn mapper(name: &str, kind: &str) -> MapperDocument {
    MapperDocument {
        name: name.to_owned(),
        id: None,
        kind: kind.to_owned(),
        protocol: "openid-connect".to_owned(),
        config: Default::default(),
    }
}
