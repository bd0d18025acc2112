//! The realm document: what a person writes, what an import makes, what a store keeps.
//!
//! Every table refuses unknown keys. Where Keycloak has a setting that only its wire behaviour needs, it
//! stays under Keycloak's name in `attributes` (client, client scope) or `config` (mapper, provider).

use alloc::{borrow::ToOwned, collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    Profile,
    organization::OrganizationDocument,
    settings::{
        BruteForce, DelegationSettings, LoginSettings, SessionSettings, SslRequired, TokenSettings,
    },
};
use crate::{
    facts::User,
    policy::{DecisionStrategy, EnforcementMode, Logic},
    secret::Secret,
};

/// Text settings under Keycloak's own names.
pub type Attributes = BTreeMap<String, String>;

/// One realm as a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealmDocument {
    /// The name in the path `/realms/{realm}`; at most 255 bytes.
    pub realm: String,
    /// Internal id; the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A disabled realm issues nothing. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// `strict` (default) or `keycloak`.
    #[serde(default)]
    pub profile: Profile,
    /// Features switched for this realm only, by Keycloak's names; what is not named follows the server.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<String, bool>,
    /// Whether plain HTTP is taken. Default `external`.
    #[serde(default)]
    pub ssl_required: SslRequired,
    /// Lifetimes and algorithms of tokens.
    #[serde(default)]
    pub tokens: TokenSettings,
    /// Lifetimes of sessions.
    #[serde(default)]
    pub sessions: SessionSettings,
    /// How users are named.
    #[serde(default)]
    pub login: LoginSettings,
    /// Lock-out after wrong passwords.
    #[serde(default)]
    pub brute_force: BruteForce,
    /// Who acts for whom.
    #[serde(default, skip_serializing_if = "DelegationSettings::is_default")]
    pub delegation: DelegationSettings,
    /// Signing keys. When there is none the server makes an RS256 pair and an HS512 secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyDocument>,
    /// Realm roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleDocument>,
    /// Names of realm roles that every new user gets (Keycloak's `default-roles-{realm}`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_roles: Vec<String>,
    /// Client scopes. Absent: the built-in scopes of a new Keycloak realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_scopes: Option<Vec<ClientScopeDocument>>,
    /// Scopes that a client without lists of its own has by default. Absent: the built-in defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_scopes: Option<Vec<String>>,
    /// Scopes that a client without lists of its own may ask for. Absent: the built-in optional ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional_scopes: Option<Vec<String>>,
    /// Groups, nested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupDocument>,
    /// Organizations; scopes may name them where the attribute `organizationsEnabled` is `true`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<OrganizationDocument>,
    /// Clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientDocument>,
    /// Policies: the conditions that permissions name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyDocument>,
    /// Permissions: what is guarded, and by which policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<PermissionDocument>,
    /// The rest of Keycloak's permission store: resources, scopes, modes. Hand-written realms need none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<AuthorizationDocument>,
    /// Identity providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identity_providers: Vec<IdentityProviderDocument>,
    /// Client profiles (named lists of executors), as Keycloak's JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_profiles: Option<serde_json::Value>,
    /// Client policies (conditions that choose profiles), as Keycloak's JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_policies: Option<serde_json::Value>,
    /// Users to create when the realm is loaded for the first time. The store takes them out: a loaded
    /// realm holds none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserDocument>,
    /// Settings of the realm that only its administration shows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Attributes,
}

impl RealmDocument {
    /// A realm with this name and every default.
    #[must_use]
    pub fn named(realm: impl Into<String>) -> Self {
        Self {
            realm: realm.into(),
            id: None,
            display_name: None,
            enabled: true,
            profile: Profile::default(),
            features: BTreeMap::new(),
            ssl_required: SslRequired::default(),
            tokens: TokenSettings::default(),
            sessions: SessionSettings::default(),
            login: LoginSettings::default(),
            brute_force: BruteForce::default(),
            delegation: DelegationSettings::default(),
            keys: Vec::new(),
            roles: Vec::new(),
            default_roles: Vec::new(),
            client_scopes: None,
            default_scopes: None,
            optional_scopes: None,
            groups: Vec::new(),
            organizations: Vec::new(),
            clients: Vec::new(),
            policies: Vec::new(),
            permissions: Vec::new(),
            authorization: None,
            identity_providers: Vec::new(),
            client_profiles: None,
            client_policies: None,
            users: Vec::new(),
            attributes: Attributes::new(),
        }
    }
}

/// A secret, or where to find it. `env` is resolved by the loader, before the document is built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SecretSource {
    /// The secret itself.
    Text(Secret),
    /// The name of an environment variable.
    Environment(EnvironmentSecret),
}

/// `{ env = "NAME" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentSecret {
    /// Name of the environment variable.
    pub env: String,
}

/// A grant that a client may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientGrant {
    /// Authorization code (Keycloak: `standardFlowEnabled`).
    AuthorizationCode,
    /// Implicit (Keycloak: `implicitFlowEnabled`).
    Implicit,
    /// Resource owner password (Keycloak: `directAccessGrantsEnabled`).
    Password,
    /// Client credentials (Keycloak: `serviceAccountsEnabled`).
    ClientCredentials,
    /// Token exchange, permission-based. Every client of an imported Keycloak realm has it.
    TokenExchange,
    /// Standard exchange (Keycloak: attribute `standard.token.exchange.enabled`).
    StandardTokenExchange,
    /// JWT authorization grant (Keycloak: attribute `oauth2.jwt.authorization.grant.enabled`).
    JwtBearer,
}

/// A client.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientDocument {
    /// `client_id` on the wire; at most 255 bytes.
    pub id: String,
    /// Internal id, a UUID. Absent: derived from realm and `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Always shown in a list of applications.
    #[serde(default)]
    pub always_display_in_console: bool,
    /// The client secret. A confidential client without one can not authenticate by secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretSource>,
    /// A public client has no credentials. Default false.
    #[serde(default)]
    pub public: bool,
    /// A bearer-only client never asks for tokens. Default false.
    #[serde(default)]
    pub bearer_only: bool,
    /// `openid-connect` (default) or `saml`.
    #[serde(default = "openid_connect")]
    pub protocol: String,
    /// How the client authenticates, by Keycloak's name. Default `client-secret`.
    #[serde(default = "client_secret")]
    pub authenticator: String,
    /// What it may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<ClientGrant>,
    /// Root of relative addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_url: Option<String>,
    /// Home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Address for back-channel administration; the SAML master address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_url: Option<String>,
    /// Redirect addresses; a star at the end matches what follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Origins for CORS; `+` stands for those of the redirect addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub web_origins: Vec<String>,
    /// All roles of the user may enter the token. Default true, as for a new Keycloak client.
    #[serde(default = "yes")]
    pub full_scope_allowed: bool,
    /// The user must have consented. Default false.
    #[serde(default)]
    pub consent_required: bool,
    /// It gets tokens only with a DPoP proof, and they are bound to the proof's key (Keycloak: attribute
    /// `dpop.bound.access.tokens`; either will do). Default false.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub dpop_bound: bool,
    /// Tokens issued before this second are refused. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_before: i64,
    /// Scopes always active. Absent: the realm's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_scopes: Option<Vec<String>>,
    /// Scopes active when asked for. Absent: the realm's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional_scopes: Option<Vec<String>>,
    /// Roles that may enter the token when the full scope is not allowed.
    #[serde(default, skip_serializing_if = "RoleNames::is_empty")]
    pub scope_mappings: RoleNames,
    /// The client's own roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleDocument>,
    /// The client's own mappers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappers: Vec<MapperDocument>,
    /// Surrogate authentication is required.
    #[serde(default)]
    pub surrogate_auth_required: bool,
    /// Front-channel logout.
    #[serde(default)]
    pub frontchannel_logout: bool,
    /// Further settings under Keycloak's names, such as `access.token.lifespan`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Attributes,
    /// Whether the client carries Keycloak's permission store.
    #[serde(default)]
    pub authorization_services: bool,
}

impl ClientDocument {
    /// A confidential client with this `client_id` and every default.
    #[must_use]
    pub fn named(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            uuid: None,
            name: None,
            description: None,
            enabled: true,
            always_display_in_console: false,
            secret: None,
            public: false,
            bearer_only: false,
            protocol: openid_connect(),
            authenticator: client_secret(),
            grants: Vec::new(),
            root_url: None,
            base_url: None,
            admin_url: None,
            redirect_uris: Vec::new(),
            web_origins: Vec::new(),
            full_scope_allowed: true,
            consent_required: false,
            not_before: 0,
            default_scopes: None,
            optional_scopes: None,
            scope_mappings: RoleNames::default(),
            roles: Vec::new(),
            mappers: Vec::new(),
            dpop_bound: false,
            surrogate_auth_required: false,
            frontchannel_logout: false,
            attributes: Attributes::new(),
            authorization_services: false,
        }
    }
}

/// Roles by name: realm roles, and client roles under the `client_id` they belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleNames {
    /// Realm roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub realm: Vec<String>,
    /// Client roles by `client_id`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clients: BTreeMap<String, Vec<String>>,
}

impl RoleNames {
    /// No role at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.realm.is_empty() && self.clients.values().all(Vec::is_empty)
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleDocument {
    /// Name, unique in its realm or client.
    pub name: String,
    /// Internal id. Absent: derived from realm, client and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Roles that come with it.
    #[serde(default, skip_serializing_if = "RoleNames::is_empty")]
    pub composites: RoleNames,
    /// Values for people and programs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// A client scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientScopeDocument {
    /// Name, as in the `scope` parameter.
    pub name: String,
    /// Internal id. Absent: derived from realm and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `openid-connect` (default) or `saml`.
    #[serde(default = "openid_connect")]
    pub protocol: String,
    /// Roles bound to the scope: without one of them the user does not get it.
    #[serde(default, skip_serializing_if = "RoleNames::is_empty")]
    pub scope_mappings: RoleNames,
    /// Mappers that run when the scope is active.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappers: Vec<MapperDocument>,
    /// Keycloak's settings, such as `include.in.token.scope`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Attributes,
}

/// A protocol mapper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapperDocument {
    /// Name, unique in its client or scope.
    pub name: String,
    /// Internal id. Absent: derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The kind, by Keycloak's name, such as `oidc-audience-mapper`.
    pub kind: String,
    /// `openid-connect` (default) or `saml`.
    #[serde(default = "openid_connect")]
    pub protocol: String,
    /// Settings under Keycloak's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: Attributes,
}

/// A group and those below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupDocument {
    /// Name, unique among its siblings.
    pub name: String,
    /// Internal id. Absent: derived from realm and path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Roles of its members.
    #[serde(default, skip_serializing_if = "RoleNames::is_empty")]
    pub roles: RoleNames,
    /// Values of its members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Groups below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupDocument>,
}

/// A policy: one condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    /// Name, unique among policies and permissions.
    pub name: String,
    /// Internal id. Absent: derived from realm and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The kind: `client`, `role`, `user`, `group`, `time`, `regex`, `client-scope`, `aggregate`, or one
    /// that the embedder registered.
    pub kind: String,
    /// Default positive.
    #[serde(default)]
    pub logic: Logic,
    /// How an aggregate combines its children. Default unanimous.
    #[serde(default)]
    pub strategy: DecisionStrategy,
    /// `client`: client ids or internal ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<String>>,
    /// `user`: names or ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<String>>,
    /// `aggregate`: names or ids of policies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<String>>,
    /// Everything else, under Keycloak's names (`roles`, `fetchRoles`, `groups`, `hour`, `pattern` ...);
    /// lists as real lists.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub config: serde_json::Map<String, serde_json::Value>,
}

/// A permission: who guards what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionDocument {
    /// Name, unique among policies and permissions.
    pub name: String,
    /// Internal id. Absent: derived from realm and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is guarded: `token-exchange`, `impersonate`, `user-impersonated`. Short for the resource and
    /// the scope that Keycloak would name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// With `token-exchange`: the target client's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// With `token-exchange`: the identity provider's alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Without `action`: `scope` or `resource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Without `action`: names or ids of resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Without `action`: names or ids of scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Without `action`: applies to every resource of this type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// Names or ids of the policies asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// How the policies combine. Default unanimous.
    #[serde(default)]
    pub strategy: DecisionStrategy,
    /// Kept for the round trip; a permission's own logic has no effect.
    #[serde(default)]
    pub logic: Logic,
}

/// Keycloak's permission store beside policies and permissions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationDocument {
    /// What happens when no permission applies. Default enforcing.
    #[serde(default)]
    pub enforcement: EnforcementMode,
    /// How permissions combine. Default unanimous.
    #[serde(default)]
    pub strategy: DecisionStrategy,
    /// Kept for the round trip.
    #[serde(default)]
    pub allow_remote_resource_management: bool,
    /// Resources.
    #[serde(default)]
    pub resources: Vec<ResourceDocument>,
    /// Scopes.
    #[serde(default)]
    pub scopes: Vec<AuthorizationScopeDocument>,
}

/// A guarded resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceDocument {
    /// Name, such as `client.resource.{internal id of the client}`.
    pub name: String,
    /// Internal id. Absent: derived from realm and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Type, such as `Client`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Names of its scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uris: Vec<String>,
    /// Values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Owner, when it is not the resource server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whether the owner manages access.
    #[serde(default)]
    pub owner_managed_access: bool,
}

/// A scope of the permission store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationScopeDocument {
    /// Name, such as `token-exchange`.
    pub name: String,
    /// Internal id. Absent: derived from realm and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityProviderDocument {
    /// Name in `subject_issuer` and `requested_issuer`.
    pub alias: String,
    /// Internal id. Absent: derived from realm and alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The kind: `oidc`, `keycloak-oidc`, `google`, `github` ...
    pub kind: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Its tokens are kept. Default false.
    #[serde(default)]
    pub store_token: bool,
    /// An e-mail address from it counts as verified. Default false.
    #[serde(default)]
    pub trust_email: bool,
    /// Users are linked, never logged in.
    #[serde(default)]
    pub link_only: bool,
    /// Settings under Keycloak's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: Attributes,
    /// Mappers of what it says about users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappers: Vec<MapperDocument>,
}

/// Whether a key signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStatus {
    /// Signs and verifies.
    #[default]
    Active,
    /// Verifies only.
    Passive,
    /// Neither.
    Disabled,
}

/// What a key is for (RFC 7517 section 4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyUse {
    /// Signature.
    #[default]
    #[serde(rename = "sig")]
    Signature,
    /// Encryption; published, never used by Cambist.
    #[serde(rename = "enc")]
    Encryption,
}

/// A key of the realm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDocument {
    /// Key id. Absent: the RFC 7638 thumbprint for a key pair, derived otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// JWA name, such as `RS256`, `ES256`, `HS512`; `RSA-OAEP` for an encryption key.
    pub algorithm: String,
    /// Default signature.
    #[serde(default, rename = "use")]
    pub key_use: KeyUse,
    /// Default active.
    #[serde(default)]
    pub status: KeyStatus,
    /// The active key with the highest priority of its algorithm signs. Default 0.
    #[serde(default)]
    pub priority: i64,
    /// The private key as PEM (PKCS#8, PKCS#1) or base64 DER, or the HMAC secret as base64url. Absent where
    /// the private half lives elsewhere and `public` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretSource>,
    /// The public half as a JWK, where the private one lives elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<serde_json::Value>,
    /// X.509 certificate, base64 DER, published as `x5c`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Where it came from: the name and the kind of Keycloak's key provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// A user as a realm document says it: roles and groups by name, a password in clear or hashed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserDocument {
    /// Login name.
    pub username: String,
    /// Internal id. Absent: made by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was proved. Default false.
    #[serde(default)]
    pub email_verified: bool,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// A password in clear; hashed when the realm is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// A hashed password, as Keycloak's export has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<crate::facts::PasswordCredential>,
    /// Roles by name.
    #[serde(default, skip_serializing_if = "RoleNames::is_empty")]
    pub roles: RoleNames,
    /// Paths of groups, such as `/staff/finance`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Organizations by alias.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<String>,
    /// Further values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// What the user must do before a login succeeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_actions: Vec<String>,
    /// Tokens issued before this second are refused. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_before: i64,
    /// The `client_id` whose service account this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_of: Option<String>,
    /// Links to identity providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub federated_identities: Vec<crate::facts::FederatedIdentity>,
    /// Consents by `client_id`: names of client scopes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<String, Vec<String>>,
}

/// What a document turns a [`UserDocument`] into: the user, and the password still to be hashed.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The user, with ids in place of names.
    pub user: User,
    /// A password in clear that the store hashes before it keeps the user.
    pub password: Option<Secret>,
}

fn yes() -> bool {
    true
}

fn openid_connect() -> String {
    "openid-connect".to_owned()
}

fn client_secret() -> String {
    "client-secret".to_owned()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(value: &i64) -> bool {
    *value == 0
}
