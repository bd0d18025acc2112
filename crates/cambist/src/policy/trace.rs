//! Why a question was answered as it was.

use alloc::{
    borrow::{Cow, ToOwned},
    string::String,
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::{
    DecisionStrategy, EnforcementMode, Logic, PolicyStore,
    gates::{GateAction, GateRefusal},
    numbers::{PermissionNo, PolicyNo},
};
use crate::realm::Profile;

/// What came of a policy after its logic, or of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It permits.
    Permit,
    /// It denies.
    Deny,
    /// It would permit or deny depending on something that is not known. Counts for nothing that helps to
    /// permit. Only in profile `strict`, or where the question failed.
    Unknown,
}

/// What a policy said before its logic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepVote {
    /// For it.
    Grant,
    /// Against it.
    Deny,
    /// Nothing.
    Nothing,
    /// It could not be evaluated, and why.
    Failed(Cow<'static, str>),
}

/// One policy asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyStep {
    /// Its name.
    pub policy: String,
    /// Its kind.
    pub kind: String,
    /// Whether its word is turned round.
    pub logic: Logic,
    /// What it said.
    pub vote: StepVote,
    /// What came of that after the logic.
    pub outcome: Outcome,
    /// Whether the outcome of what asked it rests on it.
    pub decisive: bool,
    /// Of an aggregate: how its children combine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<DecisionStrategy>,
    /// Of an aggregate: its children, in the order asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<PolicyStep>,
}

/// Whether a permission covers scopes or all of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionSort {
    /// Covers the scopes it names.
    Scope,
    /// Covers every scope of the resource.
    Resource,
}

/// One permission that applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionTrace {
    /// Its name.
    pub permission: String,
    /// What it covers.
    pub sort: PermissionSort,
    /// The scopes it names.
    pub scopes: Vec<String>,
    /// How its policies combine.
    pub strategy: DecisionStrategy,
    /// What came of it; `None` when it asks no policy, so that it says neither yes nor no.
    pub outcome: Option<Outcome>,
    /// Whether the answer rests on it.
    pub decisive: bool,
    /// Its policies, in the order asked.
    pub policies: Vec<PolicyStep>,
}

/// One question put to the permissions, and everything that made its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTrace {
    /// What was asked for.
    pub action: GateAction,
    /// On what: a client id, the alias of a provider, or `Users`.
    pub target: String,
    /// `kc.client.id`.
    pub client: String,
    /// The internal id of the party judged.
    pub identity: String,
    /// The realm's profile.
    pub profile: Profile,
    /// What happens when no permission applies.
    pub enforcement: EnforcementMode,
    /// How permissions combine.
    pub strategy: DecisionStrategy,
    /// The scopes asked for.
    pub scopes: Vec<String>,
    /// The permissions that applied, in the order asked. Empty when the answer came before any was asked.
    pub permissions: Vec<PermissionTrace>,
    /// Of the scopes asked for, those granted.
    pub granted: Vec<String>,
    /// What opened the gate without any permission: an admin role, or a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<String>,
    /// Why the gate is closed; `None` when it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<GateRefusal>,
}

/// Takes no note; every call compiles to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NoTrace;

impl TraceSink for NoTrace {
    fn begin(&mut self, _: &PolicyStore, _: Opening<'_>) {}
    fn permission_begin(&mut self, _: &PolicyStore, _: u32) {}
    fn policy_begin(&mut self, _: &PolicyStore, _: u32) {}
    fn policy_end(&mut self, _: impl FnOnce() -> StepVote, _: Outcome) {}
    fn permission_end(&mut self, _: Option<Outcome>) {}
    fn asked(&mut self, _: impl FnOnce() -> Vec<String>) {}
    fn granted(&mut self, _: impl FnOnce() -> Vec<String>) {}
    fn opened_by(&mut self, _: &'static str) {}
    fn end(&mut self, _: &Result<(), GateRefusal>) {}
}

/// Writes everything down.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    trace: Option<PolicyTrace>,
    /// Policies begun and not ended, the outermost first.
    open: Vec<PolicyStep>,
}

impl Recorder {
    /// The trace of the question asked.
    pub(super) fn into_trace(self) -> Option<PolicyTrace> {
        self.trace
    }

    fn permission(&mut self) -> Option<&mut PermissionTrace> {
        self.trace.as_mut()?.permissions.last_mut()
    }
}

impl TraceSink for Recorder {
    fn begin(&mut self, store: &PolicyStore, opening: Opening<'_>) {
        self.trace = Some(PolicyTrace {
            action: opening.action,
            target: opening.target.to_owned(),
            client: opening.client.to_owned(),
            identity: opening.identity.to_owned(),
            profile: opening.profile,
            enforcement: store.enforcement(),
            strategy: store.strategy(),
            scopes: Vec::new(),
            permissions: Vec::new(),
            granted: Vec::new(),
            opened_by: None,
            refusal: None,
        });
    }

    fn permission_begin(&mut self, store: &PolicyStore, permission: u32) {
        let number = PermissionNo(permission);
        let (Some(permission), Some(trace)) = (store.permission(number), self.trace.as_mut())
        else {
            return;
        };
        trace.permissions.push(PermissionTrace {
            permission: store
                .permission_label(number)
                .map(|label| (*label.name).to_owned())
                .unwrap_or_default(),
            sort: if permission.whole {
                PermissionSort::Resource
            } else {
                PermissionSort::Scope
            },
            scopes: store.scope_names(permission.scopes),
            strategy: permission.strategy,
            outcome: None,
            decisive: false,
            policies: Vec::new(),
        });
    }

    fn policy_begin(&mut self, store: &PolicyStore, policy: u32) {
        let number = PolicyNo(policy);
        let label = store.policy_label(number);
        let policy = store.policy(number);
        self.open.push(PolicyStep {
            policy: label
                .map(|label| (*label.name).to_owned())
                .unwrap_or_default(),
            kind: label
                .map(|label| (*label.kind).to_owned())
                .unwrap_or_default(),
            logic: policy.map(|policy| policy.logic).unwrap_or_default(),
            vote: StepVote::Nothing,
            outcome: Outcome::Unknown,
            decisive: false,
            strategy: policy.and_then(super::store::Policy::strategy),
            children: Vec::new(),
        });
    }

    fn policy_end(&mut self, vote: impl FnOnce() -> StepVote, outcome: Outcome) {
        let Some(mut step) = self.open.pop() else {
            return;
        };
        step.vote = vote();
        step.outcome = outcome;
        if let Some(strategy) = step.strategy {
            let own = match &step.vote {
                StepVote::Grant => Some(Outcome::Permit),
                StepVote::Deny => Some(Outcome::Deny),
                StepVote::Nothing | StepVote::Failed(_) => Some(Outcome::Unknown),
            };
            mark(&mut step.children, strategy, own);
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(step),
            None => {
                if let Some(permission) = self.permission() {
                    permission.policies.push(step);
                }
            }
        }
    }

    fn permission_end(&mut self, outcome: Option<Outcome>) {
        if let Some(permission) = self.permission() {
            permission.outcome = outcome;
            mark(&mut permission.policies, permission.strategy, outcome);
        }
    }

    fn asked(&mut self, scopes: impl FnOnce() -> Vec<String>) {
        if let Some(trace) = self.trace.as_mut() {
            trace.scopes = scopes();
        }
    }

    fn granted(&mut self, scopes: impl FnOnce() -> Vec<String>) {
        if let Some(trace) = self.trace.as_mut() {
            trace.granted = scopes();
        }
    }

    fn opened_by(&mut self, what: &'static str) {
        if let Some(trace) = self.trace.as_mut() {
            trace.opened_by = Some(what.to_owned());
        }
    }

    fn end(&mut self, result: &Result<(), GateRefusal>) {
        let Some(trace) = self.trace.as_mut() else {
            return;
        };
        trace.refusal = result.clone().err();
        let wanted = if result.is_ok() {
            Outcome::Permit
        } else {
            Outcome::Deny
        };
        let scopes = &trace.scopes;
        let covers = |permission: &PermissionTrace| {
            permission.sort == PermissionSort::Resource
                || permission.scopes.iter().any(|scope| scopes.contains(scope))
        };
        for permission in &mut trace.permissions {
            permission.decisive = match permission.outcome {
                Some(Outcome::Unknown) => wanted == Outcome::Deny && covers(permission),
                Some(outcome) => outcome == wanted && covers(permission),
                None => false,
            };
        }
    }
}

/// Marks the policies on which an outcome rests: under unanimous, for a denial those that deny, for a
/// permit all; under affirmative the other way round; under consensus the side that won.
fn mark(steps: &mut [PolicyStep], strategy: DecisionStrategy, outcome: Option<Outcome>) {
    for step in steps {
        step.decisive = match (strategy, outcome) {
            (_, None) => false,
            (_, Some(Outcome::Unknown)) => step.outcome == Outcome::Unknown,
            (DecisionStrategy::Unanimous, Some(Outcome::Permit))
            | (DecisionStrategy::Affirmative, Some(Outcome::Deny)) => true,
            (_, Some(outcome)) => step.outcome == outcome,
        };
    }
}

/// The question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub(super) action: GateAction,
    pub(super) target: &'a str,
    pub(super) client: &'a str,
    pub(super) identity: &'a str,
    pub(super) profile: Profile,
}

/// Takes note of an evaluation.
pub(super) trait TraceSink {
    fn begin(&mut self, store: &PolicyStore, opening: Opening<'_>);
    fn permission_begin(&mut self, store: &PolicyStore, permission: u32);
    fn policy_begin(&mut self, store: &PolicyStore, policy: u32);
    fn policy_end(&mut self, vote: impl FnOnce() -> StepVote, outcome: Outcome);
    fn permission_end(&mut self, outcome: Option<Outcome>);
    fn asked(&mut self, scopes: impl FnOnce() -> Vec<String>);
    fn granted(&mut self, scopes: impl FnOnce() -> Vec<String>);
    fn opened_by(&mut self, what: &'static str);
    fn end(&mut self, result: &Result<(), GateRefusal>);
}
