//! The shop of the scenarios: what it can ever allow, what a change to it allows, what is found in it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::Arc;

use cambist::{
    facts::User,
    policy::Possibility,
    realm::{Realm, document::RealmDocument},
};
use cambist_analysis::{
    Change, Difference, FindingKind, Impersonator, Parties, Reach, Way, findings, impersonators,
};
use cambist_ring::RingProvider;
use cambist_store::document::read_toml;
use cambist_testkit::world::World;
use serde_json::json;

const SHOP: &str = include_str!("../../../scenarios/realms/shop.toml");

struct Shop {
    realm: Arc<Realm>,
    users: Vec<User>,
}

impl Shop {
    fn open() -> Self {
        Self::changed(|_| ())
    }

    fn changed(change: impl FnOnce(&mut RealmDocument)) -> Self {
        let mut document = read_toml(SHOP).unwrap();
        change(&mut document);
        let world = World::new(document, &RingProvider).unwrap();
        Self {
            users: world.users.values().map(|user| (**user).clone()).collect(),
            realm: world.realm,
        }
    }

    fn parties(&self) -> Parties<'_> {
        Parties::with_users(&self.realm, &self.users)
    }
}

fn told(paths: &[cambist_analysis::Path]) -> Vec<(String, Vec<Way>, Possibility)> {
    let own = paths.iter().filter(|path| !Parties::is_built_in(&path.to));
    own.map(|path| {
        let ways = path.hops.iter().map(|hop| hop.way).collect();
        (path.to.clone(), ways, path.possibility)
    })
    .collect()
}

#[test]
fn what_the_front_can_reach() {
    let shop = Shop::open();
    let reach = Reach::of(&shop.parties());
    let (always, depends) = (Possibility::Always, Possibility::Depends);
    assert_eq!(
        told(&reach.from("front")),
        [
            ("gateway".into(), vec![Way::Audience], always),
            ("orders".into(), vec![Way::PermissionBased], always),
            ("payments".into(), vec![Way::PermissionBased], depends),
            ("ledger".into(), vec![Way::Audience, Way::Standard], always),
        ]
    );
    let path = reach.path("front", "ledger").unwrap();
    assert_eq!(path.exchanges(), 1);
    assert_eq!(path.hops[1].scopes, ["basic", "read:orders", "to-ledger"]);
    assert_eq!(reach.path("desk", "orders"), None);
    assert_eq!(reach.path("orders", "front"), None);
    let sources: Vec<_> = reach
        .sources()
        .filter(|id| !Parties::is_built_in(id))
        .collect();
    assert_eq!(sources, ["desk", "front", "kiosk"]);
}

#[test]
fn who_can_become_another() {
    let shop = Shop::open();
    let client = |possibility| Impersonator::Client {
        client: "desk".into(),
        possibility,
    };
    assert_eq!(
        impersonators(&shop.parties()),
        [client(Possibility::Always)]
    );

    let admin = Shop::changed(|document| {
        let user = document
            .users
            .iter_mut()
            .find(|user| user.username == "bob");
        let roles = json!({"clients": {"realm-management": ["impersonation"]}});
        user.unwrap().roles = serde_json::from_value(roles).unwrap();
    });
    let bob = Impersonator::User {
        username: "bob".into(),
    };
    assert_eq!(
        impersonators(&admin.parties()),
        [client(Possibility::Always), bob]
    );
}

#[test]
fn what_a_change_newly_allows() {
    let (before, after) = (
        Shop::open(),
        Shop::changed(|document| {
            let desk = document
                .policies
                .iter_mut()
                .find(|policy| policy.name == "front");
            let clients = &mut desk.unwrap().clients;
            *clients = Some(vec!["front".into(), "kiosk".into()]);
        }),
    );
    let same = Difference::between(&before.parties(), &before.parties());
    assert!(same.is_empty() && !same.allows_more());

    let more = Difference::between(&before.parties(), &after.parties());
    let change = |to: &str, way, after| Change {
        from: "kiosk".into(),
        to: to.into(),
        way,
        before: Possibility::Never,
        after,
    };
    let by = Some(Way::PermissionBased);
    assert_eq!(
        more.hops,
        [
            change("orders", by, Possibility::Always),
            change("payments", by, Possibility::Depends)
        ]
    );
    assert_eq!(
        more.reach,
        [
            change("orders", None, Possibility::Always),
            change("payments", None, Possibility::Depends)
        ]
    );
    assert!(more.allows_more());

    let less = Difference::between(&after.parties(), &before.parties());
    assert_eq!(less.hops.len(), 2);
    assert!(!less.allows_more());
}

/// The places at which something of this kind is found.
fn places(shop: &Shop, kind: FindingKind) -> Vec<String> {
    findings(&shop.parties())
        .into_iter()
        .filter(|finding| finding.kind == kind)
        .map(|finding| finding.place)
        .collect()
}

#[test]
fn what_is_found_in_it() {
    let shop = Shop::open();
    let found = |kind| places(&shop, kind);
    assert_eq!(found(FindingKind::NarrowingNotEnforced), ["shop"]);
    assert_eq!(found(FindingKind::UnboundImpersonation), ["desk"]);
    assert_eq!(found(FindingKind::FullScope), ["front", "gateway"]);
    for kind in [
        FindingKind::PermissiveEnforcement,
        FindingKind::PlainHttp,
        FindingKind::LongLife,
        FindingKind::OpenToAll,
        FindingKind::OpenToNobody,
        FindingKind::PublicExchange,
        FindingKind::ReachesNobody,
    ] {
        assert!(found(kind).is_empty(), "{kind:?}");
    }
}

/// Each kind of finding is made where its cause is.
#[test]
fn each_cause_is_found() {
    let policy = |document: &mut RealmDocument, name: &str, policy: serde_json::Value| {
        let place = document
            .policies
            .iter()
            .position(|policy| policy.name == name);
        document.policies[place.unwrap()] = serde_json::from_value(policy).unwrap();
    };
    let client =
        |document: &mut RealmDocument, id: &str, change: &dyn Fn(&mut serde_json::Value)| {
            let place = document
                .clients
                .iter()
                .position(|client| client.id == id)
                .unwrap();
            let mut value = serde_json::to_value(&document.clients[place]).unwrap();
            change(&mut value);
            document.clients[place] = serde_json::from_value(value).unwrap();
        };
    let shop = Shop::changed(|document| {
        document.authorization =
            serde_json::from_value(json!({"enforcement": "permissive"})).unwrap();
        document.ssl_required = serde_json::from_value(json!("none")).unwrap();
        document.tokens.access_token_lifespan = 7_200;
        // Of the permission on payments: never for a client. Of the one on orders: for any but a name.
        policy(
            document,
            "in 2020 only",
            json!({"name": "in 2020 only", "kind": "user", "users": ["alice"]}),
        );
        policy(
            document,
            "front",
            json!({"name": "front", "kind": "client", "clients": ["ledger"], "logic": "negative"}),
        );
        policy(
            document,
            "not the desk",
            json!({"name": "not the desk", "kind": "client", "clients": ["payments"], "logic": "negative"}),
        );
        client(document, "ledger", &|client| {
            client["enabled"] = false.into()
        });
        client(document, "payments", &|client| {
            client["enabled"] = true.into()
        });
        client(document, "kiosk", &|client| {
            client["public"] = true.into();
            client.as_object_mut().unwrap().remove("secret");
            client["attributes"] = json!({"access.token.lifespan": "86400"});
        });
    });
    let found = |kind| places(&shop, kind);
    assert_eq!(found(FindingKind::PermissiveEnforcement), ["shop"]);
    assert_eq!(found(FindingKind::PlainHttp), ["shop"]);
    assert_eq!(found(FindingKind::LongLife), ["kiosk", "shop"]);
    assert_eq!(found(FindingKind::OpenToNobody), ["payments"]);
    assert!(found(FindingKind::PublicExchange).contains(&"kiosk".to_owned()));
    assert_eq!(found(FindingKind::ReachesNobody), ["gateway"]);

    let all = Shop::changed(|document| {
        policy(
            document,
            "front",
            json!({"name": "front", "kind": "client", "clients": ["orders"], "logic": "negative"}),
        );
        policy(
            document,
            "not the desk",
            json!({"name": "not the desk", "kind": "client", "clients": ["orders"], "logic": "negative"}),
        );
    });
    assert_eq!(places(&all, FindingKind::OpenToAll), ["orders"]);
}
