//! The payload of an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant section 3.1).

use serde::Serialize;

use crate::{moment::Timestamp, proof::Confirmation};

/// Its claims. No mapper writes any.
#[derive(Serialize)]
pub(super) struct IdentityAssertionClaims<'a> {
    pub(super) jti: &'a str,
    pub(super) iss: &'a str,
    pub(super) sub: &'a str,
    pub(super) aud: &'a str,
    pub(super) iat: Timestamp,
    pub(super) exp: Timestamp,
    pub(super) client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<&'a str>,
    /// The key that was shown: whoever brings the assertion must show it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cnf: Option<&'a Confirmation>,
}
