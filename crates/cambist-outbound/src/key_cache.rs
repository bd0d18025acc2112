//! Keys of issuers, kept.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cambist::{
    crypto::CryptoProvider,
    outside::{IssuerKeys, KeysNeeded, OutsideFailure},
};
use tokio::sync::Mutex as AsyncMutex;

use crate::{Clock, Fetch, FetchRequest};

/// How keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCacheOptions {
    /// An address is asked at most once in this time, whatever comes. Default 30 s.
    pub interval: Duration,
    /// Keys older than this are fetched anew when they are used. Default 10 min.
    pub fresh: Duration,
    /// Keys that could not be fetched anew serve until they are this old. Default 24 h.
    pub stale: Duration,
    /// Addresses whose keys are kept. Default 256.
    pub entries: usize,
    /// Bytes of all key sets together, as they were read. Default 8 MiB.
    pub bytes: usize,
    /// Bytes of one key set. Default 256 KiB.
    pub set_bytes: usize,
    /// Requests that may wait for keys at once. Default 4096.
    pub waiting: usize,
}

impl Default for KeyCacheOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            fresh: Duration::from_secs(600),
            stale: Duration::from_secs(24 * 3_600),
            entries: 256,
            bytes: 8 * 1_024 * 1_024,
            set_bytes: 256 * 1_024,
            waiting: 4_096,
        }
    }
}

/// Keys by address.
pub(crate) struct KeyCache {
    options: KeyCacheOptions,
    entries: Mutex<HashMap<Arc<str>, Arc<Entry>>>,
    uses: AtomicU64,
    waiting: AtomicUsize,
}

struct Entry {
    state: Mutex<State>,
    /// Held by whoever fetches.
    flight: AsyncMutex<()>,
    /// When it was last used, by the count of uses.
    used: AtomicU64,
}

#[derive(Clone, Default)]
struct State {
    keys: Option<Arc<IssuerKeys>>,
    /// When the keys came.
    fetched: Duration,
    /// When the address was last asked.
    tried: Option<Duration>,
    /// What came of that, when it was nothing.
    failure: Option<OutsideFailure>,
}

/// What to do for one request.
enum Next {
    Serve(Arc<IssuerKeys>),
    Fail(OutsideFailure),
    /// Fetch; meanwhile others may go on with these.
    Fetch(Option<Arc<IssuerKeys>>),
}

impl KeyCache {
    pub(crate) fn new(options: KeyCacheOptions) -> Self {
        Self {
            options,
            entries: Mutex::default(),
            uses: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
        }
    }

    /// The keys at an address, or a failure, when nothing has to be fetched for that.
    pub(crate) fn ready(
        &self,
        needed: &KeysNeeded,
        clock: &dyn Clock,
    ) -> Option<Result<Arc<IssuerKeys>, OutsideFailure>> {
        let entry = self.entry(&needed.url);
        match self.next(&entry, needed.key_id.as_deref(), clock.elapsed()) {
            Next::Serve(keys) => Some(Ok(keys)),
            Next::Fail(failure) => Some(Err(failure)),
            Next::Fetch(_) => None,
        }
    }

    /// The keys at an address, fetched when it is time to. Whoever gives up in the middle makes others fetch
    /// again, so run it to its end.
    pub(crate) async fn keys(
        &self,
        needed: &KeysNeeded,
        fetch: &dyn Fetch,
        clock: &dyn Clock,
        provider: &dyn CryptoProvider,
    ) -> Result<Arc<IssuerKeys>, OutsideFailure> {
        let entry = self.entry(&needed.url);
        let key_id = needed.key_id.as_deref();
        let meanwhile = match self.next(&entry, key_id, clock.elapsed()) {
            Next::Serve(keys) => return Ok(keys),
            Next::Fail(failure) => return Err(failure),
            Next::Fetch(meanwhile) => meanwhile,
        };
        let flight = match (entry.flight.try_lock(), meanwhile) {
            (Ok(flight), _) => flight,
            // Somebody fetches; keys that will do need not wait for that.
            (Err(_), Some(keys)) => return Ok(keys),
            (Err(_), None) => {
                let _place = Place::take(&self.waiting, self.options.waiting)?;
                entry.flight.lock().await
            }
        };
        // Whoever was first has fetched; what came is there for all.
        match self.next(&entry, key_id, clock.elapsed()) {
            Next::Serve(keys) => return Ok(keys),
            Next::Fail(failure) => return Err(failure),
            Next::Fetch(_) => {}
        }
        let tried = clock.elapsed();
        let fetched = self.fetch(&needed.url, fetch, provider).await;
        let result = {
            let mut state = entry.state();
            match fetched {
                Ok(keys) => {
                    let keys = Arc::new(keys);
                    *state = State {
                        keys: Some(Arc::clone(&keys)),
                        fetched: tried,
                        tried: Some(tried),
                        failure: None,
                    };
                    Ok(keys)
                }
                // What was there stays: a failed fetch empties nothing.
                Err(failure) => {
                    state.tried = Some(tried);
                    state.failure = Some(failure);
                    self.servable(&state, clock.elapsed()).ok_or(failure)
                }
            }
        };
        drop(flight);
        self.shrink(&needed.url);
        result
    }

    async fn fetch(
        &self,
        url: &Arc<str>,
        fetch: &dyn Fetch,
        provider: &dyn CryptoProvider,
    ) -> Result<IssuerKeys, OutsideFailure> {
        let fetched = fetch
            .fetch(FetchRequest {
                url: Arc::clone(url),
                bearer: None,
                accept: "application/json, application/jwk-set+json",
                limit: self.options.set_bytes,
            })
            .await?;
        if fetched.status != 200 {
            tracing::warn!(%url, status = fetched.status, "keys were not given");
            return Err(OutsideFailure::Unusable);
        }
        IssuerKeys::parse(&fetched.body, provider).map_err(|reason| {
            tracing::warn!(%url, %reason, "keys cannot be read");
            OutsideFailure::Unusable
        })
    }

    fn next(&self, entry: &Entry, key_id: Option<&str>, now: Duration) -> Next {
        let state = entry.state();
        let rests = state
            .tried
            .is_some_and(|tried| now.saturating_sub(tried) < self.options.interval);
        match self.servable(&state, now) {
            Some(keys) => {
                let known = key_id.is_none_or(|id| keys.has(id));
                let fresh = now.saturating_sub(state.fetched) < self.options.fresh;
                match (rests, known, fresh) {
                    (true, _, _) | (_, true, true) => Next::Serve(keys),
                    (false, true, false) => Next::Fetch(Some(keys)),
                    (false, false, _) => Next::Fetch(None),
                }
            }
            None if rests => Next::Fail(state.failure.unwrap_or(OutsideFailure::Unreachable)),
            None => Next::Fetch(None),
        }
    }

    fn servable(&self, state: &State, now: Duration) -> Option<Arc<IssuerKeys>> {
        let age = now.saturating_sub(state.fetched);
        state
            .keys
            .as_ref()
            .filter(|_| age < self.options.stale)
            .map(Arc::clone)
    }

    fn entry(&self, url: &Arc<str>) -> Arc<Entry> {
        let use_no = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut entries = self.entries();
        let entry = entries.entry(Arc::clone(url)).or_insert_with(|| {
            Arc::new(Entry {
                state: Mutex::default(),
                flight: AsyncMutex::new(()),
                used: AtomicU64::new(use_no),
            })
        });
        entry.used.store(use_no, Ordering::Relaxed);
        let entry = Arc::clone(entry);
        while entries.len() > self.options.entries && remove_oldest(&mut entries, url) {}
        entry
    }

    /// Forgets what was used longest ago, until all fits.
    fn shrink(&self, keep: &Arc<str>) {
        let mut entries = self.entries();
        while total(&entries) > self.options.bytes && remove_oldest(&mut entries, keep) {}
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn total(entries: &HashMap<Arc<str>, Arc<Entry>>) -> usize {
    entries
        .values()
        .map(|entry| {
            let state = entry.state();
            state.keys.as_ref().map_or(0, |keys| keys.source_bytes())
        })
        .fold(0, usize::saturating_add)
}

fn remove_oldest(entries: &mut HashMap<Arc<str>, Arc<Entry>>, keep: &Arc<str>) -> bool {
    let oldest = entries
        .iter()
        .filter(|(url, _)| *url != keep)
        .min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed))
        .map(|(url, _)| Arc::clone(url));
    oldest.is_some_and(|url| entries.remove(&url).is_some())
}

/// A place among those who wait.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Result<Self, OutsideFailure> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < most {
            Ok(place)
        } else {
            Err(OutsideFailure::Busy)
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
