//! Eight at once for what may be used once: exactly one wins, in every store. Nobody relies on luck: all of them are
//! judged on the same snapshot before any of them writes, so every one believes that it may. A store that looks before
//! it writes, or takes any version for the expected one, is caught.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot be set up has failed"
)]

mod assertions;
#[path = "../faulty/mod.rs"]
#[expect(dead_code, reason = "two of its faults are enough here")]
mod faulty;
mod marks;
mod proofs;
mod refreshes;

use std::sync::Arc;

use cambist::{effects::Effect, moment::Timestamp};
use cambist_store::{CommitError, Conflict, Store};
use tokio::sync::Barrier;

/// How many try at once.
const RACERS: usize = 8;

/// How many of eight that write this at once do; the others must be told that they came too late.
async fn winners(
    store: &Arc<dyn Store>,
    realm: &'static str,
    effects: &Arc<[Effect]>,
    now: Timestamp,
    too_late: fn(&Conflict) -> bool,
) -> usize {
    let start = Arc::new(Barrier::new(RACERS));
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..RACERS {
        let (store, effects, start) = (Arc::clone(store), Arc::clone(effects), Arc::clone(&start));
        racers.spawn(async move {
            start.wait().await;
            store.apply(realm, &effects, now).await
        });
    }
    let mut won = 0;
    for result in racers.join_all().await {
        match result {
            Ok(()) => won += 1,
            Err(CommitError::Conflict(conflict)) if too_late(&conflict) => {}
            Err(other) => panic!("{other}"),
        }
    }
    won
}
