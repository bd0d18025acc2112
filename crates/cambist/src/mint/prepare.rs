//! From a permit to what is to be signed.

use alloc::{
    borrow::Cow,
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use super::{
    access_token::AccessToken,
    id_token::IdToken,
    ids::Ids,
    lifetimes::{SessionTimes, access_token_expiry, refresh_token_expiry},
    refresh_token::RefreshToken,
    unsigned::{Prepared, PreparedToken, Rest, UnsignedExchange},
};
use crate::{
    claims::{
        ClaimContext, ClaimTarget, ComposedClaims, compose,
        roles::{effective_roles, token_roles},
    },
    crypto::{Algorithm, Entropy},
    decision::Grant,
    effects::Effect,
    facts::{ClientSession, SessionKind, UserSession},
    flow::{Output, Plan, PlannedSession, RefreshOutput},
    jose::SigningHeader,
    moment::Timestamp,
    realm::{Client, ClientScope, Realm, RealmKey},
    refusal::Refusal,
    response::TokenResponse,
    subject::{SessionCode, TokenCode, TokenId, effective_not_before},
};

impl Grant {
    /// Draws the ids, makes the sessions and writes the payloads. From here on nothing is decided.
    ///
    /// # Errors
    ///
    /// Entropy that fails, or an algorithm for which the realm has no active key.
    pub fn prepare(self, entropy: &mut dyn Entropy) -> Result<UnsignedExchange, Refusal> {
        let ids = Ids::draw(entropy)?;
        let realm = Arc::clone(&self.realm);
        let client = realm.client(self.plan.client).ok_or(GONE)?;
        let target = realm.client(self.plan.target).ok_or(GONE)?;
        let now = self.moment.now;
        let placed = place_session(&self.plan, &ids, now);
        let scopes: Vec<&ClientScope> = self
            .plan
            .scopes
            .iter()
            .filter_map(|number| realm.scope(*number))
            .collect();
        let user_roles = effective_roles(&realm, &self.plan.user);
        let roles = token_roles(&realm, target, &scopes, &user_roles);
        let transient_notes: &[_] = match &self.plan.session {
            PlannedSession::Transient { notes } => notes,
            _ => &[],
        };
        let provider = self.engine.provider();
        let context = ClaimContext {
            realm: &realm,
            client: target,
            user: &self.plan.user,
            session: placed.session.as_deref(),
            client_session: placed
                .session
                .as_deref()
                .and_then(|session| session.client(target.uuid())),
            transient_notes,
            scopes: &scopes,
            openid: self.plan.openid,
            user_roles: &user_roles,
            token_roles: &roles,
            nonce: self.plan.nonce.as_deref(),
            authentication_level: self.plan.authentication_level,
            moment: self.moment,
            crypto: &*provider,
        };
        let text_scopes: Vec<&ClientScope> = match &self.plan.text_scopes {
            Some(numbers) => numbers
                .iter()
                .filter_map(|number| realm.scope(*number))
                .collect(),
            None => scopes.clone(),
        };
        let minting = Minting {
            grant: &self,
            realm: &realm,
            client,
            target,
            ids: &ids,
            placed: &placed,
            context: &context,
            scope: scope_text(&text_scopes, self.plan.openid, false),
            full_scope: scope_text(&text_scopes, self.plan.openid, true),
        };
        let (access_token, tokens, response) = minting.write()?;
        let mut effects = placed.effects;
        effects.extend_from_slice(&self.plan.effects);
        let rest = Rest {
            realm: realm.name().into(),
            engine: self.engine,
            waiting: tokens.into_iter(),
            response,
            effects,
            seal: ids.seal,
            event: self.event,
            trace: self.trace,
        };
        Ok(UnsignedExchange::new(access_token, rest))
    }
}

/// A client number that the snapshot does not have: impossible while grant and snapshot travel together.
const GONE: Refusal = Refusal::Gate(crate::subject::LivenessError::ClientDisabled);

/// Where the tokens live.
struct Placed {
    session: Option<Arc<UserSession>>,
    /// What token and answer name; a transient client session is not named.
    named: Option<Box<str>>,
    code: SessionCode,
    times: SessionTimes,
    effects: Vec<Effect>,
}

fn place_session(plan: &Plan, ids: &Ids, now: Timestamp) -> Placed {
    let fresh = |kind| SessionTimes {
        kind,
        started: now,
        client_started: now,
    };
    match &plan.session {
        PlannedSession::Transient { .. } => Placed {
            session: None,
            named: None,
            code: SessionCode::Transient,
            times: fresh(SessionKind::Online),
            effects: Vec::new(),
        },
        PlannedSession::New {
            kind,
            method,
            join,
            notes,
        } => {
            let clients = join
                .iter()
                .map(|uuid| (uuid.to_string(), ClientSession::begun(now)))
                .collect();

            let session = UserSession {
                id: ids.session.clone(),
                kind: *kind,
                user: plan.user.id.clone(),
                started: now,
                last_refresh: now,
                method: (*method).to_string(),
                notes: notes.clone(),
                clients,
                version: 0,
            };
            Placed {
                named: Some(session.id.0.clone()),
                code: code_of(*kind),
                times: fresh(*kind),
                effects: alloc::vec![Effect::StartSession(Box::new(session.clone()))],
                session: Some(Arc::new(session)),
            }
        }
        PlannedSession::Existing {
            session,
            kind,
            join,
            transient_client,
            named,
        } => {
            let effects = join
                .iter()
                .filter(|uuid| session.client(uuid).is_none())
                .map(|uuid| Effect::PutClientSession {
                    session: session.id.clone(),
                    kind: session.kind,
                    client: uuid.clone(),
                    state: Box::new(ClientSession::begun(now)),
                    refreshed: None,
                    expect: None,
                })
                .collect();
            let code = match (kind, transient_client) {
                (kind, false) => code_of(*kind),
                (SessionKind::Online, true) => SessionCode::OnlineTransientClient,
                (SessionKind::Offline, true) => SessionCode::OfflineTransientClient,
            };
            Placed {
                named: named.then(|| session.id.0.clone()),
                code,
                times: SessionTimes {
                    kind: *kind,
                    started: session.started,
                    client_started: now,
                },
                effects,
                session: Some(Arc::clone(session)),
            }
        }
    }
}

const fn code_of(kind: SessionKind) -> SessionCode {
    match kind {
        SessionKind::Online => SessionCode::Online,
        SessionKind::Offline => SessionCode::Offline,
    }
}

/// What the refresh token takes over from the access token.
struct Seen<'a> {
    subject: Option<Cow<'a, str>>,
    authorized_party: Cow<'a, str>,
    audience: Vec<Cow<'a, str>>,
}

impl<'a> Seen<'a> {
    fn of(composed: &ComposedClaims<'a>, client: &'a Client) -> Self {
        let party = composed.authorized_party.clone();
        Self {
            subject: composed.subject.clone(),
            authorized_party: party.unwrap_or(Cow::Borrowed(client.client_id())),
            audience: composed.audience.clone(),
        }
    }
}

/// One minting: what all tokens of the answer share.
struct Minting<'a> {
    grant: &'a Grant,
    realm: &'a Realm,
    client: &'a Client,
    target: &'a Client,
    ids: &'a Ids,
    placed: &'a Placed,
    context: &'a ClaimContext<'a>,
    scope: String,
    full_scope: String,
}

impl Minting<'_> {
    fn write(&self) -> Result<(Prepared, Vec<PreparedToken>, TokenResponse), Refusal> {
        let plan = &self.grant.plan;
        let now = self.grant.moment.now;
        let mut times = self.placed.times;
        times.client_started = self.client_started(self.target);
        let mut expires = access_token_expiry(self.realm, self.target, times, now);
        if let Some(bound) = plan.expires_by {
            expires = expires.min(bound);
        }
        let settings = self.target.tokens();
        let fault = settings
            .fault
            .or(settings.id_token_fault.filter(|_| plan.id_token));
        if let Some(fault) = fault {
            return Err(Refusal::Misconfigured(fault));
        }
        let lightweight = settings.lightweight;
        let mut composed = compose(self.context, ClaimTarget::AccessToken, lightweight);
        if self.is_transient() && composed.subject.is_none() {
            composed.subject = Some(Cow::Borrowed(&plan.user.id));
        }
        if plan.target != plan.client {
            composed.add_audience(self.target.client_id());
            // `azp` of an exchanged token is the requester, whatever a mapper of the target says.
            composed.authorized_party = None;
        }
        if !plan.audiences.is_empty() {
            let audiences: Vec<&str> = plan.audiences.iter().map(|value| &**value).collect();
            composed.restrict_to_audiences(&audiences);
        }
        let seen = Seen::of(&composed, self.client);
        let token = if lightweight {
            TokenCode::Lightweight
        } else {
            TokenCode::Regular
        };
        let id = TokenId {
            session: self.placed.code,
            token,
            grant: plan.grant,
        };
        let kind = if settings.lower_case_bearer {
            "bearer"
        } else {
            "Bearer"
        };
        let access = AccessToken {
            expires,
            issued: now,
            token_id: &id.with_random(&self.ids.access_token),
            issuer: &self.grant.issuer,
            kind,
            authorized_party: self.client.client_id(),
            session: self.placed.named.as_deref(),
            scope: &self.scope,
            composed,
        };
        let header_type = if settings.rfc9068_header {
            "at+jwt"
        } else {
            "JWT"
        };
        let algorithm = settings
            .access_token_algorithm
            .or_else(|| self.default_algorithm());
        let access = match plan.output {
            Output::AccessToken => self.prepared(algorithm, header_type, &access)?,
            Output::IdToken => {
                let (key, header, payload) = self.id_token_payload(expires)?;
                Prepared::new(key, &header, &payload)
            }
        };
        let mut tokens = Vec::new();

        let mut response = TokenResponse {
            access_token: String::new(),
            expires_in: expires.since(now),
            refresh_expires_in: 0,
            refresh_token: None,
            token_type: kind,
            id_token: None,
            not_before_policy: effective_not_before(self.realm, self.target, Some(&plan.user)).0,
            session_state: self.placed.named.clone(),
            scope: plan
                .answer_scope
                .clone()
                .unwrap_or_else(|| self.scope.clone()),
            issued_token_type: plan.issued_token_type,
            further: self.further()?,
        };
        if plan.output == Output::IdToken {
            response.token_type = "N_A";
        }
        if let Some(refresh) = &plan.refresh {
            let (token, expires) = self.refresh_token(refresh, &seen)?;
            response.refresh_expires_in = expires.map_or(0, |expires| expires.since(now));
            tokens.push(PreparedToken::Refresh(token));
        }
        if plan.id_token {
            tokens.push(self.id_token(expires)?);
        }
        Ok((access, tokens, response))
    }

    /// What mappers write into the answer itself.
    fn further(&self) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
        let composed = compose(self.context, ClaimTarget::TokenResponse, false);
        composed
            .claims
            .iter()
            .map(|(name, value)| Ok((String::from(name), serde_json::to_value(value)?)))
            .collect::<Result<_, serde_json::Error>>()
            .map_err(|_| Refusal::Unwritable)
    }

    fn refresh_token(
        &self,
        refresh: &RefreshOutput,
        seen: &Seen<'_>,
    ) -> Result<(Prepared, Option<Timestamp>), Refusal> {
        let plan = &self.grant.plan;
        let now = self.grant.moment.now;
        let mut times = self.placed.times;
        times.client_started = self.client_started(self.target);
        let mut expires = refresh_token_expiry(self.realm, self.target, times, now);
        if let Some(bound) = plan.expires_by {
            expires = Some(expires.map_or(bound, |expires| expires.min(bound)));
        }
        let rotates = self.realm.tokens().revoke_refresh_token;
        let reuse_id = refresh
            .reuse_id
            .as_deref()
            .or(rotates.then_some(&*self.ids.reuse));
        let token = RefreshToken {
            expires,
            issued: now,
            token_id: &self.ids.refresh_token,
            issuer: &self.grant.issuer,
            subject: seen.subject.as_deref(),
            kind: times.kind,
            authorized_party: &seen.authorized_party,
            nonce: refresh.nonce.as_deref(),
            session: self.placed.named.as_deref(),
            scope: refresh.scope.as_deref().unwrap_or(&self.full_scope),
            reuse_id,
            access_token_audience: &seen.audience,
            requested_audiences: &refresh.audiences,
        };
        Ok((
            self.prepared(Some(Algorithm::Hs512), "JWT", &token)?,
            expires,
        ))
    }

    fn id_token(&self, expires: Timestamp) -> Result<PreparedToken, Refusal> {
        let (key, header, payload) = self.id_token_payload(expires)?;
        Ok(PreparedToken::Id {
            key,
            header,
            payload,
        })
    }

    fn id_token_payload(
        &self,
        expires: Timestamp,
    ) -> Result<(RealmKey, SigningHeader, Vec<u8>), Refusal> {
        let plan = &self.grant.plan;
        let token = IdToken {
            expires,
            issued: self.grant.moment.now,
            token_id: &self.ids.id_token,
            issuer: &self.grant.issuer,
            audience: self.target.client_id(),
            subject: &plan.user.id,
            authorized_party: self.client.client_id(),
            nonce: plan.nonce.as_deref(),
            session: self.placed.named.as_deref(),
            composed: compose(self.context, ClaimTarget::IdToken, false),
        };
        let algorithm = self
            .target
            .tokens()
            .id_token_algorithm
            .or_else(|| self.default_algorithm());
        let (key, header) = self.key(algorithm, "JWT")?;
        Ok((key.clone(), header, payload(&token)?))
    }

    fn prepared(
        &self,
        algorithm: Option<Algorithm>,
        header_type: &str,
        token: &impl serde::Serialize,
    ) -> Result<Prepared, Refusal> {
        let (key, header) = self.key(algorithm, header_type)?;
        Ok(Prepared::new(key.clone(), &header, &payload(token)?))
    }

    fn key(
        &self,
        algorithm: Option<Algorithm>,
        header_type: &str,
    ) -> Result<(&RealmKey, SigningHeader), Refusal> {
        let algorithm = algorithm.ok_or(Refusal::NoSigningKey("the realm's algorithm"))?;
        let key = self
            .realm
            .keys()
            .active(algorithm)
            .ok_or_else(|| Refusal::NoSigningKey(algorithm.name()))?;
        Ok((
            key,
            SigningHeader::new(algorithm, Some(&key.kid), Some(header_type)),
        ))
    }

    fn default_algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_name(&self.realm.tokens().signature_algorithm)
    }

    fn client_started(&self, client: &Client) -> Timestamp {
        self.placed
            .session
            .as_deref()
            .and_then(|session| session.client(client.uuid()))
            .map_or(self.placed.times.client_started, |session| session.started)
    }

    fn is_transient(&self) -> bool {
        !matches!(self.placed.code, SessionCode::Online | SessionCode::Offline)
    }
}

fn payload(token: &impl serde::Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(token).map_err(|_| Refusal::Unwritable)
}

fn scope_text(scopes: &[&ClientScope], openid: bool, hidden: bool) -> String {
    let shown = scopes
        .iter()
        .filter(|scope| hidden || scope.in_token_scope());
    let names = shown.map(|scope| scope.name());
    let mut text = String::new();
    for name in openid.then_some("openid").into_iter().chain(names) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(name);
    }
    text
}
