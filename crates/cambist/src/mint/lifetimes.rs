//! How long tokens live.

use crate::{
    facts::SessionKind,
    moment::Timestamp,
    realm::{Client, Realm},
    subject::client_session_idle,
};

/// The times of a session that bound its tokens.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// Online or offline.
    pub kind: SessionKind,
    /// When the user session began.
    pub started: Timestamp,
    /// When the client session began.
    pub client_started: Timestamp,
}

/// `exp` of an access token: the client's lifespan, else the realm's; never beyond the session's maximum. A
/// lifespan of -1 means: as long as the session may last.
#[must_use]
pub fn access_token_expiry(
    realm: &Realm,
    client: &Client,
    times: SessionTimes,
    now: Timestamp,
) -> Timestamp {
    let lifespan = client
        .tokens()
        .access_token_lifespan
        .unwrap_or(realm.tokens().access_token_lifespan);
    let end = session_end(realm, client, times);
    if lifespan == -1 {
        return end.unwrap_or_else(|| now.after(realm.sessions().max));
    }
    let wanted = now.after(lifespan);
    end.map_or(wanted, |end| wanted.min(end))
}

/// `exp` of a refresh token: how long the client session may idle, never beyond the session's maximum.
/// `None`: an offline token in a realm that does not limit offline sessions.
#[must_use]
pub fn refresh_token_expiry(
    realm: &Realm,
    client: &Client,
    times: SessionTimes,
    now: Timestamp,
) -> Option<Timestamp> {
    let end = session_end(realm, client, times);
    if times.kind == SessionKind::Offline {
        end?;
    }
    let idle = client_session_idle(realm, client, times.kind);
    let idle = now.after(idle);
    Some(end.map_or(idle, |end| idle.min(end)))
}

/// When the session ends whatever happens; `None` for an unlimited offline session.
fn session_end(realm: &Realm, client: &Client, times: SessionTimes) -> Option<Timestamp> {
    let settings = realm.sessions();
    let (own, realms, users) = match times.kind {
        SessionKind::Online => (
            client.tokens().session_max,
            settings.client_max,
            Some(settings.max),
        ),
        SessionKind::Offline => (
            client.tokens().offline_session_max,
            settings.client_offline_max,
            settings.offline_max_enabled.then_some(settings.offline_max),
        ),
    };
    let users = times.started.after(users?);
    let own = set(own).or_else(|| set(Some(realms)));
    Some(own.map_or(users, |own| users.min(times.client_started.after(own))))
}

/// Keycloak writes 0 for "not set".
fn set(value: Option<i64>) -> Option<i64> {
    value.filter(|value| *value > 0)
}
