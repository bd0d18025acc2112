//! The members of one JSON object, taken out one by one.
//!
//! Keycloak takes numbers and booleans for texts and texts for numbers and booleans, and `null` for a member
//! left out; so does this. What is still there at the end is noted.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{ImportError, Loss, Report};

/// One JSON object while it is being read.
#[derive(Clone, Debug)]
pub struct Members {
    path: String,
    map: Map<String, Value>,
}

impl Members {
    /// The members of `value`, which stands at `path` (empty for the document itself).
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] when it is not an object.
    pub fn new(path: impl Into<String>, value: Value) -> Result<Self, ImportError> {
        let path = path.into();
        match value {
            Value::Object(map) => Ok(Self { path, map }),
            other => Err(wrong(path, "an object", &other)),
        }
    }

    /// The path of a member of this object.
    #[must_use]
    pub fn at(&self, member: &str) -> String {
        if self.path.is_empty() {
            member.to_owned()
        } else {
            format!("{}.{member}", self.path)
        }
    }

    /// The path of the object itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the member is there and not `null`.
    #[must_use]
    pub fn has(&self, member: &str) -> bool {
        self.map.get(member).is_some_and(|value| !value.is_null())
    }

    /// The same with this text in place of the member.
    #[must_use]
    pub fn set(mut self, member: &str, text: impl Into<String>) -> Self {
        self.map
            .insert(member.to_owned(), Value::String(text.into()));
        self
    }

    /// The same without these members.
    #[must_use]
    pub fn without(mut self, members: &[&str]) -> Self {
        self.map.retain(|name, _| !members.contains(&name.as_str()));
        self
    }

    /// The names that are still there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    /// The member as it is.
    pub fn value(&mut self, member: &str) -> Option<Value> {
        self.map.remove(member).filter(|value| !value.is_null())
    }

    /// A text; numbers and booleans are written out.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for a list or an object.
    pub fn text(&mut self, member: &str) -> Result<Option<String>, ImportError> {
        let Some(value) = self.value(member) else {
            return Ok(None);
        };
        text_of(value)
            .map(Some)
            .map_err(|found| wrong(self.at(member), "a text", &found))
    }

    /// A text that must be there and not be empty.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] as [`Self::text`], [`ImportError::Missing`] when it is left out or empty.
    pub fn required_text(&mut self, member: &'static str) -> Result<String, ImportError> {
        self.text(member)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ImportError::Missing {
                path: self.path.clone(),
                member,
            })
    }

    /// True or false; the texts `true` and `false` will do.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for anything else.
    pub fn flag(&mut self, member: &str) -> Result<Option<bool>, ImportError> {
        let Some(value) = self.value(member) else {
            return Ok(None);
        };
        let flag = match &value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            Value::Number(number) => number.as_i64().map(|number| number != 0),
            _ => None,
        };
        flag.map(Some)
            .ok_or_else(|| wrong(self.at(member), "true or false", &value))
    }

    /// A whole number; a text that is one will do.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for anything else.
    pub fn integer(&mut self, member: &str) -> Result<Option<i64>, ImportError> {
        let Some(value) = self.value(member) else {
            return Ok(None);
        };
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .map(Some)
            .ok_or_else(|| wrong(self.at(member), "a whole number", &value))
    }

    /// A list of texts.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for anything else.
    pub fn texts(&mut self, member: &str) -> Result<Option<Vec<String>>, ImportError> {
        let Some(value) = self.value(member) else {
            return Ok(None);
        };
        texts_of(value, &self.at(member)).map(Some)
    }

    /// An object of texts. `None` stands for `null`, which Keycloak reads as "take it away".
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for anything else.
    pub fn text_map(
        &mut self,
        member: &str,
    ) -> Result<Option<BTreeMap<String, Option<String>>>, ImportError> {
        let Some(mut inner) = self.object(member)? else {
            return Ok(None);
        };
        let names: Vec<String> = inner.map.keys().cloned().collect();
        let mut texts = BTreeMap::new();
        for name in names {
            let text = inner.text(&name)?;
            texts.insert(name, text);
        }
        Ok(Some(texts))
    }

    /// An object of lists of texts; a lone text stands for a list of one.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for anything else.
    pub fn value_map(
        &mut self,
        member: &str,
    ) -> Result<Option<BTreeMap<String, Vec<String>>>, ImportError> {
        let Some(mut inner) = self.object(member)? else {
            return Ok(None);
        };
        let names: Vec<String> = inner.map.keys().cloned().collect();
        let mut values = BTreeMap::new();
        for name in names {
            let Some(value) = inner.value(&name) else {
                continue;
            };
            let list = if value.is_array() {
                texts_of(value, &inner.at(&name))?
            } else {
                vec![
                    text_of(value)
                        .map_err(|found| wrong(inner.at(&name), "a list of texts", &found))?,
                ]
            };
            values.insert(name, list);
        }
        Ok(Some(values))
    }

    /// An object.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for anything else.
    pub fn object(&mut self, member: &str) -> Result<Option<Self>, ImportError> {
        self.value(member)
            .map(|value| Self::new(self.at(member), value))
            .transpose()
    }

    /// A list of objects.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] for anything else.
    pub fn objects(&mut self, member: &str) -> Result<Option<Vec<Self>>, ImportError> {
        let Some(value) = self.value(member) else {
            return Ok(None);
        };
        Self::list(&self.at(member), value).map(Some)
    }

    /// The objects of a list that stands at `path`.
    ///
    /// # Errors
    ///
    /// [`ImportError::WrongType`] when it is not a list, or holds something else.
    pub fn list(path: &str, value: Value) -> Result<Vec<Self>, ImportError> {
        match value {
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| Self::new(format!("{path}[{index}]"), item))
                .collect(),
            other => Err(wrong(path.to_owned(), "a list", &other)),
        }
    }

    /// Ends the reading: what is still there is noted, as dropped when it is in `known`, as unknown
    /// otherwise. Members that say nothing (`null`, empty lists and objects) are passed over when known.
    pub fn finish(self, known: &[&str], report: &mut Report) {
        for (name, value) in &self.map {
            if known.contains(&name.as_str()) {
                if !says_nothing(value) {
                    report.note(self.at(name), Loss::Dropped);
                }
            } else {
                report.note(self.at(name), Loss::Unknown);
            }
        }
    }
}

/// A scalar as a text; anything else comes back.
pub(crate) fn text_of(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(other),
    }
}

/// A list of scalars as texts.
pub(crate) fn texts_of(value: Value, path: &str) -> Result<Vec<String>, ImportError> {
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| {
                text_of(item).map_err(|found| wrong(path.to_owned(), "a list of texts", &found))
            })
            .collect(),
        other => Err(wrong(path.to_owned(), "a list of texts", &other)),
    }
}

pub(crate) fn wrong(path: String, expected: &'static str, found: &Value) -> ImportError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    ImportError::WrongType {
        path,
        expected,
        found,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Members;
    use crate::error::{ImportError, Loss, Report};

    fn members(value: serde_json::Value) -> Members {
        Members::new("", value).unwrap()
    }

    #[test]
    fn scalars_stand_for_each_other() {
        let mut read =
            members(json!({"a": 5, "b": "7", "c": true, "d": "TRUE", "e": null, "f": "x"}));
        assert_eq!(read.text("a").unwrap().as_deref(), Some("5"));
        assert_eq!(read.integer("b").unwrap(), Some(7));
        assert_eq!(read.text("c").unwrap().as_deref(), Some("true"));
        assert_eq!(read.flag("d").unwrap(), Some(true));
        assert_eq!(read.text("e").unwrap(), None);
        assert_eq!(read.text("gone").unwrap(), None);
        assert!(read.flag("f").is_err());
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_path() {
        let mut read =
            Members::new("clients[0]", json!({"id": {"a": 1}, "uris": "x", "n": 1.5})).unwrap();
        assert_eq!(
            read.text("id"),
            Err(ImportError::WrongType {
                path: "clients[0].id".into(),
                expected: "a text",
                found: "an object"
            })
        );
        assert!(read.texts("uris").is_err());
        assert!(read.integer("n").is_err());
    }

    #[test]
    fn what_is_left_is_noted() {
        let mut report = Report::default();
        let mut read =
            Members::new("users[1]", json!({"a": 1, "b": [], "c": "x", "d": []})).unwrap();
        read.text("a").unwrap();
        read.finish(&["b", "c"], &mut report);
        let noted: Vec<String> = report.entries().iter().map(ToString::to_string).collect();
        assert_eq!(noted, ["users[1].c: dropped", "users[1].d: unknown"]);
        assert_eq!(
            report.entries().last().map(|entry| entry.what),
            Some(Loss::Unknown)
        );
    }

    #[test]
    fn values_may_stand_alone() {
        let mut read = members(json!({"m": {"a": "x", "b": ["y", 1], "c": null}}));
        let values = read.value_map("m").unwrap().unwrap();
        assert_eq!(values.get("a"), Some(&vec!["x".to_owned()]));
        assert_eq!(values.get("b"), Some(&vec!["y".to_owned(), "1".to_owned()]));
        assert!(!values.contains_key("c"));
    }
}
