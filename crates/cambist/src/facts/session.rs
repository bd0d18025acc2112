//! User sessions and the client sessions in them.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{claims::scopes::OPENID, moment::Timestamp};

/// Id of a user session: 24 characters of base64url, 144 bits from the provider's entropy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Box<str>);

impl SessionId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Online sessions end with the user's presence, offline ones outlive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    /// Ends when idle.
    Online,
    /// Made by the scope `offline_access`.
    Offline,
}

/// One login of one user. Notes may hold tokens of identity providers, so `Debug` shows their names only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSession {
    /// Its id, the `sid` of tokens. An offline session has the id of the online one it came from.
    pub id: SessionId,
    /// Online or offline.
    pub kind: SessionKind,
    /// Internal id of the user.
    pub user: String,
    /// When it began.
    pub started: Timestamp,
    /// When it was last refreshed.
    pub last_refresh: Timestamp,
    /// How the user was authenticated: `openid-connect`, `impersonate`, `external-exchange`.
    pub method: String,
    /// Notes, under Keycloak's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
    /// The client sessions, by internal id of the client.
    #[serde(default)]
    pub clients: BTreeMap<String, ClientSession>,
    /// Version of the record; every write makes it one higher.
    #[serde(default)]
    pub version: u64,
}

impl fmt::Debug for UserSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSession")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("user", &self.user)
            .field("started", &self.started)
            .field("last_refresh", &self.last_refresh)
            .field("method", &self.method)
            .field("notes", &self.notes.keys())
            .field("clients", &self.clients)
            .field("version", &self.version)
            .finish()
    }
}

impl UserSession {
    /// The client session of this client.
    #[must_use]
    pub fn client(&self, uuid: &str) -> Option<&ClientSession> {
        self.clients.get(uuid)
    }
}

/// One client's part in a user session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSession {
    /// When it began.
    pub started: Timestamp,
    /// When it was last refreshed.
    pub last_refresh: Timestamp,
    /// `openid` when it was made with that scope, otherwise empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Notes, under Keycloak's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
    /// Uses of refresh tokens by `reuse_id`, where the realm revokes used ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refresh_uses: BTreeMap<String, RefreshUse>,
    /// The clients, by `client_id`, from whose tokens standard exchanges with refresh token have made this session.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub derived_from: BTreeSet<String>,
}

impl ClientSession {
    /// A client session that begins now. `openid`: it is made with that scope.
    #[must_use]
    pub fn begun_with(now: Timestamp, openid: bool) -> Self {
        let mut begun = Self::begun(now);
        if openid {
            begun.scope.push_str(OPENID);
        }
        begun
    }

    /// A client session that begins now.
    #[must_use]
    pub fn begun(now: Timestamp) -> Self {
        Self {
            started: now,
            last_refresh: now,
            scope: String::new(),
            notes: BTreeMap::new(),
            refresh_uses: BTreeMap::new(),
            derived_from: BTreeSet::new(),
        }
    }
}

/// How often which refresh token was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshUse {
    /// Id (`jti`) of the newest refresh token seen.
    pub token: String,
    /// When a refresh token of this `reuse_id` was last used.
    pub used: Timestamp,
    /// How often it was used.
    pub count: u32,
    /// Ids of those used before it within the second `used`, in profile `strict`: by their times they cannot be told from
    /// newer ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<String>,
}
