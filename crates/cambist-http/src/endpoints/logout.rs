//! `/realms/{realm}/protocol/openid-connect/logout` with a refresh token.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};

use super::sibling;
use crate::{Response, head::Head, service::Call};

/// Ends the session of a refresh token. Answers 204 only when it has ended for good.
pub(crate) async fn logout(call: &Call<'_>) -> Response {
    let moment = call.service.clock().moment();
    let pending = {
        let head = Head::of(call);
        let engine = call.service.engine();
        engine.log_out(Arc::clone(&call.realm), &head.envelope(), call.body, moment)
    };
    let mut response = match pending {
        Ok(pending) => {
            let needed = pending.facts_needed();
            sibling::commit(call, moment, &needed, |facts| pending.answer(facts)).await
        }
        Err(sealed) => sibling::open(call, moment, sealed).await,
    };
    if response.status() == StatusCode::NO_CONTENT {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}
