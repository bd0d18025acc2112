//! A client of the realm.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{
    RoleNo, RoleSet, ScopeNo,
    assertion_rules::ClientAssertions,
    document::{Attributes, ClientGrant},
};
use crate::{
    claims::MapperInstance,
    client_auth::{ClientCredential, FederatedClient},
    crypto::Algorithm,
};

/// The number of a client in its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNo(pub(crate) u32);

impl ClientNo {
    /// Its place in [`Realm::clients`](super::Realm::clients).
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Whether and how a client can prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAccess {
    /// Has no credentials.
    Public,
    /// Authenticates.
    Confidential,
    /// Never asks for tokens; authenticates where it may ask at all.
    BearerOnly,
}

/// What a refresh token request of a standard exchange gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExchangeRefresh {
    /// None.
    #[default]
    No,
    /// One in the subject's session.
    SameSession,
}

/// `exchange.adds.scopes`: see [`ExchangeAdds::scopes`].
pub const EXCHANGE_ADDS_SCOPES: &str = "exchange.adds.scopes";
/// `exchange.adds.audiences`: see [`ExchangeAdds::audiences`].
pub const EXCHANGE_ADDS_AUDIENCES: &str = "exchange.adds.audiences";
/// `exchange.adds.roles`: see [`ExchangeAdds::roles`].
pub const EXCHANGE_ADDS_ROLES: &str = "exchange.adds.roles";

/// What an exchange that takes the view of this client may add to what the subject token has, in profile
/// `strict`. Each list names what may be added, with blanks between; nothing stands for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeAdds {
    /// Names in `scope`.
    pub scopes: Box<[Box<str>]>,
    /// Values of `aud`.
    pub audiences: Box<[Box<str>]>,
    /// Roles: `role` of the realm, `client/role`, or the text of another claim that a role mapper writes.
    pub roles: Box<[Box<str>]>,
}

/// Settings of a client's tokens, read from its attributes once. Lifetimes in seconds; `None` where the
/// realm's counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTokenSettings {
    /// `access.token.lifespan`; -1: as long as the session may last.
    pub access_token_lifespan: Option<i64>,
    /// `client.session.idle.timeout`.
    pub session_idle: Option<i64>,
    /// `client.session.max.lifespan`.
    pub session_max: Option<i64>,
    /// `client.offline.session.idle.timeout`.
    pub offline_session_idle: Option<i64>,
    /// `client.offline.session.max.lifespan`.
    pub offline_session_max: Option<i64>,
    /// `use.refresh.tokens`, default true.
    pub use_refresh_tokens: bool,
    /// `client_credentials.use_refresh_token`, default false.
    pub client_credentials_refresh_token: bool,
    /// `token.response.type.bearer.lower-case`, default false.
    pub lower_case_bearer: bool,
    /// `access.token.header.type.rfc9068`, default false: header type `at+jwt`.
    pub rfc9068_header: bool,
    /// `client.use.lightweight.access.token.enabled`, default false.
    pub lightweight: bool,
    /// `access.token.signed.response.alg`.
    pub access_token_algorithm: Option<Algorithm>,
    /// `id.token.signed.response.alg`.
    pub id_token_algorithm: Option<Algorithm>,
    /// `allow.token.introspection.without.audience.check`, default false.
    pub introspect_without_audience: bool,
    /// `dpop.bound.access.tokens`, default false.
    pub dpop_bound: bool,
    /// `tls.client.certificate.bound.access.tokens`, default false.
    pub certificate_bound: bool,
    /// `standard.token.exchange.enableRefreshRequestedTokenType`.
    pub exchange_refresh: ExchangeRefresh,
    /// `exchange.adds.scopes`, `exchange.adds.audiences`, `exchange.adds.roles`. Default: nothing.
    pub exchange_adds: ExchangeAdds,
    /// `acr.loa.map`: names of authentication levels, by level.
    pub acr_levels: Vec<(i64, Box<str>)>,
    /// The attribute without which no token can be made for this client and that cannot be read, such as a
    /// lifespan that is no number. Only in profile `keycloak`: Keycloak loads such a client and fails at
    /// each request for a token.
    pub fault: Option<&'static str>,
    /// The same for ID tokens alone.
    pub id_token_fault: Option<&'static str>,
}

impl Default for ClientTokenSettings {
    fn default() -> Self {
        Self {
            access_token_lifespan: None,
            session_idle: None,
            session_max: None,
            offline_session_idle: None,
            offline_session_max: None,
            use_refresh_tokens: true,
            client_credentials_refresh_token: false,
            lower_case_bearer: false,
            rfc9068_header: false,
            lightweight: false,
            access_token_algorithm: None,
            id_token_algorithm: None,
            introspect_without_audience: false,
            dpop_bound: false,
            certificate_bound: false,
            exchange_refresh: ExchangeRefresh::No,
            exchange_adds: ExchangeAdds::default(),
            acr_levels: Vec::new(),
            fault: None,
            id_token_fault: None,
        }
    }
}

/// A client of the realm.
///
/// What every decision reads comes first and stands in one line of the cache: in a realm of many clients each
/// further line is a further access to memory.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Client {
    pub(crate) client_id: Box<str>,
    pub(crate) uuid: Box<str>,
    pub(crate) number: ClientNo,
    pub(crate) enabled: bool,
    pub(crate) access: ClientAccess,
    pub(crate) saml: bool,
    pub(crate) full_scope_allowed: bool,
    pub(crate) consent_required: bool,
    /// Shared by the clients whose settings are the same.
    pub(crate) tokens: Arc<ClientTokenSettings>,
    pub(crate) credential: Box<ClientCredential>,
    pub(crate) not_before: i64,
    pub(crate) grants: Box<[ClientGrant]>,
    pub(crate) default_scopes: Arc<[ScopeNo]>,
    pub(crate) optional_scopes: Arc<[ScopeNo]>,
    pub(crate) scope_mappings: RoleSet,
    pub(crate) roles: Box<[RoleNo]>,
    pub(crate) mappers: Box<[MapperInstance]>,
    pub(crate) web_origins: Box<[Box<str>]>,
    pub(crate) server_is_origin: bool,
    pub(crate) assertions: ClientAssertions,
    pub(crate) attributes: Attributes,
}

impl Client {
    /// Its number in this snapshot.
    #[must_use]
    pub fn number(&self) -> ClientNo {
        self.number
    }

    /// Internal id.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// `client_id` on the wire.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// A disabled client neither asks nor is a target.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Public, confidential or bearer-only.
    #[must_use]
    pub fn access(&self) -> ClientAccess {
        self.access
    }

    /// Whether it has no credentials.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.access == ClientAccess::Public
    }

    /// Whether its protocol is SAML.
    #[must_use]
    pub fn is_saml(&self) -> bool {
        self.saml
    }

    /// How it authenticates.
    #[must_use]
    pub fn credential(&self) -> &ClientCredential {
        &self.credential
    }

    /// Whether it may use the grant.
    #[must_use]
    pub fn may(&self, grant: ClientGrant) -> bool {
        self.grants.contains(&grant)
    }

    /// All roles of the user may enter its tokens.
    #[must_use]
    pub fn full_scope_allowed(&self) -> bool {
        self.full_scope_allowed
    }

    /// The user must have consented.
    #[must_use]
    pub fn consent_required(&self) -> bool {
        self.consent_required
    }

    /// Tokens issued to it before this second are refused.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Scopes always active.
    #[must_use]
    pub fn default_scopes(&self) -> &[ScopeNo] {
        &self.default_scopes
    }

    /// Scopes active when asked for.
    #[must_use]
    pub fn optional_scopes(&self) -> &[ScopeNo] {
        &self.optional_scopes
    }

    /// Roles that may enter its tokens when the full scope is not allowed, composites expanded; its own
    /// roles are not in here.
    #[must_use]
    pub fn scope_mappings(&self) -> &RoleSet {
        &self.scope_mappings
    }

    /// Its own roles.
    #[must_use]
    pub fn roles(&self) -> &[RoleNo] {
        &self.roles
    }

    /// Its own mappers.
    #[must_use]
    pub fn mappers(&self) -> &[MapperInstance] {
        &self.mappers
    }

    /// Origins for CORS, those of the redirect addresses already in place of `+`.
    #[must_use]
    pub fn web_origins(&self) -> &[Box<str>] {
        &self.web_origins
    }

    /// Whether `+` stands for the server's own origin too: a redirect address is relative, and there is no root
    /// address that it could be relative to.
    #[must_use]
    pub fn server_is_origin(&self) -> bool {
        self.server_is_origin
    }

    /// Whether a browser page of this origin may use the client: one of its web origins, the server's own,
    /// or no browser at all. Any other origin gets nothing.
    #[must_use]
    pub fn admits_origin(&self, origin: Option<&str>, issuer: &str) -> bool {
        let Some(origin) = origin else {
            return true;
        };
        let own = issuer
            .strip_prefix(origin)
            .is_some_and(|rest| rest.starts_with('/'));
        own || self
            .web_origins
            .iter()
            .any(|known| **known == *origin || &**known == "*")
    }

    /// Whether its keys are to be had at an address that it registered.
    #[must_use]
    pub fn publishes_keys(&self) -> bool {
        matches!(
            &*self.credential,
            ClientCredential::Assertion(keys) if keys.address().is_some()
        )
    }

    /// Who vouches for it, where it proves itself so.
    #[must_use]
    pub fn federated(&self) -> Option<&FederatedClient> {
        match &*self.credential {
            ClientCredential::Federated(federated) => Some(federated),
            _ => None,
        }
    }

    /// Settings of its tokens.
    #[must_use]
    pub fn tokens(&self) -> &ClientTokenSettings {
        &self.tokens
    }

    /// Which assertions of identity providers it may bring in the JWT authorization grant.
    #[must_use]
    pub fn assertions(&self) -> &ClientAssertions {
        &self.assertions
    }

    /// Settings under Keycloak's names.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }
}
