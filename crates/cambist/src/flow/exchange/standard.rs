//! Standard exchange, what Keycloak calls V2: the requester's scopes and the subject's audience decide. No
//! permission is asked.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec, vec::Vec};

use super::{
    super::granted_scopes::consented, ExchangeFlow, Relation, all_enabled, named_clients, too_long,
};
use crate::{
    claims::{
        ClaimContext, ClaimTarget, compose,
        parameterized::named_users,
        roles::{effective_roles, narrowed_token_roles, token_roles},
        scopes::{ActiveScopes, OFFLINE_ACCESS, OPENID, names_in_any_form, names_scope},
    },
    crypto::CryptoProvider,
    decision::Refused,
    effects::Effect,
    facts::{ClientSession, Facts, FactsNeeded, SessionKind, User, UserQuery, UserSession},
    flow::{
        FlowRequest, Output, PendingFlow, Plan, PlannedSession, RefreshOutput,
        granted_scopes::{check, check_named},
    },
    moment::Timestamp,
    narrowing::{Inputs, scope_stays},
    proof::Possession,
    realm::{
        Client, ClientNo, Feature, Features, Profile, Realm, ScopeNo, client::ExchangeRefresh,
        document::ClientGrant,
    },
    refusal::{ExchangeError, Refusal},
    request::{Parameters, TokenType},
    subject::{GrantCode, Lineage, ReadToken, SessionCode, VerifiedSubject},
    trace::DecisionTrace,
};

/// Standard exchange.
#[derive(Debug)]
pub(super) struct Standard;

impl ExchangeFlow for Standard {
    fn name(&self) -> &'static str {
        "standard exchange"
    }

    fn available(&self, features: Features) -> bool {
        features.has(Feature::TokenExchangeStandard)
    }

    fn supports(&self, request: &FlowRequest<'_>) -> Result<(), &'static str> {
        let parameters = request.parameters;
        let given = |name| parameters.raw(name).is_some();
        if given("requested_subject") {
            return Err(
                "Parameter 'requested_subject' is not supported for standard token exchange",
            );
        }
        if given("requested_issuer") {
            return Err(
                "Parameter 'requested_issuer' is not supported for standard token exchange",
            );
        }
        if given("subject_issuer") {
            return Err("Parameter 'subject_issuer' is not supported for standard token exchange");
        }
        if !request.client.may(ClientGrant::StandardTokenExchange) {
            return Err("Standard token exchange is not enabled for the requested client");
        }
        if !given("subject_token") {
            return Err("Parameter 'subject_token' required for standard token exchange");
        }
        match parameters.value("subject_token_type") {
            None => Err("Parameter 'subject_token_type' required for standard token exchange"),
            Some(kind) if TokenType::from_urn(&kind) != Some(TokenType::AccessToken) => {
                Err("Parameter 'subject_token' supports access tokens only")
            }
            Some(_) => Ok(()),
        }
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
            ..
        } = *request;
        let text = parameters.value("subject_token").unwrap_or_default();
        let token = request.subject_token(&text, trace);
        let token = token.map_err(ExchangeError::SubjectToken);
        let token = trace.step("the subject token stands for itself", token)?;
        let asked = Asked::read(parameters);
        Ok(Box::new(PendingStandard {
            token,
            named: asked
                .scope
                .as_deref()
                .map(|scope| named_users(realm, client, scope))
                .unwrap_or_default(),
            asked,
        }))
    }
}

/// What the form asks for.
#[derive(Debug)]
struct Asked {
    token_type: Option<String>,
    audiences: Vec<Box<str>>,
    scope: Option<String>,
}

impl Asked {
    fn read(parameters: &Parameters) -> Self {
        let mut audiences: Vec<Box<str>> = Vec::new();
        for value in parameters.values("audience") {
            if !audiences.iter().any(|known| **known == *value) {
                audiences.push(value.into());
            }
        }
        Self {
            token_type: parameters
                .value("requested_token_type")
                .map(Cow::into_owned),
            audiences,
            scope: parameters.value("scope").map(Cow::into_owned),
        }
    }
}

#[derive(Debug)]
struct PendingStandard {
    token: ReadToken,
    asked: Asked,
    named: Vec<UserQuery>,
}

impl PendingFlow for PendingStandard {
    fn subject(&self) -> Option<&ReadToken> {
        Some(&self.token)
    }

    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            named: self.named.clone(),
            ..self.token.facts_needed()
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
            possession,
            ..
        } = *request;
        let Self { token, asked, .. } = *self;
        let subject = token
            .verify_as_input(realm, facts, moment)
            .map_err(ExchangeError::from);
        let subject = trace.step("the subject's session and user are there", subject)?;
        let held = held(client, &subject, possession);
        trace.step("what the subject token is bound to is shown", held)?;
        let wanted = output(client, asked.token_type.as_deref());
        let wanted = trace.step("the requested token type is given", wanted)?;
        let targets = targets(realm, client, &asked.audiences);
        let targets = trace.step("every audience is a client that may be a target", targets)?;
        let related = Relation::of(client, subject.token()).any();
        trace.step("the client is the holder or in the audience", related)?;
        let known = check(realm, client, asked.scope.as_deref());
        trace.step("the client has the scopes asked for", known)?;
        let text = asked.scope.as_deref().unwrap_or_default();
        let asks_openid = names_scope(text, OPENID);
        if wanted == TokenType::RefreshToken {
            let possible = refresh_possible(&subject, text);
            trace.step(
                "a refresh token can live in the subject's session",
                possible,
            )?;
        }
        let user = Arc::clone(subject.user());
        let roles = effective_roles(realm, &user);
        let there = check_named(realm, client, asked.scope.as_deref(), facts);
        trace.step("the users named in scopes are there", there)?;
        let asker = request.asker(&user, &roles, facts);
        let mut active = ActiveScopes::select_for(realm, client, text, &asker, Some(trace));
        if asked.scope.is_none() && logged_in_with_openid(realm, client, &subject) {
            active.add_openid();
        }
        let had = subject.token().scope().unwrap_or_default();
        active.retain(|scope| {
            names_in_any_form(text, scope) || scope_stays(realm, client, scope, had)
        });
        let granted = consented(client, &user, active.scopes().iter().copied());
        let granted = granted
            .then_some(())
            .ok_or_else(|| ExchangeError::ConsentMissing(client.client_id().into()));
        trace.step("the user has consented", granted)?;
        // Keycloak computes the scope text of a refresh output before it knows the audiences; with
        // parameterized scopes it does not, and then names what client policies have taken.
        let parameterized = realm.features().has(Feature::ParameterizedScopes);
        let mut named =
            (parameterized && request.restrictions.is_narrowed()).then(|| active.clone());
        active.retain(|scope| request.restrictions.allow(scope));
        let early = wanted == TokenType::RefreshToken && !parameterized;
        let refreshes = wanted == TokenType::RefreshToken;
        if early {
            named = Some(active.clone());
        } else if refreshes && !targets.is_empty() {
            named.get_or_insert_with(|| active.clone());
        }
        if let Some(named) = named.as_mut().filter(|_| !early && !targets.is_empty()) {
            named.restrict_to_audiences(realm, &targets, &roles);
        }
        if !asked.audiences.is_empty() {
            // The client session that a refresh output leaves has all scopes; what they give for other
            // audiences is taken out of the claims.
            if !refreshes {
                active.restrict_to_audiences(realm, &targets, &roles);
            }
            let available = available(request, &user, &subject, &active, &asked.audiences);
            trace.step("every audience asked for can be had", available)?;
        }
        let lineage = Lineage::below(subject.token(), true).map_err(too_long)?;
        let named = named.as_ref();
        let mut plan = plan(request, &subject, asked, &active, named, wanted);
        plan.lineage = lineage;
        plan.id_token = asks_openid && wanted != TokenType::IdToken;
        if realm.takes_actors() || trace.is_recording() {
            plan.inputs = Some(Inputs::of(subject.token, subject.user));
        }
        Ok(plan)
    }
}

/// Keycloak reads off the requester's client session whether the scope names `openid`, and an exchange that asks for
/// no scope leaves there what the login asked for. No ID token comes of it. In profile `strict` what is not asked
/// for is not given.
fn logged_in_with_openid(realm: &Realm, client: &Client, subject: &VerifiedSubject) -> bool {
    realm.profile() == Profile::Keycloak
        && subject
            .session()
            .and_then(|session| session.client(client.uuid()))
            .is_some_and(|state| names_scope(&state.scope, OPENID))
}

/// Without a proof a bound token is refused; issued to another client it is refused with one as well.
fn held(
    client: &Client,
    subject: &VerifiedSubject,
    possession: &Possession,
) -> Result<(), ExchangeError> {
    let token = subject.token();
    let Some(bound) = token.confirmation() else {
        return Ok(());
    };
    if *token.authorized_party != *client.client_id() {
        return Err(ExchangeError::BoundToAnother);
    }
    possession.satisfies(bound).map_err(ExchangeError::Binding)
}

fn output(client: &Client, requested: Option<&str>) -> Result<TokenType, ExchangeError> {
    let refreshes = client.tokens().use_refresh_tokens
        && client.tokens().exchange_refresh == ExchangeRefresh::SameSession;
    match requested.map(TokenType::from_urn) {
        None => Ok(TokenType::AccessToken),
        Some(Some(kind @ (TokenType::AccessToken | TokenType::IdToken))) => Ok(kind),
        Some(Some(TokenType::RefreshToken)) if refreshes => Ok(TokenType::RefreshToken),
        Some(_) => Err(ExchangeError::RequestedTokenType),
    }
}

/// Existence of all, then a confidential requester, then whether each is enabled. Profile `strict` tells of a target that
/// is not there or disabled what it tells of one that is out of reach, and in the same place: see [`available`].
fn targets(
    realm: &Realm,
    client: &Client,
    audiences: &[Box<str>],
) -> Result<Vec<ClientNo>, ExchangeError> {
    if realm.profile() == Profile::Strict {
        if client.is_public() {
            return Err(ExchangeError::PublicClient);
        }
        let found = audiences.iter().filter_map(|name| realm.client_by_id(name));
        return Ok(found.map(Client::number).collect());
    }
    let found = named_clients(realm, audiences)?;
    if client.is_public() {
        return Err(ExchangeError::PublicClient);
    }
    all_enabled(&found)?;
    Ok(found.iter().map(|target| target.number()).collect())
}

/// Only an online session with a client session of the subject can carry a refresh token.
fn refresh_possible(subject: &VerifiedSubject, scope: &str) -> Result<(), ExchangeError> {
    let online = subject
        .session()
        .is_some_and(|session| session.kind == SessionKind::Online);
    let stored = matches!(
        subject.token().id.session,
        SessionCode::Online | SessionCode::Unknown
    );
    if !online || !stored {
        return Err(ExchangeError::NeedsNewSession);
    }
    if names_scope(scope, OFFLINE_ACCESS) {
        return Err(ExchangeError::OfflineNotAllowed);
    }
    Ok(())
}

/// Works out what the mappers would put into `aud`: an audience that they do not is not to be had, nor is one that is no
/// enabled client, whatever a mapper says.
fn available(
    request: &FlowRequest<'_>,
    user: &User,
    subject: &VerifiedSubject,
    active: &ActiveScopes<'_>,
    audiences: &[Box<str>],
) -> Result<(), ExchangeError> {
    let FlowRequest {
        realm,
        client,
        moment,
        provider,
        issuer,
        ..
    } = *request;
    let provider: &dyn CryptoProvider = provider;
    let session: Option<&UserSession> = subject.session().map(|session| &**session);
    let user_roles = effective_roles(realm, user);
    let narrowed = request.restrictions.is_narrowed();
    let roles = if narrowed {
        narrowed_token_roles(realm, client, active.scopes(), &user_roles)
    } else {
        token_roles(realm, client, active.scopes(), &user_roles)
    };
    let context = ClaimContext {
        realm,
        issuer,
        client,
        user,
        session,
        client_session: session.and_then(|session| session.client(client.uuid())),
        transient_notes: &[],
        scopes: active.scopes(),
        narrowed,
        parameters: active.parameters(),
        openid: active.openid(),
        user_roles: &user_roles,
        token_roles: &roles,
        nonce: None,
        authentication_level: Some(1),
        moment,
        crypto: provider,
    };
    let composed = compose(
        &context,
        ClaimTarget::AccessToken,
        client.tokens().lightweight,
    );
    let missing: Vec<&str> = audiences
        .iter()
        .map(|audience| &**audience)
        .filter(|audience| {
            let there = realm.client_by_id(audience).is_some_and(Client::enabled);
            !there || !composed.audience.iter().any(|value| value == audience)
        })
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(ExchangeError::AudienceUnavailable(missing.join(", ")))
    }
}

fn plan(
    request: &FlowRequest<'_>,
    subject: &VerifiedSubject,
    asked: Asked,
    active: &ActiveScopes<'_>,
    named: Option<&ActiveScopes<'_>>,
    wanted: TokenType,
) -> Plan {
    let FlowRequest { client, moment, .. } = *request;
    let refreshes = wanted == TokenType::RefreshToken;
    let session = match subject.session() {
        None => PlannedSession::Transient { notes: Vec::new() },
        Some(session) => PlannedSession::Existing {
            session: Arc::clone(session),
            kind: session.kind,
            join: Vec::new(),
            transient_client: !refreshes && session.client(client.uuid()).is_none(),
            named: true,
        },
    };
    let effects = match subject.session() {
        Some(session) if refreshes => vec![derived(client, subject, session, &asked, moment.now)],
        _ => Vec::new(),
    };
    let id_only = wanted == TokenType::IdToken;
    Plan {
        text_scopes: named.map(numbers),
        scopes: numbers(active),
        parameters: named.unwrap_or(active).parameters().to_vec(),
        openid: active.openid(),
        output: if id_only {
            Output::IdToken
        } else {
            Output::AccessToken
        },
        refresh: refreshes.then(|| RefreshOutput {
            audiences: asked.audiences.clone(),
            ..RefreshOutput::default()
        }),
        audiences: asked.audiences,
        issued_token_type: Some(wanted),
        authentication_level: Some(1),
        bound: subject.token().confirmation().cloned(),
        effects,
        ..Plan::new(
            client.number(),
            Arc::clone(subject.user()),
            session,
            GrantCode::StandardExchange,
        )
    }
}

fn numbers(active: &ActiveScopes<'_>) -> Vec<ScopeNo> {
    active.scopes().iter().map(|scope| scope.number()).collect()
}

/// The requester's client session, with a note of the client whose token it comes from: when that is revoked, so is
/// this.
fn derived(
    client: &Client,
    subject: &VerifiedSubject,
    session: &UserSession,
    asked: &Asked,
    now: Timestamp,
) -> Effect {
    let mut state = session
        .client(client.uuid())
        .cloned()
        .unwrap_or_else(|| ClientSession::begun(now));
    let source = &subject.token().authorized_party;
    state.derived_from.insert(String::from(&**source));
    if let Some(scope) = &asked.scope {
        let openid = names_scope(scope, OPENID);
        state.scope = if openid { OPENID.into() } else { String::new() };
    }
    state.last_refresh = now;
    Effect::PutClientSession {
        session: session.id.clone(),
        kind: session.kind,
        client: client.uuid().into(),
        state: Box::new(state),
        refreshed: Some(now),
        expect: Some(session.version),
    }
}
