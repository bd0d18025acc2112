//! Why a token was not taken.

use alloc::boxed::Box;

use thiserror::Error;

use super::{LineageError, LivenessError};
use crate::{
    jose::{JwsError, claims::ClaimsError},
    moment::Timestamp,
};

/// Why a subject, actor or refresh token was not taken. The wire says one and the same for all of them; the
/// event says which.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SubjectTokenError {
    /// It is no compact JWS, its header is refused, or the signature does not hold.
    #[error("{0}")]
    Jws(#[from] JwsError),
    /// It names no key, or one that the realm does not have.
    #[error("no key of the realm has this id")]
    UnknownKey,
    /// A claim is missing or of a wrong type.
    #[error("{0}")]
    Claims(#[from] ClaimsError),
    /// A claim that must be there is not.
    #[error("claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// Another issuer.
    #[error("the token's issuer is not this realm")]
    Issuer,
    /// Another kind of token: ID token, refresh token, logout token.
    #[error("the token's `typ` is not one that is taken here")]
    WrongType,
    /// The token has run out.
    #[error("the token expired at {expires}, it is {now}")]
    Expired {
        /// `exp`.
        expires: Timestamp,
        /// When it was judged.
        now: Timestamp,
    },
    /// The token is not valid yet.
    #[error("the token is valid from {not_before}, it is {now}")]
    NotYetValid {
        /// `nbf`.
        not_before: Timestamp,
        /// When it was judged.
        now: Timestamp,
    },
    /// The prefix of `jti` is unknown.
    #[error("the token id has an unknown prefix")]
    TokenId,
    /// `azp` names no enabled client.
    #[error("`azp` names no enabled client")]
    AuthorizedParty,
    /// The token is revoked.
    #[error("the token is revoked")]
    Revoked,
    /// What it was made from cannot be read.
    #[error("{0}")]
    Lineage(#[from] LineageError),
    /// A token that it was made from is revoked.
    #[error("a token that it was made from is revoked")]
    AncestorRevoked,
    /// `sub` is not the user of the session. Keycloak does not compare; Cambist does.
    #[error("`sub` is not the user of the session")]
    OtherSubject,
    /// Session, client session or user are no longer there.
    #[error("{0}")]
    Liveness(#[from] LivenessError),
    /// Another client's refresh token.
    #[error("the token was issued to `{issued_to}`")]
    OtherClient {
        /// `azp`.
        issued_to: Box<str>,
    },
}
