//! Why an assertion is no grant (RFC 7523 section 3.1), and what the wire says.

use alloc::{borrow::Cow, boxed::Box, format};

use thiserror::Error;

use super::{OAuthErrorCode, WireError};
use crate::subject::WorkloadError;

/// Why an assertion of another issuer is no grant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwtGrantError {
    /// No assertion was sent.
    #[error("no assertion was sent")]
    Missing,
    /// It is no token.
    #[error("the assertion cannot be read")]
    Unreadable,
    /// A public client.
    #[error("a public client brings an assertion")]
    PublicClient,
    /// The client may not use the grant.
    #[error("the client may not use the JWT authorization grant")]
    GrantNotAllowed,
    /// An ID-JAG that was made for another client.
    #[error("the assertion was made for another client than `{presenter}`")]
    OtherClient {
        /// `client_id` in it, as told to whoever sent it.
        named: Option<Box<str>>,
        /// The requester.
        presenter: Box<str>,
    },
    /// A claim without which nothing can be looked up.
    #[error("the assertion has no {0}")]
    ClaimMissing(&'static str),
    /// No enabled provider with the grant has that issuer.
    #[error("no identity provider vouches under the assertion's issuer")]
    UnknownIssuer,
    /// The client may not bring assertions of that provider.
    #[error("the client may not bring assertions of that identity provider")]
    ProviderNotAllowed,
    /// Unsigned, signed with a shared secret, or not with the algorithm that the provider is set to.
    #[error("the assertion's algorithm is not taken")]
    Algorithm,
    /// No key of the provider made the signature.
    #[error("the assertion's signature does not match")]
    Signature,
    /// An ID-JAG without `iat`.
    #[error("the assertion has no iat")]
    IssuedMissing,
    /// No `exp`.
    #[error("the assertion has no exp")]
    ExpiryMissing,
    /// Before `nbf`, or on or after `exp`.
    #[error("the assertion is not active")]
    NotActive,
    /// Without `iat`, and good for longer than allowed.
    #[error("the assertion has no iat and expires too far in the future")]
    ExpiryTooFar,
    /// Good for longer than allowed (profile `strict` only).
    #[error("the assertion is good for too long")]
    TooLong,
    /// `iat` is ahead.
    #[error("the assertion was issued in the future")]
    IssuedInFuture,
    /// `iat` is too long ago.
    #[error("the assertion was issued too long ago")]
    IssuedTooLongAgo,
    /// No `jti`.
    #[error("the assertion has no jti")]
    IdMissing,
    /// A `jti` that is too long to be remembered.
    #[error("the assertion's jti is too long")]
    IdTooLong,
    /// It is not what the workload platform's tokens are, or its claims are not what the provider's rules
    /// demand.
    #[error("the assertion is not what the provider's kind and rules want: {0}")]
    Workload(#[from] WorkloadError),
    /// The provider's user is linked to none of the realm.
    #[error("no user is linked to the assertion's subject")]
    NoUser,
    /// The user is disabled.
    #[error("the user is disabled")]
    UserDisabled,
    /// The user must do something first.
    #[error("the account is not fully set up")]
    NotSetUp,
    /// The user has not consented to every scope of the client.
    #[error("the user has not consented to all scopes of `{0}`")]
    ConsentMissing(Box<str>),
    /// Made for someone else.
    #[error("the assertion is made for someone else")]
    Audience,
    /// Made for several.
    #[error("the assertion has more than one audience")]
    SeveralAudiences,
    /// Resources (RFC 8707) cannot be had by this grant.
    #[error("resources are not given by this grant")]
    Resource,
}

impl JwtGrantError {
    /// What the caller is told.
    pub(super) fn wire(&self) -> WireError {
        let description = match self {
            Self::Missing => "Missing parameter:assertion",
            Self::Unreadable => "The provided assertion is not a valid JWT",
            Self::PublicClient => "Public client not allowed to use authorization grant",
            Self::GrantNotAllowed => {
                "JWT Authorization Grant is not supported for the requested client"
            }
            Self::OtherClient { named, presenter } => {
                let named = named.as_deref().unwrap_or("null");
                return told(format!(
                    "client id in assertion : {named} and client id in request header/body : {presenter}"
                ));
            }
            Self::ClaimMissing(claim) => return told(format!("Missing claim: {claim}")),
            Self::UnknownIssuer => "No Identity Provider for provided issuer",
            Self::ProviderNotAllowed => "Identity Provider is not allowed for the client",
            Self::Algorithm => "Invalid signature algorithm",
            Self::Signature => "Invalid signature",
            Self::IssuedMissing => "Token iat claim is required",
            Self::ExpiryMissing => "Token exp claim is required",
            Self::NotActive => "Token is not active",
            Self::ExpiryTooFar => {
                "Token expiration is too far in the future and iat claim not present in token"
            }
            Self::TooLong => "Token expiration is too far in the future",
            Self::IssuedInFuture => "Token was issued in the future",
            Self::IssuedTooLongAgo => "Token was issued too far in the past to be used now",
            Self::IdMissing => "Token jti claim is required",
            Self::IdTooLong => "Token jti claim is too long",
            Self::Workload(_) => "Token claims are not allowed",
            Self::NoUser => "User not found",
            Self::UserDisabled => "User is not enabled",
            Self::NotSetUp => "Account is not fully set up",
            Self::ConsentMissing(client) => {
                return WireError {
                    code: OAuthErrorCode::InvalidScope,
                    ..told(format!("Missing consents for the client {client}"))
                };
            }
            Self::Audience => "Invalid token audience",
            Self::SeveralAudiences => "Multiple audiences not allowed",
            // Keycloak says nothing here, or repeats a message of its runtime.
            Self::Resource => {
                return WireError {
                    status: 400,
                    code: OAuthErrorCode::InvalidGrant,
                    description: None,
                };
            }
        };
        told(description)
    }
}

fn told(description: impl Into<Cow<'static, str>>) -> WireError {
    WireError {
        status: 400,
        code: OAuthErrorCode::InvalidGrant,
        description: Some(description.into()),
    }
}
