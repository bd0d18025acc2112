//! Facts: what changes each second and numbers millions, and so is no part of the realm snapshot.
//!
//! A waiting exchange says what it needs ([`FactsNeeded`]); the caller loads it and hands it in
//! ([`Facts`]). Every record has a version, so that an effect can demand that it still holds.

mod session;
mod user;

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

pub use self::{
    session::{ClientSession, RefreshUse, SessionId, SessionKind, UserSession},
    user::{Consent, FederatedIdentity, PasswordCredential, User},
};
use crate::secret::Secret;

/// How a user is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserQuery {
    /// By internal id.
    Id(Box<str>),
    /// By login name, in small letters.
    Username(Box<str>),
    /// By login name, or by e-mail address where the realm allows it; both in small letters.
    Login(Box<str>),
    /// By login name, else by internal id (`requested_subject`).
    UsernameOrId(Box<str>),
    /// By internal id, else by login name (a token without session).
    IdOrUsername {
        /// `sub` of the token, when it has one.
        id: Option<Box<str>>,
        /// `preferred_username` of the token, when it has one.
        username: Option<Box<str>>,
    },
    /// The service account of the client with this internal id.
    ServiceAccount(Box<str>),
}

/// Where a session is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSearch {
    /// Among the online sessions.
    Online,
    /// Among the offline sessions.
    Offline,
    /// Online first, then offline.
    Either,
}

/// A session that is needed, with its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionQuery {
    /// Its id.
    pub id: SessionId,
    /// Where to look.
    pub search: SessionSearch,
}

/// A login to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginQuery {
    /// What the user typed as a name.
    pub username: Box<str>,
    /// What the user typed as a password. The check is slow on purpose: do it off the async threads and
    /// bound how many run at once.
    pub password: Secret,
}

/// Who somebody is at an identity provider, and what a user made for them would be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkQuery {
    /// Alias of the provider.
    pub provider: Box<str>,
    /// Id of the user there.
    pub user_id: Box<str>,
    /// Login name that a new user would get.
    pub username: Box<str>,
    /// E-mail address that a new user would get.
    pub email: Option<Box<str>>,
}

/// What a waiting request needs to know. Each member is filled into the member of the same name in
/// [`Facts`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactsNeeded {
    /// The session of the presented token, with its user.
    pub session: Option<SessionQuery>,
    /// The user of a presented token that has no session.
    pub subject: Option<UserQuery>,
    /// A login.
    pub login: Option<LoginQuery>,
    /// The user to become (`requested_subject`).
    pub requested: Option<UserQuery>,
    /// The service account of the requester.
    pub service_account: Option<UserQuery>,
    /// The user linked to an identity at a provider.
    pub link: Option<LinkQuery>,
    /// Users whom scopes or claims name; those that are found go into [`Facts::named`], each with its query.
    pub named: Vec<UserQuery>,
    /// The session of an actor token with its user, or its user alone (RFC 8693 section 4.1).
    pub actor: Option<ActorQuery>,
    /// Token ids (`jti`) that may have been revoked.
    pub revocations: Vec<Box<str>>,
}

/// Whom an actor token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorQuery {
    /// Its session, when it has one.
    pub session: Option<SessionQuery>,
    /// Its user, when it has no session.
    pub user: Option<UserQuery>,
}

/// What was found of an actor.
#[derive(Clone, Debug, Default)]
pub struct ActorFacts {
    /// The session asked for.
    pub session: Option<Arc<UserSession>>,
    /// The user of that session, or the user asked for.
    pub user: Option<Arc<User>>,
}

/// What came of a login.
#[derive(Clone, Debug)]
pub struct LoginFacts {
    /// The user with that name, if any.
    pub user: Option<Arc<User>>,
    /// Whether the password was right. The caller spends the same time on an unknown user.
    pub password_matches: bool,
    /// Whether the user is locked out after wrong passwords.
    pub locked_out: bool,
    /// Wrong passwords since the last right one, as far as they are remembered.
    pub failures: u32,
}

/// Whom an identity at a provider leads to.
#[derive(Clone, Debug, Default)]
pub struct LinkFacts {
    /// The user linked to it, if any.
    pub user: Option<Arc<User>>,
    /// Whether that user is locked out after wrong passwords.
    pub locked_out: bool,
    /// Whether somebody has the login name asked about.
    pub username_taken: bool,
    /// Whether somebody has the e-mail address asked about; false where the realm lets two share one.
    pub email_taken: bool,
}

/// What the caller found.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The session asked for.
    pub session: Option<Arc<UserSession>>,
    /// The user of that session, or the user of a token without session.
    pub subject: Option<Arc<User>>,
    /// What came of the login.
    pub login: Option<LoginFacts>,
    /// The user to become.
    pub requested: Option<Arc<User>>,
    /// The service account of the requester.
    pub service_account: Option<Arc<User>>,
    /// Whom the identity leads to.
    pub link: Option<LinkFacts>,
    /// Users that were named and found.
    pub named: Vec<(UserQuery, Arc<User>)>,
    /// The actor asked for.
    pub actor: ActorFacts,
    /// Of the token ids asked for, those that are revoked.
    pub revoked: Vec<Box<str>>,
}

impl Facts {
    /// Whether this token id is revoked.
    #[must_use]
    pub fn is_revoked(&self, token_id: &str) -> bool {
        self.revoked.iter().any(|id| &**id == token_id)
    }

    /// The user found for a query of [`FactsNeeded::named`].
    #[must_use]
    pub fn named(&self, query: &UserQuery) -> Option<&Arc<User>> {
        self.named
            .iter()
            .find(|(known, _)| known == query)
            .map(|(_, user)| user)
    }
}

/// Values under a name, as users and groups have them.
pub type Values = alloc::collections::BTreeMap<String, Vec<String>>;
