//! Trying the permission store out: what it would say of any resource and scopes, with the reasons. For
//! administration; an exchange asks the questions of [`gates`](super::gates).

use alloc::{borrow::Cow, string::String, vec::Vec};

use super::{
    EvaluationContext, Identity, PermissionTrace,
    evaluator::{Failure, evaluate},
    gates::{GateAction, GateRefusal},
    kinds::Evaluation,
    numbers::{ResourceNo, ScopeMask},
    trace::{Opening, Recorder, TraceSink},
};
use crate::realm::Realm;

/// What came of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryOut {
    /// The scopes asked for.
    pub asked: Vec<String>,
    /// Of these, those granted; `None` when nothing is granted. Some resources have no scopes and are
    /// granted whole.
    pub granted: Option<Vec<String>>,
    /// The permissions that applied, in the order asked.
    pub permissions: Vec<PermissionTrace>,
}

/// Evaluates the resource of this name for an identity. Without `scopes` all of its scopes are asked for;
/// scopes that the store does not have are passed over.
///
/// # Errors
///
/// [`GateRefusal::NoResource`] when there is no such resource; [`GateRefusal::Failed`] when a policy cannot
/// be evaluated.
pub fn try_out(
    realm: &Realm,
    identity: &Identity<'_>,
    context: &EvaluationContext<'_>,
    resource: &str,
    scopes: &[&str],
) -> Result<TryOut, GateRefusal> {
    let store = realm.policies();
    let place = store
        .resource_names
        .iter()
        .zip(0u32..)
        .find(|(name, _)| ***name == *resource);
    let number = ResourceNo(place.ok_or(GateRefusal::NoResource)?.1);
    let declared = store
        .resource(number)
        .map_or(ScopeMask::NONE, |resource| resource.scopes);
    let asked = if scopes.is_empty() {
        declared
    } else {
        store
            .scopes
            .iter()
            .zip(0u32..)
            .filter(|(name, _)| scopes.contains(&&***name))
            .fold(ScopeMask::NONE, |mask, (_, number)| {
                mask.or(ScopeMask::one(number))
            })
    };
    let mut recorder = Recorder::default();
    // The recorder is made for gates; what it notes of this opening is not looked at.
    let opening = Opening {
        action: GateAction::TokenExchange,
        target: resource,
        client: context.client_id,
        identity: identity.id(),
        profile: realm.profile(),
    };
    recorder.begin(store, opening);
    let evaluation = Evaluation {
        realm,
        identity,
        context,
        client: realm.client_by_id(context.client_id),
    };
    let granted = evaluate(&evaluation, number, asked, &mut recorder)
        .map_err(|Failure(reason)| GateRefusal::Failed(Cow::Borrowed(reason)))?;
    let permissions = recorder
        .into_trace()
        .map(|trace| trace.permissions)
        .unwrap_or_default();
    Ok(TryOut {
        asked: store.scope_names(asked),
        granted: granted.map(|mask| store.scope_names(mask)),
        permissions,
    })
}
