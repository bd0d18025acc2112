//! `/realms/{realm}/protocol/openid-connect/revoke` (RFC 7009).

use std::sync::Arc;

use super::sibling;
use crate::{Response, head::Head, service::Call};

/// Revokes a token. Answers 200 only when that is durable.
pub(crate) async fn revocation(call: &Call<'_>) -> Response {
    let moment = call.service.clock().moment();
    let pending = {
        let head = Head::of(call);
        let engine = call.service.engine();
        engine.revoke(Arc::clone(&call.realm), &head.envelope(), call.body, moment)
    };
    match pending {
        Ok(pending) => {
            let needed = pending.facts_needed();
            sibling::commit(call, moment, &needed, |facts| pending.answer(facts)).await
        }
        Err(sealed) => sibling::open(call, moment, sealed).await,
    }
}
