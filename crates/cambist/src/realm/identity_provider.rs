//! Identity providers.

use alloc::boxed::Box;

use super::{assertion_rules::AssertionRules, document::Attributes};

/// An identity provider.
#[derive(Debug)]
pub struct IdentityProvider {
    pub(crate) id: Box<str>,
    pub(crate) alias: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) enabled: bool,
    pub(crate) config: Attributes,
    pub(crate) assertion_rules: Option<AssertionRules>,
}

impl IdentityProvider {
    /// Internal id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Name in `subject_issuer` and `requested_issuer`.
    #[must_use]
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// Its kind, such as `oidc`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// A disabled provider vouches for nobody.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Settings under Keycloak's names.
    #[must_use]
    pub fn config(&self) -> &Attributes {
        &self.config
    }

    /// What its assertions must be in the JWT authorization grant; `None`: they are no grant.
    #[must_use]
    pub fn assertion_rules(&self) -> Option<&AssertionRules> {
        self.assertion_rules.as_ref()
    }
}
