//! One realm in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use cambist::{
    effects::SingleUse,
    facts::{FederatedIdentity, SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
    realm::document::RealmDocument,
};

use super::rows::Undoable;
use crate::{
    Conflict, LoginFailures, StoreError, StoredRealm, Swept,
    apply::{drop_client, session_limits},
    directory::normalise,
    settings::StoreSettings,
};

pub(super) type SessionKey = (SessionKind, SessionId);
pub(super) type MarkKey = (SingleUse, Box<str>);

#[derive(Debug)]
pub(super) struct RealmState {
    pub(super) stored: StoredRealm,
    pub(super) settings: StoreSettings,
    pub(super) users: HashMap<String, Arc<User>>,
    /// Internal id by login name; sorted, because lists of users are.
    pub(super) usernames: BTreeMap<String, String>,
    /// E-mail address and internal id.
    pub(super) emails: BTreeSet<(String, String)>,
    /// Internal id of the user by alias of the provider and id there.
    pub(super) links: HashMap<(String, String), String>,
    /// Internal id of the user by internal id of the client.
    pub(super) service_accounts: HashMap<String, String>,
    pub(super) sessions: HashMap<SessionKey, Arc<UserSession>>,
    pub(super) marks: HashMap<MarkKey, Timestamp>,
    pub(super) revoked: HashMap<Box<str>, Timestamp>,
    pub(super) failures: HashMap<String, LoginFailures>,
}

impl RealmState {
    pub(super) fn new(document: RealmDocument, version: u64) -> Self {
        let settings = StoreSettings::of(&document);
        Self {
            stored: stored(document, version),
            settings,
            users: HashMap::new(),
            usernames: BTreeMap::new(),
            emails: BTreeSet::new(),
            links: HashMap::new(),
            service_accounts: HashMap::new(),
            sessions: HashMap::new(),
            marks: HashMap::new(),
            revoked: HashMap::new(),
            failures: HashMap::new(),
        }
    }

    pub(super) fn replace(&mut self, document: RealmDocument, version: u64) {
        self.settings = StoreSettings::of(&document);
        self.stored = stored(document, version);
    }

    pub(super) fn insert_user(&mut self, mut user: User) -> Result<Arc<User>, StoreError> {
        normalise(&mut user);
        if self.users.contains_key(&user.id) {
            return Err(Conflict::UserIdTaken.into());
        }
        self.check_names(&user)?;
        user.version = 1;
        Ok(self.keep_user(user))
    }

    pub(super) fn update_user(
        &mut self,
        mut user: User,
        expected: u64,
    ) -> Result<Arc<User>, StoreError> {
        normalise(&mut user);
        let Some(stored) = self.users.get(&user.id) else {
            return Err(Conflict::UserGone.into());
        };
        let found = stored.version;
        if found != expected {
            return Err(Conflict::Version { expected, found }.into());
        }
        self.check_names(&user)?;
        user.version = found.saturating_add(1);
        self.forget_names(&user.id);
        Ok(self.keep_user(user))
    }

    pub(super) fn delete_user(&mut self, id: &str) -> bool {
        self.forget_names(id);
        self.failures.remove(id);
        self.sessions.retain(|_, session| session.user != id);
        self.users.remove(id).is_some()
    }

    /// By login name.
    pub(super) fn users_where(
        &self,
        wanted: impl Fn(&User) -> bool,
    ) -> impl Iterator<Item = Arc<User>> {
        self.usernames
            .values()
            .filter_map(|id| self.users.get(id))
            .filter(move |user| wanted(user))
            .cloned()
    }

    pub(super) fn session(&self, id: &SessionId, kind: SessionKind) -> Option<Arc<UserSession>> {
        self.sessions.get(&(kind, id.clone())).cloned()
    }

    /// Oldest first.
    pub(super) fn sessions_where(
        &self,
        kind: SessionKind,
        wanted: impl Fn(&UserSession) -> bool,
    ) -> Vec<Arc<UserSession>> {
        let mut found: Vec<_> = self
            .sessions
            .values()
            .filter(|session| session.kind == kind && wanted(session))
            .cloned()
            .collect();
        found.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
        found
    }

    pub(super) fn end_sessions(&mut self, ends: impl Fn(&UserSession) -> bool) -> u64 {
        remove_where(&mut self.sessions, |session| ends(session))
    }

    pub(super) fn end_client_sessions(&mut self, client: &str) -> Result<u64, StoreError> {
        let sessions: Vec<_> = self.sessions.values().cloned().collect();
        let mut rows = Undoable::new(self);
        let mut ended = 0_u64;
        for session in sessions {
            if drop_client(&mut rows, &session, client)? {
                ended = ended.saturating_add(1);
            }
        }
        Ok(ended)
    }

    pub(super) fn login_failures(&self, user: &str) -> LoginFailures {
        self.failures.get(user).copied().unwrap_or_default()
    }

    pub(super) fn clear_login_failures(&mut self, user: Option<&str>) {
        match user {
            Some(user) => drop(self.failures.remove(user)),
            None => self.failures.clear(),
        }
    }

    pub(super) fn sweep(&mut self, now: Timestamp, swept: &mut Swept) {
        let add = |total: &mut u64, more: u64| *total = total.saturating_add(more);
        let settings = self.settings.clone();
        add(
            &mut swept.single_use,
            remove_where(&mut self.marks, |until| *until < now),
        );
        add(
            &mut swept.revocations,
            remove_where(&mut self.revoked, |until| *until < now),
        );
        let failures = remove_where(&mut self.failures, |failures| {
            failures.forgotten(&settings.brute_force, now)
        });
        add(&mut swept.failures, failures);
        let over = |session: &UserSession| {
            let (idle, max) = session_limits(&settings.sessions, session.kind, now);
            session.last_refresh < idle || max.is_some_and(|max| session.started < max)
        };
        add(
            &mut swept.sessions,
            remove_where(&mut self.sessions, |session| over(session)),
        );
    }

    fn check_names(&self, user: &User) -> Result<(), Conflict> {
        if self
            .usernames
            .get(&user.username)
            .is_some_and(|id| *id != user.id)
        {
            return Err(Conflict::UsernameTaken);
        }
        let taken = |link: &FederatedIdentity| {
            let owner = self.links.get(&link_key(link));
            owner.is_some_and(|id| *id != user.id)
        };
        if user.federated_identities.iter().any(taken) {
            return Err(Conflict::LinkTaken);
        }
        match &user.email {
            Some(email) if !self.settings.login.duplicate_emails => {
                if self.ids_by_email(email).any(|id| *id != user.id) {
                    return Err(Conflict::EmailTaken);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn ids_by_email(&self, email: &str) -> impl Iterator<Item = &String> {
        self.emails
            .range((email.to_owned(), String::new())..)
            .take_while(move |(found, _)| found == email)
            .map(|(_, id)| id)
    }

    fn keep_user(&mut self, user: User) -> Arc<User> {
        self.usernames
            .insert(user.username.clone(), user.id.clone());
        if let Some(email) = &user.email {
            self.emails.insert((email.clone(), user.id.clone()));
        }
        for link in &user.federated_identities {
            self.links.insert(link_key(link), user.id.clone());
        }
        if let Some(client) = &user.service_account_client {
            self.service_accounts
                .insert(client.clone(), user.id.clone());
        }
        let user = Arc::new(user);
        self.users.insert(user.id.clone(), Arc::clone(&user));
        user
    }

    fn forget_names(&mut self, id: &str) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        self.usernames.remove(&user.username);
        if let Some(email) = &user.email {
            self.emails.remove(&(email.clone(), user.id.clone()));
        }
        for link in &user.federated_identities {
            self.links.remove(&link_key(link));
        }
        if let Some(client) = &user.service_account_client {
            self.service_accounts.remove(client);
        }
    }

    /// Puts a user back as it was before a write that is undone.
    pub(super) fn restore_user(&mut self, id: &str, old: Option<Arc<User>>) {
        self.forget_names(id);
        match old {
            Some(user) => drop(self.keep_user(User::clone(&user))),
            None => drop(self.users.remove(id)),
        }
    }
}

fn link_key(link: &FederatedIdentity) -> (String, String) {
    (link.provider.clone(), link.user_id.clone())
}

fn stored(mut document: RealmDocument, version: u64) -> StoredRealm {
    document.users = Vec::new();
    StoredRealm {
        document: Arc::new(document),
        version,
    }
}

fn remove_where<K: std::hash::Hash + Eq, V>(
    map: &mut HashMap<K, V>,
    goes: impl Fn(&V) -> bool,
) -> u64 {
    let before = map.len();
    map.retain(|_, value| !goes(value));
    u64::try_from(before.saturating_sub(map.len())).unwrap_or(u64::MAX)
}
