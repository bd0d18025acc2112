//! Storage for Cambist: load a realm, load facts, commit effects.
//!
//! The core decides on values and writes nothing. This crate brings the values and keeps what an outcome
//! wants kept, behind small object-safe traits:
//!
//! | trait | what it does |
//! |---|---|
//! | [`RealmSource`] | realm documents with their versions |
//! | [`FactSource`] | what a waiting request needs to know, from one snapshot |
//! | [`EffectSink`] | the effects of one outcome, all or nothing, durable when it answers |
//! | [`UserDirectory`] | users, for administration |
//! | [`Sessions`] | sessions and login failures, for administration |
//! | [`Upkeep`] | sweeping, flushing, health |
//!
//! [`Store`] is all of them, so a server holds one `Arc<dyn Store>`. [`MemoryStore`] forgets when it is
//! dropped; [`SqliteStore`] is the default of the program. Whoever writes another one can hold it to the
//! contract in `cambist-testkit`.

mod apply;
mod directory;
pub mod document;
mod error;
mod failures;
mod lookup;
mod memory;
pub mod passwords;
mod realms;
mod sessions;
mod settings;
mod sink;
mod source;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

#[cfg(feature = "sqlite")]
pub use self::sqlite::{OpenError, SqliteOptions, SqliteStore};
pub use self::{
    directory::{Page, UserDirectory, UserSearch},
    error::{CommitError, Conflict, StoreError, Unavailable},
    failures::LoginFailures,
    memory::MemoryStore,
    realms::{RealmSource, StoredRealm},
    sessions::Sessions,
    sink::EffectSink,
    source::FactSource,
    store::{Health, Store, StoreFuture, Swept, Upkeep},
};
