//! Settings of one condition or executor.

use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

use serde_json::{Map, Value};

use super::ClientPolicyError;
use crate::realm::Realm;

/// The settings of one condition or executor.
///
/// Keycloak writes lists as lists, and truth values as truth values or as texts.
#[derive(Debug)]
pub struct Settings<'a> {
    pub(super) realm: &'a Realm,
    pub(super) owner: &'a str,
    pub(super) kind: &'a str,
    pub(super) config: &'a Map<String, Value>,
}

impl<'a> Settings<'a> {
    /// The realm, complete but for its policies.
    #[must_use]
    pub const fn realm(&self) -> &'a Realm {
        self.realm
    }

    /// Refuses settings other than these.
    ///
    /// # Errors
    ///
    /// [`ClientPolicyError::UnknownSetting`], the first one found.
    pub fn only(&self, known: &[&str]) -> Result<(), ClientPolicyError> {
        // Every condition has this one; whoever combines conditions reads it.
        let shared = "is-negative-logic";
        match self
            .config
            .keys()
            .find(|key| *key != shared && !known.contains(&key.as_str()))
        {
            None => Ok(()),
            Some(key) => Err(ClientPolicyError::UnknownSetting {
                owner: self.owner.into(),
                kind: self.kind.into(),
                key: key.as_str().into(),
            }),
        }
    }

    /// A text; an empty one counts as absent.
    ///
    /// # Errors
    ///
    /// When it is no text.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>, ClientPolicyError> {
        match self.config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.bad(key, "a text")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    ///
    /// When it is absent, empty, or no text.
    pub fn required_text(&self, key: &'static str) -> Result<&'a str, ClientPolicyError> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A truth value; false when absent.
    ///
    /// # Errors
    ///
    /// When it is neither `true` nor `false`, as a truth value or as a text.
    pub fn flag(&self, key: &str) -> Result<bool, ClientPolicyError> {
        match self.config.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(_) => Err(self.bad(key, "true or false")),
        }
    }

    /// A list of texts; empty when absent.
    ///
    /// # Errors
    ///
    /// When it is no list of texts.
    pub fn texts(&self, key: &str) -> Result<Vec<Box<str>>, ClientPolicyError> {
        let list = match self.config.get(key) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list.as_slice(),
            Some(_) => return Err(self.bad(key, "a list of texts")),
        };
        list.iter()
            .map(|entry| match entry {
                Value::String(text) => Ok(Box::from(text.as_str())),
                _ => Err(self.bad(key, "a list of texts")),
            })
            .collect()
    }

    /// Pairs of `key` and `value`: a list of objects, or a text that holds one as JSON.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub fn pairs(&self, key: &str) -> Result<Vec<(String, String)>, ClientPolicyError> {
        const EXPECTED: &str = "a list of objects with key and value, or a text that holds one";
        let list = match self.config.get(key) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list.clone(),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map_err(|_| self.bad(key, EXPECTED))?
            }
            Some(_) => return Err(self.bad(key, EXPECTED)),
        };
        list.iter()
            .map(|entry| {
                let member = |name| entry.get(name).and_then(Value::as_str).map(str::to_owned);
                match (member("key"), member("value")) {
                    (Some(key), Some(value)) => Ok((key, value)),
                    _ => Err(self.bad(key, EXPECTED)),
                }
            })
            .collect()
    }

    /// The error that says what this setting must be.
    #[must_use]
    pub fn bad(&self, key: &str, expected: &'static str) -> ClientPolicyError {
        ClientPolicyError::BadSetting {
            owner: self.owner.into(),
            kind: self.kind.into(),
            key: key.into(),
            expected,
        }
    }

    /// The error that says that this setting must be there.
    #[must_use]
    pub fn missing(&self, key: &'static str) -> ClientPolicyError {
        ClientPolicyError::MissingSetting {
            owner: self.owner.into(),
            kind: self.kind.into(),
            key,
        }
    }
}
