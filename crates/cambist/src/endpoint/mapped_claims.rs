//! Claims as the mappers would write them now, for answers about a token.

use alloc::vec::Vec;

use crate::{
    claims::{
        ClaimContext, ClaimTarget, ComposedClaims, ScopeAsker, compose,
        parameterized::named_users,
        roles::{effective_roles, token_roles},
        scopes::ActiveScopes,
    },
    crypto::CryptoProvider,
    facts::{Facts, User, UserQuery, UserSession},
    moment::Moment,
    policy::EvaluationContext,
    realm::{Client, Realm},
};

/// What the mappers are asked about.
pub(super) struct Subject<'a> {
    pub(super) realm: &'a Realm,
    pub(super) issuer: &'a str,
    pub(super) client: &'a Client,
    pub(super) user: &'a User,
    pub(super) session: Option<&'a UserSession>,
    pub(super) scope: &'a str,
    /// Holds the users whom the scope names ([`named_by`]).
    pub(super) facts: &'a Facts,
    pub(super) moment: Moment,
    pub(super) provider: &'a dyn CryptoProvider,
}

impl Subject<'_> {
    /// Runs the mappers of the client and of the scopes in the token, and hands what they wrote to `read`.
    pub(super) fn mapped<T>(
        &self,
        target: ClaimTarget,
        read: impl FnOnce(ComposedClaims<'_>) -> T,
    ) -> T {
        let user_roles = effective_roles(self.realm, self.user);
        let asker = ScopeAsker {
            user: self.user,
            roles: &user_roles,
            facts: self.facts,
            context: EvaluationContext {
                client_id: self.client.client_id(),
                remote_address: None,
                moment: self.moment,
            },
        };
        let active = ActiveScopes::select_for(self.realm, self.client, self.scope, &asker, None);
        let scopes: Vec<_> = active.scopes().to_vec();
        let roles = token_roles(self.realm, self.client, &scopes, &user_roles);
        let context = ClaimContext {
            realm: self.realm,
            issuer: self.issuer,
            client: self.client,
            user: self.user,
            session: self.session,
            client_session: self
                .session
                .and_then(|session| session.client(self.client.uuid())),
            transient_notes: &[],
            scopes: &scopes,
            narrowed: false,
            parameters: active.parameters(),
            openid: active.openid(),
            user_roles: &user_roles,
            token_roles: &roles,
            nonce: None,
            authentication_level: Some(1),
            moment: self.moment,
            crypto: self.provider,
        };
        read(compose(&context, target, false))
    }
}

/// The users whom the scope of a token names.
pub(super) fn named_by(realm: &Realm, authorized_party: &str, scope: &str) -> Vec<UserQuery> {
    realm
        .client_by_id(authorized_party)
        .map(|client| named_users(realm, client, scope))
        .unwrap_or_default()
}
