//! The outside: what a waiting request asks of other servers, and what they said.
//!
//! The core opens no connection. A step that needs something says what ([`OutsideNeeded`]); the caller
//! fetches it, as the crate `cambist-outbound` does, and hands in what came of it ([`Outside`]). Every
//! address stems from the realm's configuration, never from a token.

mod issuer_keys;

use alloc::{boxed::Box, string::String, sync::Arc};

use serde_json::{Map, Value};

pub use self::issuer_keys::{IssuerKeys, IssuerKeysError};
use crate::{
    jose::{JsonLimits, json},
    secret::Secret,
};

/// Longest answer of user info that is read, in bytes.
pub const MAX_RESOURCE_BYTES: usize = 256 * 1_024;

/// What a waiting request needs from another server. One thing at a time: what is asked next may depend on
/// what came before, and nothing is asked with a token whose signature should hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutsideNeeded {
    /// The keys that an issuer publishes.
    Keys(KeysNeeded),
    /// A document that a bearer token opens, such as user info.
    Resource(ResourceNeeded),
}

/// Published keys that are needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeysNeeded {
    /// Address of the JWK set.
    pub url: Arc<str>,
    /// Id (`kid`) of the key that is looked for. When the keys at hand lack it they may be fetched anew, at
    /// most once in a while; `None`: any keys will do.
    pub key_id: Option<Box<str>>,
}

/// A document that is needed, fetched with `GET`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceNeeded {
    /// Its address.
    pub url: Arc<str>,
    /// The token sent as `Authorization: Bearer`. Nothing that is fetched with it may be kept.
    pub bearer: Secret,
    /// `Accept`.
    pub accept: &'static str,
}

/// What came from outside.
#[derive(Clone, Debug)]
pub enum Outside {
    /// Keys, fetched now or earlier.
    Keys(Arc<IssuerKeys>),
    /// A document.
    Resource(Resource),
    /// Nothing.
    Failed(OutsideFailure),
}

/// A document, with the status that came with it.
#[derive(Clone)]
pub struct Resource {
    /// HTTP status.
    pub status: u16,
    /// Body, as UTF-8 text of at most [`MAX_RESOURCE_BYTES`].
    pub body: String,
}

impl core::fmt::Debug for Resource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Resource")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Resource {
    /// The document as a JSON object, read strictly. `None` unless the status is 200 and it is one.
    #[must_use]
    pub fn object(&self) -> Option<Map<String, Value>> {
        if self.status != 200 || self.body.len() > MAX_RESOURCE_BYTES {
            return None;
        }
        match json::parse(&self.body, &JsonLimits::DEFAULT) {
            Ok(Value::Object(members)) => Some(members),
            _ => None,
        }
    }
}

/// Why nothing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OutsideFailure {
    /// Whoever runs the engine asks nobody outside.
    #[error("nobody is asked outside here")]
    NotAsked,
    /// The address may not be asked: its scheme, its host, or what the host resolves to.
    #[error("the address may not be asked")]
    Forbidden,
    /// The other server cannot be reached, or took too long.
    #[error("the other server does not answer")]
    Unreachable,
    /// The answer is longer than allowed.
    #[error("the answer is too long")]
    TooLong,
    /// The answer is not what it should be: a redirect, another status, no key set, no text.
    #[error("the answer is not what it should be")]
    Unusable,
    /// Too many ask at once.
    #[error("too many ask outside at once")]
    Busy,
}
