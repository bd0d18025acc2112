//! The law of narrowing, dimension by dimension: what `strict` refuses, what a grant lets through, and what
//! `keycloak` mints and names.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use std::sync::Arc;

use cambist::{
    decision::Decision,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    jose::{JwsLimits, UnverifiedJws},
    moment::Moment,
    narrowing::{Dimension, Widening},
    request::Envelope,
    trace::DecisionTrace,
};
use cambist_ring::RingProvider;
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const EXCHANGE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
const ACCESS_TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";

/// `front` logs users in; it may exchange for `back`, and `both` ways are open to it: by a permission and by
/// standard exchange.
fn document() -> Value {
    json!({
        "realm": "law",
        "roles": [{"name": "reader"}],
        "client_scopes": [
            {"name": "seen"}, {"name": "asked"}, {"name": "of-back"},
            {"name": "roles", "attributes": {"include.in.token.scope": "false"}, "mappers": [
                mapper("realm roles", "oidc-usermodel-realm-role-mapper", json!({
                    "claim.name": "realm_access.roles", "multivalued": "true", "access.token.claim": "true",
                })),
                mapper("client roles", "oidc-usermodel-client-role-mapper", json!({
                    "claim.name": "resource_access.${client_id}.roles", "multivalued": "true",
                    "access.token.claim": "true",
                })),
            ]},
            {"name": "resolve", "attributes": {"include.in.token.scope": "false"}, "mappers": [
                mapper("audience resolve", "oidc-audience-resolve-mapper", json!({"access.token.claim": "true"})),
            ]},
        ],
        "clients": [
            {"id": "front", "secret": "s", "full_scope_allowed": false,
             "grants": ["password", "token-exchange"],
             "default_scopes": ["seen", "roles"], "optional_scopes": ["asked"]},
            {"id": "back", "secret": "s", "full_scope_allowed": false,
             "default_scopes": ["seen", "roles"], "optional_scopes": []},
            {"id": "api", "roles": [{"name": "use"}]},
        ],
        "policies": [{"name": "is front", "kind": "client", "clients": ["front"]}],
        "permissions": [
            {"name": "to back", "action": "token-exchange", "client": "back", "policies": ["is front"]},
        ],
        "users": [{
            "username": "ada", "password": "p", "email": "ada@example.com",
            "first_name": "Ada", "last_name": "L",
            "roles": {"realm": ["reader"], "clients": {"api": ["use"]}},
        }],
    })
}

fn mapper(name: &str, kind: &str, config: Value) -> Value {
    json!({"name": name, "kind": kind, "config": config})
}

fn fixed_claim(name: &str, value: &str, kind: &str) -> Value {
    mapper(
        "fixed",
        "oidc-hardcoded-claim-mapper",
        json!({
            "claim.name": name, "claim.value": value, "jsonType.label": kind, "access.token.claim": "true",
        }),
    )
}

/// A change to the document: a place in it, and what stands there then.
type Change<'c> = (&'c str, Value);

/// What came of an exchange.
struct Came {
    claims: Option<Value>,
    status: u16,
    error: Value,
    trace: DecisionTrace,
}

impl Came {
    fn widenings(&self, dimension: Dimension) -> Vec<&Widening> {
        let all = self.trace.widenings.iter();
        all.filter(|widening| widening.dimension == dimension)
            .collect()
    }

    fn is_refused_for(&self, dimension: Dimension, code: &str) {
        let text = format!("Exchange would widen {dimension}");
        assert_eq!(self.status, 400, "{:?} {:?}", self.claims, self.trace);
        assert_eq!(
            self.error,
            json!({"error": code, "error_description": text})
        );
        let ungranted = self
            .trace
            .widenings
            .iter()
            .find(|widening| !widening.is_granted());
        assert_eq!(
            ungranted.map(|widening| widening.dimension),
            Some(dimension)
        );
        let last = self.trace.checks.last().unwrap();
        assert!(
            !last.passed && last.name == "nothing is widened without a grant",
            "{last:?}"
        );
    }

    fn minted(&self) -> &Value {
        self.claims
            .as_ref()
            .unwrap_or_else(|| panic!("{} {:?}", self.error, self.trace))
    }
}

/// A login at `front` and an exchange by it, in a realm with some changes.
fn exchange(profile: &str, changes: &[Change<'_>], rest: &str) -> Came {
    exchange_after(profile, changes, rest, 1, true)
}

fn exchange_after(
    profile: &str,
    changes: &[Change<'_>],
    rest: &str,
    later: i64,
    tracing: bool,
) -> Came {
    let mut document = document();
    document["profile"] = profile.into();
    for (place, value) in changes {
        let (parent, member) = place.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[member] = value.clone();
    }
    let mut world = World::new(serde_json::from_value(document).unwrap(), &RingProvider).unwrap();
    let engine = Engine::builder(Arc::new(RingProvider))
        .tracing(tracing)
        .build();
    let login = "grant_type=password&client_id=front&client_secret=s&username=ada&password=p";
    let subject = ask(&engine, &mut world, login, NOW);
    assert!(subject.claims.is_some(), "{}", subject.error);
    let token = subject.error.as_str().unwrap();
    let form = format!(
        "grant_type={EXCHANGE}&client_id=front&client_secret=s&subject_token={token}\
         &requested_token_type={ACCESS_TOKEN}{rest}"
    );
    ask(&engine, &mut world, &form, NOW.saturating_add(later))
}

/// Of a permit, `error` holds the token.
fn ask(engine: &Engine, world: &mut World, form: &str, now: i64) -> Came {
    let envelope = Envelope {
        issuer: "https://id.example/realms/law",
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    let pending = engine
        .receive(
            Arc::clone(&world.realm),
            &envelope,
            form.as_bytes(),
            Moment::utc(now),
        )
        .and_then(TokenRequest::authenticate)
        .and_then(AuthenticatedRequest::begin);
    let decision = match pending {
        Ok(pending) => {
            let facts = world.facts(&pending.facts_needed());
            pending.decide(&facts)
        }
        Err(denial) => Decision::Deny(denial),
    };
    match decision {
        Decision::Permit(grant) => {
            let mut entropy = FixedEntropy::new(now.unsigned_abs());
            let outcome = grant.prepare(&mut entropy).unwrap().sign().unwrap();
            let trace = outcome.trace().clone();
            let answer = outcome
                .commit(|effects| {
                    world.apply(effects);
                    Ok::<_, ()>(())
                })
                .unwrap();
            let jws = UnverifiedJws::parse(&answer.access_token, &JwsLimits::default()).unwrap();
            let key = world.realm.keys().verifier(jws.key_id().unwrap()).unwrap();
            let claims = serde_json::from_str(jws.verify(key).unwrap().payload()).unwrap();
            Came {
                claims: Some(claims),
                status: 200,
                error: answer.access_token.into(),
                trace,
            }
        }
        Decision::Deny(denial) => {
            let wire = denial.refusal().wire();
            Came {
                claims: None,
                status: wire.status,
                error: serde_json::from_str(&wire.body()).unwrap(),
                trace: denial.trace().clone(),
            }
        }
    }
}

const TO_BACK: &str = "&audience=back";
const STANDARD: &str =
    "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";

fn standard() -> Change<'static> {
    (
        "/clients/0/grants",
        json!(["password", "standard-token-exchange"]),
    )
}

#[test]
fn what_is_below_its_inputs_passes_and_the_target_is_the_permissions_to_grant() {
    for profile in ["strict", "keycloak"] {
        let came = exchange(profile, &[], TO_BACK);
        assert_eq!(came.minted()["aud"], "back");
        assert_eq!(came.minted()["scope"], "seen");
        let [one] = &*came.widenings(Dimension::Audience) else {
            panic!("{:?}", came.trace)
        };
        assert_eq!(
            serde_json::to_value(one).unwrap(),
            json!({"dimension": "audience", "added": "back", "granted_by": {
                "kind": "permission", "action": "token-exchange", "target": "back", "name": "to back",
            }})
        );
        assert!(one.is_granted());
    }
}

#[test]
fn a_scope_asked_for_that_the_subject_lacks_is_refused_or_granted_by_a_setting() {
    let form = format!("{STANDARD}&scope=asked");
    let came = exchange("strict", &[standard()], &form);
    came.is_refused_for(Dimension::Scope, "invalid_scope");

    let setting = (
        "/clients/0/attributes",
        json!({"exchange.adds.scopes": "other asked"}),
    );
    let came = exchange("strict", &[standard(), setting], &form);
    assert_eq!(came.minted()["scope"], "seen asked");
    let granted = came.widenings(Dimension::Scope)[0].granted_by.to_string();
    assert_eq!(granted, "setting `exchange.adds.scopes` of `front`");

    let came = exchange("keycloak", &[standard()], &form);
    assert_eq!(came.minted()["scope"], "seen asked");
    let granted = came.widenings(Dimension::Scope)[0].granted_by.to_string();
    assert_eq!(granted, "client scope `asked` of `front`");
}

#[test]
fn a_default_scope_of_the_target_that_nobody_asked_for_stays_out_of_a_strict_token() {
    let more = (
        "/clients/1/default_scopes",
        json!(["seen", "roles", "of-back"]),
    );
    let came = exchange("strict", std::slice::from_ref(&more), TO_BACK);
    assert_eq!(came.minted()["scope"], "seen");
    assert!(came.widenings(Dimension::Scope).is_empty());

    let setting = (
        "/clients/1/attributes",
        json!({"exchange.adds.scopes": "of-back"}),
    );
    let came = exchange("strict", &[more.clone(), setting], TO_BACK);
    assert_eq!(came.minted()["scope"], "seen of-back");

    let came = exchange("keycloak", &[more], TO_BACK);
    assert_eq!(came.minted()["scope"], "seen of-back");
    assert!(!came.widenings(Dimension::Scope)[0].is_granted());
}

#[test]
fn an_audience_is_granted_by_a_mapper_that_names_it_and_not_by_the_users_roles() {
    let full = ("/clients/1/full_scope_allowed", json!(true));
    let resolved = ("/clients/1/default_scopes", json!(["seen", "resolve"]));
    let came = exchange("strict", &[full.clone(), resolved.clone()], TO_BACK);
    came.is_refused_for(Dimension::Audience, "invalid_target");
    let came = exchange("keycloak", &[full.clone(), resolved.clone()], TO_BACK);
    let granted = came.widenings(Dimension::Audience)[0]
        .granted_by
        .to_string();
    assert_eq!(
        granted,
        "mapper `audience resolve` of scope `resolve` at `back`"
    );

    let setting = (
        "/clients/1/attributes",
        json!({"exchange.adds.audiences": "api"}),
    );
    let came = exchange("strict", &[full, resolved, setting], TO_BACK);
    assert_eq!(came.minted()["aud"], json!(["api", "back"]));

    let names = json!({"included.client.audience": "api", "access.token.claim": "true"});
    let named = (
        "/clients/1/mappers",
        json!([mapper("to api", "oidc-audience-mapper", names)]),
    );
    let came = exchange("strict", &[named], TO_BACK);
    assert_eq!(came.minted()["aud"], json!(["api", "back"]));
    let granted = came.widenings(Dimension::Audience)[0]
        .granted_by
        .to_string();
    assert_eq!(granted, "mapper `to api` of `back`");
}

#[test]
fn a_value_of_aud_that_is_no_client_is_a_resource() {
    let attribute = mapper(
        "reach",
        "oidc-usermodel-attribute-mapper",
        json!({
            "claim.name": "aud", "user.attribute": "reach", "access.token.claim": "true",
        }),
    );
    let changes = [
        ("/clients/1/mappers", json!([attribute])),
        (
            "/users/0/attributes",
            json!({"reach": ["https://vault.example"]}),
        ),
    ];
    let came = exchange("strict", &changes, TO_BACK);
    came.is_refused_for(Dimension::Resource, "invalid_target");
    let came = exchange("keycloak", &changes, TO_BACK);
    assert_eq!(
        came.widenings(Dimension::Resource)[0].added,
        "https://vault.example"
    );
}

#[test]
fn roles_that_the_subject_does_not_tell_are_refused_or_granted_by_name() {
    let full = ("/clients/1/full_scope_allowed", json!(true));
    let came = exchange("strict", std::slice::from_ref(&full), TO_BACK);
    came.is_refused_for(Dimension::Roles, "invalid_request");
    let came = exchange("keycloak", std::slice::from_ref(&full), TO_BACK);
    let mut added: Vec<_> = came
        .widenings(Dimension::Roles)
        .iter()
        .map(|w| &*w.added)
        .collect();
    added.sort_unstable();
    assert_eq!(added, ["api/use", "reader"]);

    let some = json!({"exchange.adds.roles": "api/use"});
    let came = exchange(
        "strict",
        &[full.clone(), ("/clients/1/attributes", some)],
        TO_BACK,
    );
    came.is_refused_for(Dimension::Roles, "invalid_request");
    let all = json!({
        "exchange.adds.roles": "api/use reader",
    });
    let came = exchange(
        "strict",
        &[full.clone(), ("/clients/1/attributes", all)],
        TO_BACK,
    );
    assert_eq!(
        came.minted()["resource_access"]["api"]["roles"],
        json!(["use"])
    );

    let everybody = mapper(
        "everybody",
        "oidc-hardcoded-role-mapper",
        json!({"role": "api.use"}),
    );
    let came = exchange(
        "strict",
        &[("/clients/1/mappers", json!([everybody]))],
        TO_BACK,
    );
    let granted = came.widenings(Dimension::Roles)[0].granted_by.to_string();
    assert_eq!(granted, "mapper `everybody` of `back`");

    // A place of the target's own: what the subject token does not have there it has nowhere.
    let flat = mapper(
        "flat",
        "oidc-usermodel-realm-role-mapper",
        json!({
            "claim.name": "groups\\.flat", "multivalued": "true", "access.token.claim": "true",
        }),
    );
    let changes = [
        full,
        ("/clients/1/default_scopes", json!(["seen"])),
        ("/clients/1/mappers", json!([flat])),
    ];
    exchange("strict", &changes, TO_BACK).is_refused_for(Dimension::Roles, "invalid_request");
}

#[test]
fn a_strict_token_ends_with_its_subject_and_is_never_born_dead() {
    let long = (
        "/clients/1/attributes",
        json!({"access.token.lifespan": "3000"}),
    );
    for (later, left) in [(1, 299), (299, 1)] {
        let came = exchange_after("strict", std::slice::from_ref(&long), TO_BACK, later, true);
        let claims = came.minted();
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            left
        );
        assert!(came.widenings(Dimension::Lifetime).is_empty());
    }
    // The subject token is good in its last second, and nothing is left of it.
    let came = exchange_after("strict", std::slice::from_ref(&long), TO_BACK, 300, true);
    assert_eq!(
        came.error,
        json!({"error": "invalid_request", "error_description": "Invalid token"})
    );
    let came = exchange("keycloak", &[long], TO_BACK);
    let widening = came.widenings(Dimension::Lifetime)[0];
    assert_eq!((&*widening.added, widening.is_granted()), ("2701 s", false));
    assert_eq!(
        widening.granted_by.to_string(),
        "the lifespan of tokens of `back`"
    );
}

/// Chains of actors are held by the tests of delegation; here, that no mapper makes anybody an actor unseen.
#[test]
fn a_mapper_that_names_who_may_act_is_named() {
    let may = json!([fixed_claim("may_act", r#"{"sub":"robot"}"#, "JSON")]);
    let came = exchange("keycloak", &[("/clients/1/mappers", may)], TO_BACK);
    assert_eq!(came.widenings(Dimension::ActorChain)[0].added, "may_act");
}

/// The engine writes bindings, and nobody else: `tests/bound` holds what becomes of real ones.
#[test]
fn p20_no_mapper_makes_a_binding_up() {
    let bound = json!([fixed_claim(
        "cnf",
        r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
        "JSON"
    )]);
    for profile in ["strict", "keycloak"] {
        for place in ["/clients/0/mappers", "/clients/1/mappers"] {
            let came = exchange(profile, &[(place, bound.clone())], TO_BACK);
            assert_eq!(came.status, 200, "{}", came.error);
            assert!(came.minted().get("cnf").is_none(), "{profile} {place}");
        }
    }
}

#[test]
fn no_mapper_writes_another_subject() {
    let other = (
        "/clients/1/mappers",
        json!([fixed_claim("sub", "somebody-else", "String")]),
    );
    exchange("strict", std::slice::from_ref(&other), TO_BACK)
        .is_refused_for(Dimension::Subject, "invalid_request");
    let came = exchange("keycloak", &[other], TO_BACK);
    assert_eq!(came.minted()["sub"], "somebody-else");
    assert_eq!(came.widenings(Dimension::Subject)[0].added, "somebody-else");
}

#[test]
fn the_law_holds_without_a_trace() {
    let full = ("/clients/1/full_scope_allowed", json!(true));
    let came = exchange_after("strict", std::slice::from_ref(&full), TO_BACK, 1, false);
    assert_eq!(
        (came.status, &came.error["error"]),
        (400, &json!("invalid_request"))
    );
    assert!(came.trace.widenings.is_empty() && came.trace.checks.is_empty());
    let came = exchange_after("keycloak", &[full], TO_BACK, 1, false);
    assert_eq!(came.status, 200);
    assert!(came.trace.widenings.is_empty());
}
