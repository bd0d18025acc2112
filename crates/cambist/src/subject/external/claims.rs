//! Reading what a provider says: members by name or by path.

use alloc::string::{String, ToString};

use serde_json::{Map, Value};

/// Deepest path that is followed.
const MAX_DEPTH: usize = 16;

/// A text, or a number as text. An empty text is none.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    as_text(members.get(name)?).filter(|text| !text.is_empty())
}

/// A text, a number or a truth value, as text.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The value at a path such as `org.unit` or `mails[0].address`; a backslash takes the dot behind it as it
/// is.
pub(super) fn at_path<'v>(members: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let mut found: Option<&Value> = None;
    for (depth, part) in parts(path).enumerate() {
        if depth >= MAX_DEPTH {
            return None;
        }
        let (name, index) = indexed(&part);
        found = Some(match found {
            None => members.get(name)?,
            Some(value) => value.as_object()?.get(name)?,
        });
        if let Some(index) = index {
            found = found.and_then(|value| value.as_array()?.get(index));
        }
    }
    found
}

fn parts(path: &str) -> impl Iterator<Item = String> {
    let mut rest = Some(path);
    core::iter::from_fn(move || {
        let text = rest.take()?;
        let mut part = String::new();
        let mut signs = text.char_indices();
        while let Some((place, sign)) = signs.next() {
            match sign {
                '\\' => part.extend(signs.next().map(|(_, taken)| taken)),
                '.' => {
                    rest = text.get(place.saturating_add(1)..);
                    return Some(part);
                }
                other => part.push(other),
            }
        }
        Some(part)
    })
}

fn indexed(part: &str) -> (&str, Option<usize>) {
    let split = part
        .strip_suffix(']')
        .and_then(|part| part.rsplit_once('['));
    match split {
        Some((name, digits)) => match digits.parse() {
            Ok(index) => (name, Some(index)),
            Err(_) => (part, None),
        },
        None => (part, None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_into_objects_and_lists() {
        let value = json!({"a": {"b": [1, {"c": "x"}]}, "d.e": "dotted", "f": null});
        let members = value.as_object().unwrap();
        for (path, found) in [
            ("a.b[0]", Some(json!(1))),
            ("a.b[1].c", Some(json!("x"))),
            (r"d\.e", Some(json!("dotted"))),
            ("d.e", None),
            ("a.b[9]", None),
            ("a.b.c", None),
            ("", None),
            ("f", Some(json!(null))),
        ] {
            assert_eq!(at_path(members, path), found.as_ref(), "{path}");
        }
    }

    #[test]
    fn numbers_are_texts_and_empty_texts_are_none() {
        let value = json!({"n": 4711, "e": "", "l": []});
        let members = value.as_object().unwrap();
        assert_eq!(text(members, "n").as_deref(), Some("4711"));
        assert_eq!(text(members, "e"), None);
        assert_eq!(text(members, "l"), None);
    }
}
