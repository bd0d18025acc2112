//! `/realms/{realm}/protocol/openid-connect/certs`: the public keys (RFC 7517 section 5).

use cambist::realm::document::KeyStatus;
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use serde_json::{Value, json};

use crate::{Response, respond, service::Call};

/// The keys that verify, and those that others may encrypt to. A disabled realm shows them too.
pub(crate) fn certs(call: &Call<'_>) -> Response {
    let keys: Vec<Value> = call
        .realm
        .keys()
        .all()
        .iter()
        .filter(|key| key.status != KeyStatus::Disabled)
        .filter_map(|key| {
            let mut jwk = serde_json::to_value(key.public.as_ref()?).ok()?;
            // An encryption algorithm is no algorithm of the JOSE layer, which knows signatures only.
            jwk.as_object_mut()?
                .insert("alg".to_owned(), Value::from(&*key.algorithm));
            Some(jwk)
        })
        .collect();
    let mut response = respond::json(StatusCode::OK, json!({ "keys": keys }).to_string());
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
