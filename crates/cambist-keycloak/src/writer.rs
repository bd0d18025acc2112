//! JSON whose members stay in the order they were written, as Keycloak's answers do.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// A JSON value. Unlike [`Value`] it keeps the order of members.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`, booleans, numbers, texts.
    Scalar(Value),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// The member of this name.
    #[must_use]
    pub fn get(&self, member: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(name, _)| name == member)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Scalar(value) => value.as_str(),
            _ => None,
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name, Self::from(value)))
                    .collect(),
            ),
            scalar => Self::Scalar(scalar),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Scalar(value) => value,
            Json::List(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Json::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name, Self::from(value)))
                    .collect(),
            ),
        }
    }
}

impl PartialEq<Value> for Json {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Scalar(one), other) => one == other,
            (Self::List(items), Value::Array(others)) => {
                items.len() == others.len()
                    && items.iter().zip(others).all(|(one, other)| one == other)
            }
            (Self::Object(members), Value::Object(others)) => {
                members.len() == others.len()
                    && members
                        .iter()
                        .all(|(name, value)| others.get(name).is_some_and(|other| value == other))
            }
            _ => false,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Scalar(Value::from(text))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Scalar(Value::from(text))
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::Scalar(Value::from(flag))
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Scalar(Value::from(number))
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Scalar(Value::from(number))
    }
}

impl<T: Into<Self>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<Writer> for Json {
    fn from(writer: Writer) -> Self {
        Self::Object(writer.0)
    }
}

/// One JSON object while it is being written.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<(String, Json)>);

impl Writer {
    /// An object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Json>) -> Self {
        self.0.push((member.to_owned(), value.into()));
        self
    }

    /// Adds a member when there is a value.
    #[must_use]
    pub fn with_some<V: Into<Json>>(self, member: &str, value: Option<V>) -> Self {
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
        let object = texts
            .iter()
            .map(|(name, text)| (name.clone(), Json::from(text.clone())))
            .collect();
        self.with(member, Json::Object(object))
    }

    /// Adds an object of lists of texts.
    #[must_use]
    pub fn with_lists(self, member: &str, lists: &BTreeMap<String, Vec<String>>) -> Self {
        let object = lists
            .iter()
            .map(|(name, list)| (name.clone(), Json::from(list.clone())))
            .collect();
        self.with(member, Json::Object(object))
    }

    /// Adds a list unless it is empty.
    #[must_use]
    pub fn with_list(self, member: &str, list: Vec<Json>) -> Self {
        if list.is_empty() {
            self
        } else {
            self.with(member, list)
        }
    }

    /// Goes on writing an object that was written before; of anything else nothing is kept.
    #[must_use]
    pub fn resume(json: Json) -> Self {
        match json {
            Json::Object(members) => Self(members),
            _ => Self::new(),
        }
    }

    /// Takes a member away again.
    #[must_use]
    pub fn without(mut self, member: &str) -> Self {
        self.0.retain(|(name, _)| name != member);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Json, Writer};

    #[test]
    fn members_keep_their_order() {
        let json = Json::from(
            Writer::new()
                .with("z", 1_i64)
                .with("a", vec!["x"])
                .with_some("n", None::<bool>),
        );
        assert_eq!(
            serde_json::to_string(&json).unwrap(),
            r#"{"z":1,"a":["x"]}"#
        );
        assert_eq!(json, json!({"a": ["x"], "z": 1}));
    }
}
