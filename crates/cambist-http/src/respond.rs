//! Answers that do not come from the engine.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use crate::Response;

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A signed token.
pub(crate) fn jwt(status: StatusCode, token: String) -> Response {
    let mut response = json(status, token);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// `{"error": ..}` with or without a description.
pub(crate) fn error(status: StatusCode, error: &str, description: Option<&str>) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error_description: Option<&'a str>,
    }
    let body = Body {
        error,
        error_description: description,
    };
    // Two texts cannot fail to serialise.
    json(status, serde_json::to_vec(&body).unwrap_or_default())
}

/// `HTTP 405 Method Not Allowed`, without `Allow` as Keycloak has it.
pub(crate) fn method_not_allowed() -> Response {
    error(
        StatusCode::METHOD_NOT_ALLOWED,
        "HTTP 405 Method Not Allowed",
        None,
    )
}

/// `HTTP 404 Not Found`.
pub(crate) fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "HTTP 404 Not Found", None)
}

/// `HTTP 413 Request Entity Too Large`.
pub(crate) fn too_large() -> Response {
    error(
        StatusCode::PAYLOAD_TOO_LARGE,
        "HTTP 413 Request Entity Too Large",
        None,
    )
}

/// The name in the path is no realm.
pub(crate) fn no_such_realm() -> Response {
    error(StatusCode::NOT_FOUND, "Realm does not exist", None)
}

/// Storage or keys failed; what exactly is in the log only.
pub(crate) fn unavailable(retry_after: Option<&'static str>) -> Response {
    let mut response = error(
        StatusCode::SERVICE_UNAVAILABLE,
        "temporarily_unavailable",
        Some("The server cannot answer at the moment"),
    );
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    response
}
