//! An ordered set of claims under construction.

use alloc::{borrow::Cow, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};

/// The value of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimValue<'a> {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// A list of texts.
    Texts(Vec<Cow<'a, str>>),
    /// A list of other values.
    List(Vec<Self>),
    /// An object.
    Object(ClaimSet<'a>),
    /// Any other JSON value.
    Json(serde_json::Value),
}

impl ClaimValue<'_> {
    /// The text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Serialize for ClaimValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Texts(values) => serializer.collect_seq(values),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(set) => set.serialize(serializer),
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

/// Claims by name, in the order in which they were first written. A token has some thirty, so a scan finds
/// one faster than a hash would.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimSet<'a>(Vec<(Cow<'a, str>, ClaimValue<'a>)>);

impl<'a> ClaimSet<'a> {
    /// No claim.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No claim, with room for so many.
    #[must_use]
    pub fn with_capacity(claims: usize) -> Self {
        Self(Vec::with_capacity(claims))
    }

    /// The claim of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&ClaimValue<'a>> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The claim of this name, to be changed.
    #[must_use]
    pub fn value_mut(&mut self, name: &str) -> Option<&mut ClaimValue<'a>> {
        self.0
            .iter_mut()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Writes a claim; one of the same name is replaced in its place.
    pub fn set(&mut self, name: impl Into<Cow<'a, str>>, value: ClaimValue<'a>) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes a claim out.
    pub fn remove(&mut self, name: &str) -> Option<ClaimValue<'a>> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(place).1)
    }

    /// The claims, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ClaimValue<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Keeps only the claims of the names for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Takes all claims out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = (Cow<'a, str>, ClaimValue<'a>)> + '_ {
        self.0.drain(..)
    }

    /// How many claims.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ClaimSet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(&**name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    #[test]
    fn a_claim_written_twice_keeps_its_place() {
        let mut set = ClaimSet::new();
        set.set("a", ClaimValue::Number(1));
        set.set("b", ClaimValue::Bool(true));
        set.set("a", ClaimValue::Text("x".into()));
        assert_eq!(
            serde_json::to_string(&set).unwrap(),
            r#"{"a":"x","b":true}"#
        );
    }

    #[test]
    fn every_kind_of_value_becomes_json() {
        let mut inner = ClaimSet::new();
        inner.set("n", ClaimValue::Number(i64::MAX));
        let mut set = ClaimSet::new();
        set.set("texts", ClaimValue::Texts(vec!["a".into(), "b\"".into()]));
        set.set(
            "list",
            ClaimValue::List(vec![ClaimValue::Number(-1), ClaimValue::Bool(false)]),
        );
        set.set("object", ClaimValue::Object(inner));
        set.set(
            "json",
            ClaimValue::Json(serde_json::json!({ "deep": [null] })),
        );
        assert_eq!(
            serde_json::to_value(&set).unwrap().to_string(),
            serde_json::json!({
                "texts": ["a", "b\""],
                "list": [-1, false],
                "object": { "n": i64::MAX },
                "json": { "deep": [null] },
            })
            .to_string()
        );
    }

    #[test]
    fn a_claim_taken_out_is_gone() {
        let mut set = ClaimSet::new();
        set.set("a", ClaimValue::Bool(true));
        assert_eq!(set.remove("a"), Some(ClaimValue::Bool(true)));
        assert_eq!(set.remove("a"), None);
        assert!(set.is_empty());
    }
}
