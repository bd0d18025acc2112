//! The decision: permissions, policies, decision strategies, and the trace that explains them.
//!
//! A realm's permissions are compiled once into a [`PolicyStore`], indexed by what they guard. An exchange
//! asks one of the questions of [`gates`], such as [`can_exchange_to`]. On request the answer comes with the
//! [`PolicyTrace`] that says which permission, which policies and which strategy made it so. Both come out
//! of the same code, so that the explanation cannot differ from the decision.

mod acting;
mod compile;
mod conditions;
mod error;
mod evaluator;
mod explain;
pub mod gates;
mod identity;
pub mod kinds;
mod numbers;
mod possible;
mod store;
mod strategy;
mod trace;
mod try_out;

pub(crate) use self::kinds::full_match;
pub use self::{
    acting::{can_be_acted_for, can_delegate, can_view},
    error::PolicyError,
    gates::{
        Answer, ExchangeQuestion, GateAction, GateRefusal, can_client_impersonate, can_exchange_to,
        can_exchange_to_provider, can_impersonate, is_impersonatable,
    },
    identity::{ClaimSource, EvaluationContext, Identity, IdentityClaim},
    kinds::{
        BuildContext, Combination, Condition, Evaluation, HangsOn, PolicyKind, PolicyKinds,
        Reference, Settings, Vote,
    },
    numbers::PolicyNo,
    possible::{Possibility, ServiceAccount, exchange_possibility, impersonation_possibility},
    store::{MAX_CHECKS, MAX_NESTING, MAX_POLICIES, MAX_SCOPES, PolicyStore},
    strategy::{DecisionStrategy, EnforcementMode, Logic},
    trace::{Outcome, PermissionSort, PermissionTrace, PolicyStep, PolicyTrace, StepVote},
    try_out::{TryOut, try_out},
};
