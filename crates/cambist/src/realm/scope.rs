//! Client scopes.

use alloc::boxed::Box;

use super::{RoleSet, ScopeParameter, document::Attributes};
use crate::claims::MapperInstance;

/// The number of a client scope in its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeNo(pub(crate) u32);

impl ScopeNo {
    /// Its place in [`Realm::scopes`](super::Realm::scopes).
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A client scope: a name in the `scope` parameter, mappers, and the roles it is bound to.
#[derive(Debug)]
pub struct ClientScope {
    pub(crate) number: ScopeNo,
    pub(crate) id: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) saml: bool,
    pub(crate) in_token_scope: bool,
    pub(crate) on_consent_screen: bool,
    pub(crate) role_mappings: RoleSet,
    pub(crate) mappers: Box<[MapperInstance]>,
    pub(crate) attributes: Attributes,
    pub(crate) parameter: Option<ScopeParameter>,
    pub(crate) organizations: Option<ScopeParameter>,
}

impl ClientScope {
    /// Its number in this snapshot.
    #[must_use]
    pub fn number(&self) -> ScopeNo {
        self.number
    }

    /// Internal id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Name, as in the `scope` parameter.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its protocol is SAML: no OpenID Connect client has it.
    #[must_use]
    pub fn is_saml(&self) -> bool {
        self.saml
    }

    /// Whether the name enters the token's `scope` (`include.in.token.scope`, default true).
    #[must_use]
    pub fn in_token_scope(&self) -> bool {
        self.in_token_scope
    }

    /// Whether the user is asked for it (`display.on.consent.screen`, default true).
    #[must_use]
    pub fn on_consent_screen(&self) -> bool {
        self.on_consent_screen
    }

    /// The roles bound to it, composites expanded. When there are some, only a user who has one of them
    /// gets the scope.
    #[must_use]
    pub fn role_mappings(&self) -> &RoleSet {
        &self.role_mappings
    }

    /// Its mappers.
    #[must_use]
    pub fn mappers(&self) -> &[MapperInstance] {
        &self.mappers
    }

    /// What it takes after a colon, where it is a parameterized scope: one that is active only when a request
    /// names it with a parameter.
    #[must_use]
    pub fn parameter(&self) -> Option<&ScopeParameter> {
        self.parameter.as_ref()
    }

    /// What it takes after a colon, where it tells of organizations: the alias of one, or `*`. Unlike a
    /// parameterized scope it is also active without.
    #[must_use]
    pub fn organizations(&self) -> Option<&ScopeParameter> {
        self.organizations.as_ref()
    }

    /// Settings under Keycloak's names.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }
}
