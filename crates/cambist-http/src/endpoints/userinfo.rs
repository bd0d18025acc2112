//! `/realms/{realm}/protocol/openid-connect/userinfo` (OpenID Connect Core section 5.3).

use std::sync::Arc;

use cambist::{effects::SingleUse, endpoint::used_proof};
use cambist_store::{CommitError, Conflict};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA},
};

use super::{nonce, sibling, token::not_stored};
use crate::{Response, head::Head, service::Call};

/// Says who the user of a token is.
pub(crate) async fn userinfo(call: &Call<'_>) -> Response {
    let moment = call.service.clock().moment();
    let pending = {
        let head = Head::of(call);
        let engine = call.service.engine();
        engine.user_info(Arc::clone(&call.realm), &head.envelope(), call.body, moment)
    };
    let answer = match pending {
        Ok(pending) => {
            let needed = pending.facts_needed();
            let store = call.service.store();
            match store
                .load_facts(call.realm.name(), &needed, moment.now)
                .await
            {
                Ok(facts) => pending.answer(&facts),
                Err(error) => return not_stored(error.into()),
            }
        }
        Err(answer) => answer,
    };
    let (effects, open) = answer.into_parts();
    let answer = if effects.is_empty() {
        open(effects.committed())
    } else {
        match call.service.store().commit(effects, moment.now).await {
            Ok(receipt) => open(receipt),
            Err(CommitError::Conflict(Conflict::UsedBefore {
                purpose: SingleUse::DpopProof,
            })) => used_proof(call.realm.name()),
            Err(error) => return not_stored(error),
        }
    };
    let mut response = sibling::respond(call, answer);
    nonce::give(call, moment, &mut response);
    let cached = if response.status().is_success() {
        "no-cache"
    } else {
        "no-store"
    };
    let empty = response.body().is_empty();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cached));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    if empty {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain;charset=UTF-8"),
        );
    }
    response
}
