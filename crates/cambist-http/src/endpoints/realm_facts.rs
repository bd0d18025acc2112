//! `/realms/{realm}`: the public facts of a realm.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{crypto::Algorithm, realm::Realm};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde_json::json;

use crate::{Response, respond, service::Call};

/// Name, key and addresses. A disabled realm shows them too.
pub(crate) fn realm_facts(call: &Call<'_>) -> Response {
    let body = json!({
        "realm": call.realm.name(),
        "public_key": public_key(&call.realm),
        "token-service": format!("{}/protocol/openid-connect", call.issuer),
        "account-service": format!("{}/account", call.issuer),
        "tokens-not-before": call.realm.tokens().not_before,
    });
    let mut response = respond::json(StatusCode::OK, body.to_string());
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=UTF-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The active RS256 key, base64 of its DER.
fn public_key(realm: &Realm) -> Option<String> {
    let key = realm.keys().active(Algorithm::Rs256)?;
    Some(STANDARD.encode(key.public.as_ref()?.key.to_spki_der()))
}
