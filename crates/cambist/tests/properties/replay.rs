//! A decision made again from its trace alone.

use std::sync::Arc;

use cambist::{
    decision::Decision,
    engine::{Engine, ReplayError},
    trace::DecisionTrace,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use crate::{
    cases::cases,
    teller::{Step, walk},
    worthless,
};

/// The trace of a step, through JSON and back.
fn stored(step: &Step) -> DecisionTrace {
    let decision = step.before.decide(&step.form);
    let trace = match &decision {
        Decision::Permit(grant) => grant.trace(),
        Decision::Deny(denial) => denial.trace(),
    };
    let text = serde_json::to_string(trace).unwrap();
    assert!(
        step.subject.is_empty() || !text.contains(&step.subject),
        "a token in {text}"
    );
    assert!(!text.contains("\"secret\""), "a secret in {text}");
    let read: DecisionTrace = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    read
}

fn replayed(step: &Step, trace: &DecisionTrace) -> Result<DecisionTrace, ReplayError> {
    Engine::new(worthless()).replay(trace, Arc::clone(&step.before.world.realm))
}

proptest! {
    #![proptest_config(Config::with_cases(192))]

    /// The trace goes through JSON unchanged, holds neither the token nor the secret, and leads to the same
    /// decision for the same reason with the same determining policies, in an engine that traces nothing by
    /// itself.
    #[test]
    fn p11_a_replayed_trace_decides_the_same(case in cases()) {
        for step in walk(&case, worthless()).iter().filter(|step| step.is_exchange()) {
            let trace = stored(step);
            match replayed(step, &trace) {
                Ok(again) => {
                    prop_assert!(trace.agrees_with(&again), "{:?} became {:?}", trace, again);
                }
                Err(ReplayError::EndedEarly) => prop_assert!(!trace.permitted, "{:?}", trace),
                Err(other) => prop_assert!(false, "{}: {:?}", other, trace),
            }
        }
    }
}

/// A replay reads what is recorded: with another instant, other roles or another realm it can come to
/// something else, and each is seen to.
#[test]
fn a_replay_of_something_else_is_something_else() {
    let mut runner = TestRunner::deterministic();
    let (mut same, mut later, mut gone, mut unguarded) = (0, 0, 0, 0);
    for _ in 0..192 {
        let case = cases().new_tree(&mut runner).unwrap().current();
        for step in walk(&case, worthless())
            .iter()
            .filter(|step| step.exchanged().is_some())
        {
            let trace = stored(step);
            let differs = |changed: &DecisionTrace| !replayed(step, changed).unwrap().permitted;
            same += usize::from(!differs(&trace));
            let mut changed = trace.clone();
            changed.inputs.as_mut().unwrap().moment.now.0 += 40_000;
            later += usize::from(differs(&changed));
            let mut changed = trace.clone();
            changed
                .inputs
                .as_mut()
                .unwrap()
                .facts
                .as_mut()
                .unwrap()
                .subject = None;
            gone += usize::from(differs(&changed));
            let mut document = case.document.clone();
            document["permissions"] = serde_json::json!([]);
            let moved = step.before.moved_to(&document);
            let again = Engine::new(worthless()).replay(&trace, Arc::clone(&moved.world.realm));
            unguarded += usize::from(!again.unwrap().permitted);
        }
    }
    assert!(
        same > 50 && later > 50 && gone == same && unguarded > 10,
        "{same} {later} {gone} {unguarded}"
    );
}
