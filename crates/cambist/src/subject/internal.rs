//! Access tokens of this realm.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use super::{
    Lineage, LivenessError, SessionCode, SubjectTokenError, TokenId, check_session,
    effective_not_before,
    liveness::check_client_session,
    signature_memory::{Remembered, SignatureMemory},
};
use crate::{
    crypto::CryptoProvider,
    facts::{
        Facts, FactsNeeded, SessionId, SessionKind, SessionQuery, SessionSearch, User, UserQuery,
        UserSession,
    },
    jose::{
        JwsLimits, UnverifiedJws,
        claims::{Strictness, TokenClaims},
    },
    moment::{Moment, Timestamp},
    proof::Confirmation,
    realm::{Client, Profile, Realm, settings::RevokedAncestor},
};

/// Seconds by which `nbf` may lie ahead, as Keycloak allows.
const NOT_BEFORE_LEEWAY: i64 = 10;

/// An access token whose signature, issuer, type and times hold. What is true of its session and user is
/// not known yet.
#[derive(Clone, Debug)]
pub struct ReadToken {
    pub(crate) token_id: Box<str>,
    pub(crate) id: TokenId,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) authorized_party: Box<str>,
    pub(crate) session: Option<SessionId>,
    pub(crate) audience: Vec<Box<str>>,
    /// Whether `aud` is there, be it an empty list.
    pub(crate) names_audience: bool,
    pub(crate) scope: Option<Box<str>>,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) username: Option<Box<str>>,
    pub(crate) confirmation: Option<Confirmation>,
    /// Has `act` (RFC 8693 section 4.1).
    pub(crate) has_actor: bool,
    /// Has `may_act` (RFC 8693 section 4.4).
    pub(crate) has_may_act: bool,
    pub(crate) kind: Box<str>,
    /// Empty where the realm does not record it.
    pub(crate) lineage: Lineage,
    pub(crate) payload: Box<str>,
}

impl ReadToken {
    /// `jti`.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// `azp`: the `client_id` that the token was issued to.
    #[must_use]
    pub fn authorized_party(&self) -> &str {
        &self.authorized_party
    }

    /// `aud`.
    #[must_use]
    pub fn audience(&self) -> &[Box<str>] {
        &self.audience
    }

    /// `scope`.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// `exp`.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether the token is bound to a key or a certificate (`cnf`).
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.confirmation.is_some()
    }

    /// What the token is bound to.
    #[must_use]
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// The tokens that this one was made from, where the realm records them.
    #[must_use]
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The ids that may have been revoked: its own and those of the tokens it was made from.
    #[must_use]
    pub fn revocations(&self) -> Vec<Box<str>> {
        let own = [self.token_id()];
        let all = own.into_iter().chain(self.lineage.ids());
        all.map(Box::from).collect()
    }

    /// What has to be known to [verify](Self::verify) the token.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            session: self.session_query(),
            subject: self.user_query(),
            revocations: self.revocations(),
            ..FactsNeeded::default()
        }
    }

    /// Whether the token is an access token, by its claim `typ`.
    #[must_use]
    pub fn is_access_token(&self) -> bool {
        TakenTypes::AccessTokens.take(&self.kind)
    }

    /// `cnf` as it stands in the token.
    pub(crate) fn confirmation_claim(&self) -> Option<serde_json::Value> {
        self.confirmation.as_ref()?;
        let mut claims: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&self.payload).ok()?;
        claims.remove("cnf")
    }

    /// The session to load, when the token has one.
    #[must_use]
    pub fn session_query(&self) -> Option<SessionQuery> {
        let search = match self.id.session {
            SessionCode::Online | SessionCode::OnlineTransientClient => SessionSearch::Online,
            SessionCode::Offline | SessionCode::OfflineTransientClient => SessionSearch::Offline,
            SessionCode::Transient => return None,
            SessionCode::Unknown => SessionSearch::Either,
        };
        Some(SessionQuery {
            id: self.session.clone()?,
            search,
        })
    }

    /// The user to load, when the token has no session.
    #[must_use]
    pub fn user_query(&self) -> Option<UserQuery> {
        if self.session.is_some() {
            return None;
        }
        Some(UserQuery::IdOrUsername {
            id: self.subject.clone(),
            username: self.username.clone(),
        })
    }
}

/// A subject that is there: token, client, user and session have passed every check. It cannot be made by
/// hand.
///
/// ```compile_fail
/// # use std::sync::Arc;
/// # use cambist::{facts::User, subject::{ReadToken, VerifiedSubject}};
/// # fn forged(token: ReadToken, user: Arc<User>) -> VerifiedSubject {
/// // The fields are private: nothing but the checks makes a subject of a token.
/// VerifiedSubject { token, user, session: None }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedSubject {
    pub(crate) token: ReadToken,
    pub(crate) user: Arc<User>,
    pub(crate) session: Option<Arc<UserSession>>,
}

impl VerifiedSubject {
    /// The token.
    #[must_use]
    pub fn token(&self) -> &ReadToken {
        &self.token
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    fn stands(&self, realm: &Realm, facts: &Facts) -> Result<(), SubjectTokenError> {
        let session = self.session.as_deref();
        let stands = self
            .token
            .lineage
            .stands(realm, facts, session, self.token.issued);
        stands
            .then_some(())
            .ok_or(SubjectTokenError::AncestorRevoked)
    }

    /// Whether the session is that of a user whom somebody else has become.
    #[must_use]
    pub fn is_impersonated(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.notes.contains_key(IMPERSONATOR_CLIENT))
    }

    /// The session; `None` for a token that has none.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<UserSession>> {
        self.session.as_ref()
    }
}

/// Which kinds of token, by their claim `typ`, are taken. Letter case does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenTypes {
    /// `Bearer` and `DPoP`.
    AccessTokens,
    /// `Bearer` only.
    BearerOnly,
    /// `DPoP` only: where the token comes with a proof of its key.
    DpopOnly,
    /// Anything that the realm signed but refresh tokens: where a token is only told about.
    Any,
}

impl TakenTypes {
    fn take(self, kind: &str) -> bool {
        let bearer = kind.eq_ignore_ascii_case("Bearer");
        let dpop = kind.eq_ignore_ascii_case("DPoP");
        match self {
            Self::AccessTokens => bearer || dpop,
            Self::BearerOnly => bearer,
            Self::DpopOnly => dpop,
            Self::Any => !matches!(kind, "Refresh" | "Offline"),
        }
    }
}

/// Reads an access token of this realm: signature, issuer, type, times, token id, client.
///
/// The steps are those of `keycloak-behaviour`'s token verification, with three that Keycloak does not
/// take: a token without `exp` is refused, as is one with `crit` or with lax base64url.
///
/// # Errors
///
/// The first step that fails. Until the signature holds nothing but the key id has been looked at.
pub fn read_access_token(
    realm: &Realm,
    issuer: &str,
    text: &str,
    types: TakenTypes,
    moment: Moment,
    limits: &JwsLimits,
) -> Result<ReadToken, SubjectTokenError> {
    read_remembering(realm, issuer, text, types, moment, limits, None)
}

/// As [`read_access_token`]. Where signatures are remembered, one that held before is not checked again;
/// everything else is.
pub(crate) fn read_remembering(
    realm: &Realm,
    issuer: &str,
    text: &str,
    types: TakenTypes,
    moment: Moment,
    limits: &JwsLimits,
    memory: Option<(&SignatureMemory, &dyn CryptoProvider)>,
) -> Result<ReadToken, SubjectTokenError> {
    let known = |header: &str| realm.keys().known_header(header);
    let jws = UnverifiedJws::parse_knowing(text, limits, known)?;
    let key = jws
        .key_id()
        .and_then(|kid| realm.keys().verifier(kid))
        .ok_or(SubjectTokenError::UnknownKey)?;
    let memory = memory.and_then(|(memory, provider)| {
        let fingerprint = realm.keys().fingerprint(&key.key_id)?;
        Some((memory, Remembered::of(text, fingerprint, provider)?))
    });
    let verified = match memory {
        Some((memory, token)) if memory.knows(token) => jws.verified_before(key)?,
        Some((memory, token)) => jws.verify(key).inspect(|_| memory.remember(token))?,
        None => jws.verify(key)?,
    };
    let claims = TokenClaims::parse(verified.payload(), Strictness::Keycloak)?;
    if claims.iss.as_deref() != Some(issuer) {
        return Err(SubjectTokenError::Issuer);
    }
    let kind = claims.typ.as_deref().unwrap_or_default();
    if !types.take(kind) {
        return Err(SubjectTokenError::WrongType);
    }

    claims.check_roles()?;
    let mut token = from_claims(&claims)?;
    if realm.records_lineage() {
        token.lineage = Lineage::read(claims.derived_from.as_ref())?;
    }

    check_times(&claims, token.expires, moment.now, realm.profile())?;
    let client = realm
        .client_by_id(&token.authorized_party)
        .ok_or(SubjectTokenError::AuthorizedParty)?;
    if !client.enabled() {
        return Err(LivenessError::ClientDisabled.into());
    }
    not_before(token.issued, effective_not_before(realm, client, None))?;
    token.payload = verified.into_payload().into();
    // A transient id beside a session, or an id of a session without one, was not made here.
    match token.id.session {
        SessionCode::Transient if token.session.is_some() => Err(LivenessError::NoSession.into()),
        SessionCode::Transient | SessionCode::Unknown => Ok(token),
        _ if token.session.is_none() => Err(LivenessError::NoSession.into()),
        _ => Ok(token),
    }
}

impl ReadToken {
    /// The token that has these claims, by somebody who knows that they hold: a replay, an explanation.
    pub(crate) fn of_claims(realm: &Realm, payload: &str) -> Result<Self, SubjectTokenError> {
        let claims = TokenClaims::parse(payload, Strictness::Keycloak)?;
        let mut token = from_claims(&claims)?;
        if realm.records_lineage() {
            token.lineage = Lineage::read(claims.derived_from.as_ref())?;
        }
        token.payload = payload.into();
        Ok(token)
    }
}

fn from_claims(claims: &TokenClaims<'_>) -> Result<ReadToken, SubjectTokenError> {
    let token_id = claims
        .jti
        .as_deref()
        .ok_or(SubjectTokenError::MissingClaim("jti"))?;
    Ok(ReadToken {
        id: TokenId::parse(token_id).ok_or(SubjectTokenError::TokenId)?,
        token_id: token_id.into(),
        subject: claims.sub.as_deref().map(Box::from),
        authorized_party: claims
            .azp
            .as_deref()
            .ok_or(SubjectTokenError::AuthorizedParty)?
            .into(),
        session: claims.sid.as_deref().map(|sid| SessionId(sid.into())),
        audience: claims
            .aud
            .iter()
            .flatten()
            .map(|value| Box::from(&**value))
            .collect(),
        names_audience: claims.aud.is_some(),
        scope: claims.scope.as_deref().map(Box::from),
        issued: Timestamp(claims.iat.ok_or(SubjectTokenError::MissingClaim("iat"))?),
        // 0 means "never" to Keycloak; here a token without an end is no token.
        expires: Timestamp(
            claims
                .exp
                .filter(|exp| *exp > 0)
                .ok_or(SubjectTokenError::MissingClaim("exp"))?,
        ),
        username: claims.preferred_username.as_deref().map(Box::from),
        confirmation: claims.cnf.as_ref().map(Confirmation::read),
        has_actor: claims.act.is_some(),
        has_may_act: claims.may_act.is_some(),
        kind: claims.typ.as_deref().unwrap_or_default().into(),
        lineage: Lineage::default(),
        payload: Box::default(),
    })
}

pub(super) fn check_times(
    claims: &TokenClaims<'_>,
    expires: Timestamp,
    now: Timestamp,
    profile: Profile,
) -> Result<(), SubjectTokenError> {
    let expired = match profile {
        // RFC 7519 section 4.1.4: not accepted on its `exp` or after.
        Profile::Strict => now >= expires,
        // Keycloak calls a token good in the very second of its `exp` (recorded: hostile).
        Profile::Keycloak => now > expires,
    };
    if expired {
        return Err(SubjectTokenError::Expired { expires, now });
    }
    if let Some(not_before) = claims.nbf.map(Timestamp)
        && not_before > now.after(NOT_BEFORE_LEEWAY)
    {
        return Err(SubjectTokenError::NotYetValid { not_before, now });
    }
    Ok(())
}

pub(super) fn not_before(issued: Timestamp, limit: Timestamp) -> Result<(), LivenessError> {
    if issued < limit {
        return Err(LivenessError::NotBefore {
            issued,
            not_before: limit,
        });
    }
    Ok(())
}

impl ReadToken {
    /// As [`verify`](Self::verify), for something that is to be made from the token: there, where the realm records
    /// them, no token that this one was made from may be revoked.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn verify_as_input(
        self,
        realm: &Realm,
        facts: &Facts,
        moment: Moment,
    ) -> Result<VerifiedSubject, SubjectTokenError> {
        let subject = self.verify(realm, facts, moment)?;
        subject.stands(realm, facts)?;
        Ok(subject)
    }

    /// Judges the token against what is true now: revocation, session, client session, user; and the tokens that it
    /// was made from, where the realm wants that ([`RevokedAncestor::Inactive`]).
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn verify(
        self,
        realm: &Realm,
        facts: &Facts,
        moment: Moment,
    ) -> Result<VerifiedSubject, SubjectTokenError> {
        if facts.is_revoked(&self.token_id) {
            return Err(SubjectTokenError::Revoked);
        }
        let client = realm
            .client_by_id(&self.authorized_party)
            .filter(|client| client.enabled())
            .ok_or(SubjectTokenError::AuthorizedParty)?;
        let session = match (&self.session, &facts.session) {
            (None, _) => None,
            (Some(id), Some(session)) if session.id == *id => Some(session),
            (Some(_), _) => return Err(LivenessError::NoSession.into()),
        };
        if let Some(session) = session {
            self.verify_session(realm, client, session, moment)?;
        }
        let user = facts.subject.as_ref().ok_or(LivenessError::NoUser)?;
        if let Some(session) = session
            && session.user != user.id
        {
            return Err(LivenessError::NoUser.into());
        }
        if session.is_some()
            && self
                .subject
                .as_deref()
                .is_some_and(|subject| *subject != *user.id)
            && !maps_subject(realm, client)
        {
            return Err(SubjectTokenError::OtherSubject);
        }
        if !user.enabled {
            return Err(LivenessError::UserDisabled.into());
        }
        not_before(self.issued, user.not_before)?;
        let (user, session) = (Arc::clone(user), session.map(Arc::clone));
        let subject = VerifiedSubject {
            token: self,
            user,
            session,
        };
        if realm.revoked_ancestor() == RevokedAncestor::Inactive {
            subject.stands(realm, facts)?;
        }
        Ok(subject)
    }

    fn verify_session(
        &self,
        realm: &Realm,
        client: &Client,
        session: &UserSession,
        moment: Moment,
    ) -> Result<(), LivenessError> {
        let kind = match self.id.session {
            SessionCode::Online | SessionCode::OnlineTransientClient => Some(SessionKind::Online),
            SessionCode::Offline | SessionCode::OfflineTransientClient => {
                Some(SessionKind::Offline)
            }
            SessionCode::Transient | SessionCode::Unknown => None,
        };
        if kind.is_some_and(|kind| kind != session.kind) {
            return Err(LivenessError::NoSession);
        }
        check_session(realm, session, moment.now)?;
        match self.id.session {
            SessionCode::OnlineTransientClient | SessionCode::OfflineTransientClient => {
                if self.issued < session.started {
                    return Err(LivenessError::OlderThanSession);
                }
            }
            _ if impersonated_by(session, client) => {}
            _ => {
                check_client_session(realm, session, client, self.issued, moment.now)?;
            }
        }
        Ok(())
    }
}

/// Whether tokens of this client carry another `sub` than the user's id on purpose: a pairwise one, or one
/// that a mapper writes.
fn maps_subject(realm: &Realm, client: &Client) -> bool {
    let assigned = client
        .default_scopes()
        .iter()
        .chain(client.optional_scopes());
    let scopes = assigned.filter_map(|number| realm.scope(*number));
    let mut mappers = client
        .mappers()
        .iter()
        .chain(scopes.flat_map(|scope| scope.mappers()));
    mappers.any(|mapper| {
        mapper.kind() == "oidc-sha256-pairwise-sub-mapper"
            || mapper
                .config()
                .get("claim.name")
                .is_some_and(|claim| claim == "sub")
    })
}

/// Note of a session made by impersonation: internal id of the client that asked for it.
pub(crate) const IMPERSONATOR_CLIENT: &str = "IMPERSONATOR_CLIENT";

/// An impersonated session may lack the impersonator's client session.
fn impersonated_by(session: &UserSession, client: &Client) -> bool {
    session.client(client.uuid()).is_none()
        && session
            .notes
            .get(IMPERSONATOR_CLIENT)
            .is_some_and(|uuid| **uuid == *client.uuid())
}
