//! The whole of a store, and its upkeep.

use std::pin::Pin;

use cambist::moment::Timestamp;

use crate::{EffectSink, FactSource, RealmSource, Sessions, StoreError, UserDirectory};

/// What an asynchronous method of a store returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything a server asks of its storage. Implemented for whatever implements the parts.
pub trait Store:
    RealmSource + FactSource + EffectSink + UserDirectory + Sessions + Upkeep + 'static
{
}

impl<T> Store for T where
    T: RealmSource + FactSource + EffectSink + UserDirectory + Sessions + Upkeep + 'static
{
}

/// What keeps a store small and well.
pub trait Upkeep: Send + Sync {
    /// Forgets what has no meaning any more at `now`: marks of used ids and revocations whose time is over,
    /// sessions past their idle time or maximum life, forgotten login failures. Never a live one. Call it
    /// every minute or so.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn sweep(&self, now: Timestamp) -> StoreFuture<'_, Result<Swept, StoreError>>;

    /// Waits until all that is written behind is durable.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn flush(&self) -> StoreFuture<'_, Result<(), StoreError>>;

    /// Writes what waits and takes no more writes.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn close(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        self.flush()
    }

    /// How the store is. Costs nothing.
    fn health(&self) -> Health;
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Marks of used ids.
    pub single_use: u64,
    /// Revocations.
    pub revocations: u64,
    /// User sessions.
    pub sessions: u64,
    /// Records of login failures.
    pub failures: u64,
}

/// How a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether writes are taken. A store that failed to write once takes none until it is opened again.
    pub writable: bool,
    /// What made it read-only, in the storage engine's words.
    pub failure: Option<String>,
    /// Writes that wait for their turn.
    pub queued: usize,
}
