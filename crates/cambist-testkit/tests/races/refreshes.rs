//! Threats T181 and T164: a refresh token of a realm that rotates them is used by eight at once, and what was in flight
//! when something was revoked brings nothing back.

use std::sync::Arc;

use cambist::{
    decision::Decision,
    effects::{Effect, Effects},
    engine::{AuthenticatedRequest, Engine, PendingRequest, TokenRequest},
    moment::Moment,
    realm::document::RealmDocument,
    refusal::Refusal,
    request::Envelope,
    response::TokenResponse,
};
use cambist_ring::RingProvider;
use cambist_store::{CommitError, Conflict, MemoryStore, SqliteStore, Store};
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::json;

use crate::{
    faulty::{Fault, Faulty},
    winners,
};

const NOW: Moment = Moment::utc(1_800_000_000);
const ISSUER: &str = "https://id.example/realms/shop";

fn document() -> RealmDocument {
    serde_json::from_value(json!({
        "realm": "shop",
        "tokens": {"revoke_refresh_token": true},
        "clients": [
            {"id": "till", "secret": "till-secret", "grants": ["password"], "mappers": [{
                "name": "for stock", "kind": "oidc-audience-mapper",
                "config": {"included.client.audience": "stock", "access.token.claim": "true"}
            }]},
            {"id": "stock", "secret": "stock-secret", "grants": ["standard-token-exchange"],
             "attributes": {"standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION"}}
        ],
        "users": [{"username": "ada", "password": "engine", "email": "ada@example.com",
                   "first_name": "Ada", "last_name": "Lovelace"}]
    }))
    .unwrap()
}

/// A realm, and a store that has its sessions.
struct Shop {
    world: World,
    engine: Engine,
    store: Arc<dyn Store>,
    entropy: FixedEntropy,
}

impl Shop {
    async fn open(store: Arc<dyn Store>) -> Self {
        let world = World::new(document(), &RingProvider).unwrap();
        let users = world.users.values().map(|user| (**user).clone()).collect();
        store.insert_realm(document(), users).await.unwrap();
        Self {
            world,
            engine: Engine::new(Arc::new(RingProvider)),
            store,
            entropy: FixedEntropy::new(1),
        }
    }

    fn begin(&self, body: &str) -> PendingRequest {
        let realm = Arc::clone(&self.world.realm);
        self.engine
            .receive(realm, &envelope(), body.as_bytes(), NOW)
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)
            .unwrap()
    }

    /// What the request would write, and the answer that would leave then: judged on what the store says now.
    async fn judge(&mut self, body: &str) -> Result<(Effects, Answer), Refusal> {
        let pending = self.begin(body);
        let needed = pending.facts_needed();
        let mut facts = self
            .store
            .load_facts("shop", &needed, NOW.now)
            .await
            .unwrap();
        if needed.login.is_some() {
            facts.login = self.world.facts(&needed).login;
        }
        match pending.decide(&facts) {
            Decision::Permit(grant) => {
                let outcome = grant.prepare(&mut self.entropy)?.sign()?;
                let (effects, _, _, sealed) = outcome.into_parts();
                Ok((
                    effects,
                    Box::new(move |effects| sealed.open(&effects.committed()).unwrap()),
                ))
            }
            Decision::Deny(denial) => Err(denial.refusal().clone()),
        }
    }

    async fn commit(&self, effects: &[Effect]) -> Result<(), CommitError> {
        self.store.apply("shop", effects, NOW.now).await
    }

    async fn ask(&mut self, body: &str) -> Result<TokenResponse, Refusal> {
        let (effects, open) = self.judge(body).await?;
        self.commit(effects.list()).await.unwrap();
        Ok(open(effects))
    }

    async fn login(&mut self) -> TokenResponse {
        let form = "grant_type=password&client_id=till&client_secret=till-secret&username=ada&password=engine";
        self.ask(form).await.unwrap()
    }

    async fn revoke(&self, client: &str, token: &str) {
        let body = format!("client_id={client}&client_secret={client}-secret&token={token}");
        let realm = Arc::clone(&self.world.realm);
        let pending = self.engine.revoke(realm, &envelope(), body.as_bytes(), NOW);
        let pending = pending.unwrap();
        let needed = pending.facts_needed();
        let facts = self
            .store
            .load_facts("shop", &needed, NOW.now)
            .await
            .unwrap();
        let (effects, _) = pending.answer(&facts).into_parts();
        self.commit(effects.list()).await.unwrap();
    }
}

type Answer = Box<dyn FnOnce(Effects) -> TokenResponse>;

fn envelope() -> Envelope<'static> {
    Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    }
}

fn refresh(client: &str, token: &str) -> String {
    format!(
        "grant_type=refresh_token&client_id={client}&client_secret={client}-secret&refresh_token={token}"
    )
}

fn exchange(token: &str) -> String {
    format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=stock&client_secret=stock-secret\
         &subject_token={token}&subject_token_type=urn:ietf:params:oauth:token-type:access_token\
         &requested_token_type=urn:ietf:params:oauth:token-type:refresh_token"
    )
}

/// How many win, round by round; each round goes on with what the winner of the last one got.
async fn race(store: Arc<dyn Store>, rounds: usize) -> Vec<usize> {
    let mut shop = Shop::open(Arc::clone(&store)).await;
    let mut token = shop.login().await.refresh_token.unwrap();
    let mut won = Vec::new();
    for _ in 0..rounds {
        // Nothing that is drawn for an answer is in its writes, so one judgement stands for eight.
        let (effects, open) = shop.judge(&refresh("till", &token)).await.unwrap();
        let written: Arc<[Effect]> = effects.list().into();
        assert!(!written.is_empty());
        let too_late = |conflict: &Conflict| matches!(conflict, Conflict::Version { .. });
        won.push(winners(&store, "shop", &written, NOW.now, too_late).await);
        token = open(effects).refresh_token.unwrap();
    }
    won
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_t181_of_eight_uses_of_a_refresh_token_one_wins() {
    let memory = race(Arc::new(MemoryStore::new()), 1_000).await;
    assert!(memory.iter().all(|won| *won == 1), "{memory:?}");
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("race.db")).unwrap();
    let sqlite = race(Arc::new(sqlite), 1_000).await;
    assert!(sqlite.iter().all(|won| *won == 1), "{sqlite:?}");
}

/// The test above would see a store that does not look at versions.
#[tokio::test(flavor = "multi_thread")]
async fn r20_t181_a_store_that_ignores_versions_is_caught() {
    let naive = race(Arc::new(Faulty::new(Fault::IgnoresVersions)), 20).await;
    assert!(naive.iter().all(|won| *won > 1), "{naive:?}");
}

/// What came too late is refused when it is judged anew, and a use too many ends the client's part.
#[tokio::test(flavor = "multi_thread")]
async fn r20_who_came_too_late_gets_nothing_on_the_second_try() {
    let mut shop = Shop::open(Arc::new(MemoryStore::new())).await;
    let token = shop.login().await.refresh_token.unwrap();
    let first = shop.judge(&refresh("till", &token)).await.unwrap().0;
    let second = shop.judge(&refresh("till", &token)).await.unwrap().0;
    shop.commit(first.list()).await.unwrap();
    assert!(shop.commit(second.list()).await.is_err());
    assert!(shop.ask(&refresh("till", &token)).await.is_err());
}

/// Regression R19: what a refresh token was used for is known after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn r19_t187_a_rotated_refresh_token_is_dead_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let mut shop = Shop::open(Arc::new(SqliteStore::open(&path).unwrap())).await;
    let used = shop.login().await.refresh_token.unwrap();
    let next = shop.ask(&refresh("till", &used)).await.unwrap();
    let next = next.refresh_token.unwrap();
    shop.store.close().await.unwrap();
    shop.store = Arc::new(MemoryStore::new());
    shop.store = Arc::new(SqliteStore::open(&path).unwrap());
    assert!(shop.judge(&refresh("till", &next)).await.is_ok());
    assert!(shop.judge(&refresh("till", &used)).await.is_err());
}

/// A refresh or an exchange that was judged before a revocation and writes after it.
async fn in_flight(store: Arc<dyn Store>) {
    let mut shop = Shop::open(store).await;
    // A refresh against the end of what it refreshes.
    let login = shop.login().await;
    let token = login.refresh_token.unwrap();
    let late = shop.judge(&refresh("till", &token)).await.unwrap().0;
    shop.revoke("till", &token).await;
    assert!(shop.commit(late.list()).await.is_err());
    assert!(shop.ask(&refresh("till", &token)).await.is_err());

    // An exchange with a refresh token against the end of the login.
    let login = shop.login().await;
    let late = shop.judge(&exchange(&login.access_token)).await.unwrap().0;
    shop.revoke("till", &login.refresh_token.unwrap()).await;
    assert!(shop.commit(late.list()).await.is_err());

    // A refresh of the exchange against the revocation of the subject token, with the session still there.
    let login = shop.login().await;
    let long = shop.ask(&exchange(&login.access_token)).await.unwrap();
    let long = long.refresh_token.unwrap();
    let late = shop.judge(&refresh("stock", &long)).await.unwrap().0;
    shop.revoke("till", &login.access_token).await;
    assert!(shop.commit(late.list()).await.is_err());
    assert!(shop.ask(&refresh("stock", &long)).await.is_err());
    // A second exchange in flight cannot bring the client's part back for the old refresh token.
    assert!(
        shop.ask(&refresh("till", &login.refresh_token.unwrap()))
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t164_what_was_in_flight_brings_nothing_back() {
    in_flight(Arc::new(MemoryStore::new())).await;
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("race.db")).unwrap();
    in_flight(Arc::new(sqlite)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "commit(late.list())")]
async fn t164_a_store_that_ignores_versions_is_caught() {
    in_flight(Arc::new(Faulty::new(Fault::IgnoresVersions))).await;
}
