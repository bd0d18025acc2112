//! What a permission store takes and refuses, how permissions combine on one resource, and the gates.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on stops"
)]

mod policy_world;

use cambist::{
    policy::{
        EvaluationContext, ExchangeQuestion, GateRefusal, Identity, Outcome, PolicyError,
        PolicyKinds, can_client_impersonate, can_exchange_to_provider, can_impersonate,
        is_impersonatable,
    },
    realm::RoleSet,
};
use policy_world::{NOW, ToldKind, World, base, kinds, load};
use serde_json::{Map, Value, json};

fn told(name: &str, says: &str) -> Value {
    json!({"name": name, "kind": "told", "config": {"says": says}})
}

fn aggregate(name: &str, policies: &[&str]) -> Value {
    json!({"name": name, "kind": "aggregate", "policies": policies})
}

fn to_bank(policies: &[&str]) -> Value {
    json!([{"name": "to bank", "action": "token-exchange", "client": "bank", "policies": policies}])
}

fn refused(profile: &str, policies: Value, permissions: Value) -> String {
    match World::try_with(profile, policies, permissions) {
        Ok(_) => panic!("taken"),
        Err(error) => error,
    }
}

#[test]
fn a_circle_is_refused_and_named() {
    let policies = json!([
        aggregate("a", &["b"]),
        aggregate("b", &["c"]),
        aggregate("c", &["b"])
    ]);
    let error = refused("strict", policies, to_bank(&["a"]));
    assert!(error.contains("b -> c -> b"), "{error}");
    let error = refused("keycloak", json!([aggregate("a", &["a"])]), json!([]));
    assert!(error.contains("a -> a"), "{error}");
    let names: Vec<String> = (0..2_000).map(|number| format!("p{number}")).collect();
    let long: Vec<Value> = (0..2_000)
        .map(|number| aggregate(&names[number], &[&names[(number + 1) % 2_000]]))
        .collect();
    assert!(refused("strict", long.into(), json!([])).contains("p1999 -> p0"));
}

/// A chain of so many aggregates, ending in a grant.
fn chain(length: usize) -> (Value, String) {
    let mut policies = vec![told("level 0", "grant")];
    for level in 1..=length {
        policies.push(aggregate(
            &format!("level {level}"),
            &[&format!("level {}", level - 1)],
        ));
    }
    (policies.into(), format!("level {length}"))
}

#[test]
fn aggregates_nest_eight_deep_and_no_deeper() {
    let (policies, top) = chain(8);
    assert!(World::with("strict", policies, to_bank(&[&top])).may("desk", "bank"));
    let (policies, top) = chain(9);
    let error = refused("strict", policies, to_bank(&[&top]));
    assert!(
        error.contains("9 deep") && error.contains("level 9"),
        "{error}"
    );
}

#[test]
fn a_permission_asks_a_thousand_policies_and_no_more() {
    let policies = |count: usize| -> Value {
        (0..count)
            .map(|number| told(&format!("p{number}"), "grant"))
            .collect::<Vec<_>>()
            .into()
    };
    let names =
        |count: usize| -> Vec<String> { (0..count).map(|number| format!("p{number}")).collect() };
    let permission = |count: usize| json!([{"name": "p", "action": "token-exchange", "client": "bank", "policies": names(count)}]);
    assert!(World::with("strict", policies(1_000), permission(1_000)).may("desk", "bank"));
    assert!(refused("strict", policies(1_001), permission(1_001)).contains("1001 policies"));
    let over = json!([{"name": "all", "kind": "aggregate", "policies": names(1_001)}]);
    let mut all = policies(1_001);
    all.as_array_mut()
        .unwrap()
        .extend(over.as_array().unwrap().clone());
    assert!(refused("strict", all, json!([])).contains("1001 policies"));
}

#[test]
fn shared_children_cannot_multiply_without_bound() {
    let mut policies = vec![told("0.0", "grant")];
    for level in 1..=4 {
        let below: Vec<String> = (0..if level == 1 { 1 } else { 40 })
            .map(|number| format!("{}.{number}", level - 1))
            .collect();
        for number in 0..40 {
            policies.push(json!({"name": format!("{level}.{number}"), "kind": "aggregate", "policies": below}));
        }
    }
    let error = refused("strict", policies.into(), to_bank(&["4.0", "4.1"]));
    assert!(error.contains("checks"), "{error}");
}

#[test]
fn a_hundred_thousand_clients_in_one_policy_are_searched_not_walked() {
    let mut document = base("strict");
    let names: Vec<String> = (0..100_000).map(|number| format!("c{number}")).collect();
    let clients = document["clients"].as_array_mut().unwrap();
    clients.extend(names.iter().map(
        |name| json!({"id": name, "public": true, "default_scopes": [], "optional_scopes": []}),
    ));
    document["policies"] = json!([{"name": "all", "kind": "client", "clients": names}]);
    document["permissions"] = to_bank(&["all"]);
    let world = load(document, &kinds()).unwrap();
    assert!(world.may("c0", "bank") && world.may("c99999", "bank") && !world.may("desk", "bank"));
}

#[test]
fn t123_unknown_kinds_are_refused_and_the_known_ones_listed() {
    for (kind, why) in [
        ("js", "script"),
        ("script-x.js", "script"),
        ("uma", "user-managed"),
        ("cleint", "not known"),
    ] {
        let error = refused(
            "keycloak",
            json!([{"name": "odd", "kind": kind}]),
            json!([]),
        );
        assert!(
            error.contains("odd") && error.contains(why) && error.contains("client-scope"),
            "{error}"
        );
    }
}

#[test]
fn a_kind_is_registered_once() {
    let mut kinds = PolicyKinds::builtin();
    assert_eq!(kinds.register(Box::new(ToldKind)), Ok(()));
    assert_eq!(
        kinds.register(Box::new(ToldKind)),
        Err(PolicyError::DuplicateKind("told".into()))
    );
    assert_eq!(
        PolicyKinds::builtin().names().collect::<Vec<_>>(),
        [
            "aggregate",
            "client",
            "client-scope",
            "group",
            "regex",
            "role",
            "time",
            "user"
        ]
    );
}

#[test]
fn names_and_ids_are_unique_over_policies_and_permissions() {
    let twice = json!([told("a", "grant"), told("a", "deny")]);
    assert!(refused("keycloak", twice, json!([])).contains("\"a\""));
    let mut with_id = told("b", "grant");
    with_id["id"] = "a".into();
    assert!(refused("keycloak", json!([told("a", "grant"), with_id]), json!([])).contains("\"a\""));
    let permission = json!([{"name": "a", "action": "impersonate"}]);
    assert!(refused("keycloak", json!([told("a", "grant")]), permission).contains("\"a\""));
}

#[test]
fn dangling_names_are_refused_in_strict_and_noted_in_keycloak() {
    for (policy, what) in [
        (
            json!({"name": "p", "kind": "client", "clients": ["ghost"]}),
            "client",
        ),
        (
            json!({"name": "p", "kind": "role", "config": {"roles": ["ghost"]}}),
            "role",
        ),
        (
            json!({"name": "p", "kind": "group", "config": {"groups": ["/ghost"]}}),
            "group",
        ),
        (
            json!({"name": "p", "kind": "client-scope", "config": {"clientScopes": ["ghost"]}}),
            "client scope",
        ),
    ] {
        let error = refused("strict", json!([policy]), json!([]));
        assert!(error.contains("ghost") && error.contains(what), "{error}");
        let world = World::with("keycloak", json!([policy]), json!([]));
        assert!(world.realm.policies().notes()[0].contains("ghost"));
    }
    for profile in ["strict", "keycloak"] {
        assert!(refused(profile, json!([aggregate("a", &["ghost"])]), json!([])).contains("ghost"));
        assert!(refused(profile, json!([]), to_bank(&["ghost"])).contains("ghost"));
        let permission = json!([{"name": "p", "action": "token-exchange", "client": "ghost"}]);
        assert!(refused(profile, json!([]), permission).contains("ghost"));
    }
}

#[test]
fn settings_that_mean_nothing_are_refused_in_strict_and_noted_in_keycloak() {
    for policy in [
        json!({"name": "p", "kind": "client", "clients": ["desk"], "users": ["ada"]}),
        json!({"name": "p", "kind": "time", "config": {"hours": 3}}),
        json!({"name": "p", "kind": "role", "config": {"rolls": []}}),
    ] {
        assert!(refused("strict", json!([policy]), json!([])).contains("does not know"));
        assert_eq!(
            World::with("keycloak", json!([policy]), json!([]))
                .realm
                .policies()
                .notes()
                .len(),
            1
        );
    }
    for policy in [
        json!({"name": "p", "kind": "client", "config": {"clients": "desk"}}),
        json!({"name": "p", "kind": "client", "config": {"clients": [1]}}),
        json!({"name": "p", "kind": "role", "config": {"roles": [{"required": true}]}}),
        json!({"name": "p", "kind": "role", "config": {"roles": ["alpha"], "fetchRoles": "maybe"}}),
        json!({"name": "p", "kind": "role", "config": {"roles": [{"id": "alpha", "requires": true}]}}),
    ] {
        for profile in ["strict", "keycloak"] {
            refused(profile, json!([policy]), json!([]));
        }
    }
}

#[test]
fn a_permission_says_what_it_guards() {
    for permission in [
        json!({"name": "p"}),
        json!({"name": "p", "action": "token-exchange"}),
        json!({"name": "p", "action": "exchange", "client": "bank"}),
        json!({"name": "p", "action": "token-exchange", "client": "bank", "provider": "hub"}),
        json!({"name": "p", "action": "impersonate", "client": "bank"}),
        json!({"name": "p", "action": "token-exchange", "client": "bank", "scopes": ["view"]}),
        json!({"name": "p", "kind": "uma"}),
        json!({"name": "p", "kind": "scope", "client": "bank"}),
        json!({"name": "p", "kind": "scope", "scopes": ["nowhere"]}),
        json!({"name": "p", "kind": "resource", "resources": ["nowhere"]}),
    ] {
        let error = refused("keycloak", json!([]), json!([permission]));
        assert!(error.contains("\"p\""), "{error}");
    }
}

#[test]
fn a_store_has_sixty_four_scopes_and_no_more() {
    let document = |count: usize| {
        let mut document = base("strict");
        let scopes: Vec<Value> = (0..count)
            .map(|number| json!({"name": format!("s{number}")}))
            .collect();
        document["authorization"] = json!({"scopes": scopes});
        document
    };
    assert!(load(document(64), &kinds()).is_ok());
    let error = load(document(65), &kinds())
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("65 scopes"), "{error}");
    let mut twice = document(2);
    twice["authorization"]["resources"] = json!([{"name": "r"}, {"name": "r"}]);
    assert!(load(twice, &kinds()).is_err());
}

#[test]
fn each_early_refusal_has_its_reason() {
    let reason = |policies: Value, permissions: Value| {
        World::with("strict", policies, permissions)
            .ask("desk", "bank", None, NOW)
            .0
    };
    assert_eq!(reason(json!([]), json!([])), Err(GateRefusal::NoResource));
    assert_eq!(
        reason(json!([]), to_bank(&[])),
        Err(GateRefusal::NoConditions)
    );
    assert_eq!(
        reason(json!([told("no", "deny")]), to_bank(&["no"])),
        Err(GateRefusal::NotGranted)
    );
    assert_eq!(
        reason(json!([told("yes", "grant")]), to_bank(&["yes"])),
        Ok(())
    );

    let uuid = "00000000-0000-4000-8000-0000000000ba";
    let mut document = base("strict");
    document["authorization"] =
        json!({"resources": [{"name": format!("client.resource.{uuid}"), "kind": "Client"}]});
    let world = load(document.clone(), &kinds()).unwrap();
    assert_eq!(
        world.ask("desk", "bank", None, NOW).0,
        Err(GateRefusal::NoPermission)
    );
    document["policies"] = json!([told("yes", "grant")]);
    document["permissions"] = json!([{
        "name": format!("token-exchange.permission.client.{uuid}"), "kind": "scope",
        "resources": [format!("client.resource.{uuid}")], "policies": ["yes"]
    }]);
    let world = load(document, &kinds()).unwrap();
    assert_eq!(
        world.ask("desk", "bank", None, NOW).0,
        Err(GateRefusal::NoScope)
    );
}

#[test]
fn written_by_hand_and_imported_permissions_guard_the_same_resource() {
    let uuid = "00000000-0000-4000-8000-0000000000ba";
    let resource = format!("client.resource.{uuid}");
    let mut document = base("strict");
    document["authorization"] = json!({"scopes": [{"name": "token-exchange"}], "resources": [{"name": resource, "kind": "Client"}]});
    document["policies"] = json!([told("yes", "grant"), told("no", "deny")]);
    let imported = |policies: Value| {
        json!({
            "name": format!("token-exchange.permission.client.{uuid}"), "kind": "scope", "scopes": ["token-exchange"],
            "resources": [resource], "policies": policies
        })
    };
    let by_hand = |policy: &str| to_bank(&[policy])[0].clone();
    for (permissions, expected) in [
        (json!([imported(json!(["yes"]))]), true),
        (json!([imported(json!(["yes"])), by_hand("yes")]), true),
        (json!([imported(json!(["yes"])), by_hand("no")]), false),
        (json!([imported(json!(["no"])), by_hand("yes")]), false),
        (json!([imported(json!([])), by_hand("yes")]), true),
    ] {
        document["permissions"] = permissions;
        let world = load(document.clone(), &kinds()).unwrap();
        assert_eq!(
            world.may("desk", "bank"),
            expected,
            "{}",
            document["permissions"]
        );
        assert!(!world.may("desk", "shop"), "nothing else is opened");
    }
}

#[test]
fn only_what_fails_in_keycloak_fails_and_it_is_never_open() {
    for (profile, expected) in [
        ("keycloak", Err(GateRefusal::Failed("told to fail".into()))),
        ("strict", Err(GateRefusal::NotGranted)),
    ] {
        let policies = json!([told("broken", "failed"), told("yes", "grant")]);
        let world = World::with(profile, policies, to_bank(&["yes", "broken"]));
        let (result, trace) = world.ask("desk", "bank", None, NOW);
        assert_eq!(result, expected);
        let permission = &trace.unwrap().permissions[0];
        assert_eq!(permission.outcome, Some(Outcome::Unknown));
        assert_eq!(permission.policies[1].policy, "broken");
        assert!(permission.policies[1].decisive && !permission.policies[0].decisive);
    }
}

#[test]
fn a_provider_has_a_gate_of_its_own() {
    let permission =
        json!([{"name": "p", "action": "token-exchange", "provider": "hub", "policies": ["yes"]}]);
    let world = World::with("strict", json!([told("yes", "grant")]), permission);
    let question = ExchangeQuestion {
        requester: world.realm.client_by_id("desk").unwrap(),
        service_account: None,
        subject_scope: None,
    };
    let context = EvaluationContext {
        client_id: "desk",
        remote_address: None,
        moment: NOW,
    };
    let hub = &world.realm.identity_providers()[0];
    let (result, trace) = can_exchange_to_provider(&world.realm, &question, hub, &context, true);
    assert_eq!((result, trace.unwrap().target.as_str()), (Ok(()), "hub"));
    let closed = World::with("strict", json!([]), json!([]));
    let (result, _) = can_exchange_to_provider(
        &closed.realm,
        &question,
        &closed.realm.identity_providers()[0],
        &context,
        true,
    );
    assert_eq!(result, Err(GateRefusal::NoResource));
}

/// The three gates of impersonation as (naked by desk, with a token of ada by desk, of eve by desk).
fn impersonation(world: &World, roles: &[&str]) -> [bool; 3] {
    let realm = &world.realm;
    let context = EvaluationContext {
        client_id: "desk",
        remote_address: None,
        moment: NOW,
    };
    let question = ExchangeQuestion {
        requester: realm.client_by_id("desk").unwrap(),
        service_account: Some(world.user("service-account-desk")),
        subject_scope: None,
    };
    let roles: RoleSet = roles
        .iter()
        .map(|role| {
            realm
                .client_role(
                    realm.client_by_id("realm-management").unwrap().number(),
                    role,
                )
                .unwrap()
                .number()
        })
        .collect();
    let claims = Map::new();
    let naked = can_client_impersonate(realm, &question, &context, false)
        .0
        .is_ok();
    let of = |user: &str| {
        let identity = Identity::token_user(world.user(user), &roles, &claims);
        can_impersonate(realm, &identity, &context, false).0.is_ok()
    };
    [naked, of("ada"), of("eve")]
}

#[test]
fn impersonation_is_closed_until_a_role_or_a_permission_opens_it() {
    let closed = World::with("strict", json!([]), json!([]));
    assert_eq!(impersonation(&closed, &[]), [false, false, false]);
    assert_eq!(
        impersonation(&closed, &["impersonation"]),
        [false, true, true]
    );

    let empty = World::with(
        "strict",
        json!([]),
        json!([{"name": "p", "action": "impersonate"}]),
    );
    assert_eq!(impersonation(&empty, &[]), [false, false, false]);

    let policies = json!([
        {"name": "desk", "kind": "client", "clients": ["desk"]},
        {"name": "ada", "kind": "user", "users": ["ada"]}
    ]);
    let permission =
        |policy: &str| json!([{"name": "p", "action": "impersonate", "policies": [policy]}]);
    assert_eq!(
        impersonation(
            &World::with("strict", policies.clone(), permission("desk")),
            &[]
        ),
        [true, true, true]
    );
    assert_eq!(
        impersonation(&World::with("strict", policies, permission("ada")), &[]),
        [false, true, false]
    );
}

#[test]
fn anybody_may_be_impersonated_until_a_permission_with_conditions_says_no() {
    let may = |world: &World, user: &str| {
        let context = EvaluationContext {
            client_id: "desk",
            remote_address: None,
            moment: NOW,
        };
        is_impersonatable(&world.realm, world.user(user), &context, true).0
    };
    let open = World::with("strict", json!([]), json!([]));
    assert_eq!(may(&open, "ada"), Ok(()));
    let without_conditions = World::with(
        "strict",
        json!([]),
        json!([{"name": "p", "action": "user-impersonated"}]),
    );
    assert_eq!(may(&without_conditions, "ada"), Ok(()));
    let not_ada =
        json!([{"name": "not ada", "kind": "user", "users": ["ada"], "logic": "negative"}]);
    let permission = json!([{"name": "p", "action": "user-impersonated", "policies": ["not ada"]}]);
    let world = World::with("strict", not_ada, permission);
    assert_eq!(may(&world, "ada"), Err(GateRefusal::NotGranted));
    assert_eq!(may(&world, "eve"), Ok(()));
    assert_eq!(
        impersonation(&world, &[]),
        [false, false, false],
        "it opens nothing"
    );
}

#[test]
fn attributes_of_the_one_to_become_stand_for_claims() {
    let policy = |value: &str| json!([{"name": "sea", "kind": "regex", "config": {"targetClaim": "dept", "pattern": value}}]);
    let permission = json!([{"name": "p", "action": "user-impersonated", "policies": ["sea"]}]);
    let may = |value: &str, user: &str| {
        let world = World::with("strict", policy(value), permission.clone());
        let context = EvaluationContext {
            client_id: "desk",
            remote_address: None,
            moment: NOW,
        };
        is_impersonatable(&world.realm, world.user(user), &context, false)
            .0
            .is_ok()
    };
    assert!(
        may("sea", "ada") && !may("land", "ada"),
        "the first value counts"
    );
    assert!(!may("sea", "eve"), "no attribute, no permit");
}

/// A store with one guarded client and these permissions beside the named one, asked for `bank`.
fn combined(settings: Value, named: &str, others: Value) -> bool {
    let uuid = "00000000-0000-4000-8000-0000000000ba";
    let mut document = base("keycloak");
    document["policies"] = json!([told("yes", "grant"), told("no", "deny")]);
    document["authorization"] = json!({
        "scopes": [{"name": "token-exchange"}, {"name": "view"}],
        "resources": [
            {"name": format!("client.resource.{uuid}"), "id": "bank", "kind": "Client", "scopes": ["token-exchange", "view"]},
            {"name": "lonely", "kind": "Client"}
        ]
    });
    for (key, value) in settings.as_object().unwrap() {
        document["authorization"][key] = value.clone();
    }
    document["permissions"] = json!([{
        "name": format!("token-exchange.permission.client.{uuid}"), "kind": "scope", "scopes": ["token-exchange"],
        "resources": ["bank"], "policies": [named]
    }]);
    document["permissions"]
        .as_array_mut()
        .unwrap()
        .extend(others.as_array().unwrap().clone());
    load(document, &kinds()).unwrap().may("desk", "bank")
}

#[test]
fn several_permissions_on_one_resource_combine() {
    let scope = |policy: &str| json!([{"name": "o", "kind": "scope", "scopes": ["token-exchange"], "resources": ["bank"], "policies": [policy]}]);
    let other = |policy: &str| json!([{"name": "o", "kind": "scope", "scopes": ["view"], "resources": ["bank"], "policies": [policy]}]);
    let resource = |policy: &str| json!([{"name": "o", "kind": "resource", "resources": ["bank"], "policies": [policy]}]);
    let typed = |policy: &str| json!([{"name": "o", "kind": "resource", "resource_type": "Client", "policies": [policy]}]);
    let both = |first: &str, second: &str| {
        json!([
            {"name": "o", "kind": "resource", "resources": ["bank"], "policies": [first]},
            {"name": "t", "kind": "resource", "resource_type": "Client", "policies": [second]}
        ])
    };
    let everywhere = |policy: &str| json!([{"name": "o", "kind": "scope", "scopes": ["token-exchange"], "policies": [policy]}]);
    let affirmative = json!({"strategy": "affirmative"});
    for (settings, named, others, expected) in [
        (json!({}), "yes", scope("no"), false),
        (json!({}), "no", scope("yes"), false),
        (json!({}), "yes", other("no"), true),
        (json!({}), "yes", resource("no"), false),
        (json!({}), "no", resource("yes"), false),
        (json!({}), "yes", typed("no"), false),
        (json!({}), "yes", both("yes", "no"), true),
        (json!({}), "yes", both("no", "yes"), false),
        (json!({}), "yes", everywhere("no"), false),
        (json!({}), "no", everywhere("yes"), false),
        (affirmative.clone(), "no", scope("yes"), true),
        (affirmative.clone(), "no", resource("yes"), true),
        (affirmative.clone(), "yes", resource("no"), true),
        (affirmative, "no", scope("no"), false),
        (json!({"enforcement": "permissive"}), "no", json!([]), false),
        (json!({"enforcement": "disabled"}), "no", scope("no"), true),
    ] {
        assert_eq!(
            combined(settings.clone(), named, others.clone()),
            expected,
            "{settings} {named} {others}"
        );
    }
}

#[test]
fn a_resource_of_somebody_else_inherits_from_its_type() {
    let uuid = "00000000-0000-4000-8000-0000000000ba";
    let mut document = base("keycloak");
    document["policies"] = json!([told("yes", "grant"), told("no", "deny")]);
    document["authorization"] = json!({
        "scopes": [{"name": "token-exchange"}],
        "resources": [
            {"name": format!("client.resource.{uuid}"), "kind": "Vault", "owner": "ada", "scopes": ["token-exchange"]},
            {"name": "all vaults", "kind": "Vault", "scopes": ["token-exchange"]}
        ]
    });
    // A grant on the resource itself outweighs what it inherits; a denial on it does as well.
    for (own, parent, expected) in [
        ("yes", "yes", true),
        ("yes", "no", true),
        ("no", "yes", false),
    ] {
        document["permissions"] = json!([
            {"name": format!("token-exchange.permission.client.{uuid}"), "kind": "scope", "scopes": ["token-exchange"],
             "resources": [format!("client.resource.{uuid}")], "policies": [own]},
            {"name": "parent", "kind": "scope", "scopes": ["token-exchange"], "resources": ["all vaults"], "policies": [parent]}
        ]);
        let world = load(document.clone(), &kinds()).unwrap();
        let (result, trace) = world.ask("desk", "bank", None, NOW);
        assert_eq!(trace.unwrap().permissions.len(), 2);
        assert_eq!(result.is_ok(), expected, "{own} {parent}");
    }
}

#[test]
fn a_trace_reads_from_top_to_bottom() {
    let policies = json!([
        {"name": "desk", "kind": "client", "clients": ["desk"]},
        {"name": "not at night", "kind": "time", "logic": "negative", "config": {"hour": 22, "hourEnd": 23}},
        {"name": "either", "kind": "aggregate", "strategy": "affirmative", "policies": ["desk", "not at night"]},
        told("broken", "failed")
    ]);
    let world = World::with("strict", policies, to_bank(&["either", "broken"]));
    let (_, trace) = world.ask("desk", "bank", None, NOW);
    let expected = r#"token-exchange on bank by desk: refused, the permissions do not grant it
  * permission "to bank" (token-exchange, unanimous): unknown, which does not permit
    - policy "either" (aggregate, affirmative): grant -> permit
      * policy "desk" (client): grant -> permit
      * policy "not at night" (time, negative): deny -> permit
    * policy "broken" (told): failed, told to fail -> unknown, which does not permit"#;
    assert_eq!(trace.unwrap().to_string(), expected);

    let closed = World::with("strict", json!([]), json!([]));
    let (_, trace) = closed.ask("desk", "bank", None, NOW);
    assert_eq!(
        trace.unwrap().to_string(),
        "token-exchange on bank by desk: refused, no resource stands for the target"
    );
}
