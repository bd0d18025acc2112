//! `/realms/{realm}/protocol/openid-connect/token/introspect` (RFC 7662).

use std::sync::Arc;

use http::{HeaderValue, header::CACHE_CONTROL};

use super::sibling;
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
        Err(sealed) => return sibling::open(call, moment, sealed).await,
    };
    let needed = pending.facts_needed();
    let mut response = sibling::commit(call, moment, &needed, |facts| pending.answer(facts)).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
