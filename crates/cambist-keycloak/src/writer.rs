//! Builds one JSON object of Keycloak's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One JSON object while it is being written.
#[derive(Clone, Debug, Default)]
pub struct Writer(Map<String, Value>);

impl Writer {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.insert(member.to_owned(), value.into());
        self
    }

    /// Adds a member when there is a value.
    #[must_use]
    pub fn with_some<V: Into<Value>>(self, member: &str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.with(member, value),
            None => self,
        }
    }

    /// Adds a member that is only written when it is true.
    #[must_use]
    pub fn with_true(self, member: &str, flag: bool) -> Self {
        if flag { self.with(member, true) } else { self }
    }

    /// Adds an object of texts.
    #[must_use]
    pub fn with_texts(self, member: &str, texts: &BTreeMap<String, String>) -> Self {
        let object: Map<String, Value> = texts
            .iter()
            .map(|(name, text)| (name.clone(), Value::String(text.clone())))
            .collect();
        self.with(member, object)
    }

    /// Adds an object of lists of texts.
    #[must_use]
    pub fn with_lists(self, member: &str, lists: &BTreeMap<String, Vec<String>>) -> Self {
        let object: Map<String, Value> = lists
            .iter()
            .map(|(name, list)| (name.clone(), Value::from(list.clone())))
            .collect();
        self.with(member, object)
    }

    /// Adds a list unless it is empty.
    #[must_use]
    pub fn with_list(self, member: &str, list: Vec<Value>) -> Self {
        if list.is_empty() {
            self
        } else {
            self.with(member, list)
        }
    }

    /// The object.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Writer> for Value {
    fn from(writer: Writer) -> Self {
        Self::Object(writer.0)
    }
}
