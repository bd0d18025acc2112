//! What a gate can come to at all, held to what it does come to.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod policy_world;

use cambist::{
    moment::Moment,
    policy::{
        EvaluationContext, ExchangeQuestion, Possibility, ServiceAccount, can_exchange_to,
        exchange_possibility, impersonation_possibility,
    },
};
use policy_world::{NOW, World};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Conditions that hang on the client, the moment, the service account and the token; and one that an
/// embedder registered and says nothing about.
fn conditions() -> Vec<Value> {
    vec![
        json!({"kind": "client", "clients": ["desk"]}),
        json!({"kind": "client", "clients": ["shop"]}),
        json!({"kind": "client"}),
        json!({"kind": "time", "config": {"noa": "2027-01-01 00:00:00"}}),
        json!({"kind": "role", "config": {"roles": [{"id": "alpha"}]}}),
        json!({"kind": "client-scope", "config": {"clientScopes": [{"id": "red"}]}}),
        json!({"kind": "regex", "config": {"targetClaim": "scope", "pattern": ".*blue.*"}}),
        json!({"kind": "group", "config": {"groups": [{"path": "/staff/nl", "extendChildren": true}]}}),
        json!({"kind": "told", "config": {"says": "grant"}}),
    ]
}

const STRATEGIES: [&str; 3] = ["unanimous", "affirmative", "consensus"];
/// 2027-06-01 00:00:00 UTC.
const LATER: Moment = Moment::utc(1_811_808_000);
const SCOPES: [Option<&str>; 4] = [None, Some(""), Some("red"), Some("blue red")];

/// A guarded exchange to `bank`: conditions by number with their logic, and a strategy.
fn world(profile: &str, strategy: usize, set: &[(usize, bool)]) -> World {
    let all = conditions();
    let mut policies = Vec::new();
    for (place, (condition, negative)) in set.iter().enumerate() {
        let mut policy = all[*condition].clone();
        policy["name"] = place.to_string().into();
        policy["logic"] = if *negative { "negative" } else { "positive" }.into();
        policies.push(policy);
    }
    let names: Vec<String> = (0..set.len()).map(|place| place.to_string()).collect();
    let permissions = ["token-exchange", "impersonate"].map(|action| {
        let mut permission = json!({
            "name": action, "action": action, "policies": names, "strategy": STRATEGIES[strategy]
        });
        if action == "token-exchange" {
            permission["client"] = "bank".into();
        }
        permission
    });
    World::with(profile, policies.into(), permissions.to_vec().into())
}

/// Every answer that the gate gives to `desk`: with and without the roles of its service account, with each
/// scope, in and after the time.
fn answers(world: &World) -> Vec<bool> {
    let requester = world.realm.client_by_id("desk").unwrap();
    let target = world.realm.client_by_id("bank").unwrap().number();
    let mut bare = world.user("service-account-desk").clone();
    bare.roles.clear();
    bare.groups.clear();
    let mut answers = Vec::new();
    for account in [None, Some(&bare), Some(world.user("service-account-desk"))] {
        for subject_scope in SCOPES {
            for moment in [NOW, LATER] {
                let question = ExchangeQuestion {
                    requester,
                    service_account: account,
                    subject_scope,
                };
                let context = EvaluationContext {
                    client_id: "desk",
                    remote_address: None,
                    moment,
                };
                let answer = can_exchange_to(&world.realm, &question, target, &context, false);
                answers.push(answer.0.is_ok());
            }
        }
    }
    answers
}

fn possibility(world: &World) -> Possibility {
    let requester = world.realm.client_by_id("desk").unwrap();
    let target = world.realm.client_by_id("bank").unwrap().number();
    exchange_possibility(&world.realm, requester, ServiceAccount::Unknown, target)
}

proptest! {
    #[test]
    fn what_can_never_be_is_never_and_what_always_is_is_always(
        set in prop::collection::vec((0..9usize, any::<bool>()), 0..4),
        strategy in 0..3usize,
        profile in prop::sample::select(&["strict", "keycloak"][..]),
    ) {
        let world = world(profile, strategy, &set);
        let answers = answers(&world);
        match possibility(&world) {
            Possibility::Never => prop_assert!(answers.iter().all(|open| !open), "{:?}", answers),
            Possibility::Always => prop_assert!(answers.iter().all(|open| *open), "{:?}", answers),
            Possibility::Depends => {}
        }
    }
}

/// A twin that calls everything never, or everything always, is noticed, and so is one that says nothing.
#[test]
fn each_possibility_is_said_where_it_is_so() {
    let says = |profile, strategy, set: &[_]| possibility(&world(profile, strategy, set));
    for profile in ["strict", "keycloak"] {
        assert_eq!(says(profile, 0, &[]), Possibility::Never, "{profile}");
        assert_eq!(says(profile, 0, &[(0, false)]), Possibility::Always);
        assert_eq!(says(profile, 0, &[(0, true)]), Possibility::Never);
        assert_eq!(says(profile, 0, &[(1, false)]), Possibility::Never);
        assert_eq!(says(profile, 0, &[(1, true)]), Possibility::Always);
        for hanging in 3..9 {
            assert_eq!(says(profile, 0, &[(hanging, false)]), Possibility::Depends);
            assert_eq!(
                says(profile, 0, &[(hanging, false), (1, false)]),
                Possibility::Never,
                "a client that is never let in is not helped by another condition"
            );
        }
    }
    // The difference between the profiles: a condition in doubt might fail the question in Keycloak.
    let sure = [(0, false), (3, false)];
    assert_eq!(says("strict", 1, &sure), Possibility::Always);
    assert_eq!(says("keycloak", 1, &sure), Possibility::Depends);
}

#[test]
fn a_service_account_that_is_known_settles_its_roles() {
    let world = world("strict", 0, &[(4, false)]);
    let requester = world.realm.client_by_id("desk").unwrap();
    let target = world.realm.client_by_id("bank").unwrap().number();
    let account = ServiceAccount::Is(Some(world.user("service-account-desk")));
    let with = exchange_possibility(&world.realm, requester, account, target);
    assert_eq!(with, Possibility::Always);
    let without = ServiceAccount::Is(None);
    assert_eq!(
        exchange_possibility(&world.realm, requester, without, target),
        Possibility::Never
    );
}

#[test]
fn impersonation_is_told_alike() {
    for (set, expected) in [
        (vec![], Possibility::Never),
        (vec![(0, false)], Possibility::Always),
        (vec![(1, false)], Possibility::Never),
        (vec![(5, false)], Possibility::Depends),
    ] {
        let world = world("strict", 0, &set);
        let requester = world.realm.client_by_id("desk").unwrap();
        let account = ServiceAccount::Unknown;
        assert_eq!(
            impersonation_possibility(&world.realm, requester, account),
            expected,
            "{set:?}"
        );
    }
}
