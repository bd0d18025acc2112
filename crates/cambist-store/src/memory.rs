//! A store that forgets when it is dropped: for tests, demonstrations and embedders who keep state elsewhere.

mod facts;
mod realm;
mod rows;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use cambist::{
    effects::Effect,
    facts::{Facts, FactsNeeded, SessionId, SessionKind, User, UserQuery, UserSession},
    moment::Timestamp,
    realm::document::RealmDocument,
};

use self::{realm::RealmState, rows::Undoable};
use crate::{
    CommitError, Conflict, EffectSink, FactSource, Health, LoginFailures, Page, RealmSource,
    Sessions, StoreError, StoreFuture, StoredRealm, Swept, Upkeep, UserDirectory, UserSearch,
    apply::apply, lookup, passwords::PasswordVerifier,
};

/// Everything in maps under one lock. Nothing is durable; all else is as the traits say.
#[derive(Debug, Default)]
pub struct MemoryStore {
    realms: Mutex<BTreeMap<String, RealmState>>,
    passwords: PasswordVerifier,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store with these bounds on password checks.
    #[must_use]
    pub fn with_passwords(passwords: PasswordVerifier) -> Self {
        Self {
            passwords,
            ..Self::default()
        }
    }

    fn locked<T>(&self, work: impl FnOnce(&mut BTreeMap<String, RealmState>) -> T) -> T {
        // Every change below is finished by moves that cannot panic, so a poisoned lock guards sound data.
        work(&mut self.realms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn in_realm<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut RealmState) -> Result<T, StoreError>,
    ) -> StoreFuture<'static, Result<T, StoreError>>
    where
        T: Send + 'static,
    {
        let result = self.locked(|realms| match realms.get_mut(name) {
            Some(realm) => work(realm),
            None => Err(unknown(name)),
        });
        Box::pin(std::future::ready(result))
    }
}

fn unknown(realm: &str) -> StoreError {
    StoreError::UnknownRealm {
        realm: realm.to_owned(),
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> StoreFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl RealmSource for MemoryStore {
    fn realm_names(&self) -> StoreFuture<'_, Result<Vec<String>, StoreError>> {
        ready(Ok(self.locked(|realms| realms.keys().cloned().collect())))
    }

    fn load_realm<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<StoredRealm>, StoreError>> {
        ready(Ok(self.locked(|realms| {
            realms.get(name).map(|realm| realm.stored.clone())
        })))
    }

    fn realm_version<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<u64>, StoreError>> {
        ready(Ok(self.locked(|realms| {
            realms.get(name).map(|realm| realm.stored.version)
        })))
    }

    fn insert_realm(
        &self,
        document: RealmDocument,
        users: Vec<User>,
    ) -> StoreFuture<'_, Result<u64, StoreError>> {
        let name = document.realm.clone();
        let mut state = RealmState::new(document, 1);
        let filled = users
            .into_iter()
            .try_for_each(|user| state.insert_user(user).map(|_| ()));
        ready(filled.and_then(|()| {
            self.locked(|realms| {
                if realms.contains_key(&name) {
                    return Err(Conflict::RealmExists.into());
                }
                realms.insert(name, state);
                Ok(1)
            })
        }))
    }

    fn replace_realm<'a>(
        &'a self,
        name: &'a str,
        document: RealmDocument,
        expected: u64,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        ready(self.locked(|realms| {
            let Some(realm) = realms.get(name) else {
                return Err(unknown(name));
            };
            let found = realm.stored.version;
            if found != expected {
                return Err(Conflict::Version { expected, found }.into());
            }
            let next_name = document.realm.clone();
            if next_name != name && realms.contains_key(&next_name) {
                return Err(Conflict::RealmExists.into());
            }
            let version = found.saturating_add(1);
            if let Some(mut realm) = realms.remove(name) {
                realm.replace(document, version);
                realms.insert(next_name, realm);
            }
            Ok(version)
        }))
    }

    fn delete_realm<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Result<bool, StoreError>> {
        ready(Ok(self.locked(|realms| realms.remove(name).is_some())))
    }
}

impl FactSource for MemoryStore {
    fn load_facts<'a>(
        &'a self,
        realm: &'a str,
        needed: &'a FactsNeeded,
        now: Timestamp,
    ) -> StoreFuture<'a, Result<Facts, StoreError>> {
        let gathered = self.in_realm(realm, |realm| lookup::gather(realm, needed, now));
        Box::pin(async move { lookup::settle(gathered.await?, needed, &self.passwords).await })
    }
}

impl EffectSink for MemoryStore {
    fn apply<'a>(
        &'a self,
        realm: &'a str,
        effects: &'a [Effect],
        now: Timestamp,
    ) -> StoreFuture<'a, Result<(), CommitError>> {
        ready(self.locked(|realms| {
            let Some(state) = realms.get_mut(realm) else {
                return Err(Conflict::RealmGone.into());
            };
            let mut rows = Undoable::new(state);
            let applied = apply(&mut rows, effects, now);
            if applied.is_err() {
                rows.undo();
            }
            applied.map_err(CommitError::from)
        }))
    }
}

impl UserDirectory for MemoryStore {
    fn insert_user<'a>(
        &'a self,
        realm: &'a str,
        user: User,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>> {
        self.in_realm(realm, |realm| realm.insert_user(user))
    }

    fn update_user<'a>(
        &'a self,
        realm: &'a str,
        user: User,
        expected: u64,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>> {
        self.in_realm(realm, |realm| realm.update_user(user, expected))
    }

    fn delete_user<'a>(
        &'a self,
        realm: &'a str,
        id: &'a str,
    ) -> StoreFuture<'a, Result<bool, StoreError>> {
        self.in_realm(realm, |realm| Ok(realm.delete_user(id)))
    }

    fn find_user<'a>(
        &'a self,
        realm: &'a str,
        query: &'a UserQuery,
    ) -> StoreFuture<'a, Result<Option<Arc<User>>, StoreError>> {
        self.in_realm(realm, |realm| lookup::find_user(realm, query))
    }

    fn search_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        let plan = search.plan();
        self.in_realm(realm, |realm| {
            Ok(page.of(realm.users_where(|user| plan.matches(user))))
        })
    }

    fn count_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        let plan = search.plan();
        self.in_realm(realm, |realm| {
            Ok(count(realm.users_where(|user| plan.matches(user))))
        })
    }

    fn group_members<'a>(
        &'a self,
        realm: &'a str,
        group: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        let member = |user: &User| user.groups.iter().any(|id| id == group);
        self.in_realm(realm, |realm| Ok(page.of(realm.users_where(member))))
    }

    fn role_users<'a>(
        &'a self,
        realm: &'a str,
        role: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        let given = |user: &User| user.roles.iter().any(|id| id == role);
        self.in_realm(realm, |realm| Ok(page.of(realm.users_where(given))))
    }
}

impl Sessions for MemoryStore {
    fn find_session<'a>(
        &'a self,
        realm: &'a str,
        id: &'a SessionId,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Option<Arc<UserSession>>, StoreError>> {
        self.in_realm(realm, |realm| Ok(realm.session(id, kind)))
    }

    fn user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>> {
        self.in_realm(realm, |realm| {
            Ok(realm.sessions_where(kind, |session| session.user == user))
        })
    }

    fn client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>> {
        let holds = |session: &UserSession| session.clients.contains_key(client);
        self.in_realm(realm, |realm| {
            Ok(page.of(realm.sessions_where(kind, holds).into_iter()))
        })
    }

    fn count_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        let holds = |session: &UserSession| session.clients.contains_key(client);
        self.in_realm(realm, |realm| {
            Ok(count(realm.sessions_where(kind, holds).into_iter()))
        })
    }

    fn end_user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        offline: bool,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.in_realm(realm, |realm| {
            Ok(realm.end_sessions(|session| {
                session.user == user && (offline || session.kind == SessionKind::Online)
            }))
        })
    }

    fn end_realm_sessions<'a>(
        &'a self,
        realm: &'a str,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.in_realm(realm, |realm| {
            Ok(realm.end_sessions(|session| session.kind == SessionKind::Online))
        })
    }

    fn end_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.in_realm(realm, |realm| realm.end_client_sessions(client))
    }

    fn login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
    ) -> StoreFuture<'a, Result<LoginFailures, StoreError>> {
        self.in_realm(realm, |realm| Ok(realm.login_failures(user)))
    }

    fn clear_login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: Option<&'a str>,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        self.in_realm(realm, |realm| {
            realm.clear_login_failures(user);
            Ok(())
        })
    }
}

impl Upkeep for MemoryStore {
    fn sweep(&self, now: Timestamp) -> StoreFuture<'_, Result<Swept, StoreError>> {
        ready(Ok(self.locked(|realms| {
            let mut swept = Swept::default();
            realms
                .values_mut()
                .for_each(|realm| realm.sweep(now, &mut swept));
            swept
        })))
    }

    fn flush(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        ready(Ok(()))
    }

    fn health(&self) -> Health {
        Health {
            writable: true,
            failure: None,
            queued: 0,
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}
