//! What a store costs: durable commits with and without company, facts, a password.
//!
//! Not a criterion bench: the disk decides, so what counts is throughput and latency under load.
//! `cargo bench -p cambist-benches --bench store -- [FOLDER]` writes to a temporary file in that folder.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a bench prints, and may panic"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cambist::{
    effects::{Effect, SingleUse},
    facts::{
        ClientSession, FactsNeeded, LoginQuery, SessionId, SessionKind, SessionQuery,
        SessionSearch, User, UserQuery, UserSession,
    },
    moment::Timestamp,
    realm::document::RealmDocument,
    secret::Secret,
};
use cambist_store::{MemoryStore, SqliteStore, Store, passwords};

const NOW: Timestamp = Timestamp(1_800_000_000);
const USERS: usize = 10_000;
const EACH: Duration = Duration::from_secs(2);

fn main() {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let sqlite = Arc::new(SqliteStore::open(folder.path().join("store.db")).unwrap());
        fill(&*sqlite).await;
        println!("SQLite, write-ahead log, synchronous=FULL, {USERS} users");
        for writers in [1, 8, 64, 256, 1_024] {
            commits(&(Arc::clone(&sqlite) as Arc<dyn Store>), writers).await;
        }
        reads(&*sqlite).await;
        println!("memory");
        let memory = Arc::new(MemoryStore::new());
        fill(&*memory).await;
        commits(&(Arc::clone(&memory) as Arc<dyn Store>), 64).await;
        reads(&*memory).await;
    });
}

async fn fill(store: &dyn Store) {
    let password =
        passwords::hash(&Secret::new("password"), [1; passwords::SALT_LEN], NOW).unwrap();
    let users = (0..USERS).map(|number| User {
        id: format!("5f0c9d5e-0000-4000-8000-{number:012}"),
        username: format!("user{number}"),
        email: Some(format!("user{number}@example.org")),
        first_name: Some("Some".into()),
        last_name: Some("Body".into()),
        enabled: true,
        roles: (0..4)
            .map(|role| format!("c0ffee00-0000-4000-8000-{role:012}"))
            .collect(),
        passwords: vec![password.clone()],
        ..User::default()
    });
    store
        .insert_realm(RealmDocument::named("r"), users.collect())
        .await
        .unwrap();
    for chunk in 0..10 {
        let sessions: Vec<_> = (0..1_000)
            .map(|number| start(&format!("s{chunk}-{number}"), number))
            .collect();
        store.apply("r", &sessions, NOW).await.unwrap();
    }
}

fn start(id: &str, user: usize) -> Effect {
    let client = ClientSession {
        started: NOW,
        last_refresh: NOW,
        scope: "openid profile email".into(),
        notes: BTreeMap::new(),
        refresh_uses: BTreeMap::new(),
        derived_from: BTreeSet::new(),
    };
    Effect::StartSession(Box::new(UserSession {
        id: SessionId(id.into()),
        kind: SessionKind::Online,
        user: format!("5f0c9d5e-0000-4000-8000-{user:012}"),
        started: NOW,
        last_refresh: NOW,
        method: "openid-connect".into(),
        notes: BTreeMap::new(),
        clients: BTreeMap::from([("0a0a0a0a-0000-4000-8000-000000000000".into(), client)]),
        version: 0,
    }))
}

/// Writers that each wait for their own commit before the next: a mark and a session, as a login makes them.
async fn commits(store: &Arc<dyn Store>, writers: usize) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let started = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut took = Vec::new();
                while started.elapsed() < EACH {
                    let id = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
                    let list = [
                        Effect::UseOnce {
                            purpose: SingleUse::DpopProof,
                            id: id.as_str().into(),
                            until: NOW.after(60),
                        },
                        start(&id, 7),
                    ];
                    let begun = Instant::now();
                    store.apply("r", &list, NOW).await.unwrap();
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    let elapsed = started.elapsed();
    took.sort_unstable();
    println!(
        "  {writers:5} writers: {:8.0} commits/s, p50 {:9.1?}, p99 {:9.1?}",
        took.len() as f64 / elapsed.as_secs_f64(),
        took[took.len() / 2],
        took[took.len() * 99 / 100],
    );
}

async fn reads(store: &dyn Store) {
    let session = |number: usize| FactsNeeded {
        session: Some(SessionQuery {
            id: SessionId(format!("s{}-{}", number % 10, number % 1_000).into()),
            search: SessionSearch::Online,
        }),
        revocations: vec!["5f0c9d5e-0000-4000-8000-aaaaaaaaaaaa".into()],
        ..FactsNeeded::default()
    };
    facts(store, "session, user, one revocation", 50_000, session).await;
    let subject = |number: usize| FactsNeeded {
        subject: Some(UserQuery::Id(
            format!("5f0c9d5e-0000-4000-8000-{:012}", number % USERS).into(),
        )),
        ..FactsNeeded::default()
    };
    facts(store, "one user", 50_000, subject).await;
    let login = |_| FactsNeeded {
        login: Some(LoginQuery {
            username: "user1".into(),
            password: Secret::new("password"),
        }),
        ..FactsNeeded::default()
    };
    facts(store, "a login with its password", 50, login).await;
    let touch = Effect::TouchSession {
        session: SessionId("s1-1".into()),
        kind: SessionKind::Online,
        client: "0a0a0a0a-0000-4000-8000-000000000000".into(),
        at: NOW,
    };
    let begun = Instant::now();
    for _ in 0..50_000 {
        store
            .apply("r", std::slice::from_ref(&touch), NOW)
            .await
            .unwrap();
    }
    println!("  a time of last use: {:.2?}", begun.elapsed() / 50_000);
}

async fn facts(store: &dyn Store, what: &str, times: usize, needed: impl Fn(usize) -> FactsNeeded) {
    let begun = Instant::now();
    for number in 0..times {
        let facts = store.load_facts("r", &needed(number), NOW).await.unwrap();
        assert!(facts.subject.is_some() || facts.login.is_some_and(|login| login.password_matches));
    }
    println!(
        "  facts, {what}: {:.1?}",
        begun.elapsed() / u32::try_from(times).unwrap()
    );
}
