//! Grants that begin elsewhere.

use thiserror::Error;

use super::{OAuthErrorCode, WireError, wire};

/// Why a grant that begins elsewhere gives nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ElsewhereError {
    /// No authorization code was sent.
    #[error("no authorization code was sent")]
    CodeMissing,
    /// No authorization code is good here.
    #[error("the authorization code is not known here")]
    Code,
    /// Nothing begins a device authorization here.
    #[error("the client may not use the device authorization grant")]
    Device,
    /// There is no user-managed access here.
    #[error("the client has no permission tickets")]
    Permissions,
}

impl ElsewhereError {
    pub(super) fn wire(self) -> WireError {
        use OAuthErrorCode::{InvalidGrant, InvalidRequest};
        match self {
            Self::CodeMissing => wire(400, InvalidRequest, "Missing parameter: code"),
            Self::Code => wire(400, InvalidGrant, "Code not valid"),
            Self::Device => wire(
                400,
                InvalidGrant,
                "Client not allowed OAuth 2.0 Device Authorization Grant",
            ),
            Self::Permissions => wire(400, InvalidRequest, "Client does not support permissions"),
        }
    }
}
