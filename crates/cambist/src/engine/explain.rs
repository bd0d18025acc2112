//! Explanation: what would be decided on an exchange, asked by somebody who need not be able to make it.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{AuthenticatedRequest, Engine, PendingRequest};
use crate::{
    claims::{ActiveScopes, effective_roles},
    decision::Decision,
    facts::{
        ClientSession, Facts, FactsNeeded, SessionId, SessionKind, User, UserQuery, UserSession,
    },
    flow::{Plan, PlannedSession},
    mint::scene::Scene,
    moment::{Moment, Timestamp},
    realm::{Client, ClientNo, Realm},
    request::{Form, GrantType, Parameters},
    subject::{GrantCode, ReadToken, SessionCode, TokenCode, TokenId},
    trace::DecisionTrace,
};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A question: may this requester have that exchange, and why?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExplainRequest {
    /// `client_id` of the requester. That it proves itself is taken for granted.
    pub requester: String,
    /// `audience`, as often as it is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// `scope`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `requested_token_type`. Default: an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_token_type: Option<String>,
    /// `requested_subject`: the user to become, by name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_subject: Option<String>,
    /// The subject: a login of this user, by name or id, at `subject_client`, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_user: Option<String>,
    /// `client_id` that the subject logged in at. Default: the requester.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_client: Option<String>,
    /// `scope` of that login. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_scope: Option<String>,
    /// The subject token itself, in the place of a described login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_token: Option<String>,
    /// Address that the requester calls from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_address: Option<String>,
    /// The instant, in seconds since the epoch. Default: now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
}

/// Why a question cannot be answered at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// No such client.
    #[error("the realm has no client `{0}`")]
    NoClient(String),
    /// No such user.
    #[error("the realm has no user `{0}`")]
    NoUser(String),
    /// A login and a token at once.
    #[error("a subject is a user or a token, not both")]
    TwoSubjects,
    /// Token exchange is not among the engine's grants.
    #[error("the engine answers no token exchange")]
    NotAnExchange,
    /// The described login would have claims that no token can have.
    #[error("no token can be described for the subject")]
    NoToken,
}

impl ExplainRequest {
    /// The user to load before [`Engine::explain`], where the subject is described.
    #[must_use]
    pub fn subject_query(&self) -> Option<UserQuery> {
        let name = self.subject_user.as_deref()?;
        Some(UserQuery::UsernameOrId(name.into()))
    }

    fn parameters(&self) -> Parameters {
        let exchange = GrantType::TOKEN_EXCHANGE.as_str();
        let mut pairs = alloc::vec![("grant_type", exchange), ("client_id", &*self.requester)];
        let described = self.subject_user.as_ref().map(|_| "described");
        if let Some(token) = self.subject_token.as_deref().or(described) {
            pairs.push(("subject_token", token));
            pairs.push(("subject_token_type", ACCESS_TOKEN));
        }
        let wanted = self.requested_token_type.as_deref();
        pairs.push(("requested_token_type", wanted.unwrap_or(ACCESS_TOKEN)));
        pairs.extend(self.audience.iter().map(|value| ("audience", &**value)));
        let one = [
            ("scope", &self.scope),
            ("requested_subject", &self.requested_subject),
        ];
        pairs.extend(
            one.into_iter()
                .filter_map(|(name, value)| Some((name, value.as_deref()?))),
        );
        Parameters::new(Form::of(pairs))
    }
}

/// A question that waits for facts.
#[derive(Debug)]
#[must_use]
pub struct PendingExplanation(State);

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved once and consumed; a box would cost an allocation"
)]
enum State {
    Waits {
        pending: PendingRequest,
        /// The described subject.
        session: Option<Arc<UserSession>>,
        user: Option<Arc<User>>,
    },
    Decided(DecisionTrace),
}

impl PendingExplanation {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        match &self.0 {
            State::Waits {
                pending, session, ..
            } => {
                let mut needed = pending.facts_needed();
                if session.is_some() {
                    // It is known already, or made up.
                    needed.session = None;
                    needed.subject = None;
                    needed.revocations.clear();
                }
                needed
            }
            State::Decided(_) => FactsNeeded::default(),
        }
    }

    /// Decides, and mints nothing.
    #[must_use]
    pub fn decide(self, mut facts: Facts) -> DecisionTrace {
        match self.0 {
            State::Decided(trace) => trace,
            State::Waits {
                pending,
                session,
                user,
            } => {
                if session.is_some() {
                    facts.session = session;
                    facts.subject = user;
                }
                match pending.decide(&facts) {
                    Decision::Permit(grant) => grant.trace().clone(),
                    Decision::Deny(denial) => denial.trace().clone(),
                }
            }
        }
    }
}

impl Engine {
    /// Asks what would be decided on an exchange. `user` is whom [`ExplainRequest::subject_query`] asks for.
    ///
    /// The same code decides as on a request; only that the requester has proved itself, and shown no key, is
    /// taken for granted. Nothing is minted.
    ///
    /// # Errors
    ///
    /// Names in the question that lead nowhere.
    pub fn explain(
        &self,
        realm: Arc<Realm>,
        issuer: &str,
        request: &ExplainRequest,
        user: Option<Arc<User>>,
        moment: Moment,
    ) -> Result<PendingExplanation, ExplainError> {
        if request.subject_user.is_some() && request.subject_token.is_some() {
            return Err(ExplainError::TwoSubjects);
        }
        let requester = find(&realm, &request.requester)?.number();
        let moment = Moment {
            now: request.at.map_or(moment.now, Timestamp),
            ..moment
        };
        let (mut read, mut session) = (None, None);
        if let Some(name) = &request.subject_user {
            let user = user
                .as_ref()
                .ok_or_else(|| ExplainError::NoUser(name.clone()))?;
            let party = request.subject_client.as_deref();
            let party = find(&realm, party.unwrap_or(&request.requester))?;
            let scope = request.subject_scope.as_deref().unwrap_or_default();
            let begun = Arc::new(session_of(&realm, party, requester, user, moment.now));
            let login = Login {
                realm: &realm,
                party,
                user,
                scope,
                session: &begun,
            };
            let token = login.token(self, issuer, moment);
            read = Some(Box::new(token.ok_or(ExplainError::NoToken)?));
            session = Some(begun);
        }
        let asked = self.taken_as_said(realm, requester, request.parameters(), issuer, moment);
        let mut asked: AuthenticatedRequest = asked.ok_or(ExplainError::NotAnExchange)?;
        asked.core.read = read;
        asked.core.remote_address = request.remote_address.as_deref().map(Box::from);
        asked.core.trace.passed("the client is who it says", || {
            Some(format!("taken for granted of `{}`", request.requester))
        });
        Ok(PendingExplanation(match asked.begin() {
            Ok(pending) => State::Waits {
                pending,
                session,
                user,
            },
            Err(denial) => State::Decided(denial.trace().clone()),
        }))
    }
}

fn find<'r>(realm: &'r Realm, client_id: &str) -> Result<&'r Client, ExplainError> {
    realm
        .client_by_id(client_id)
        .ok_or_else(|| ExplainError::NoClient(client_id.into()))
}

/// A session that begins now, with a part for the client logged in at and for the requester.
fn session_of(
    realm: &Realm,
    party: &Client,
    requester: ClientNo,
    user: &User,
    now: Timestamp,
) -> UserSession {
    let clients = [Some(party), realm.client(requester)];
    UserSession {
        id: SessionId("described".into()),
        kind: SessionKind::Online,
        user: user.id.clone(),
        started: now,
        last_refresh: now,
        method: "openid-connect".into(),
        notes: alloc::collections::BTreeMap::new(),
        clients: clients
            .into_iter()
            .flatten()
            .map(|client| (client.uuid().into(), ClientSession::begun(now)))
            .collect(),
        version: 0,
    }
}

/// A login that did not happen.
struct Login<'a> {
    realm: &'a Realm,
    party: &'a Client,
    user: &'a Arc<User>,
    scope: &'a str,
    session: &'a Arc<UserSession>,
}

impl Login<'_> {
    /// The token it would have given, without a signature.
    fn token(&self, engine: &Engine, issuer: &str, moment: Moment) -> Option<ReadToken> {
        let roles = effective_roles(self.realm, self.user);
        let active = ActiveScopes::select(self.realm, self.party, self.scope, &roles);
        let plan = Plan {
            scopes: active.scopes().iter().map(|scope| scope.number()).collect(),
            parameters: active.parameters().to_vec(),
            openid: active.openid(),
            authentication_level: Some(1),
            ..Plan::new(
                self.party.number(),
                Arc::clone(self.user),
                PlannedSession::Existing {
                    session: Arc::clone(self.session),
                    kind: SessionKind::Online,
                    join: Vec::new(),
                    transient_client: false,
                    named: true,
                },
                GrantCode::Password,
            )
        };
        let scene = Scene::of(self.realm, &plan)?;
        let context = scene.context(issuer, Some(self.session), moment, engine.crypto());
        let lightweight = self.party.tokens().lightweight;
        let id = TokenId {
            session: SessionCode::Online,
            token: if lightweight {
                TokenCode::Lightweight
            } else {
                TokenCode::Regular
            },
            grant: GrantCode::Password,
        };
        let id = id.with_random("described");
        let payload = scene.payload(&context, issuer, &id, self.session.id.as_str())?;
        ReadToken::of_claims(self.realm, core::str::from_utf8(&payload).ok()?).ok()
    }
}
