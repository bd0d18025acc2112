//! A small world to try things in: a realm, its users, and whoever loads their facts.

use std::{collections::BTreeMap, sync::Arc};

use cambist::{
    claims::MapperKinds,
    client_policy::ClientPolicyKinds,
    crypto::CryptoProvider,
    effects::{Effect, Effects},
    facts::{
        ActorFacts, ActorQuery, Facts, FactsNeeded, FederatedIdentity, LinkFacts, LinkQuery,
        LoginFacts, SessionKind, SessionQuery, SessionSearch, User, UserQuery, UserSession,
    },
    policy::PolicyKinds,
    realm::{
        Features, Realm, RealmError,
        build::{BuildOptions, users_of},
        document::{KeyDocument, KeyStatus, KeyUse, RealmDocument, SecretSource},
    },
    secret::Secret,
};

/// An Ed25519 key as PKCS#8 (RFC 8410 section 7) with this seed, base64. Published, so for tests only.
const ED25519_PKCS8: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

/// A secret of 64 bytes, base64url.
const HS512_SECRET: &str =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw";

/// Keys that sign quickly and always alike: EdDSA for access tokens, HS512 for refresh tokens.
#[must_use]
pub fn keys() -> Vec<KeyDocument> {
    let key = |kid: &str, algorithm: &str, secret: &str| KeyDocument {
        kid: Some(kid.into()),
        algorithm: algorithm.into(),
        key_use: KeyUse::Signature,
        status: KeyStatus::Active,
        priority: 0,
        secret: Some(SecretSource::Text(Secret::new(secret))),
        public: None,
        certificate: None,
        provider: None,
    };
    vec![
        key("ed", "EdDSA", ED25519_PKCS8),
        key("hs", "HS512", HS512_SECRET),
    ]
}

/// A realm with its users and sessions in memory.
#[derive(Clone, Debug)]
pub struct World {
    /// The snapshot.
    pub realm: Arc<Realm>,
    /// Users by internal id.
    pub users: BTreeMap<String, Arc<User>>,
    /// Passwords in clear, by internal id.
    pub passwords: BTreeMap<String, String>,
    /// Sessions by id.
    pub sessions: BTreeMap<String, Arc<UserSession>>,
    /// Revoked token ids.
    pub revoked: Vec<Box<str>>,
}

impl World {
    /// Completes and builds the document, with [`keys`] where it has none, and makes its users.
    ///
    /// # Errors
    ///
    /// What is wrong with the document.
    pub fn new(
        mut document: RealmDocument,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, RealmError> {
        document.complete(Features::default());
        if document.keys.is_empty() {
            document.keys = keys();
            document.tokens.signature_algorithm = "EdDSA".into();
        }
        let mappers = MapperKinds::builtin();
        let policies = PolicyKinds::builtin();
        let client_policies = ClientPolicyKinds::builtin();
        let options = BuildOptions {
            version: 1,
            features: Features::default(),
            provider,
            mappers: &mappers,
            policies: &policies,
            client_policies: &client_policies,
        };
        let realm = Realm::build(&document, &options)?;
        let mut users = BTreeMap::new();
        let mut passwords = BTreeMap::new();
        for (place, new) in users_of(&document, &realm)?.into_iter().enumerate() {
            let mut user = new.user;
            if user.id.is_empty() {
                user.id = format!("00000000-0000-4000-8000-{place:012}");
            }
            if let Some(password) = new.password {
                passwords.insert(user.id.clone(), password.expose().to_owned());
            }
            users.insert(user.id.clone(), Arc::new(user));
        }
        let (realm, sessions, revoked) = (Arc::new(realm), BTreeMap::new(), Vec::new());
        Ok(Self {
            realm,
            users,
            passwords,
            sessions,
            revoked,
        })
    }

    /// Looks the facts up.
    #[must_use]
    pub fn facts(&self, needed: &FactsNeeded) -> Facts {
        let session = needed
            .session
            .as_ref()
            .and_then(|query| self.session(query));
        let subject = match (&session, &needed.subject) {
            (Some(session), _) => self.users.get(&session.user).cloned(),
            (None, Some(query)) => self.user(query),
            (None, None) => None,
        };
        let login = needed.login.as_ref().map(|query| {
            let user = self.user(&UserQuery::Login(query.username.to_lowercase().into()));
            let right = user.as_ref().and_then(|user| self.passwords.get(&user.id));
            let password_matches = right.is_some_and(|right| right == query.password.expose());
            LoginFacts {
                user,
                password_matches,
                locked_out: false,
                failures: 0,
            }
        });
        Facts {
            session,
            subject,
            login,
            requested: needed.requested.as_ref().and_then(|query| self.user(query)),
            service_account: needed
                .service_account
                .as_ref()
                .and_then(|query| self.user(query)),
            link: needed.link.as_ref().map(|query| self.link(query)),
            named: needed
                .named
                .iter()
                .filter_map(|query| Some((query.clone(), self.user(query)?)))
                .collect(),
            actor: needed
                .actor
                .as_ref()
                .map(|query| self.actor(query))
                .unwrap_or_default(),
            revoked: needed
                .revocations
                .iter()
                .filter(|id| self.revoked.contains(id))
                .cloned()
                .collect(),
        }
    }

    fn session(&self, query: &SessionQuery) -> Option<Arc<UserSession>> {
        let fits = |session: &&Arc<UserSession>| match query.search {
            SessionSearch::Online => session.kind == SessionKind::Online,
            SessionSearch::Offline => session.kind == SessionKind::Offline,
            SessionSearch::Either => true,
        };
        self.sessions.get(query.id.as_str()).filter(fits).cloned()
    }

    fn actor(&self, query: &ActorQuery) -> ActorFacts {
        let session = query.session.as_ref().and_then(|query| self.session(query));
        let user = match (&session, &query.user) {
            (Some(session), _) => self.users.get(&session.user).cloned(),
            (None, Some(query)) => self.user(query),
            (None, None) => None,
        };
        ActorFacts { session, user }
    }

    fn link(&self, query: &LinkQuery) -> LinkFacts {
        let is = |link: &FederatedIdentity| {
            *link.provider == *query.provider && *link.user_id == *query.user_id
        };
        let mut users = self.users.values();
        LinkFacts {
            user: users
                .find(|user| user.federated_identities.iter().any(is))
                .cloned(),
            locked_out: false,
            username_taken: self
                .user(&UserQuery::Username(query.username.to_lowercase().into()))
                .is_some(),
            email_taken: query.email.as_deref().is_some_and(|email| {
                let email = email.to_lowercase();
                self.users
                    .values()
                    .any(|user| user.email.as_deref() == Some(&*email))
            }),
        }
    }

    /// Applies effects, as far as users, sessions and revocations go.
    pub fn apply(&mut self, effects: &Effects) {
        for effect in effects.list() {
            self.apply_one(effect);
        }
    }

    fn apply_one(&mut self, effect: &Effect) {
        match effect {
            Effect::StartSession(session) => {
                self.sessions
                    .insert(session.id.to_string(), Arc::new((**session).clone()));
            }
            Effect::PutClientSession {
                session,
                client,
                state,
                ..
            } => {
                if let Some(known) = self.sessions.get_mut(session.as_str()) {
                    let mut changed = (**known).clone();
                    changed
                        .clients
                        .insert(client.to_string(), (**state).clone());
                    changed.version = changed.version.wrapping_add(1);
                    *known = Arc::new(changed);
                }
            }
            Effect::EndClientSession {
                session, client, ..
            } => {
                if let Some(known) = self.sessions.get_mut(session.as_str()) {
                    let mut changed = (**known).clone();
                    changed.clients.remove(&**client);
                    *known = Arc::new(changed);
                }
            }
            Effect::EndSession { session, .. } => {
                self.sessions.remove(session.as_str());
            }
            Effect::CreateUser(user) | Effect::PutUser { user, .. } => {
                self.users
                    .insert(user.id.clone(), Arc::new((**user).clone()));
            }
            Effect::Revoke { token, .. } => self.revoked.push(token.clone()),
            _ => {}
        }
    }

    fn user(&self, query: &UserQuery) -> Option<Arc<User>> {
        let by_name = |name: &str| self.users.values().find(|user| user.username == name);
        let by_mail = |mail: &str| {
            self.users
                .values()
                .find(|user| user.email.as_deref() == Some(mail))
        };
        let found = match query {
            UserQuery::Id(id) => self.users.get(&**id),
            UserQuery::Username(name) => by_name(name),
            UserQuery::Login(name) => by_name(name).or_else(|| by_mail(name)),
            UserQuery::UsernameOrId(name) => {
                by_name(&name.to_lowercase()).or_else(|| self.users.get(&**name))
            }
            UserQuery::IdOrUsername { id, username } => id
                .as_deref()
                .and_then(|id| self.users.get(id))
                .or_else(|| username.as_deref().and_then(by_name)),
            UserQuery::ServiceAccount(client) => self
                .users
                .values()
                .find(|user| user.service_account_client.as_deref() == Some(&**client)),
        };
        found.cloned()
    }
}
