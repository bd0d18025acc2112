//! The closed sets of a decision: logic, decision strategy, enforcement mode.

use serde::{Deserialize, Serialize};

/// Whether a policy's word is turned round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Logic {
    /// As it says.
    #[default]
    #[serde(alias = "POSITIVE")]
    Positive,
    /// The opposite.
    #[serde(alias = "NEGATIVE")]
    Negative,
}

/// How several votes become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionStrategy {
    /// No vote denies.
    #[default]
    #[serde(alias = "UNANIMOUS")]
    Unanimous,
    /// At least one vote permits.
    #[serde(alias = "AFFIRMATIVE")]
    Affirmative,
    /// More votes permit than do not; a tie does not.
    #[serde(alias = "CONSENSUS")]
    Consensus,
}

/// What happens when no permission applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnforcementMode {
    /// Refused.
    #[default]
    #[serde(alias = "ENFORCING")]
    Enforcing,
    /// Granted, when nothing applies at all.
    #[serde(alias = "PERMISSIVE")]
    Permissive,
    /// Granted, whatever applies.
    #[serde(alias = "DISABLED")]
    Disabled,
}
