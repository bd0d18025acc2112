//! The realm of the guide, from its file to the decision it is about.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use cambist::{
    claims::MapperKinds,
    moment::Moment,
    policy::{EvaluationContext, ExchangeQuestion, PolicyKinds, can_exchange_to},
    realm::{
        Features, Profile, Realm,
        build::{BuildOptions, ids::assign_ids, users_of},
        document::{ClientGrant, RealmDocument},
    },
};
use cambist_ring::RingProvider;
use cambist_store::document::{DocumentError, read_toml, resolve_secrets};

const GUIDE: &str = include_str!("../../../examples/guide.toml");

fn build(document: &RealmDocument) -> Realm {
    let options = BuildOptions {
        version: 1,
        features: Features::default(),
        provider: &RingProvider,
        mappers: &MapperKinds::builtin(),
        policies: &PolicyKinds::builtin(),
        client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
    };
    Realm::build(document, &options).unwrap()
}

fn guide() -> RealmDocument {
    let mut document = read_toml(GUIDE).unwrap();
    resolve_secrets(&mut document, |name| {
        (name == "SERVICE_A_SECRET").then(|| "service-a-secret".to_owned())
    })
    .unwrap();
    document.complete(Features::default());
    assign_ids(&mut document, &RingProvider);
    document
}

#[test]
fn the_guide_builds_and_brings_its_user() {
    let document = guide();
    let realm = build(&document);
    assert_eq!(
        (realm.name(), realm.profile()),
        ("token-exchange-demo", Profile::Strict)
    );
    assert!(realm.notes().is_empty(), "{:?}", realm.notes());
    let service_a = realm.client_by_id("service-a").unwrap();
    assert!(service_a.may(ClientGrant::Password) && service_a.may(ClientGrant::TokenExchange));
    assert!(
        !realm
            .client_by_id("service-b")
            .unwrap()
            .may(ClientGrant::Password)
    );

    let users = users_of(&document, &realm).unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].user.username, "testuser");
    assert_eq!(users[0].password.as_ref().unwrap().expose(), "password123");
}

#[test]
fn only_service_a_may_exchange_for_service_b() {
    let realm = build(&guide());
    let may = |requester: &str, target: &str| {
        let requester = realm.client_by_id(requester).unwrap();
        let question = ExchangeQuestion {
            requester,
            service_account: None,
            subject_scope: Some("openid"),
        };
        let context = EvaluationContext {
            client_id: requester.client_id(),
            remote_address: None,
            moment: Moment::utc(1_790_000_000),
        };
        let target = realm.client_by_id(target).unwrap().number();
        can_exchange_to(&realm, &question, target, &context, false)
            .0
            .is_ok()
    };
    assert!(may("service-a", "service-b"));
    assert!(!may("admin-cli", "service-b"));
    assert!(!may("service-b", "service-a"));
}

#[test]
fn a_missing_secret_is_named() {
    let mut document = read_toml(GUIDE).unwrap();
    assert_eq!(
        resolve_secrets(&mut document, |_| None),
        Err(DocumentError::Secret {
            path: "clients[0].secret".to_owned(),
            variable: "SERVICE_A_SECRET".to_owned()
        })
    );
}
