//! Sessions and login failures, for administration.

use std::sync::Arc;

use cambist::facts::{SessionId, SessionKind, UserSession};

use crate::{LoginFailures, Page, StoreError, StoreFuture};

/// Reads and ends sessions. Every method answers [`StoreError::UnknownRealm`] when there is no such realm.
pub trait Sessions: Send + Sync {
    /// One session.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn find_session<'a>(
        &'a self,
        realm: &'a str,
        id: &'a SessionId,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Option<Arc<UserSession>>, StoreError>>;

    /// Sessions of one user and kind, oldest first.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>>;

    /// Sessions of one kind that hold a client session of the client with this internal id, oldest first.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>>;

    /// How many sessions [`client_sessions`](Self::client_sessions) would find.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn count_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<u64, StoreError>>;

    /// Ends every online session of the user, and with `offline` the offline ones too; says how many.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn end_user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        offline: bool,
    ) -> StoreFuture<'a, Result<u64, StoreError>>;

    /// Ends every online session of the realm; says how many.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn end_realm_sessions<'a>(&'a self, realm: &'a str)
    -> StoreFuture<'a, Result<u64, StoreError>>;

    /// Ends every client session of the client with this internal id, online and offline, as when the
    /// client is deleted; the user sessions stay. Says how many.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn end_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
    ) -> StoreFuture<'a, Result<u64, StoreError>>;

    /// Wrong passwords of a user, as counted for the lock-out; all zero when there were none.
    ///
    /// # Errors
    ///
    /// When the store cannot read.
    fn login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
    ) -> StoreFuture<'a, Result<LoginFailures, StoreError>>;

    /// Forgets the wrong passwords of one user, or of all with `None`.
    ///
    /// # Errors
    ///
    /// When the store cannot write.
    fn clear_login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: Option<&'a str>,
    ) -> StoreFuture<'a, Result<(), StoreError>>;
}
