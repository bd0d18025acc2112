//! What can go wrong with a store.

use cambist::effects::SingleUse;

/// Why a read or an administrative write failed. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no realm of this name.
    #[error("there is no realm {realm:?}")]
    UnknownRealm {
        /// The name asked for.
        realm: String,
    },
    /// What is stored does not allow the write.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store cannot answer now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why effects were not committed. Nothing was written, of the whole list.
///
/// After [`Unavailable::Disk`] the outcome is unknown: the disk failed while the write was made durable,
/// so it may or may not be found after a restart. No answer may leave that depends on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// What is stored does not allow one of the effects.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store cannot write now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownRealm { .. } => Self::Conflict(Conflict::RealmGone),
            StoreError::Conflict(conflict) => Self::Conflict(conflict),
            StoreError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

/// What stored state stands against a write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// A realm of this name exists.
    #[error("the realm exists already")]
    RealmExists,
    /// The realm was deleted meanwhile.
    #[error("the realm is gone")]
    RealmGone,
    /// The record is of another version than expected: somebody else wrote it meanwhile.
    #[error("the record has version {found} where {expected} was expected")]
    Version {
        /// What the writer had read.
        expected: u64,
        /// What is stored.
        found: u64,
    },
    /// A user of the realm has this internal id.
    #[error("the user id is taken")]
    UserIdTaken,
    /// A user of the realm has this login name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// A user of the realm has this e-mail address, and the realm does not allow two.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Another user of the realm is linked to the identity.
    #[error("the identity is linked to another user")]
    LinkTaken,
    /// The user does not exist, or was deleted meanwhile.
    #[error("the user is gone")]
    UserGone,
    /// The single-use id was used before.
    #[error("the id was used before, as {purpose:?}")]
    UsedBefore {
        /// What for.
        purpose: SingleUse,
    },
    /// A session of this kind has the id.
    #[error("the session id is taken")]
    SessionTaken,
    /// The user session does not exist, or ended meanwhile.
    #[error("the session is gone")]
    SessionGone,
}

/// Why a store cannot answer now. Worth another try later, except for [`ReadOnly`](Self::ReadOnly) and
/// [`Closed`](Self::Closed).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// Too many are waiting already.
    #[error("the store is busy")]
    Busy,
    /// A write failed earlier, so the store writes no more until it is opened again.
    #[error("the store is read-only after a failed write")]
    ReadOnly,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The disk failed while reading or writing. After a write nobody knows what is on it.
    #[error("the disk failed: {reason}")]
    Disk {
        /// What the engine said; holds no stored value.
        reason: String,
    },
    /// The storage engine failed.
    #[error("the storage engine failed: {reason}")]
    Failed {
        /// What the engine said; holds no stored value.
        reason: String,
    },
    /// A stored record cannot be read.
    #[error("a stored {what} cannot be read: {reason}")]
    Damaged {
        /// The kind of the record.
        what: &'static str,
        /// Where reading it stopped.
        reason: String,
    },
}
