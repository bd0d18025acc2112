//! `aggregate`: policies combined by a strategy of its own, then turned by its own logic.

use alloc::{boxed::Box, vec::Vec};

use super::{BuildContext, Combination, Condition, Evaluation, PolicyKind, Settings, Vote};
use crate::{
    policy::{PolicyError, store::MAX_POLICIES},
    realm::document::PolicyDocument,
};

pub(super) struct AggregateKind;

impl PolicyKind for AggregateKind {
    fn name(&self) -> &'static str {
        "aggregate"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let settings = Settings::new(document, context, &["policies", "applyPolicies"])?;
        let names = settings.texts("applyPolicies", document.policies.as_ref())?;
        let mut policies = Vec::with_capacity(names.len());
        for name in &names {
            // Deleting a policy in use takes it out of its aggregates, so a dangling name is a mistake in
            // either profile.
            let number = context
                .policy(name)
                .ok_or_else(|| PolicyError::Unresolved {
                    owner: document.name.as_str().into(),
                    what: "policy",
                    name: name.as_str().into(),
                })?;
            policies.push(number);
        }
        policies.sort_unstable();
        policies.dedup();
        if policies.len() > MAX_POLICIES {
            return Err(PolicyError::TooMany {
                owner: document.name.as_str().into(),
                what: "policies",
                count: policies.len(),
                limit: MAX_POLICIES,
            });
        }
        Ok(Box::new(AggregateCondition(Combination {
            policies,
            strategy: document.strategy,
        })))
    }
}

#[derive(Debug)]
struct AggregateCondition(Combination);

impl Condition for AggregateCondition {
    fn vote(&self, _: &Evaluation<'_>) -> Vote {
        Vote::Nothing
    }

    fn combines(&self) -> Option<Combination> {
        Some(self.0.clone())
    }
}
