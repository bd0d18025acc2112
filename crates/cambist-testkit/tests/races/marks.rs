//! Threat T181: every kind of id that may be used once.

use std::sync::Arc;

use cambist::{
    effects::{Effect, SingleUse},
    moment::Timestamp,
    realm::document::RealmDocument,
};
use cambist_store::{Conflict, MemoryStore, SqliteStore, Store};

use crate::{
    faulty::{Fault, Faulty},
    winners,
};

const NOW: Timestamp = Timestamp(1_800_000_000);

fn kinds() -> [SingleUse; 4] {
    [
        SingleUse::ClientAssertion("robot".into()),
        SingleUse::JwtGrant("https://bank.example".into()),
        SingleUse::IdentityAssertion("https://bank.example".into()),
        SingleUse::DpopProof,
    ]
}

/// How many win, round by round. The id is the same for all kinds: one never stands in the way of another.
async fn race(store: Arc<dyn Store>, rounds: usize) -> Vec<usize> {
    let document = RealmDocument::named("r");
    store.insert_realm(document, Vec::new()).await.unwrap();
    let mut won = Vec::new();
    for (round, purpose) in kinds().into_iter().cycle().take(rounds).enumerate() {
        let effects = [Effect::UseOnce {
            purpose,
            id: (round / kinds().len()).to_string().into(),
            until: NOW.after(60),
        }];
        let too_late = |conflict: &Conflict| matches!(conflict, Conflict::UsedBefore { .. });
        won.push(winners(&store, "r", &Arc::from(effects), NOW, too_late).await);
    }
    won
}

#[tokio::test(flavor = "multi_thread")]
async fn t181_of_eight_uses_of_any_id_one_wins() {
    let memory = race(Arc::new(MemoryStore::new()), 1_000).await;
    assert!(memory.iter().all(|won| *won == 1), "{memory:?}");
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("race.db")).unwrap();
    let sqlite = race(Arc::new(sqlite), 1_000).await;
    assert!(sqlite.iter().all(|won| *won == 1), "{sqlite:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t181_a_store_that_looks_before_it_marks_is_caught_for_every_kind() {
    let naive = race(Arc::new(Faulty::new(Fault::LooksThenMarks)), 4).await;
    assert!(naive.iter().all(|won| *won > 1), "{naive:?}");
}
