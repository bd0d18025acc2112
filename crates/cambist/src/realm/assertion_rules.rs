//! What assertions of other issuers must be to be taken as a grant (RFC 7523 section 3), read from the
//! settings of identity providers and clients once.

use alloc::{boxed::Box, string::String};

use serde_json::{Map, Value};

use super::identity_provider::ProviderKeys;
use crate::subject::Preset;

/// What the assertions of one identity provider must be.
#[derive(Debug)]
pub struct AssertionRules {
    pub(crate) issuer: Box<str>,
    pub(crate) keys: ProviderKeys,
    pub(crate) max_life: i64,
    pub(crate) clock_skew: i64,
    pub(crate) reuse_allowed: bool,
    pub(crate) algorithm: Option<Box<str>>,
    pub(crate) limits_access_token: bool,
    pub(crate) own_audience: Option<Box<str>>,
    pub(crate) preset: Option<&'static Preset>,
    pub(crate) required: Map<String, Value>,
    pub(crate) subject_claim: Box<str>,
}

impl AssertionRules {
    /// `iss` of its assertions, byte for byte (Keycloak: `issuer`).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &ProviderKeys {
        &self.keys
    }

    /// Seconds that an assertion is good for, counted from `iat`, or up to `exp` when there is no `iat`
    /// (Keycloak: `jwtAuthorizationGrantMaxAllowedAssertionExpiration`). Default 300.
    #[must_use]
    pub const fn max_life(&self) -> i64 {
        self.max_life
    }

    /// Seconds by which `nbf` and `iat` may lie ahead; `exp` is exact. Default 0.
    #[must_use]
    pub const fn clock_skew(&self) -> i64 {
        self.clock_skew
    }

    /// An assertion may be used more than once, and needs no `jti` (Keycloak:
    /// `jwtAuthorizationGrantAssertionReuseAllowed`). An ID-JAG never may. Default false.
    #[must_use]
    pub const fn reuse_allowed(&self) -> bool {
        self.reuse_allowed
    }

    /// The only algorithm taken (Keycloak: `jwtAuthorizationGrantAssertionSignatureAlg`). Default: whichever
    /// the key is for.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// No token outlives the assertion that it came from (Keycloak: `jwtAuthorizationGrantLimitAccessTokenExp`).
    /// Always so in profile `strict`. Default false.
    #[must_use]
    pub const fn limits_access_token(&self) -> bool {
        self.limits_access_token
    }

    /// What claims must be (`requiredClaims`): of an object, each member; of a list, one of the items;
    /// anything else, the value itself.
    #[must_use]
    pub fn required(&self) -> &Map<String, Value> {
        &self.required
    }

    /// The claim that says whom an assertion is about (`subjectClaim`), a text or a whole number. Default
    /// `sub`.
    #[must_use]
    pub fn subject_claim(&self) -> &str {
        &self.subject_claim
    }

    /// Its assertions are its own by their subject, and need not have `iss`.
    pub(crate) fn is_by_subject(&self) -> bool {
        self.preset.is_some_and(|preset| preset.by_subject)
    }

    /// The one audience taken in place of the realm and its token endpoint: our client id at the provider
    /// (Keycloak: `allowClientIdAsAudience`).
    #[must_use]
    pub fn own_audience(&self) -> Option<&str> {
        self.own_audience.as_deref()
    }
}

/// Which assertions one client may bring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAssertions {
    pub(crate) providers: Box<[Box<str>]>,
    pub(crate) audiences: Box<[(Box<str>, Box<str>)]>,
    pub(crate) issued: Option<IssuedAssertions>,
}

impl ClientAssertions {
    /// Whether it may bring assertions of the provider of this alias. Without a list it may bring none.
    #[must_use]
    pub fn allows(&self, alias: &str) -> bool {
        self.providers.iter().any(|listed| **listed == *alias)
    }

    /// The audiences that it wants in assertions of this provider, in place of the usual ones; none: the
    /// usual ones.
    pub fn audiences<'a>(&'a self, alias: &'a str) -> impl Iterator<Item = &'a str> {
        self.audiences
            .iter()
            .filter(move |(listed, _)| **listed == *alias)
            .map(|(_, audience)| &**audience)
    }

    /// Which ID-JAGs are issued to it; `None`: none are.
    #[must_use]
    pub fn issued(&self) -> Option<&IssuedAssertions> {
        self.issued.as_ref()
    }
}

/// Which ID-JAGs are issued to one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedAssertions {
    pub(crate) audiences: Box<[Box<str>]>,
    pub(crate) scopes: Box<[Box<str>]>,
    pub(crate) client_id: Option<Box<str>>,
}

impl IssuedAssertions {
    /// The authorization servers for which they may be, by issuer, byte for byte. At least one.
    #[must_use]
    pub fn audiences(&self) -> &[Box<str>] {
        &self.audiences
    }

    /// The scopes that may be asked for; empty: any.
    #[must_use]
    pub fn scopes(&self) -> &[Box<str>] {
        &self.scopes
    }

    /// What the client is called there; `None`: as here.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }
}
