//! Why an external token, or whoever it stands for, was not taken.

use alloc::boxed::Box;

use thiserror::Error;

use crate::{
    jose::{JwsError, claims::ClaimsError},
    moment::Timestamp,
    outside::OutsideFailure,
    refusal::{OAuthErrorCode, WireError},
};

/// Why a token of an identity provider was not taken.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ExternalTokenError {
    /// The provider does not take this type of token.
    #[error("the provider does not take tokens of the declared type")]
    DeclaredType,
    /// It is no compact JWS, its header is refused, or the signature does not hold.
    #[error("{0}")]
    Jws(#[from] JwsError),
    /// Signatures are to be checked, and no keys are configured.
    #[error("the provider has no keys to check signatures with")]
    NoKeys,
    /// The provider's keys cannot be had.
    #[error("the provider's keys cannot be had: {0}")]
    KeysUnavailable(OutsideFailure),
    /// It names no key, or one that the provider does not publish.
    #[error("the provider publishes no such key")]
    UnknownKey,
    /// A claim is of a wrong type.
    #[error("{0}")]
    Claims(#[from] ClaimsError),
    /// A claim that must be there is not.
    #[error("claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// Another issuer.
    #[error("the token's issuer is not the provider's")]
    Issuer,
    /// Made for somebody else.
    #[error("the token is not made for the provider's client here")]
    Audience,
    /// Neither an access token nor an ID token, by its claim `typ`.
    #[error("the token's `typ` is not one that is taken")]
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
    /// The provider would have to be asked, and has no address for that, or asking is switched off.
    #[error("the provider cannot be asked about the token")]
    NoUserInfo,
    /// The provider could not be asked.
    #[error("the provider could not be asked: {0}")]
    UserInfoUnavailable(OutsideFailure),
    /// The provider does not vouch for the token.
    #[error("the provider answered with status {status}")]
    UserInfoRefused {
        /// The status; 200 when the answer is not a JSON object.
        status: u16,
    },
    /// Nothing says who it is.
    #[error("nothing says who the token belongs to")]
    NoIdentity,
    /// Token and user info name two different users.
    #[error("token and user info are about two different users")]
    OtherSubject,
    /// The user is of a domain that is not admitted.
    #[error("the user is of no admitted domain")]
    HostedDomain,
    /// An answer of another kind than was asked for: the fault of whoever asks outside.
    #[error("the answer is to another question")]
    WrongAnswer,
}

impl ExternalTokenError {
    pub(crate) fn wire(&self) -> WireError {
        invalid_token(match self {
            Self::DeclaredType => "invalid token type",
            Self::WrongType => "token type not supported",
            _ => "invalid token",
        })
    }
}

/// Why somebody at a provider is nobody here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// A new user would take the login name or the e-mail address of another.
    #[error("a user with that {0} is there already")]
    UserExists(&'static str),
    /// The linked user is disabled.
    #[error("the linked user is disabled")]
    UserDisabled,
    /// The linked user is locked out after wrong passwords.
    #[error("the linked user is locked out")]
    LockedOut,
    /// The provider is for linking only, and nobody is linked.
    #[error("nobody is linked, and users are not made for this provider")]
    LinkOnly,
    /// The facts do not say whom the identity leads to: the fault of whoever loads them.
    #[error("nobody looked up whom the identity leads to")]
    NotLookedUp,
    /// No login name can be made: a claim that the name is made of is absent, or the name is empty.
    #[error("no login name can be made: {0}")]
    NoUsername(Box<str>),
}

impl BrokerError {
    pub(crate) fn wire(&self) -> WireError {
        invalid_token(match self {
            Self::UserExists(_) => "User already exists",
            Self::UserDisabled | Self::LockedOut | Self::LinkOnly => "Invalid Token",
            Self::NoUsername(_) | Self::NotLookedUp => "invalid token",
        })
    }
}

fn invalid_token(description: &'static str) -> WireError {
    WireError {
        status: 400,
        code: OAuthErrorCode::InvalidToken,
        description: Some(description.into()),
    }
}
