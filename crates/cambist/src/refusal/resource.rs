//! Why a token cannot be for the resource asked for (RFC 8707 section 2), and what the wire says.

use thiserror::Error;

use super::{OAuthErrorCode, WireError, wire};

/// Why a token cannot be for the resource asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// No client in the audience of the token is or has that resource.
    #[error("no audience of the token is the resource asked for")]
    Unknown,
    /// A refresh names another resource than the refresh token was given for, or one where that has none.
    #[error("the resource asked for is not the one that the refresh token was given for")]
    NotTheOriginal,
}

impl ResourceError {
    pub(super) const fn wire(self) -> WireError {
        let description = match self {
            Self::Unknown => "The requested resource is invalid, missing, unknown, or malformed.",
            Self::NotTheOriginal => "The requested resource is not matching the original request.",
        };
        wire(400, OAuthErrorCode::InvalidTarget, description)
    }
}
