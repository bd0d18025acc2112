//! Liveness: whether realm, clients, session and user are still there. Every grant passes here.

use thiserror::Error;

use crate::{
    facts::{ClientSession, SessionKind, User, UserSession},
    moment::Timestamp,
    realm::{Client, Realm},
};

/// What is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LivenessError {
    /// The realm is disabled.
    #[error("the realm is disabled")]
    RealmDisabled,
    /// The client is disabled.
    #[error("the client is disabled")]
    ClientDisabled,
    /// No session has this id.
    #[error("there is no such session")]
    NoSession,
    /// The session was idle too long or has reached its maximum.
    #[error("the session has run out")]
    SessionExpired,
    /// The session has no part of this client.
    #[error("the session has no client session of the client")]
    NoClientSession,
    /// The client session has run out.
    #[error("the client session has run out")]
    ClientSessionExpired,
    /// The token is older than its session.
    #[error("the token is older than its session")]
    OlderThanSession,
    /// The token was issued before the not-before of realm, client or user.
    #[error("the token was issued at {issued}, before the not-before {not_before}")]
    NotBefore {
        /// `iat`.
        issued: Timestamp,
        /// The latest of the three values.
        not_before: Timestamp,
    },
    /// The user does not exist.
    #[error("there is no such user")]
    NoUser,
    /// The user is disabled.
    #[error("the user is disabled")]
    UserDisabled,
}

/// The latest not-before of realm, client and user: a token issued before it is refused.
#[must_use]
pub fn effective_not_before(realm: &Realm, client: &Client, user: Option<&User>) -> Timestamp {
    Timestamp(realm.tokens().not_before)
        .max(Timestamp(client.not_before()))
        .max(user.map_or(Timestamp::EPOCH, |user| user.not_before))
}

/// Checks that a user session is alive at this instant.
///
/// # Errors
///
/// [`LivenessError::SessionExpired`].
pub fn check_session(
    realm: &Realm,
    session: &UserSession,
    now: Timestamp,
) -> Result<(), LivenessError> {
    let settings = realm.sessions();
    let (idle, max) = match session.kind {
        SessionKind::Online => (settings.idle, Some(settings.max)),
        SessionKind::Offline => (
            settings.offline_idle,
            settings.offline_max_enabled.then_some(settings.offline_max),
        ),
    };
    let idle_out = now >= session.last_refresh.after(idle);
    let too_old = max.is_some_and(|max| now >= session.started.after(max));
    if idle_out || too_old {
        Err(LivenessError::SessionExpired)
    } else {
        Ok(())
    }
}

/// Checks that the session has a live client session of this client, and that the token is not older than
/// either.
pub(crate) fn check_client_session<'a>(
    realm: &Realm,
    session: &'a UserSession,
    client: &Client,
    issued: Timestamp,
    now: Timestamp,
) -> Result<&'a ClientSession, LivenessError> {
    let client_session = session
        .client(client.uuid())
        .ok_or(LivenessError::NoClientSession)?;
    if issued < session.started || issued < client_session.started {
        return Err(LivenessError::OlderThanSession);
    }
    let idle = client_session_idle(realm, client, session.kind);
    if now >= client_session.last_refresh.after(idle) {
        return Err(LivenessError::ClientSessionExpired);
    }
    Ok(client_session)
}

/// Seconds that a client session may idle: the client's own value, else the realm's for client sessions,
/// else that of user sessions, which bounds them all.
pub(crate) fn client_session_idle(realm: &Realm, client: &Client, kind: SessionKind) -> i64 {
    let settings = realm.sessions();
    let (own, realms, users) = match kind {
        SessionKind::Online => (
            client.tokens().session_idle,
            settings.client_idle,
            settings.idle,
        ),
        SessionKind::Offline => (
            client.tokens().offline_session_idle,
            settings.client_offline_idle,
            settings.offline_idle,
        ),
    };
    // Keycloak writes 0 for "not set".
    let set = |value: Option<i64>| value.filter(|value| *value > 0);
    set(own)
        .or_else(|| set(Some(realms)))
        .map_or(users, |idle| idle.min(users))
}
