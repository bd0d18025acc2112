//! Laws of the decision over random policies, realms and exchanges. `PROPTEST_CASES` asks for more cases.
//!
//! The laws of equal output (`p01`), of order (`p07`), of replay (`p11`) and of scopes (`p13`) have tests in
//! `crates/cambist/tests/properties`.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on stops"
)]

use std::collections::BTreeSet;

use cambist::{
    decision::{Decision, Grant},
    jose::base64url,
    policy::{DecisionStrategy, GateAction, Logic},
    realm::Profile,
};
use cambist_testkit::{
    attempt::{Attempt, SubjectToken},
    fixed_entropy::FixedEntropy,
    generate::{RealmOutline, attempts, realms},
    reference::{
        exchange::Kind,
        party::{Party, keys, roles_of},
        permissions::{Closed, Judged, Permissions, Question},
    },
    trial::Trial,
    universe::{Verdict, policies},
};
use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};

type Votes = Vec<(char, Logic)>;

const PERMIT: (char, Logic) = ('p', Logic::Positive);
const DENY: (char, Logic) = ('d', Logic::Positive);

fn profiles() -> impl Strategy<Value = Profile> {
    prop_oneof![Just(Profile::Strict), Just(Profile::Keycloak)]
}

fn strategies() -> impl Strategy<Value = DecisionStrategy> {
    prop_oneof![
        Just(DecisionStrategy::Unanimous),
        Just(DecisionStrategy::Affirmative),
        Just(DecisionStrategy::Consensus),
    ]
}

fn vote() -> impl Strategy<Value = (char, Logic)> {
    let logic = prop_oneof![Just(Logic::Positive), Just(Logic::Negative)];
    (prop::sample::select(vec!['p', 'd', 'n', 'e']), logic)
}

/// Mostly votes for it, so that some sets permit.
fn votes() -> impl Strategy<Value = Votes> {
    prop::collection::vec(prop_oneof![2 => Just(PERMIT), 1 => vote()], 0..9)
}

fn decided(profile: Profile, strategy: DecisionStrategy, votes: &[(char, Logic)]) -> Judged {
    policies::decided(profile, strategy, votes).unwrap()
}

fn permits(profile: Profile, strategy: DecisionStrategy, votes: &[(char, Logic)]) -> bool {
    decided(profile, strategy, votes).result.is_ok()
}

/// The places of the determining policies.
fn determining(judged: &Judged) -> BTreeSet<usize> {
    let names = judged.determining.iter();
    names
        .filter_map(|name| name.strip_prefix("permission/p")?.parse().ok())
        .collect()
}

/// Cases, unless `PROPTEST_CASES` says otherwise.
fn cases(count: u32) -> Config {
    match std::env::var("PROPTEST_CASES") {
        Ok(_) => Config::default(),
        Err(_) => Config::with_cases(count),
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn p02_an_empty_set_permits_nothing(profile in profiles(), strategy in strategies()) {
        let judged = decided(profile, strategy, &[]);
        prop_assert_eq!(judged.result, Err(Closed::NoConditions));
    }

    /// In profile `keycloak` silence under negative logic counts as a vote for it.
    #[test]
    fn p03_a_permit_has_a_vote_for_it(profile in profiles(), strategy in strategies(), votes in votes()) {
        let judged = decided(profile, strategy, &votes);
        if judged.result.is_ok() {
            let evident = votes.iter().any(|vote| match vote {
                ('p', Logic::Positive) | ('d', Logic::Negative) => true,
                ('n', Logic::Negative) => profile == Profile::Keycloak,
                _ => false,
            });
            prop_assert!(evident, "{:?}", votes);
            prop_assert!(!determining(&judged).is_empty());
        }
    }

    #[test]
    fn p04_under_unanimous_one_more_policy_never_opens(profile in profiles(), votes in votes(), more in vote()) {
        let strategy = DecisionStrategy::Unanimous;
        if !votes.is_empty() && !permits(profile, strategy, &votes) {
            let larger = [&votes[..], &[more]].concat();
            prop_assert!(!permits(profile, strategy, &larger), "{:?}", larger);
        }
    }

    #[test]
    fn p05_one_more_denial_never_opens(profile in profiles(), strategy in strategies(), votes in votes()) {
        if !permits(profile, strategy, &votes) {
            let larger = [&votes[..], &[DENY]].concat();
            prop_assert!(!permits(profile, strategy, &larger), "{:?}", larger);
        }
    }

    #[test]
    fn p06_one_more_permit_never_closes(profile in profiles(), strategy in strategies(), votes in votes()) {
        if permits(profile, strategy, &votes) {
            let larger = [&votes[..], &[PERMIT]].concat();
            prop_assert!(permits(profile, strategy, &larger), "{:?}", larger);
        }
    }

    #[test]
    fn p08_the_same_policy_twice_is_refused_and_its_content_twice_changes_nothing(
        profile in profiles(),
        strategy in strategies(),
        votes in votes(),
        realm in realms(),
        place in any::<prop::sample::Index>(),
    ) {
        if !votes.is_empty() && strategy != DecisionStrategy::Consensus {
            let larger = [&votes[..], &[votes[place.index(votes.len())]]].concat();
            prop_assert_eq!(permits(profile, strategy, &votes), permits(profile, strategy, &larger));
        }
        let mut document = realm.document();
        if !document.policies.is_empty() {
            let twin = document.policies[place.index(document.policies.len())].clone();
            document.policies.push(twin);
            prop_assert!(Trial::new(document).is_err());
        }
    }

    /// Nor does silence in profile `strict`.
    #[test]
    fn p09_a_failure_never_opens(profile in profiles(), strategy in strategies(), votes in votes(), more in vote()) {
        let silent = more.0 == 'n' && profile == Profile::Strict;
        if (more.0 == 'e' || silent) && !permits(profile, strategy, &votes) {
            let larger = [&votes[..], &[more]].concat();
            prop_assert!(!permits(profile, strategy, &larger), "{:?}", larger);
        }
    }

    /// The determining policies alone come to the same decision.
    #[test]
    fn p11_the_determining_policies_decide_alone(profile in profiles(), strategy in strategies(), votes in votes()) {
        let judged = decided(profile, strategy, &votes);
        if !votes.is_empty() && judged.result != Err(Closed::Failed) {
            let kept: Votes = determining(&judged).into_iter().map(|place| votes[place]).collect();
            prop_assert!(!kept.is_empty());
            prop_assert_eq!(permits(profile, strategy, &kept), judged.result.is_ok(), "{:?}", kept);
        }
    }

    #[test]
    fn p12_what_is_not_determining_can_be_left_out(profile in profiles(), strategy in strategies(), votes in votes()) {
        let judged = decided(profile, strategy, &votes);
        if strategy != DecisionStrategy::Consensus && judged.result != Err(Closed::Failed) {
            let determining = determining(&judged);
            for place in (0..votes.len()).filter(|place| !determining.contains(place)) {
                let mut fewer = votes.clone();
                fewer.remove(place);
                prop_assert_eq!(permits(profile, strategy, &fewer), judged.result.is_ok(), "{:?}", fewer);
            }
        }
    }

    /// Decision, reason, and what every permission asked on the way rests on.
    #[test]
    fn p10_the_engine_decides_as_the_reference((realm, attempts) in tried(24)) {
        let trial = Trial::new(realm.document()).unwrap();
        for attempt in attempts {
            let decision = trial.decide(&attempt);
            let reference = Verdict::from(trial.reference(&attempt));
            prop_assert_eq!(Verdict::from(&decision), reference, "{:?}", attempt);
            let trace = match &decision {
                Decision::Permit(grant) => grant.trace(),
                Decision::Deny(denial) => denial.trace(),
            };
            let subject = attempt.subject.as_ref();
            let scope = subject.and_then(|token| token.scope.as_deref());
            let party = Party::client(trial.document(), &attempt.requester, scope);
            let question = Question {
                party: &party, client_id: &attempt.requester, now: attempt.now, offset: 0,
            };
            for gate in trace.gates.iter().filter(|gate| gate.action == GateAction::TokenExchange) {
                let result = gate.refusal.clone().map_or(Ok(()), Err);
                let judged = policies::judged(result, Some(gate));
                let reference = Permissions::of(trial.document()).exchange_to(&gate.target, &question);
                prop_assert_eq!(judged, reference, "{:?}", attempt);
            }
        }
    }

    /// The audiences are those that the requester's or the target's mappers add, and the target; a standard
    /// exchange that names audiences has just these.
    #[test]
    fn p14_minted_audiences_are_those_asked_for((realm, attempts) in tried(24)) {
        let trial = Trial::new(realm.document()).unwrap();
        for attempt in attempts {
            let decision = trial.decide(&attempt);
            let kind = Verdict::from(&decision);
            let Decision::Permit(grant) = decision else { continue };
            let id_token = attempt.requested_type.as_deref().is_some_and(|urn| urn.ends_with("id_token"));
            let has = texts(&minted(grant)["aud"]);
            let asked: BTreeSet<String> = attempt.audiences.iter().cloned().collect();
            if kind == Verdict::Permit(Kind::Standard) && !asked.is_empty() && !id_token {
                prop_assert_eq!(has, asked);
                continue;
            }
            let target = attempt.audiences.first().unwrap_or(&attempt.requester);
            let view = if kind == Verdict::Permit(Kind::Standard) { &attempt.requester } else { target };
            let client = trial.document().clients.iter().find(|client| client.id == *view).unwrap();
            let mut allowed: BTreeSet<String> =
                client.mappers.iter().map(|mapper| mapper.config["included.client.audience"].clone()).collect();
            allowed.insert(view.clone());
            prop_assert!(has.is_subset(&allowed), "{:?} beyond {:?}", has, allowed);
            if kind == Verdict::Permit(Kind::PermissionBased) && *target != attempt.requester {
                prop_assert!(has.contains(target));
            }
        }
    }

    /// Roles of the realm that the new token tells are the user's; roles of a client are told only where it
    /// is among the audiences asked for.
    #[test]
    fn p15_minted_roles_are_those_of_the_user((mut realm, attempts) in tried(24)) {
        realm.strict = false;
        let trial = Trial::new(with_roles(&realm)).unwrap();
        for attempt in attempts {
            let decision = trial.decide(&attempt);
            let kind = Verdict::from(&decision);
            let Decision::Permit(grant) = decision else { continue };
            let user = grant.plan().user.username.clone();
            let claims = minted(grant);
            let users = &trial.document().users;
            let user = users.iter().find(|known| known.username == user).unwrap();
            let held = roles_of(trial.document(), user);
            for role in texts(&claims["realm_access"]["roles"]) {
                prop_assert!(held.contains(&(None, role.clone())), "{}", role);
            }
            for (client, roles) in claims["resource_access"].as_object().into_iter().flatten() {
                for role in texts(&roles["roles"]) {
                    prop_assert!(held.contains(&(Some(client.clone()), role.clone())), "{}", role);
                }
                let narrowed = kind == Verdict::Permit(Kind::Standard) && !attempt.audiences.is_empty();
                let id_token = attempt.requested_type.as_deref().is_some_and(|urn| urn.ends_with("id_token"));
                prop_assert!(!narrowed || id_token || attempt.audiences.contains(client), "{}", client);
            }
        }
    }
}

/// A realm, and attempts in it.
fn tried(count: usize) -> impl Strategy<Value = (RealmOutline, Vec<Attempt>)> {
    realms().prop_flat_map(move |realm| {
        let attempts = attempts(&realm.document());
        (Just(realm), prop::collection::vec(attempts, count))
    })
}

/// The realm with a role at each client, held by everybody, and mappers that tell roles.
fn with_roles(realm: &RealmOutline) -> cambist::realm::document::RealmDocument {
    let mut document = realm.document();
    let mapper = |kind: &str, claim: &str| {
        let config = json!({
            "claim.name": claim, "access.token.claim": "true", "jsonType.label": "String", "multivalued": "true",
        });
        serde_json::from_value(json!({"name": kind, "kind": kind, "config": config})).unwrap()
    };
    for client in &mut document.clients {
        client
            .roles
            .push(serde_json::from_value(json!({"name": "clerk"})).unwrap());
        client.mappers.push(mapper(
            "oidc-usermodel-realm-role-mapper",
            "realm_access.roles",
        ));
        client.mappers.push(mapper(
            "oidc-usermodel-client-role-mapper",
            "resource_access.${client_id}.roles",
        ));
    }
    let clients: Vec<String> = document
        .clients
        .iter()
        .map(|client| client.id.clone())
        .collect();
    for user in &mut document.users {
        for client in clients.iter().take(2) {
            user.roles
                .clients
                .insert(client.clone(), vec!["clerk".into()]);
        }
        assert_eq!(keys(&user.roles).len(), user.roles.realm.len() + 2);
    }
    document
}

/// The claims of the access token.
fn minted(grant: Grant) -> Value {
    let outcome = grant
        .prepare(&mut FixedEntropy::new(1))
        .unwrap()
        .sign()
        .unwrap();
    let (effects, _, _, sealed) = outcome.into_parts();
    let answer = sealed.open(&effects.committed()).unwrap();
    let payload = answer.access_token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap()
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => BTreeSet::from([text.clone()]),
        Value::Array(list) => list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// What is absent never counts as unlimited: asked for a scope, a subject token without any gives none.
#[test]
fn p10_a_subject_token_without_scope_gives_none() {
    let trial = Trial::new(
        serde_json::from_value(json!({
            "realm": "bare", "profile": "strict",
            "client_scopes": [{"name": "mail"}],
            "clients": [{
                "id": "front", "secret": "s", "grants": ["token-exchange"],
                "default_scopes": [], "optional_scopes": ["mail"],
            }],
            "users": [{"username": "ada"}],
        }))
        .unwrap(),
    )
    .unwrap();
    let mut subject = SubjectToken::of("ada", "front");
    subject.scope = None;
    let attempt = Attempt {
        requester: "front".into(),
        subject: Some(subject),
        scope: Some("openid mail".into()),
        now: 1_800_000_000,
        ..Attempt::default()
    };
    assert_eq!(
        Verdict::from(trial.reference(&attempt)),
        Verdict::Permit(Kind::PermissionBased)
    );
    let Decision::Permit(grant) = trial.decide(&attempt) else {
        panic!("{:?}", trial.decide(&attempt));
    };
    assert_eq!(minted(grant).get("scope"), Some(&json!("")));
}

/// The comparisons above would hold if nothing were ever permitted.
#[test]
fn random_exchanges_reach_every_kind_of_answer() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..60 {
        let (realm, attempts) = tried(24).new_tree(&mut runner).unwrap().current();
        let trial = Trial::new(realm.document()).unwrap();
        for attempt in attempts {
            let verdict = format!("{:?}", Verdict::from(&trial.decide(&attempt)));
            *reached.entry(verdict).or_default() += 1;
        }
    }
    for wanted in [
        "Permit(Standard)",
        "Permit(PermissionBased)",
        "Refused(NotPermitted)",
        "Refused(NotInAudience)",
    ] {
        assert!(
            reached.get(wanted).is_some_and(|times| *times >= 10),
            "{wanted}: {reached:#?}"
        );
    }
    assert!(reached.len() >= 12, "{reached:#?}");
}
