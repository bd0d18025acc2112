//! Permission-based exchange, what Keycloak calls legacy or V1: a `token-exchange` permission on the target
//! decides.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec, vec::Vec};

use super::ExchangeFlow;
use crate::{
    claims::{roles::effective_roles, scopes::inherited},
    decision::Refused,
    facts::{Facts, FactsNeeded, SessionKind, UserQuery},
    flow::{
        FlowRequest, PendingFlow, Plan, PlannedSession, RefreshOutput,
        granted_scopes::GrantedScopes,
    },
    policy::{EvaluationContext, ExchangeQuestion, can_exchange_to},
    realm::{Client, Feature, Features, Profile, Realm, document::ClientGrant},
    refusal::{ExchangeError, Refusal},
    request::{Parameters, TokenType},
    subject::{
        GrantCode, ReadToken, SessionCode, SubjectTokenError, VerifiedSubject, read_access_token,
    },
    trace::DecisionTrace,
};

/// Permission-based exchange.
#[derive(Debug)]
pub(super) struct PermissionBased;

impl ExchangeFlow for PermissionBased {
    fn name(&self) -> &'static str {
        "permission-based exchange"
    }

    fn available(&self, features: Features) -> bool {
        features.has(Feature::TokenExchange)
    }

    fn supports(&self, _: &FlowRequest<'_>) -> Result<(), &'static str> {
        Ok(())
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let FlowRequest {
            realm,
            client,
            parameters,
            issuer,
            moment,
            jws_limits,
            ..
        } = *request;
        // An empty subject token is a token, and a bad one: it never becomes "none".
        let text = parameters
            .value("subject_token")
            .ok_or(ExchangeError::NoSubject)?;
        trace.step(
            "the subject token is the realm's own",
            own_issuer(parameters, issuer),
        )?;
        trace.step(
            "the subject token is said to be an access token",
            declared(parameters),
        )?;
        let token = read_access_token(realm, issuer, &text, moment, jws_limits)
            .map_err(ExchangeError::SubjectToken);
        let token = trace.step("the subject token stands for itself", token)?;
        let audiences = parameters
            .values("audience")
            .map(|value| value.into())
            .collect();
        let mut pending = PendingExchange {
            token,
            requested_type: parameters
                .value("requested_token_type")
                .map(Cow::into_owned),
            requested_issuer: parameters.value("requested_issuer").is_some(),
            requested_subject: parameters.value("requested_subject").map(Cow::into_owned),
            audiences,
            scope: parameters.value("scope").map(Cow::into_owned),
            service_account: None,
        };
        if client.may(ClientGrant::ClientCredentials) && pending.names_another(client) {
            pending.service_account = Some(UserQuery::ServiceAccount(client.uuid().into()));
        }
        Ok(Box::new(pending))
    }
}

/// A subject token of another issuer is another flow's business.
fn own_issuer(parameters: &Parameters, issuer: &str) -> Result<(), ExchangeError> {
    match parameters.value("subject_issuer") {
        Some(named) if named != issuer => Err(ExchangeError::SubjectIssuer),
        _ => Ok(()),
    }
}

fn declared(parameters: &Parameters) -> Result<(), ExchangeError> {
    match parameters.value("subject_token_type") {
        Some(kind) if TokenType::from_urn(&kind) != Some(TokenType::AccessToken) => {
            Err(ExchangeError::SubjectTokenType)
        }
        _ => Ok(()),
    }
}

#[derive(Debug)]
struct PendingExchange {
    token: ReadToken,
    requested_type: Option<String>,
    requested_issuer: bool,
    requested_subject: Option<String>,
    audiences: Vec<Box<str>>,
    scope: Option<String>,
    service_account: Option<UserQuery>,
}

impl PendingExchange {
    fn names_another(&self, client: &Client) -> bool {
        self.audiences
            .iter()
            .any(|audience| **audience != *client.client_id())
    }
}

impl PendingFlow for PendingExchange {
    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            session: self.token.session_query(),
            subject: self.token.user_query(),
            service_account: self.service_account.clone(),
            revocations: vec![self.token.token_id.clone()],
            ..FactsNeeded::default()
        }
    }

    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let FlowRequest {
            realm,
            client,
            moment,
            ..
        } = *request;
        let Self {
            token,
            requested_type,
            requested_issuer,
            requested_subject,
            audiences,
            scope,
            ..
        } = *self;
        let subject = token
            .verify(realm, facts, moment)
            .and_then(unbound)
            .map_err(ExchangeError::from);
        let subject = trace.step("the subject's session and user are there", subject)?;
        if requested_subject.is_some() {
            return Err(ExchangeError::Impersonation(
                crate::refusal::ImpersonationError::NotPermitted,
            )
            .into());
        }
        if requested_issuer {
            return Err(ExchangeError::RequestedIssuer.into());
        }
        let wanted = trace.step(
            "the requested token type is given",
            output(requested_type.as_deref()),
        )?;
        let targets = targets(realm, client, &audiences);
        let targets = trace.step("every audience is a client that may be a target", targets)?;
        for target in &targets {
            may_reach(request, &subject, target, facts, trace)?;
        }
        let target = targets.first().copied().unwrap_or(client);
        let roles = effective_roles(realm, subject.user());
        let subject_scope = subject.token().scope();
        let text = inherited(realm, target, scope.as_deref(), subject_scope);
        let active = GrantedScopes::select(realm, target, &text, &roles);
        explain_widening(client, target, &subject, &active, realm, trace);
        Ok(plan(request, &subject, target, active, wanted))
    }
}

/// A bound token without a proof is refused: Keycloak would hand out an unbound one in its place.
fn unbound(subject: VerifiedSubject) -> Result<VerifiedSubject, SubjectTokenError> {
    if subject.token().is_bound() {
        Err(SubjectTokenError::Bound)
    } else {
        Ok(subject)
    }
}

fn output(requested: Option<&str>) -> Result<TokenType, ExchangeError> {
    match requested {
        None => Ok(TokenType::RefreshToken),
        Some(urn) => match TokenType::from_urn(urn) {
            Some(kind @ (TokenType::AccessToken | TokenType::RefreshToken)) => Ok(kind),
            _ => Err(ExchangeError::RequestedTokenType),
        },
    }
}

/// The clients named by `audience`, the requester when there is none. Existence of all is checked before
/// consent of all, and that before whether each is enabled.
fn targets<'r>(
    realm: &'r Realm,
    client: &'r Client,
    audiences: &[Box<str>],
) -> Result<Vec<&'r Client>, ExchangeError> {
    if audiences.is_empty() {
        return Ok(vec![client]);
    }
    let found: Result<Vec<_>, _> = audiences
        .iter()
        .map(|name| {
            realm
                .client_by_id(name)
                .ok_or_else(|| ExchangeError::UnknownAudience(name.clone()))
        })
        .collect();
    let found = found?;
    if let Some(target) = found.iter().find(|target| target.consent_required()) {
        return Err(ExchangeError::TargetConsent(target.client_id().into()));
    }
    if let Some(target) = found.iter().find(|target| !target.enabled()) {
        return Err(ExchangeError::TargetDisabled(target.client_id().into()));
    }
    Ok(found)
}

fn may_reach(
    request: &FlowRequest<'_>,
    subject: &VerifiedSubject,
    target: &Client,
    facts: &Facts,
    trace: &mut DecisionTrace,
) -> Result<(), ExchangeError> {
    let client = request.client;
    let token = subject.token();
    let holder = *token.authorized_party == *client.client_id();
    let in_audience = token
        .audience
        .iter()
        .any(|value| **value == *client.client_id());
    if client.is_public() {
        let holder = holder.then_some(()).ok_or(ExchangeError::NotHolder);
        trace.step("a public client holds the token", holder)?;
    }
    if target.number() == client.number() {
        let related = (holder || in_audience)
            .then_some(())
            .ok_or(ExchangeError::NotInAudience);
        return trace.step("the client holds the token or is in its audience", related);
    }
    let context = EvaluationContext {
        client_id: client.client_id(),
        remote_address: request.remote_address,
        moment: request.moment,
    };
    let question = ExchangeQuestion {
        requester: client,
        service_account: facts.service_account.as_deref(),
        subject_scope: token.scope(),
    };
    let (gate, policies) = can_exchange_to(
        request.realm,
        &question,
        target.number(),
        &context,
        trace.is_recording(),
    );
    trace.gate(target.client_id(), policies);
    let granted = gate.map_err(|reason| ExchangeError::NotPermitted {
        target: target.client_id().into(),
        reason,
    });
    trace.step("a permission on the target grants the exchange", granted)
}

fn plan(
    request: &FlowRequest<'_>,
    subject: &VerifiedSubject,
    target: &Client,
    active: GrantedScopes,
    wanted: TokenType,
) -> Plan {
    let FlowRequest { realm, client, .. } = *request;
    let session = planned_session(client, target, subject, &active);
    let refresh = wanted == TokenType::RefreshToken
        && client.tokens().use_refresh_tokens
        && !matches!(session, PlannedSession::Transient { .. });
    let issued = if refresh {
        TokenType::RefreshToken
    } else {
        TokenType::AccessToken
    };
    let strict = realm.profile() == Profile::Strict;
    Plan {
        client: client.number(),
        target: target.number(),
        user: Arc::clone(subject.user()),
        session,
        openid: active.openid,
        id_token: active.openid,
        scopes: active.scopes,
        refresh: refresh.then(RefreshOutput::default),
        grant: GrantCode::None,
        issued_token_type: Some(issued),
        authentication_level: Some(1),
        nonce: None,
        expires_by: strict.then_some(subject.token().expires),
        effects: Vec::new(),
        answer_scope: None,
    }
}

/// The subject's own session; target and requester get a client session in it where they have none.
///
/// An offline subject stays offline only while `offline_access` is among the final scopes. Otherwise
/// Keycloak names an online session that does not exist, so the result is dead from the start; the same is
/// answered here.
fn planned_session(
    client: &Client,
    target: &Client,
    subject: &VerifiedSubject,
    active: &GrantedScopes,
) -> PlannedSession {
    let code = subject.token().id.session;
    let transient_client = matches!(
        code,
        SessionCode::OnlineTransientClient | SessionCode::OfflineTransientClient
    );
    let Some(session) = subject.session() else {
        return PlannedSession::Transient { notes: Vec::new() };
    };
    if transient_client {
        return PlannedSession::Existing {
            session: Arc::clone(session),
            kind: session.kind,
            join: Vec::new(),
            transient_client: true,
        };
    }
    let (kind, join) = match session.kind {
        SessionKind::Online => {
            let mut join: Vec<Box<str>> = vec![target.uuid().into()];
            if client.number() != target.number() {
                join.push(client.uuid().into());
            }
            (SessionKind::Online, join)
        }
        SessionKind::Offline if active.offline => (SessionKind::Offline, Vec::new()),
        SessionKind::Offline => (SessionKind::Online, Vec::new()),
    };
    PlannedSession::Existing {
        session: Arc::clone(session),
        kind,
        join,
        transient_client: false,
    }
}

/// Names what of the result is not in the subject token, and what granted it.
fn explain_widening(
    client: &Client,
    target: &Client,
    subject: &VerifiedSubject,
    active: &GrantedScopes,
    realm: &Realm,
    trace: &mut DecisionTrace,
) {
    if !trace.is_recording() {
        return;
    }
    if client.number() != target.number()
        && !subject
            .token()
            .audience
            .iter()
            .any(|value| **value == *target.client_id())
    {
        trace.widened(
            "audience",
            || target.client_id().into(),
            || alloc::format!("token-exchange permission on `{}`", target.client_id()),
        );
    }
    let had: Vec<&str> = subject
        .token()
        .scope()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let scopes = active
        .scopes
        .iter()
        .filter_map(|number| realm.scope(*number));
    for scope in scopes.filter(|scope| scope.in_token_scope() && !had.contains(&scope.name())) {
        trace.widened(
            "scope",
            || scope.name().into(),
            || alloc::format!("default client scope of `{}`", target.client_id()),
        );
    }
}
