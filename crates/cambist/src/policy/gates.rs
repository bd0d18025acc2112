//! The questions an exchange asks.
//!
//! "May exchange" and "may impersonate" are closed until a permission opens them; "may be impersonated" is
//! open until a permission with conditions closes it. These are Keycloak's defaults.

use alloc::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    PolicyStore,
    evaluator::{Failure, evaluate},
    kinds::Evaluation,
    numbers::{ResourceNo, ScopeMask},
    store::{NOWHERE, Standing, Target},
    trace::{TraceSink, sealed::Opening},
};
use crate::realm::{ClientNo, IdentityProvider, Realm, RoleNo};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateAction {
    /// To exchange a token for one of a client or of an identity provider.
    TokenExchange,
    /// To become another user.
    Impersonate,
    /// That the user may be the one who is become.
    UserImpersonated,
}

/// Why a gate is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Nothing guards the target, so nothing can open it.
    #[error("no resource stands for the target")]
    NoResource,
    /// There is no permission of the name, or for the action, that opens the target.
    #[error("no permission opens the target")]
    NoPermission,
    /// That permission asks no policy, which grants nothing.
    #[error("the permission has no policies")]
    NoConditions,
    /// The permission store has no scope of the action's name.
    #[error("the permission store lacks the scope")]
    NoScope,
    /// The permissions were asked and do not grant it.
    #[error("the permissions do not grant it")]
    NotGranted,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[must_use]
pub enum Gate {
    /// Open.
    Granted,
    /// Closed.
    Refused(Refusal),
    /// A policy could not be evaluated, and why: what Keycloak answers as HTTP 500. Never in profile
    /// `strict`, where such a policy counts as one that does not help to permit. Not open.
    Failed(Cow<'static, str>),
}

impl Gate {
    /// Whether it is open.
    #[must_use]
    pub const fn is_granted(&self) -> bool {
        matches!(self, Self::Granted)
    }
}

/// Whether the requesting client may exchange a token for one of `target`: the scope `token-exchange` on the
/// target's resource. The identity is the requester
/// ([`Identity::client`](super::Identity::client)), `kc.client.id` the requester as well.
pub fn can_exchange_to<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    target: ClientNo,
    trace: &mut T,
) -> Gate {
    let store = evaluation.realm.policies();
    let name = evaluation
        .realm
        .client(target)
        .map_or("", |client| client.client_id());
    begin(evaluation, GateAction::TokenExchange, name, trace);
    exchange(evaluation, store.client_target(target), trace)
}

/// The same for a token of an identity provider.
pub fn can_exchange_to_provider<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    provider: &IdentityProvider,
    trace: &mut T,
) -> Gate {
    begin(
        evaluation,
        GateAction::TokenExchange,
        provider.alias(),
        trace,
    );
    exchange(
        evaluation,
        evaluation.realm.policies().provider_target(provider.id()),
        trace,
    )
}

/// Whether the requesting client may become a user without any subject token: `impersonate` among the
/// scopes granted on the users. The identity is the requester. [`is_impersonatable`] must hold as well.
pub fn can_client_impersonate<T: TraceSink>(evaluation: &Evaluation<'_>, trace: &mut T) -> Gate {
    begin(evaluation, GateAction::Impersonate, USERS, trace);
    let gate = impersonate(evaluation, trace);
    ended(gate, trace)
}

/// Whether the user of the subject token may become another: the admin role `impersonation`, or
/// `impersonate` among the scopes granted on the users. The identity is that user
/// ([`Identity::token_user`](super::Identity::token_user)); `kc.client.id` is the client the subject token
/// was issued to. [`is_impersonatable`] must hold as well.
pub fn can_impersonate<T: TraceSink>(evaluation: &Evaluation<'_>, trace: &mut T) -> Gate {
    begin(evaluation, GateAction::Impersonate, USERS, trace);
    if evaluation
        .realm
        .policies()
        .impersonation_role(evaluation.realm)
        .is_some_and(|role| evaluation.identity.has_role(evaluation.realm, role))
    {
        trace.opened_by("the admin role impersonation");
        return ended(Gate::Granted, trace);
    }
    let gate = impersonate(evaluation, trace);
    ended(gate, trace)
}

/// Whether the user may be become: yes, unless a permission `user-impersonated` with conditions says no.
/// The identity is that user ([`Identity::stored_user`](super::Identity::stored_user)); `kc.client.id` is
/// the requester.
pub fn is_impersonatable<T: TraceSink>(evaluation: &Evaluation<'_>, trace: &mut T) -> Gate {
    begin(evaluation, GateAction::UserImpersonated, USERS, trace);
    let store = evaluation.realm.policies();
    let target = store.impersonated;
    let gate = if target.resource == NOWHERE || target.standing != Standing::Ready {
        trace.opened_by("no permission with conditions closes it");
        Gate::Granted
    } else if let Some(scope) = store.user_impersonated {
        answer(
            evaluate(evaluation, ResourceNo(target.resource), scope, trace),
            scope,
        )
    } else {
        Gate::Refused(Refusal::NoScope)
    };
    ended(gate, trace)
}

/// The name of the resource that stands for all users.
pub(super) const USERS: &str = "Users";

fn exchange<T: TraceSink>(evaluation: &Evaluation<'_>, target: Target, trace: &mut T) -> Gate {
    let gate = match (target, evaluation.realm.policies().token_exchange) {
        (
            Target {
                resource: NOWHERE, ..
            },
            _,
        ) => Gate::Refused(Refusal::NoResource),
        (
            Target {
                standing: Standing::NoPermission,
                ..
            },
            _,
        ) => Gate::Refused(Refusal::NoPermission),
        (
            Target {
                standing: Standing::NoConditions,
                ..
            },
            _,
        ) => Gate::Refused(Refusal::NoConditions),
        (_, None) => Gate::Refused(Refusal::NoScope),
        (Target { resource, .. }, Some(scope)) => answer(
            evaluate(evaluation, ResourceNo(resource), scope, trace),
            ScopeMask::NONE,
        ),
    };
    ended(gate, trace)
}

fn impersonate<T: TraceSink>(evaluation: &Evaluation<'_>, trace: &mut T) -> Gate {
    let store = evaluation.realm.policies();
    let number = ResourceNo(store.users.resource);
    let Some(resource) = store.resource(number) else {
        return Gate::Refused(Refusal::NoResource);
    };
    let Some(scope) = store.impersonate else {
        return Gate::Refused(Refusal::NoScope);
    };
    // All scopes of the users are asked for, and the one that counts must be among those granted.
    answer(evaluate(evaluation, number, resource.scopes, trace), scope)
}

/// Open when the resource is granted with at least the scope that is needed.
fn answer(evaluated: Result<Option<ScopeMask>, Failure>, needed: ScopeMask) -> Gate {
    match evaluated {
        Ok(Some(granted)) if granted.contains(needed) => Gate::Granted,
        Ok(_) => Gate::Refused(Refusal::NotGranted),
        Err(Failure(reason)) => Gate::Failed(Cow::Borrowed(reason)),
    }
}

fn begin<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    action: GateAction,
    target: &str,
    trace: &mut T,
) {
    let opening = Opening {
        action,
        target,
        client: evaluation.context.client_id(),
        identity: evaluation.identity.id(),
        profile: evaluation.realm.profile(),
    };
    trace.begin(evaluation.realm.policies(), opening);
}

fn ended<T: TraceSink>(gate: Gate, trace: &mut T) -> Gate {
    trace.end(&gate);
    gate
}

impl PolicyStore {
    /// The admin role of the realm that lets its holders become other users.
    fn impersonation_role(&self, realm: &Realm) -> Option<RoleNo> {
        let management = realm.client_by_id("realm-management")?;
        realm
            .client_role(management.number(), "impersonation")
            .map(|role| role.number())
    }
}
