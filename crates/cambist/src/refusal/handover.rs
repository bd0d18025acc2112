//! Why no token of an identity provider is handed over.

use thiserror::Error;

use super::{OAuthErrorCode, WireError, wire};

/// Why no token of an identity provider is handed over (`requested_issuer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandoverError {
    /// The provider's kind hands no tokens over.
    #[error("the requested issuer's kind hands no tokens over")]
    Kind,
    /// A token type that is not handed over.
    #[error("a token of the requested type is not handed over")]
    TokenType,
    /// The provider's tokens are not kept, and the session did not begin with one of them.
    #[error("the session did not begin with a token of the requested issuer")]
    NotOfSession,
    /// The user is not linked to the provider, or no token of theirs is kept.
    #[error("no token of the requested issuer is kept for the user")]
    NotLinked,
    /// The kept token has run out.
    #[error("the kept token has run out")]
    Expired,
}

impl HandoverError {
    /// Keycloak adds the address of a page where the user links the account. There is no such page here.
    pub(super) fn wire(self) -> WireError {
        use OAuthErrorCode::{InvalidRequest, InvalidTarget, NotLinked, TokenExpired};
        match self {
            Self::Kind => wire(
                400,
                InvalidRequest,
                "Issuer does not support token exchange",
            ),
            Self::TokenType => wire(400, InvalidTarget, "response_token_type_unsupported"),
            Self::NotOfSession => wire(
                400,
                NotLinked,
                "identity provider is not linked, can only link to current user session",
            ),
            Self::NotLinked => wire(400, NotLinked, "identity provider is not linked"),
            Self::Expired => wire(400, TokenExpired, "linked token is expired"),
        }
    }
}
