//! Where the realms in force are, and how they are changed.

use std::{fmt, sync::Arc};

use cambist::realm::{Realm, RealmError, document::RealmDocument};
use cambist_store::{StoreError, StoreFuture};

/// A realm in force: the document and the snapshot built from it.
#[derive(Clone, Debug)]
pub struct LoadedRealm {
    /// The document, complete and with every internal id written in; its list of users is empty.
    pub document: Arc<RealmDocument>,
    /// The snapshot.
    pub realm: Arc<Realm>,
    /// Version of the stored document.
    pub version: u64,
}

/// The realms of a server. A change is a new document: it is built first, then stored, then put in force for
/// the requests that come after; when it does not build or is not stored, nothing changes.
pub trait RealmRegistry: Send + Sync {
    /// The realm of this name, as it is now.
    fn realm(&self, name: &str) -> Option<Arc<LoadedRealm>>;

    /// Names of all realms, sorted.
    fn names(&self) -> Vec<String>;

    /// Makes a realm with the users in the document: completes the document
    /// ([`RealmDocument::complete`]), writes the missing ids in
    /// ([`assign_ids`](cambist::realm::build::ids::assign_ids)), makes keys where there are none, hashes
    /// passwords, and brings it in force.
    ///
    /// # Errors
    ///
    /// [`RegistryError`]; a name that is taken is
    /// [`Conflict::RealmExists`](cambist_store::Conflict::RealmExists).
    fn create(
        &self,
        document: RealmDocument,
    ) -> StoreFuture<'_, Result<Arc<LoadedRealm>, RegistryError>>;

    /// Replaces the document of the realm called `name`, which must still have the version `expected`.
    ///
    /// # Errors
    ///
    /// [`RegistryError`]; a change by somebody else meanwhile is
    /// [`Conflict::Version`](cambist_store::Conflict::Version).
    fn put<'a>(
        &'a self,
        name: &'a str,
        document: RealmDocument,
        expected: u64,
    ) -> StoreFuture<'a, Result<Arc<LoadedRealm>, RegistryError>>;

    /// Deletes a realm with everything in it. Says whether it was there.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] when it cannot be written.
    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Result<bool, RegistryError>>;
}

/// Why a realm was not changed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The document does not build.
    #[error("the realm does not build: {0}")]
    Invalid(Arc<RealmError>),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No keys could be made.
    #[error("no keys could be made: {reason}")]
    Keys {
        /// What the key maker said.
        reason: String,
    },
}

impl From<RealmError> for RegistryError {
    fn from(error: RealmError) -> Self {
        Self::Invalid(Arc::new(error))
    }
}

impl fmt::Debug for dyn RealmRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealmRegistry").finish_non_exhaustive()
    }
}
