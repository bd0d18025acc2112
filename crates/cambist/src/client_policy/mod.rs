//! Client policies: what a realm asks of its clients beyond what each one is registered for.
//!
//! A policy has conditions that choose requests and names profiles; a profile is a list of executors, each
//! of which refuses a request or takes something from what it would get. The realm's policies are asked
//! before a grant looks at its tokens, whatever the grant is ([`Flow`](crate::flow::Flow)).
//!
//! Conditions and executors are open sets: one file each in `conditions/` and `executors/`, one line in the
//! list of that folder. An embedder's own go to [`ClientPolicyKinds::register_condition`] and
//! [`ClientPolicyKinds::register_executor`].
//!
//! A condition that cannot be evaluated counts as met, under negative logic too: no rule is skipped because
//! of what it hangs on. Executors only ever take away, so this can refuse too much and never too little.

mod conditions;
mod error;
mod executors;
mod kinds;
mod refusal;
mod request;
mod restrictions;
mod settings;
mod store;

pub use self::{
    error::ClientPolicyError,
    kinds::ClientPolicyKinds,
    refusal::ClientPolicyRefusal,
    request::{NoClaims, PolicyRequest},
    restrictions::Restrictions,
    settings::Settings,
    store::ClientPolicies,
};
use alloc::boxed::Box;
use core::fmt;

/// What a condition says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is met.
    Yes,
    /// It is not met.
    No,
    /// It is about something else than requests for tokens, such as the registration of clients. A policy
    /// whose conditions are all about something else does not apply.
    NotAsked,
    /// It cannot be evaluated, and why. Counts as [`Match::Yes`], and negative logic leaves it so.
    Unknown(&'static str),
}

impl From<bool> for Match {
    fn from(met: bool) -> Self {
        if met { Self::Yes } else { Self::No }
    }
}

/// A condition, built from one entry of a policy. It has no state and reads no clock.
pub trait Condition: Send + Sync + fmt::Debug {
    /// Whether it is met.
    fn matches(&self, request: &PolicyRequest<'_>) -> Match;
}

/// A kind of condition.
pub trait ConditionKind: Send + Sync {
    /// Keycloak's name for it, such as `client-roles`.
    fn name(&self) -> &str;

    /// Builds one.
    ///
    /// # Errors
    ///
    /// A setting is missing, unknown or unreadable.
    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError>;
}

/// An executor, built from one entry of a profile. It has no state and reads no clock.
pub trait Executor: Send + Sync + fmt::Debug {
    /// Refuses the request, or notes what is to be taken from what it gets.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        restrictions: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal>;
}

/// A kind of executor.
pub trait ExecutorKind: Send + Sync {
    /// Keycloak's name for it, such as `reject-request`.
    fn name(&self) -> &str;

    /// Builds one; `None` for an executor that has nothing to do where tokens are issued.
    ///
    /// # Errors
    ///
    /// A setting is missing, unknown or unreadable.
    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError>;
}
