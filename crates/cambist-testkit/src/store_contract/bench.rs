//! What the checks share: a store with a little in it, and racing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Barrier},
};

use cambist::{
    effects::{Effect, SingleUse},
    facts::{ClientSession, Facts, FactsNeeded, SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
    realm::document::RealmDocument,
};
use cambist_store::{CommitError, Conflict, Store, StoreError};
use tokio::{runtime::Handle, sync::oneshot};

use super::Broken;

/// The instant of most checks.
pub(super) const NOW: Timestamp = Timestamp(1_800_000_000);

/// How many race.
pub(super) const RACERS: usize = 8;

/// An empty store, and what is done with it again and again.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
}

impl Bench {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// A realm with defaults and two users, `u1` called `mira` and `u2` called `noor`.
    pub(super) async fn realm(&self, name: &str) -> Result<(), Broken> {
        self.realm_of(RealmDocument::named(name)).await
    }

    /// The same with settings.
    pub(super) async fn realm_of(&self, document: RealmDocument) -> Result<(), Broken> {
        self.store
            .insert_realm(document, vec![user("u1", "mira"), user("u2", "noor")])
            .await?;
        Ok(())
    }

    pub(super) async fn apply(&self, realm: &str, effects: &[Effect]) -> Result<(), CommitError> {
        self.store.apply(realm, effects, NOW).await
    }

    pub(super) async fn session(
        &self,
        realm: &str,
        id: &str,
        kind: SessionKind,
    ) -> Result<Option<UserSession>, StoreError> {
        let found = self
            .store
            .find_session(realm, &session_id(id), kind)
            .await?;
        Ok(found.map(|session| UserSession::clone(&session)))
    }

    /// The online session, which must be there.
    pub(super) async fn online(&self, realm: &str, id: &str) -> Result<UserSession, Broken> {
        self.session(realm, id, SessionKind::Online)
            .await?
            .ok_or_else(|| Broken(format!("session {id} is not found")))
    }

    pub(super) async fn facts(
        &self,
        realm: &str,
        needed: &FactsNeeded,
        now: Timestamp,
    ) -> Result<Facts, StoreError> {
        self.store.load_facts(realm, needed, now).await
    }

    pub(super) async fn is_revoked(
        &self,
        realm: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let needed = FactsNeeded {
            revocations: vec!["other".into(), token.into()],
            ..Default::default()
        };
        Ok(self.facts(realm, &needed, now).await?.is_revoked(token))
    }

    /// Lets eight threads do the same at the same time, `rounds` times; the closure is told the number of
    /// the racer and of the round. Returns the results by round.
    pub(super) async fn race<T, F, W>(&self, rounds: usize, work: W) -> Result<Vec<Vec<T>>, Broken>
    where
        T: Send + 'static,
        F: Future<Output = T>,
        W: Fn(Arc<dyn Store>, usize, usize) -> F + Send + Sync + 'static,
    {
        let runtime = Handle::current();
        let line = Arc::new(Barrier::new(RACERS));
        let work = Arc::new(work);
        let mut finishes = Vec::new();
        for racer in 0..RACERS {
            let (runtime, line, work) = (runtime.clone(), Arc::clone(&line), Arc::clone(&work));
            let store = Arc::clone(&self.store);
            let (finish, finished) = oneshot::channel();
            std::thread::spawn(move || {
                let mut results = Vec::new();
                for round in 0..rounds {
                    line.wait();
                    results.push(runtime.block_on(work(Arc::clone(&store), racer, round)));
                }
                // The check waits for it, unless it was given up.
                let _ = finish.send(results);
            });
            finishes.push(finished);
        }
        let mut by_round: Vec<Vec<T>> = (0..rounds).map(|_| Vec::new()).collect();
        for finished in finishes {
            let results = finished
                .await
                .map_err(|_| Broken("a racer panicked".to_owned()))?;
            for (round, result) in by_round.iter_mut().zip(results) {
                round.push(result);
            }
        }
        Ok(by_round)
    }
}

pub(super) fn user(id: &str, username: &str) -> User {
    User {
        id: id.into(),
        username: username.into(),
        enabled: true,
        ..User::default()
    }
}

pub(super) fn session_id(id: &str) -> SessionId {
    SessionId(id.into())
}

/// A session of `u1` that began now.
pub(super) fn session(id: &str) -> UserSession {
    UserSession {
        id: session_id(id),
        kind: SessionKind::Online,
        user: "u1".into(),
        started: NOW,
        last_refresh: NOW,
        method: "openid-connect".into(),
        notes: BTreeMap::new(),
        clients: BTreeMap::new(),
        version: 0,
    }
}

pub(super) fn client_session(scope: &str) -> ClientSession {
    ClientSession {
        started: NOW,
        last_refresh: NOW,
        scope: scope.into(),
        notes: BTreeMap::new(),
        refresh_uses: BTreeMap::new(),
        derived_from: BTreeSet::new(),
    }
}

/// The session with client sessions of these clients.
pub(super) fn with_clients(mut session: UserSession, clients: &[&str]) -> UserSession {
    for client in clients {
        session
            .clients
            .insert((*client).to_owned(), client_session("openid"));
    }
    session
}

pub(super) fn start(session: UserSession) -> Effect {
    Effect::StartSession(Box::new(session))
}

pub(super) fn end(id: &str) -> Effect {
    Effect::EndSession {
        session: session_id(id),
        kind: SessionKind::Online,
    }
}

pub(super) fn put(id: &str, client: &str, expect: Option<u64>) -> Effect {
    Effect::PutClientSession {
        session: session_id(id),
        kind: SessionKind::Online,
        client: client.into(),
        state: Box::new(client_session("put")),
        refreshed: None,
        expect,
    }
}

pub(super) fn touch(id: &str, client: &str, at: Timestamp) -> Effect {
    Effect::TouchSession {
        session: session_id(id),
        kind: SessionKind::Online,
        client: client.into(),
        at,
    }
}

pub(super) fn revoke(token: &str, until: Timestamp) -> Effect {
    Effect::Revoke {
        token: token.into(),
        until,
    }
}

/// Uses up the id of an assertion of client `c`, for five minutes.
pub(super) fn claim(id: &str) -> Effect {
    claim_as(SingleUse::ClientAssertion("c".into()), id, NOW.after(300))
}

pub(super) fn claim_as(purpose: SingleUse, id: &str, until: Timestamp) -> Effect {
    Effect::UseOnce {
        purpose,
        id: id.into(),
        until,
    }
}

/// What a second [`claim`] meets.
pub(super) fn used_before() -> Result<(), CommitError> {
    Err(Conflict::UsedBefore {
        purpose: SingleUse::ClientAssertion("c".into()),
    }
    .into())
}
