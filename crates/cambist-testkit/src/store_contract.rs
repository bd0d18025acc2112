//! What every store must do, as a list of named checks.
//!
//! Hold a store to it in a test of your own, under a tokio runtime:
//!
//! ```
//! use std::sync::Arc;
//!
//! use cambist_store::{MemoryStore, Store};
//! use cambist_testkit::store_contract;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let breaches = store_contract::check(|| Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
//! assert!(breaches.is_empty(), "{breaches:#?}");
//! # }
//! ```
//!
//! A check asks for what the traits of `cambist-store` promise and for nothing else: where a store may do one
//! thing or another, as with marks whose time is over, either passes.

mod bench;
mod claims;
mod facts;
mod links;
mod lists;
mod realms;
mod sessions;
mod users;

use std::{fmt, pin::Pin, sync::Arc};

use cambist_store::{CommitError, Store, StoreError};

use self::bench::Bench;

/// Runs every check, each on an empty store of its own, and returns what was not kept.
pub async fn check(make: impl Fn() -> Arc<dyn Store>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for check in checks() {
        if let Err(breach) = check.run(make()).await {
            breaches.push(breach);
        }
    }
    breaches
}

/// All checks, in an order for reading.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [
        claims::CHECKS,
        lists::CHECKS,
        sessions::CHECKS,
        facts::CHECKS,
        links::CHECKS,
        users::CHECKS,
        realms::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// One promise of a store.
pub struct Check {
    name: &'static str,
    run: fn(&Bench) -> Running<'_>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Kept> + Send + 'a>>;

/// Whether a promise was kept, and if not, what was seen instead.
type Kept = Result<(), Broken>;

impl Check {
    /// Its name, such as `eight_racers_for_one_id_have_one_winner`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it on an empty store.
    ///
    /// # Errors
    ///
    /// What was seen in place of what was promised.
    pub async fn run(&self, store: Arc<dyn Store>) -> Result<(), Breach> {
        let bench = Bench::new(store);
        (self.run)(&bench).await.map_err(|Broken(seen)| Breach {
            check: self.name,
            seen,
        })
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Name of the check.
    pub check: &'static str,
    /// What was seen.
    pub seen: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.seen)
    }
}

impl std::error::Error for Breach {}

/// What was seen.
struct Broken(String);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(format!("unexpected error: {error}"))
    }
}

impl From<CommitError> for Broken {
    fn from(error: CommitError) -> Self {
        Self(format!("unexpected error: {error}"))
    }
}

/// Returns with what was seen unless the two are equal.
macro_rules! same {
    ($seen:expr, $promised:expr, $($what:tt)+) => {
        match (&$seen, &$promised) {
            (seen, promised) => {
                if *seen != *promised {
                    return Err($crate::store_contract::Broken(format!(
                        "{}: {seen:?} in place of {promised:?}", format_args!($($what)+)
                    )));
                }
            }
        }
    };
}

/// Returns with the text unless it holds.
macro_rules! holds {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err($crate::store_contract::Broken(format!($($what)+)));
        }
    };
}

/// The list of a file's checks.
macro_rules! promises {
    ($($name:ident),+ $(,)?) => {
        pub(super) const CHECKS: &[$crate::store_contract::Check] = &[
            $($crate::store_contract::Check {
                name: stringify!($name),
                run: |bench| Box::pin($name(bench)),
            }),+
        ];
    };
}

use {holds, promises, same};
