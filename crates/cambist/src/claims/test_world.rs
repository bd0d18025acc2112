//! A realm and its users, read from the realm documents that the recorded answers were given on.

extern crate std;

use alloc::{borrow::Cow, collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use std::{fs, path::Path};

use serde_json::Value;

use super::{
    ActiveScopes, ClaimContext, ClaimTarget, ComposedClaims, MapperKinds, ScopeAsker, compose,
    effective_roles, token_roles,
};
use crate::{
    crypto::{Algorithm, CryptoProvider, Hash, HashAlgorithm, HmacKey, KeyError, Signer, Verifier},
    facts::{Facts, User, UserSession},
    jose::{PrivateKey, PublicKey, SymmetricKey},
    moment::Moment,
    policy::{EvaluationContext, PolicyKinds},
    realm::{
        Client, Features, Profile, Realm, RoleSet,
        build::{BuildOptions, service_account_user, users_of},
        document::{
            Attributes, ClientDocument, ClientGrant, ClientScopeDocument, GroupDocument,
            MapperDocument, RealmDocument, RoleDocument, RoleNames, UserDocument,
        },
        organization::OrganizationDocument,
    },
};

/// A realm with its users.
#[derive(Debug)]
pub(super) struct World {
    pub(super) realm: Realm,
    users: Vec<User>,
}

impl World {
    /// The recorded realm document of this name.
    pub(super) fn recorded(name: &str) -> Self {
        Self::new(&document(&parity(&std::format!("realms/{name}.json"))))
    }

    /// The recorded realm document with one more client, `extra`, that has the full scope and these
    /// mappers.
    pub(super) fn with_mappers(name: &str, mappers: &[(&str, &[(&str, &str)])]) -> Self {
        let mut document = document(&parity(&std::format!("realms/{name}.json")));
        let mut client = ClientDocument::named("extra");
        client.default_scopes = Some(Vec::new());
        client.optional_scopes = Some(Vec::new());
        client.mappers = mappers
            .iter()
            .enumerate()
            .map(|(place, (kind, config))| MapperDocument {
                name: std::format!("mapper {place}"),
                id: None,
                kind: (*kind).into(),
                protocol: "openid-connect".into(),
                config: config
                    .iter()
                    .map(|(k, v)| ((*k).into(), (*v).into()))
                    .collect(),
            })
            .collect();
        document.clients.push(client);
        Self::new(&document)
    }

    fn new(document: &RealmDocument) -> Self {
        let mut document = document.clone();
        document.complete(Features::default());
        let options = BuildOptions {
            version: 1,
            features: Features::default(),
            provider: &TestCrypto,
            mappers: &MapperKinds::builtin(),
            policies: &PolicyKinds::builtin(),
            client_policies: &crate::client_policy::ClientPolicyKinds::builtin(),
        };
        let realm = Realm::build(&document, &options).unwrap();
        let mut users: Vec<User> = users_of(&document, &realm)
            .unwrap()
            .into_iter()
            .map(|new| new.user)
            .collect();
        for client in realm
            .clients()
            .iter()
            .filter(|client| client.may(ClientGrant::ClientCredentials))
        {
            let made = service_account_user(&realm, client);
            if !users.iter().any(|user| user.username == made.username) {
                users.push(made);
            }
        }
        Self { realm, users }
    }

    pub(super) fn client(&self, client_id: &str) -> &Client {
        self.realm.client_by_id(client_id).unwrap()
    }

    pub(super) fn user(&self, username: &str) -> &User {
        self.users
            .iter()
            .find(|user| user.username == username)
            .unwrap()
    }

    pub(super) fn user_mut(&mut self, username: &str) -> &mut User {
        self.users
            .iter_mut()
            .find(|user| user.username == username)
            .unwrap()
    }

    /// A login of the user at the client with this scope text.
    pub(super) fn login(&self, client_id: &str, username: &str, scope: &str) -> Login<'_> {
        let (client, user) = (self.client(client_id), self.user(username));
        let user_roles = effective_roles(&self.realm, user);
        let asker = ScopeAsker {
            user,
            roles: &user_roles,
            facts: &Facts::default(),
            context: EvaluationContext {
                client_id,
                remote_address: None,
                moment: Moment::utc(1_700_000_000),
            },
        };
        let scopes = ActiveScopes::select_for(&self.realm, client, scope, &asker, None);
        let token_roles = token_roles(&self.realm, client, scopes.scopes(), &user_roles);
        Login {
            world: self,
            client,
            user,
            scopes,
            user_roles,
            token_roles,
            level: Some(1),
            notes: Vec::new(),
            session: None,
        }
    }

    /// What the mappers write at a login at the client of [`with_mappers`](Self::with_mappers).
    pub(super) fn extra(&self, username: &str, target: ClaimTarget) -> Value {
        self.login("extra", username, "openid")
            .written(target, false)
    }
}

/// A login, from which claims can be composed.
#[derive(Debug)]
pub(super) struct Login<'a> {
    world: &'a World,
    pub(super) client: &'a Client,
    pub(super) user: &'a User,
    pub(super) scopes: ActiveScopes<'a>,
    user_roles: RoleSet,
    token_roles: RoleSet,
    pub(super) level: Option<i64>,
    pub(super) notes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) session: Option<&'a UserSession>,
}

impl Login<'_> {
    pub(super) fn compose(&self, target: ClaimTarget, lightweight: bool) -> ComposedClaims<'_> {
        let context = ClaimContext {
            realm: &self.world.realm,
            issuer: "https://id.example/auth/realms/recorded",
            client: self.client,
            user: self.user,
            session: self.session,
            client_session: None,
            transient_notes: &self.notes,
            scopes: self.scopes.scopes(),
            narrowed: false,
            parameters: self.scopes.parameters(),
            openid: self.scopes.openid(),
            user_roles: &self.user_roles,
            token_roles: &self.token_roles,
            nonce: Some("n-1"),
            authentication_level: self.level,
            crypto: &TestCrypto,
            moment: Moment::utc(1_700_000_000),
        };
        compose(&context, target, lightweight)
    }

    /// Everything the mappers wrote, as one object.
    pub(super) fn written(&self, target: ClaimTarget, lightweight: bool) -> Value {
        let composed = self.compose(target, lightweight);
        let mut all = serde_json::to_value(&composed.claims).unwrap();
        let object = all.as_object_mut().unwrap();
        if let Some(subject) = composed.subject {
            object.insert("sub".into(), subject.into_owned().into());
        }
        if let Some(party) = composed.authorized_party {
            object.insert("azp".into(), party.into_owned().into());
        }
        if !composed.audience.is_empty() {
            object.insert(
                "aud".into(),
                serde_json::to_value(&composed.audience).unwrap(),
            );
        }
        all
    }
}

/// A file of the recorded answers.
pub(super) fn parity(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../parity")
        .join(file);
    serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()
}

/// A provider that hashes, after a fashion, and does nothing else.
#[derive(Debug)]
pub(super) struct TestCrypto;

impl CryptoProvider for TestCrypto {
    fn verifier(
        &self,
        algorithm: Algorithm,
        _key: &PublicKey,
    ) -> Result<Arc<dyn Verifier>, KeyError> {
        Err(KeyError::AlgorithmUnsupported { algorithm })
    }

    fn hmac(&self, algorithm: Algorithm, _secret: &SymmetricKey) -> Result<HmacKey, KeyError> {
        Err(KeyError::AlgorithmUnsupported { algorithm })
    }

    fn signer(&self, algorithm: Algorithm, _key: &PrivateKey) -> Result<Arc<dyn Signer>, KeyError> {
        Err(KeyError::AlgorithmUnsupported { algorithm })
    }

    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Hash {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        let mut bytes = Vec::new();
        while bytes.len() < algorithm.length() {
            for byte in data.iter().chain(&[bytes.len() as u8]) {
                state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
            bytes.extend_from_slice(&state.to_be_bytes());
        }
        Hash::new(&bytes).unwrap()
    }
}

/// Reads as much of a Keycloak realm document as claims depend on.
fn document(json: &Value) -> RealmDocument {
    let mut realm = RealmDocument::named(text(&json["realm"]));
    realm.profile = Profile::Keycloak;
    realm.roles = roles(&json["roles"]["realm"]);
    realm.groups = groups(&json["groups"]);
    if json["organizationsEnabled"] == true {
        realm
            .attributes
            .insert("organizationsEnabled".into(), "true".into());
    }
    realm.organizations = list(&json["organizations"])
        .map(|one| OrganizationDocument {
            name: text(&one["name"]),
            alias: Some(text(&one["alias"])),
            enabled: true,
            ..OrganizationDocument::default()
        })
        .collect();
    realm.default_scopes = names(&json["defaultDefaultClientScopes"]);
    realm.optional_scopes = names(&json["defaultOptionalClientScopes"]);
    realm.client_scopes = json["clientScopes"].as_array().map(|scopes| {
        scopes
            .iter()
            .map(|scope| ClientScopeDocument {
                name: text(&scope["name"]),
                id: None,
                description: None,
                protocol: "openid-connect".into(),
                scope_mappings: scope_mappings(json, "clientScope", &scope["name"]),
                mappers: mappers(scope),
                attributes: attributes(&scope["attributes"]),
            })
            .collect()
    });
    realm.clients = list(&json["clients"])
        .map(|client| {
            let mut made = ClientDocument::named(text(&client["clientId"]));
            made.uuid = client["id"].as_str().map(Into::into);
            made.enabled = client["enabled"].as_bool().unwrap_or(true);
            made.full_scope_allowed = client["fullScopeAllowed"].as_bool().unwrap_or(true);
            made.default_scopes = names(&client["defaultClientScopes"]);
            made.optional_scopes = names(&client["optionalClientScopes"]);
            made.redirect_uris = names(&client["redirectUris"]).unwrap_or_default();
            made.web_origins =
                names(&client["webOrigins"]).unwrap_or_else(|| alloc::vec!["+".into()]);
            // A client whose service account the document brings is not given the scope for it.
            let brought = list(&json["users"])
                .any(|user| user["serviceAccountClientId"] == client["clientId"]);
            if client["serviceAccountsEnabled"] == true && !brought {
                made.grants.push(ClientGrant::ClientCredentials);
            }
            made.roles = roles(&json["roles"]["client"][text(&client["clientId"])]);
            made.scope_mappings = scope_mappings(json, "client", &client["clientId"]);
            made.mappers = mappers(client);
            // Signature algorithms have no part in claims, and some recorded ones are wrong on purpose.
            made.attributes = attributes(&client["attributes"]);
            made.attributes.retain(|name, _| !name.ends_with(".alg"));
            made
        })
        .collect();
    realm.users = list(&json["users"])
        .map(|user| UserDocument {
            username: text(&user["username"]),
            id: user["id"].as_str().map(Into::into),
            enabled: true,
            email: user["email"].as_str().map(Into::into),
            email_verified: user["emailVerified"].as_bool().unwrap_or_default(),
            first_name: user["firstName"].as_str().map(Into::into),
            last_name: user["lastName"].as_str().map(Into::into),
            roles: RoleNames {
                realm: names(&user["realmRoles"]).unwrap_or_default(),
                clients: name_lists(&user["clientRoles"]),
            },
            groups: names(&user["groups"]).unwrap_or_default(),
            organizations: list(&json["organizations"])
                .filter(|one| {
                    list(&one["members"]).any(|member| member["username"] == user["username"])
                })
                .map(|one| text(&one["alias"]))
                .collect(),
            attributes: name_lists(&user["attributes"]),
            ..UserDocument::default()
        })
        .collect();
    realm
}

fn roles(json: &Value) -> Vec<RoleDocument> {
    list(json)
        .map(|role| RoleDocument {
            name: text(&role["name"]),
            id: role["id"].as_str().map(Into::into),
            description: None,
            composites: RoleNames {
                realm: names(&role["composites"]["realm"]).unwrap_or_default(),
                clients: name_lists(&role["composites"]["client"]),
            },
            attributes: BTreeMap::new(),
        })
        .collect()
}

fn groups(json: &Value) -> Vec<GroupDocument> {
    list(json)
        .map(|group| GroupDocument {
            name: text(&group["name"]),
            id: group["id"].as_str().map(Into::into),
            roles: RoleNames {
                realm: names(&group["realmRoles"]).unwrap_or_default(),
                clients: name_lists(&group["clientRoles"]),
            },
            attributes: name_lists(&group["attributes"]),
            groups: groups(&group["subGroups"]),
        })
        .collect()
}

fn mappers(json: &Value) -> Vec<MapperDocument> {
    list(&json["protocolMappers"])
        .map(|mapper| MapperDocument {
            name: text(&mapper["name"]),
            id: None,
            kind: text(&mapper["protocolMapper"]),
            protocol: text(&mapper["protocol"]),
            config: attributes(&mapper["config"]),
        })
        .collect()
}

fn scope_mappings(realm: &Value, member: &str, name: &Value) -> RoleNames {
    let of = |mappings: &Value| -> Vec<String> {
        list(mappings)
            .filter(|mapping| mapping[member] == *name)
            .flat_map(|mapping| names(&mapping["roles"]).unwrap_or_default())
            .collect()
    };
    let clients = realm["clientScopeMappings"]
        .as_object()
        .into_iter()
        .flatten();
    RoleNames {
        realm: of(&realm["scopeMappings"]),
        clients: clients
            .map(|(owner, mappings)| (owner.clone(), of(mappings)))
            .collect(),
    }
}

fn attributes(json: &Value) -> Attributes {
    let members = json.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

fn name_lists(json: &Value) -> BTreeMap<String, Vec<String>> {
    let members = json.as_object().into_iter().flatten();
    members
        .map(|(name, values)| (name.clone(), names(values).unwrap()))
        .collect()
}

fn names(json: &Value) -> Option<Vec<String>> {
    json.as_array()
        .map(|names| names.iter().map(text).collect())
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn text(json: &Value) -> String {
    json.as_str().unwrap().into()
}
