//! Threat T181: every kind of id that may be used once.

use std::sync::Arc;

use cambist::{
    effects::{Effect, SingleUse},
    facts::{FactsNeeded, SessionId, SessionKind, UserQuery},
    moment::Timestamp,
    realm::document::RealmDocument,
};
use cambist_ring::RingProvider;
use cambist_store::{Conflict, MemoryStore, Page, SqliteStore, Store, UserSearch};
use cambist_testkit::world::World;

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

/// Regressions R22 and R23: a mark of one kind neither is one of another, nor goes with it; nothing that a flow may write
/// under the same text takes it away.
async fn kept_apart(store: Arc<dyn Store>) {
    let document = RealmDocument::named("r");
    store.insert_realm(document, Vec::new()).await.unwrap();
    let use_once = |purpose: &SingleUse, until| Effect::UseOnce {
        purpose: purpose.clone(),
        id: "same".into(),
        until,
    };
    let apply = async |effect: Effect| store.apply("r", &[effect], NOW).await;
    for purpose in &kinds() {
        // Used for the first time, whatever the others were used for.
        assert_eq!(apply(use_once(purpose, NOW.after(60))).await, Ok(()));
        assert!(apply(use_once(purpose, NOW.after(60))).await.is_err());
    }
    for kind in [SessionKind::Online, SessionKind::Offline] {
        let session = SessionId("same".into());
        apply(Effect::EndSession { session, kind }).await.unwrap();
    }
    let revoke = Effect::Revoke {
        token: "same".into(),
        until: NOW,
    };
    apply(revoke).await.unwrap();
    apply(use_once(&SingleUse::DpopProof, NOW))
        .await
        .unwrap_err();
    store.sweep(NOW.after(30)).await.unwrap();
    for purpose in &kinds() {
        assert!(
            apply(use_once(purpose, NOW.after(60))).await.is_err(),
            "{purpose:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r22_r23_marks_of_different_kinds_know_nothing_of_each_other() {
    kept_apart(Arc::new(MemoryStore::new())).await;
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("marks.db")).unwrap();
    kept_apart(Arc::new(sqlite)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "UsedBefore")]
async fn r22_a_store_that_mixes_them_is_caught() {
    kept_apart(Arc::new(Faulty::new(Fault::MixesPurposes))).await;
}

/// Regression R57: texts of callers are values to the store and nothing else, in searches and pages too.
async fn texts_are_values(store: Arc<dyn Store>) {
    let mut document = RealmDocument::named("r");
    document.users = serde_json::from_value(serde_json::json!([
        {"username": "ada", "email": "ada@example.com"}, {"username": "bob"}
    ]))
    .unwrap();
    let world = World::new(document.clone(), &RingProvider).unwrap();
    let users = world.users.values().map(|user| (**user).clone()).collect();
    store.insert_realm(document, users).await.unwrap();
    let everyone = store.count_users("r", &UserSearch::default()).await;
    assert_eq!(everyone, Ok(2));
    for text in [
        "' OR '1'='1",
        "x' UNION SELECT * FROM users --",
        "\"; DROP TABLE users; --",
        "ada'--",
        "%",
        "_",
        "ad_",
        "\\",
        "ada\0",
        "0 OR 1=1",
    ] {
        let exact = |change: fn(&mut UserSearch, String)| {
            let mut search = UserSearch {
                exact: true,
                ..UserSearch::default()
            };
            change(&mut search, text.to_owned());
            search
        };
        for search in [
            exact(|search, text| search.username = Some(text)),
            exact(|search, text| search.email = Some(text)),
            exact(|search, text| search.first_name = Some(text)),
            exact(|search, text| search.provider = Some(text)),
            exact(|search, text| search.search = Some(format!("\"{text}\""))),
            exact(|search, text| drop(search.attributes.insert(text.clone(), text))),
        ] {
            for max in [None, Some(0), Some(u64::MAX)] {
                let page = Page { first: 0, max };
                let found = store.search_users("r", &search, page).await.unwrap();
                assert!(found.is_empty(), "{text}: {search:?}");
            }
            let far = Page {
                first: u64::MAX,
                max: Some(u64::MAX),
            };
            let all = UserSearch::default();
            assert!(store.search_users("r", &all, far).await.unwrap().is_empty());
        }
        for query in [
            UserQuery::Id(text.into()),
            UserQuery::Username(text.into()),
            UserQuery::Login(text.into()),
        ] {
            assert_eq!(
                store.find_user("r", &query).await.unwrap(),
                None,
                "{query:?}"
            );
        }
        let revoke = Effect::Revoke {
            token: text.into(),
            until: NOW.after(60),
        };
        store.apply("r", &[revoke], NOW).await.unwrap();
        let needed = FactsNeeded {
            revocations: vec![text.into(), "other".into()],
            ..FactsNeeded::default()
        };
        let facts = store.load_facts("r", &needed, NOW).await.unwrap();
        assert_eq!(facts.revoked, [text.into()]);
        assert!(store.load_facts(text, &needed, NOW).await.is_err());
    }
    assert_eq!(store.count_users("r", &UserSearch::default()).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn r57_no_text_of_a_caller_is_read_as_a_statement() {
    texts_are_values(Arc::new(MemoryStore::new())).await;
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("texts.db")).unwrap();
    texts_are_values(Arc::new(sqlite)).await;
}
