//! Numbered migrations, built in.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::open::OpenError;

/// `PRAGMA application_id` of our files: "CAMB".
pub(super) const APPLICATION_ID: i32 = 0x4341_4d42;

/// The n-th brings a file from version n to n + 1. What is released is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_user_link.sql"),
];

/// The newest version that this program knows.
pub(super) const KNOWN: usize = MIGRATIONS.len();

/// Version of the file; 0 for an empty one.
pub(super) fn version(connection: &Connection) -> Result<usize, OpenError> {
    let has_table: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema_version')",
        [],
        |row| row.get(0),
    )?;
    if !has_table {
        return Ok(0);
    }
    let version: Option<i64> = connection
        .query_row("SELECT version FROM schema_version", [], |row| row.get(0))
        .optional()?;
    Ok(version
        .and_then(|version| usize::try_from(version).ok())
        .unwrap_or(0))
}

/// Brings the file up to [`KNOWN`], a transaction a step, so that whoever is stopped in between goes on at
/// the next start, and two programs that start at once do each step once.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        if found > KNOWN {
            return Err(OpenError::NewerSchema {
                found,
                known: KNOWN,
            });
        }
        let Some(step) = MIGRATIONS.get(found) else {
            return Ok(());
        };
        if found == 0 {
            transaction.execute_batch(
                "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
                 INSERT INTO schema_version VALUES (0);",
            )?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        transaction.execute_batch(step)?;
        let next = i64::try_from(found.saturating_add(1)).unwrap_or(i64::MAX);
        transaction.execute("UPDATE schema_version SET version = ?1", [next])?;
        transaction.commit()?;
    }
}
