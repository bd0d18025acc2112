//! What the token endpoint's siblings share: from the engine's answer to a response.

use cambist::{
    endpoint::{AnswerBody, EndpointAnswer, SealedAnswer},
    facts::{Facts, FactsNeeded},
    moment::Moment,
};
use http::{
    HeaderValue, StatusCode,
    header::{ORIGIN, WWW_AUTHENTICATE},
};

use super::token::not_stored;
use crate::{Response, cors, respond as answers, service::Call};

/// Loads the facts, stores what the answer rests on, and opens it.
pub(super) async fn commit(
    call: &Call<'_>,
    moment: Moment,
    needed: &FactsNeeded,
    answer: impl FnOnce(&Facts) -> SealedAnswer,
) -> Response {
    let store = call.service.store();
    let facts = match store
        .load_facts(call.realm.name(), needed, moment.now)
        .await
    {
        Ok(facts) => facts,
        Err(error) => return not_stored(error.into()),
    };
    open(call, moment, answer(&facts)).await
}

/// Stores what an answer rests on, and opens it.
pub(super) async fn open(call: &Call<'_>, moment: Moment, sealed: SealedAnswer) -> Response {
    let (effects, open) = sealed.into_parts();
    if effects.is_empty() {
        return respond(call, open(effects.committed()));
    }
    let store = call.service.store();
    match store.commit(effects, moment.now).await {
        Ok(receipt) => respond(call, open(receipt)),
        Err(error) => not_stored(error),
    }
}

/// The response to an answer of the engine.
pub(super) fn respond(call: &Call<'_>, answer: EndpointAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match answer.body {
        AnswerBody::Empty => answers::empty(status),
        AnswerBody::Json(body) => answers::json(status, body),
        AnswerBody::Jwt(token) => answers::jwt(status, token.into()),
    };
    if let Some(challenge) = answer.challenge
        && let Ok(challenge) = HeaderValue::from_str(&challenge)
    {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    if let (Some(client), Some(origin)) = (&answer.client, call.request.headers.get(ORIGIN))
        && origin
            .to_str()
            .is_ok_and(|origin| cors::client_has(&call.realm, client, origin))
    {
        cors::allow_origin(&mut response, origin);
    }
    response
}
