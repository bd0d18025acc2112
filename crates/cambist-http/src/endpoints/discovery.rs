//! `/realms/{realm}/.well-known/openid-configuration`: OpenID Connect Discovery 1.0 section 3 and RFC 8414
//! section 2, as Keycloak answers.
//!
//! The document is Keycloak's, whole, so that a client library that reads it decides as it does with
//! Keycloak. It therefore names endpoints that answer 404 or 405 here.

use cambist::realm::{Feature, Realm};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use serde_json::{Map, Value, json};

use crate::{Response, respond, service::Call};

/// The names under which the document is found.
pub(crate) const NAMES: [&str; 2] = ["openid-configuration", "oauth-authorization-server"];

const ASYMMETRIC: [&str; 10] = [
    "PS384", "RS384", "EdDSA", "ES384", "ES256", "RS256", "ES512", "PS256", "PS512", "RS512",
];
const SIGNING: [&str; 13] = [
    "PS384", "RS384", "EdDSA", "ES384", "HS256", "HS512", "ES256", "RS256", "HS384", "ES512",
    "PS256", "PS512", "RS512",
];
const SIGNING_OR_NONE: [&str; 14] = [
    "PS384", "RS384", "EdDSA", "ES384", "HS256", "HS512", "ES256", "RS256", "HS384", "ES512",
    "PS256", "PS512", "RS512", "none",
];
const KEY_MANAGEMENT: [&str; 7] = [
    "ECDH-ES+A256KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A128KW",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA1_5",
    "ECDH-ES",
];
const CONTENT_ENCRYPTION: [&str; 6] = [
    "A256GCM",
    "A192GCM",
    "A128GCM",
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
];
const CLIENT_AUTHENTICATION: [&str; 5] = [
    "private_key_jwt",
    "client_secret_basic",
    "client_secret_post",
    "tls_client_auth",
    "client_secret_jwt",
];

/// What the server can do, and where. A disabled realm shows it too.
pub(crate) fn discovery(call: &Call<'_>) -> Response {
    let mut document = Map::new();
    for part in [
        addresses(&call.issuer),
        capabilities(&call.realm),
        algorithms(&call.realm),
    ] {
        if let Value::Object(members) = part {
            document.extend(members);
        }
    }
    let mut response = respond::json(StatusCode::OK, Value::Object(document).to_string());
    response.headers_mut().insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, must-revalidate, no-transform, no-store"),
    );
    response
}

fn addresses(issuer: &str) -> Value {
    let under = |path: &str| format!("{issuer}/protocol/openid-connect/{path}");
    let token = under("token");
    let introspection = under("token/introspect");
    let userinfo = under("userinfo");
    let revocation = under("revoke");
    let device = under("auth/device");
    let backchannel = under("ext/ciba/auth");
    let pushed = under("ext/par/request");
    let registration = format!("{issuer}/clients-registrations/openid-connect");
    json!({
        "issuer": issuer,
        "authorization_endpoint": under("auth"),
        "token_endpoint": token,
        "introspection_endpoint": introspection,
        "userinfo_endpoint": userinfo,
        "end_session_endpoint": under("logout"),
        "jwks_uri": under("certs"),
        "check_session_iframe": under("login-status-iframe.html"),
        "registration_endpoint": registration,
        "revocation_endpoint": revocation,
        "device_authorization_endpoint": device,
        "backchannel_authentication_endpoint": backchannel,
        "pushed_authorization_request_endpoint": pushed,
        "mtls_endpoint_aliases": {
            "token_endpoint": token,
            "revocation_endpoint": revocation,
            "introspection_endpoint": introspection,
            "device_authorization_endpoint": device,
            "registration_endpoint": registration,
            "userinfo_endpoint": userinfo,
            "pushed_authorization_request_endpoint": pushed,
            "backchannel_authentication_endpoint": backchannel,
        },
    })
}

fn capabilities(realm: &Realm) -> Value {
    json!({
        "frontchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "grant_types_supported": grant_types(realm),
        "acr_values_supported": ["0", "1"],
        "response_types_supported": [
            "code", "none", "id_token", "token", "id_token token", "code id_token", "code token",
            "code id_token token",
        ],
        "subject_types_supported": ["public", "pairwise"],
        "prompt_values_supported": ["none", "login", "consent"],
        "response_modes_supported": [
            "query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt",
        ],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "name", "given_name", "family_name",
            "preferred_username", "email", "acr", "azp", "nonce",
        ],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": true,
        "scopes_supported": scopes(realm),
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "code_challenge_methods_supported": ["plain", "S256"],
        "tls_client_certificate_bound_access_tokens": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "require_pushed_authorization_requests": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

fn algorithms(realm: &Realm) -> Value {
    let mut members = json!({
        "token_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "token_endpoint_auth_signing_alg_values_supported": SIGNING,
        "introspection_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "introspection_endpoint_auth_signing_alg_values_supported": SIGNING,
        "revocation_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "revocation_endpoint_auth_signing_alg_values_supported": SIGNING,
        "id_token_signing_alg_values_supported": SIGNING,
        "id_token_encryption_alg_values_supported": KEY_MANAGEMENT,
        "id_token_encryption_enc_values_supported": CONTENT_ENCRYPTION,
        "userinfo_signing_alg_values_supported": SIGNING_OR_NONE,
        "userinfo_encryption_alg_values_supported": KEY_MANAGEMENT,
        "userinfo_encryption_enc_values_supported": CONTENT_ENCRYPTION,
        "request_object_signing_alg_values_supported": SIGNING_OR_NONE,
        "request_object_encryption_alg_values_supported": KEY_MANAGEMENT,
        "request_object_encryption_enc_values_supported": CONTENT_ENCRYPTION,
        "authorization_signing_alg_values_supported": SIGNING,
        "authorization_encryption_alg_values_supported": KEY_MANAGEMENT,
        "authorization_encryption_enc_values_supported": CONTENT_ENCRYPTION,
        "backchannel_authentication_request_signing_alg_values_supported": ASYMMETRIC,
    });
    if realm.features().has(Feature::Dpop)
        && let Some(members) = members.as_object_mut()
    {
        members.insert(
            "dpop_signing_alg_values_supported".to_owned(),
            json!(ASYMMETRIC),
        );
    }
    members
}

fn grant_types(realm: &Realm) -> Vec<&'static str> {
    let features = realm.features();
    let mut grants = vec![
        "authorization_code",
        "client_credentials",
        "implicit",
        "password",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:uma-ticket",
        "urn:openid:params:grant-type:ciba",
    ];
    if features.has(Feature::TokenExchange) || features.has(Feature::TokenExchangeStandard) {
        grants.push("urn:ietf:params:oauth:grant-type:token-exchange");
    }
    if features.has(Feature::JwtAuthorizationGrant) {
        grants.push("urn:ietf:params:oauth:grant-type:jwt-bearer");
    }
    grants.sort_unstable();
    grants
}

fn scopes(realm: &Realm) -> Vec<&str> {
    let own = realm.scopes().iter().filter(|scope| !scope.is_saml());
    std::iter::once("openid")
        .chain(own.map(cambist::realm::ClientScope::name))
        .collect()
}
