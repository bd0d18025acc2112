//! Permission-based exchange, what Keycloak calls legacy or V1: a `token-exchange` permission on the target
//! decides.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec::Vec};

use super::{
    ExchangeFlow, Relation, all_enabled,
    impersonation::{Impersonated, impersonate, joined},
    named_clients, too_long,
};
use crate::{
    claims::{parameterized::named_users, roles::effective_roles, scopes::inherited},
    decision::Refused,
    facts::{Facts, FactsNeeded, SessionKind, UserQuery},
    flow::{
        FlowRequest, PendingFlow, Plan, PlannedSession, RefreshOutput,
        granted_scopes::GrantedScopes,
    },
    narrowing::{Inputs, scope_stays},
    policy::{EvaluationContext, ExchangeQuestion, can_exchange_to},
    realm::{Client, Feature, Features, Profile, Realm, document::ClientGrant},
    refusal::{ExchangeError, Refusal},
    request::{Parameters, TokenType},
    subject::{GrantCode, Lineage, ReadToken, SessionCode, VerifiedSubject},
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

    fn supports(&self, request: &FlowRequest<'_>) -> Result<(), &'static str> {
        request
            .realm
            .admits_to_exchange(request.client)
            .then_some(())
            .ok_or("Permission-based token exchange is not enabled for the requested client")
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let FlowRequest {
            client, parameters, ..
        } = *request;
        let requested_subject = parameters.value("requested_subject").map(Cow::into_owned);
        let token = match parameters.value("subject_token") {
            // An empty subject token is a token, and a bad one: it never becomes "none".
            Some(text) => Some(read_subject(request, &text, trace)?),
            None if requested_subject.is_some() => None,
            None => return Err(ExchangeError::NoSubject.into()),
        };
        let mut pending = PendingExchange {
            requested_type: parameters
                .value("requested_token_type")
                .map(Cow::into_owned),
            requested_subject,
            audiences: parameters
                .values("audience")
                .map(|value| value.into())
                .collect(),
            scope: parameters.value("scope").map(Cow::into_owned),
            service_account: None,
            named: Vec::new(),
            token,
        };
        pending.named = pending.users_named(request);
        // Policies look at the service account of the requester; without one there is nobody to load.
        if client.may(ClientGrant::ClientCredentials)
            && (pending.token.is_none() || pending.names_another(client))
        {
            pending.service_account = Some(UserQuery::ServiceAccount(client.uuid().into()));
        }
        Ok(Box::new(pending))
    }
}

pub(super) fn read_subject(
    request: &FlowRequest<'_>,
    text: &str,
    trace: &mut DecisionTrace,
) -> Result<ReadToken, ExchangeError> {
    let FlowRequest {
        parameters, issuer, ..
    } = *request;
    trace.step(
        "the subject token is the realm's own",
        own_issuer(parameters, issuer),
    )?;
    trace.step(
        "the subject token is said to be an access token",
        declared(parameters),
    )?;
    let token = request.subject_token(text, trace);
    let token = token.map_err(ExchangeError::SubjectToken);
    let token = trace.step("the subject token stands for itself", token)?;
    let held = held(request, &token);
    trace.step("what the subject token is bound to is shown", held)?;
    Ok(token)
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

/// A bound token without a proof is refused: Keycloak would hand out an unbound one in its place. With one
/// it is taken from any client in profile `keycloak`, from its own in `strict`.
fn held(request: &FlowRequest<'_>, token: &ReadToken) -> Result<(), ExchangeError> {
    let Some(bound) = token.confirmation() else {
        return Ok(());
    };
    let own = *token.authorized_party == *request.client.client_id();
    if !own && request.realm.profile() == Profile::Strict {
        return Err(ExchangeError::BoundToAnother);
    }
    let shown = request.possession.satisfies(bound);
    shown.map_err(ExchangeError::Binding)
}

#[derive(Debug)]
struct PendingExchange {
    /// `None`: a naked impersonation.
    token: Option<ReadToken>,
    requested_type: Option<String>,
    requested_subject: Option<String>,
    audiences: Vec<Box<str>>,
    scope: Option<String>,
    service_account: Option<UserQuery>,
    named: Vec<UserQuery>,
}

impl PendingExchange {
    fn names_another(&self, client: &Client) -> bool {
        self.audiences
            .iter()
            .any(|audience| **audience != *client.client_id())
    }

    /// Whom the scopes asked for, or those of the subject token, name at the target.
    fn users_named(&self, request: &FlowRequest<'_>) -> Vec<UserQuery> {
        let first = self.audiences.first();
        let target = match first {
            Some(name) => request.realm.client_by_id(name),
            None => Some(request.client),
        };
        let had = self.token.as_ref().and_then(ReadToken::scope);
        match (target, self.scope.as_deref().or(had)) {
            (Some(target), Some(scope)) => named_users(request.realm, target, scope),
            _ => Vec::new(),
        }
    }
}

impl PendingFlow for PendingExchange {
    fn subject(&self) -> Option<&ReadToken> {
        self.token.as_ref()
    }

    fn facts_needed(&self) -> FactsNeeded {
        let token = self.token.as_ref();
        FactsNeeded {
            requested: self
                .requested_subject
                .as_ref()
                .map(|name| UserQuery::UsernameOrId(name.as_str().into())),
            service_account: self.service_account.clone(),
            named: self.named.clone(),
            ..token.map(ReadToken::facts_needed).unwrap_or_default()
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
            requested_subject,
            audiences,
            scope,
            ..
        } = *self;
        let subject = match token {
            Some(token) => {
                let subject = token
                    .verify_as_input(realm, facts, moment)
                    .map_err(ExchangeError::from);
                Some(trace.step("the subject's session and user are there", subject)?)
            }
            None => None,
        };
        let impersonated = match requested_subject {
            Some(_) => Some(
                impersonate(request, subject.as_ref(), facts, trace)
                    .map_err(ExchangeError::Impersonation)?,
            ),
            None => None,
        };
        let wanted = output(self.requested_type.as_deref());
        let wanted = trace.step("the requested token type is given", wanted)?;
        if realm.profile() == Profile::Strict
            && let Some(subject) = &subject
        {
            // Before anything is said of targets.
            holds_if_public(client, subject.token(), trace)?;
        }
        let targets = targets(realm, client, &audiences);
        let targets = trace.step("every audience is a client that may be a target", targets)?;
        let asker = Asker {
            request,
            subject: subject.as_ref(),
            facts,
        };
        for target in &targets {
            asker.may_reach(target, trace)?;
        }
        let target = targets.first().copied().unwrap_or(client);
        if wanted == TokenType::Saml2 {
            return Err(saml(target).into());
        }
        let impersonates = impersonated.is_some();
        let mut plan = asker.plan(target, impersonated, scope.as_deref(), wanted, trace)?;
        if realm.takes_actors() || trace.is_recording() {
            let target_permitted = target.number() != client.number();
            plan.inputs = Some(Box::new(inputs(subject, target_permitted, impersonates)));
        }
        Ok(plan)
    }
}

pub(super) fn output(requested: Option<&str>) -> Result<TokenType, ExchangeError> {
    match requested {
        None => Ok(TokenType::RefreshToken),
        Some(urn) => match TokenType::from_urn(urn) {
            Some(kind @ (TokenType::AccessToken | TokenType::RefreshToken | TokenType::Saml2)) => {
                Ok(kind)
            }
            _ => Err(ExchangeError::RequestedTokenType),
        },
    }
}

/// An assertion needs a target that takes one; none is minted yet, so one that does is refused as well.
pub(super) fn saml(target: &Client) -> ExchangeError {
    const ADDRESSES: [&str; 3] = [
        "saml_assertion_consumer_url_post",
        "saml_assertion_consumer_url_redirect",
        "saml_artifact_binding_url",
    ];
    let takes = ADDRESSES
        .iter()
        .any(|name| target.attributes().contains_key(*name));
    if takes {
        ExchangeError::RequestedTokenType
    } else {
        ExchangeError::NoAssertionConsumer(target.client_id().into())
    }
}

/// Profile `strict` tells of every target that cannot be had what it tells of one that no permission leads to.
fn hidden(realm: &Realm, error: ExchangeError) -> ExchangeError {
    match realm.profile() {
        Profile::Strict => ExchangeError::HiddenTarget(Box::new(error)),
        Profile::Keycloak => error,
    }
}

/// The clients named by `audience`, the requester when there is none. Existence of all is checked before
/// consent of all, and that before whether each is enabled.
pub(super) fn targets<'r>(
    realm: &'r Realm,
    client: &'r Client,
    audiences: &[Box<str>],
) -> Result<Vec<&'r Client>, ExchangeError> {
    available_targets(realm, client, audiences).map_err(|error| hidden(realm, error))
}

fn available_targets<'r>(
    realm: &'r Realm,
    client: &'r Client,
    audiences: &[Box<str>],
) -> Result<Vec<&'r Client>, ExchangeError> {
    let mut found = named_clients(realm, audiences)?;
    if found.is_empty() {
        found.push(client);
    }
    if let Some(target) = found.iter().find(|target| target.consent_required()) {
        return Err(ExchangeError::TargetConsent(target.client_id().into()));
    }
    all_enabled(&found)?;
    Ok(found)
}

fn holds_if_public(
    client: &Client,
    token: &ReadToken,
    trace: &mut DecisionTrace,
) -> Result<(), ExchangeError> {
    if !client.is_public() {
        return Ok(());
    }
    let holds = Relation::of(client, token).holder;
    let holds = holds.then_some(()).ok_or(ExchangeError::NotHolder);
    trace.step("a public client holds the token", holds)
}

/// Who asks, with what.
pub(super) struct Asker<'a> {
    pub(super) request: &'a FlowRequest<'a>,
    pub(super) subject: Option<&'a VerifiedSubject>,
    pub(super) facts: &'a Facts,
}

impl Asker<'_> {
    pub(super) fn may_reach(
        &self,
        target: &Client,
        trace: &mut DecisionTrace,
    ) -> Result<(), ExchangeError> {
        let FlowRequest {
            realm,
            client,
            remote_address,
            moment,
            ..
        } = *self.request;
        let token = self.subject.map(VerifiedSubject::token);
        if let Some(token) = token {
            holds_if_public(client, token, trace)?;
            if target.number() == client.number() {
                let named = "the client holds the token or is in its audience";
                return trace.step(named, Relation::of(client, token).any());
            }
        }
        if target.number() == client.number() {
            return Ok(());
        }
        let question = ExchangeQuestion {
            requester: client,
            service_account: self.facts.service_account.as_deref(),
            subject_scope: token.and_then(ReadToken::scope),
        };
        let context = EvaluationContext {
            client_id: client.client_id(),
            remote_address,
            moment,
        };
        let recording = trace.is_recording();
        let answer = can_exchange_to(realm, &question, target.number(), &context, recording);
        let granted = trace
            .gate(answer)
            .map_err(|reason| ExchangeError::NotPermitted {
                target: target.client_id().into(),
                reason,
            });
        trace.step("a permission on the target grants the exchange", granted)
    }

    fn plan(
        &self,
        target: &Client,
        impersonated: Option<Impersonated>,
        scope: Option<&str>,
        wanted: TokenType,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let FlowRequest { realm, client, .. } = *self.request;
        let user = impersonated
            .as_ref()
            .map(|impersonated| &impersonated.user)
            .or_else(|| self.subject.map(VerifiedSubject::user))
            .ok_or(ExchangeError::NoSubject)?;
        let user = Arc::clone(user);
        let roles = effective_roles(realm, &user);
        let token = self.subject.map(VerifiedSubject::token);
        let had = match (token, realm.profile()) {
            // What is absent never counts as unlimited.
            (Some(token), Profile::Strict) => Some(token.scope().unwrap_or_default()),
            (token, _) => token.and_then(ReadToken::scope),
        };
        let text = inherited(realm, target, scope, had);
        let asker = self.request.asker(&user, &roles, self.facts);
        let active = match token {
            Some(_) => {
                let mut active = GrantedScopes::select(realm, target, &text, &asker, trace);
                let had = had.unwrap_or_default();
                active.retain(realm, |scope| scope_stays(realm, target, scope, had));
                active
            }
            None => GrantedScopes::for_login(realm, target, &text, &asker, trace)?,
        };
        let session = match (impersonated, self.subject) {
            (Some(Impersonated { notes, .. }), _) => PlannedSession::New {
                kind: SessionKind::Online,
                method: "impersonate",
                join: joined(client, target),
                notes,
            },
            (None, Some(subject)) => continued(client, target, subject, &active),
            (None, None) => return Err(ExchangeError::NoSubject.into()),
        };
        let lineage = match token {
            Some(token) => {
                let in_session = matches!(session, PlannedSession::Existing { .. });
                Lineage::below(token, in_session).map_err(too_long)?
            }
            None => Lineage::default(),
        };
        // A refresh token needs a client session that is stored.
        let transient = matches!(
            session,
            PlannedSession::Transient { .. }
                | PlannedSession::Existing {
                    transient_client: true,
                    ..
                }
        );
        let refresh =
            wanted == TokenType::RefreshToken && client.tokens().use_refresh_tokens && !transient;
        let issued = if refresh {
            TokenType::RefreshToken
        } else {
            TokenType::AccessToken
        };
        Ok(Plan {
            target: target.number(),
            openid: active.openid,
            id_token: active.openid,
            scopes: active.scopes,
            parameters: active.parameters,
            refresh: refresh.then(|| remembering(realm, client, target)),
            issued_token_type: Some(issued),
            authentication_level: Some(1),
            bound: token.and_then(ReadToken::confirmation).cloned(),
            lineage,
            ..Plan::new(client.number(), user, session, GrantCode::None)
        })
    }
}

/// In profile `strict` the refresh token remembers whom the exchange was for, since a refresh asks for that client.
fn remembering(realm: &Realm, client: &Client, target: &Client) -> RefreshOutput {
    let another = target.number() != client.number() && realm.profile() == Profile::Strict;
    RefreshOutput {
        audiences: another
            .then(|| target.client_id().into())
            .into_iter()
            .collect(),
        ..RefreshOutput::default()
    }
}

/// The subject's own session; target and requester get a client session in it where they have none.
///
/// An offline subject stays offline only while `offline_access` is among the final scopes. Otherwise
/// Keycloak names an online session that does not exist, so the result is dead from the start; the same is
/// answered here.
fn continued(
    client: &Client,
    target: &Client,
    subject: &VerifiedSubject,
    active: &GrantedScopes,
) -> PlannedSession {
    let Some(session) = subject.session() else {
        return PlannedSession::Transient { notes: Vec::new() };
    };
    let transient_client = matches!(
        subject.token().id.session,
        SessionCode::OnlineTransientClient | SessionCode::OfflineTransientClient
    );
    let (kind, join) = match session.kind {
        kind if transient_client => (kind, Vec::new()),
        SessionKind::Online => (SessionKind::Online, joined(client, target)),
        SessionKind::Offline if active.offline => (SessionKind::Offline, Vec::new()),
        SessionKind::Offline => (SessionKind::Online, Vec::new()),
    };
    PlannedSession::Existing {
        session: Arc::clone(session),
        kind,
        join,
        transient_client,
        named: !transient_client,
    }
}

/// What a plan of this flow stands on.
fn inputs(subject: Option<VerifiedSubject>, target_permitted: bool, impersonated: bool) -> Inputs {
    let (subject, user) = subject.map(|subject| (subject.token, subject.user)).unzip();
    Inputs {
        subject,
        user,
        target_permitted,
        impersonated,
    }
}
