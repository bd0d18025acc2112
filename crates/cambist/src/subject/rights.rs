//! What a subject's token lets its bearer do where its user's roles are asked.

use super::VerifiedSubject;
use crate::{
    claims::{
        ActiveScopes,
        roles::{effective_roles, token_roles},
    },
    realm::{Realm, RoleSet},
};

impl VerifiedSubject {
    /// The roles that its user has now, as far as the client that the token was issued to may have them in
    /// a token of this scope. What the token's own role claims say does not count: a role given or taken
    /// since is given or taken.
    #[must_use]
    pub fn roles(&self, realm: &Realm) -> RoleSet {
        let all = effective_roles(realm, self.user());
        match realm.client_by_id(self.token().authorized_party()) {
            // A lightweight token says nothing of roles, so all of them count.
            Some(party) if !party.tokens().lightweight => {
                let scope = self.token().scope().unwrap_or_default();
                let active = ActiveScopes::select(realm, party, scope, &all);
                token_roles(realm, party, active.scopes(), &all)
            }
            _ => all,
        }
    }
}
