//! Small universes, every member of which the engine and the reference must decide alike.
//!
//! * [`policies::sets`]: sets of up to four policies of eight kinds of vote, under each strategy;
//! * [`policies::aggregates`]: pairs of aggregates of up to three such policies;
//! * [`exchange`]: exchanges in every combination of fourteen properties of client, token and request.
//!
//! Each takes what it compares the engine with as a parameter, so that a wrong twin of the reference shows
//! that the comparison can fail. `cargo run --profile exhaustive -p cambist-testkit --bin universes` runs them.

pub mod exchange;
pub mod policies;
pub mod told;

use std::fmt;

use cambist::{
    decision::Decision,
    refusal::{ExchangeError, Refusal},
};

use crate::reference::exchange::{Kind, Reason};

/// What came of one universe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Members compared.
    pub members: u64,
    /// Of these, permitted by the engine.
    pub permits: u64,
    /// Of these, decided in two ways.
    pub disagreements: u64,
    /// The first few of those, in words.
    pub examples: Vec<String>,
}

/// How many disagreements are kept in words.
const EXAMPLES: usize = 5;

impl Tally {
    /// Counts one member; `words` says what it was when the two differ.
    pub fn count<T: PartialEq + fmt::Debug>(
        &mut self,
        permitted: bool,
        engine: &T,
        reference: &T,
        words: impl FnOnce() -> String,
    ) {
        self.members = self.members.saturating_add(1);
        self.permits = self.permits.saturating_add(u64::from(permitted));
        if engine != reference {
            self.disagreements = self.disagreements.saturating_add(1);
            if self.examples.len() < EXAMPLES {
                self.examples.push(format!(
                    "{}: the engine says {engine:?}, the reference {reference:?}",
                    words()
                ));
            }
        }
    }

    /// Adds another part of the same universe.
    pub fn add(&mut self, other: Self) {
        self.members = self.members.saturating_add(other.members);
        self.permits = self.permits.saturating_add(other.permits);
        self.disagreements = self.disagreements.saturating_add(other.disagreements);
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
    }
}

/// What came of an exchange, in the words of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A permit.
    Permit(Kind),
    /// A refusal that the reference knows.
    Refused(Reason),
    /// Any other refusal.
    Other(String),
}

impl From<Result<Kind, Reason>> for Verdict {
    fn from(outcome: Result<Kind, Reason>) -> Self {
        match outcome {
            Ok(kind) => Self::Permit(kind),
            Err(reason) => Self::Refused(reason),
        }
    }
}

impl From<&Decision> for Verdict {
    fn from(decision: &Decision) -> Self {
        match decision {
            Decision::Permit(grant)
                if grant.trace().flow.as_deref() == Some("standard exchange") =>
            {
                Self::Permit(Kind::Standard)
            }
            Decision::Permit(_) => Self::Permit(Kind::PermissionBased),
            Decision::Deny(denial) => Self::of(denial.refusal()),
        }
    }
}

impl Verdict {
    fn of(refusal: &Refusal) -> Self {
        let reason = match refusal {
            Refusal::Exchange(error) => match error {
                ExchangeError::GrantNotAllowed => Reason::NotRegistered,
                ExchangeError::Unsupported(_) => Reason::NotSupported,
                ExchangeError::NoSubject => Reason::NoSubject,
                ExchangeError::SubjectTokenType => Reason::DeclaredType,
                ExchangeError::Binding(_) | ExchangeError::BoundToAnother => Reason::Bound,
                ExchangeError::Delegation(_) => Reason::Delegation,
                ExchangeError::SubjectIssuer => Reason::Issuer,
                ExchangeError::Widening(_) => Reason::Widening,
                ExchangeError::SubjectToken(_) => Reason::SubjectToken,
                ExchangeError::Impersonation(_) => Reason::Impersonation,
                ExchangeError::RequestedTokenType => Reason::RequestedType,
                ExchangeError::NoAssertionConsumer(_) => Reason::NoAssertionConsumer,
                ExchangeError::UnknownAudience(_) => Reason::UnknownAudience,
                ExchangeError::TargetConsent(_) => Reason::TargetConsent,
                ExchangeError::TargetDisabled(_) => Reason::TargetDisabled,
                ExchangeError::PublicClient => Reason::PublicRequester,
                ExchangeError::NeedsNewSession => Reason::NeedsNewSession,
                ExchangeError::OfflineNotAllowed => Reason::OfflineAccess,
                ExchangeError::ConsentMissing(_) => Reason::Consent,
                ExchangeError::AudienceUnavailable(_) => Reason::Unavailable,
                ExchangeError::NotHolder => Reason::NotHolder,
                ExchangeError::NotInAudience => Reason::NotInAudience,
                ExchangeError::NotPermitted { .. } => Reason::NotPermitted,
                ExchangeError::HiddenTarget(error) => {
                    return Self::of(&Refusal::Exchange((**error).clone()));
                }
                other => return Self::Other(other.to_string()),
            },
            Refusal::Client(_) => Reason::Requester,
            Refusal::Scope(_) => Reason::Scope,
            other => return Self::Other(other.to_string()),
        };
        Self::Refused(reason)
    }
}
