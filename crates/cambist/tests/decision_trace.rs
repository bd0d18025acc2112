//! The trace as documents: real ones keep to the schema of `docs/`, come back from JSON, show the caller no more
//! than the caller may know, and print as text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use cambist::{
    engine::{Engine, ExplainRequest},
    facts::FactsNeeded,
    moment::Moment,
    trace::DecisionTrace,
};
use cambist_ring::RingProvider;
use cambist_testkit::world::World;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../docs/decision-trace.schema.json");

fn world(profile: &str) -> World {
    let document = json!({
        "realm": "traced", "profile": profile,
        "clients": [
            {"id": "a", "secret": "s", "grants": ["password", "token-exchange"]},
            {"id": "b", "mappers": [{
                "name": "to c", "kind": "oidc-audience-mapper",
                "config": {"included.client.audience": "c", "access.token.claim": "true"},
            }]},
            {"id": "c", "secret": "s", "grants": ["token-exchange"]},
        ],
        "policies": [
            {"name": "is a", "kind": "client", "clients": ["a"]},
            {"name": "is not c", "kind": "client", "clients": ["c"], "logic": "negative"},
            {"name": "both", "kind": "aggregate", "policies": ["is a", "is not c"], "strategy": "unanimous"},
        ],
        "permissions": [
            {"name": "to b", "action": "token-exchange", "client": "b", "policies": ["both"]},
            {"name": "become", "action": "impersonate", "policies": ["is a"]},
        ],
        "users": [
            {"username": "ada", "password": "canary-password", "email": "a@example.com", "first_name": "A", "last_name": "L"},
            {"username": "bo", "password": "canary-password", "email": "b@example.com", "first_name": "B", "last_name": "O"},
        ],
    });
    World::new(serde_json::from_value(document).unwrap(), &RingProvider).unwrap()
}

fn explained(world: &World, question: &Value) -> DecisionTrace {
    let question: ExplainRequest = serde_json::from_value(question.clone()).unwrap();
    let user = question.subject_query().and_then(|query| {
        let needed = FactsNeeded {
            subject: Some(query),
            ..FactsNeeded::default()
        };
        world.facts(&needed).subject
    });
    let engine = Engine::new(Arc::new(RingProvider));
    let realm = Arc::clone(&world.realm);
    let moment = Moment::utc(1_800_000_000);
    let issuer = "https://id.example/realms/traced";
    let pending = engine
        .explain(realm, issuer, &question, user, moment)
        .unwrap();
    let facts = world.facts(&pending.facts_needed());
    pending.decide(facts)
}

fn questions() -> Vec<Value> {
    vec![
        json!({"requester": "a", "audience": ["b"], "subject_user": "ada", "subject_scope": "openid"}),
        json!({"requester": "c", "audience": ["b"], "subject_user": "ada", "subject_client": "a"}),
        json!({"requester": "a", "audience": ["b"], "subject_user": "ada", "requested_subject": "bo"}),
        json!({"requester": "a", "requested_subject": "bo"}),
        json!({"requester": "a", "audience": ["nowhere"], "subject_user": "ada"}),
        json!({"requester": "a", "audience": ["b"], "subject_token": "canary-token"}),
        json!({"requester": "a"}),
    ]
}

#[test]
fn real_traces_keep_to_the_schema_and_come_back_from_json() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let (mut permitted, mut denied) = (0, 0);
    for profile in ["strict", "keycloak"] {
        let world = world(profile);
        for question in questions() {
            let trace = explained(&world, &question);
            let value = serde_json::to_value(&trace).unwrap();
            if let Err(wrong) = keeps(&schema, &schema, &value) {
                panic!("{wrong} in {value:#}");
            }
            let text = value.to_string();
            assert!(!text.contains("canary"), "{text}");
            let read: DecisionTrace = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), value);
            assert!(trace.agrees_with(&read));
            if trace.permitted {
                permitted += 1
            } else {
                denied += 1
            }
            assert_eq!(trace.permitted, trace.refusal.is_none());
        }
    }
    assert!(permitted >= 4 && denied >= 6, "{permitted} {denied}");
}

#[test]
fn the_schema_refuses_what_is_no_trace() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let question = &questions()[0];
    let good = serde_json::to_value(explained(&world("strict"), question)).unwrap();
    for (place, value) in [
        ("/format", json!(2)),
        ("/permitted", json!("yes")),
        ("/checks/0/colour", json!("red")),
        (
            "/gates/0/permissions/0/policies/0/outcome",
            json!("perhaps"),
        ),
        (
            "/gates/0/permissions/0/policies/0/children/0/logic",
            json!(1),
        ),
        ("/widenings/0/dimension", json!("height")),
        ("/inputs/subject_token/text", json!("x")),
    ] {
        let mut bad = good.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        let parent = bad.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().insert(name.into(), value);
        assert!(keeps(&schema, &schema, &bad).is_err(), "{place}");
    }
}

#[test]
fn the_caller_is_told_what_it_knows_already() {
    let world = world("strict");
    for question in questions() {
        let trace = explained(&world, &question);
        let told = serde_json::to_string(&trace.for_caller()).unwrap();
        for hidden in ["to b", "is a", "both", "become", "to c", "ada", "aggregate"] {
            let sent = question.to_string().contains(hidden);
            assert!(sent || !told.contains(hidden), "{hidden} in {told}");
        }
    }
    let [unknown, forbidden] = ["nowhere", "b"].map(|target| {
        let question = json!({"requester": "c", "audience": [target], "subject_user": "ada", "subject_client": "a"});
        explained(&world, &question).for_caller()
    });
    assert_eq!((unknown.permitted, forbidden.permitted), (false, false));
}

#[test]
fn a_trace_reads_from_top_to_bottom() {
    let world = world("strict");
    let text = explained(&world, &questions()[0]).to_string();
    assert!(text.starts_with("permission-based exchange in realm traced (version 1, strict)\n  1. yes  the client is who it says"), "{text}");
    for line in [
        "* permission \"to b\" (token-exchange, unanimous): permit",
        "widened: audience gains b, granted by token-exchange permission on `b`",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(text.ends_with("PERMITTED"), "{text}");
    let text = explained(&world, &questions()[1]).to_string();
    assert!(text.ends_with("the permissions do not grant it)"), "{text}");
}

/// As much of JSON Schema as the schema uses.
fn keeps(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = root.pointer(name.trim_start_matches('#')).unwrap();
        return keeps(root, schema, value);
    }
    let fail = |what: &str| Err(format!("{what}: {value}"));
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        return fail("not the constant");
    }
    if let Some(allowed) = schema["enum"].as_array() {
        return if allowed.contains(value) {
            Ok(())
        } else {
            fail("not among the values")
        };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::String(wanted) if wanted != kind => return fail("wrong type"),
        Value::Array(wanted) if !wanted.contains(&json!(kind)) => return fail("wrong type"),
        _ => {}
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        if value.get(required.as_str().unwrap()).is_none() {
            return fail(&format!("no {required}"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => keeps(root, schema, member)?,
            None if schema["additionalProperties"] == false => return fail(name),
            None => {}
        }
    }
    if let Some(schema) = schema.get("items") {
        for item in value.as_array().into_iter().flatten() {
            keeps(root, schema, item)?;
        }
    }
    Ok(())
}
