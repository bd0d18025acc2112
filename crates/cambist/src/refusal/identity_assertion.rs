//! Why no ID-JAG is issued, and what the wire says.

use alloc::{borrow::Cow, boxed::Box, format};

use thiserror::Error;

use super::{OAuthErrorCode, WireError};
use crate::subject::SubjectTokenError;

/// Why a client gets no ID-JAG.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum IdentityAssertionError {
    /// A public client asks.
    #[error("a public client asks for an identity assertion")]
    PublicClient,
    /// None are issued to the client.
    #[error("no identity assertions are issued to the client")]
    NotAllowed,
    /// A parameter that must be there is not.
    #[error("parameter `{0}` is missing")]
    Missing(&'static str),
    /// The subject token is not said to be an ID token.
    #[error("the subject token is not said to be an ID token")]
    SubjectTokenType,
    /// More than one `audience` or `resource`.
    #[error("parameter `{0}` comes more than once")]
    Several(&'static str),
    /// For an authorization server that the client may not go to.
    #[error("the client may have none for that audience")]
    Audience,
    /// `resource` is no absolute URI without a fragment (RFC 8707 section 2).
    #[error("the resource is no absolute URI without a fragment")]
    Resource,
    /// The subject token is of another issuer.
    #[error("the subject token is of another issuer")]
    Issuer,
    /// The subject token was not taken.
    #[error("the subject token was not taken: {0}")]
    SubjectToken(SubjectTokenError),
    /// The subject token is no ID token.
    #[error("the subject token is no ID token")]
    NoIdToken,
    /// The ID token was issued to another client.
    #[error("the ID token was issued to another client")]
    OtherClient,
    /// The ID token says that somebody acts, or may: that would be lost.
    #[error("the ID token says that somebody acts for its subject, or may")]
    Actor,
    /// A scope that the client may not ask for.
    #[error("scope `{0}` may not be asked for")]
    Scope(Box<str>),
}

impl IdentityAssertionError {
    pub(super) fn wire(&self) -> WireError {
        use OAuthErrorCode::{
            AccessDenied, InvalidClient, InvalidGrant, InvalidRequest, InvalidScope, InvalidTarget,
            UnauthorizedClient,
        };
        let (status, code, text): (_, _, Cow<'static, str>) = match self {
            Self::PublicClient => (
                400,
                InvalidClient,
                "Public clients are not allowed to issue an Identity Assertion JWT".into(),
            ),
            Self::NotAllowed => (
                400,
                UnauthorizedClient,
                "Client is not allowed to issue an Identity Assertion JWT".into(),
            ),
            Self::Missing(name) => (
                400,
                InvalidRequest,
                format!("Parameter '{name}' is required").into(),
            ),
            Self::SubjectTokenType => (
                400,
                InvalidRequest,
                "Parameter 'subject_token_type' must be urn:ietf:params:oauth:token-type:id_token"
                    .into(),
            ),
            Self::Several(name) => (
                400,
                InvalidRequest,
                format!("Only a single '{name}' is supported for an Identity Assertion JWT").into(),
            ),
            Self::Audience => (
                403,
                AccessDenied,
                "Audience is not allowed for this client".into(),
            ),
            Self::Resource => (
                400,
                InvalidTarget,
                "Parameter 'resource' must be an absolute URI without a fragment".into(),
            ),
            Self::Issuer => (
                400,
                InvalidGrant,
                "subject_token must be an ID token issued by this realm".into(),
            ),
            Self::SubjectToken(_) | Self::Actor => {
                (400, InvalidGrant, "Invalid subject_token".into())
            }
            Self::NoIdToken => (
                400,
                InvalidGrant,
                "subject_token must be an ID token".into(),
            ),
            Self::OtherClient => (
                400,
                InvalidGrant,
                "subject_token was not issued to this client".into(),
            ),
            Self::Scope(scope) => (
                400,
                InvalidScope,
                format!("Scope not allowed for an Identity Assertion JWT: {scope}").into(),
            ),
        };
        WireError {
            status,
            code,
            description: Some(text),
        }
    }
}
