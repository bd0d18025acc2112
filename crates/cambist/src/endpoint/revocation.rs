//! Token revocation (RFC 7009), as Keycloak does it: an access token is marked by its id, a refresh token
//! ends its client's session.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};

use super::{
    EndpointAnswer, SealedAnswer,
    asked::{Asked, as_at_token_endpoint, refused},
    introspection::refresh_facts,
};
use crate::{
    effects::Effect,
    engine::Engine,
    facts::{Facts, FactsNeeded, UserSession},
    moment::{Moment, Timestamp},
    realm::{Client, Realm},
    request::{Envelope, RequestError},
    subject::{
        ReadRefreshToken, ReadToken, SessionCode, SubjectTokenError, TakenTypes, read_access_token,
        read_refresh_token,
    },
};

/// A revocation that waits for facts.
#[derive(Debug)]
#[must_use]
pub struct PendingRevocation {
    asked: Asked,
    token: Revoked,
}

#[derive(Debug)]
enum Revoked {
    Access(Box<ReadToken>),
    Refresh(Box<ReadRefreshToken>),
}

impl Engine {
    /// Reads a revocation request. The hint is passed over: what a token is shows from the token.
    ///
    /// # Errors
    ///
    /// The answer, when the request gets no further. Something that is no token is answered with 200 and an
    /// error body, as Keycloak does.
    pub fn revoke(
        &self,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
    ) -> Result<PendingRevocation, SealedAnswer> {
        if !realm.enabled() {
            let answer = refused(RequestError::RealmDisabled);
            return Err(SealedAnswer::new(realm.name(), Vec::new(), answer));
        }
        Asked::read(
            self,
            realm,
            envelope,
            body,
            moment,
            as_at_token_endpoint,
            pending,
        )
    }
}

fn pending(asked: Asked) -> Result<PendingRevocation, EndpointAnswer> {
    let Some(text) = asked.parameters.raw("token") else {
        return Err(EndpointAnswer::error(
            400,
            "invalid_request",
            "Token not provided",
        ));
    };
    let (moment, limits) = (asked.moment, asked.engine.jws_limits());
    let token = match read_refresh_token(&asked.realm, &asked.issuer, text, moment, limits) {
        Ok(token) => Revoked::Refresh(Box::new(token)),
        Err(_) => {
            let types = TakenTypes::Any;
            read_access_token(&asked.realm, &asked.issuer, text, types, moment, limits)
                .map(|token| Revoked::Access(Box::new(token)))
                .map_err(|error| match error {
                    // What has run out is as good as revoked.
                    SubjectTokenError::Expired { .. } => EndpointAnswer::empty(200),
                    _ => EndpointAnswer::error(200, "invalid_token", "Invalid token"),
                })?
        }
    };
    let party = match &token {
        Revoked::Access(token) => &token.authorized_party,
        Revoked::Refresh(token) => &token.authorized_party,
    };
    if **party != *asked.client()?.client_id() {
        return Err(EndpointAnswer::error(
            400,
            "invalid_request",
            "Unmatching clients",
        ));
    }
    match &token {
        Revoked::Access(token) if !token.is_access_token() => Err(EndpointAnswer::error(
            400,
            "unsupported_token_type",
            "Unsupported token type",
        )),
        _ => Ok(PendingRevocation { asked, token }),
    }
}

impl PendingRevocation {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        match &self.token {
            Revoked::Access(token) => FactsNeeded {
                session: token.session_query(),
                ..FactsNeeded::default()
            },
            Revoked::Refresh(token) => refresh_facts(token),
        }
    }

    /// Answers; the answer opens when the revocation is durable.
    ///
    /// With the token go the client sessions in its session that standard exchanges made from tokens of its
    /// client, and those made from theirs.
    pub fn answer(self, facts: &Facts) -> SealedAnswer {
        let Self { asked, token } = self;
        let client = match asked.client() {
            Ok(client) => client,
            Err(refused) => return SealedAnswer::new(asked.realm.name(), asked.effects(), refused),
        };
        let session = facts.session.as_deref();
        let mut effects = asked.effects();
        effects.extend(match token {
            Revoked::Access(token) => {
                let mut effects = vec![Effect::Revoke {
                    token: token.token_id.clone(),
                    until: remembered(&asked.realm, &token, asked.moment),
                }];
                if let Some(session) = session {
                    effects.extend(ended(&asked.realm, session, client, Vec::new()));
                }
                effects
            }
            Revoked::Refresh(token) => match session {
                Some(session)
                    if Some(&session.id) == token.session.as_ref()
                        && session.kind == token.kind =>
                {
                    ended(&asked.realm, session, client, vec![client.uuid()])
                }
                _ => Vec::new(),
            },
        });
        let answer = EndpointAnswer::empty(200).readable_by(client.client_id());
        SealedAnswer::new(asked.realm.name(), effects, answer)
    }
}

/// Until when a revocation must be remembered: while the token could be taken and, where that matters, while any
/// token made from it could. Nothing is made from it once it is revoked, so the longest life of a token bounds that.
fn remembered(realm: &Realm, token: &ReadToken, moment: Moment) -> Timestamp {
    if !realm.records_lineage() {
        return token.expires;
    }
    let sessions = realm.sessions();
    let offline = matches!(
        token.id.session,
        SessionCode::Offline | SessionCode::OfflineTransientClient | SessionCode::Unknown
    );
    // An offline token without an end may stem from it.
    if offline && !sessions.offline_max_enabled {
        return Timestamp(i64::MAX);
    }
    let own = realm
        .clients()
        .iter()
        .filter_map(|client| client.tokens().access_token_lifespan);
    let longest = own
        .chain([realm.tokens().access_token_lifespan, sessions.max])
        .chain(offline.then_some(sessions.offline_max))
        .max();
    token
        .expires
        .max(moment.now.after(longest.unwrap_or_default()))
}

/// The ends of `first` and of every client session that comes from tokens of this client, at any distance.
///
/// Which of its tokens it was does not count: a token that is known to be in wrong hands puts the others of the
/// same login in doubt, and Keycloak keeps no more than the client in mind.
fn ended<'a>(
    realm: &'a Realm,
    session: &'a UserSession,
    client: &Client,
    first: Vec<&'a str>,
) -> Vec<Effect> {
    let mut gone = first;
    gone.extend(derived_from(session, client.client_id()));
    let mut next = 0_usize;
    while let Some(uuid) = gone.get(next) {
        next = next.saturating_add(1);
        let Some(client) = realm.client_by_uuid(uuid) else {
            continue;
        };
        for child in derived_from(session, client.client_id()) {
            if !gone.contains(&child) {
                gone.push(child);
            }
        }
    }
    gone.into_iter()
        .map(|client| Effect::EndClientSession {
            session: session.id.clone(),
            kind: session.kind,
            client: client.into(),
            end_empty: true,
        })
        .collect()
}

fn derived_from<'a>(session: &'a UserSession, client_id: &str) -> impl Iterator<Item = &'a str> {
    session
        .clients
        .iter()
        .filter(move |(_, state)| state.derived_from.contains(client_id))
        .map(|(uuid, _)| uuid.as_str())
}
