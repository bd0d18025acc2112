//! Refresh (RFC 6749 section 6).

use alloc::{boxed::Box, string::String, sync::Arc, vec, vec::Vec};

use super::{
    Flow, FlowRequest, PendingFlow, Plan, PlannedSession, RefreshOutput,
    granted_scopes::{GrantedScopes, check, check_named},
    resource::original_resource,
};
use crate::{
    claims::{
        parameterized::named_users,
        roles::effective_roles,
        scopes::{OFFLINE_ACCESS, OPENID, names_scope, narrowed},
    },
    decision::Refused,
    effects::Effect,
    facts::{
        ClientSession, Facts, FactsNeeded, RefreshUse, SessionKind, SessionQuery, SessionSearch,
        UserQuery, UserSession,
    },
    moment::Timestamp,
    realm::{Client, Profile, Realm},
    refusal::{RefreshError, Refusal},
    request::GrantType,
    subject::{
        GrantCode, LivenessError, ReadRefreshToken, SubjectTokenError, check_session,
        effective_not_before, read_refresh_token,
    },
    trace::DecisionTrace,
};

/// The refresh grant.
#[derive(Debug)]
pub(super) struct RefreshToken;

impl Flow for RefreshToken {
    fn grant_type(&self) -> GrantType {
        GrantType::REFRESH_TOKEN
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
            possession,
            ..
        } = *request;
        let text = parameters
            .value("refresh_token")
            .ok_or(RefreshError::Missing)?;
        let token =
            read_refresh_token(realm, issuer, &text, moment, jws_limits).map_err(
                |error| match error {
                    SubjectTokenError::Expired { .. } => RefreshError::Expired,
                    other => RefreshError::Token(other),
                },
            );
        let token = trace.step("the refresh token is the realm's", token)?;
        let own = *token.authorized_party == *client.client_id();
        let own = own.then_some(()).ok_or(RefreshError::OtherClient);
        trace.step("the refresh token is the client's", own)?;
        if let Some(bound) = &token.confirmation {
            let shown = possession.satisfies(bound).map_err(RefreshError::Binding);
            trace.step("the key of the refresh token is shown", shown)?;
        }
        let scope = parameters.value("scope").map(String::from);
        let mut named = named_users(realm, client, &token.scope);
        for user in scope
            .as_deref()
            .map(|scope| named_users(realm, client, scope))
            .into_iter()
            .flatten()
        {
            if !named.contains(&user) {
                named.push(user);
            }
        }
        Ok(Box::new(PendingRefresh {
            token,
            scope,
            named,
        }))
    }
}

#[derive(Debug)]
struct PendingRefresh {
    token: ReadRefreshToken,
    scope: Option<String>,
    named: Vec<UserQuery>,
}

impl PendingFlow for PendingRefresh {
    fn facts_needed(&self) -> FactsNeeded {
        let search = match self.token.kind {
            SessionKind::Online => SessionSearch::Online,
            SessionKind::Offline => SessionSearch::Offline,
        };
        FactsNeeded {
            session: self
                .token
                .session
                .clone()
                .map(|id| SessionQuery { id, search }),
            revocations: self.token.revocations(),
            named: self.named.clone(),
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
        let Self { token, scope, .. } = *self;
        let session = trace.step("the session is there", live_session(request, &token, facts))?;
        let user = facts
            .subject
            .as_ref()
            .filter(|user| user.id == session.user);
        let user = user.ok_or(RefreshError::SessionNotActive)?;
        if !user.enabled {
            return Err(RefreshError::UserDisabled.into());
        }
        let client_session = session
            .client(client.uuid())
            .ok_or(RefreshError::NoClientSession);
        let client_session = trace.step(
            "the session has a client session of the client",
            client_session,
        )?;
        if token.issued < session.started {
            return Err(RefreshError::OlderThanSession.into());
        }
        let overtaken = token.issued < effective_not_before(realm, client, Some(user))
            || facts.is_revoked(&token.token_id);
        if overtaken {
            return Err(RefreshError::Stale.into());
        }
        if realm.records_lineage() {
            let stands = token
                .lineage
                .stands(realm, facts, Some(&session), token.issued)
                .then_some(())
                .ok_or(RefreshError::Token(SubjectTokenError::AncestorRevoked));
            trace.step("nothing that the token was made from is revoked", stands)?;
        }
        if let Some(alias) = &token.organization {
            let organization = realm.organization(alias);
            let member = organization
                .is_some_and(|organization| organization.enabled() && user.is_in(organization));
            let member = member.then_some(()).ok_or(RefreshError::Organization);
            trace.step("the user is in the organization of the token", member)?;
        }
        let derived = Derived::of(realm, client, &token)?;
        let resource = original_resource(request, token.resource.as_deref());
        let resource = trace.step("the resource is the one of the refresh token", resource)?;
        let rotated = match rotate(realm, client, &session, client_session, &token, request) {
            Ok(rotated) => rotated,
            Err(refused) => {
                let _ = trace
                    .step::<(), _>("the refresh token may be used again", Err(&refused.refusal));
                return Err(refused);
            }
        };
        check(realm, client, scope.as_deref())?;
        check_named(realm, client, scope.as_deref(), facts)?;
        let roles = effective_roles(realm, user);
        // What was not granted at login is left out in silence; the new refresh token keeps all of it.
        let text = scope.map_or_else(|| token.scope.clone(), |text| narrowed(&text, &token.scope));
        let asker = request.asker(user, &roles, facts);
        let active = GrantedScopes::select(realm, client, &text, &asker, trace);
        let effects = rotated.unwrap_or_else(|| {
            vec![Effect::TouchSession {
                session: session.id.clone(),
                kind: session.kind,
                client: client.uuid().into(),
                at: moment.now,
            }]
        });
        // Keycloak's answer goes on naming the offline scope of an offline session that a narrower `scope`
        // has taken out of the token.
        let named = active.offline || session.kind == SessionKind::Online;
        let answer_scope = (!named).then(|| active.answer_text(realm, OFFLINE_ACCESS));
        let id_token = names_scope(&token.scope, OPENID);
        let refresh = client.tokens().use_refresh_tokens.then(|| RefreshOutput {
            scope: Some(token.scope.clone()),
            reuse_id: token.reuse_id.clone(),
            nonce: token.nonce.clone(),
            audiences: token.audiences.clone(),
            organization: token.organization.clone(),
        });
        Ok(Plan {
            openid: active.openid,
            audiences: derived.audiences,
            id_token,
            scopes: active.scopes,
            parameters: active.parameters,
            refresh,
            authentication_level: Some(1),
            nonce: token.nonce,
            bound: token.confirmation,
            expires_by: derived.expires_by,
            lineage: token.lineage,
            effects,
            resource,
            answer_scope,
            ..Plan::new(
                client.number(),
                user.clone(),
                PlannedSession::Existing {
                    kind: session.kind,
                    session,
                    join: Vec::new(),
                    transient_client: false,
                    named: true,
                },
                GrantCode::Refresh,
            )
        })
    }
}

/// What bounds the tokens that the refresh of an exchange gives.
#[derive(Default)]
struct Derived {
    audiences: Vec<Box<str>>,
    expires_by: Option<Timestamp>,
}

impl Derived {
    /// In profile `strict` a refresh takes an exchange no further: its tokens end with the refresh token, which ends
    /// with the subject token; they are for nobody that the exchanged one was not for; and while a client that it was
    /// for is disabled or gone, there are none. Elsewhere nothing is bounded.
    fn of(realm: &Realm, client: &Client, token: &ReadRefreshToken) -> Result<Self, RefreshError> {
        if realm.profile() != Profile::Strict || token.lineage.is_empty() {
            return Ok(Self::default());
        }
        let own = Box::from(client.client_id());
        let mut audiences = Vec::from([own]);
        audiences.extend(token.access_audience.iter().cloned());
        let gone = |audience: &str| {
            let known = realm.client_by_id(audience);
            let asked = token.audiences.iter().any(|named| **named == *audience);
            known.map_or(asked, |client| !client.enabled())
        };
        let all = audiences.iter().chain(&token.audiences);
        if all.into_iter().any(|audience| gone(audience)) {
            let disabled = SubjectTokenError::Liveness(LivenessError::ClientDisabled);
            return Err(RefreshError::Token(disabled));
        }
        Ok(Self {
            audiences,
            expires_by: token.expires,
        })
    }
}

fn live_session(
    request: &FlowRequest<'_>,
    token: &ReadRefreshToken,
    facts: &Facts,
) -> Result<Arc<UserSession>, RefreshError> {
    let gone = match token.kind {
        SessionKind::Online => RefreshError::SessionNotActive,
        SessionKind::Offline => RefreshError::OfflineSessionNotFound,
    };
    let session = facts
        .session
        .as_ref()
        .filter(|session| Some(&session.id) == token.session.as_ref() && session.kind == token.kind)
        .ok_or(gone)?;
    check_session(request.realm, session, request.moment.now)
        .map_err(|_| RefreshError::SessionNotActive)?;
    Ok(session.clone())
}

/// Counts the use of a token where the realm revokes used ones. `None` where it does not.
///
/// The count is written with the version of the session that was read: of several uses at once one wins,
/// the others conflict.
fn rotate(
    realm: &Realm,
    client: &Client,
    session: &UserSession,
    client_session: &ClientSession,
    token: &ReadRefreshToken,
    request: &FlowRequest<'_>,
) -> Result<Option<Vec<Effect>>, Refused> {
    if !realm.tokens().revoke_refresh_token {
        return Ok(None);
    }
    let now = request.moment.now;
    let reuse_id = token.reuse_id.as_deref().unwrap_or_default();
    let before = client_session.refresh_uses.get(reuse_id);
    let count = match before {
        Some(seen) if *seen.token == *token.token_id => seen.count,
        // An older token than the one last used; within one second times do not tell, and Keycloak takes it.
        Some(seen) if token.issued < seen.used => return Err(RefreshError::Stale.into()),
        Some(seen) if seen.spent.iter().any(|spent| **spent == *token.token_id) => {
            return Err(RefreshError::Stale.into());
        }
        _ => 0,
    };
    if i64::from(count) > realm.tokens().refresh_token_max_reuse {
        let end = Effect::EndClientSession {
            session: session.id.clone(),
            kind: session.kind,
            client: client.uuid().into(),
            end_empty: false,
        };
        return Err(Refused::with_effects(
            RefreshError::ReuseExceeded,
            vec![end],
        ));
    }
    let strict = realm.profile() == Profile::Strict;
    let spent = match before {
        Some(seen) if strict && seen.used == now => {
            let mut spent = seen.spent.clone();
            if *seen.token != *token.token_id {
                spent.push(seen.token.clone());
            }
            spent
        }
        _ => Vec::new(),
    };
    let mut state = client_session.clone();
    state.last_refresh = now;
    state.refresh_uses.insert(
        reuse_id.into(),
        RefreshUse {
            token: (*token.token_id).into(),
            used: now,
            count: count.saturating_add(1),
            spent,
        },
    );
    Ok(Some(vec![Effect::PutClientSession {
        session: session.id.clone(),
        kind: session.kind,
        client: client.uuid().into(),
        state: Box::new(state),
        refreshed: Some(now),
        expect: Some(session.version),
    }]))
}
