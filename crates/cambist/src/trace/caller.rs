//! What a caller may know of the decision on its own request.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{DecisionTrace, Parameter};
use crate::narrowing::Dimension;

/// The caller's view of a decision: what it sent, what it was answered, and what its new token has that the
/// old one had not. Which check failed, and the names of permissions, policies, mappers and settings, are not
/// in it: they would tell an unknown target from a forbidden one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerTrace {
    /// Name of the realm.
    pub realm: String,
    /// The caller's own `client_id`, once it has proved itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// What it sent, credentials as digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// Whether the answer was a permit.
    pub permitted: bool,
    /// `error` of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// `error_description` of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// Of a permit: what came on top, by dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gained: Vec<(Dimension, String)>,
}

impl DecisionTrace {
    /// What the caller may know.
    #[must_use]
    pub fn for_caller(&self) -> CallerTrace {
        let inputs = self.inputs.as_deref();
        let refusal = self.refusal.as_ref();
        let gained = self.widenings.iter().filter(|_| self.permitted);
        CallerTrace {
            realm: self.realm.clone(),
            requester: inputs.map(|inputs| inputs.requester.clone()),
            parameters: inputs
                .map(|inputs| inputs.parameters.clone())
                .unwrap_or_default(),
            permitted: self.permitted,
            error: refusal.map(|refusal| refusal.error.clone()),
            error_description: refusal.and_then(|refusal| refusal.error_description.clone()),
            gained: gained
                .map(|widening| (widening.dimension, widening.added.clone()))
                .collect(),
        }
    }
}
