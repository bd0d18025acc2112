//! The engine and the reference agree on the universes, as far as an unoptimised build gets in a few seconds,
//! and each comparison turns red when the reference is replaced by a wrong twin.
//! `cargo run --profile exhaustive -p cambist-testkit --bin universes` compares far more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use cambist::{
    policy::{DecisionStrategy, Logic, Vote},
    realm::{
        Profile,
        document::{PolicyDocument, RealmDocument},
    },
};
use cambist_testkit::{
    attempt::State,
    reference::{
        exchange::{Kind, Reason, decide},
        permissions::{Judged, Permissions, Question},
    },
    universe::{
        Tally,
        exchange::{Point, STATES, Universe},
        policies::{self, TARGET, aggregates, reference, sets},
        told::told,
    },
};

/// One of so many pairs of shapes: a prime, so that every shape is met.
const PAIRS: usize = 97;

#[track_caller]
fn agree(tally: &Tally, permits: u64) {
    assert_eq!(tally.disagreements, 0, "{tally:#?}");
    assert!(tally.permits >= permits, "{tally:?}");
}

#[test]
fn sets_of_up_to_four_policies_are_decided_alike() {
    let tally = sets(1, &reference);
    assert_eq!(tally.members, 56_172);
    agree(&tally, 10_000);
}

#[test]
fn pairs_of_aggregates_are_decided_alike() {
    agree(&aggregates(PAIRS, &reference), 5_000);
}

fn universes() -> [Universe; 2] {
    [false, true].map(|strict| Universe::new(strict).unwrap())
}

/// What differs in up to two properties from a state with a permit, and a thin slice of everything.
#[test]
fn exchanges_are_decided_alike() {
    for universe in universes() {
        for point in Point::permitted() {
            agree(&universe.compare_each(&point.neighbours(), &decide), 100);
        }
        agree(&universe.compare(0, STATES / 1_999, &decide), 0);
    }
}

/// The values of a state are written down by hand for speed. Looked up in the document they are the same.
#[test]
fn the_values_of_a_state_are_those_of_its_realm() {
    for universe in universes() {
        let near = Point::permitted().map(Point::neighbours).concat();
        let far = (0..997).map(|number| Point::numbered(number * (STATES / 997)));
        for mut point in near.into_iter().step_by(3).chain(far) {
            // What is looked up has no actor token.
            point.actor = 0;
            assert_eq!(
                universe.looked_up(point),
                universe.by_hand(point),
                "{point:?}"
            );
        }
    }
}

/// A twin that is wrong about the result and nothing else.
fn twin(
    twist: fn(&mut RealmDocument),
    votes: fn(&PolicyDocument, &Question<'_>) -> Option<Vote>,
) -> impl Fn(&RealmDocument, &Question<'_>) -> Judged + Sync {
    move |document, question| {
        let mut twisted = document.clone();
        twist(&mut twisted);
        let wrong = Permissions::with(&twisted, votes).exchange_to(TARGET, question);
        Judged {
            result: wrong.result,
            ..reference(document, question)
        }
    }
}

/// One more permit where votes are counted, so that a tie permits.
fn ties_permit(document: &mut RealmDocument) {
    let consensus = |strategy| strategy == DecisionStrategy::Consensus;
    let always = serde_json::json!({"name": "always", "kind": "time"});
    document
        .policies
        .push(serde_json::from_value(always).unwrap());
    for permission in &mut document.permissions {
        if consensus(permission.strategy) && !permission.policies.is_empty() {
            permission.policies.push("always".into());
        }
    }
    for policy in &mut document.policies {
        if let Some(children) = policy
            .policies
            .as_mut()
            .filter(|_| consensus(policy.strategy))
            && !children.is_empty()
        {
            children.push("always".into());
        }
    }
}

fn silence_is_turned_round(document: &mut RealmDocument) {
    document.profile = Profile::Keycloak;
}

/// Failures vote so that they never help, as in profile `strict`.
fn failures_never_help(policy: &PolicyDocument, question: &Question<'_>) -> Option<Vote> {
    match (told(policy, question)?, policy.logic) {
        (Vote::Failed(_), Logic::Positive) => Some(Vote::Deny),
        (Vote::Failed(_), Logic::Negative) => Some(Vote::Grant),
        (vote, _) => Some(vote),
    }
}

fn logic_is_forgotten(document: &mut RealmDocument) {
    for policy in &mut document.policies {
        policy.logic = Logic::Positive;
    }
}

fn one_grant_is_enough(document: &mut RealmDocument) {
    for permission in &mut document.permissions {
        permission.strategy = DecisionStrategy::Affirmative;
    }
}

fn red(name: &str, tally: &Tally) {
    assert_ne!(tally.disagreements, 0, "the twin {name:?} was not noticed");
}

#[test]
fn wrong_twins_of_the_policy_evaluator_are_noticed() {
    let same = |_: &mut RealmDocument| {};
    agree(&sets(11, &twin(same, told)), 500);
    let twins: [(&str, policies::Judge<'_>); 5] = [
        ("a tie permits", &twin(ties_permit, told)),
        (
            "silence under negative logic permits in profile strict",
            &twin(silence_is_turned_round, failures_never_help),
        ),
        ("logic is forgotten", &twin(logic_is_forgotten, told)),
        ("unanimous is affirmative", &twin(one_grant_is_enough, told)),
        (
            "one determining policy is left out",
            &|document, question| {
                let mut judged = reference(document, question);
                judged.determining.pop_last();
                judged
            },
        ),
    ];
    for (name, judge) in twins {
        red(name, &sets(11, judge));
        red(name, &aggregates(11 * PAIRS, judge));
    }
}

/// What a twin forgets of the plain values.
type Forgets = fn(&mut State<'_>);

#[test]
fn wrong_twins_of_the_exchange_are_noticed() {
    fn subject(
        state: &mut State<'_>,
        change: impl FnOnce(&mut cambist_testkit::attempt::Subject<'_>),
    ) {
        if let Some(subject) = &mut state.subject {
            change(subject);
        }
    }
    let twins: [(&str, Forgets); 13] = [
        ("azp", |state| subject(state, |subject| subject.held = true)),
        ("aud", |state| {
            subject(state, |subject| subject.in_audience = true)
        }),
        ("typ", |state| {
            subject(state, |subject| subject.typ = "Bearer")
        }),
        ("cnf", |state| {
            subject(state, |subject| subject.bound = false)
        }),
        ("signature", |state| {
            subject(state, |subject| subject.signed = true)
        }),
        ("issuer", |state| {
            subject(state, |subject| subject.own_issuer = true)
        }),
        ("exp", |state| {
            subject(state, |subject| subject.expires = Some(i64::MAX))
        }),
        ("nbf", |state| {
            subject(state, |subject| subject.not_before = None)
        }),
        ("revocation", |state| {
            subject(state, |subject| subject.revoked = false)
        }),
        ("user", |state| {
            subject(state, |subject| {
                if let Some(user) = &mut subject.user {
                    user.enabled = true;
                }
            });
        }),
        ("declared type", |state| state.declared = None),
        ("requested type", |state| state.requested = None),
        ("public requester", |state| state.requester.public = false),
    ];
    for universe in universes() {
        let points = Point::permitted().map(Point::neighbours).concat();
        for (name, forget) in twins {
            let judge = move |state: &State<'_>| -> Result<Kind, Reason> {
                let mut state = *state;
                forget(&mut state);
                decide(&state)
            };
            red(name, &universe.compare_each(&points, &judge));
        }
        let lenient = |state: &State<'_>| decide(state).or(Ok(Kind::PermissionBased));
        red("every check", &universe.compare(1, STATES / 499, &lenient));
    }
    // Only profile `strict` looks at who acts.
    let [_, strict] = universes();
    let points = Point::permitted().map(Point::neighbours).concat();
    let forgets: [(&str, Forgets); 2] = [
        ("actor", |state| state.actor = false),
        ("may_act", |state| {
            subject(state, |subject| subject.acts = false)
        }),
    ];
    for (name, forget) in forgets {
        let judge = move |state: &State<'_>| -> Result<Kind, Reason> {
            let mut state = *state;
            forget(&mut state);
            decide(&state)
        };
        red(name, &strict.compare_each(&points, &judge));
    }
}
