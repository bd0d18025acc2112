//! The one who asks.

use std::{fmt, sync::Arc, time::Duration};

use cambist::{
    crypto::CryptoProvider,
    outside::{
        IssuerKeys, KeysNeeded, MAX_RESOURCE_BYTES, Outside, OutsideFailure, OutsideNeeded,
        Resource, ResourceNeeded,
    },
};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    Clock, Fetch, FetchRequest, HttpFetch, HttpFetchError, KeyCacheOptions, SystemClock,
    key_cache::KeyCache,
};

/// How other servers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundOptions {
    /// Whether loopback may be asked, over plain HTTP too. For tests and for providers on the same machine.
    /// Default: no.
    pub allow_loopback: bool,
    /// Time for a whole answer. Default 3 s.
    pub timeout: Duration,
    /// Questions with a bearer token that may be under way at once; more wait as long as one answer may
    /// take. Default 64.
    pub at_once: usize,
    /// How keys are kept.
    pub keys: KeyCacheOptions,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            allow_loopback: false,
            timeout: Duration::from_secs(3),
            at_once: 64,
            keys: KeyCacheOptions::default(),
        }
    }
}

/// Asks other servers, and keeps their keys. Cheap to clone.
#[derive(Clone)]
pub struct Outbound(Arc<Shared>);

struct Shared {
    provider: Arc<dyn CryptoProvider>,
    fetch: Box<dyn Fetch>,
    clock: Box<dyn Clock>,
    keys: KeyCache,
    running: Semaphore,
    timeout: Duration,
}

impl Outbound {
    /// Asks over the network; `provider` makes verifiers of the keys that come.
    ///
    /// # Errors
    ///
    /// [`HttpFetchError`].
    pub fn new(
        provider: Arc<dyn CryptoProvider>,
        options: OutboundOptions,
    ) -> Result<Self, HttpFetchError> {
        let fetch = HttpFetch::new(options.allow_loopback, options.timeout)?;
        Ok(Self::with(
            provider,
            options,
            Box::new(fetch),
            Box::new(SystemClock::new()),
        ))
    }

    /// Asks in another way, by another clock.
    #[must_use]
    pub fn with(
        provider: Arc<dyn CryptoProvider>,
        options: OutboundOptions,
        fetch: Box<dyn Fetch>,
        clock: Box<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            provider,
            fetch,
            clock,
            keys: KeyCache::new(options.keys),
            running: Semaphore::new(options.at_once),
            timeout: options.timeout,
        }))
    }

    /// Asks for what a request waits for. Needs a tokio runtime.
    pub async fn ask(&self, needed: &OutsideNeeded) -> Outside {
        let shared = &*self.0;
        match needed {
            OutsideNeeded::Keys(needed) => {
                let keys = match shared.keys.ready(needed, &*shared.clock) {
                    Some(ready) => ready,
                    None => self.fetch_keys(needed.clone()).await,
                };
                keys.map_or_else(Outside::Failed, Outside::Keys)
            }
            OutsideNeeded::Resource(needed) => {
                let resource = self.resource(needed).await;
                resource.map_or_else(Outside::Failed, Outside::Resource)
            }
        }
    }

    /// In a task of its own: a caller who hangs up must not leave others without keys.
    async fn fetch_keys(&self, needed: KeysNeeded) -> Result<Arc<IssuerKeys>, OutsideFailure> {
        let shared = Arc::clone(&self.0);
        let fetching = tokio::spawn(async move {
            shared
                .keys
                .keys(&needed, &*shared.fetch, &*shared.clock, &*shared.provider)
                .await
        });
        fetching.await.unwrap_or(Err(OutsideFailure::Unreachable))
    }

    async fn resource(&self, needed: &ResourceNeeded) -> Result<Resource, OutsideFailure> {
        let shared = &*self.0;
        let _running = timeout(shared.timeout, shared.running.acquire())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(OutsideFailure::Busy)?;
        let fetched = shared
            .fetch
            .fetch(FetchRequest {
                url: Arc::clone(&needed.url),
                bearer: Some(needed.bearer.clone()),
                accept: needed.accept,
                limit: MAX_RESOURCE_BYTES,
            })
            .await?;
        Ok(Resource {
            status: fetched.status,
            body: fetched.body,
        })
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}
