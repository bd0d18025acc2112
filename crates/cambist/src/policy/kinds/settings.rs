//! Settings of a policy, as its kind reads them.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use super::BuildContext;
use crate::{policy::PolicyError, realm::document::PolicyDocument};

/// The settings of one policy.
///
/// A list may be a real list or a text that holds a JSON array; numbers and truth values may be texts.
/// Keycloak writes all of them as texts.
#[derive(Debug)]
pub struct Settings<'a> {
    document: &'a PolicyDocument,
}

/// An entry of a list that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Name, path or id.
    pub name: String,
    /// `required` or `extendChildren`.
    pub flag: bool,
}

impl<'a> Settings<'a> {
    /// Reads the settings of a policy of a kind that knows the settings `known`.
    ///
    /// # Errors
    ///
    /// [`PolicyError::UnknownSetting`] for any other, in profile `strict`; profile `keycloak` notes it.
    pub fn new(
        document: &'a PolicyDocument,
        context: &BuildContext<'_>,
        known: &[&str],
    ) -> Result<Self, PolicyError> {
        let members = [
            ("clients", document.clients.is_some()),
            ("users", document.users.is_some()),
            ("policies", document.policies.is_some()),
        ];
        let given = members
            .into_iter()
            .filter(|(_, given)| *given)
            .map(|(key, _)| key);
        for key in given.chain(document.config.keys().map(String::as_str)) {
            if known.contains(&key) {
                continue;
            }
            let error = PolicyError::UnknownSetting {
                owner: document.name.as_str().into(),
                key: key.into(),
            };
            if context.is_strict() {
                return Err(error);
            }
            context.note(error.to_string());
        }
        Ok(Self { document })
    }

    /// A text; an empty one counts as absent.
    ///
    /// # Errors
    ///
    /// When it is neither a text nor a number.
    pub fn text(&self, key: &str) -> Result<Option<String>, PolicyError> {
        match self.document.config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.bad(key, "a text")),
        }
    }

    /// A truth value; false when absent.
    ///
    /// # Errors
    ///
    /// When it is neither `true` nor `false`, as a truth value or as a text.
    pub fn flag(&self, key: &str) -> Result<bool, PolicyError> {
        flag(self.document.config.get(key)).ok_or_else(|| self.bad(key, "true or false"))
    }

    /// A list; `None` when absent.
    ///
    /// # Errors
    ///
    /// When it is neither a list nor a text that holds a JSON array.
    pub fn list(&self, key: &str) -> Result<Option<Vec<Value>>, PolicyError> {
        match self.document.config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list.clone())),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| self.bad(key, "a list, or a text holding a JSON array")),
            Some(_) => Err(self.bad(key, "a list")),
        }
    }

    /// A list of texts, together with the member of the document that is short for it.
    ///
    /// # Errors
    ///
    /// When it is not a list of texts.
    pub fn texts(
        &self,
        key: &str,
        member: Option<&Vec<String>>,
    ) -> Result<Vec<String>, PolicyError> {
        let mut texts = member.cloned().unwrap_or_default();
        for value in self.list(key)?.unwrap_or_default() {
            match value {
                Value::String(text) => texts.push(text),
                _ => return Err(self.bad(key, "a list of texts")),
            }
        }
        Ok(texts)
    }

    /// A list of names, each a text or an object with one of the `names` and perhaps a `flag`.
    ///
    /// # Errors
    ///
    /// When an entry is neither, or has a member that means nothing.
    pub fn references(
        &self,
        key: &str,
        names: &[&str],
        flag: &str,
    ) -> Result<Vec<Reference>, PolicyError> {
        let entries = self.list(key)?.unwrap_or_default();
        entries
            .into_iter()
            .map(|entry| self.reference(key, entry, names, flag))
            .collect()
    }

    fn reference(
        &self,
        key: &str,
        entry: Value,
        names: &[&str],
        flag_name: &str,
    ) -> Result<Reference, PolicyError> {
        const EXPECTED: &str = "a list of names, or of objects with a name";
        let members: Map<String, Value> = match entry {
            Value::String(name) => return Ok(Reference { name, flag: false }),
            Value::Object(members) => members,
            _ => return Err(self.bad(key, EXPECTED)),
        };
        let unknown = |member: &&String| *member != flag_name && !names.contains(&member.as_str());
        if let Some(member) = members.keys().find(unknown) {
            return Err(PolicyError::UnknownSetting {
                owner: self.document.name.as_str().into(),
                key: alloc::format!("{key}/{member}").into(),
            });
        }
        let name = names
            .iter()
            .find_map(|name| members.get(*name)?.as_str())
            .ok_or_else(|| self.bad(key, EXPECTED))?;
        let flag = flag(members.get(flag_name))
            .ok_or_else(|| self.bad(key, "true or false where a flag stands"))?;
        Ok(Reference {
            name: name.to_owned(),
            flag,
        })
    }

    /// The error that says what this setting must be.
    #[must_use]
    pub fn bad(&self, key: &str, expected: &'static str) -> PolicyError {
        PolicyError::BadSetting {
            owner: self.document.name.as_str().into(),
            key: key.into(),
            expected,
        }
    }
}

fn flag(value: Option<&Value>) -> Option<bool> {
    match value {
        None | Some(Value::Null) => Some(false),
        Some(Value::Bool(flag)) => Some(*flag),
        Some(Value::String(text)) if text == "true" => Some(true),
        Some(Value::String(text)) if text == "false" || text.is_empty() => Some(false),
        Some(_) => None,
    }
}
