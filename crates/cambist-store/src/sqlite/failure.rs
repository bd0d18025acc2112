//! What SQLite says, in the store's terms.

use rusqlite::ErrorCode;

use crate::{StoreError, Unavailable};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Unavailable::from(error).into()
    }
}

impl From<rusqlite::Error> for Unavailable {
    fn from(error: rusqlite::Error) -> Self {
        // Only the code's own words: a message of SQLite may quote a value.
        let code = error.sqlite_error_code();
        let reason = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => failure.to_string(),
            _ => "a statement and its result do not fit".to_owned(),
        };
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory,
            ) => Self::Disk { reason },
            _ => Self::Failed { reason },
        }
    }
}

/// A record as it is kept.
pub(super) fn to_text<T: serde::Serialize>(
    what: &'static str,
    record: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| {
        Unavailable::Damaged {
            what,
            reason: place_of(&error),
        }
        .into()
    })
}

/// A record as it was kept.
pub(super) fn from_text<T: serde::de::DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        Unavailable::Damaged {
            what,
            reason: place_of(&error),
        }
        .into()
    })
}

/// Where in the text; not the message, which may quote it.
fn place_of(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}
