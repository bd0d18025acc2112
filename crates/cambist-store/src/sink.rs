//! Effects of outcomes.

use cambist::{
    effects::{Effect, Effects, Receipt},
    moment::Timestamp,
};

use crate::{CommitError, StoreFuture};

/// Where effects go.
///
/// # What each effect demands
///
/// | effect | conflict when |
/// |---|---|
/// | `UseOnce` | the id is marked and the mark still lives at `now` |
/// | `StartSession` | a session of that kind has the id, or its user is gone |
/// | `PutClientSession` | the user session is gone, or has another version than expected |
/// | `CreateUser` | its id, login name, e-mail address (where it must be one user's) or link is another's |
/// | `PutUser` | the user is gone or has another version than expected, or as `CreateUser` |
/// | all | the realm is gone |
///
/// Ending what has ended and revoking what is revoked succeeds. A list is applied in its order, so a later
/// effect sees what an earlier one did.
pub trait EffectSink: Send + Sync {
    /// Applies the list, all or nothing, and answers when it is durable. `TouchSession` is written behind:
    /// it shows after a second or so, after [`flush`](crate::Upkeep::flush) at the latest, and a crash may
    /// lose it. A list without durable effects answers at once and never waits for the disk.
    ///
    /// A session that is started or changed gets its next version here; what the list says about versions
    /// counts only as `expect`.
    ///
    /// # Errors
    ///
    /// [`CommitError::Conflict`], and then nothing of the list is written;
    /// [`CommitError::Unavailable`] when the store cannot write.
    fn apply<'a>(
        &'a self,
        realm: &'a str,
        effects: &'a [Effect],
        now: Timestamp,
    ) -> StoreFuture<'a, Result<(), CommitError>>;

    /// Commits the effects of one outcome and returns the receipt that opens its answer.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    fn commit(
        &self,
        effects: Effects,
        now: Timestamp,
    ) -> StoreFuture<'_, Result<Receipt, CommitError>> {
        Box::pin(async move {
            if !effects.is_empty() {
                self.apply(effects.realm(), effects.list(), now).await?;
            }
            Ok(effects.committed())
        })
    }
}
