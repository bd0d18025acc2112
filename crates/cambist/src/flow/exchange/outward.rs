//! Internal to external (`requested_issuer`): the token that an identity provider gave for a user, handed
//! to a requester who may have it.
//!
//! The order is recorded in the parity area `external`: subject, impersonation, provider, its kind,
//! permission, the token of the session, the requested type, the stored token. Neither holder nor audience
//! of the subject token is asked about: the permission on the provider alone opens it.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec::Vec};

use serde_json::Value;

use super::{
    ExchangeFlow, external::permitted, impersonation::impersonate, permission_based::read_subject,
};
use crate::{
    decision::Refused,
    facts::{Facts, FactsNeeded, User, UserQuery, UserSession},
    flow::{FlowRequest, Handover, NextStep, PendingFlow, Plan, PlannedSession},
    jose::base64url,
    moment::Timestamp,
    outside::OutsideFailure,
    realm::{Feature, Features, IdentityProvider, document::ClientGrant},
    refusal::{ExchangeError, HandoverError, Refusal},
    request::TokenType,
    secret::Secret,
    subject::{
        FEDERATED_ACCESS_TOKEN, FEDERATED_ID_TOKEN, GrantCode, ProviderKind, ReadToken,
        SESSION_PROVIDER,
    },
    trace::DecisionTrace,
};

/// Internal to external.
#[derive(Debug)]
pub(super) struct Outward {
    kinds: Arc<[Arc<dyn ProviderKind>]>,
}

impl Outward {
    pub(super) fn with(kinds: Arc<[Arc<dyn ProviderKind>]>) -> Self {
        Self { kinds }
    }
}

impl ExchangeFlow for Outward {
    fn name(&self) -> &'static str {
        "internal to external exchange"
    }

    fn available(&self, features: Features) -> bool {
        features.has(Feature::TokenExchange)
    }

    fn supports(&self, request: &FlowRequest<'_>) -> Result<(), &'static str> {
        let registered = request.realm.admits_to_exchange(request.client);
        let asked = request.parameters.value("requested_issuer").is_some();
        (registered && asked)
            .then_some(())
            .ok_or("no token of an identity provider is asked for")
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let FlowRequest {
            client, parameters, ..
        } = *request;
        let requested = parameters.value("requested_subject").map(Cow::into_owned);
        let token = match parameters.value("subject_token") {
            Some(text) => Some(read_subject(request, &text, trace)?),
            None if requested.is_some() => None,
            None => return Err(ExchangeError::NoSubject.into()),
        };
        let issuer = parameters.value("requested_issuer").map(Cow::into_owned);
        Ok(Box::new(Pending {
            kinds: Arc::clone(&self.kinds),
            token,
            requested,
            issuer: issuer.unwrap_or_default(),
            requested_type: parameters
                .value("requested_token_type")
                .map(Cow::into_owned),
            service_account: client
                .may(ClientGrant::ClientCredentials)
                .then(|| UserQuery::ServiceAccount(client.uuid().into())),
        }))
    }
}

#[derive(Debug)]
struct Pending {
    kinds: Arc<[Arc<dyn ProviderKind>]>,
    token: Option<ReadToken>,
    requested: Option<String>,
    issuer: String,
    requested_type: Option<String>,
    service_account: Option<UserQuery>,
}

impl PendingFlow for Pending {
    fn facts_needed(&self) -> FactsNeeded {
        let token = self.token.as_ref();
        FactsNeeded {
            session: token.and_then(ReadToken::session_query),
            subject: token.and_then(ReadToken::user_query),
            requested: self
                .requested
                .as_ref()
                .map(|name| UserQuery::UsernameOrId(name.as_str().into())),
            service_account: self.service_account.clone(),
            revocations: token.map(ReadToken::revocations).unwrap_or_default(),
            ..FactsNeeded::default()
        }
    }

    /// Nothing is minted here, so there is no plan to mint from.
    fn decide(
        self: Box<Self>,
        _: &FlowRequest<'_>,
        _: &Facts,
        _: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        Err(ExchangeError::Outside(OutsideFailure::NotAsked).into())
    }

    fn proceed(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<NextStep, Refused> {
        let FlowRequest { realm, moment, .. } = *request;
        let Self {
            kinds,
            token,
            requested,
            issuer,
            requested_type,
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
        let (user, session) = match requested {
            Some(_) => {
                let become_other = impersonate(request, subject.as_ref(), facts, trace);
                let become_other = become_other.map_err(ExchangeError::Impersonation)?;
                (become_other.user, None)
            }
            None => {
                let subject = subject.as_ref().ok_or(ExchangeError::NoSubject)?;
                (
                    Arc::clone(subject.user()),
                    subject.session().map(Arc::clone),
                )
            }
        };
        let provider = provider(request, &issuer);
        let provider = trace.step("the requested issuer is an enabled provider", provider)?;
        let kind = kinds.iter().any(|kind| kind.name() == provider.kind());
        let kind = kind.then_some(()).ok_or(HandoverError::Kind);
        trace
            .step("its tokens can be handed over", kind)
            .map_err(ExchangeError::from)?;
        permitted(request, facts, provider, trace)?;
        let found = find(
            provider,
            &user,
            session.as_deref(),
            requested_type.as_deref(),
            moment.now,
        );
        let found = trace.step("the provider gave a token for the user", found)?;
        let plan = planned(request, user, session);
        Ok(NextStep::Handover(Box::new(Handover {
            plan,
            token: found.token,
            id_token: found.id_token,
            expires_in: found.expires_in,
        })))
    }
}

fn provider<'r>(
    request: &FlowRequest<'r>,
    alias: &str,
) -> Result<&'r IdentityProvider, ExchangeError> {
    request
        .realm
        .identity_providers()
        .iter()
        .find(|provider| provider.alias() == alias && provider.enabled())
        .ok_or(ExchangeError::RequestedIssuer)
}

/// A token of a provider.
struct Found {
    token: Secret,
    id_token: bool,
    expires_in: i64,
}

fn find(
    provider: &IdentityProvider,
    user: &User,
    session: Option<&UserSession>,
    requested_type: Option<&str>,
    now: Timestamp,
) -> Result<Found, ExchangeError> {
    let wanted = requested_type.map(TokenType::from_urn);
    if let Some(found) = session.and_then(|session| of_session(provider, session, wanted)) {
        return Ok(found);
    }
    if !matches!(wanted, None | Some(Some(TokenType::AccessToken))) {
        return Err(HandoverError::TokenType.into());
    }
    if !provider.stores_tokens() {
        return Err(HandoverError::NotOfSession.into());
    }
    let mut links = user.federated_identities.iter();
    let stored = links
        .find(|link| *link.provider == *provider.alias())
        .and_then(|link| link.token.as_ref())
        .ok_or(HandoverError::NotLinked)?;
    let (token, expires) = taken_apart(stored).ok_or(HandoverError::NotLinked)?;
    match expires {
        Some(expires) if expires <= now => Err(HandoverError::Expired.into()),
        expires => Ok(Found {
            token,
            id_token: false,
            expires_in: expires.map_or(0, |expires| expires.since(now)),
        }),
    }
}

/// The token that began this session, when it is of this provider.
fn of_session(
    provider: &IdentityProvider,
    session: &UserSession,
    wanted: Option<Option<TokenType>>,
) -> Option<Found> {
    let of = session.notes.get(SESSION_PROVIDER)?;
    if **of != *provider.alias() {
        return None;
    }
    let (note, id_token) = match wanted {
        None | Some(Some(TokenType::AccessToken)) => (FEDERATED_ACCESS_TOKEN, false),
        Some(Some(TokenType::IdToken)) => (FEDERATED_ID_TOKEN, true),
        _ => return None,
    };
    Some(Found {
        token: Secret::new(session.notes.get(note)?.as_str()),
        id_token,
        expires_in: 0,
    })
}

/// A stored token with its end, as far as that is known: the token itself, or the provider's answer that it
/// came in, as Keycloak keeps it.
fn taken_apart(stored: &Secret) -> Option<(Secret, Option<Timestamp>)> {
    let text = stored.expose();
    if text.starts_with('{') {
        let answer: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
        let token = answer.get("access_token")?.as_str()?;
        let expires = answer.get("accessTokenExpiration").and_then(Value::as_i64);
        let expires = expires.filter(|expires| *expires > 0).map(Timestamp);
        return Some((Secret::new(token), expires.or_else(|| end_of(token))));
    }
    Some((stored.clone(), end_of(text)))
}

/// `exp` of a JWT. Nothing is believed by it: it only keeps a dead token from being handed over.
fn end_of(token: &str) -> Option<Timestamp> {
    let mut parts = token.split('.');
    let payload = parts.nth(1)?;
    let bytes: Vec<u8> = base64url::decode(payload).ok()?;
    let claims: serde_json::Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
    claims.get("exp")?.as_i64().map(Timestamp)
}

/// What the gate looks at: requester, user and session must be alive as for any other answer.
fn planned(request: &FlowRequest<'_>, user: Arc<User>, session: Option<Arc<UserSession>>) -> Plan {
    let client = request.client.number();
    let session = match session {
        Some(session) => PlannedSession::Existing {
            kind: session.kind,
            session,
            join: Vec::new(),
            transient_client: false,
            named: false,
        },
        None => PlannedSession::Transient { notes: Vec::new() },
    };
    Plan {
        issued_token_type: Some(TokenType::AccessToken),
        ..Plan::new(client, user, session, GrantCode::None)
    }
}
