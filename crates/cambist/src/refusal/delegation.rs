//! Why nobody acts for the subject (RFC 8693 section 2.2.2), and what the wire says.

use alloc::{borrow::Cow, format};

use thiserror::Error;

use super::{OAuthErrorCode, WireError, binding_wire};
use crate::{
    policy::GateRefusal,
    proof::BindingError,
    subject::{ActorChainError, SubjectTokenError},
};

/// Why an actor does not act for a subject.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DelegationError {
    /// `actor_token_type` is not that of an access token.
    #[error("the actor token is not said to be an access token")]
    ActorTokenType,
    /// `actor_token_type` without `actor_token`.
    #[error("an actor token type comes without an actor token")]
    TypeAlone,
    /// Together with `requested_subject`, `requested_issuer` or `subject_issuer`.
    #[error("an actor token comes with {0}")]
    With(&'static str),
    /// Something other than an access token is asked for.
    #[error("an actor can only have an access token")]
    OutputType,
    /// The subject token was not taken.
    #[error("the subject token was not taken: {0}")]
    SubjectToken(SubjectTokenError),
    /// The actor token was not taken.
    #[error("the actor token was not taken: {0}")]
    ActorToken(SubjectTokenError),
    /// The actor token is itself one of somebody who acts for another.
    #[error("the actor token says that somebody else acts")]
    ActorActs,
    /// The actor token is bound to a key that was not shown.
    #[error("{0}")]
    Binding(BindingError),
    /// The actor token was issued to another client.
    #[error("the actor token was issued to another client")]
    OtherClient,
    /// The subject token is neither the requester's nor for it.
    #[error("the subject token is neither the client's nor for it")]
    NotAddressed,
    /// Subject and actor are one.
    #[error("subject and actor are the same user")]
    SameUser,
    /// `may_act` or `act` in the subject token, and nobody acts.
    #[error("the subject token says who acts or may act, and there is no actor token")]
    NobodyActs,
    /// `may_act` cannot be read.
    #[error("the claim may_act cannot be read")]
    MayAct,
    /// `may_act` names somebody of another issuer.
    #[error("the claim may_act names somebody of another issuer")]
    OtherIssuer,
    /// `may_act` names another actor.
    #[error("the claim may_act names another actor")]
    OtherActor,
    /// `may_act` names another client.
    #[error("the claim may_act names another client")]
    NamedClient,
    /// The subject names nobody, and the actor is not the requester's own service account.
    #[error("the subject token does not name the actor")]
    OtherFlow,
    /// The chain of actors cannot be read or is too long.
    #[error("{0}")]
    Chain(#[from] ActorChainError),
    /// No permission lets the actor act.
    #[error("no permission lets the actor act for the subject: {0}")]
    NotPermitted(GateRefusal),
    /// Somebody who acted before is gone or disabled, or may no longer act.
    #[error("an earlier actor may no longer act")]
    EarlierActor,
}

impl DelegationError {
    pub(super) fn wire(&self) -> WireError {
        let description: Cow<'static, str> = match self {
            Self::Binding(error) => return binding_wire(OAuthErrorCode::InvalidRequest, *error),
            Self::With(name) => Cow::Owned(format!(
                "Parameter 'actor_token' is not supported with '{name}'"
            )),
            Self::Chain(ActorChainError::TooDeep { depth }) => Cow::Owned(format!(
                "Delegation chain depth {depth} exceeds the maximum of {}",
                crate::subject::MAX_ACTORS
            )),
            other => Cow::Borrowed(other.description()),
        };
        WireError {
            status: 400,
            code: OAuthErrorCode::InvalidRequest,
            description: Some(description),
        }
    }

    const fn description(&self) -> &'static str {
        match self {
            Self::ActorTokenType => "Invalid actor token type",
            Self::TypeAlone => "Parameter 'actor_token' required with 'actor_token_type'",
            Self::OutputType => "requested_token_type unsupported",
            Self::SubjectToken(_) => "Invalid token",
            Self::OtherClient => {
                "Requesting client does not match the client the actor_token was issued for"
            }
            Self::NotAddressed => "Client is not within the token audience",
            Self::SameUser => "Actor and subject user cannot be the same user",
            Self::NobodyActs => {
                "Parameter 'actor_token' required for a subject_token with an act or may_act claim"
            }
            Self::MayAct => "Invalid may_act claim in the subject_token",
            Self::OtherIssuer => "Invalid issuer in the may_act claim of the subject_token",
            Self::OtherActor => {
                "Actor user is not allowed by the may_act claim inside the subject_token"
            }
            Self::NamedClient => {
                "Requesting client does not match the client_id in the may_act claim"
            }
            Self::OtherFlow => {
                "The subject_token carries no may_act claim, so the user did not consent to this delegation"
            }
            Self::NotPermitted(_) => "Actor is not allowed to delegate as the subject user",
            Self::EarlierActor => {
                "An earlier actor is no longer allowed to act for the subject user"
            }
            Self::Chain(_) => "Invalid act claim in the subject_token",
            Self::ActorToken(_) | Self::ActorActs | Self::Binding(_) | Self::With(_) => {
                "Invalid actor token"
            }
        }
    }
}
