//! `/realms/{realm}/protocol/openid-connect/token/introspect` (RFC 7662).

use std::sync::Arc;

use http::{HeaderValue, header::CACHE_CONTROL};

use super::{sibling, token::not_stored};
use crate::{Response, head::Head, service::Call};

/// Says whether a token is active, to a client in its audience.
pub(crate) async fn introspection(call: &Call<'_>) -> Response {
    let moment = call.service.clock().moment();
    let pending = {
        let head = Head::of(call);
        let engine = call.service.engine();
        engine.introspect(Arc::clone(&call.realm), &head.envelope(), call.body, moment)
    };
    let pending = match pending {
        Ok(pending) => pending,
        Err(answer) => return sibling::respond(call, answer),
    };
    let needed = pending.facts_needed();
    let store = call.service.store();
    let mut response = match store
        .load_facts(call.realm.name(), &needed, moment.now)
        .await
    {
        Ok(facts) => sibling::respond(call, pending.answer(&facts)),
        Err(error) => return not_stored(error.into()),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
