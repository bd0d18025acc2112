//! Realm documents in SQLite.

use std::sync::Arc;

use cambist::{facts::User, realm::document::RealmDocument};
use rusqlite::{OptionalExtension as _, params};

use super::{
    SqliteStore,
    failure::{from_text, to_text},
    rows::RealmRows,
    users,
};
use crate::{Conflict, RealmSource, StoreError, StoreFuture, StoredRealm, settings::StoreSettings};

impl RealmSource for SqliteStore {
    fn realm_names(&self) -> StoreFuture<'_, Result<Vec<String>, StoreError>> {
        self.read_soon(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT name FROM realm ORDER BY name")?;
            let names = statement
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(names)
        })
    }

    fn load_realm<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<StoredRealm>, StoreError>> {
        let name = name.to_owned();
        self.read_long(move |connection| {
            let row: Option<(i64, String)> = connection
                .prepare_cached("SELECT version, document FROM realm WHERE name = ?1")?
                .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            row.map(|(version, text)| {
                let document: RealmDocument = from_text("realm", &text)?;
                Ok(StoredRealm {
                    document: Arc::new(document),
                    version: to_version(version),
                })
            })
            .transpose()
        })
    }

    fn realm_version<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<u64>, StoreError>> {
        self.read_soon(|connection| {
            let version: Option<i64> = connection
                .prepare_cached("SELECT version FROM realm WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()?;
            Ok(version.map(to_version))
        })
    }

    fn insert_realm(
        &self,
        mut document: RealmDocument,
        users: Vec<User>,
    ) -> StoreFuture<'_, Result<u64, StoreError>> {
        document.users = Vec::new();
        self.write(move |connection| {
            let inserted = connection
                .prepare_cached(
                    "INSERT INTO realm (name, version, settings, document) VALUES (?1, 1, ?2, ?3)
                     ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    document.realm,
                    to_text("settings", &StoreSettings::of(&document))?,
                    to_text("realm", &document)?,
                ])?;
            if inserted == 0 {
                return Err(Conflict::RealmExists.into());
            }
            let mut rows = RealmRows {
                connection,
                realm: connection.last_insert_rowid(),
            };
            for user in users {
                users::insert(&mut rows, user)?;
            }
            Ok(1)
        })
    }

    fn replace_realm<'a>(
        &'a self,
        name: &'a str,
        mut document: RealmDocument,
        expected: u64,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        let name = name.to_owned();
        document.users = Vec::new();
        self.write(move |connection| {
            let rows = RealmRows::find(connection, &name)?;
            let found: i64 = connection
                .prepare_cached("SELECT version FROM realm WHERE no = ?1")?
                .query_row([rows.realm], |row| row.get(0))?;
            let found = to_version(found);
            if found != expected {
                return Err(Conflict::Version { expected, found }.into());
            }
            if document.realm != name && RealmRows::find(connection, &document.realm).is_ok() {
                return Err(Conflict::RealmExists.into());
            }
            rows.execute(
                "UPDATE realm SET name = ?2, version = version + 1, settings = ?3, document = ?4
                 WHERE no = ?1",
                params![
                    rows.realm,
                    document.realm,
                    to_text("settings", &StoreSettings::of(&document))?,
                    to_text("realm", &document)?,
                ],
            )?;
            Ok(found.saturating_add(1))
        })
    }

    fn delete_realm<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Result<bool, StoreError>> {
        let name = name.to_owned();
        self.write(move |connection| {
            let deleted = connection
                .prepare_cached("DELETE FROM realm WHERE name = ?1")?
                .execute([name])?;
            Ok(deleted > 0)
        })
    }
}

fn to_version(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
