//! Reading one realm in memory.

use std::sync::Arc;

use cambist::{
    facts::{SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
};

use super::realm::RealmState;
use crate::{LoginFailures, StoreError, lookup::View, settings::StoreSettings};

impl View for RealmState {
    fn settings(&mut self) -> Result<StoreSettings, StoreError> {
        Ok(self.settings.clone())
    }

    fn user_by_id(&mut self, id: &str) -> Result<Option<Arc<User>>, StoreError> {
        Ok(self.users.get(id).cloned())
    }

    fn user_by_name(&mut self, username: &str) -> Result<Option<Arc<User>>, StoreError> {
        Ok(self
            .usernames
            .get(username)
            .and_then(|id| self.users.get(id))
            .cloned())
    }

    fn user_by_email(&mut self, email: &str) -> Result<Option<Arc<User>>, StoreError> {
        let mut ids = self.ids_by_email(email);
        Ok(match (ids.next(), ids.next()) {
            (Some(id), None) => self.users.get(id).cloned(),
            _ => None,
        })
    }

    fn user_by_link(
        &mut self,
        provider: &str,
        identity: &str,
    ) -> Result<Option<Arc<User>>, StoreError> {
        let key = (provider.to_owned(), identity.to_owned());
        Ok(self
            .links
            .get(&key)
            .and_then(|id| self.users.get(id))
            .cloned())
    }

    fn email_is_taken(&mut self, email: &str) -> Result<bool, StoreError> {
        Ok(self.ids_by_email(email).next().is_some())
    }

    fn service_account(&mut self, client: &str) -> Result<Option<Arc<User>>, StoreError> {
        Ok(self
            .service_accounts
            .get(client)
            .and_then(|id| self.users.get(id))
            .cloned())
    }

    fn session(
        &mut self,
        id: &SessionId,
        kind: SessionKind,
    ) -> Result<Option<Arc<UserSession>>, StoreError> {
        Ok(Self::session(self, id, kind))
    }

    fn is_revoked(&mut self, token: &str, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.revoked.get(token).is_some_and(|until| *until >= now))
    }

    fn failures(&mut self, user: &str) -> Result<LoginFailures, StoreError> {
        Ok(self.login_failures(user))
    }
}
