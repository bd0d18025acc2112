//! Effects: what must be stored for an answer to be true.
//!
//! Deciding writes nothing. Whatever must be durable before the answer leaves comes out as a list, which a
//! store commits whole or not at all; the answer can be opened only with the [`Receipt`] of that commit.

use alloc::{boxed::Box, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    facts::{ClientSession, SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
};

/// What a single-use id is used for; ids of different purposes never meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SingleUse {
    /// `jti` of a client assertion (RFC 7523 section 3), by `client_id`.
    ClientAssertion(Box<str>),
    /// `jti` of an assertion of the JWT authorization grant, by issuer.
    JwtGrant(Box<str>),
    /// `jti` of an ID-JAG, by issuer.
    IdentityAssertion(Box<str>),
    /// `jti` of a DPoP proof (RFC 9449 section 11.1).
    DpopProof,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Effect {
    /// Uses an id up: insert, or conflict when it is there. One atomic step.
    UseOnce {
        /// What for.
        purpose: SingleUse,
        /// The id.
        id: Box<str>,
        /// The mark may be forgotten after this.
        until: Timestamp,
    },
    /// A new user session with its client sessions; a conflict when the id is taken.
    StartSession(Box<UserSession>),
    /// A client session made or replaced in a user session that must exist.
    PutClientSession {
        /// The user session.
        session: SessionId,
        /// Online or offline.
        kind: SessionKind,
        /// Internal id of the client.
        client: Box<str>,
        /// Its new state.
        state: Box<ClientSession>,
        /// The user session is refreshed too, at this time.
        refreshed: Option<Timestamp>,
        /// The version that the user session must still have; `None`: any. A conflict otherwise.
        expect: Option<u64>,
    },
    /// The user session and one client session were used. Written behind: a crash may lose the time.
    TouchSession {
        /// The user session.
        session: SessionId,
        /// Online or offline.
        kind: SessionKind,
        /// Internal id of the client.
        client: Box<str>,
        /// When.
        at: Timestamp,
    },
    /// A client session ends; the user session with it when it was the last one and `end_empty` is set.
    EndClientSession {
        /// The user session.
        session: SessionId,
        /// Online or offline.
        kind: SessionKind,
        /// Internal id of the client.
        client: Box<str>,
        /// Whether an empty user session ends too.
        end_empty: bool,
    },
    /// A user session ends, with all client sessions.
    EndSession {
        /// The user session.
        session: SessionId,
        /// Online or offline.
        kind: SessionKind,
    },
    /// A token is revoked by its id (`jti`).
    Revoke {
        /// The id.
        token: Box<str>,
        /// The mark may be forgotten after this: the token has expired by then.
        until: Timestamp,
    },
    /// A new user, made for an identity at a provider; a conflict when its id, its login name, its e-mail
    /// address (where the realm wants one user for each) or a link of it is another's.
    CreateUser(Box<User>),
    /// A user is replaced; a conflict when it is gone, has another version than expected, or as above.
    PutUser {
        /// The user.
        user: Box<User>,
        /// The version that the stored one must still have.
        expect: u64,
    },
    /// A login failed: counted for the lock-out.
    LoginFailed {
        /// Internal id of the user.
        user: String,
        /// When.
        at: Timestamp,
    },
    /// A login succeeded: failures are forgotten.
    LoginSucceeded {
        /// Internal id of the user.
        user: String,
    },
}

impl Effect {
    /// Whether the answer must wait until this is durable. Times of last use need not.
    #[must_use]
    pub const fn is_durable(&self) -> bool {
        !matches!(self, Self::TouchSession { .. })
    }
}

/// What one outcome writes, in order, all or nothing.
#[derive(Debug)]
#[must_use = "an outcome whose effects are not committed has no answer"]
pub struct Effects {
    realm: Box<str>,
    list: Vec<Effect>,
    seal: u64,
}

impl Effects {
    pub(crate) fn new(realm: &str, list: Vec<Effect>, seal: u64) -> Self {
        Self {
            realm: realm.into(),
            list,
            seal,
        }
    }

    /// Name of the realm.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The writes, in order.
    #[must_use]
    pub fn list(&self) -> &[Effect] {
        &self.list
    }

    /// Nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Says that every durable effect of the list has been committed. Whoever calls this without having
    /// done so hands out tokens that the store knows nothing of.
    #[must_use]
    pub fn committed(self) -> Receipt {
        Receipt { seal: self.seal }
    }
}

/// Proof that the effects of one outcome were committed; opens that outcome's answer and no other.
#[derive(Debug)]
pub struct Receipt {
    pub(crate) seal: u64,
}
