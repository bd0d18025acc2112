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
    identity_assertion::IdentityAssertionClaims,
    ids::Ids,
    lifetimes::{SessionTimes, refresh_token_expiry},
    refresh_token::RefreshToken,
    scene::Scene,
    unsigned::{Prepared, PreparedToken, Rest, UnsignedExchange},
};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, compose, organizations::told},
    crypto::{Algorithm, Entropy},
    decision::Grant,
    effects::Effect,
    facts::{ClientSession, SessionKind, UserSession},
    flow::{IdentityAssertion, Output, PlannedSession, RefreshOutput},
    moment::Timestamp,
    narrowing,
    realm::{Client, HeaderType, MintingKey},
    refusal::Refusal,
    response::TokenResponse,
    subject::{GrantCode, SessionCode, TokenCode, TokenId, effective_not_before},
};

impl Grant {
    /// Draws the ids, makes the sessions and writes the payloads. From here on nothing is decided.
    ///
    /// # Errors
    ///
    /// Entropy that fails, or an algorithm for which the realm has no active key.
    pub fn prepare(mut self, entropy: &mut dyn Entropy) -> Result<UnsignedExchange, Refusal> {
        let ids = Ids::draw(entropy)?;
        let realm = Arc::clone(&self.realm);
        let scene = Scene::of(&realm, &self.plan).ok_or(GONE)?;
        let now = self.moment.now;
        let placed = place_session(&scene, &ids, now);
        let provider = self.engine.provider();
        let context = scene.context(
            &self.issuer,
            placed.session.as_deref(),
            self.moment,
            &*provider,
        );
        let minting = Minting {
            grant: &self,
            scene: &scene,
            ids: &ids,
            placed: &placed,
            context: &context,
            scope: scene.scope_text(false),
        };
        let (access_token, tokens, response, token_id) = minting.write()?;
        // The plan's come first: a session may be that of a user who is made here.
        let mut effects = self.plan.effects.clone();
        effects.extend(placed.effects);
        self.event.token = Some(token_id);
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

fn place_session(scene: &Scene<'_>, ids: &Ids, now: Timestamp) -> Placed {
    let plan = scene.plan;
    let times = scene.times(now);
    match &plan.session {
        PlannedSession::Transient { .. } => Placed {
            session: None,
            named: None,
            code: SessionCode::Transient,
            times,
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
                .map(|uuid| {
                    (
                        uuid.to_string(),
                        ClientSession::begun_with(now, plan.openid),
                    )
                })
                .collect();

            let session = UserSession {
                id: ids.session(),
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
                times,
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
                    state: Box::new(ClientSession::begun_with(now, plan.openid)),
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
                times,
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

/// The token of the answer, those beside it, the answer, and the id of the first.
type Written = (Prepared, Vec<PreparedToken>, TokenResponse, Box<str>);

/// One minting: what all tokens of the answer share.
struct Minting<'a> {
    grant: &'a Grant,
    scene: &'a Scene<'a>,
    ids: &'a Ids,
    placed: &'a Placed,
    context: &'a ClaimContext<'a>,
    scope: String,
}

impl Minting<'_> {
    fn write(&self) -> Result<Written, Refusal> {
        let plan = &self.grant.plan;
        let now = self.grant.moment.now;
        let expires = match &plan.output {
            // Its life is its own, and not that of the client's tokens.
            Output::IdentityAssertion(_) => plan.expires_by.unwrap_or(now),
            Output::AccessToken | Output::IdToken => self.scene.expiry(now),
        };
        let Scene {
            realm,
            client,
            target,
            ..
        } = *self.scene;
        let settings = target.tokens();
        let fault = settings
            .fault
            .or(settings.id_token_fault.filter(|_| plan.id_token));
        if let Some(fault) = fault {
            return Err(Refusal::Misconfigured(fault));
        }
        let lightweight = settings.lightweight;
        let mut composed = self.scene.access_claims(self.context);
        if plan.output == Output::AccessToken {
            let bound = self.grant.confirmation().is_some();
            let trace = &self.grant.trace;
            narrowing::hold_written(self.scene, self.context, &composed, bound, trace)?;
        }
        // A refresh token keeps the whole audience in mind: at the next refresh the resource must be in it.
        let seen = Seen::of(&composed, client);
        if let Some(resource) = &self.grant.resource {
            composed.audience = alloc::vec![Cow::Borrowed(&**resource)];
        }
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
        let token_id = id.with_random(&self.ids.access_token.text());
        let confirmation = self.grant.confirmation();
        let kind = if confirmation.is_some_and(|bound| bound.key().is_some()) {
            "DPoP"
        } else if settings.lower_case_bearer {
            "bearer"
        } else {
            "Bearer"
        };
        let access = AccessToken {
            expires,
            issued: now,
            token_id: &token_id,
            issuer: &self.grant.issuer,
            kind,
            authorized_party: client.client_id(),
            session: self.placed.named.as_deref(),
            scope: &self.scope,
            confirmation,
            actors: plan.actors.as_deref(),
            lineage: self.scene.lineage(),
            composed,
        };
        let header_type = if settings.rfc9068_header {
            HeaderType::AccessToken
        } else {
            HeaderType::Jwt
        };
        let algorithm = settings
            .access_token_algorithm
            .or_else(|| self.default_algorithm());
        let access = match &plan.output {
            Output::AccessToken => {
                let payload = access.write().map_err(|_| Refusal::Unwritable)?;
                Prepared::new(self.key(algorithm)?, header_type, &payload)
            }
            Output::IdToken => {
                let (key, payload) = self.id_token_payload(expires)?;
                Prepared::new(key, HeaderType::Jwt, &payload)
            }
            Output::IdentityAssertion(assertion) => {
                let payload = self.identity_assertion(assertion, expires)?;
                let key = self.key(self.default_algorithm())?;
                Prepared::new(key, HeaderType::IdentityAssertion, &payload)
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
            foreign: false,
            not_before_policy: effective_not_before(realm, target, Some(&plan.user)).0,
            session_state: self.placed.named.clone(),
            scope: plan
                .answer_scope
                .clone()
                .unwrap_or_else(|| self.scope.clone()),
            issued_token_type: plan.issued_token_type,
            further: self.further()?,
        };
        if plan.output != Output::AccessToken {
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
        let token_id = match plan.output {
            Output::AccessToken => token_id,
            Output::IdToken => self.ids.id_token.text(),
            Output::IdentityAssertion(_) => self.ids.access_token.text(),
        };
        Ok((access, tokens, response, token_id.into()))
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
        let Scene {
            realm,
            client,
            target,
            ..
        } = *self.scene;
        let times = self.placed.times;
        let mut expires = refresh_token_expiry(realm, target, times, now);
        if let Some(bound) = plan.expires_by {
            expires = Some(expires.map_or(bound, |expires| expires.min(bound)));
        }
        let rotates = realm.tokens().revoke_refresh_token;
        let fresh = (rotates && refresh.reuse_id.is_none()).then(|| self.ids.reuse.text());
        let reuse_id = refresh.reuse_id.as_deref().or(fresh.as_deref());
        let full_scope = match &refresh.scope {
            Some(_) => String::new(),
            None => self.scene.scope_text(true),
        };
        let token = RefreshToken {
            expires,
            issued: now,
            token_id: &self.ids.refresh_token.text(),
            issuer: &self.grant.issuer,
            subject: seen.subject.as_deref(),
            kind: times.kind,
            authorized_party: &seen.authorized_party,
            nonce: refresh.nonce.as_deref(),
            session: self.placed.named.as_deref(),
            scope: refresh.scope.as_deref().unwrap_or(&full_scope),
            reuse_id,
            lineage: self.scene.lineage(),
            // A confidential client is held to its credentials (RFC 9449 section 5).
            confirmation: self.grant.confirmation().filter(|_| client.is_public()),
            access_token_audience: &seen.audience,
            requested_audiences: &refresh.audiences,
            resource: plan.resource.as_deref(),
            organization: refresh
                .organization
                .as_deref()
                .or_else(|| self.chosen_organization()),
        };
        Ok((
            Prepared::new(
                self.key(Some(Algorithm::Hs512))?,
                HeaderType::Jwt,
                &payload(&token)?,
            ),
            expires,
        ))
    }

    /// The organization that a login chose by its scope, where that is one.
    fn chosen_organization(&self) -> Option<&str> {
        let Scene { realm, plan, .. } = *self.scene;
        if plan.grant != GrantCode::Password || plan.user.organizations.is_empty() {
            return None;
        }
        let told = told(realm, &plan.user, &self.scene.scopes, &plan.parameters);
        match *told {
            [only] => Some(only.alias()),
            _ => None,
        }
    }

    fn id_token(&self, expires: Timestamp) -> Result<PreparedToken, Refusal> {
        let (key, payload) = self.id_token_payload(expires)?;
        Ok(PreparedToken::Id { key, payload })
    }

    fn id_token_payload(&self, expires: Timestamp) -> Result<(Arc<MintingKey>, Vec<u8>), Refusal> {
        let plan = &self.grant.plan;
        let token = IdToken {
            expires,
            issued: self.grant.moment.now,
            token_id: &self.ids.id_token.text(),
            issuer: &self.grant.issuer,
            audience: self.scene.target.client_id(),
            subject: &plan.user.id,
            authorized_party: self.scene.client.client_id(),
            nonce: plan.nonce.as_deref(),
            session: self.placed.named.as_deref(),
            lineage: self.scene.lineage(),
            composed: compose(self.context, ClaimTarget::IdToken, false),
        };
        let algorithm = self
            .scene
            .target
            .tokens()
            .id_token_algorithm
            .or_else(|| self.default_algorithm());
        Ok((self.key(algorithm)?, payload(&token)?))
    }

    fn identity_assertion(
        &self,
        assertion: &IdentityAssertion,
        expires: Timestamp,
    ) -> Result<Vec<u8>, Refusal> {
        payload(&IdentityAssertionClaims {
            jti: &self.ids.access_token.text(),
            iss: &self.grant.issuer,
            sub: &self.grant.plan.user.id,
            aud: &assertion.audience,
            iat: self.grant.moment.now,
            exp: expires,
            client_id: &assertion.client_id,
            resource: assertion.resource.as_deref(),
            scope: assertion.scope.as_deref(),
            email: assertion.email.as_deref(),
            cnf: self.grant.confirmation(),
        })
    }

    fn key(&self, algorithm: Option<Algorithm>) -> Result<Arc<MintingKey>, Refusal> {
        let algorithm = algorithm.ok_or(Refusal::NoSigningKey("the realm's algorithm"))?;
        self.scene
            .realm
            .keys()
            .minting(algorithm)
            .map(Arc::clone)
            .ok_or_else(|| Refusal::NoSigningKey(algorithm.name()))
    }

    fn default_algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_name(&self.scene.realm.tokens().signature_algorithm)
    }
}

fn payload(token: &impl serde::Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(token).map_err(|_| Refusal::Unwritable)
}
