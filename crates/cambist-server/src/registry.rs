//! The realms in force.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    thread,
};

use cambist::{
    claims::MapperKinds,
    client_policy::ClientPolicyKinds,
    crypto::CryptoProvider,
    facts::User,
    moment::Timestamp,
    policy::PolicyKinds,
    realm::{
        Features, Realm,
        build::{BuildOptions, ids::assign_ids, users_of},
        document::{NewUser, RealmDocument, UserDocument},
    },
};
use cambist_admin::{LoadedRealm, RealmRegistry, RegistryError};
use cambist_http::Realms;
use cambist_ring::SystemEntropy;
use cambist_store::{Store, StoreError, StoreFuture, Unavailable, UserSearch, passwords};
use tokio::sync::Mutex;

use crate::{keys, server::now};

/// Every realm of the server, built, each swapped whole.
pub struct Registry {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    /// Held over a change, so that what is stored and what is in force never part.
    changing: Mutex<()>,
}

struct Shared {
    in_force: RwLock<HashMap<String, Arc<LoadedRealm>>>,
    builder: Builder,
}

/// What realms are built with.
struct Builder {
    features: Features,
    provider: Arc<dyn CryptoProvider>,
    mappers: MapperKinds,
    policies: PolicyKinds,
    client_policies: ClientPolicyKinds,
}

impl Builder {
    fn build(&self, document: &RealmDocument, version: u64) -> Result<Realm, RegistryError> {
        let options = BuildOptions {
            version,
            features: self.features,
            provider: &*self.provider,
            mappers: &self.mappers,
            policies: &self.policies,
            client_policies: &self.client_policies,
        };
        Ok(Realm::build(document, &options)?)
    }

    /// A new realm, all but stored: completed, with ids, keys and users whose passwords are hashed.
    fn prepare(
        &self,
        mut document: RealmDocument,
        now: Timestamp,
    ) -> Result<(RealmDocument, Realm, Vec<User>), RegistryError> {
        document.complete(self.features);
        keys::complete(&mut document, now)?;
        assign_ids(&mut document, &*self.provider);
        let realm = self.build(&document, FIRST_VERSION)?;
        let users = hashed(users_of(&document, &realm)?, now)?;
        document.users.clear();
        Ok((document, realm, users))
    }
}

/// Version of a realm that was just made.
const FIRST_VERSION: u64 = 1;

impl Registry {
    /// Brings every stored realm in force.
    ///
    /// # Errors
    ///
    /// A store that cannot be read, or a stored realm that does not build.
    pub async fn load(
        store: Arc<dyn Store>,
        provider: Arc<dyn CryptoProvider>,
        features: Features,
    ) -> Result<Self, RegistryError> {
        let builder = Builder {
            features,
            provider,
            mappers: MapperKinds::builtin(),
            policies: PolicyKinds::builtin(),
            client_policies: ClientPolicyKinds::builtin(),
        };
        let shared = Arc::new(Shared {
            in_force: RwLock::default(),
            builder,
        });
        for name in store.realm_names().await? {
            let Some(stored) = store.load_realm(&name).await? else {
                continue;
            };
            let shared_ = Arc::clone(&shared);
            let loaded = off_reactor(move || {
                let realm = shared_.builder.build(&stored.document, stored.version)?;
                Ok(LoadedRealm {
                    document: stored.document,
                    realm: Arc::new(realm),
                    version: stored.version,
                })
            })
            .await?;
            shared.put(Arc::new(loaded));
        }
        Ok(Self {
            shared,
            store,
            changing: Mutex::new(()),
        })
    }

    /// Adds a user to a realm that has none, and says whether it had none.
    pub(crate) async fn add_first_user(
        &self,
        realm: &str,
        user: UserDocument,
    ) -> Result<bool, RegistryError> {
        let _changing = self.changing.lock().await;
        let nobody = self
            .store
            .count_users(realm, &UserSearch::default())
            .await?
            == 0;
        let loaded = RealmRegistry::realm(self, realm).filter(|_| nobody);
        let Some(loaded) = loaded else {
            return Ok(false);
        };
        let users = off_reactor(move || {
            let mut document = RealmDocument::clone(&loaded.document);
            document.users = vec![user];
            let mut users = users_of(&document, &loaded.realm)?;
            users.retain(|new| new.user.service_account_client.is_none());
            hashed(users, now())
        })
        .await?;
        for user in users {
            self.store.insert_user(realm, user).await?;
        }
        Ok(true)
    }

    /// How many realms are in force.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.read(HashMap::len)
    }

    /// Whether there is no realm at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shared {
    /// The lock is held for a look-up only; a map is never left half changed, so poison means nothing.
    fn read<T>(&self, read: impl FnOnce(&HashMap<String, Arc<LoadedRealm>>) -> T) -> T {
        read(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, write: impl FnOnce(&mut HashMap<String, Arc<LoadedRealm>>) -> T) -> T {
        write(
            &mut self
                .in_force
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn put(&self, loaded: Arc<LoadedRealm>) {
        self.write(|realms| realms.insert(loaded.document.realm.clone(), loaded));
    }
}

impl Realms for Registry {
    fn realm(&self, name: &str) -> Option<Arc<Realm>> {
        self.shared
            .read(|realms| realms.get(name).map(|loaded| Arc::clone(&loaded.realm)))
    }
}

impl RealmRegistry for Registry {
    fn realm(&self, name: &str) -> Option<Arc<LoadedRealm>> {
        self.shared.read(|realms| realms.get(name).cloned())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.shared.read(|realms| realms.keys().cloned().collect());
        names.sort_unstable();
        names
    }

    fn create(
        &self,
        document: RealmDocument,
    ) -> StoreFuture<'_, Result<Arc<LoadedRealm>, RegistryError>> {
        Box::pin(async move {
            let shared = Arc::clone(&self.shared);
            let prepared = off_reactor(move || shared.builder.prepare(document, now())).await?;
            let (document, realm, users) = prepared;
            let _changing = self.changing.lock().await;
            let version = self.store.insert_realm(document.clone(), users).await?;
            let loaded = Arc::new(LoadedRealm {
                document: Arc::new(document),
                realm: Arc::new(realm),
                version,
            });
            self.shared.put(Arc::clone(&loaded));
            Ok(loaded)
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        mut document: RealmDocument,
        expected: u64,
    ) -> StoreFuture<'a, Result<Arc<LoadedRealm>, RegistryError>> {
        Box::pin(async move {
            let shared = Arc::clone(&self.shared);
            let (document, realm) = off_reactor(move || {
                keys::complete(&mut document, now())?;
                assign_ids(&mut document, &*shared.builder.provider);
                document.users.clear();
                let realm = shared
                    .builder
                    .build(&document, expected.saturating_add(1))?;
                Ok((document, realm))
            })
            .await?;
            let _changing = self.changing.lock().await;
            let version = self
                .store
                .replace_realm(name, document.clone(), expected)
                .await?;
            let loaded = Arc::new(LoadedRealm {
                document: Arc::new(document),
                realm: Arc::new(realm),
                version,
            });
            self.shared.write(|realms| {
                if loaded.document.realm != name {
                    realms.remove(name);
                }
                realms.insert(loaded.document.realm.clone(), Arc::clone(&loaded));
            });
            Ok(loaded)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Result<bool, RegistryError>> {
        Box::pin(async move {
            let _changing = self.changing.lock().await;
            let was_there = self.store.delete_realm(name).await?;
            self.shared.write(|realms| realms.remove(name));
            Ok(was_there)
        })
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("realms", &RealmRegistry::names(self))
            .finish()
    }
}

/// Building realms, making keys and hashing passwords is work for seconds.
async fn off_reactor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, RegistryError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            let reason = error.to_string();
            Err(RegistryError::Store(StoreError::Unavailable(
                Unavailable::Failed { reason },
            )))
        })
}

/// Hashes the passwords of new users on all cores, and gives ids to those who have none.
fn hashed(users: Vec<NewUser>, now: Timestamp) -> Result<Vec<User>, RegistryError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = users.len().div_ceil(cores).max(1);
    let mut rest = users.into_iter().peekable();
    thread::scope(|scope| {
        let mut workers = Vec::new();
        while rest.peek().is_some() {
            let part: Vec<NewUser> = rest.by_ref().take(share).collect();
            workers.push(scope.spawn(move || {
                part.into_iter()
                    .map(|user| finished(user, now))
                    .collect::<Result<Vec<_>, _>>()
            }));
        }
        let mut all = Vec::new();
        for worker in workers {
            all.extend(
                worker
                    .join()
                    .unwrap_or_else(|_| Err(failed("hashing a password died")))?,
            );
        }
        Ok(all)
    })
}

fn finished(new: NewUser, now: Timestamp) -> Result<User, RegistryError> {
    let NewUser { mut user, password } = new;
    if user.id.is_empty() {
        user.id = keys::random_id()?;
    }
    user.created = now;
    if let Some(password) = password {
        let salt = passwords::fresh_salt(&mut SystemEntropy::new()).map_err(failed)?;
        let mut credential = passwords::hash(&password, salt, now).map_err(failed)?;
        credential.id = keys::random_id()?;
        user.passwords.push(credential);
    }
    Ok(user)
}

fn failed(reason: impl fmt::Display) -> RegistryError {
    let reason = reason.to_string();
    RegistryError::Store(StoreError::Unavailable(Unavailable::Failed { reason }))
}
