//! Token introspection (RFC 7662).
//!
//! Only a client in the token's audience learns anything, the client it was issued to not excepted, unless
//! it is freed from that by `allow.token.introspection.without.audience.check`. What the answer says beyond
//! the token's own claims is worked out anew, as the mappers would write it now.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec::Vec};

use serde_json::json;

use super::{
    EndpointAnswer, SealedAnswer,
    asked::{Asked, as_at_token_endpoint, refused},
    mapped_claims::{Subject, named_by},
    signed::signed,
};
use crate::{
    claims::{ClaimSet, ClaimTarget, ClaimValue, ComposedClaims},
    client_auth::ClientAuthError,
    crypto::Algorithm,
    engine::Engine,
    facts::{Facts, FactsNeeded, SessionKind, SessionQuery, SessionSearch, User, UserSession},
    flow::IMPERSONATOR_USERNAME,
    moment::Moment,
    realm::{Client, Realm, settings::RevokedAncestor},
    request::{Envelope, RequestError},
    subject::{
        ReadRefreshToken, ReadToken, TakenTypes, check_session, effective_not_before,
        read_access_token, read_refresh_token,
    },
};

/// The caller may have the claims as a signed token.
const ALLOW_JWT: &str = "client.introspection.response.allow.jwt.claim.enabled";

/// An introspection that waits for facts.
#[derive(Debug)]
#[must_use]
pub struct PendingIntrospection {
    asked: Asked,
    token: Told,
    short: bool,
}

/// What was presented.
#[derive(Debug)]
enum Told {
    Access(Box<ReadToken>),
    Refresh(Box<ReadRefreshToken>),
    /// Nothing that could be active.
    Nothing,
}

impl Engine {
    /// Reads an introspection request.
    ///
    /// # Errors
    ///
    /// The answer, when the request gets no further. A token that is not one is no error: it is inactive.
    pub fn introspect(
        &self,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
    ) -> Result<PendingIntrospection, SealedAnswer> {
        if !realm.enabled() {
            let answer = refused(RequestError::RealmDisabled);
            return Err(SealedAnswer::new(realm.name(), Vec::new(), answer));
        }
        let disbelieved = |error| match error {
            ClientAuthError::BearerOnly => Ok(()),
            ClientAuthError::WrongSecret => Err(EndpointAnswer::error(
                401,
                "invalid_client",
                "Client authentication failed.",
            )),
            other => as_at_token_endpoint(other),
        };
        Asked::read(self, realm, envelope, body, moment, disbelieved, pending)
    }
}

fn pending(asked: Asked) -> Result<PendingIntrospection, EndpointAnswer> {
    if asked.client()?.is_public() {
        return Err(EndpointAnswer::error(
            403,
            "invalid_request",
            "Client not allowed.",
        ));
    }
    let Some(text) = asked.parameters.raw("token") else {
        return Err(EndpointAnswer::error(
            400,
            "invalid_request",
            "Token not provided.",
        ));
    };
    let mut short = false;
    let (moment, limits) = (asked.moment, asked.engine.jws_limits());
    let token = match asked
        .parameters
        .raw("token_type_hint")
        .unwrap_or("access_token")
    {
        "refresh_token" => read_refresh_token(&asked.realm, &asked.issuer, text, moment, limits)
            .map_or(Told::Nothing, |token| Told::Refresh(Box::new(token))),
        hint @ ("access_token" | "requesting_party_token") => {
            short = hint == "requesting_party_token";
            let types = TakenTypes::Any;
            read_access_token(&asked.realm, &asked.issuer, text, types, moment, limits)
                .map_or(Told::Nothing, |token| Told::Access(Box::new(token)))
        }
        _ => {
            return Err(EndpointAnswer::error(
                400,
                "invalid_request",
                "Unsupported token type.",
            ));
        }
    };
    Ok(PendingIntrospection {
        asked,
        token,
        short,
    })
}

impl PendingIntrospection {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        match &self.token {
            Told::Access(token) => FactsNeeded {
                named: named_by(
                    &self.asked.realm,
                    &token.authorized_party,
                    token.scope().unwrap_or_default(),
                ),
                ..token.facts_needed()
            },
            Told::Refresh(token) => FactsNeeded {
                named: named_by(&self.asked.realm, &token.authorized_party, &token.scope),
                ..refresh_facts(token)
            },
            Told::Nothing => FactsNeeded::default(),
        }
    }

    /// Answers; the answer opens when what the client's proof uses up is stored.
    pub fn answer(self, facts: &Facts) -> SealedAnswer {
        let Self {
            asked,
            token,
            short,
        } = self;
        let active = match token {
            Told::Access(token) => access(&asked, *token, facts, short),
            Told::Refresh(token) => refresh(&asked, &token, facts),
            Told::Nothing => None,
        };
        let answer =
            active.unwrap_or_else(|| EndpointAnswer::json(200, &json!({ "active": false })));
        SealedAnswer::new(asked.realm.name(), asked.effects(), answer)
    }
}

/// What a refresh token rests on.
pub(super) fn refresh_facts(token: &ReadRefreshToken) -> FactsNeeded {
    let search = match token.kind {
        SessionKind::Online => SessionSearch::Online,
        SessionKind::Offline => SessionSearch::Offline,
    };
    FactsNeeded {
        session: token.session.clone().map(|id| SessionQuery { id, search }),
        revocations: token.revocations(),
        ..FactsNeeded::default()
    }
}

fn access(asked: &Asked, token: ReadToken, facts: &Facts, short: bool) -> Option<EndpointAnswer> {
    let caller = asked.client().ok()?;
    let subject = token.verify(&asked.realm, facts, asked.moment).ok()?;
    let party = asked
        .realm
        .client_by_id(subject.token().authorized_party())?;
    let told = About {
        asked,
        caller,
        party,
        facts,
        user: subject.user(),
        session: subject.session().map(|session| &**session),
    };
    let token = subject.token();
    let audience = token
        .audience
        .iter()
        .map(|value| Cow::Borrowed(&**value))
        .collect();
    let mut claims = ClaimSet::new();
    claims.set("exp", ClaimValue::Number(token.expires.0));
    claims.set("iat", ClaimValue::Number(token.issued.0));
    claims.set("jti", text(&token.token_id));
    claims.set("iss", text(&asked.issuer));
    if let Some(subject) = &token.subject {
        claims.set("sub", text(subject));
    }
    if !token.kind.is_empty() {
        claims.set("typ", text(&token.kind));
    }
    claims.set("azp", text(&token.authorized_party));
    if let Some(session) = &token.session {
        claims.set("sid", text(session.as_str()));
    }
    if let Some(scope) = &token.scope {
        claims.set("scope", text(scope));
    }
    if let Some(confirmation) = token.confirmation_claim() {
        claims.set("cnf", ClaimValue::Json(confirmation));
    }
    if let Some(actors) = actors_of(asked, token) {
        claims.set("act", ClaimValue::Json(actors));
    }
    told.answer(claims, audience, token, short)
}

/// Who acts, where the realm takes actor tokens: there nobody but the engine writes it.
fn actors_of(asked: &Asked, token: &ReadToken) -> Option<serde_json::Value> {
    if !token.has_actor || !asked.realm.takes_actors() {
        return None;
    }
    let mut claims: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&token.payload).ok()?;
    claims.remove("act")
}

fn refresh(asked: &Asked, token: &ReadRefreshToken, facts: &Facts) -> Option<EndpointAnswer> {
    let caller = asked.client().ok()?;
    // A refresh token is told to its own client and to nobody else.
    let own = *token.authorized_party == *caller.client_id();
    let session = facts.session.as_deref().filter(|session| {
        Some(&session.id) == token.session.as_ref() && session.kind == token.kind
    })?;
    let user = facts
        .subject
        .as_deref()
        .filter(|user| user.id == session.user && user.enabled)?;
    let alive = check_session(&asked.realm, session, asked.moment.now).is_ok()
        && session.client(caller.uuid()).is_some()
        && token.issued >= effective_not_before(&asked.realm, caller, Some(user))
        && !facts.is_revoked(&token.token_id)
        && (asked.realm.revoked_ancestor() != RevokedAncestor::Inactive
            || token
                .lineage
                .stands(&asked.realm, facts, Some(session), token.issued));
    if !own || !alive {
        return None;
    }
    let told = About {
        asked,
        caller,
        party: caller,
        facts,
        user,
        session: Some(session),
    };
    let mut claims = ClaimSet::new();
    if let Some(expires) = token.expires {
        claims.set("exp", ClaimValue::Number(expires.0));
    }
    claims.set("iat", ClaimValue::Number(token.issued.0));
    claims.set("jti", text(&token.token_id));
    claims.set("iss", text(&asked.issuer));
    if let Some(subject) = &token.subject {
        claims.set("sub", text(subject));
    }
    let kind = match token.kind {
        SessionKind::Online => "Refresh",
        SessionKind::Offline => "Offline",
    };
    claims.set("typ", text(kind));
    claims.set("azp", text(&token.authorized_party));
    claims.set("sid", text(session.id.as_str()));
    claims.set("scope", text(&token.scope));
    let audience = alloc::vec![Cow::Borrowed(&*asked.issuer)];
    told.answer_to_owner(claims, audience, &token.scope, kind)
}

fn text(value: &str) -> ClaimValue<'_> {
    ClaimValue::Text(Cow::Borrowed(value))
}

/// Whom the answer is about, and who asks.
struct About<'a> {
    asked: &'a Asked,
    caller: &'a Client,
    party: &'a Client,
    facts: &'a Facts,
    user: &'a User,
    session: Option<&'a UserSession>,
}

impl About<'_> {
    /// `None` when the caller is not in the audience.
    fn answer(
        &self,
        claims: ClaimSet<'_>,
        audience: Vec<Cow<'_, str>>,
        token: &ReadToken,
        short: bool,
    ) -> Option<EndpointAnswer> {
        let caller = self.caller.client_id();
        let named = token.names_audience;
        let own = audience.iter().any(|value| value == caller);
        let scope = token.scope().unwrap_or_default();
        self.subject(scope)
            .mapped(ClaimTarget::Introspection, |mapped| {
                let audience = union(audience, &mapped);
                // A token that names its audience is told to that alone; one that names none to those whom the
                // mappers would name now.
                let admitted = own
                    || self.caller.tokens().introspect_without_audience
                    || !named && audience.iter().any(|value| value == caller);
                admitted.then(|| {
                    if short {
                        shortened(&claims, &audience, &mapped)
                    } else {
                        self.whole(&claims, &audience, &mapped, &token.kind)
                    }
                })
            })
    }

    /// The access token as it would be with all of its claims, for a caller that may have it and asks for it
    /// by `Accept: application/jwt`.
    fn as_token(&self, claims: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
        let allowed = self.caller.attributes().get(ALLOW_JWT)?;
        if !self.asked.accepts_jwt || !allowed.eq_ignore_ascii_case("true") {
            return None;
        }
        let realm = &self.asked.realm;
        let own = self.party.tokens().access_token_algorithm;
        let algorithm =
            own.or_else(|| Algorithm::from_name(&realm.tokens().signature_algorithm))?;
        signed(realm, algorithm, claims)
    }

    fn answer_to_owner(
        &self,
        claims: ClaimSet<'_>,
        audience: Vec<Cow<'_, str>>,
        scope: &str,
        kind: &str,
    ) -> Option<EndpointAnswer> {
        self.subject(scope)
            .mapped(ClaimTarget::Introspection, |mapped| {
                let audience = union(audience, &mapped);
                Some(self.whole(&claims, &audience, &mapped, kind))
            })
    }

    fn subject<'s>(&'s self, scope: &'s str) -> Subject<'s> {
        Subject {
            realm: &self.asked.realm,
            issuer: &self.asked.issuer,
            client: self.party,
            user: self.user,
            session: self.session,
            scope,
            facts: self.facts,
            moment: self.asked.moment,
            provider: self.asked.engine.crypto(),
        }
    }

    fn whole(
        &self,
        claims: &ClaimSet<'_>,
        audience: &[Cow<'_, str>],
        mapped: &ComposedClaims<'_>,
        kind: &str,
    ) -> EndpointAnswer {
        let mut all = serde_json::Map::new();
        merge(&mut all, claims);
        let bound = all.get("cnf").cloned();
        merge(&mut all, &mapped.claims);
        // What the token is bound to is no mapper's to say.
        if let Some(bound) = bound {
            all.insert("cnf".into(), bound);
        }
        if let Some(subject) = &mapped.subject {
            all.insert("sub".into(), subject.as_ref().into());
        }
        write_audience(&mut all, audience);
        if let Some(impersonator) = self
            .session
            .and_then(|session| session.notes.get(IMPERSONATOR_USERNAME))
        {
            all.entry("act")
                .or_insert_with(|| json!({ "sub": impersonator }));
        }
        if let Some(token) = self.as_token(&all) {
            all.insert("jwt".into(), token.into());
        }
        all.insert("client_id".into(), self.party.client_id().into());
        all.insert("username".into(), self.user.username.as_str().into());
        let kind = (!kind.is_empty()).then_some(kind);
        all.insert("token_type".into(), kind.into());
        all.insert("active".into(), true.into());
        EndpointAnswer::json(200, &all)
    }
}

/// What a resource server of user-managed access is told: nothing about the user.
fn shortened(
    claims: &ClaimSet<'_>,
    audience: &[Cow<'_, str>],
    mapped: &ComposedClaims<'_>,
) -> EndpointAnswer {
    let mut all = serde_json::Map::new();
    merge(&mut all, claims);
    merge(&mut all, &mapped.claims);
    all.retain(|name, _| ["exp", "iat", "nbf", "jti", "typ", "acr"].contains(&name.as_str()));
    write_audience(&mut all, audience);
    all.insert("active".into(), true.into());
    EndpointAnswer::json(200, &all)
}

fn union<'a>(mut audience: Vec<Cow<'a, str>>, mapped: &ComposedClaims<'_>) -> Vec<Cow<'a, str>> {
    for value in &mapped.audience {
        if !audience.contains(value) {
            audience.push(Cow::Owned(String::from(&**value)));
        }
    }
    audience
}

fn write_audience(all: &mut serde_json::Map<String, serde_json::Value>, audience: &[Cow<'_, str>]) {
    match audience {
        [] => {}
        [only] => {
            all.insert("aud".into(), only.as_ref().into());
        }
        several => {
            all.insert(
                "aud".into(),
                several.iter().map(|value| value.as_ref()).collect(),
            );
        }
    }
}

pub(super) fn merge(all: &mut serde_json::Map<String, serde_json::Value>, claims: &ClaimSet<'_>) {
    for (name, value) in claims.iter() {
        if let Ok(value) = serde_json::to_value(value) {
            all.insert(name.into(), value);
        }
    }
}
