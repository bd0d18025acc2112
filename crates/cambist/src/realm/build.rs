//! From a document to a snapshot: everything is checked, names become numbers, ids that are missing are
//! derived.

mod assertion_rules;
mod assertions;
mod certificates;
mod client;
mod client_tokens;
mod delegation;
mod groups;
mod identity_providers;
pub mod ids;
mod keys;
mod lineage;
mod organizations;
pub(crate) mod origins;
mod roles;
mod scopes;
mod settings;
mod sha1;
mod users;

use alloc::{
    borrow::{Cow, ToOwned},
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use hashbrown::{HashMap, hash_map::Entry};

pub use self::users::{service_account_user, users_of};
use self::{client::ClientBuilder, ids::IdSource};
use super::{
    ClientNo, Profile, Realm,
    document::{MapperDocument, RealmDocument},
    error::{At, RealmError, RealmProblem},
    features::{Feature, Features},
};
use crate::{
    claims::{MapperInstance, MapperKinds},
    client_policy::{ClientPolicies, ClientPolicyKinds},
    crypto::CryptoProvider,
    policy::{PolicyKinds, PolicyStore},
};

/// Longest name or id, in bytes; that of Keycloak's database columns.
pub const MAX_NAME_BYTES: usize = 255;

/// Most notes kept of one build; what is beyond is only counted.
pub const MAX_NOTES: usize = 1_000;

/// What a build needs besides the document.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions<'a> {
    /// Version of the snapshot; each later one of the same realm must have a higher one.
    pub version: u64,
    /// The server's features; the document may switch them for its realm.
    pub features: Features,
    /// Hashes, and makes signers and verifiers from keys.
    pub provider: &'a dyn CryptoProvider,
    /// The known kinds of protocol mappers.
    pub mappers: &'a MapperKinds,
    /// The known kinds of policies.
    pub policies: &'a PolicyKinds,
    /// The known conditions and executors of client policies.
    pub client_policies: &'a ClientPolicyKinds,
}

impl Realm {
    /// Builds the snapshot of a realm.
    ///
    /// Nothing is added to the document; what Keycloak adds to a new realm is added by
    /// [`RealmDocument::complete`], once, before the document is stored. Ids that the document lacks are
    /// derived from realm and name, the same ones each time ([`ids`]).
    ///
    /// In profile `keycloak`, references and settings that Keycloak loads and passes over (a scope nobody
    /// defined, a mapper of an unknown kind) are recorded in [`notes`](Self::notes); in profile `strict`
    /// each of them is an error. Users are not looked at: [`users_of`] reads them.
    ///
    /// # Errors
    ///
    /// [`RealmError`], naming the place in the document and what is wrong there.
    pub fn build(document: &RealmDocument, options: &BuildOptions<'_>) -> Result<Self, RealmError> {
        Builder::new(document, options).build()
    }
}

/// The state of one build.
struct Builder<'a> {
    document: &'a RealmDocument,
    options: &'a BuildOptions<'a>,
    ids: IdSource<'a>,
    notes: Notes,
}

impl<'a> Builder<'a> {
    fn new(document: &'a RealmDocument, options: &'a BuildOptions<'a>) -> Self {
        Self {
            document,
            options,
            ids: IdSource::new(options.provider, &document.realm),
            notes: Notes::new(document.profile),
        }
    }

    fn build(mut self) -> Result<Realm, RealmError> {
        let document = self.document;
        check_name(&At::Root("realm"), &document.realm)?;
        let id = document.id.as_deref().unwrap_or(&document.realm);
        check_name(&At::Root("id"), id)?;
        let features = self.features()?;
        settings::check(document)?;

        let clients_by_id = self.client_numbers()?;
        let role_index = roles::build(document, &self.ids, &clients_by_id)?;
        let (groups, groups_by_id) = groups::build(document, &self.ids, &role_index)?;
        let organizations = organizations::build(document, &self.ids)?;
        let (scopes, scopes_by_name) = self.scopes(features, &role_index)?;
        let defaults = self.default_scopes(&scopes, &scopes_by_name)?;

        let mut clients = Vec::with_capacity(document.clients.len());
        let mut clients_by_uuid = HashMap::with_capacity(document.clients.len());
        {
            let mut builder = ClientBuilder {
                document,
                options: self.options,
                ids: &self.ids,
                notes: &mut self.notes,
                roles: &role_index,
                scopes: &scopes,
                scopes_by_name: &scopes_by_name,
                defaults: &defaults,
                tokens: Arc::default(),
            };
            let list = At::Root("clients");
            for (place, client) in document.clients.iter().enumerate() {
                let at = list.item(place);
                let client = builder.build(&at, ClientNo(number(place)), client)?;
                match clients_by_uuid.entry(client.uuid.clone()) {
                    Entry::Vacant(free) => free.insert(client.number),
                    Entry::Occupied(taken) => {
                        let first = list.item(taken.get().index()).member("uuid").path();
                        return Err(at.member("uuid").error(RealmProblem::Duplicate {
                            what: "internal id",
                            name: client.uuid.to_string(),
                            first,
                        }));
                    }
                };
                clients.push(client);
            }
        }

        let keys = keys::build(document, &self.ids, self.options.provider, &mut self.notes)?;
        let identity_providers =
            identity_providers::build(document, &self.ids, self.options, &mut self.notes)?;
        let providers_by_issuer = assertion_rules::by_issuer(&identity_providers, &mut self.notes)?;
        let (roles, roles_by_id, realm_roles_by_name) = role_index.into_roles();

        let mut realm = Realm {
            name: document.realm.as_str().into(),
            id: id.into(),
            version: self.options.version,
            enabled: document.enabled,
            profile: document.profile,
            features,
            takes_actors: delegation::takes_actors(document)?,
            issues_identity_assertions: delegation::issues_identity_assertions(document),
            revoked_ancestor: lineage::revoked_ancestor(document)?,
            ssl_required: document.ssl_required,
            tokens: document.tokens.clone(),
            sessions: document.sessions.clone(),
            login: document.login.clone(),
            brute_force: document.brute_force.clone(),
            keys,
            published_client_keys: clients
                .iter()
                .any(|client| client.publishes_keys() || client.federated().is_some()),
            federated_clients: federated_clients(&clients),
            clients,
            clients_by_id: clients_by_id
                .into_iter()
                .map(|(id, number)| (Box::from(id), number))
                .collect(),
            clients_by_uuid,
            scopes,
            scopes_by_name,
            roles,
            roles_by_id,
            realm_roles_by_name,
            groups,
            organizations,
            groups_by_id,
            identity_providers,
            providers_by_issuer,
            policies: PolicyStore::default(),
            client_policies: ClientPolicies::default(),
            notes: Vec::new(),
        };
        delegation::check_mappers(&realm)?;
        realm.policies = PolicyStore::build(&realm, document, self.options.policies)
            .map_err(|error| At::Root("permissions").error(RealmProblem::Policy(error)))?;
        realm.client_policies =
            ClientPolicies::build(&realm, document, self.options.client_policies)
                .map_err(|error| At::Root("client_policies").error(error.into()))?;
        let notes = realm.policies.notes().iter();
        for note in notes.chain(realm.client_policies.notes()) {
            self.notes.add(note.clone());
        }
        realm.notes = self.notes.into_texts();
        Ok(realm)
    }

    fn features(&self) -> Result<Features, RealmError> {
        let list = At::Root("features");
        for name in self.document.features.keys() {
            if Feature::from_name(name).is_none() {
                return Err(list.member(name).error(RealmProblem::NotOneOf {
                    value: name.clone(),
                    allowed: Feature::ALL.map(Feature::name).join(", ").into(),
                }));
            }
        }
        Ok(self.document.features_over(self.options.features))
    }

    fn client_numbers(&self) -> Result<HashMap<&'a str, ClientNo>, RealmError> {
        let list = At::Root("clients");
        let clients = &self.document.clients;
        check_count(&list, clients.len())?;
        let mut numbers = HashMap::with_capacity(clients.len());
        for (place, client) in clients.iter().enumerate() {
            let item = list.item(place);
            let at = item.member("id");
            check_name(&at, &client.id)?;
            if let Some(first) = numbers.insert(client.id.as_str(), ClientNo(number(place))) {
                return Err(at.error(RealmProblem::Duplicate {
                    what: "client",
                    name: client.id.clone(),
                    first: list.item(first.index()).path(),
                }));
            }
        }
        Ok(numbers)
    }
}

/// What the build noticed. In profile `strict` nothing that Keycloak would pass over is.
struct Notes {
    profile: Profile,
    texts: Vec<String>,
    more: usize,
}

impl Notes {
    const fn new(profile: Profile) -> Self {
        Self {
            profile,
            texts: Vec::new(),
            more: 0,
        }
    }

    fn add(&mut self, note: String) {
        if self.texts.len() < MAX_NOTES {
            self.texts.push(note);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// An error in profile `strict`, a note in profile `keycloak`.
    fn tolerate(&mut self, error: RealmError) -> Result<(), RealmError> {
        match self.profile {
            Profile::Strict => Err(error),
            Profile::Keycloak => {
                self.add(error.to_string());
                Ok(())
            }
        }
    }

    fn into_texts(mut self) -> Vec<String> {
        if self.more > 0 {
            self.texts
                .push(alloc::format!("{} further notes are left out", self.more));
        }
        self.texts
    }
}

/// Clients for whom an identity provider vouches, by the subject that they have there.
fn federated_clients(clients: &[super::Client]) -> HashMap<Box<str>, Vec<ClientNo>> {
    let mut known: HashMap<Box<str>, Vec<ClientNo>> = HashMap::new();
    for client in clients {
        if let Some(federated) = client.federated() {
            let subject = Box::from(federated.subject());
            known.entry(subject).or_default().push(client.number());
        }
    }
    known
}

/// Builds the mappers of one client or scope. SAML mappers are kept in the document only.
fn build_mappers(
    at: &At<'_>,
    documents: &[MapperDocument],
    kinds: &MapperKinds,
    notes: &mut Notes,
) -> Result<Box<[MapperInstance]>, RealmError> {
    let mut names = Unique::new("mapper", at, "name", documents.len());
    let mut built = Vec::with_capacity(documents.len());
    for (place, document) in documents.iter().enumerate() {
        let item = at.item(place);
        check_name(&item.member("name"), &document.name)?;
        names.add(place, document.name.as_str())?;
        if document.protocol != OPENID_CONNECT {
            check_protocol(&item.member("protocol"), &document.protocol, notes)?;
            continue;
        }
        match kinds.build(document) {
            Ok(mapper) => built.push(mapper),
            Err(error) => {
                let error = item.error(RealmProblem::Mapper {
                    kind: document.kind.clone(),
                    reason: error.to_string(),
                });
                notes.tolerate(error)?;
            }
        }
    }
    Ok(built.into())
}

const OPENID_CONNECT: &str = "openid-connect";
const SAML: &str = "saml";

fn check_protocol(at: &At<'_>, protocol: &str, notes: &mut Notes) -> Result<(), RealmError> {
    if matches!(protocol, OPENID_CONNECT | SAML) {
        return Ok(());
    }
    notes.tolerate(at.error(RealmProblem::NotOneOf {
        value: protocol.to_owned(),
        allowed: "openid-connect, saml".into(),
    }))
}

fn check_name(at: &At<'_>, name: &str) -> Result<(), RealmError> {
    if name.is_empty() {
        return Err(at.error(RealmProblem::Empty));
    }
    if name.len() > MAX_NAME_BYTES {
        let problem = RealmProblem::TooLong {
            bytes: name.len(),
            limit: MAX_NAME_BYTES,
        };
        return Err(at.error(problem));
    }
    if name.chars().any(char::is_control) {
        return Err(at.error(RealmProblem::ControlCharacter));
    }
    Ok(())
}

fn check_count(at: &At<'_>, count: usize) -> Result<(), RealmError> {
    let limit = u32::MAX as usize;
    if count >= limit {
        Err(at.error(RealmProblem::TooMany { limit }))
    } else {
        Ok(())
    }
}

/// The number of the thing at this place; [`check_count`] has bounded it.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Refuses a second bearer of a name within one list.
struct Unique<'l, 'd> {
    what: &'static str,
    list: &'l At<'l>,
    field: &'static str,
    seen: HashMap<Cow<'d, str>, u32>,
}

impl<'l, 'd> Unique<'l, 'd> {
    fn new(what: &'static str, list: &'l At<'l>, field: &'static str, capacity: usize) -> Self {
        Self {
            what,
            list,
            field,
            seen: HashMap::with_capacity(capacity),
        }
    }

    fn add(&mut self, place: usize, name: impl Into<Cow<'d, str>>) -> Result<(), RealmError> {
        match self.seen.entry(name.into()) {
            Entry::Vacant(free) => {
                free.insert(number(place));
                Ok(())
            }
            Entry::Occupied(taken) => {
                let first = self
                    .list
                    .item(*taken.get() as usize)
                    .member(self.field)
                    .path();
                let name = taken.key().clone().into_owned();
                let problem = RealmProblem::Duplicate {
                    what: self.what,
                    name,
                    first,
                };
                Err(self.list.item(place).member(self.field).error(problem))
            }
        }
    }
}
