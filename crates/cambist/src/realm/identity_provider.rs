//! Identity providers: who else vouches for users, and how far they are believed.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{assertion_rules::AssertionRules, document::Attributes};
use crate::{outside::IssuerKeys, subject::IdentityMapping};

/// An identity provider.
#[derive(Debug)]
pub struct IdentityProvider {
    pub(crate) id: Box<str>,
    pub(crate) alias: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) enabled: bool,
    pub(crate) store_token: bool,
    pub(crate) trust_email: bool,
    pub(crate) link_only: bool,
    pub(crate) sync: SyncMode,
    pub(crate) trust: ProviderTrust,
    pub(crate) mappings: Vec<IdentityMapping>,
    pub(crate) config: Attributes,
    pub(crate) assertion_rules: Option<AssertionRules>,
    pub(crate) client_assertion_rules: Option<AssertionRules>,
}

/// What of a provider's tokens is checked, and against what.
#[derive(Clone, Debug, Default)]
pub struct ProviderTrust {
    /// Values of `iss` that are taken; empty: any, in profile `keycloak` only.
    pub issuers: Vec<Box<str>>,
    /// Values of `aud` of which one must be there: the client id at the provider, and `audiences` of the
    /// configuration.
    pub audiences: Vec<Box<str>>,
    /// Whether signatures are checked. Without, the provider is asked about each token instead.
    pub signature: bool,
    /// Where its keys are.
    pub keys: ProviderKeys,
    /// Where it says who a token belongs to; `None`: it is not asked.
    pub user_info: Option<Arc<str>>,
    /// Access tokens are JWTs, and are checked as such after user info was asked.
    pub access_tokens_are_jwts: bool,
    /// Whether the claim `typ` must be that of an ID token or an access token.
    pub type_claim: bool,
    /// Seconds by which `nbf` may lie ahead.
    pub skew: i64,
    /// Domains (`hd`) of which one must be named; `*`: any. Empty: not looked at.
    pub hosted_domains: Vec<Box<str>>,
}

/// Where a provider's keys are.
#[derive(Clone, Debug, Default)]
pub enum ProviderKeys {
    /// Nowhere.
    #[default]
    None,
    /// In the configuration.
    Inline(Arc<IssuerKeys>),
    /// At an address.
    At(Arc<str>),
}

/// What happens to a user who is linked already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// What mappers write is written once, when the user is made.
    Import,
    /// As the mapper's kind sees fit.
    #[default]
    Legacy,
    /// What mappers write is written each time.
    Force,
}

impl SyncMode {
    /// The mode of this name; `None` for `INHERIT` and anything else.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "IMPORT" => Some(Self::Import),
            "LEGACY" => Some(Self::Legacy),
            "FORCE" => Some(Self::Force),
            _ => None,
        }
    }
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

    /// Its tokens are kept with the user's link.
    #[must_use]
    pub fn stores_tokens(&self) -> bool {
        self.store_token
    }

    /// An e-mail address from it counts as verified.
    #[must_use]
    pub fn trusts_email(&self) -> bool {
        self.trust_email
    }

    /// Users are linked to it, never made for it.
    #[must_use]
    pub fn links_only(&self) -> bool {
        self.link_only
    }

    /// What happens to a user who is linked already.
    #[must_use]
    pub fn sync(&self) -> SyncMode {
        self.sync
    }

    /// What of its tokens is checked.
    #[must_use]
    pub fn trust(&self) -> &ProviderTrust {
        &self.trust
    }

    /// What becomes of what it says about users.
    #[must_use]
    pub fn mappings(&self) -> &[IdentityMapping] {
        &self.mappings
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

    /// What its assertions must be to prove a client; `None`: they prove none.
    #[must_use]
    pub fn client_assertion_rules(&self) -> Option<&AssertionRules> {
        self.client_assertion_rules.as_ref()
    }

    /// One setting; an empty one is none.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.config
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }
}
