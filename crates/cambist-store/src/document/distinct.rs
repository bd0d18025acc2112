//! Finds members of one name in JSON objects, at any depth.
//!
//! `serde_json` refuses a second member only where it fills a structure; in maps the last one wins in
//! silence.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{DocumentError, syntax};

pub(super) fn check(text: &str) -> Result<(), DocumentError> {
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let result = Value { found: &mut found }.deserialize(&mut reader);
    match (result, found.key) {
        (Ok(()), _) => Ok(()),
        (Err(error), Some(key)) => {
            let path = if found.path.is_empty() {
                ".".to_owned()
            } else {
                found.path
            };
            Err(DocumentError::DuplicateKey {
                line: error.line(),
                path,
                key,
            })
        }
        (Err(error), None) => Err(syntax(&error)),
    }
}

/// Where the walk is, and the key that was there twice.
#[derive(Default)]
struct Found {
    path: String,
    key: Option<String>,
}

impl Found {
    /// Walks into something below; the path stays where it is when a key is found twice there.
    fn within<T, E>(
        &mut self,
        step: fmt::Arguments<'_>,
        walk: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let length = self.path.len();
        // Writing to a text does not fail.
        let _ = fmt::Write::write_fmt(&mut self.path, step);
        let result = walk(self)?;
        self.path.truncate(length);
        Ok(result)
    }
}

struct Value<'f> {
    found: &'f mut Found,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut place = 0usize;
        while self
            .found
            .within(format_args!("[{place}]"), |found| {
                items.next_element_seed(Value { found })
            })?
            .is_some()
        {
            place = place.saturating_add(1);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if keys.contains(&key) {
                self.found.key = Some(key);
                return Err(A::Error::custom("duplicate key"));
            }
            let dot = if self.found.path.is_empty() { "" } else { "." };
            self.found.within(format_args!("{dot}{key}"), |found| {
                members.next_value_seed(Value { found })
            })?;
            keys.insert(key);
        }
        Ok(())
    }
}
