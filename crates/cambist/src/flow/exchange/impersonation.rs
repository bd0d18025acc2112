//! Impersonation (`requested_subject`): becoming another user before the exchange goes on.
//!
//! With a subject token it is the subject's *user* who must have the right; naked, without one, it is the
//! requesting client. Unknown users, disabled users and refusals are told alike.

use alloc::{borrow::Cow, collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use serde_json::Value;

use crate::{
    facts::{Facts, User},
    flow::FlowRequest,
    policy::{
        ClaimSource, EvaluationContext, ExchangeQuestion, GateRefusal, Identity,
        can_client_impersonate, can_impersonate, is_impersonatable,
    },
    realm::{Client, Profile},
    refusal::ImpersonationError,
    subject::{IMPERSONATOR_CLIENT, VerifiedSubject},
    trace::DecisionTrace,
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
    let user = trace.step(
        "the requested user is there",
        user.ok_or(ImpersonationError::NoUser),
    )?;
    // Whoever was become acts with another's rights; in profile `strict` they do not reach further.
    let again = subject.is_some_and(VerifiedSubject::is_impersonated);
    if again && request.realm.profile() == Profile::Strict {
        let again = Err(ImpersonationError::AlreadyImpersonated);
        return trace.step("the subject is nobody who was become", again);
    }
    let allowed = match subject {
        Some(subject) => user_may(request, subject, trace),
        None if client.is_public() => {
            return trace.step(
                "the client may impersonate",
                Err(ImpersonationError::PublicClient),
            );
        }
        None => client_may(request, facts, trace),
    };
    let allowed = allowed.map_err(ImpersonationError::NotPermitted);
    trace.step("the impersonator may impersonate", allowed)?;
    let context = context(request, client.client_id());
    let open = is_impersonatable(request.realm, user, &context, trace.is_recording());
    let open = trace
        .gate(open)
        .map_err(ImpersonationError::NotImpersonatable);
    trace.step("the requested user may be impersonated", open)?;
    let mut notes = BTreeMap::from([(IMPERSONATOR_CLIENT.into(), client.uuid().into())]);
    if let Some(subject) = subject {
        notes.insert(IMPERSONATOR_ID.into(), subject.user().id.clone());
        notes.insert(
            IMPERSONATOR_USERNAME.into(),
            subject.user().username.clone(),
        );
    }
    Ok(Impersonated {
        user: Arc::clone(user),
        notes,
    })
}

/// The roles are those the user has now, within the role scope of the client the subject token was issued
/// to; `kc.client.id` is that client.
fn user_may(
    request: &FlowRequest<'_>,
    subject: &VerifiedSubject,
    trace: &mut DecisionTrace,
) -> Result<(), GateRefusal> {
    let realm = request.realm;
    let roles = subject.roles(realm);
    let claims = PayloadClaims::read(&subject.token().payload);
    let identity = Identity::token_user(subject.user(), &roles, &claims);
    let context = context(request, subject.token().authorized_party());
    trace.gate(can_impersonate(
        realm,
        &identity,
        &context,
        trace.is_recording(),
    ))
}

fn client_may(
    request: &FlowRequest<'_>,
    facts: &Facts,
    trace: &mut DecisionTrace,
) -> Result<(), GateRefusal> {
    let question = ExchangeQuestion {
        requester: request.client,
        service_account: facts.service_account.as_deref(),
        subject_scope: None,
    };
    let context = context(request, request.client.client_id());
    trace.gate(can_client_impersonate(
        request.realm,
        &question,
        &context,
        trace.is_recording(),
    ))
}

fn context<'a>(request: &FlowRequest<'a>, client_id: &'a str) -> EvaluationContext<'a> {
    EvaluationContext {
        client_id,
        remote_address: request.remote_address,
        moment: request.moment,
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
