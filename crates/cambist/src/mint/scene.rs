//! What a plan comes to: what its mappers see, and the claims, scope and lifetime of its access token.
//!
//! The mint writes these down, and the law of narrowing judges the very same before anything is minted.

use alloc::{borrow::Cow, string::String, vec::Vec};

use super::{
    access_token::AccessToken,
    lifetimes::{SessionTimes, access_token_expiry},
};
use crate::{
    claims::{
        ClaimContext, ClaimTarget, ComposedClaims, compose,
        roles::{effective_roles, narrowed_token_roles, token_roles},
        scopes::scope_texts,
    },
    crypto::CryptoProvider,
    facts::{SessionKind, UserSession},
    flow::{Plan, PlannedSession},
    moment::{Moment, Timestamp},
    realm::{Client, ClientScope, Realm, RoleSet},
    subject::Lineage,
};

/// A plan with everything of the realm that it names looked up.
pub(crate) struct Scene<'a> {
    pub(crate) realm: &'a Realm,
    pub(crate) plan: &'a Plan,
    /// The requester.
    pub(crate) client: &'a Client,
    /// Whose mappers, scopes and lifetimes count.
    pub(crate) target: &'a Client,
    pub(crate) scopes: Vec<&'a ClientScope>,
    user_roles: RoleSet,
    token_roles: RoleSet,
}

impl<'a> Scene<'a> {
    /// `None` for a client that the snapshot does not have: impossible while plan and snapshot travel
    /// together.
    pub(crate) fn of(realm: &'a Realm, plan: &'a Plan) -> Option<Self> {
        let client = realm.client(plan.client)?;
        let target = realm.client(plan.target)?;
        let scopes: Vec<&ClientScope> = plan
            .scopes
            .iter()
            .filter_map(|number| realm.scope(*number))
            .collect();
        let user_roles = effective_roles(realm, &plan.user);
        let token_roles = if plan.restrictions.is_narrowed() {
            narrowed_token_roles(realm, target, &scopes, &user_roles)
        } else {
            token_roles(realm, target, &scopes, &user_roles)
        };
        Some(Self {
            realm,
            plan,
            client,
            target,
            scopes,
            user_roles,
            token_roles,
        })
    }

    /// What mappers see; `session` is the one the token is to live in.
    pub(crate) fn context<'s>(
        &'s self,
        issuer: &'s str,
        session: Option<&'s UserSession>,
        moment: Moment,
        crypto: &'s dyn CryptoProvider,
    ) -> ClaimContext<'s> {
        let transient_notes: &[_] = match &self.plan.session {
            PlannedSession::Transient { notes } => notes,
            _ => &[],
        };
        ClaimContext {
            realm: self.realm,
            issuer,
            client: self.target,
            user: &self.plan.user,
            session,
            client_session: session.and_then(|session| session.client(self.target.uuid())),
            transient_notes,
            scopes: &self.scopes,
            parameters: &self.plan.parameters,
            narrowed: self.plan.restrictions.is_narrowed(),
            openid: self.plan.openid,
            user_roles: &self.user_roles,
            token_roles: &self.token_roles,
            nonce: self.plan.nonce.as_deref(),
            authentication_level: self.plan.authentication_level,
            moment,
            crypto,
        }
    }

    /// What mappers write into the access token, and what an exchange adds and takes away.
    pub(crate) fn access_claims<'s>(&'s self, context: &ClaimContext<'s>) -> ComposedClaims<'s> {
        let lightweight = self.target.tokens().lightweight;
        let mut composed = compose(context, ClaimTarget::AccessToken, lightweight);
        self.finish(&mut composed);
        composed
    }

    /// What an exchange adds to what mappers wrote, and takes away.
    pub(crate) fn finish<'s>(&'s self, composed: &mut ComposedClaims<'s>) {
        let plan = self.plan;
        if self.has_no_client_session() && composed.subject.is_none() {
            composed.subject = Some(Cow::Borrowed(&plan.user.id));
        }
        if plan.target != plan.client {
            composed.add_audience(self.target.client_id());
            // `azp` of an exchanged token is the requester, whatever a mapper of the target says.
            composed.authorized_party = None;
        }
        if plan.actors.is_some() {
            // The engine tells who acts; who else may is not for the requester's mappers to say.
            composed.claims.remove("act");
            composed.claims.remove("may_act");
        }
        if !plan.audiences.is_empty() {
            let audiences: Vec<&str> = plan.audiences.iter().map(|value| &**value).collect();
            composed.restrict_to_audiences(&audiences);
        }
    }

    /// The scopes that the token names, in order; `hidden` ones too for a refresh token.
    pub(crate) fn scope_names(&self, hidden: bool) -> impl Iterator<Item = &'a str> + '_ {
        let realm = self.realm;
        let named = self.plan.text_scopes.as_ref().unwrap_or(&self.plan.scopes);
        let scopes = named
            .iter()
            .filter_map(move |number| realm.scope(*number))
            .filter(move |scope| hidden || scope.in_token_scope())
            .flat_map(|scope| scope_texts(scope, &self.plan.parameters));
        self.plan
            .openid
            .then_some("openid")
            .into_iter()
            .chain(scopes)
    }

    /// The same as text.
    pub(crate) fn scope_text(&self, hidden: bool) -> String {
        let mut text = String::new();
        for name in self.scope_names(hidden) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(name);
        }
        text
    }

    /// The times of the session that bound the tokens.
    pub(crate) fn times(&self, now: Timestamp) -> SessionTimes {
        let fresh = |kind| SessionTimes {
            kind,
            started: now,
            client_started: now,
        };
        match &self.plan.session {
            PlannedSession::Transient { .. } => fresh(SessionKind::Online),
            PlannedSession::New { kind, .. } => fresh(*kind),
            PlannedSession::Existing { session, kind, .. } => SessionTimes {
                kind: *kind,
                started: session.started,
                client_started: session
                    .client(self.target.uuid())
                    .map_or(now, |session| session.started),
            },
        }
    }

    /// `exp` of the access token as client and session have it, before the plan's own bound.
    pub(crate) fn unbounded_expiry(&self, now: Timestamp) -> Timestamp {
        access_token_expiry(self.realm, self.target, self.times(now), now)
    }

    /// `exp` of the access token.
    pub(crate) fn expiry(&self, now: Timestamp) -> Timestamp {
        let expires = self.unbounded_expiry(now);
        let bound = self.plan.expires_by;
        bound.map_or(expires, |bound| expires.min(bound))
    }

    /// The payload of the access token, bound to no key. `None` where JSON has no form for a value.
    pub(crate) fn payload<'s>(
        &'s self,
        context: &ClaimContext<'s>,
        issuer: &str,
        token_id: &str,
        session: &str,
    ) -> Option<Vec<u8>> {
        let token = AccessToken {
            expires: self.expiry(context.moment.now),
            issued: context.moment.now,
            token_id,
            issuer,
            kind: "Bearer",
            authorized_party: self.client.client_id(),
            session: Some(session),
            scope: &self.scope_text(false),
            confirmation: None,
            actors: self.plan.actors.as_deref(),
            lineage: self.lineage(),
            composed: self.access_claims(context),
        };
        token.write().ok()
    }

    /// What the tokens are made from, where the realm records that.
    pub(super) fn lineage(&self) -> Option<&Lineage> {
        self.realm.records_lineage().then_some(&self.plan.lineage)
    }

    fn has_no_client_session(&self) -> bool {
        match &self.plan.session {
            PlannedSession::Transient { .. } => true,
            PlannedSession::New { .. } => false,
            PlannedSession::Existing {
                transient_client, ..
            } => *transient_client,
        }
    }
}
