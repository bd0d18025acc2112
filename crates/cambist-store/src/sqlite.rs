//! The store in one SQLite file.
//!
//! Write-ahead log, `synchronous=FULL`, one writer with group commit, a few readers that never wait for it.
//! Records are JSON beside the columns that they are found by, so `sqlite3` shows what is there, also while
//! the server runs. Format changes are numbered migrations; a file of a later release is refused.
//!
//! Reads are done where they are asked for: a point read takes some ten microseconds, less than it takes to
//! hand it to another thread. Lists, searches and whole realms go to the blocking threads.

mod failure;
mod open;
mod realms;
mod rows;
mod schema;
mod sessions;
mod sweep;
mod users;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
};

use cambist::{
    effects::Effect,
    facts::{Facts, FactsNeeded},
    moment::Timestamp,
};
use rusqlite::Connection;

pub use self::open::OpenError;
use self::{rows::RealmRows, writer::Writer};
use crate::{
    CommitError, EffectSink, FactSource, Health, StoreError, StoreFuture, Swept, Unavailable,
    Upkeep, apply, lookup, passwords::PasswordVerifier,
};

/// How a file is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    path: PathBuf,
    readers: usize,
    waiting: usize,
    accept_loss: bool,
    passwords: PasswordVerifier,
}

impl SqliteOptions {
    /// The file at this path, made when there is none.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            path: path.as_ref().to_owned(),
            readers: cores.max(2),
            waiting: 4_096,
            accept_loss: false,
            passwords: PasswordVerifier::new(),
        }
    }

    /// How many connections read at once. Default: one for each core, at least 2.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// How many writes may wait; whoever comes then is told that the store is busy. Default 4096.
    #[must_use]
    pub fn waiting(mut self, waiting: usize) -> Self {
        self.waiting = waiting.max(1);
        self
    }

    /// Bounds on password checks.
    #[must_use]
    pub fn passwords(mut self, passwords: PasswordVerifier) -> Self {
        self.passwords = passwords;
        self
    }

    /// Begins anew although an earlier store is missing, or takes another store in its place. Whatever was
    /// revoked or used up there is forgotten, so every token from before must be refused by a not-before.
    #[must_use]
    pub fn accept_loss(mut self) -> Self {
        self.accept_loss = true;
        self
    }

    /// Opens it. Blocks: files up to 256 MiB are checked whole.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn open(self) -> Result<SqliteStore, OpenError> {
        let writer = open::open_writer(&self.path, self.accept_loss)?;
        let readers = (0..self.readers)
            .map(|_| open::open_reader(&self.path).map(Mutex::new))
            .collect::<Result<Vec<_>, _>>()?;
        let writer = Writer::start(writer, self.waiting).map_err(|source| OpenError::Io {
            path: self.path.clone(),
            source,
        })?;
        Ok(SqliteStore {
            readers: Arc::new(Readers {
                connections: readers,
                next: AtomicUsize::new(0),
            }),
            writer,
            passwords: self.passwords,
            path: self.path,
        })
    }
}

/// Everything in one SQLite file. Dropping it writes what waits.
pub struct SqliteStore {
    readers: Arc<Readers>,
    writer: Writer,
    passwords: PasswordVerifier,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the file with the defaults of [`SqliteOptions`].
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        SqliteOptions::new(path).open()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A short read, done at once.
    fn read_soon<'a, T: Send + 'a>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> StoreFuture<'a, Result<T, StoreError>> {
        Box::pin(std::future::ready(self.readers.read(read)))
    }

    /// A long read, done on a blocking thread where there are some.
    fn read_long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'static, Result<T, StoreError>> {
        let readers = Arc::clone(&self.readers);
        Box::pin(async move {
            if tokio::runtime::Handle::try_current().is_err() {
                return readers.read(read);
            }
            tokio::task::spawn_blocking(move || readers.read(read))
                .await
                .map_err(|error| Unavailable::Failed {
                    reason: error.to_string(),
                })?
        })
    }

    fn read_long_in<T: Send + 'static>(
        &self,
        realm: &str,
        read: impl FnOnce(&mut RealmRows<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'static, Result<T, StoreError>> {
        let realm = realm.to_owned();
        self.read_long(move |connection| read(&mut RealmRows::find(connection, &realm)?))
    }

    /// A write, answered when it is durable.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'_, Result<T, StoreError>> {
        Box::pin(self.writer.submit(work))
    }

    fn write_in<T: Send + 'static>(
        &self,
        realm: &str,
        work: impl FnOnce(&mut RealmRows<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'_, Result<T, StoreError>> {
        let realm = realm.to_owned();
        self.write(move |connection| work(&mut RealmRows::find(connection, &realm)?))
    }

    /// Notes the uses in the list, which holds nothing else, to be written behind.
    fn touch_later(&self, realm: &str, effects: &[Effect]) -> bool {
        effects.iter().all(|effect| match effect {
            Effect::TouchSession {
                session,
                kind,
                client,
                at,
            } => self
                .writer
                .touch((realm.into(), *kind, session.clone()), client, *at),
            _ => false,
        })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl FactSource for SqliteStore {
    fn load_facts<'a>(
        &'a self,
        realm: &'a str,
        needed: &'a FactsNeeded,
        now: Timestamp,
    ) -> StoreFuture<'a, Result<Facts, StoreError>> {
        let gathered = self.readers.snapshot(|connection| {
            lookup::gather(&mut RealmRows::find(connection, realm)?, needed, now)
        });
        Box::pin(async move { lookup::settle(gathered?, needed, &self.passwords).await })
    }
}

impl EffectSink for SqliteStore {
    fn apply<'a>(
        &'a self,
        realm: &'a str,
        effects: &'a [Effect],
        now: Timestamp,
    ) -> StoreFuture<'a, Result<(), CommitError>> {
        if self.writer.is_read_only() {
            let nothing_durable = !effects.iter().any(Effect::is_durable);
            let answer = if nothing_durable {
                Ok(())
            } else {
                Err(Unavailable::ReadOnly.into())
            };
            return Box::pin(std::future::ready(answer));
        }
        if !effects.iter().any(Effect::is_durable) && self.touch_later(realm, effects) {
            return Box::pin(std::future::ready(Ok(())));
        }
        let effects = effects.to_vec();
        let written = self.write_in(realm, move |rows| apply::apply(rows, &effects, now));
        Box::pin(async move { written.await.map_err(CommitError::from) })
    }
}

impl Upkeep for SqliteStore {
    fn sweep(&self, now: Timestamp) -> StoreFuture<'_, Result<Swept, StoreError>> {
        Box::pin(sweep::sweep(self, now))
    }

    fn flush(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(self.writer.flush())
    }

    fn close(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        Box::pin(self.writer.stop())
    }

    fn health(&self) -> Health {
        let failure = self.writer.failure();
        Health {
            writable: failure.is_none(),
            failure,
            queued: self.writer.queued(),
        }
    }
}

/// Connections that read.
struct Readers {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    /// Runs the read on a free connection, or waits for one: they are held for a single read only.
    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for connection in &self.connections {
            match connection.try_lock() {
                Ok(connection) => return read(&connection),
                Err(TryLockError::Poisoned(connection)) => return read(&connection.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let number = turn.checked_rem(self.connections.len()).unwrap_or(0);
        match self.connections.get(number) {
            Some(connection) => read(&connection.lock().unwrap_or_else(PoisonError::into_inner)),
            None => Err(Unavailable::Closed.into()),
        }
    }

    /// The same, with all statements of the read seeing one state.
    fn snapshot<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read(|connection| {
            connection.prepare_cached("BEGIN")?.execute([])?;
            let result = read(connection);
            connection.prepare_cached("COMMIT")?.execute([])?;
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use cambist::{
        facts::{SessionId, SessionKind, User, UserSession},
        realm::document::RealmDocument,
    };

    use super::*;
    use crate::{RealmSource as _, Sessions as _, UserDirectory as _};

    fn session(id: &str) -> UserSession {
        UserSession {
            id: SessionId(id.into()),
            kind: SessionKind::Online,
            user: "u".into(),
            started: Timestamp(10),
            last_refresh: Timestamp(10),
            method: "openid-connect".into(),
            notes: Default::default(),
            clients: Default::default(),
            version: 0,
        }
    }

    async fn filled(path: &Path) -> SqliteStore {
        let store = SqliteStore::open(path).unwrap();
        store
            .insert_realm(RealmDocument::named("r"), Vec::new())
            .await
            .unwrap();
        let user = User {
            id: "u".into(),
            username: "U".into(),
            ..User::default()
        };
        store.insert_user("r", user).await.unwrap();
        store
    }

    #[tokio::test]
    async fn what_was_answered_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = filled(&path).await;
        let start = Effect::StartSession(Box::new(session("s")));
        store.apply("r", &[start], Timestamp(10)).await.unwrap();
        drop(store);
        let store = SqliteStore::open(&path).unwrap();
        let found = store
            .find_session("r", &SessionId("s".into()), SessionKind::Online)
            .await
            .unwrap();
        assert_eq!(
            *found.unwrap(),
            UserSession {
                version: 1,
                ..session("s")
            }
        );
    }

    #[tokio::test]
    async fn a_full_disk_makes_it_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder.path().join("store.db")).await;
        store
            .write(|connection| {
                let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                connection.query_row(
                    &format!("PRAGMA max_page_count = {pages}"),
                    [],
                    |_| Ok(()),
                )?;
                Ok(())
            })
            .await
            .unwrap();
        assert!(store.health().writable);
        let mut refused = None;
        for number in 0..10_000 {
            let mut session = session(&number.to_string());
            session.notes.insert("long".into(), "x".repeat(4_000));
            let effects = [Effect::StartSession(Box::new(session))];
            if let Err(error) = store.apply("r", &effects, Timestamp(10)).await {
                refused = Some((number, error));
                break;
            }
        }
        let (number, error) = refused.expect("the disk is never full");
        assert!(
            matches!(error, CommitError::Unavailable(Unavailable::Disk { .. })),
            "{error:?}"
        );
        assert!(!store.health().writable);
        let gone = SessionId(number.to_string().into());
        assert_eq!(
            store.find_session("r", &gone, SessionKind::Online).await,
            Ok(None)
        );
        let another = [Effect::StartSession(Box::new(session("z")))];
        let again = store.apply("r", &another, Timestamp(10)).await;
        assert_eq!(again, Err(Unavailable::ReadOnly.into()));
        assert!(store.realm_names().await.is_ok(), "reading goes on");
    }

    #[tokio::test]
    async fn an_answer_without_durable_effects_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder.path().join("store.db")).await;
        store
            .apply(
                "r",
                &[Effect::StartSession(Box::new(session("s")))],
                Timestamp(10),
            )
            .await
            .unwrap();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let (started, running) = std::sync::mpsc::channel::<()>();
        let writer_busy = store.write(move |_| {
            started.send(()).unwrap();
            held.recv().unwrap();
            Ok(())
        });
        let touch = Effect::TouchSession {
            session: SessionId("s".into()),
            kind: SessionKind::Online,
            client: "c".into(),
            at: Timestamp(50),
        };
        let busy = async { writer_busy.await.unwrap() };
        let quick = async {
            tokio::task::yield_now().await;
            running.recv().unwrap();
            store.apply("r", &[touch], Timestamp(50)).await.unwrap();
            store.apply("r", &[], Timestamp(50)).await.unwrap();
            hold.send(()).unwrap();
        };
        tokio::join!(busy, quick);
        store.flush().await.unwrap();
        let found = store
            .find_session("r", &SessionId("s".into()), SessionKind::Online)
            .await
            .unwrap();
        assert_eq!(found.unwrap().last_refresh, Timestamp(50));
    }

    #[tokio::test]
    async fn a_closed_store_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder.path().join("store.db")).await;
        store.close().await.unwrap();
        let effects = [Effect::EndSession {
            session: SessionId("s".into()),
            kind: SessionKind::Online,
        }];
        let answer = store.apply("r", &effects, Timestamp(10)).await;
        assert_eq!(answer, Err(Unavailable::Closed.into()));
        store.close().await.unwrap();
    }
}
