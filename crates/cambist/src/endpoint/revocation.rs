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
    facts::{Facts, FactsNeeded},
    moment::Moment,
    realm::Realm,
    request::{Envelope, RequestError},
    subject::{ReadRefreshToken, ReadToken, TakenTypes, read_access_token, read_refresh_token},
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
    ) -> Result<PendingRevocation, EndpointAnswer> {
        if !realm.enabled() {
            return Err(refused(RequestError::RealmDisabled));
        }
        let asked = Asked::read(self, realm, envelope, body, moment, as_at_token_endpoint)?;
        let Some(text) = asked.parameters.raw("token") else {
            return Err(EndpointAnswer::error(
                400,
                "invalid_request",
                "Token not provided",
            ));
        };
        let limits = self.jws_limits();
        let token = match read_refresh_token(&asked.realm, &asked.issuer, text, moment, limits) {
            Ok(token) => Revoked::Refresh(Box::new(token)),
            Err(_) => {
                let types = TakenTypes::Any;
                read_access_token(&asked.realm, &asked.issuer, text, types, moment, limits)
                    .map(|token| Revoked::Access(Box::new(token)))
                    .map_err(|_| EndpointAnswer::error(200, "invalid_token", "Invalid token"))?
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
}

impl PendingRevocation {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        match &self.token {
            Revoked::Access(_) => FactsNeeded::default(),
            Revoked::Refresh(token) => refresh_facts(token),
        }
    }

    /// Answers; the answer opens when the revocation is durable.
    pub fn answer(self, facts: &Facts) -> SealedAnswer {
        let Self { asked, token } = self;
        let effects = match token {
            Revoked::Access(token) => {
                vec![Effect::Revoke {
                    token: token.token_id.clone(),
                    until: token.expires,
                }]
            }
            Revoked::Refresh(token) => {
                let session = facts.session.as_deref().filter(|session| {
                    Some(&session.id) == token.session.as_ref() && session.kind == token.kind
                });
                match (session, asked.client()) {
                    (Some(session), Ok(client)) => vec![Effect::EndClientSession {
                        session: session.id.clone(),
                        kind: session.kind,
                        client: client.uuid().into(),
                        end_empty: true,
                    }],
                    _ => Vec::new(),
                }
            }
        };
        let answer = EndpointAnswer::empty(200);
        let answer = match asked.client() {
            Ok(client) => answer.readable_by(client.client_id()),
            Err(refused) => refused,
        };
        SealedAnswer::new(asked.realm.name(), effects, answer)
    }
}
