//! Answers, in the shapes that Keycloak gives them.
//!
//! Which answer carries `Cache-Control` and a character set follows no rule; each constructor is one of the
//! recorded shapes.

use bytes::Bytes;
use cambist_keycloak::{ImportError, Json, Writer};
use cambist_store::{CommitError, Conflict, StoreError};
use http::{HeaderValue, Response, StatusCode, header};

use crate::RegistryError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const JSON_UTF8: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// What an answer is made of.
pub(crate) type Answer = Response<Bytes>;

/// 200 with JSON, not to be cached: what most readings give.
pub(crate) fn ok(body: impl Into<Json>) -> Answer {
    cached_never(with_json(StatusCode::OK, body.into(), JSON_UTF8))
}

/// 200 with JSON and nothing about caching.
pub(crate) fn ok_plain(body: impl Into<Json>) -> Answer {
    with_json(StatusCode::OK, body.into(), JSON_UTF8)
}

/// 200 with JSON as downloads have it.
pub(crate) fn download(body: impl Into<Json>) -> Answer {
    with_json(StatusCode::OK, body.into(), JSON)
}

/// 201 with the thing made.
pub(crate) fn made(body: impl Into<Json>) -> Answer {
    cached_never(with_json(StatusCode::CREATED, body.into(), JSON_UTF8))
}

/// 201 with `Location` and no body.
pub(crate) fn created(location: &str) -> Answer {
    located(bare(StatusCode::CREATED), location)
}

/// 201 with `Location`, no body, not to be cached.
pub(crate) fn created_no_cache(location: &str) -> Answer {
    cached_never(created(location))
}

/// 201 with `Location` and a body, as a group below another gets it.
pub(crate) fn created_with(location: &str, body: impl Into<Json>) -> Answer {
    cached_never(located(
        with_json(StatusCode::CREATED, body.into(), JSON),
        location,
    ))
}

/// 201, empty, not to be cached: what a changed policy or permission gives.
pub(crate) fn replaced() -> Answer {
    cached_never(bare(StatusCode::CREATED))
}

/// 204.
pub(crate) fn done() -> Answer {
    bare(StatusCode::NO_CONTENT)
}

/// 204, not to be cached.
pub(crate) fn done_no_cache() -> Answer {
    cached_never(done())
}

fn bare(status: StatusCode) -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

fn with_json(status: StatusCode, body: Json, kind: HeaderValue) -> Answer {
    // Texts and numbers only: this cannot fail.
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut answer = Response::new(Bytes::from(bytes));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

fn cached_never(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CACHE_CONTROL, NO_CACHE);
    answer
}

fn located(mut answer: Answer, location: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(header::LOCATION, value);
    }
    answer
}

/// Why a call is refused.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// `{"error": "HTTP 404 Not Found"}` and its like.
    Status(StatusCode),
    /// `{"error", "error_description"}`.
    Error {
        status: StatusCode,
        error: String,
        description: Option<String>,
    },
    /// `{"errorMessage"}`.
    Message { status: StatusCode, text: String },
    /// A member of a user is wrong.
    Field {
        text: &'static str,
        field: &'static str,
        params: Vec<Json>,
    },
    /// No body, not to be cached.
    Empty(StatusCode),
    /// The change would leave a realm that does not build.
    Invalid(String),
}

impl Failure {
    /// `{"error": text}` with 404.
    pub(crate) fn not_found(text: &str) -> Self {
        Self::Error {
            status: StatusCode::NOT_FOUND,
            error: text.to_owned(),
            description: None,
        }
    }

    /// `{"error": text}` with 400.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::Error {
            status: StatusCode::BAD_REQUEST,
            error: text.into(),
            description: None,
        }
    }

    /// `{"errorMessage": text}`.
    pub(crate) fn message(status: StatusCode, text: impl Into<String>) -> Self {
        Self::Message {
            status,
            text: text.into(),
        }
    }

    /// `{"errorMessage": text}` with 409.
    pub(crate) fn exists(text: impl Into<String>) -> Self {
        Self::message(StatusCode::CONFLICT, text)
    }

    /// `{"errorMessage": text}` with 400.
    pub(crate) fn bad_message(text: impl Into<String>) -> Self {
        Self::message(StatusCode::BAD_REQUEST, text)
    }

    /// An internal id is taken.
    pub(crate) fn duplicate() -> Self {
        Self::Error {
            status: StatusCode::CONFLICT,
            error: "conflict".to_owned(),
            description: Some("Duplicate resource error".to_owned()),
        }
    }

    /// What Keycloak says when it fails itself.
    pub(crate) fn internal() -> Self {
        Self::Error {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: "unknown_error".to_owned(),
            description: Some("For more on this error consult the server log.".to_owned()),
        }
    }

    /// JSON of the wrong kind.
    pub(crate) fn wrong_json() -> Self {
        Self::Error {
            status: StatusCode::BAD_REQUEST,
            error: "unknown_error".to_owned(),
            description: Some("Cannot parse the JSON".to_owned()),
        }
    }

    /// The answer.
    pub(crate) fn answer(&self) -> Answer {
        match self {
            Self::Status(status) => {
                let reason = status.canonical_reason().unwrap_or("Unknown");
                let text = format!("HTTP {} {reason}", status.as_u16());
                with_json(*status, Writer::new().with("error", text).into(), JSON)
            }
            Self::Error {
                status,
                error,
                description,
            } => {
                let body = Writer::new()
                    .with("error", error.clone())
                    .with_some("error_description", description.clone());
                with_json(*status, body.into(), JSON)
            }
            Self::Message { status, text } => with_json(
                *status,
                Writer::new().with("errorMessage", text.clone()).into(),
                JSON,
            ),
            Self::Field {
                text,
                field,
                params,
            } => {
                let body = Writer::new()
                    .with("field", *field)
                    .with("errorMessage", *text)
                    .with("params", params.clone());
                with_json(StatusCode::BAD_REQUEST, body.into(), JSON)
            }
            Self::Empty(status) => cached_never(bare(*status)),
            Self::Invalid(reason) => {
                let body = Writer::new()
                    .with("error", "invalid_input")
                    .with("error_description", reason.clone());
                with_json(StatusCode::BAD_REQUEST, body.into(), JSON)
            }
        }
    }
}

impl From<ImportError> for Failure {
    fn from(_: ImportError) -> Self {
        Self::wrong_json()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownRealm { .. } => Self::not_found("Realm not found."),
            StoreError::Conflict(conflict) => conflict.into(),
            StoreError::Unavailable(_) => Self::Status(StatusCode::SERVICE_UNAVAILABLE),
            _ => Self::internal(),
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(conflict) => conflict.into(),
            _ => Self::Status(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

impl From<Conflict> for Failure {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::UsernameTaken => Self::exists("User exists with same username"),
            Conflict::EmailTaken => Self::exists("User exists with same email"),
            Conflict::UserGone => Self::not_found("User not found"),
            Conflict::RealmGone => Self::not_found("Realm not found."),
            _ => Self::duplicate(),
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Store(error) => error.into(),
            RegistryError::Invalid(error) => Self::Invalid(error.to_string()),
            RegistryError::Keys { .. } => Self::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::{Failure, created, ok, replaced};

    #[test]
    fn refusals_have_the_recorded_shapes() {
        let body =
            |failure: Failure| String::from_utf8(failure.answer().into_body().to_vec()).unwrap();
        assert_eq!(
            body(Failure::Status(StatusCode::UNAUTHORIZED)),
            r#"{"error":"HTTP 401 Unauthorized"}"#
        );
        assert_eq!(
            body(Failure::Status(StatusCode::FORBIDDEN)),
            r#"{"error":"HTTP 403 Forbidden"}"#
        );
        assert_eq!(
            body(Failure::duplicate()),
            r#"{"error":"conflict","error_description":"Duplicate resource error"}"#
        );
        assert_eq!(
            body(Failure::exists("Client a already exists")),
            r#"{"errorMessage":"Client a already exists"}"#
        );
    }

    #[test]
    fn headers_are_those_recorded() {
        let answer = ok(Vec::<&str>::new());
        assert_eq!(answer.headers().get("cache-control").unwrap(), "no-cache");
        assert_eq!(
            answer.headers().get("content-type").unwrap(),
            "application/json;charset=UTF-8"
        );
        assert_eq!(replaced().status(), StatusCode::CREATED);
        assert!(replaced().body().is_empty());
        let made = created("http://x/admin/realms/r/clients/1");
        assert!(made.headers().get("cache-control").is_none());
        assert_eq!(
            made.headers().get("location").unwrap(),
            "http://x/admin/realms/r/clients/1"
        );
    }
}
