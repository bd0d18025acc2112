//! Why a refresh failed (RFC 6749 section 6), and what the wire says.

use thiserror::Error;

use super::{OAuthErrorCode, WireError, binding_wire, wire};
use crate::{proof::BindingError, subject::SubjectTokenError};

/// Why a refresh failed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// No refresh token was sent.
    #[error("no refresh token was sent")]
    Missing,
    /// The token does not stand for itself.
    #[error("{0}")]
    Token(SubjectTokenError),
    /// The token has run out.
    #[error("the refresh token has run out")]
    Expired,
    /// Another client's.
    #[error("the refresh token was issued to another client")]
    OtherClient,
    /// The session is gone.
    #[error("the session is gone")]
    SessionNotActive,
    /// The offline session is gone.
    #[error("the offline session is gone")]
    OfflineSessionNotFound,
    /// The client session is gone.
    #[error("the session has no client session of the client")]
    NoClientSession,
    /// The token is older than the user session.
    #[error("the token is older than the session")]
    OlderThanSession,
    /// The user is disabled or gone.
    #[error("the user is disabled")]
    UserDisabled,
    /// A not-before, or a newer use, has overtaken the token.
    #[error("the token is stale")]
    Stale,
    /// The token was used more often than allowed.
    #[error("the refresh token was used more often than allowed")]
    ReuseExceeded,
    /// The organization that the login chose is gone or disabled, or the user is no member any more.
    #[error("the user is not in the organization of the refresh token")]
    Organization,
    /// The token is bound to a key or certificate that the client has not shown.
    #[error("{0}")]
    Binding(BindingError),
}

impl RefreshError {
    pub(super) fn wire(&self) -> WireError {
        use OAuthErrorCode::{InvalidGrant, InvalidRequest};
        match self {
            Self::Missing => wire(400, InvalidRequest, "No refresh token"),
            Self::Token(_) => wire(400, InvalidGrant, "Invalid refresh token"),
            Self::Expired => wire(400, InvalidGrant, "Token is not active"),
            Self::OtherClient => wire(
                400,
                InvalidGrant,
                "Invalid refresh token. Token client and authorized client don't match",
            ),
            Self::SessionNotActive => wire(400, InvalidGrant, "Session not active"),
            Self::OfflineSessionNotFound => {
                wire(400, InvalidGrant, "Offline user session not found")
            }
            Self::NoClientSession => {
                wire(400, InvalidGrant, "Session doesn't have required client")
            }
            Self::OlderThanSession => wire(
                400,
                InvalidGrant,
                "Refresh token issued before the user session started",
            ),
            Self::UserDisabled => wire(400, InvalidGrant, "User disabled"),
            Self::Stale => wire(400, InvalidGrant, "Stale token"),
            Self::ReuseExceeded => wire(
                400,
                InvalidGrant,
                "Maximum allowed refresh token reuse exceeded",
            ),
            Self::Organization => wire(400, InvalidRequest, "invalid_token"),
            Self::Binding(error) => binding_wire(InvalidGrant, *error),
        }
    }
}
