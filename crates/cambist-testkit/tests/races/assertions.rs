//! Threat T181: one assertion brought by eight at once is a grant for one of them.

use std::sync::{Arc, Barrier};

use cambist::{
    crypto::Algorithm,
    decision::Decision,
    effects::SingleUse,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    jose::{JsonLimits, SecretJwk, SigningHeader, compact::SigningInput},
    moment::Moment,
    realm::document::RealmDocument,
    request::Envelope,
};
use cambist_ring::RingProvider;
use cambist_store::{CommitError, Conflict, MemoryStore, SqliteStore, Store};
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::json;

use crate::RACERS;

const ROUNDS: usize = 5;
const NOW: i64 = 1_800_000_000;
const BANK: &str = "https://bank.example";
const ISSUER: &str = "https://id.example/realms/shop";

/// The key of RFC 8037 appendix A.1. Published, so for tests only.
const PUBLIC: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "bank",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const SECRET: &str = r#"{"kty": "OKP", "crv": "Ed25519", "kid": "bank",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;

fn document() -> RealmDocument {
    serde_json::from_value(json!({
        "realm": "shop",
        "identity_providers": [{"alias": "bank", "kind": "oidc", "config": {
            "issuer": BANK,
            "jwtAuthorizationGrantEnabled": "true",
            "publicKeySignatureVerifier": PUBLIC
        }}],
        "clients": [{"id": "bot", "secret": "bot-secret", "grants": ["jwt-bearer"],
                     "attributes": {"oauth2.jwt.authorization.grant.idp": "bank"}}],
        "users": [{"username": "alice",
                   "federated_identities": [{"provider": "bank", "user_id": "bank-alice"}]}]
    }))
    .unwrap()
}

fn assertion(round: usize) -> String {
    let key = SecretJwk::parse(SECRET, &JsonLimits::DEFAULT)
        .unwrap()
        .signing_key(Algorithm::EdDsa, &RingProvider)
        .unwrap();
    let claims = json!({"iss": BANK, "sub": "bank-alice", "aud": ISSUER,
                        "jti": format!("round {round}"), "iat": NOW, "exp": NOW + 60});
    let header = SigningHeader::new(Algorithm::EdDsa, Some("bank"), None);
    SigningInput::new(&header, claims.to_string().as_bytes())
        .sign(&key)
        .unwrap()
}

/// One racer: judged like any request; the store has the last word.
async fn bring(world: &World, store: &dyn Store, assertion: &str) -> Result<(), CommitError> {
    let engine = Engine::new(Arc::new(RingProvider));
    let envelope = Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    let body = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=bot\
         &client_secret=bot-secret&assertion={assertion}"
    );
    let moment = Moment::utc(NOW);
    let pending = engine
        .receive(Arc::clone(&world.realm), &envelope, body.as_bytes(), moment)
        .and_then(TokenRequest::authenticate)
        .and_then(AuthenticatedRequest::begin)
        .unwrap();
    let facts = world.facts(&pending.facts_needed());
    let Decision::Permit(grant) = pending.decide(&facts) else {
        panic!("denied before the store is asked");
    };
    let outcome = grant
        .prepare(&mut FixedEntropy::new(1))
        .unwrap()
        .sign()
        .unwrap();
    let (effects, _, _, sealed) = outcome.into_parts();
    let receipt = store.commit(effects, moment.now).await?;
    sealed.open(&receipt).unwrap();
    Ok(())
}

async fn race(store: Arc<dyn Store>) {
    let world = Arc::new(World::new(document(), &RingProvider).unwrap());
    store.insert_realm(document(), Vec::new()).await.unwrap();
    for round in 0..ROUNDS {
        let assertion: Arc<str> = assertion(round).into();
        let line = Arc::new(Barrier::new(RACERS));
        let runtime = tokio::runtime::Handle::current();
        let racers: Vec<_> = (0..RACERS)
            .map(|_| {
                let (world, store) = (Arc::clone(&world), Arc::clone(&store));
                let (line, assertion) = (Arc::clone(&line), Arc::clone(&assertion));
                let runtime = runtime.clone();
                std::thread::spawn(move || {
                    line.wait();
                    runtime.block_on(bring(&world, &*store, &assertion))
                })
            })
            .collect();
        let mut winners = 0_usize;
        for racer in racers {
            let came = tokio::task::spawn_blocking(move || racer.join().unwrap());
            match came.await.unwrap() {
                Ok(()) => winners = winners.saturating_add(1),
                Err(CommitError::Conflict(Conflict::UsedBefore { purpose })) => {
                    assert_eq!(purpose, SingleUse::JwtGrant(BANK.into()));
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(winners, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t181_of_eight_with_one_assertion_one_wins() {
    race(Arc::new(MemoryStore::new())).await;
    let folder = tempfile::tempdir().unwrap();
    race(Arc::new(
        SqliteStore::open(folder.path().join("race.db")).unwrap(),
    ))
    .await;
}
