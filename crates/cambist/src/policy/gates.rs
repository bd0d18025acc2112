//! The questions an exchange asks.
//!
//! "May exchange" and "may impersonate" are closed until a permission opens them; "may be impersonated" is
//! open until a permission with conditions closes it. These are Keycloak's defaults.

use alloc::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    EvaluationContext, Identity, PolicyTrace,
    evaluator::{Failure, evaluate},
    kinds::Evaluation,
    numbers::{ResourceNo, ScopeMask},
    possible::Door,
    store::{NOWHERE, Standing, Target},
    trace::{NoTrace, Opening, Recorder, TraceSink},
};
use crate::{
    facts::User,
    realm::{Client, ClientNo, IdentityProvider, Realm, Role, RoleNo},
};

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
    /// To act for a user, who stays the subject of the token.
    Delegate,
    /// To see a user.
    View,
}

/// Why a gate is closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GateRefusal {
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
    /// A policy could not be evaluated, and why: what Keycloak answers as HTTP 500. Never in profile
    /// `strict`, where such a policy counts as one that does not help to permit.
    #[error("a policy could not be evaluated: {0}")]
    Failed(Cow<'static, str>),
}

/// A gate's answer, and the trace when one was asked for.
pub type Answer = (Result<(), GateRefusal>, Option<PolicyTrace>);

/// The client that asks. Its identity has the id of the client, the roles and groups of the service account,
/// and one claim, `scope`; the user of the subject token has no part in it.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeQuestion<'a> {
    /// The client.
    pub requester: &'a Client,
    /// Its service account, when it has one.
    pub service_account: Option<&'a User>,
    /// `scope` of the subject token; `None` when there is no subject token.
    pub subject_scope: Option<&'a str>,
}

impl<'a> ExchangeQuestion<'a> {
    fn identity(&self) -> Identity<'a> {
        Identity::client(self.requester, self.service_account, self.subject_scope)
    }
}

/// Whether the requester may exchange a token for one of `target`: the scope `token-exchange` on the
/// target's resource. `kc.client.id` is the requester. With `record` the trace comes along; without, nothing
/// is allocated.
pub fn can_exchange_to(
    realm: &Realm,
    question: &ExchangeQuestion<'_>,
    target: ClientNo,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    let requester = Some(question.requester);
    let mut gate = Gate {
        action: GateAction::TokenExchange,
        target: "",
        context,
        requester,
    };
    let door = realm.policies().client_target(target);
    if record {
        gate.target = realm.client(target).map_or("", Client::client_id);
        gate.recorded(realm, &question.identity(), |evaluation, trace| {
            exchange(evaluation, door, trace)
        })
    } else {
        gate.silent(realm, &question.identity(), |evaluation, trace| {
            exchange(evaluation, door, trace)
        })
    }
}

/// The same for a token of an identity provider.
pub fn can_exchange_to_provider(
    realm: &Realm,
    question: &ExchangeQuestion<'_>,
    provider: &IdentityProvider,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    let gate = Gate {
        action: GateAction::TokenExchange,
        target: provider.alias(),
        context,
        requester: Some(question.requester),
    };
    let door = realm.policies().provider_target(provider.id());
    if record {
        gate.recorded(realm, &question.identity(), |evaluation, trace| {
            exchange(evaluation, door, trace)
        })
    } else {
        gate.silent(realm, &question.identity(), |evaluation, trace| {
            exchange(evaluation, door, trace)
        })
    }
}

/// Whether the requester may become a user without any subject token: `impersonate` among the scopes
/// granted on the users. [`is_impersonatable`] must hold as well.
pub fn can_client_impersonate(
    realm: &Realm,
    question: &ExchangeQuestion<'_>,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    let gate = Gate {
        action: GateAction::Impersonate,
        target: USERS,
        context,
        requester: Some(question.requester),
    };
    if record {
        gate.recorded(realm, &question.identity(), impersonate)
    } else {
        gate.silent(realm, &question.identity(), impersonate)
    }
}

/// Whether the user of a subject token may become another: the admin role `impersonation`, or `impersonate`
/// among the scopes granted on the users. The identity is that user ([`Identity::token_user`]);
/// `kc.client.id` is the client the subject token was issued to. [`is_impersonatable`] must hold as well.
pub fn can_impersonate(
    realm: &Realm,
    identity: &Identity<'_>,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    let gate = Gate {
        action: GateAction::Impersonate,
        target: USERS,
        context,
        requester: None,
    };
    if record {
        gate.recorded(realm, identity, impersonate_as_user)
    } else {
        gate.silent(realm, identity, impersonate_as_user)
    }
}

/// Whether the user may be become: yes, unless a permission `user-impersonated` with conditions says no. The
/// identity is that user; `kc.client.id` is the requester.
pub fn is_impersonatable(
    realm: &Realm,
    user: &User,
    context: &EvaluationContext<'_>,
    record: bool,
) -> Answer {
    let gate = Gate {
        action: GateAction::UserImpersonated,
        target: USERS,
        context,
        requester: None,
    };
    let identity = Identity::stored_user(user);
    if record {
        gate.recorded(realm, &identity, impersonatable)
    } else {
        gate.silent(realm, &identity, impersonatable)
    }
}

/// One question on its way to the evaluator.
pub(super) struct Gate<'a> {
    action: GateAction,
    target: &'a str,
    context: &'a EvaluationContext<'a>,
    /// The client that asks, so that it need not be looked up again.
    requester: Option<&'a Client>,
}

impl<'a> Gate<'a> {
    /// A question that no client asks for itself.
    pub(super) fn of(
        action: GateAction,
        target: &'a str,
        context: &'a EvaluationContext<'a>,
    ) -> Self {
        Self {
            action,
            target,
            context,
            requester: None,
        }
    }

    pub(super) fn recorded(
        &self,
        realm: &Realm,
        identity: &Identity<'_>,
        ask: impl FnOnce(&Evaluation<'_>, &mut Recorder) -> Result<(), GateRefusal>,
    ) -> Answer {
        let mut recorder = Recorder::default();
        let result = self.ask(realm, identity, &mut recorder, ask);
        (result, recorder.into_trace())
    }

    pub(super) fn silent(
        &self,
        realm: &Realm,
        identity: &Identity<'_>,
        ask: impl FnOnce(&Evaluation<'_>, &mut NoTrace) -> Result<(), GateRefusal>,
    ) -> Answer {
        (self.ask(realm, identity, &mut NoTrace, ask), None)
    }

    fn ask<T: TraceSink>(
        &self,
        realm: &Realm,
        identity: &Identity<'_>,
        trace: &mut T,
        ask: impl FnOnce(&Evaluation<'_>, &mut T) -> Result<(), GateRefusal>,
    ) -> Result<(), GateRefusal> {
        let context = self.context;
        let client = match self.requester {
            // The same text in the same place: comparing the letters would be one more access to memory.
            Some(requester) if core::ptr::eq(requester.client_id(), context.client_id) => {
                Some(requester)
            }
            _ => realm.client_by_id(context.client_id),
        };
        let opening = Opening {
            action: self.action,
            target: self.target,
            client: context.client_id,
            identity: identity.id(),
            profile: realm.profile(),
        };
        trace.begin(realm.policies(), opening);
        let result = ask(
            &Evaluation {
                realm,
                identity,
                context,
                client,
            },
            trace,
        );
        trace.end(&result);
        result
    }
}

/// The name of the resource that stands for all users.
pub(super) const USERS: &str = "Users";

fn exchange<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    target: Target,
    trace: &mut T,
) -> Result<(), GateRefusal> {
    pass(evaluation, exchange_door(evaluation.realm, target)?, trace)
}

pub(super) fn exchange_door(realm: &Realm, target: Target) -> Result<Door, GateRefusal> {
    if target.resource == NOWHERE {
        return Err(GateRefusal::NoResource);
    }
    match target.standing {
        Standing::NoPermission => return Err(GateRefusal::NoPermission),
        Standing::NoConditions => return Err(GateRefusal::NoConditions),
        Standing::Ready => {}
    }
    Ok(Door {
        resource: ResourceNo(target.resource),
        asked: realm
            .policies()
            .token_exchange
            .ok_or(GateRefusal::NoScope)?,
        // That the resource is granted at all is enough, as in Keycloak.
        needed: ScopeMask::NONE,
    })
}

fn impersonate<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    trace: &mut T,
) -> Result<(), GateRefusal> {
    pass(evaluation, impersonation_door(evaluation.realm)?, trace)
}

pub(super) fn impersonation_door(realm: &Realm) -> Result<Door, GateRefusal> {
    let store = realm.policies();
    let number = ResourceNo(store.users.resource);
    let resource = store.resource(number).ok_or(GateRefusal::NoResource)?;
    Ok(Door {
        resource: number,
        // All scopes of the users are asked for, and the one that counts must be among those granted.
        asked: resource.scopes,
        needed: store.impersonate.ok_or(GateRefusal::NoScope)?,
    })
}

fn impersonate_as_user<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    trace: &mut T,
) -> Result<(), GateRefusal> {
    let role = impersonation_role(evaluation.realm);
    if role.is_some_and(|role| evaluation.identity.has_role(evaluation.realm, role)) {
        trace.opened_by("the admin role impersonation");
        return Ok(());
    }
    impersonate(evaluation, trace)
}

fn impersonatable<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    trace: &mut T,
) -> Result<(), GateRefusal> {
    let store = evaluation.realm.policies();
    let target = store.impersonated;
    if target.resource == NOWHERE || target.standing != Standing::Ready {
        trace.opened_by("no permission with conditions closes it");
        return Ok(());
    }
    let scope = store.user_impersonated.ok_or(GateRefusal::NoScope)?;
    let door = Door {
        resource: ResourceNo(target.resource),
        asked: scope,
        needed: scope,
    };
    pass(evaluation, door, trace)
}

/// Open when the resource is granted with at least the scope that is needed.
pub(super) fn pass<T: TraceSink>(
    evaluation: &Evaluation<'_>,
    door: Door,
    trace: &mut T,
) -> Result<(), GateRefusal> {
    match evaluate(evaluation, door.resource, door.asked, trace) {
        Ok(Some(granted)) if granted.contains(door.needed) => Ok(()),
        Ok(_) => Err(GateRefusal::NotGranted),
        Err(Failure(reason)) => Err(GateRefusal::Failed(Cow::Borrowed(reason))),
    }
}

/// The admin role of the realm that lets its holders become other users.
fn impersonation_role(realm: &Realm) -> Option<RoleNo> {
    let management = realm.client_by_id("realm-management")?;
    realm
        .client_role(management.number(), "impersonation")
        .map(Role::number)
}
