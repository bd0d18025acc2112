//! Any small realm and exchanges in it: the engine decides as the reference does, with the same reason.
#![no_main]

use cambist_testkit::{
    generate::{AttemptOutline, RealmOutline},
    trial::Trial,
    universe::Verdict,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|case: (RealmOutline, Vec<AttemptOutline>)| {
    let (realm, attempts) = case;
    let trial = Trial::new(realm.document()).expect("every outline builds");
    for outline in attempts.iter().take(8) {
        let attempt = outline.attempt(trial.document());
        let decision = trial.decide(&attempt);
        let engine = Verdict::from(&decision);
        let reference = Verdict::from(trial.reference(&attempt));
        assert_eq!(engine, reference, "{attempt:?}\n{decision:#?}");
    }
});
