//! Sessions of users and clients.

use cambist::{
    effects::Effect,
    facts::{SessionId, SessionKind, UserQuery, UserSession},
};
use cambist_keycloak::{Json, Writer};

use super::{clients, users};
use crate::{
    admin::Call,
    answer::{Answer, Failure, done, ok},
    find,
};

/// The sessions of a user, or the offline sessions with one client.
pub(crate) async fn of_user(
    call: &Call<'_>,
    id: &str,
    offline_with: Option<&str>,
) -> Result<Answer, Failure> {
    users::find(call, id).await?;
    call.require(users::VIEW)?;
    let kind = if offline_with.is_some() {
        SessionKind::Offline
    } else {
        SessionKind::Online
    };
    let sessions = call.store().user_sessions(&call.name, id, kind).await?;
    let wanted = sessions
        .iter()
        .filter(|session| offline_with.is_none_or(|client| session.client(client).is_some()));
    let mut list = Vec::new();
    for session in wanted {
        list.push(to_json(call, session).await?);
    }
    Ok(ok(list))
}

pub(crate) async fn of_client(
    call: &Call<'_>,
    id: &str,
    kind: SessionKind,
) -> Result<Answer, Failure> {
    find::client(call.document(), id)?;
    call.require(clients::VIEW)?;
    let sessions = call
        .store()
        .client_sessions(&call.name, id, kind, call.request.query().page())
        .await?;
    let mut list = Vec::new();
    for session in &sessions {
        list.push(to_json(call, session).await?);
    }
    Ok(ok(list))
}

pub(crate) async fn count_of_client(
    call: &Call<'_>,
    id: &str,
    kind: SessionKind,
) -> Result<Answer, Failure> {
    find::client(call.document(), id)?;
    call.require(clients::VIEW)?;
    let count = call
        .store()
        .count_client_sessions(&call.name, id, kind)
        .await?;
    Ok(ok(Writer::new().with("count", count)))
}

/// Ends one session.
pub(crate) async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    call.require(users::MANAGE)?;
    let kind = if call.request.query().is_on("isOffline") {
        SessionKind::Offline
    } else {
        SessionKind::Online
    };
    let session = SessionId(id.into());
    if call
        .store()
        .find_session(&call.name, &session, kind)
        .await?
        .is_none()
    {
        // The spelling is Keycloak's.
        return Err(Failure::not_found("Sesssion not found"));
    }
    let end = [Effect::EndSession { session, kind }];
    call.store()
        .apply(&call.name, &end, call.request.now)
        .await?;
    Ok(done())
}

async fn to_json(call: &Call<'_>, session: &UserSession) -> Result<Json, Failure> {
    let user = call
        .store()
        .find_user(&call.name, &UserQuery::Id(session.user.as_str().into()))
        .await?;
    let clients: Vec<(String, Json)> = session
        .clients
        .keys()
        .filter_map(|uuid| {
            let client = call.loaded.realm.client_by_uuid(uuid)?;
            Some((uuid.clone(), Json::from(client.client_id())))
        })
        .collect();
    Ok(Writer::new()
        .with("id", session.id.as_str())
        .with_some("username", user.map(|user| user.username.clone()))
        .with("userId", session.user.clone())
        .with_some("ipAddress", session.notes.get(IP_ADDRESS).cloned())
        .with("start", session.started.0.saturating_mul(1000))
        .with("lastAccess", session.last_refresh.0.saturating_mul(1000))
        .with("rememberMe", false)
        .with("clients", Json::Object(clients))
        .with("transientUser", false)
        .into())
}

/// Where a session's address stands among its notes.
const IP_ADDRESS: &str = "ipAddress";
