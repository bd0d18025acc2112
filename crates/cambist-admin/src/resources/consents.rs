//! `/users/{id}/consents`: what a user allowed clients to get.

use cambist::{
    effects::Effect,
    facts::{Consent, SessionKind, User},
    realm::Client,
};
use cambist_keycloak::{Json, Writer};

use super::users;
use crate::{
    admin::Call,
    answer::{Answer, Failure, done, ok},
};

/// Consents, and clients that have an offline session of the user without one.
pub(crate) async fn list(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let user = users::find(call, id).await?;
    call.require(users::VIEW)?;
    let offline = call
        .store()
        .user_sessions(&call.name, id, SessionKind::Offline)
        .await?;
    let is_offline = |client: &Client| {
        offline
            .iter()
            .any(|session| session.client(client.uuid()).is_some())
    };
    let realm = &call.loaded.realm;
    let mut list: Vec<Json> = Vec::new();
    for consent in &user.consents {
        if let Some(client) = realm.client_by_uuid(&consent.client) {
            list.push(to_json(call, client, Some(consent), is_offline(client)));
        }
    }
    let mut without: Vec<&str> = offline
        .iter()
        .flat_map(|session| session.clients.keys())
        .map(String::as_str)
        .collect();
    without.sort_unstable();
    without.dedup();
    for client in without
        .into_iter()
        .filter_map(|uuid| realm.client_by_uuid(uuid))
    {
        if !has_consented(&user, client) {
            list.push(to_json(call, client, None, true));
        }
    }
    Ok(ok(list))
}

/// Takes a consent back, and with it what the client has in the sessions of the user. Offline sessions with the
/// client end without a consent too.
pub(crate) async fn take_back(call: &Call<'_>, id: &str, client: &str) -> Result<Answer, Failure> {
    let user = users::find(call, id).await?;
    call.require(users::MANAGE)?;
    let client = call
        .loaded
        .realm
        .client_by_id(client)
        .ok_or_else(|| Failure::not_found("Client not found"))?;
    let taken_back = has_consented(&user, client);
    if taken_back {
        users::change(call, id, |user| {
            user.consents
                .retain(|consent| consent.client != client.uuid());
            Ok(())
        })
        .await?;
    }
    let mut ends = ends(call, id, client, SessionKind::Offline).await?;
    if !taken_back && ends.is_empty() {
        return Err(Failure::not_found("Consent nor offline token not found"));
    }
    if taken_back {
        ends.extend(self::ends(call, id, client, SessionKind::Online).await?);
    }
    call.store()
        .apply(&call.name, &ends, call.request.now)
        .await?;
    Ok(done())
}

fn has_consented(user: &User, client: &Client) -> bool {
    user.consents
        .iter()
        .any(|consent| consent.client == client.uuid())
}

/// The ends of the client's part in each session of the user. An offline session that nobody is left in ends too.
async fn ends(
    call: &Call<'_>,
    user: &str,
    client: &Client,
    kind: SessionKind,
) -> Result<Vec<Effect>, Failure> {
    let sessions = call.store().user_sessions(&call.name, user, kind).await?;
    Ok(sessions
        .iter()
        .filter(|session| session.client(client.uuid()).is_some())
        .map(|session| Effect::EndClientSession {
            session: session.id.clone(),
            kind,
            client: client.uuid().into(),
            end_empty: kind == SessionKind::Offline,
        })
        .collect())
}

fn to_json(call: &Call<'_>, client: &Client, consent: Option<&Consent>, offline: bool) -> Json {
    let realm = &call.loaded.realm;
    let scopes: Vec<String> = consent
        .into_iter()
        .flat_map(|consent| &consent.scopes)
        .filter_map(|id| realm.scopes().iter().find(|scope| scope.id() == id))
        .map(|scope| scope.name().to_owned())
        .collect();
    let additional: Vec<Json> = offline
        .then(|| {
            Writer::new()
                .with("client", client.uuid())
                .with("key", "Offline Token")
                .into()
        })
        .into_iter()
        .collect();
    let millis = |seconds: i64| seconds.saturating_mul(1000);
    Writer::new()
        .with("clientId", client.client_id())
        .with("grantedClientScopes", scopes)
        .with_some(
            "createdDate",
            consent.map(|consent| millis(consent.created.0)),
        )
        .with_some(
            "lastUpdatedDate",
            consent.map(|consent| millis(consent.updated.0)),
        )
        .with("additionalGrants", additional)
        .into()
}
