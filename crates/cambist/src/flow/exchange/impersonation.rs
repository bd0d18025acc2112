//! Impersonation (`requested_subject`): becoming another user before the exchange goes on.
//!
//! With a subject token it is the subject's *user* who must have the right; naked, without one, it is the
//! requesting client. Unknown users, disabled users and refusals are told alike.

use alloc::{borrow::Cow, collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use serde_json::Value;

use crate::{
    claims::{
        roles::{effective_roles, token_roles},
        scopes::ActiveScopes,
    },
    facts::{Facts, User},
    flow::FlowRequest,
    policy::{ClaimSource, Evaluation, EvaluationContext, Gate, Identity},
    realm::{Client, Realm, RoleSet},
    refusal::ImpersonationError,
    subject::{IMPERSONATOR_CLIENT, VerifiedSubject},
    trace::{DecisionTrace, Question},
};

/// Notes of an impersonated session, under Keycloak's names.
const IMPERSONATOR_ID: &str = "IMPERSONATOR_ID";
pub(crate) const IMPERSONATOR_USERNAME: &str = "IMPERSONATOR_USERNAME";

/// The user to become, once everything allows it, with the notes of the new session.
#[derive(Debug)]
pub(super) struct Impersonated {
    pub(super) user: Arc<User>,
    pub(super) notes: BTreeMap<String, String>,
}

/// Asks whether the requested user may be become.
pub(super) fn impersonate(
    request: &FlowRequest<'_>,
    subject: Option<&VerifiedSubject>,
    facts: &Facts,
    trace: &mut DecisionTrace,
) -> Result<Impersonated, ImpersonationError> {
    let FlowRequest { client, .. } = *request;
    let user = facts.requested.as_ref().filter(|user| user.enabled);
    let user = trace.step("the requested user is there", user.ok_or(ImpersonationError::NoUser))?;
    let allowed = match subject {
        Some(subject) => user_may(request, subject, trace),
        None if client.is_public() => {
            return trace.step("the client may impersonate", Err(ImpersonationError::PublicClient));
        }
        None => client_may(request, facts, trace),
    };
    let allowed = opened(allowed).ok_or(ImpersonationError::NotPermitted);
    trace.step("the impersonator may impersonate", allowed)?;
    let identity = Identity::stored_user(user);
    let context = context(request, Some(client));
    let evaluation = Evaluation { realm: request.realm, identity: &identity, context: &context };
    let open = trace.ask(Question::UserMayBeImpersonated, &evaluation);
    let open = opened(open).ok_or(ImpersonationError::NotImpersonatable);
    trace.step("the requested user may be impersonated", open)?;
    let mut notes = BTreeMap::from([(IMPERSONATOR_CLIENT.into(), client.uuid().into())]);
    if let Some(subject) = subject {
        notes.insert(IMPERSONATOR_ID.into(), subject.user().id.clone());
        notes.insert(IMPERSONATOR_USERNAME.into(), subject.user().username.clone());
    }
    Ok(Impersonated { user: Arc::clone(user), notes })
}

fn opened(gate: Gate) -> Option<()> {
    gate.is_granted().then_some(())
}

/// The roles are those the user has now, within the role scope of the client the subject token was issued
/// to; `kc.client.id` is that client.
fn user_may(request: &FlowRequest<'_>, subject: &VerifiedSubject, trace: &mut DecisionTrace) -> Gate {
    let realm = request.realm;
    let party = realm.client_by_id(subject.token().authorized_party());
    let roles = roles_of(realm, party, subject);
    let claims = PayloadClaims::read(&subject.token().payload);
    let identity = Identity::token_user(subject.user(), &roles, &claims);
    let context = context(request, party);
    let evaluation = Evaluation { realm, identity: &identity, context: &context };
    trace.ask(Question::UserMayImpersonate, &evaluation)
}

fn roles_of(realm: &Realm, party: Option<&Client>, subject: &VerifiedSubject) -> RoleSet {
    let all = effective_roles(realm, subject.user());
    match party {
        // A lightweight token says nothing of roles, so all of them count.
        Some(party) if !party.tokens().lightweight => {
            let scope = subject.token().scope().unwrap_or_default();
            let active = ActiveScopes::select(realm, party, scope, &all);
            token_roles(realm, party, active.scopes(), &all)
        }
        _ => all,
    }
}

fn client_may(request: &FlowRequest<'_>, facts: &Facts, trace: &mut DecisionTrace) -> Gate {
    let identity = Identity::client(request.client, facts.service_account.as_deref(), None);
    let context = context(request, Some(request.client));
    let evaluation =
        Evaluation { realm: request.realm, identity: &identity, context: &context };
    trace.ask(Question::ClientMayImpersonate, &evaluation)
}

fn context<'a>(request: &FlowRequest<'a>, client: Option<&'a Client>) -> EvaluationContext<'a> {
    EvaluationContext {
        ip_address: request.remote_address,
        host: request.remote_address,
        ..EvaluationContext::new(client, request.moment)
    }
}

/// The claims of the subject token, for conditions that look at them.
struct PayloadClaims(serde_json::Map<String, Value>);

impl PayloadClaims {
    /// The payload was read once when the token was verified; what is no object then holds no claim.
    fn read(payload: &str) -> Self {
        Self(serde_json::from_str(payload).unwrap_or_default())
    }
}

impl ClaimSource for PayloadClaims {
    fn claim(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.0.get(name).map(Cow::Borrowed)
    }
}

/// Client sessions of an impersonated session: the target's, and the requester's.
pub(super) fn joined(client: &Client, target: &Client) -> Vec<alloc::boxed::Box<str>> {
    let mut join = alloc::vec![target.uuid().into()];
    if client.number() != target.number() {
        join.push(client.uuid().into());
    }
    join
}
