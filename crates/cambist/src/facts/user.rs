//! Users.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::Values;
use crate::{moment::Timestamp, realm::Organization, secret::Secret};

/// A user, or the service account of a client. Roles, groups and clients are named by internal id, so
/// that a user outlives a renaming.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Internal id, the `sub` of tokens.
    pub id: String,
    /// Login name, in small letters.
    pub username: String,
    /// A disabled user gets nothing.
    pub enabled: bool,
    /// E-mail address, in small letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was proved.
    #[serde(default)]
    pub email_verified: bool,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Internal ids of roles given to the user, without those that come by groups or composites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Internal ids of the user's groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Internal ids of the organizations that the user is a member of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<String>,
    /// Further values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Values,
    /// What the user must do before a login succeeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_actions: Vec<String>,
    /// When the user was made.
    #[serde(default)]
    pub created: Timestamp,
    /// Tokens issued before this second are refused.
    #[serde(default)]
    pub not_before: Timestamp,
    /// Internal id of the client whose service account this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_client: Option<String>,
    /// Passwords. The engine never reads them: a [`LoginFacts`](super::LoginFacts) says what came of a check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passwords: Vec<PasswordCredential>,
    /// Links to identity providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub federated_identities: Vec<FederatedIdentity>,
    /// What the user allowed clients to get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    /// Version of the record; every write makes it one higher.
    #[serde(default)]
    pub version: u64,
}

impl User {
    /// Whether the user is a member of the organization.
    #[must_use]
    pub fn is_in(&self, organization: &Organization) -> bool {
        self.organizations.iter().any(|id| id == organization.id())
    }
}

/// A hashed password, in Keycloak's terms.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordCredential {
    /// Internal id.
    #[serde(default)]
    pub id: String,
    /// `argon2`, `pbkdf2-sha256`, `pbkdf2-sha512` or `pbkdf2`.
    pub algorithm: String,
    /// Passes over the memory (argon2) or rounds (PBKDF2).
    pub iterations: u32,
    /// Salt, standard base64.
    pub salt: String,
    /// Hash, standard base64.
    pub hash: String,
    /// Further numbers as text: argon2 `type`, `version`, `memory` (KiB), `parallelism`, `hashLength`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The user must choose another one at the next login.
    #[serde(default)]
    pub temporary: bool,
    /// When it was set.
    #[serde(default)]
    pub created: Timestamp,
}

impl fmt::Debug for PasswordCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordCredential")
            .field("algorithm", &self.algorithm)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// A link to an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedIdentity {
    /// Alias of the provider.
    pub provider: String,
    /// Id of the user there.
    pub user_id: String,
    /// Name of the user there.
    #[serde(default)]
    pub username: String,
    /// The provider's token, where the provider's tokens are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// What a user allowed one client to get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Internal id of the client.
    pub client: String,
    /// Internal ids of client scopes.
    pub scopes: Vec<String>,
    /// When it was given.
    #[serde(default)]
    pub created: Timestamp,
    /// When it was last changed.
    #[serde(default)]
    pub updated: Timestamp,
}
