//! Cross-origin headers (the Fetch standard's CORS protocol), as Keycloak sends them.

use cambist::{decision::Denial, realm::Realm, refusal::Refusal, request::RequestError};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ORIGIN,
    },
};

use crate::{Response, respond};

const ALLOWED_HEADERS: &str = "Origin, Access-Control-Request-Method, X-Requested-With, Accept, \
                               Access-Control-Request-Headers, DPoP, Content-Type, Authorization";
const PREFLIGHT_SECONDS: &str = "3600";

/// Lets every origin read the answer: for what is public anyway.
pub(crate) fn open(response: &mut Response, request: &HeaderMap) {
    if let Some(origin) = request.get(ORIGIN) {
        allow(response.headers_mut(), origin);
    }
}

/// Lets this origin read the answer of an endpoint that a client was authenticated at.
pub(crate) fn allow_origin(response: &mut Response, origin: &HeaderValue) {
    let headers = response.headers_mut();
    allow(headers, origin);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Access-Control-Allow-Methods"),
    );
}

/// The answer to `OPTIONS`. It is the same for every origin, because nobody knows the client yet.
pub(crate) fn preflight(request: &HeaderMap, methods: &'static str) -> Response {
    let mut response = respond::empty(http::StatusCode::OK);
    if let Some(origin) = request.get(ORIGIN) {
        let headers = response.headers_mut();
        allow(headers, origin);
        let fixed: [(HeaderName, &'static str); 3] = [
            (ACCESS_CONTROL_ALLOW_METHODS, methods),
            (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
            (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// Whether a denial may be read by the origin that sent the request.
///
/// What is refused before anybody asked for the client is open to none. A failure of the client itself is
/// open to all. What comes later is open to the client's own origins.
pub(crate) fn denial_is_open(denial: &Denial, realm: &Realm, origin: &str) -> bool {
    match denial.refusal() {
        Refusal::Client(_) => true,
        Refusal::Request(
            RequestError::HttpsRequired
            | RequestError::RealmDisabled
            | RequestError::Form(_)
            | RequestError::Missing("grant_type")
            | RequestError::UnsupportedGrant
            | RequestError::InvalidOrigin,
        ) => false,
        _ => denial
            .event()
            .client
            .as_deref()
            .is_some_and(|client| client_has(realm, client, origin)),
    }
}

/// Whether the client has this origin among its web origins.
pub(crate) fn client_has(realm: &Realm, client: &str, origin: &str) -> bool {
    realm.client_by_id(client).is_some_and(|client| {
        client
            .web_origins()
            .iter()
            .any(|own| matches!(&**own, "*") || **own == *origin)
    })
}

fn allow(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_says_what_was_recorded() {
        let mut request = HeaderMap::new();
        assert_eq!(
            preflight(&request, "POST, OPTIONS")
                .headers()
                .get(ACCESS_CONTROL_ALLOW_METHODS),
            None
        );

        request.insert(ORIGIN, HeaderValue::from_static("https://shop.example"));
        let response = preflight(&request, "POST, OPTIONS");
        let header = |name| response.headers().get(name).map(HeaderValue::as_bytes);
        assert_eq!(
            header(ACCESS_CONTROL_ALLOW_ORIGIN),
            Some(&b"https://shop.example"[..])
        );
        assert_eq!(header(ACCESS_CONTROL_ALLOW_CREDENTIALS), Some(&b"true"[..]));
        assert_eq!(
            header(ACCESS_CONTROL_ALLOW_METHODS),
            Some(&b"POST, OPTIONS"[..])
        );
        assert_eq!(header(ACCESS_CONTROL_MAX_AGE), Some(&b"3600"[..]));
        assert_eq!(
            header(ACCESS_CONTROL_ALLOW_HEADERS),
            Some(
                &b"Origin, Access-Control-Request-Method, X-Requested-With, Accept, \
                   Access-Control-Request-Headers, DPoP, Content-Type, Authorization"[..]
            )
        );
    }
}
