//! UserInfo (OpenID Connect Core section 5.3).

use alloc::{boxed::Box, format, string::String, sync::Arc};

use super::{EndpointAnswer, asked::refused, mapped_claims::Subject};
use crate::{
    claims::ClaimTarget,
    engine::Engine,
    facts::{Facts, FactsNeeded},
    moment::Moment,
    realm::Realm,
    request::{Envelope, Form, RequestError},
    subject::{
        LivenessError, ReadToken, SubjectTokenError, TakenTypes, TokenCode, read_access_token,
    },
};

/// A userinfo request that waits for facts.
#[derive(Debug)]
#[must_use]
pub struct PendingUserInfo {
    engine: Engine,
    realm: Arc<Realm>,
    token: ReadToken,
    moment: Moment,
}

impl Engine {
    /// Reads a userinfo request. The token comes in the header or in a form, never in the query.
    ///
    /// # Errors
    ///
    /// The answer, when the request gets no further.
    pub fn user_info(
        &self,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
    ) -> Result<PendingUserInfo, EndpointAnswer> {
        let name = realm.name();
        if !envelope.is_secure_for(&realm) {
            return Err(refused(RequestError::HttpsRequired));
        }
        let limits = self.limits();
        let form = Form::parse(envelope.form_of(body), limits.body, limits.parameters)
            .map_err(|error| refused(RequestError::from(error)))?;
        let header = envelope.authorization.and_then(bearer);
        let text = match (header, form.first("access_token")) {
            (Some(_), Some(_)) => {
                return Err(challenge(
                    name,
                    400,
                    "invalid_request",
                    "More than one method used for including an access token",
                ));
            }
            (Some(token), None) | (None, Some(token)) => token,
            (None, None) => return Err(unauthenticated(name)),
        };
        if !realm.enabled() {
            return Err(unverified(name));
        }
        let types = TakenTypes::BearerOnly;
        let token = read_access_token(
            &realm,
            envelope.issuer,
            text,
            types,
            moment,
            self.jws_limits(),
        )
        .map_err(|error| dead(name, &error))?;
        if token.is_bound() {
            return Err(unverified(name));
        }
        if token.id.token == TokenCode::Lightweight {
            return Err(challenge(
                name,
                401,
                "invalid_token",
                "Lightweight access token not allowed for userinfo endpoint",
            ));
        }
        let party = realm.client_by_id(token.authorized_party());
        if party.is_some_and(|party| !party.admits_origin(envelope.origin, envelope.issuer)) {
            return Err(refused(RequestError::InvalidOrigin));
        }
        let openid = token
            .scope()
            .unwrap_or_default()
            .split(' ')
            .any(|scope| scope == "openid");
        if !openid {
            return Err(challenge(
                name,
                403,
                "insufficient_scope",
                "Missing openid scope",
            ));
        }
        Ok(PendingUserInfo {
            engine: self.clone(),
            realm,
            token,
            moment,
        })
    }
}

impl PendingUserInfo {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            session: self.token.session_query(),
            subject: self.token.user_query(),
            revocations: alloc::vec![self.token.token_id.clone()],
            ..FactsNeeded::default()
        }
    }

    /// Answers.
    #[must_use]
    pub fn answer(self, facts: &Facts) -> EndpointAnswer {
        let Self {
            engine,
            realm,
            token,
            moment,
        } = self;
        let subject = match token.verify(&realm, facts, moment) {
            Ok(subject) => subject,
            Err(error) => return dead(realm.name(), &error),
        };
        let Some(client) = realm.client_by_id(subject.token().authorized_party()) else {
            return unverified(realm.name());
        };
        let asked = Subject {
            realm: &realm,
            client,
            user: subject.user(),
            session: subject.session().map(|session| &**session),
            scope: subject.token().scope().unwrap_or_default(),
            moment,
            provider: engine.crypto(),
        };
        asked.mapped(ClaimTarget::UserInfo, |mut mapped| {
            let sub = mapped.subject.take().map_or_else(
                || Box::from(subject.user().id.as_str()),
                |subject| Box::from(&*subject),
            );
            let sub: Box<str> = sub;
            mapped.claims.set(
                "sub",
                crate::claims::ClaimValue::Text(String::from(sub).into()),
            );
            EndpointAnswer::json(200, &mapped.claims).readable_by(client.client_id())
        })
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn dead(realm: &str, error: &SubjectTokenError) -> EndpointAnswer {
    let text = match error {
        SubjectTokenError::Liveness(
            LivenessError::NoSession
            | LivenessError::SessionExpired
            | LivenessError::NoClientSession
            | LivenessError::ClientSessionExpired
            | LivenessError::OlderThanSession
            | LivenessError::NoUser,
        ) => "user_session_not_found",
        SubjectTokenError::Liveness(LivenessError::UserDisabled) => "User disabled",
        SubjectTokenError::Liveness(LivenessError::ClientDisabled) => "Client disabled",
        _ => return unverified(realm),
    };
    challenge(realm, 401, "invalid_token", text)
}

fn unverified(realm: &str) -> EndpointAnswer {
    challenge(realm, 401, "invalid_token", "Token verification failed")
}

fn unauthenticated(realm: &str) -> EndpointAnswer {
    let mut answer = EndpointAnswer::empty(401);
    answer.challenge = Some(format!("Bearer realm=\"{realm}\""));
    answer
}

/// RFC 6750 section 3.
fn challenge(realm: &str, status: u16, error: &str, description: &str) -> EndpointAnswer {
    let mut answer = EndpointAnswer::empty(status);
    answer.challenge = Some(format!(
        "Bearer realm=\"{realm}\", error=\"{error}\", error_description=\"{description}\""
    ));
    answer
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn the_scheme_is_read_in_any_letters() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer abc"), Some("abc"));
        for header in ["Bearer ", "Bearer", "Basic abc", ""] {
            assert_eq!(bearer(header), None, "{header}");
        }
    }
}
