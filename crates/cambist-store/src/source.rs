//! Facts for a waiting request.

use cambist::{
    facts::{Facts, FactsNeeded},
    moment::Timestamp,
};

use crate::{StoreError, StoreFuture};

/// Where facts come from.
pub trait FactSource: Send + Sync {
    /// Loads what is needed, all from one snapshot of the store.
    ///
    /// What is not found is absent from the answer and no error: the decision says what follows from that.
    /// Sessions and users are returned as they are stored, also when idle, expired or disabled. A revocation
    /// whose time is over at `now` may be missing.
    ///
    /// A login is checked off the async threads, in as much time for an unknown name as for a wrong
    /// password, and while the user is locked out too.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRealm`]; [`Unavailable::Busy`](crate::Unavailable::Busy) when too many logins
    /// wait already; when the store cannot read.
    fn load_facts<'a>(
        &'a self,
        realm: &'a str,
        needed: &'a FactsNeeded,
        now: Timestamp,
    ) -> StoreFuture<'a, Result<Facts, StoreError>>;
}
