//! What each kind of policy says, in both profiles.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod policy_world;

use cambist::{
    moment::Moment,
    policy::{EvaluationContext, Identity, StepVote, can_impersonate},
    realm::RoleSet,
};
use policy_world::{NOW, World, only_step, vote, vote_at};
use serde_json::{Value, json};

use StepVote::{Deny, Failed, Grant, Nothing};

fn client(clients: Value) -> Value {
    json!({"kind": "client", "clients": clients})
}

#[test]
fn client_looks_at_the_requester() {
    assert_eq!(vote(client(json!(["desk"])), "desk", None), Grant);
    assert_eq!(vote(client(json!(["shop", "desk"])), "desk", None), Grant);
    assert_eq!(vote(client(json!(["shop"])), "desk", None), Deny);
    assert_eq!(vote(client(json!([])), "desk", None), Nothing);
    let by_uuid = json!(["00000000-0000-4000-8000-0000000000de"]);
    assert_eq!(vote(client(by_uuid), "desk", None), Grant);
    let as_text = json!({"kind": "client", "config": {"clients": "[\"desk\"]"}});
    assert_eq!(vote(as_text, "desk", None), Grant);
}

#[test]
fn client_keeps_its_answers_however_long_the_list_is() {
    for count in [1usize, 64, 65, 2_000] {
        let mut document = policy_world::base("strict");
        let mut names = Vec::new();
        for number in 0..2_000 {
            let id = format!("c{number}");
            if number < count {
                names.push(id.clone());
            }
            document["clients"]
                .as_array_mut()
                .unwrap()
                .push(json!({"id": id, "public": true}));
        }
        document["policies"] = json!([{"name": "guard", "kind": "client", "clients": names}]);
        document["permissions"] = json!([{"name": "p", "action": "token-exchange", "client": "bank", "policies": ["guard"]}]);
        let world = policy_world::load(document, &policy_world::kinds()).unwrap();
        for number in [0, 1, 63, 64, 65, 1_999] {
            assert_eq!(
                world.may(&format!("c{number}"), "bank"),
                number < count,
                "{number} of {count}"
            );
        }
        assert!(!world.may("desk", "bank"));
    }
}

fn roles(roles: Value) -> Value {
    json!({"kind": "role", "config": {"roles": roles}})
}

#[test]
fn role_looks_at_the_service_account() {
    assert_eq!(vote(roles(json!(["alpha"])), "desk", None), Grant);
    assert_eq!(vote(roles(json!([{"id": "alpha"}])), "desk", None), Grant);
    assert_eq!(
        vote(roles(json!(["beta"])), "desk", None),
        Grant,
        "by composite"
    );
    assert_eq!(
        vote(roles(json!(["gamma"])), "desk", None),
        Grant,
        "by the group above its own"
    );
    assert_eq!(vote(roles(json!(["bank/teller"])), "desk", None), Grant);
    assert_eq!(
        vote(roles(json!(["bank/alpha"])), "desk", None),
        Deny,
        "a client role is no realm role"
    );
    assert_eq!(
        vote(
            roles(json!(["00000000-0000-4000-8000-00000000be7a"])),
            "desk",
            None
        ),
        Grant
    );
    assert_eq!(vote(roles(json!([])), "desk", None), Nothing);
    assert_eq!(
        vote(roles(json!(["alpha"])), "shop", None),
        Deny,
        "no service account, no role"
    );
}

#[test]
fn role_required_wins_in_any_order() {
    let required = |id| json!({"id": id, "required": true});
    let optional = |id| json!({"id": id, "required": false});
    assert_eq!(
        vote(
            roles(json!([required("alpha"), optional("bank/alpha")])),
            "desk",
            None
        ),
        Grant
    );
    assert_eq!(
        vote(
            roles(json!([optional("alpha"), required("bank/alpha")])),
            "desk",
            None
        ),
        Deny
    );
    assert_eq!(
        vote(
            roles(json!([required("bank/alpha"), optional("alpha")])),
            "desk",
            None
        ),
        Deny
    );
    assert_eq!(
        vote(
            roles(json!([required("alpha"), required("beta")])),
            "desk",
            None
        ),
        Grant
    );
    assert_eq!(
        vote(
            roles(json!([{"id": "alpha", "required": "true"}])),
            "desk",
            None
        ),
        Grant
    );
}

#[test]
fn role_fetched_from_the_store_finds_no_client_there() {
    let policy =
        |fetch: Value| json!({"kind": "role", "config": {"roles": ["alpha"], "fetchRoles": fetch}});
    assert_eq!(vote(policy(json!("true")), "desk", None), Nothing);
    assert_eq!(vote(policy(json!(true)), "desk", None), Nothing);
    assert_eq!(vote(policy(json!("false")), "desk", None), Grant);
}

#[test]
fn user_is_never_the_service_account() {
    let users = |users: Value| json!({"kind": "user", "users": users});
    assert_eq!(
        vote(users(json!(["service-account-desk"])), "desk", None),
        Deny
    );
    assert_eq!(vote(users(json!(["u-desk"])), "desk", None), Deny);
    assert_eq!(
        vote(
            users(json!(["00000000-0000-4000-8000-0000000000de"])),
            "desk",
            None
        ),
        Grant
    );
    assert_eq!(vote(users(json!([])), "desk", None), Nothing);
}

/// What a policy says when the user of a token asks to become another.
fn vote_of_user(policy: Value, user: &str, roles: &[&str], claims: Value) -> StepVote {
    let mut policy = policy;
    policy["name"] = "guard".into();
    let permission = json!([{"name": "p", "action": "impersonate", "policies": ["guard"]}]);
    let world = World::with("strict", json!([policy]), permission);
    let roles: RoleSet = roles
        .iter()
        .map(|role| world.realm.realm_role(role).unwrap().number())
        .collect();
    let claims = claims.as_object().unwrap().clone();
    let identity = Identity::token_user(world.user(user), &roles, &claims);
    let context = EvaluationContext {
        client_id: "desk",
        remote_address: None,
        moment: NOW,
    };
    only_step(can_impersonate(&world.realm, &identity, &context, true).1).vote
}

#[test]
fn user_goes_by_id_and_by_name() {
    let users = |users: Value| json!({"kind": "user", "users": users});
    assert_eq!(
        vote_of_user(users(json!(["ada"])), "ada", &[], json!({})),
        Grant
    );
    assert_eq!(
        vote_of_user(users(json!(["Ada"])), "ada", &[], json!({})),
        Grant
    );
    assert_eq!(
        vote_of_user(users(json!(["u-ada"])), "ada", &[], json!({})),
        Grant
    );
    assert_eq!(
        vote_of_user(users(json!(["ada"])), "eve", &[], json!({})),
        Deny
    );
    let id_in_the_list = users(json!(["00000000-0000-4000-8000-000000000ada"]));
    let squatter = "00000000-0000-4000-8000-000000000ada";
    assert_eq!(
        vote_of_user(id_in_the_list, squatter, &[], json!({})),
        Deny,
        "a name is no id"
    );
}

#[test]
fn roles_of_a_token_are_those_that_count_for_it() {
    assert_eq!(
        vote_of_user(roles(json!(["gamma"])), "ada", &["gamma"], json!({})),
        Grant
    );
    assert_eq!(
        vote_of_user(roles(json!(["alpha"])), "ada", &[], json!({})),
        Deny
    );
    let fetched = json!({"kind": "role", "config": {"roles": ["alpha"], "fetchRoles": "true"}});
    assert_eq!(
        vote_of_user(fetched.clone(), "ada", &[], json!({})),
        Grant,
        "as stored"
    );
    assert_eq!(
        vote_of_user(fetched, "eve", &["alpha"], json!({})),
        Deny,
        "as stored"
    );
}

fn groups(groups: Value) -> Value {
    json!({"kind": "group", "config": {"groups": groups}})
}

#[test]
fn group_looks_at_real_membership() {
    let below = |path| json!([{"path": path, "extendChildren": true}]);
    assert_eq!(vote(groups(json!(["/staff/nl/ams"])), "desk", None), Grant);
    assert_eq!(
        vote(groups(json!([{"id": "group-ams"}])), "desk", None),
        Grant
    );
    assert_eq!(vote(groups(json!(["/staff/nl"])), "desk", None), Deny);
    assert_eq!(vote(groups(below("/staff/nl")), "desk", None), Grant);
    assert_eq!(vote(groups(below("/staff")), "desk", None), Grant);
    assert_eq!(vote(groups(below("/staff/nl2")), "desk", None), Deny);
    assert_eq!(
        vote(groups(json!(["/elsewhere/ams"])), "desk", None),
        Deny,
        "same name elsewhere"
    );
    assert_eq!(vote(groups(json!([])), "desk", None), Nothing);
    assert!(
        matches!(vote(groups(json!(["/staff"])), "shop", None), Failed(_)),
        "no service account"
    );
}

#[test]
fn group_claim_only_takes_away() {
    let policy = |path: &str, claim: &str| json!({"kind": "group", "config": {"groups": [{"path": path, "extendChildren": true}], "groupsClaim": claim}});
    let user = |path: &str, claims: Value| vote_of_user(policy(path, "groups"), "ada", &[], claims);
    assert_eq!(
        user("/elsewhere/ams", json!({})),
        Grant,
        "without the claim the real groups count"
    );
    assert_eq!(user("/elsewhere/ams", json!({"groups": []})), Grant);
    assert_eq!(
        user("/elsewhere/ams", json!({"groups": ["/elsewhere/ams"]})),
        Grant
    );
    assert_eq!(user("/elsewhere/ams", json!({"groups": ["ams"]})), Grant);
    assert_eq!(
        user("/elsewhere", json!({"groups": "/elsewhere/ams"})),
        Grant
    );
    assert_eq!(user("/elsewhere/ams", json!({"groups": ["/staff"]})), Deny);
    assert_eq!(
        user("/staff/nl", json!({"groups": ["/staff/nl2"]})),
        Deny,
        "a prefix is no parent"
    );
    assert_eq!(
        user("/staff/nl", json!({"groups": ["/staff/nl"]})),
        Deny,
        "a claim makes no member"
    );
    assert_eq!(
        vote(policy("/staff/nl/ams", "scope"), "desk", Some("red")),
        Deny
    );
    assert_eq!(
        vote(policy("/staff/nl/ams", "dept"), "desk", Some("red")),
        Grant,
        "attributes are not seen"
    );
}

fn time(config: Value) -> Value {
    json!({"kind": "time", "config": config})
}

#[test]
fn time_bounds_are_inclusive() {
    let at = |config: Value, moment| vote_at(time(config), "desk", None, moment);
    let second = |offset: i64| Moment::utc(NOW.now.0 + offset);
    let nbf = json!({"nbf": "2026-11-24 11:30:15"});
    assert_eq!(at(nbf.clone(), second(0)), Grant);
    assert_eq!(at(nbf, second(-1)), Deny);
    let noa = json!({"noa": "2026-11-24 11:30:15"});
    assert_eq!(at(noa.clone(), second(0)), Grant);
    assert_eq!(at(noa, second(1)), Deny);
    assert_eq!(at(json!({"nbf": "2026-11-24"}), second(0)), Grant);
    assert_eq!(
        at(json!({"noa": "2026-11-24"}), second(0)),
        Deny,
        "a date alone is its midnight"
    );
    assert_eq!(at(json!({}), second(0)), Grant);
}

#[test]
fn time_parts_do_not_wrap_and_all_must_hold() {
    for (config, expected) in [
        (json!({"hour": 11}), Grant),
        (json!({"hour": "10"}), Deny),
        (json!({"hour": "10", "hourEnd": "11"}), Grant),
        (json!({"hour": "12", "hourEnd": "11"}), Deny),
        (json!({"hour": "22", "hourEnd": "6"}), Deny),
        (json!({"minute": 30, "minuteEnd": 30}), Grant),
        (json!({"minute": 31, "minuteEnd": 59}), Deny),
        (json!({"dayMonth": 24}), Grant),
        (json!({"dayMonth": 1, "dayMonthEnd": 23}), Deny),
        (json!({"month": 11, "monthEnd": 12}), Grant),
        (json!({"month": 12, "monthEnd": 11}), Deny),
        (json!({"year": 2026}), Grant),
        (json!({"year": 2020, "yearEnd": 2025}), Deny),
        (json!({"hourEnd": 0}), Grant),
        (json!({"year": 2026, "hour": 0}), Deny),
    ] {
        assert_eq!(
            vote(time(config.clone()), "desk", None),
            expected,
            "{config}"
        );
    }
}

#[test]
fn time_is_local() {
    let moment = Moment {
        utc_offset: 3_600,
        ..NOW
    };
    assert_eq!(
        vote_at(time(json!({"hour": 12})), "desk", None, moment),
        Grant
    );
    assert_eq!(
        vote_at(
            time(json!({"nbf": "2026-11-24 12:30:15"})),
            "desk",
            None,
            moment
        ),
        Grant
    );
    assert_eq!(
        vote_at(
            time(json!({"nbf": "2026-11-24 12:30:16"})),
            "desk",
            None,
            moment
        ),
        Deny
    );
    let before = Moment::utc(-1);
    assert_eq!(
        vote_at(
            time(json!({"year": 1969, "month": 12, "dayMonth": 31, "hour": 23})),
            "desk",
            None,
            before
        ),
        Grant
    );
    assert!(matches!(
        vote_at(
            time(json!({"year": 2026})),
            "desk",
            None,
            Moment::utc(i64::MAX)
        ),
        Failed(_)
    ));
}

#[test]
fn time_that_cannot_be_read_is_refused_or_fails() {
    for config in [
        json!({"nbf": "yesterday"}),
        json!({"nbf": "2026-02-30"}),
        json!({"noa": "2026-01-01 25:00:00"}),
        json!({"hour": "noon"}),
    ] {
        let strict = World::guarded_by("strict", time(config.clone()));
        assert!(
            strict.is_err_and(|error| error.contains("guard")),
            "{config}"
        );
        let world = World::guarded_by("keycloak", time(config.clone()))
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(!world.realm.policies().notes().is_empty());
        assert!(
            matches!(
                only_step(world.ask("desk", "bank", None, NOW).1).vote,
                Failed(_)
            ),
            "{config}"
        );
    }
    assert!(World::guarded_by("strict", time(json!({"hour": 25}))).is_err());
    let world = World::guarded_by("keycloak", time(json!({"hour": 25})))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        only_step(world.ask("desk", "bank", None, NOW).1).vote,
        Deny,
        "an hour that never comes"
    );
}

fn regex(claim: &str, pattern: &str) -> Value {
    json!({"kind": "regex", "config": {"targetClaim": claim, "pattern": pattern}})
}

#[test]
fn regex_matches_the_whole_scope() {
    assert_eq!(vote(regex("scope", "red"), "desk", Some("red")), Grant);
    assert_eq!(vote(regex("scope", "red"), "desk", Some("red blue")), Deny);
    assert_eq!(
        vote(regex("scope", r".*\bblue\b.*"), "desk", Some("red blue")),
        Grant
    );
    assert_eq!(vote(regex("scope", "red"), "desk", None), Nothing);
    assert_eq!(
        vote(regex("dept", "sea"), "desk", Some("red")),
        Nothing,
        "attributes are not seen"
    );
    let context = json!({"kind": "regex", "config": {"targetClaim": "kc.client.id", "pattern": ".*", "targetContextAttributes": "true"}});
    assert_eq!(
        vote(context, "desk", Some("red")),
        Nothing,
        "a name with dots is a path"
    );
}

#[test]
fn regex_follows_paths_and_takes_the_first_value() {
    let claims = json!({
        "tenant": "t1", "level": 3, "admin": true, "list": ["first", "second"], "none": null,
        "info": {"tenant": "t2", "tags": ["x", {"name": "y"}]}, "empty": []
    });
    for (claim, pattern, expected) in [
        ("tenant", "t1", Grant),
        ("level", "3", Grant),
        ("admin", "true", Grant),
        ("list", "first", Grant),
        ("list", "second", Deny),
        ("list[1]", "second", Grant),
        ("info.tenant", "t2", Grant),
        ("info.tags[1].name", "y", Grant),
        ("info.tags[2].name", ".*", Nothing),
        ("info.tags[x]", ".*", Nothing),
        ("info", r#"\{.*"tenant":"t2".*\}"#, Grant),
        ("tenant.more", ".*", Nothing),
        ("none", ".*", Nothing),
        ("empty", ".*", Nothing),
        ("absent", ".*", Nothing),
    ] {
        assert_eq!(
            vote_of_user(regex(claim, pattern), "ada", &[], claims.clone()),
            expected,
            "{claim}"
        );
    }
}

#[test]
fn regex_of_java_alone_is_refused_in_both_profiles() {
    for profile in ["strict", "keycloak"] {
        for pattern in ["(?=a)b", r"(a)\1", "a++", "(?<=a)b", "(?>a)b"] {
            let refused = World::guarded_by(profile, regex("scope", pattern));
            assert!(
                refused.is_err_and(|error| error.contains("guard") && error.contains("byte")),
                "{pattern}"
            );
        }
    }
}

#[test]
fn regex_that_is_none_is_refused_or_fails() {
    assert!(World::guarded_by("strict", regex("scope", "(")).is_err());
    let world = World::guarded_by("keycloak", regex("scope", "("))
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(
        only_step(world.ask("desk", "bank", Some("red"), NOW).1).vote,
        Failed(_)
    ));
}

#[test]
fn client_scope_looks_at_the_subject_token() {
    let policy =
        |scopes: Value| json!({"kind": "client-scope", "config": {"clientScopes": scopes}});
    let required = |id| json!({"id": id, "required": true});
    assert_eq!(
        vote(policy(json!(["red"])), "desk", Some("openid red")),
        Grant
    );
    assert_eq!(
        vote(policy(json!(["red"])), "desk", Some("openid reddish")),
        Deny
    );
    assert_eq!(
        vote(policy(json!(["scope-blue"])), "desk", Some("blue")),
        Grant,
        "by id"
    );
    assert_eq!(
        vote(
            policy(json!(["red", required("blue")])),
            "desk",
            Some("red")
        ),
        Deny
    );
    assert_eq!(
        vote(
            policy(json!([required("blue"), "red"])),
            "desk",
            Some("blue")
        ),
        Grant
    );
    assert_eq!(vote(policy(json!([])), "desk", Some("red")), Nothing);
    assert!(matches!(
        vote(policy(json!(["red"])), "desk", None),
        Failed(_)
    ));
}
