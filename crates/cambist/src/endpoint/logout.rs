//! Logout with a refresh token: ends the whole user session.

use alloc::{sync::Arc, vec::Vec};

use super::{
    EndpointAnswer, SealedAnswer,
    asked::{Asked, as_at_token_endpoint, refused},
    introspection::refresh_facts,
};
use crate::{
    effects::Effect,
    engine::Engine,
    facts::{Facts, FactsNeeded, SessionId, SessionKind},
    moment::Moment,
    realm::Realm,
    refusal::RefreshError,
    request::Envelope,
    subject::{SubjectTokenError, read_refresh_token},
};

/// A logout that waits for facts.
#[derive(Debug)]
#[must_use]
pub struct PendingLogout {
    realm: Arc<Realm>,
    needed: FactsNeeded,
    session: Option<(SessionId, SessionKind)>,
    used: Vec<Effect>,
}

impl Engine {
    /// Reads a logout request. A disabled realm is no obstacle.
    ///
    /// # Errors
    ///
    /// The answer, when the request gets no further. A token that has run out is no error: there is nothing
    /// left to end.
    pub fn log_out(
        &self,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
    ) -> Result<PendingLogout, SealedAnswer> {
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

fn pending(asked: Asked) -> Result<PendingLogout, EndpointAnswer> {
    let Some(text) = asked.parameters.raw("refresh_token") else {
        return Err(refused(RefreshError::Missing));
    };
    let (moment, limits) = (asked.moment, asked.engine.jws_limits());
    let used = asked.effects();
    let token = match read_refresh_token(&asked.realm, &asked.issuer, text, moment, limits) {
        Ok(token) => token,
        Err(SubjectTokenError::Expired { .. }) => {
            let needed = FactsNeeded::default();
            return Ok(PendingLogout {
                realm: asked.realm,
                needed,
                session: None,
                used,
            });
        }
        Err(error) => return Err(refused(RefreshError::Token(error))),
    };
    if *token.authorized_party != *asked.client()?.client_id() {
        return Err(refused(RefreshError::OtherClient));
    }
    let needed = refresh_facts(&token);
    let session = token.session.map(|session| (session, token.kind));
    Ok(PendingLogout {
        realm: asked.realm,
        needed,
        session,
        used,
    })
}

impl PendingLogout {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        self.needed.clone()
    }

    /// Answers; the answer opens when the session has ended for good.
    pub fn answer(self, facts: &Facts) -> SealedAnswer {
        let Self {
            realm,
            session,
            used: mut effects,
            ..
        } = self;
        let there = facts.session.as_deref();
        if let Some((session, kind)) = session
            && there.is_some_and(|there| there.id == session && there.kind == kind)
        {
            effects.push(Effect::EndSession { session, kind });
        }
        SealedAnswer::new(realm.name(), effects, EndpointAnswer::empty(204))
    }
}
