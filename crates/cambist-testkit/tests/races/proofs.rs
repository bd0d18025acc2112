//! Eight requests with one DPoP proof, all judged before any of them is stored: exactly one may win.

use std::sync::Arc;

use cambist::{
    crypto::{Algorithm, CryptoProvider},
    effects::{Effect, SingleUse},
    engine::Engine,
    jose::PrivateKey,
    moment::{Moment, Timestamp},
    realm::document::RealmDocument,
    request::Envelope,
};
use cambist_ring::RingProvider;
use cambist_store::{CommitError, Conflict, MemoryStore, SqliteStore, Store};
use cambist_testkit::{fixed_entropy::FixedEntropy, prover::Prover, world::World};
use tokio::sync::Barrier;

use crate::{
    RACERS,
    faulty::{Fault, Faulty},
};

const ISSUER: &str = "https://id.example/realms/r";
const NOW: i64 = 1_800_000_000;
const FORM: &[u8] = b"grant_type=client_credentials&client_id=robot&client_secret=s3cret";

fn document() -> RealmDocument {
    serde_json::from_value(serde_json::json!({
        "realm": "r",
        "clients": [{"id": "robot", "secret": "s3cret", "grants": ["client-credentials"]}],
    }))
    .unwrap()
}

/// What each of the racers would store.
fn judged(proof: &str) -> Vec<Vec<Effect>> {
    let world = World::new(document(), &RingProvider).unwrap();
    let engine = Engine::new(Arc::new(RingProvider));
    let envelope = Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        proof: Some(proof),
        ..Envelope::default()
    };
    (0..8_u64)
        .map(|racer| {
            let outcome = engine.handle(
                Arc::clone(&world.realm),
                &envelope,
                FORM,
                Moment::utc(NOW),
                &mut FixedEntropy::new(racer * 1_000),
                |needed| world.facts(needed),
            );
            outcome.unwrap().effects().list().to_vec()
        })
        .collect()
}

fn proof(round: u32) -> String {
    // RFC 8410 section 10.3.
    let key = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
               -----END PRIVATE KEY-----\n";
    let key = PrivateKey::from_pem(key).unwrap();
    assert!(RingProvider.public_key(&key).is_ok());
    let prover = Prover::new(Algorithm::EdDsa, &key, &RingProvider).unwrap();
    prover
        .prove(&Prover::claims(ISSUER, NOW, &round.to_string()))
        .unwrap()
}

/// How many racers win, round by round.
async fn winners(store: Arc<dyn Store>, rounds: u32) -> Vec<usize> {
    store.insert_realm(document(), Vec::new()).await.unwrap();
    let mut won = Vec::new();
    for round in 0..rounds {
        let start = Arc::new(Barrier::new(RACERS));
        let mut racers = tokio::task::JoinSet::new();
        for effects in judged(&proof(round)) {
            let (store, start) = (Arc::clone(&store), Arc::clone(&start));
            racers.spawn(async move {
                start.wait().await;
                store.apply("r", &effects, Timestamp(NOW)).await
            });
        }
        let mut winners = 0;
        for result in racers.join_all().await {
            match result {
                Ok(()) => winners += 1,
                Err(CommitError::Conflict(Conflict::UsedBefore {
                    purpose: SingleUse::DpopProof,
                })) => {}
                Err(other) => panic!("{other}"),
            }
        }
        won.push(winners);
    }
    won
}

#[tokio::test(flavor = "multi_thread")]
async fn t181_of_eight_requests_with_one_proof_one_wins() {
    let memory = winners(Arc::new(MemoryStore::new()), 20).await;
    assert!(memory.iter().all(|winners| *winners == 1), "{memory:?}");
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("race.db")).unwrap();
    let sqlite = winners(Arc::new(sqlite), 5).await;
    assert!(sqlite.iter().all(|winners| *winners == 1), "{sqlite:?}");
}

/// The test above would see a store that looks first and marks later.
#[tokio::test(flavor = "multi_thread")]
async fn t181_a_store_that_looks_before_it_marks_is_caught() {
    let naive = winners(Arc::new(Faulty::new(Fault::LooksThenMarks)), 20).await;
    assert!(naive.iter().any(|winners| *winners > 1), "{naive:?}");
}
