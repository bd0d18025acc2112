//! The few settings of a realm that a store itself must obey.

use cambist::realm::{
    document::RealmDocument,
    settings::{BruteForce, LoginSettings, SessionSettings},
};
use serde::{Deserialize, Serialize};

/// Kept beside the document, so that a login need not parse all of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoreSettings {
    /// Who finds a user by e-mail address, and whether two users may share one.
    pub(crate) login: LoginSettings,
    /// When a user is locked out.
    pub(crate) brute_force: BruteForce,
    /// When a session is over and may be swept.
    pub(crate) sessions: SessionSettings,
}

impl StoreSettings {
    pub(crate) fn of(document: &RealmDocument) -> Self {
        Self {
            login: document.login.clone(),
            brute_force: document.brute_force.clone(),
            sessions: document.sessions.clone(),
        }
    }
}
