//! Opening a file, and refusing what is not ours, too new, damaged, or suspiciously empty.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions as FileOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use super::schema;

/// Why a file was not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The file belongs to another program.
    #[error("{path} is not a store of Cambist")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later release.
    #[error("the store has format {found}, and this program knows formats up to {known}")]
    NewerSchema {
        /// Format of the file.
        found: usize,
        /// The latest that is known here.
        known: usize,
    },
    /// The file is damaged.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found first.
        reason: String,
    },
    /// There was a store here, and now the file is missing or empty. Starting with an empty one would
    /// forget every revocation and every used id, so it must be asked for
    /// ([`SqliteOptions::accept_loss`](super::SqliteOptions::accept_loss)).
    #[error("{path} is empty or missing, but {marker} says that a store was here")]
    StateMissing {
        /// The file.
        path: PathBuf,
        /// The mark that an earlier store left.
        marker: PathBuf,
    },
    /// The file is a store, but not the one that was here.
    #[error("{path} is another store than the one that {marker} names")]
    OtherStore {
        /// The file.
        path: PathBuf,
        /// The mark that an earlier store left.
        marker: PathBuf,
    },
    /// The system has no entropy for the identity of a new store.
    #[error("no entropy for a new store")]
    Entropy,
    /// SQLite failed.
    #[error("the storage engine failed: {0}")]
    Engine(#[from] rusqlite::Error),
}

/// Files up to this size are checked whole when they are opened.
const CHECKED_WHOLE: u64 = 256 * 1024 * 1024;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the file for writing, making it where there was none, and brings it up to date.
pub(super) fn open_writer(path: &Path, accept_loss: bool) -> Result<Connection, OpenError> {
    let marker = marker_of(path);
    let io = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    let length = match fs::metadata(path) {
        Ok(file) => file.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(io(error)),
    };
    let known = read_marker(&marker)?;
    if length == 0 && known.is_some() && !accept_loss {
        return Err(OpenError::StateMissing {
            path: path.to_owned(),
            marker,
        });
    }
    create_private(path).map_err(io)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if length > 0 {
        check(&connection, path, length)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    schema::migrate(&mut connection)?;
    identify(&connection, path, &marker, known, accept_loss)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens the file for reading only; the writer must be open.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The mark beside the file that says that a store was here, and which.
pub(super) fn marker_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-identity");
    PathBuf::from(name)
}

/// The file holds private keys, so nobody but its owner may read it; SQLite gives the files beside it the
/// same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = FileOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn check(connection: &Connection, path: &Path, length: u64) -> Result<(), OpenError> {
    let verdict = match check_inside(connection, path, length) {
        Err(OpenError::Engine(error)) => match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Err(OpenError::Foreign {
                path: path.to_owned(),
            }),
            Some(ErrorCode::DatabaseCorrupt) => Ok(error.to_string()),
            _ => Err(error.into()),
        },
        verdict => verdict,
    }?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(OpenError::Damaged {
        path: path.to_owned(),
        reason: verdict,
    })
}

/// What SQLite's own check says: `ok`, or the first damage.
fn check_inside(connection: &Connection, path: &Path, length: u64) -> Result<String, OpenError> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != schema::APPLICATION_ID && tables > 0 {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    let found = schema::version(connection)?;
    if found > schema::KNOWN {
        return Err(OpenError::NewerSchema {
            found,
            known: schema::KNOWN,
        });
    }
    if length > CHECKED_WHOLE {
        return Ok("ok".to_owned());
    }
    Ok(connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?)
}

/// Gives a new file its identity, and holds an old one to the mark beside it.
fn identify(
    connection: &Connection,
    path: &Path,
    marker: &Path,
    known: Option<String>,
    accept_loss: bool,
) -> Result<(), OpenError> {
    let stored: Option<String> = connection
        .query_row("SELECT identity FROM identity", [], |row| row.get(0))
        .optional()?;
    let identity = match stored {
        Some(identity) => identity,
        None => {
            let identity = fresh_identity()?;
            connection.execute("INSERT INTO identity VALUES (1, ?1)", [&identity])?;
            identity
        }
    };
    match known {
        Some(known) if known == identity => Ok(()),
        Some(_) if !accept_loss => Err(OpenError::OtherStore {
            path: path.to_owned(),
            marker: marker.to_owned(),
        }),
        _ => write_marker(marker, &identity).map_err(|source| OpenError::Io {
            path: marker.to_owned(),
            source,
        }),
    }
}

fn fresh_identity() -> Result<String, OpenError> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| OpenError::Entropy)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn read_marker(marker: &Path) -> Result<Option<String>, OpenError> {
    match fs::read_to_string(marker) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpenError::Io {
            path: marker.to_owned(),
            source,
        }),
    }
}

fn write_marker(marker: &Path, identity: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(marker)?;
    writeln!(file, "{identity}")?;
    file.sync_all()
}
