//! Keys of issuers: how often they are asked for, what is kept, and for how long. By a clock that the test
//! moves, and a stand-in that counts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cambist::outside::{KeysNeeded, Outside, OutsideFailure, OutsideNeeded, ResourceNeeded};
use cambist_outbound::{
    Fetch, FetchFuture, FetchRequest, Fetched, KeyCacheOptions, Outbound, OutboundOptions,
};
use cambist_ring::RingProvider;

/// An Ed25519 key set (RFC 8037 appendix A.2) under this key id.
fn key_set(key_id: &str) -> String {
    format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{key_id}",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]}}"#
    )
}

/// What the stand-in says next.
#[derive(Clone)]
enum Says {
    Keys(String),
    Status(u16),
    Fails(OutsideFailure),
}

/// Which addresses were asked, and when.
type Log = Arc<Mutex<Vec<(Arc<str>, u64)>>>;

/// The other servers.
struct World {
    log: Log,
    seconds: Arc<AtomicU64>,
    fetches: Arc<AtomicUsize>,
    says: Arc<Mutex<Says>>,
    slowly: Duration,
}

impl Fetch for World {
    fn fetch(&self, request: FetchRequest) -> FetchFuture<'_> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        assert!(request.limit <= 256 * 1_024);
        let now = self.seconds.load(Ordering::SeqCst);
        self.log.lock().unwrap().push((request.url, now));
        let says = self.says.lock().unwrap().clone();
        Box::pin(async move {
            tokio::time::sleep(self.slowly).await;
            match says {
                Says::Keys(body) => Ok(Fetched { status: 200, body }),
                Says::Status(status) => Ok(Fetched {
                    status,
                    body: "{}".into(),
                }),
                Says::Fails(failure) => Err(failure),
            }
        })
    }
}

struct Bench {
    outbound: Outbound,
    log: Log,
    seconds: Arc<AtomicU64>,
    fetches: Arc<AtomicUsize>,
    says: Arc<Mutex<Says>>,
}

impl Bench {
    fn new(keys: KeyCacheOptions, slowly: Duration) -> Self {
        let (seconds, fetches) = (
            Arc::new(AtomicU64::new(1_000)),
            Arc::new(AtomicUsize::new(0)),
        );
        let says = Arc::new(Mutex::new(Says::Keys(key_set("one"))));
        let log = Log::default();
        let world = World {
            log: Arc::clone(&log),
            seconds: Arc::clone(&seconds),
            fetches: Arc::clone(&fetches),
            says: Arc::clone(&says),
            slowly,
        };
        let clock = {
            let seconds = Arc::clone(&seconds);
            move || Duration::from_secs(seconds.load(Ordering::SeqCst))
        };
        let options = OutboundOptions {
            keys,
            ..OutboundOptions::default()
        };
        Self {
            outbound: Outbound::with(
                Arc::new(RingProvider),
                options,
                Box::new(world),
                Box::new(clock),
            ),
            log,
            seconds,
            fetches,
            says,
        }
    }

    fn plain() -> Self {
        Self::new(KeyCacheOptions::default(), Duration::ZERO)
    }

    fn says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    fn wait(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    async fn ask(&self, url: &str, key_id: &str) -> Result<bool, OutsideFailure> {
        ask(&self.outbound, url, key_id).await
    }
}

/// Whether the key is among those that came.
async fn ask(outbound: &Outbound, url: &str, key_id: &str) -> Result<bool, OutsideFailure> {
    let needed = OutsideNeeded::Keys(KeysNeeded {
        url: url.into(),
        key_id: Some(key_id.into()),
    });
    match outbound.ask(&needed).await {
        Outside::Keys(keys) => Ok(keys.has(key_id)),
        Outside::Failed(failure) => Err(failure),
        Outside::Resource(_) => panic!("keys were asked for"),
    }
}

const A: &str = "https://a.example/keys";
const B: &str = "https://b.example/keys";

#[tokio::test]
async fn a_known_key_is_fetched_once() {
    let bench = Bench::plain();
    for _ in 0..100 {
        assert_eq!(bench.ask(A, "one").await, Ok(true));
        bench.wait(1);
    }
    assert_eq!(bench.fetches(), 1);
}

/// `each` unknown key ids a second and issuer, in eight tasks at once. When each issuer was
/// asked, in seconds since the first.
async fn flood(keys: KeyCacheOptions, seconds: u64, each: usize) -> Vec<(Arc<str>, u64)> {
    let bench = Bench::new(keys, Duration::ZERO);
    for second in 0..seconds {
        let racers = (0..8).map(|racer| {
            let outbound = bench.outbound.clone();
            tokio::spawn(async move {
                for number in 0..each.div_euclid(8) {
                    let key_id = format!("unknown-{second}-{racer}-{number}");
                    for url in [A, B] {
                        assert_eq!(ask(&outbound, url, &key_id).await, Ok(false));
                    }
                }
            })
        });
        for racer in racers.collect::<Vec<_>>() {
            racer.await.unwrap();
        }
        bench.wait(1);
    }
    let log = bench.log.lock().unwrap();
    log.iter()
        .map(|(url, second)| (Arc::clone(url), second.saturating_sub(1_000)))
        .collect()
}

/// At most one fetch for each issuer in 30 seconds.
fn is_calm(log: &[(Arc<str>, u64)]) -> bool {
    [A, B].iter().all(|issuer| {
        let at = |(url, second): &(Arc<str>, u64)| (**url == **issuer).then_some(*second);
        let seconds: Vec<u64> = log.iter().filter_map(at).collect();
        let next = seconds.iter().skip(1);
        next.zip(&seconds)
            .all(|(next, before)| next.saturating_sub(*before) >= 30)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t190_r66_ten_thousand_unknown_key_ids_a_second_make_one_fetch_in_thirty_seconds() {
    let log = flood(KeyCacheOptions::default(), 61, 10_000).await;
    assert!(is_calm(&log), "{log:?}");
    // And in each 30 seconds there is one: a new key is found.
    assert_eq!(log.len(), 2 * 3, "{log:?}");

    // A cache that fetches for every key id that it does not know, and one that does so a second too early.
    let never = KeyCacheOptions {
        interval: Duration::ZERO,
        ..KeyCacheOptions::default()
    };
    let log = flood(never, 2, 80).await;
    assert!(!is_calm(&log) && log.len() > 2 * 80, "{log:?}");
    let early = KeyCacheOptions {
        interval: Duration::from_secs(29),
        ..KeyCacheOptions::default()
    };
    assert!(!is_calm(&flood(early, 40, 8).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn t190_one_request_fetches_while_the_others_wait_for_its_answer() {
    let bench = Bench::new(KeyCacheOptions::default(), Duration::from_millis(50));
    let waiting: Vec<_> = (0..1_000)
        .map(|number| {
            let outbound = bench.outbound.clone();
            let key_id = match number % 2 {
                0 => "one".to_owned(),
                _ => format!("unknown-{number}"),
            };
            tokio::spawn(async move { ask(&outbound, A, &key_id).await })
        })
        .collect();
    let mut known = 0;
    for one in waiting {
        known += usize::from(one.await.unwrap().unwrap());
    }
    assert_eq!((known, bench.fetches()), (500, 1));
}

#[tokio::test]
async fn more_than_may_wait_are_told_so() {
    let options = KeyCacheOptions {
        waiting: 4,
        ..KeyCacheOptions::default()
    };
    let bench = Bench::new(options, Duration::from_millis(200));
    let asking = (0..40).map(|_| {
        let outbound = bench.outbound.clone();
        tokio::spawn(async move { ask(&outbound, A, "one").await })
    });
    let mut busy = 0;
    for one in asking.collect::<Vec<_>>() {
        busy += usize::from(one.await.unwrap() == Err(OutsideFailure::Busy));
    }
    assert_eq!(busy, 40 - 1 - 4);
}

#[tokio::test]
async fn t195_a_new_key_is_found_once_the_interval_is_over() {
    let bench = Bench::plain();
    assert_eq!(bench.ask(A, "one").await, Ok(true));
    bench.says(Says::Keys(key_set("two")));
    bench.wait(29);
    assert_eq!(bench.ask(A, "two").await, Ok(false));
    bench.wait(1);
    assert_eq!(bench.ask(A, "two").await, Ok(true));
    assert_eq!(bench.ask(A, "one").await, Ok(false), "it was taken back");
    assert_eq!(bench.fetches(), 2);
}

#[tokio::test]
async fn keys_are_fetched_anew_after_a_while() {
    let bench = Bench::plain();
    assert_eq!(bench.ask(A, "one").await, Ok(true));
    bench.says(Says::Keys(key_set("two")));
    bench.wait(599);
    assert_eq!(bench.ask(A, "one").await, Ok(true));
    bench.wait(1);
    assert_eq!(bench.ask(A, "one").await, Ok(false));
}

#[tokio::test]
async fn t191_r68_a_failed_fetch_leaves_what_was_there_for_a_day() {
    for says in [
        Says::Fails(OutsideFailure::Unreachable),
        Says::Fails(OutsideFailure::TooLong),
        Says::Status(500),
        Says::Status(302),
        Says::Keys("not json".into()),
        Says::Keys(r#"{"keys":"none"}"#.into()),
        Says::Keys(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#.into()),
    ] {
        let bench = Bench::plain();
        assert_eq!(bench.ask(A, "one").await, Ok(true));
        bench.says(says);
        bench.wait(700);
        assert_eq!(bench.ask(A, "one").await, Ok(true));
        assert_eq!(bench.ask(A, "two").await, Ok(false));
        assert_eq!(bench.fetches(), 2, "asked, in vain");
        bench.wait(24 * 3_600 - 700);
        assert!(bench.ask(A, "one").await.is_err(), "a day is over");
        bench.says(Says::Keys(key_set("one")));
        bench.wait(30);
        assert_eq!(bench.ask(A, "one").await, Ok(true));
    }
}

#[tokio::test]
async fn a_failure_is_remembered() {
    let bench = Bench::plain();
    bench.says(Says::Fails(OutsideFailure::Unreachable));
    for _ in 0..10_000 {
        assert_eq!(bench.ask(A, "one").await, Err(OutsideFailure::Unreachable));
    }
    assert_eq!(bench.fetches(), 1);
    bench.says(Says::Keys(key_set("one")));
    bench.wait(30);
    assert_eq!(bench.ask(A, "one").await, Ok(true));
}

#[tokio::test]
async fn t204_the_cache_is_bounded_by_entries_and_bytes() {
    let few = KeyCacheOptions {
        entries: 4,
        ..KeyCacheOptions::default()
    };
    let bytes = KeyCacheOptions {
        bytes: 4 * key_set("one").len(),
        ..KeyCacheOptions::default()
    };
    for options in [few, bytes] {
        let bench = Bench::new(options, Duration::ZERO);
        for number in 0..100 {
            let url = format!("https://{number}.example/keys");
            assert_eq!(bench.ask(&url, "one").await, Ok(true));
        }
        assert_eq!(bench.fetches(), 100);
        // The last four are kept, the one used longest ago goes first.
        for number in [99, 98, 97, 96] {
            let url = format!("https://{number}.example/keys");
            assert_eq!(bench.ask(&url, "one").await, Ok(true));
        }
        assert_eq!(bench.fetches(), 100);
        assert_eq!(bench.ask("https://95.example/keys", "one").await, Ok(true));
        assert_eq!(bench.fetches(), 101);
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_the_keys_for_others() {
    let bench = Bench::new(KeyCacheOptions::default(), Duration::from_millis(50));
    let outbound = bench.outbound.clone();
    let hasty = tokio::spawn(async move { ask(&outbound, A, "one").await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    hasty.abort();
    assert!(hasty.await.unwrap_err().is_cancelled());
    assert_eq!(bench.ask(A, "one").await, Ok(true));
    assert_eq!(bench.fetches(), 1);
}

#[tokio::test]
async fn what_a_token_opened_is_never_kept() {
    let bench = Bench::plain();
    bench.says(Says::Keys(r#"{"sub":"1"}"#.into()));
    let needed = OutsideNeeded::Resource(ResourceNeeded {
        url: A.into(),
        bearer: cambist::secret::Secret::new("token"),
        accept: "application/json",
    });
    for _ in 0..3 {
        assert!(matches!(
            bench.outbound.ask(&needed).await,
            Outside::Resource(resource) if resource.status == 200
        ));
    }
    assert_eq!(bench.fetches(), 3);
}
