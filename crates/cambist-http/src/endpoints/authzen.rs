//! `/realms/{realm}/.well-known/authzen-configuration`: the metadata of a policy decision point (OpenID AuthZEN
//! Authorization API 1.0, section 9), as Keycloak answers.
//!
//! The document is Keycloak's, whole. The endpoints that it names answer 404 here: this server decides exchanges.

use cambist::realm::{Feature, Realm};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use serde_json::json;

use crate::{Response, respond, service::Call};

/// The name under which the document is found.
pub(crate) const NAME: &str = "authzen-configuration";

/// Whether the realm has the document.
pub(crate) fn is_on(realm: &Realm) -> bool {
    realm.features().has(Feature::Authzen)
}

/// Where decisions are to be had. A disabled realm shows it too.
pub(crate) fn discovery(call: &Call<'_>) -> Response {
    let issuer = &call.issuer;
    let document = json!({
        "policy_decision_point": issuer,
        "access_evaluation_endpoint": format!("{issuer}/authzen/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{issuer}/authzen/access/v1/evaluations"),
    });
    let mut response = respond::json(StatusCode::OK, document.to_string());
    response.headers_mut().insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, must-revalidate, no-transform, no-store"),
    );
    response
}
