//! Realm documents.

use std::sync::Arc;

use cambist::{facts::User, realm::document::RealmDocument};

use crate::{StoreError, StoreFuture};

/// A realm as it is stored.
#[derive(Clone, Debug)]
pub struct StoredRealm {
    /// The document. Its list of users is empty: they are kept apart.
    pub document: Arc<RealmDocument>,
    /// 1 for a new realm, one higher with each replacement.
    pub version: u64,
}

/// Where realm documents are kept.
///
/// That internal ids are unique over all realms is the business of the administration; a store looks at
/// names only.
pub trait RealmSource: Send + Sync {
    /// Names of all realms, sorted.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn realm_names(&self) -> StoreFuture<'_, Result<Vec<String>, StoreError>>;

    /// The realm of this name, if there is one. Names differ by letter case.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn load_realm<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<StoredRealm>, StoreError>>;

    /// Version of the realm of this name, if there is one; cheaper than loading it.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn realm_version<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<u64>, StoreError>>;

    /// Keeps a new realm with its first users, all or nothing, and returns its version. The `users` of the
    /// document itself are dropped: hand them in as `users`, with their passwords hashed.
    ///
    /// # Errors
    ///
    /// [`Conflict::RealmExists`](crate::Conflict::RealmExists), or a conflict between two of the users.
    fn insert_realm(
        &self,
        document: RealmDocument,
        users: Vec<User>,
    ) -> StoreFuture<'_, Result<u64, StoreError>>;

    /// Replaces the document of the realm called `name`, which must still have the version `expected`, and
    /// returns the new version. Users and sessions stay. A document with another name renames the realm.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRealm`], [`Conflict::Version`](crate::Conflict::Version), or
    /// [`Conflict::RealmExists`](crate::Conflict::RealmExists) when the new name is taken.
    fn replace_realm<'a>(
        &'a self,
        name: &'a str,
        document: RealmDocument,
        expected: u64,
    ) -> StoreFuture<'a, Result<u64, StoreError>>;

    /// Deletes the realm with everything of it: users, sessions, marks, revocations. Says whether it was
    /// there.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn delete_realm<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Result<bool, StoreError>>;
}
