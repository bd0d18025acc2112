//! Settings of a realm: lifetimes, session limits, login rules. All lifetimes are in seconds.

use alloc::{borrow::ToOwned, string::String};

use serde::{Deserialize, Serialize};

/// Whether plain HTTP is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslRequired {
    /// HTTPS only.
    All,
    /// HTTPS unless the caller is on a loopback or private address.
    #[default]
    External,
    /// Anything.
    None,
}

/// Who acts for whom (RFC 8693).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DelegationSettings {
    /// Whether actor tokens are taken. Absent: in profile `strict` yes, and it cannot be switched off there; in
    /// profile `keycloak` no: there an actor token counts for nothing, as in Keycloak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_tokens: Option<bool>,
    /// Whether ID-JAGs are issued, to the clients that say for whom. Default false, as no Keycloak of this line
    /// does.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub identity_assertions: bool,
}

impl DelegationSettings {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of a token when one that it was made from is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevokedAncestor {
    /// Nothing, and tokens do not say what they were made from: as Keycloak does it.
    Ignored,
    /// No new token is made of it. It stays what it is until it ends.
    NoExchange,
    /// It is dead everywhere.
    Inactive,
}

impl RevokedAncestor {
    pub(crate) const ALL: [Self; 3] = [Self::Ignored, Self::NoExchange, Self::Inactive];

    /// As it is written in a document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::NoExchange => "no-exchange",
            Self::Inactive => "inactive",
        }
    }
}

/// Lifetimes and algorithms of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenSettings {
    /// Life of an access token. Default 300.
    pub access_token_lifespan: i64,
    /// Life of an authorization code; also that of a SAML assertion. Default 60.
    pub access_code_lifespan: i64,
    /// JWA name of the algorithm that signs. Default `RS256`.
    pub signature_algorithm: String,
    /// Tokens issued before this second are refused. Default 0: none.
    pub not_before: i64,
    /// Each use of a refresh token makes the older ones invalid. Default false.
    pub revoke_refresh_token: bool,
    /// With `revoke_refresh_token`: how often an older one may still be used. Default 0.
    pub refresh_token_max_reuse: i64,
    /// Every DPoP proof must carry a nonce that the realm gave, and that is taken for about this many
    /// seconds (RFC 9449 section 8). Default 0: none is demanded.
    pub dpop_nonce_lifetime: i64,
    /// What becomes of a token made by exchange when one that it was made from is revoked. Absent: in profile
    /// `strict` no new token is made of it; in profile `keycloak` nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_ancestor: Option<RevokedAncestor>,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            access_token_lifespan: 300,
            access_code_lifespan: 60,
            signature_algorithm: "RS256".to_owned(),
            not_before: 0,
            revoke_refresh_token: false,
            refresh_token_max_reuse: 0,
            dpop_nonce_lifetime: 0,
            revoked_ancestor: None,
        }
    }
}

/// Lifetimes of sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionSettings {
    /// A user session without refresh ends after this. Default 1800.
    pub idle: i64,
    /// A user session ends after this. Default 36000.
    pub max: i64,
    /// The same for a client session; 0 (default): the user session's.
    pub client_idle: i64,
    /// The same for a client session; 0 (default): the user session's.
    pub client_max: i64,
    /// An offline session without refresh ends after this. Default 30 days.
    pub offline_idle: i64,
    /// Whether offline sessions have a maximum at all. Default false.
    pub offline_max_enabled: bool,
    /// An offline session ends after this, when limited. Default 60 days.
    pub offline_max: i64,
    /// Client offline sessions; 0 (default): `offline_idle`.
    pub client_offline_idle: i64,
    /// Client offline sessions; 0 (default): `offline_max`.
    pub client_offline_max: i64,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            idle: 1_800,
            max: 36_000,
            client_idle: 0,
            client_max: 0,
            offline_idle: 2_592_000,
            offline_max_enabled: false,
            offline_max: 5_184_000,
            client_offline_idle: 0,
            client_offline_max: 0,
        }
    }
}

/// How users are named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginSettings {
    /// The e-mail address is the user name. Default false.
    pub email_as_username: bool,
    /// A login may name the e-mail address. Default true.
    pub with_email: bool,
    /// Two users may share an e-mail address. Default false.
    pub duplicate_emails: bool,
}

impl Default for LoginSettings {
    fn default() -> Self {
        Self {
            email_as_username: false,
            with_email: true,
            duplicate_emails: false,
        }
    }
}

/// Lock-out after wrong passwords, as Keycloak's brute force detection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BruteForce {
    /// Default false.
    pub enabled: bool,
    /// Lock for good instead of for a time. Default false.
    pub permanent: bool,
    /// Failures before a wait. Default 30.
    pub failure_factor: i64,
    /// Wait added by each further multiple of the factor. Default 60.
    pub wait_increment: i64,
    /// Longest wait. Default 900.
    pub max_wait: i64,
    /// Two failures within this many milliseconds are too quick. Default 1000.
    pub quick_login_check_millis: i64,
    /// Wait after two too quick failures. Default 60.
    pub minimum_quick_login_wait: i64,
    /// Failures are forgotten after this. Default 43200.
    pub max_delta: i64,
}

impl Default for BruteForce {
    fn default() -> Self {
        Self {
            enabled: false,
            permanent: false,
            failure_factor: 30,
            wait_increment: 60,
            max_wait: 900,
            quick_login_check_millis: 1_000,
            minimum_quick_login_wait: 60,
            max_delta: 43_200,
        }
    }
}
