//! Writing one realm in memory, so that it can be undone.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use cambist::{
    effects::SingleUse,
    facts::{SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
    realm::settings::BruteForce,
};

use super::realm::{MarkKey, RealmState, SessionKey};
use crate::{LoginFailures, StoreError, apply::Rows};

/// A realm with what it takes to put it back.
pub(super) struct Undoable<'a> {
    state: &'a mut RealmState,
    log: Vec<Old>,
}

/// What was there before a write.
enum Old {
    Mark(MarkKey, Option<Timestamp>),
    Session(SessionKey, Option<Arc<UserSession>>),
    Revoked(Box<str>, Option<Timestamp>),
    Failures(String, Option<LoginFailures>),
    User(String, Option<Arc<User>>),
}

impl<'a> Undoable<'a> {
    pub(super) fn new(state: &'a mut RealmState) -> Self {
        Self {
            state,
            log: Vec::new(),
        }
    }

    /// Puts everything back, the last write first.
    pub(super) fn undo(self) {
        for old in self.log.into_iter().rev() {
            match old {
                Old::Mark(key, value) => restore(&mut self.state.marks, key, value),
                Old::Session(key, value) => restore(&mut self.state.sessions, key, value),
                Old::Revoked(key, value) => restore(&mut self.state.revoked, key, value),
                Old::Failures(key, value) => restore(&mut self.state.failures, key, value),
                Old::User(id, old) => self.state.restore_user(&id, old),
            }
        }
    }
}

impl Rows for Undoable<'_> {
    fn claim(
        &mut self,
        purpose: &SingleUse,
        id: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key: MarkKey = (purpose.clone(), id.into());
        if self.state.marks.get(&key).is_some_and(|live| *live >= now) {
            return Ok(false);
        }
        let old = self.state.marks.insert(key.clone(), until);
        self.log.push(Old::Mark(key, old));
        Ok(true)
    }

    fn session(
        &mut self,
        id: &SessionId,
        kind: SessionKind,
    ) -> Result<Option<Arc<UserSession>>, StoreError> {
        Ok(self.state.session(id, kind))
    }

    fn put_session(&mut self, session: UserSession) -> Result<(), StoreError> {
        let key = (session.kind, session.id.clone());
        let old = self.state.sessions.insert(key.clone(), Arc::new(session));
        self.log.push(Old::Session(key, old));
        Ok(())
    }

    fn remove_session(&mut self, id: &SessionId, kind: SessionKind) -> Result<(), StoreError> {
        let key = (kind, id.clone());
        let old = self.state.sessions.remove(&key);
        self.log.push(Old::Session(key, old));
        Ok(())
    }

    fn user_exists(&mut self, id: &str) -> Result<bool, StoreError> {
        Ok(self.state.users.contains_key(id))
    }

    fn create_user(&mut self, user: User) -> Result<(), StoreError> {
        let id = user.id.clone();
        self.state.insert_user(user)?;
        self.log.push(Old::User(id, None));
        Ok(())
    }

    fn put_user(&mut self, user: User, expected: u64) -> Result<(), StoreError> {
        let id = user.id.clone();
        let old = self.state.users.get(&id).cloned();
        self.state.update_user(user, expected)?;
        self.log.push(Old::User(id, old));
        Ok(())
    }

    fn revoke(&mut self, token: &str, until: Timestamp) -> Result<(), StoreError> {
        let old = self.state.revoked.get(token).copied();
        let later = old.map_or(until, |old| old.max(until));
        self.state.revoked.insert(token.into(), later);
        self.log.push(Old::Revoked(token.into(), old));
        Ok(())
    }

    fn brute_force(&mut self) -> Result<BruteForce, StoreError> {
        Ok(self.state.settings.brute_force.clone())
    }

    fn failures(&mut self, user: &str) -> Result<LoginFailures, StoreError> {
        Ok(self.state.login_failures(user))
    }

    fn put_failures(&mut self, user: &str, failures: LoginFailures) -> Result<(), StoreError> {
        let old = if failures == LoginFailures::default() {
            self.state.failures.remove(user)
        } else {
            self.state.failures.insert(user.to_owned(), failures)
        };
        self.log.push(Old::Failures(user.to_owned(), old));
        Ok(())
    }
}

fn restore<K: Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, old: Option<V>) {
    match old {
        Some(old) => drop(map.insert(key, old)),
        None => drop(map.remove(&key)),
    }
}
