//! The decision: permissions, policies, decision strategies, and the trace that explains them.
//!
//! A realm's permissions are compiled once into a [`PolicyStore`], indexed by what they guard. An exchange
//! asks it one of the questions of [`gates`]; the answer is a [`Gate`], and with a [`Recorder`] in place of
//! [`NoTrace`] also the [`PolicyTrace`] that says which permission, which policies and which strategy made
//! it so. Both come out of the same code, so that the explanation cannot differ from the decision.

mod compile;
mod error;
mod evaluator;
pub mod gates;
mod identity;
pub mod kinds;
mod numbers;
mod store;
mod strategy;
mod trace;

pub use self::{
    error::PolicyError,
    gates::{Gate, GateAction, Refusal},
    identity::{ClaimSource, EvaluationContext, Identity, IdentityClaim},
    kinds::{
        BuildContext, Combination, Condition, Evaluation, PolicyKind, PolicyKinds, Reference,
        Settings, Vote,
    },
    numbers::PolicyNo,
    store::{MAX_CHECKS, MAX_NESTING, MAX_POLICIES, MAX_SCOPES, PolicyStore},
    strategy::{DecisionStrategy, Effect, EnforcementMode, Logic},
    trace::{
        NoTrace, Outcome, PermissionSort, PermissionTrace, PolicyStep, PolicyTrace, Recorder,
        StepVote, TraceSink,
    },
};
