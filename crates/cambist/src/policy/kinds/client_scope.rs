//! `client-scope`: scopes of the subject token; some may be required.

use alloc::{boxed::Box, vec::Vec};

use super::{BuildContext, Condition, Evaluation, HangsOn, PolicyKind, Settings, Vote};
use crate::{
    policy::PolicyError,
    realm::{ScopeNo, document::PolicyDocument},
};

pub(super) struct ClientScopeKind;

impl PolicyKind for ClientScopeKind {
    fn name(&self) -> &'static str {
        "client-scope"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let settings = Settings::new(document, context, &["clientScopes"])?;
        let realm = context.realm();
        let mut scopes = Vec::new();
        for reference in settings.references("clientScopes", &["id"], "required")? {
            let by_id = || {
                realm
                    .scopes()
                    .iter()
                    .find(|scope| scope.id() == reference.name)
            };
            match realm.scope_by_name(&reference.name).or_else(by_id) {
                Some(scope) => scopes.push((scope.number(), reference.flag)),
                None => context.unresolved(&document.name, "client scope", &reference.name)?,
            }
        }
        Ok(Box::new(ClientScopeCondition(scopes.into_boxed_slice())))
    }
}

#[derive(Debug)]
struct ClientScopeCondition(Box<[(ScopeNo, bool)]>);

impl Condition for ClientScopeCondition {
    fn hangs_on(&self) -> HangsOn {
        HangsOn::TOKEN
    }

    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        let Some(held) = evaluation.identity.scope() else {
            return Vote::Failed("a client-scope condition, and there is no token with a scope");
        };
        let mut vote = if self.0.is_empty() {
            Vote::Nothing
        } else {
            Vote::Deny
        };
        for (number, required) in &*self.0 {
            let Some(scope) = evaluation.realm.scope(*number) else {
                continue;
            };
            if held.split(' ').any(|name| name == scope.name()) {
                vote = Vote::Grant;
            } else if *required {
                return Vote::Deny;
            }
        }
        vote
    }
}
