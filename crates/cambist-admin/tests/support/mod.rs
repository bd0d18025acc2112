//! A server's parts in memory: realms, and callers whose token is `realm/user`.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on stops"
)]

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cambist::{
    claims::MapperKinds,
    facts::UserQuery,
    moment::Timestamp,
    policy::PolicyKinds,
    realm::{
        Features, Profile, Realm,
        build::{BuildOptions, ids::assign_ids, users_of},
        document::{RealmDocument, RoleNames, SecretSource, UserDocument},
    },
    secret::Secret,
};
use cambist_admin::{
    Admin, AdminAuthenticator, AdminCaller, AdminParts, AdminRequest, LoadedRealm, RealmRegistry,
    RegistryError,
};
use cambist_ring::{RingProvider, SystemEntropy};
use cambist_store::{
    MemoryStore, RealmSource, StoreFuture, UserDirectory,
    passwords::{PasswordVerifier, fresh_salt},
};
use http::{HeaderMap, HeaderValue, Method, Response, header};
use serde_json::Value;

pub(crate) const NOW: Timestamp = Timestamp(1_780_000_000);

pub(crate) struct World {
    pub(crate) admin: Admin,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) realms: Arc<Registry>,
}

impl World {
    /// A world with realm `master` and its administrator `admin`.
    pub(crate) async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let realms = Arc::new(Registry {
            store: Arc::clone(&store),
            loaded: Mutex::default(),
        });
        let mut master = RealmDocument::named("master");
        master.profile = Profile::Keycloak;
        master.users.push(UserDocument {
            username: "admin".to_owned(),
            enabled: true,
            password: Some(SecretSource::Text(Secret::new("admin"))),
            roles: RoleNames {
                realm: vec!["admin".to_owned()],
                clients: BTreeMap::new(),
            },
            ..UserDocument::default()
        });
        realms.create(master).await.unwrap();
        let admin = Admin::new(AdminParts {
            store: store.clone(),
            realms: realms.clone(),
            authenticator: Arc::new(Tokens {
                store: store.clone(),
            }),
            passwords: PasswordVerifier::new(),
            engine: cambist::engine::Engine::new(Arc::new(RingProvider)),
            entropy: Box::new(SystemEntropy::new()),
        });
        Self {
            admin,
            store,
            realms,
        }
    }

    /// Asks as the administrator of realm `master`.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.ask_as(Some("master/admin"), method, path, body).await
    }

    pub(crate) async fn ask_as(
        &self,
        caller: Option<&str>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(caller) = caller {
            headers.insert(
                header::AUTHORIZATION,
                HeaderValue::from_str(&format!("Bearer {caller}")).unwrap(),
            );
        }
        if body.is_some() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let request = AdminRequest {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            headers,
            body: body
                .map(|body| Bytes::from(body.to_string()))
                .unwrap_or_default(),
            base: "http://server".to_owned(),
            now: NOW,
        };
        Answer::of(self.admin.handle(request).await)
    }
}

/// An answer taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    fn of(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The last part of `Location`.
    pub(crate) fn made(&self) -> String {
        self.header("location")
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap()
    }
}

#[derive(Debug)]
pub(crate) struct Registry {
    store: Arc<MemoryStore>,
    loaded: Mutex<BTreeMap<String, Arc<LoadedRealm>>>,
}

impl Registry {
    fn build(document: &RealmDocument, version: u64) -> Result<Realm, RegistryError> {
        let options = BuildOptions {
            version,
            features: Features::default(),
            provider: &RingProvider,
            mappers: &MapperKinds::builtin(),
            policies: &PolicyKinds::builtin(),
            client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
        };
        Ok(Realm::build(document, &options)?)
    }
}

impl RealmRegistry for Registry {
    fn realm(&self, name: &str) -> Option<Arc<LoadedRealm>> {
        self.loaded.lock().unwrap().get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.loaded.lock().unwrap().keys().cloned().collect()
    }

    fn create(
        &self,
        mut document: RealmDocument,
    ) -> StoreFuture<'_, Result<Arc<LoadedRealm>, RegistryError>> {
        Box::pin(async move {
            document.complete(Features::default());
            assign_ids(&mut document, &RingProvider);
            let realm = Self::build(&document, 1)?;
            let mut users = Vec::new();
            for (place, new) in users_of(&document, &realm)?.into_iter().enumerate() {
                let mut user = new.user;
                if user.id.is_empty() {
                    user.id = format!("00000000-0000-4000-8000-{place:012}");
                }
                if let Some(password) = new.password {
                    let salt = fresh_salt(&mut SystemEntropy::new()).unwrap();
                    let mut credential = PasswordVerifier::new().hash(password, salt, NOW).await?;
                    credential.id = format!("00000000-0000-4000-9000-{place:012}");
                    user.passwords = vec![credential];
                }
                users.push(user);
            }
            document.users.clear();
            let name = document.realm.clone();
            let version = self.store.insert_realm(document.clone(), users).await?;
            let loaded = Arc::new(LoadedRealm {
                document: Arc::new(document),
                realm: Arc::new(realm),
                version,
            });
            self.loaded.lock().unwrap().insert(name, loaded.clone());
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
            assign_ids(&mut document, &RingProvider);
            let realm = Self::build(&document, expected + 1)?;
            let version = self
                .store
                .replace_realm(name, document.clone(), expected)
                .await?;
            let new_name = document.realm.clone();
            let loaded = Arc::new(LoadedRealm {
                document: Arc::new(document),
                realm: Arc::new(realm),
                version,
            });
            let mut map = self.loaded.lock().unwrap();
            map.remove(name);
            map.insert(new_name, loaded.clone());
            Ok(loaded)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Result<bool, RegistryError>> {
        Box::pin(async move {
            let was_there = self.store.delete_realm(name).await?;
            self.loaded.lock().unwrap().remove(name);
            Ok(was_there)
        })
    }
}

struct Tokens {
    store: Arc<MemoryStore>,
}

impl AdminAuthenticator for Tokens {
    fn authenticate<'a>(&'a self, bearer: &'a str) -> StoreFuture<'a, Option<AdminCaller>> {
        Box::pin(async move {
            let (realm, user) = bearer.split_once('/')?;
            let user = self
                .store
                .find_user(realm, &UserQuery::Username(user.into()))
                .await
                .ok()??;
            Some(AdminCaller {
                realm: realm.to_owned(),
                roles: cambist_admin::CarriedRoles::All,
                user,
            })
        })
    }
}

/// A realm document of the parity kit.
pub(crate) fn realm_file(name: &str) -> Value {
    let path = format!(
        "{}/../../parity/realms/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A world with a realm of the parity kit.
pub(crate) async fn world_with(name: &str) -> World {
    let world = World::new().await;
    let made = world
        .ask("POST", "/admin/realms", Some(realm_file(name)))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    world
}
