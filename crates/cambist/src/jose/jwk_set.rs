//! Sets of public keys, RFC 7517 section 5.

use alloc::{borrow::ToOwned, collections::BTreeSet, string::String, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::jose::{
    json::{self, JsonError, JsonLimits},
    jwk::{Jwk, JwkError},
};

/// Bounds on a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JwkSetLimits {
    bytes: usize,
    keys: usize,
    json: JsonLimits,
}

impl JwkSetLimits {
    /// The hard maximum of bytes.
    pub const MAX_BYTES: usize = 1_024 * 1_024;
    /// The hard maximum of keys.
    pub const MAX_KEYS: usize = 256;
    /// The defaults: 256 KiB and 64 keys.
    pub const DEFAULT: Self = Self {
        bytes: 256 * 1_024,
        keys: 64,
        json: JsonLimits::DEFAULT,
    };

    /// Other bounds than the default; nothing when one exceeds its hard maximum.
    pub const fn new(bytes: usize, keys: usize) -> Option<Self> {
        if bytes > Self::MAX_BYTES || keys > Self::MAX_KEYS {
            return None;
        }
        Some(Self {
            bytes,
            keys,
            ..Self::DEFAULT
        })
    }
}

impl Default for JwkSetLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Public keys, no two with the same key id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    passed_over: Vec<PassedOver>,
}

impl JwkSet {
    /// A set of keys of our own.
    ///
    /// # Errors
    ///
    /// [`JwkSetError::DuplicateKeyId`] when two keys have one key id.
    pub fn new(keys: Vec<Jwk>) -> Result<Self, JwkSetError> {
        let with_id = keys.iter().filter_map(|key| key.key_id.as_deref());
        let distinct: BTreeSet<_> = with_id.clone().collect();
        if distinct.len() != with_id.count() {
            return Err(JwkSetError::DuplicateKeyId);
        }
        Ok(Self {
            keys,
            passed_over: Vec::new(),
        })
    }

    /// Reads a set from its JSON text.
    ///
    /// A key that cannot be used is passed over and listed, as RFC 7517 section 5 advises. But a set
    /// that gives a secret away, or has two keys under one id, is refused whole: whoever made it is
    /// not to be relied on.
    ///
    /// # Errors
    ///
    /// See [`JwkSetError`].
    pub fn parse(text: &str, limits: &JwkSetLimits) -> Result<Self, JwkSetError> {
        if text.len() > limits.bytes {
            return Err(JwkSetError::TooLong {
                limit: limits.bytes,
            });
        }
        let value = json::parse(text, &limits.json).map_err(JwkSetError::Json)?;
        Self::read(&value, limits)
    }

    /// Reads a set from a JSON value, which must come from a strict reader such as [`json::parse`].
    ///
    /// # Errors
    ///
    /// See [`JwkSetError`].
    pub fn from_value(value: &Value, limits: &JwkSetLimits) -> Result<Self, JwkSetError> {
        Self::read(value, limits)
    }

    /// The usable keys, in the order of the text.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The keys that cannot be used, with the reasons.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// The key of this id.
    pub fn find(&self, key_id: &str) -> Option<&Jwk> {
        self.keys
            .iter()
            .find(|key| key.key_id.as_deref() == Some(key_id))
    }

    fn read(value: &Value, limits: &JwkSetLimits) -> Result<Self, JwkSetError> {
        let items = value
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(JwkSetError::NotASet)?;
        if items.len() > limits.keys {
            return Err(JwkSetError::TooManyKeys { limit: limits.keys });
        }
        let mut set = Self::default();
        let mut key_ids = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            // An unusable key counts as well: its id must not stand for two keys either.
            let key_id = item.get("kid").and_then(Value::as_str);
            if key_id.is_some_and(|key_id| !key_ids.insert(key_id)) {
                return Err(JwkSetError::DuplicateKeyId);
            }
            match Jwk::from_value(item) {
                Ok(key) => set.keys.push(key),
                Err(JwkError::Secret) => return Err(JwkSetError::Secret),
                Err(reason) => {
                    let key_id = key_id.map(ToOwned::to_owned);
                    set.passed_over.push(PassedOver {
                        index,
                        key_id,
                        reason,
                    });
                }
            }
        }
        Ok(set)
    }
}

impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(1))?;
        members.serialize_entry("keys", &self.keys)?;
        members.end()
    }
}

/// A key of a set that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Its place in the set, from 0.
    pub index: usize,
    /// Its id, when it has one.
    pub key_id: Option<String>,
    /// Why it cannot be used.
    pub reason: JwkError,
}

/// A key set was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkSetError {
    /// The text is longer than allowed.
    #[error("key set is longer than {limit} bytes")]
    TooLong {
        /// Most bytes allowed.
        limit: usize,
    },
    /// There are more keys than allowed.
    #[error("key set has more than {limit} keys")]
    TooManyKeys {
        /// Most keys allowed.
        limit: usize,
    },
    /// The text is not strict JSON.
    #[error("key set: {0}")]
    Json(#[source] JsonError),
    /// There is no list `keys`.
    #[error("key set has no list of keys")]
    NotASet,
    /// Two keys have one id.
    #[error("key set has two keys of one id")]
    DuplicateKeyId,
    /// A private or symmetric key is in the set.
    #[error("key set gives a secret away")]
    Secret,
}

#[cfg(test)]
mod tests;
