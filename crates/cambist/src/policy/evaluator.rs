//! The evaluation of one question: which permissions apply, what each says, and what comes of it.

use super::{
    DecisionStrategy, EnforcementMode, Logic, PolicyStore,
    kinds::{Condition, Evaluation, Vote},
    numbers::{PermissionNo, PolicyNo, ResourceNo, ScopeMask},
    store::{Aggregate, Body, MAX_NESTING, Permission, Resource},
    trace::{Outcome, StepVote, TraceSink},
};
use crate::realm::Profile;

/// The question cannot be answered, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure(pub(super) &'static str);

/// Where votes come from, and how what is not known counts.
pub(super) trait Votes {
    /// What the condition says; `None` where that is not known.
    fn of(&self, condition: &dyn Condition, evaluation: &Evaluation<'_>) -> Option<Vote>;

    /// Whether a permission whose outcome is not known grants. Else it denies.
    fn doubt_grants(&self) -> bool {
        false
    }
}

/// Every condition is asked: a decision.
struct Decision;

impl Votes for Decision {
    fn of(&self, condition: &dyn Condition, evaluation: &Evaluation<'_>) -> Option<Vote> {
        Some(condition.vote(evaluation))
    }
}

/// Decides on a resource with the scopes asked for.
///
/// `Ok(None)`: nothing is granted. `Ok(Some(scopes))`: the resource is granted with these of the scopes asked
/// for. A failure comes only in profile `keycloak`.
pub(super) fn evaluate<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    resource: ResourceNo,
    asked: ScopeMask,
    trace: &mut T,
) -> Result<Option<ScopeMask>, Failure> {
    evaluate_with(evaluation, resource, asked, &Decision, trace)
}

/// The same with votes from somewhere else.
pub(super) fn evaluate_with<T: TraceSink, V: Votes>(
    evaluation: &Evaluation<'_>,
    resource: ResourceNo,
    asked: ScopeMask,
    votes: &V,
    trace: &mut T,
) -> Result<Option<ScopeMask>, Failure> {
    let store = evaluation.realm.policies();
    let Some(guarded) = store.resource(resource) else {
        return Ok(None);
    };
    trace.asked(|| store.scope_names(asked));
    let unconditional = (!asked.is_empty() || guarded.scopes.is_empty()).then_some(asked);
    if store.enforcement == EnforcementMode::Disabled {
        return Ok(unconditional);
    }
    let strict = evaluation.realm.profile() == Profile::Strict;
    let mut run = Run {
        store,
        evaluation,
        votes,
        strict,
        guarded,
        asked,
        ruling: Ruling::default(),
        trace,
    };
    for number in guarded.own.iter().map(PermissionNo) {
        let permission = guarded.sole.as_ref().or_else(|| store.permission(number));
        run.permission(number, permission, true)?;
    }
    let class = store.classes.get(guarded.class as usize);
    for number in class.into_iter().flat_map(super::numbers::Numbers::iter) {
        // One that names the resource as well has been asked.
        if !guarded.own.as_slice().contains(&number) {
            let number = PermissionNo(number);
            run.permission(number, store.permission(number), false)?;
        }
    }
    for number in store.everywhere.iter() {
        let permission = store.permission(PermissionNo(number));
        let covers = permission.is_some_and(|permission| !permission.scopes.and(asked).is_empty());
        if covers && !class.is_some_and(|class| class.as_slice().contains(&number)) {
            run.permission(PermissionNo(number), permission, false)?;
        }
    }
    let granted = if run.ruling.ran {
        run.ruling.combined(store.strategy, asked)
    } else {
        unconditional.filter(|_| store.enforcement == EnforcementMode::Permissive)
    };
    trace.granted(|| store.scope_names(granted.unwrap_or_default()));
    Ok(granted)
}

/// What the permissions said so far about one resource.
#[derive(Debug, Default)]
struct Ruling {
    /// At least one permission applied, with or without conditions.
    ran: bool,
    granted: ScopeMask,
    denied: ScopeMask,
    denied_by_type: ScopeMask,
    /// The resource itself is granted, not only scopes of it.
    resource: bool,
    any_denied: bool,
}

impl Ruling {
    /// The permissions combined.
    fn combined(&self, strategy: DecisionStrategy, asked: ScopeMask) -> Option<ScopeMask> {
        let mut denied = self.denied;
        let mut by_type = self.denied_by_type;
        if strategy == DecisionStrategy::Affirmative {
            denied = denied.without(self.granted);
        }
        if self.resource {
            by_type = by_type.without(self.granted);
            denied = denied.or(by_type);
        }
        if denied.is_empty() {
            denied = by_type;
        }
        let granted = self.granted.without(denied);
        let nothing =
            granted.is_empty() && (self.any_denied || (!self.resource && !asked.is_empty()));
        (!nothing && (self.resource || !granted.is_empty())).then_some(granted)
    }
}

struct Run<'a, T, V> {
    store: &'a PolicyStore,
    evaluation: &'a Evaluation<'a>,
    votes: &'a V,
    strict: bool,
    guarded: &'a Resource,
    asked: ScopeMask,
    ruling: Ruling,
    trace: &'a mut T,
}

impl<T: TraceSink, V: Votes> Run<'_, T, V> {
    fn permission(
        &mut self,
        number: PermissionNo,
        permission: Option<&Permission>,
        named: bool,
    ) -> Result<(), Failure> {
        let store = self.store;
        let Some(permission) = permission else {
            return Ok(());
        };
        self.ruling.ran = true;
        self.trace.permission_begin(store, number.0);
        let mut tally = Tally::default();
        for policy in permission.policies.iter() {
            match self.policy(PolicyNo(policy), 0) {
                Ok(outcome) => tally.count(outcome),
                Err(failure) => {
                    self.trace.permission_end(Some(Outcome::Unknown));
                    return Err(failure);
                }
            }
        }
        // Without conditions a permission says neither yes nor no.
        let outcome = tally.combined(permission.strategy);
        self.trace.permission_end(outcome);
        match outcome {
            None => {}
            Some(Outcome::Permit) => self.granted(permission, named),
            Some(Outcome::Unknown) if self.votes.doubt_grants() => self.granted(permission, named),
            Some(Outcome::Deny | Outcome::Unknown) => self.denied(permission, named),
        }
        Ok(())
    }

    fn granted(&mut self, permission: &Permission, named: bool) {
        let ruling = &mut self.ruling;
        if permission.whole {
            ruling.granted = ruling.granted.or(self.asked);
        } else {
            let scopes = permission.scopes.and(self.asked);
            ruling.granted = ruling.granted.or(scopes);
            ruling.denied = ruling.denied.without(scopes.without(self.guarded.scopes));
        }
        if named && (permission.whole || self.guarded.foreign) {
            ruling.resource = true;
        }
    }

    fn denied(&mut self, permission: &Permission, named: bool) {
        let ruling = &mut self.ruling;
        if permission.whole {
            if named || !ruling.resource {
                if permission.typed {
                    ruling.denied_by_type = ruling.denied_by_type.or(self.asked);
                } else {
                    ruling.denied = ruling.denied.or(self.asked);
                }
            }
        } else if named || !permission.bound {
            ruling.denied = ruling.denied.or(permission.scopes);
        }
        ruling.any_denied = true;
    }

    fn policy(&mut self, number: PolicyNo, depth: usize) -> Result<Outcome, Failure> {
        let store = self.store;
        let Some(policy) = store.policy(number) else {
            return self.failed("a policy that is not there");
        };
        self.trace.policy_begin(store, number.0);
        let vote = match &policy.body {
            Body::Leaf(leaf) => Ok(self
                .votes
                .of(leaf.condition(), self.evaluation)
                .map_or(Verdict::Open, Verdict::Said)),
            Body::Aggregate(aggregate) => self.aggregate(aggregate, depth),
        };
        let outcome = match &vote {
            Err(failure) => Err(*failure),
            Ok(Verdict::Open) => Ok(Outcome::Unknown),
            Ok(Verdict::Said(Vote::Grant)) => Ok(turned(Outcome::Permit, policy.logic)),
            Ok(Verdict::Said(Vote::Deny)) => Ok(turned(Outcome::Deny, policy.logic)),
            Ok(Verdict::Said(Vote::Nothing)) if self.strict => Ok(Outcome::Unknown),
            Ok(Verdict::Said(Vote::Nothing)) => Ok(turned(Outcome::Deny, policy.logic)),
            Ok(Verdict::Said(Vote::Failed(reason))) => self.failed(reason),
        };
        self.trace.policy_end(
            || match vote {
                Err(Failure(reason)) | Ok(Verdict::Said(Vote::Failed(reason))) => {
                    StepVote::Failed(reason.into())
                }
                Ok(Verdict::Said(Vote::Grant)) => StepVote::Grant,
                Ok(Verdict::Said(Vote::Deny)) => StepVote::Deny,
                Ok(Verdict::Said(Vote::Nothing) | Verdict::Open) => StepVote::Nothing,
            },
            outcome.unwrap_or(Outcome::Unknown),
        );
        outcome
    }

    fn aggregate(&mut self, aggregate: &Aggregate, depth: usize) -> Result<Verdict, Failure> {
        // The build refuses deeper ones; this bounds the stack whatever the store holds.
        if depth >= MAX_NESTING {
            return Ok(Verdict::Said(Vote::Failed("aggregates nested too deep")));
        }
        let mut tally = Tally::default();
        for child in aggregate.children.iter() {
            tally.count(self.policy(PolicyNo(child), depth.saturating_add(1))?);
        }
        Ok(match tally.combined(aggregate.strategy) {
            None => Verdict::Said(Vote::Nothing),
            Some(Outcome::Permit) => Verdict::Said(Vote::Grant),
            Some(Outcome::Deny) => Verdict::Said(Vote::Deny),
            Some(Outcome::Unknown) => Verdict::Open,
        })
    }

    /// What cannot be evaluated fails the question as in Keycloak, or counts as not known.
    fn failed(&self, reason: &'static str) -> Result<Outcome, Failure> {
        if self.strict {
            Ok(Outcome::Unknown)
        } else {
            Err(Failure(reason))
        }
    }
}

/// What a policy came to before its logic.
enum Verdict {
    Said(Vote),
    /// Not known: a condition whose vote is not, or an aggregate that hangs on one.
    Open,
}

const fn turned(outcome: Outcome, logic: Logic) -> Outcome {
    match (logic, outcome) {
        (Logic::Negative, Outcome::Permit) => Outcome::Deny,
        (Logic::Negative, Outcome::Deny) => Outcome::Permit,
        (_, outcome) => outcome,
    }
}

/// Effects counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    permits: usize,
    denials: usize,
    unknown: usize,
}

impl Tally {
    pub(super) fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Permit => &mut self.permits,
            Outcome::Deny => &mut self.denials,
            Outcome::Unknown => &mut self.unknown,
        };
        *counter = counter.saturating_add(1);
    }

    /// The effects combined; `None` when there is none. Not known when the unknown ones could tip it.
    pub(super) fn combined(&self, strategy: DecisionStrategy) -> Option<Outcome> {
        let Self {
            permits,
            denials,
            unknown,
        } = *self;
        let (surely, perhaps) = match strategy {
            _ if permits == 0 && denials == 0 && unknown == 0 => return None,
            DecisionStrategy::Unanimous => (denials == 0 && unknown == 0, denials == 0),
            DecisionStrategy::Affirmative => (permits > 0, permits > 0 || unknown > 0),
            DecisionStrategy::Consensus => (
                permits > denials.saturating_add(unknown),
                permits.saturating_add(unknown) > denials,
            ),
        };
        Some(match (surely, perhaps) {
            (true, _) => Outcome::Permit,
            (false, true) => Outcome::Unknown,
            (false, false) => Outcome::Deny,
        })
    }
}
