//! Both stores keep the contract, and stores that are wrong on purpose are caught, each by the check that is
//! there for it.

mod faulty;

use std::sync::Arc;

use cambist_store::{MemoryStore, SqliteStore, Store};
use cambist_testkit::store_contract;

use self::faulty::{Fault, Faulty};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    let breaches = store_contract::check(|| Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    let make = || {
        number.set(number.get() + 1);
        let path = folder.path().join(format!("{}.db", number.get()));
        Arc::new(SqliteStore::open(path).unwrap()) as Arc<dyn Store>
    };
    let breaches = store_contract::check(make).await;
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[tokio::test]
async fn it_runs_under_a_runtime_of_one_thread() {
    for check in store_contract::checks().filter(|check| check.name().contains("rac")) {
        assert_eq!(check.run(Arc::new(MemoryStore::new())).await, Ok(()));
    }
}

#[test]
fn there_are_many_checks_and_no_two_of_one_name() {
    let mut names: Vec<_> = store_contract::checks()
        .map(store_contract::Check::name)
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(all >= 80, "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faultless_twin_passes() {
    let make = || Arc::new(Faulty::new(Fault::None)) as Arc<dyn Store>;
    let breaches = store_contract::check(make).await;
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_caught_by_its_check() {
    let faults = [
        (
            Fault::LooksThenMarks,
            "eight_racers_for_one_id_have_one_winner",
        ),
        (
            Fault::LooksThenMarks,
            "racing_lists_leave_nothing_of_the_losers",
        ),
        (Fault::KeepsHalfAList, "a_conflict_undoes_what_came_before"),
        (
            Fault::KeepsHalfAList,
            "a_refused_list_brings_back_what_it_ended",
        ),
        (Fault::KeepsHalfAList, "a_conflict_harms_no_list_beside_it"),
        (Fault::IgnoresVersions, "a_stale_version_conflicts"),
        (
            Fault::IgnoresVersions,
            "racers_with_one_version_have_one_winner",
        ),
        (Fault::SweepsTooMuch, "a_sweep_keeps_live_marks"),
        (Fault::SweepsTooMuch, "a_sweep_keeps_live_revocations"),
        (Fault::SweepsTooMuch, "a_sweep_keeps_live_sessions"),
        (Fault::MixesPurposes, "purposes_never_meet"),
        (Fault::LosesEnds, "an_ended_session_is_not_brought_back"),
        (Fault::AnswersEarly, "what_was_answered_is_seen_at_once"),
        (Fault::MixesRealms, "realms_never_mix"),
        (Fault::KeepsLetterCase, "taken_ids_and_names_conflict"),
        (Fault::AnyPassword, "a_right_password_matches"),
    ];
    for (fault, name) in faults {
        let check = store_contract::checks().find(|check| check.name() == name);
        let kept = check.expect(name).run(Arc::new(Faulty::new(fault))).await;
        assert!(kept.is_err(), "{fault:?} is not caught by {name}");
    }
}
