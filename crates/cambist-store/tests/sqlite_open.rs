//! What is not ours, too new, damaged or suspiciously empty is refused, and nothing is changed by refusing.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use cambist::{facts::User, realm::document::RealmDocument};
use cambist_store::{OpenError, RealmSource as _, SqliteOptions, SqliteStore, UserDirectory as _};

/// A store with a realm and some users in it.
async fn filled(folder: &Path) -> PathBuf {
    let path = folder.join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    store
        .insert_realm(RealmDocument::named("r"), vec![])
        .await
        .unwrap();
    for number in 0..50 {
        let attributes = [("filler".to_owned(), vec!["x".repeat(500)])].into();
        let id = number.to_string();
        let user = User {
            username: id.clone(),
            id,
            attributes,
            ..User::default()
        };
        store.insert_user("r", user).await.unwrap();
    }
    store.close_and_drop().await;
    path
}

trait CloseAndDrop {
    async fn close_and_drop(self);
}

impl CloseAndDrop for SqliteStore {
    async fn close_and_drop(self) {
        cambist_store::Upkeep::close(&self).await.unwrap();
    }
}

fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).ok();
    let error = SqliteStore::open(path).unwrap_err();
    assert_eq!(fs::read(path).ok(), before, "refusing changed the file");
    error
}

#[tokio::test]
async fn what_was_closed_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    for _ in 0..3 {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.realm_names().await.unwrap(), ["r"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    store
        .insert_realm(RealmDocument::named("r"), vec![])
        .await
        .unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{suffix}", path.display()));
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{file:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_or_empty_file_is_not_silent_where_a_store_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    fs::remove_file(&path).unwrap();
    assert!(matches!(refused(&path), OpenError::StateMissing { .. }));
    assert!(!path.exists());
    fs::write(&path, b"").unwrap();
    assert!(matches!(refused(&path), OpenError::StateMissing { .. }));
    let store = SqliteOptions::new(&path).accept_loss().open().unwrap();
    assert_eq!(store.realm_names().await.unwrap(), [""; 0]);
    drop(store);
    SqliteStore::open(&path).unwrap();
}

#[tokio::test]
async fn another_store_in_its_place_is_not_silent() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, other) = (filled(one.path()).await, filled(two.path()).await);
    fs::copy(&other, &path).unwrap();
    assert!(matches!(
        SqliteStore::open(&path).unwrap_err(),
        OpenError::OtherStore { .. }
    ));
    SqliteOptions::new(&path).accept_loss().open().unwrap();
    SqliteStore::open(&path).unwrap();
}

#[tokio::test]
async fn a_store_without_its_mark_gets_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let mark = PathBuf::from(format!("{}-identity", path.display()));
    let identity = fs::read_to_string(&mark).unwrap();
    fs::remove_file(&mark).unwrap();
    SqliteStore::open(&path).unwrap();
    assert_eq!(fs::read_to_string(&mark).unwrap(), identity);
}

#[tokio::test]
async fn a_later_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute("UPDATE schema_version SET version = version + 1", [])
        .unwrap();
    drop(file);
    let error = refused(&path);
    assert!(
        matches!(error, OpenError::NewerSchema { found: 3, known: 2 }),
        "{error}"
    );
}

#[test]
fn foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "realm = \"not a database\"\n".repeat(300)).unwrap();
    assert!(matches!(refused(&text), OpenError::Foreign { .. }));
    let database = folder.path().join("database");
    let file = rusqlite::Connection::open(&database).unwrap();
    file.execute_batch("CREATE TABLE other (x); INSERT INTO other VALUES (1);")
        .unwrap();
    drop(file);
    assert!(matches!(refused(&database), OpenError::Foreign { .. }));
}

#[tokio::test]
async fn damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 40_000, "{}", whole.len());
    // Cut off in the middle.
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(refused(&path), OpenError::Damaged { .. }));
    // A page torn: the pages of the tables' content come late in the file.
    fs::write(&path, &whole).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    for page in 5..whole.len() / 4096 {
        file.seek(SeekFrom::Start(u64::try_from(page * 4096).unwrap()))
            .unwrap();
        file.write_all(&[0xa5; 512]).unwrap();
    }
    drop(file);
    let error = refused(&path);
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn two_at_once_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (one, two) = (
        SqliteStore::open(&path).unwrap(),
        SqliteStore::open(&path).unwrap(),
    );
    one.insert_realm(RealmDocument::named("one"), vec![])
        .await
        .unwrap();
    two.insert_realm(RealmDocument::named("two"), vec![])
        .await
        .unwrap();
    assert_eq!(one.realm_names().await.unwrap(), ["one", "two"]);
    assert_eq!(two.realm_version("one").await.unwrap(), Some(1));
}
