//! The decision: permissions, policies, decision strategies, and the trace that explains them.

mod strategy;

pub use self::strategy::{DecisionStrategy, Effect, EnforcementMode, Logic};
