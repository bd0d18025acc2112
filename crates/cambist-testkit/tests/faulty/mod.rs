//! A store that is wrong on purpose, in one way at a time.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use cambist::{
    effects::{Effect, SingleUse},
    facts::{Facts, FactsNeeded, SessionId, SessionKind, User, UserQuery, UserSession},
    moment::Timestamp,
    realm::document::RealmDocument,
};
use cambist_store::{
    CommitError, Conflict, EffectSink, FactSource, Health, LoginFailures, MemoryStore, Page,
    RealmSource, Sessions, StoreError, StoreFuture, StoredRealm, Swept, Upkeep, UserDirectory,
    UserSearch,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None at all, to show that it is the faults that are caught.
    None,
    /// Looks whether an id is marked, and marks it a little later.
    LooksThenMarks,
    /// Writes effect by effect, and undoes nothing.
    KeepsHalfAList,
    /// Takes any version for the expected one.
    IgnoresVersions,
    /// Sweeps an hour, a day, a month ahead.
    SweepsTooMuch,
    /// One namespace for all ids.
    MixesPurposes,
    /// Says that a session ended, and leaves it.
    LosesEnds,
    /// Answers first and writes later.
    AnswersEarly,
    /// All realms share their sessions and marks.
    MixesRealms,
    /// `ADA` is not `ada`.
    KeepsLetterCase,
    /// Every password is right.
    AnyPassword,
}

/// A store in memory with a fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    fault: Fault,
    inner: Arc<MemoryStore>,
    marks: Mutex<HashSet<(SingleUse, Box<str>)>>,
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            fault,
            inner: Arc::new(MemoryStore::new()),
            marks: Mutex::new(HashSet::new()),
        }
    }

    fn look_then_mark(&self, effects: &[Effect]) -> Result<Vec<Effect>, CommitError> {
        let mut rest = Vec::new();
        for effect in effects {
            let Effect::UseOnce { purpose, id, .. } = effect else {
                rest.push(effect.clone());
                continue;
            };
            let key = (purpose.clone(), id.clone());
            if self.marks.lock().unwrap().contains(&key) {
                return Err(Conflict::UsedBefore {
                    purpose: purpose.clone(),
                }
                .into());
            }
            std::thread::sleep(Duration::from_millis(1));
            self.marks.lock().unwrap().insert(key);
        }
        Ok(rest)
    }

    fn changed(&self, effects: &[Effect]) -> Vec<Effect> {
        let mut effects = effects.to_vec();
        match self.fault {
            Fault::LosesEnds => {
                effects.retain(|effect| !matches!(effect, Effect::EndSession { .. }))
            }
            Fault::IgnoresVersions => {
                for effect in &mut effects {
                    if let Effect::PutClientSession { expect, .. } = effect {
                        *expect = None;
                    }
                }
            }
            Fault::MixesPurposes => {
                for effect in &mut effects {
                    if let Effect::UseOnce { purpose, .. } = effect {
                        *purpose = SingleUse::ClientAssertion("c".into());
                    }
                }
            }
            _ => {}
        }
        effects
    }

    /// The realm whose sessions and marks are used.
    fn place<'a>(&self, realm: &'a str) -> &'a str {
        if self.fault == Fault::MixesRealms && realm == "other" {
            "r"
        } else {
            realm
        }
    }
}

impl EffectSink for Faulty {
    fn apply<'a>(
        &'a self,
        realm: &'a str,
        effects: &'a [Effect],
        now: Timestamp,
    ) -> StoreFuture<'a, Result<(), CommitError>> {
        let realm = self.place(realm);
        let effects = self.changed(effects);
        Box::pin(async move {
            match self.fault {
                Fault::LooksThenMarks => {
                    let rest = self.look_then_mark(&effects)?;
                    self.inner.apply(realm, &rest, now).await
                }
                Fault::KeepsHalfAList => {
                    for effect in effects {
                        self.inner.apply(realm, &[effect], now).await?;
                    }
                    Ok(())
                }
                Fault::AnswersEarly => {
                    let (inner, realm) = (Arc::clone(&self.inner), realm.to_owned());
                    std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_millis(1));
                        let runtime = tokio::runtime::Builder::new_current_thread()
                            .build()
                            .unwrap();
                        let _late = runtime.block_on(inner.apply(&realm, &effects, now));
                    });
                    Ok(())
                }
                _ => self.inner.apply(realm, &effects, now).await,
            }
        })
    }
}

impl FactSource for Faulty {
    fn load_facts<'a>(
        &'a self,
        realm: &'a str,
        needed: &'a FactsNeeded,
        now: Timestamp,
    ) -> StoreFuture<'a, Result<Facts, StoreError>> {
        let realm = self.place(realm);
        Box::pin(async move {
            let mut facts = self.inner.load_facts(realm, needed, now).await?;
            if self.fault == Fault::AnyPassword
                && let Some(login) = &mut facts.login
            {
                login.password_matches = true;
            }
            Ok(facts)
        })
    }
}

impl UserDirectory for Faulty {
    fn insert_user<'a>(
        &'a self,
        realm: &'a str,
        mut user: User,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>> {
        if self.fault == Fault::KeepsLetterCase && user.username.chars().any(char::is_uppercase) {
            user.username.push_str("-in-capitals");
        }
        self.inner.insert_user(realm, user)
    }

    fn update_user<'a>(
        &'a self,
        realm: &'a str,
        user: User,
        expected: u64,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>> {
        self.inner.update_user(realm, user, expected)
    }

    fn delete_user<'a>(
        &'a self,
        realm: &'a str,
        id: &'a str,
    ) -> StoreFuture<'a, Result<bool, StoreError>> {
        self.inner.delete_user(realm, id)
    }

    fn find_user<'a>(
        &'a self,
        realm: &'a str,
        query: &'a UserQuery,
    ) -> StoreFuture<'a, Result<Option<Arc<User>>, StoreError>> {
        self.inner.find_user(realm, query)
    }

    fn search_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        self.inner.search_users(realm, search, page)
    }

    fn count_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.inner.count_users(realm, search)
    }

    fn group_members<'a>(
        &'a self,
        realm: &'a str,
        group: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        self.inner.group_members(realm, group, page)
    }

    fn role_users<'a>(
        &'a self,
        realm: &'a str,
        role: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        self.inner.role_users(realm, role, page)
    }
}

impl RealmSource for Faulty {
    fn realm_names(&self) -> StoreFuture<'_, Result<Vec<String>, StoreError>> {
        self.inner.realm_names()
    }

    fn load_realm<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<StoredRealm>, StoreError>> {
        self.inner.load_realm(name)
    }

    fn realm_version<'a>(
        &'a self,
        name: &'a str,
    ) -> StoreFuture<'a, Result<Option<u64>, StoreError>> {
        self.inner.realm_version(name)
    }

    fn insert_realm(
        &self,
        document: RealmDocument,
        users: Vec<User>,
    ) -> StoreFuture<'_, Result<u64, StoreError>> {
        self.inner.insert_realm(document, users)
    }

    fn replace_realm<'a>(
        &'a self,
        name: &'a str,
        document: RealmDocument,
        expected: u64,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.inner.replace_realm(name, document, expected)
    }

    fn delete_realm<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Result<bool, StoreError>> {
        self.inner.delete_realm(name)
    }
}

impl Sessions for Faulty {
    fn find_session<'a>(
        &'a self,
        realm: &'a str,
        id: &'a SessionId,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Option<Arc<UserSession>>, StoreError>> {
        self.inner.find_session(self.place(realm), id, kind)
    }

    fn user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>> {
        self.inner.user_sessions(self.place(realm), user, kind)
    }

    fn client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>> {
        self.inner
            .client_sessions(self.place(realm), client, kind, page)
    }

    fn count_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.inner
            .count_client_sessions(self.place(realm), client, kind)
    }

    fn end_user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        offline: bool,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.inner
            .end_user_sessions(self.place(realm), user, offline)
    }

    fn end_realm_sessions<'a>(
        &'a self,
        realm: &'a str,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.inner.end_realm_sessions(self.place(realm))
    }

    fn end_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.inner.end_client_sessions(self.place(realm), client)
    }

    fn login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
    ) -> StoreFuture<'a, Result<LoginFailures, StoreError>> {
        self.inner.login_failures(self.place(realm), user)
    }

    fn clear_login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: Option<&'a str>,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        self.inner.clear_login_failures(self.place(realm), user)
    }
}

impl Upkeep for Faulty {
    fn sweep(&self, now: Timestamp) -> StoreFuture<'_, Result<Swept, StoreError>> {
        let ahead = if self.fault == Fault::SweepsTooMuch {
            30 * 86_400
        } else {
            0
        };
        self.inner.sweep(now.after(ahead))
    }

    fn flush(&self) -> StoreFuture<'_, Result<(), StoreError>> {
        self.inner.flush()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }
}
