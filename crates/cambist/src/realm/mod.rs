//! The realm: an immutable, indexed snapshot of one realm's configuration.
//!
//! [`RealmDocument`](document::RealmDocument) is what a person writes; [`Realm::build`] checks it and makes
//! the snapshot that every step of an exchange reads. A change of configuration is the next snapshot,
//! swapped whole; a request keeps the one it began with.

pub mod assertion_rules;
pub mod build;
pub mod builtin;
pub mod client;
pub mod document;
mod error;
pub mod features;
pub mod group;
pub mod identity_provider;
pub mod keys;
pub mod organization;
pub mod parameter;
pub mod role;
pub mod scope;
pub mod settings;

use alloc::{boxed::Box, string::String, vec::Vec};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

pub(crate) use self::keys::{HeaderType, MintingKey};
pub use self::organization::Organization;
use self::organization::Organizations;
use self::settings::{BruteForce, LoginSettings, SessionSettings, SslRequired, TokenSettings};
pub use self::{
    client::{Client, ClientAccess, ClientNo},
    error::{DocumentPath, RealmError, RealmProblem},
    features::{Feature, Features},
    group::{Group, GroupNo},
    identity_provider::{IdentityProvider, ProviderKeys, ProviderTrust, SyncMode},
    keys::{KeyPublication, RealmKey, RealmKeys},
    parameter::ScopeParameter,
    role::{Role, RoleNo, RoleOwner, RoleSet},
    scope::{ClientScope, ScopeNo},
};
use crate::{client_auth::FederatedClient, client_policy::ClientPolicies, policy::PolicyStore};

/// How a realm treats what Keycloak leaves open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The narrowing law is enforced and a policy that fails or says nothing never helps to permit.
    /// The default of a document written by hand.
    #[default]
    Strict,
    /// Decisions, limits and wire answers as Keycloak's. The default of an import.
    Keycloak,
}

/// An immutable snapshot of one realm.
#[derive(Debug)]
pub struct Realm {
    pub(crate) name: Box<str>,
    pub(crate) id: Box<str>,
    pub(crate) version: u64,
    pub(crate) enabled: bool,
    pub(crate) profile: Profile,
    pub(crate) features: Features,
    pub(crate) takes_actors: bool,
    pub(crate) issues_identity_assertions: bool,
    pub(crate) revoked_ancestor: settings::RevokedAncestor,
    pub(crate) ssl_required: SslRequired,
    pub(crate) tokens: TokenSettings,
    pub(crate) sessions: SessionSettings,
    pub(crate) login: LoginSettings,
    pub(crate) brute_force: BruteForce,
    pub(crate) keys: RealmKeys,
    pub(crate) clients: Vec<Client>,
    pub(crate) clients_by_id: HashMap<Box<str>, ClientNo>,
    pub(crate) clients_by_uuid: HashMap<Box<str>, ClientNo>,
    pub(crate) scopes: Vec<ClientScope>,
    pub(crate) scopes_by_name: HashMap<Box<str>, ScopeNo>,
    pub(crate) roles: Vec<Role>,
    pub(crate) roles_by_id: HashMap<Box<str>, RoleNo>,
    pub(crate) realm_roles_by_name: HashMap<Box<str>, RoleNo>,
    pub(crate) groups: Vec<Group>,
    pub(crate) organizations: Organizations,
    pub(crate) published_client_keys: bool,
    /// Clients for whom an identity provider vouches, by the subject that they have there.
    pub(crate) federated_clients: HashMap<Box<str>, Vec<ClientNo>>,
    pub(crate) groups_by_id: HashMap<Box<str>, GroupNo>,
    pub(crate) identity_providers: Vec<IdentityProvider>,
    pub(crate) providers_by_issuer: HashMap<Box<str>, usize>,
    pub(crate) policies: PolicyStore,
    pub(crate) client_policies: ClientPolicies,
    pub(crate) notes: Vec<String>,
}

impl Realm {
    /// The name in the path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The internal id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The version given at build; a later snapshot of the same realm has a higher one.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether the realm issues anything.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// `strict` or `keycloak`.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Whether actor tokens are taken ([`DelegationSettings`](settings::DelegationSettings)).
    #[must_use]
    pub fn takes_actors(&self) -> bool {
        self.takes_actors
    }

    /// Whether ID-JAGs are issued ([`DelegationSettings`](settings::DelegationSettings)).
    #[must_use]
    pub fn issues_identity_assertions(&self) -> bool {
        self.issues_identity_assertions
    }

    /// What becomes of a token when one that it was made from is revoked.
    #[must_use]
    pub fn revoked_ancestor(&self) -> settings::RevokedAncestor {
        self.revoked_ancestor
    }

    /// Whether tokens say what they were made from (`derived_from`).
    #[must_use]
    pub fn records_lineage(&self) -> bool {
        self.revoked_ancestor != settings::RevokedAncestor::Ignored
    }

    /// The features in force.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Whether plain HTTP is taken.
    #[must_use]
    pub fn ssl_required(&self) -> SslRequired {
        self.ssl_required
    }

    /// Lifetimes and algorithms of tokens.
    #[must_use]
    pub fn tokens(&self) -> &TokenSettings {
        &self.tokens
    }

    /// Lifetimes of sessions.
    #[must_use]
    pub fn sessions(&self) -> &SessionSettings {
        &self.sessions
    }

    /// How users are named.
    #[must_use]
    pub fn login(&self) -> &LoginSettings {
        &self.login
    }

    /// Lock-out after wrong passwords.
    #[must_use]
    pub fn brute_force(&self) -> &BruteForce {
        &self.brute_force
    }

    /// The realm's keys.
    #[must_use]
    pub fn keys(&self) -> &RealmKeys {
        &self.keys
    }

    /// All clients, in the order of their numbers.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The client with this number.
    #[must_use]
    pub fn client(&self, number: ClientNo) -> Option<&Client> {
        self.clients.get(number.index())
    }

    /// The client with this `client_id`; exact, letter case counts.
    #[must_use]
    pub fn client_by_id(&self, id: &str) -> Option<&Client> {
        self.client(*self.clients_by_id.get(id)?)
    }

    /// The client with this internal id.
    #[must_use]
    pub fn client_by_uuid(&self, uuid: &str) -> Option<&Client> {
        self.client(*self.clients_by_uuid.get(uuid)?)
    }

    /// Whether this client may ask for an exchange that permissions decide. Keycloak has no switch for it and lets
    /// every client ask; in profile `strict` the client must be registered for it.
    #[must_use]
    pub fn admits_to_exchange(&self, client: &Client) -> bool {
        self.profile() == Profile::Keycloak || client.may(document::ClientGrant::TokenExchange)
    }

    /// All client scopes.
    #[must_use]
    pub fn scopes(&self) -> &[ClientScope] {
        &self.scopes
    }

    /// The client scope with this number.
    #[must_use]
    pub fn scope(&self, number: ScopeNo) -> Option<&ClientScope> {
        self.scopes.get(number.index())
    }

    /// The client scope with this name.
    #[must_use]
    pub fn scope_by_name(&self, name: &str) -> Option<&ClientScope> {
        self.scope(*self.scopes_by_name.get(name)?)
    }

    /// All roles of realm and clients.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The role with this number.
    #[must_use]
    pub fn role(&self, number: RoleNo) -> Option<&Role> {
        self.roles.get(number.index())
    }

    /// The role with this internal id.
    #[must_use]
    pub fn role_by_id(&self, id: &str) -> Option<&Role> {
        self.role(*self.roles_by_id.get(id)?)
    }

    /// The realm role with this name.
    #[must_use]
    pub fn realm_role(&self, name: &str) -> Option<&Role> {
        self.role(*self.realm_roles_by_name.get(name)?)
    }

    /// The role of a client with this name.
    #[must_use]
    pub fn client_role(&self, client: ClientNo, name: &str) -> Option<&Role> {
        let client = self.client(client)?;
        client
            .roles()
            .iter()
            .filter_map(|number| self.role(*number))
            .find(|role| role.name() == name)
    }

    /// The clients that identity providers vouch for under this subject, and who does.
    pub(crate) fn federated_clients<'r>(
        &'r self,
        subject: &str,
    ) -> impl Iterator<Item = (&'r Client, &'r FederatedClient)> + use<'r> {
        let numbers = self.federated_clients.get(subject).into_iter().flatten();
        numbers.filter_map(|number| {
            let client = self.client(*number)?;
            Some((client, client.federated()?))
        })
    }

    /// Whether a client has registered an address for its keys, or is vouched for by somebody who publishes them.
    #[must_use]
    pub fn has_published_client_keys(&self) -> bool {
        self.published_client_keys
    }

    /// The organization of this alias. Letter case counts.
    #[must_use]
    pub fn organization(&self, alias: &str) -> Option<&Organization> {
        self.organizations.by_alias(alias)
    }

    /// The organization of this internal id.
    #[must_use]
    pub fn organization_by_id(&self, id: &str) -> Option<&Organization> {
        self.organizations.by_id(id)
    }

    /// All groups, parents before children.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group with this number.
    #[must_use]
    pub fn group(&self, number: GroupNo) -> Option<&Group> {
        self.groups.get(number.index())
    }

    /// The group with this internal id.
    #[must_use]
    pub fn group_by_id(&self, id: &str) -> Option<&Group> {
        self.group(*self.groups_by_id.get(id)?)
    }

    /// All identity providers.
    #[must_use]
    pub fn identity_providers(&self) -> &[IdentityProvider] {
        &self.identity_providers
    }

    /// The enabled identity provider whose assertions may be a grant and bear this issuer, byte for byte.
    #[must_use]
    pub fn provider_by_issuer(&self, issuer: &str) -> Option<&IdentityProvider> {
        self.identity_providers
            .get(*self.providers_by_issuer.get(issuer)?)
    }

    /// The permission store.
    #[must_use]
    pub fn policies(&self) -> &PolicyStore {
        &self.policies
    }

    /// What the realm asks of its clients beyond their registration.
    #[must_use]
    pub fn client_policies(&self) -> &ClientPolicies {
        &self.client_policies
    }

    /// What the build noticed and a person should read: references that lead nowhere, settings without
    /// effect.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}
