//! Realm documents from text: TOML as a person writes it, JSON of the same shape.
//!
//! A key that the document does not know, a key given twice and a value of the wrong type are refused with
//! their place. Secrets that are only named (`{ env = "NAME" }`) are looked up by [`resolve_secrets`].

mod distinct;

use cambist::{
    realm::document::{RealmDocument, SecretSource},
    secret::Secret,
};
use serde::de::DeserializeOwned;

/// Largest document, in bytes of text.
pub const MAX_DOCUMENT_BYTES: usize = 1_024 * 1_024 * 1_024;

/// A text is no realm document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is not TOML or not JSON.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A key that has no meaning at its place.
    #[error("line {line}: {path}: unknown key {key:?}{}", Suggestion(.nearest.as_deref()))]
    UnknownKey {
        /// Line, from 1.
        line: usize,
        /// The table it stands in, such as `clients[0]`; `.` for the document itself.
        path: String,
        /// The key.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// A key that is there twice.
    #[error("line {line}: {path}: key {key:?} is there twice")]
    DuplicateKey {
        /// Line, from 1.
        line: usize,
        /// The table it stands in.
        path: String,
        /// The key.
        key: String,
    },
    /// A value that does not fit its place, or is missing.
    #[error("line {line}: {path}: {message}")]
    Value {
        /// Line, from 1.
        line: usize,
        /// The place.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A text too large to be a document.
    #[error("document of {bytes} bytes is larger than {limit}")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
        /// The most allowed, in bytes.
        limit: usize,
    },
    /// An environment variable that a secret names and that is not set.
    #[error("{path}: environment variable {variable:?} is not set")]
    Secret {
        /// The place of the secret.
        path: String,
        /// The variable.
        variable: String,
    },
}

/// Reads a document written as TOML.
///
/// # Errors
///
/// [`DocumentError`] for what is wrong first; no text of a secret is in it.
pub fn read_toml(text: &str) -> Result<RealmDocument, DocumentError> {
    table_from_toml(text)
}

/// Reads a document written as JSON. Two members of one name are refused at any depth.
///
/// # Errors
///
/// [`DocumentError`] for what is wrong first; no text of a secret is in it.
pub fn read_json(text: &str) -> Result<RealmDocument, DocumentError> {
    check_size(text)?;
    distinct::check(text)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let document = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        let place = (inner.line(), inner.column());
        if inner.is_data() {
            wrong(place.0, path, &json_message(inner))
        } else {
            syntax(inner)
        }
    })?;
    reader.end().map_err(|error| syntax(&error))?;
    Ok(document)
}

/// Writes a document as JSON, with its secrets. [`read_json`] reads it again.
///
/// # Errors
///
/// None that a document can cause; the writer's own.
pub fn write_json(document: &RealmDocument) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(document)
}

/// Puts the secret itself in place of each that is only named. `look_up` gets the name of an environment
/// variable and gives what it holds.
///
/// # Errors
///
/// [`DocumentError::Secret`] at the first variable that is not set; the ones before it are replaced by then.
pub fn resolve_secrets(
    document: &mut RealmDocument,
    mut look_up: impl FnMut(&str) -> Option<String>,
) -> Result<(), DocumentError> {
    let mut resolve = |secret: Option<&mut SecretSource>, list: &str, place: usize, field: &str| {
        let Some(secret) = secret else { return Ok(()) };
        let SecretSource::Environment(variable) = &*secret else {
            return Ok(());
        };
        match look_up(&variable.env) {
            Some(text) => {
                *secret = SecretSource::Text(Secret::new(text));
                Ok(())
            }
            None => Err(DocumentError::Secret {
                path: format!("{list}[{place}].{field}"),
                variable: variable.env.clone(),
            }),
        }
    };
    for (place, client) in document.clients.iter_mut().enumerate() {
        resolve(client.secret.as_mut(), "clients", place, "secret")?;
    }
    for (place, key) in document.keys.iter_mut().enumerate() {
        resolve(key.secret.as_mut(), "keys", place, "secret")?;
    }
    for (place, user) in document.users.iter_mut().enumerate() {
        resolve(user.password.as_mut(), "users", place, "password")?;
    }
    Ok(())
}

fn table_from_toml<T: DeserializeOwned>(text: &str) -> Result<T, DocumentError> {
    check_size(text)?;
    let place = |error: &toml::de::Error| position(text, error.span().map_or(0, |span| span.start));
    let reader = toml::de::Deserializer::parse(text).map_err(|error| {
        let (line, column) = place(&error);
        DocumentError::Syntax {
            line,
            column,
            message: error.message().to_owned(),
        }
    })?;
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        wrong(place(&inner).0, path, inner.message())
    })
}

fn check_size(text: &str) -> Result<(), DocumentError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge {
            bytes: text.len(),
            limit: MAX_DOCUMENT_BYTES,
        });
    }
    Ok(())
}

fn syntax(error: &serde_json::Error) -> DocumentError {
    DocumentError::Syntax {
        line: error.line(),
        column: error.column(),
        message: json_message(error),
    }
}

/// The message without the place, which serde_json puts at its end.
fn json_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// What serde found wrong, as an error of ours. Serde says it in words only: "unknown field `a`, expected
/// one of `b`, `c`".
fn wrong(line: usize, path: String, message: &str) -> DocumentError {
    if let Some(rest) = message.strip_prefix("unknown field `")
        && let Some((key, expected)) = rest.split_once('`')
    {
        let nearest = nearest(key, expected.split('`').skip(1).step_by(2));
        let path = parent(&path, key);
        return DocumentError::UnknownKey {
            line,
            path,
            key: key.to_owned(),
            nearest,
        };
    }
    // Only secrets are read by trial; what was tried must not be told.
    let message = if message.contains("untagged enum") {
        "should be a text or { env = \"NAME\" }".to_owned()
    } else {
        without_values(message)
    };
    DocumentError::Value {
        line,
        path,
        message,
    }
}

/// Serde quotes a text of the wrong type in double quotes: it may be a secret, so it is left out.
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            let before = message.get(..first).unwrap_or_default();
            let after = message.get(last.saturating_add(1)..).unwrap_or_default();
            format!("{before}\"..\"{after}")
        }
        _ => message.to_owned(),
    }
}

/// The path of the table that holds the key: a deserializer may or may not count the key in.
fn parent(path: &str, key: &str) -> String {
    let table = path
        .strip_suffix(key)
        .and_then(|rest| rest.strip_suffix('.'))
        .unwrap_or(path);
    if table == key || table.is_empty() {
        ".".to_owned()
    } else {
        table.to_owned()
    }
}

/// The known key that is at most three edits, and less than half of its letters, away.
fn nearest<'k>(key: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    known
        .map(|candidate| (distance(key, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= 3 && edits.saturating_mul(2) < candidate.len())
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// Levenshtein's distance of two short texts.
fn distance(left: &str, right: &str) -> usize {
    if left.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (place, a) in left.chars().enumerate() {
        let mut diagonal = place;
        let mut before = place.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right.chars()) {
            let changed = diagonal.saturating_add(usize::from(a != b));
            diagonal = *cell;
            *cell = changed
                .min(cell.saturating_add(1))
                .min(before.saturating_add(1));
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Line and column, both from 1, of a byte of a text.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        .saturating_add(1);
    (line, column)
}

/// Writes "; did you mean ...".
struct Suggestion<'k>(Option<&'k str>);

impl core::fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(key) => write!(f, "; did you mean {key:?}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "realm = \"r\"\n\n[[clients]]\nid = \"a\"\n";

    fn toml_error(text: &str) -> DocumentError {
        read_toml(text).unwrap_err()
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place_and_the_nearest_known_one() {
        let text = format!("{CLIENT}full_scope_alowed = false\n");
        assert_eq!(
            toml_error(&text),
            DocumentError::UnknownKey {
                line: 5,
                path: "clients[0]".to_owned(),
                key: "full_scope_alowed".to_owned(),
                nearest: Some("full_scope_allowed".to_owned()),
            }
        );
        assert_eq!(
            toml_error(&text).to_string(),
            "line 5: clients[0]: unknown key \"full_scope_alowed\"; did you mean \"full_scope_allowed\""
        );
        assert_eq!(
            toml_error("realm = \"r\"\nzzz = 1\n"),
            DocumentError::UnknownKey {
                line: 2,
                path: ".".to_owned(),
                key: "zzz".to_owned(),
                nearest: None,
            }
        );
        assert_eq!(
            read_json("{\"realm\":\"r\",\n\"clients\":[{\"id\":\"a\",\"secrt\":\"x\"}]}")
                .unwrap_err(),
            DocumentError::UnknownKey {
                line: 2,
                path: "clients[0]".to_owned(),
                key: "secrt".to_owned(),
                nearest: Some("secret".to_owned()),
            }
        );
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        let error = toml_error("realm = \"r\"\nrealm = \"s\"\n");
        assert!(
            matches!(error, DocumentError::Syntax { line: 2, .. }),
            "{error}"
        );

        for (text, path, key) in [
            (r#"{"realm":"r","realm":"s"}"#, ".", "realm"),
            (
                r#"{"realm":"r","attributes":{"a":"1","a":"2"}}"#,
                "attributes",
                "a",
            ),
            (
                r#"{"realm":"r","policies":[{"name":"p","kind":"role","config":{"x":{"a":1,"\u0061":2}}}]}"#,
                "policies[0].config.x",
                "a",
            ),
        ] {
            let expected = DocumentError::DuplicateKey {
                line: 1,
                path: path.to_owned(),
                key: key.to_owned(),
            };
            assert_eq!(read_json(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_without_telling_it() {
        let error = toml_error(&format!("{CLIENT}enabled = \"hunter2\"\n"));
        let DocumentError::Value {
            line: 5,
            path,
            message,
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!(path, "clients[0].enabled");
        assert!(!message.contains("hunter2"), "{message}");

        let error = toml_error(&format!(
            "{CLIENT}secret = {{ environment = \"hunter2\" }}\n"
        ));
        assert_eq!(
            error.to_string(),
            "line 5: clients[0].secret: should be a text or { env = \"NAME\" }"
        );
    }

    #[test]
    fn what_is_no_document_at_all_is_refused() {
        assert!(matches!(
            toml_error("realm = "),
            DocumentError::Syntax { line: 1, .. }
        ));
        assert!(matches!(toml_error(""), DocumentError::Value { .. }));
        for text in ["", "{", "[]", "{\"realm\":\"r\"} x", "null"] {
            assert!(read_json(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_none_of_those_allowed_is_refused_with_its_place() {
        let error = toml_error(&format!("{CLIENT}grants = [\"password\", \"passwd\"]\n"));
        let DocumentError::Value { path, message, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(path, "clients[0].grants[1]");
        assert!(message.contains("token-exchange"), "{message}");
    }

    #[test]
    fn named_secrets_are_looked_up() {
        let text = format!(
            "{CLIENT}secret = {{ env = \"A\" }}\n[[users]]\nusername = \"u\"\npassword = {{ env = \"B\" }}\n"
        );
        let mut document = read_toml(&text).unwrap();
        assert_eq!(
            resolve_secrets(&mut document, |name| (name == "A")
                .then(|| "a-secret".to_owned())),
            Err(DocumentError::Secret {
                path: "users[0].password".to_owned(),
                variable: "B".to_owned()
            })
        );
        resolve_secrets(&mut document, |name| Some(format!("{name}-secret"))).unwrap();
        let Some(SecretSource::Text(secret)) = &document.clients[0].secret else {
            panic!()
        };
        assert_eq!(secret.expose(), "a-secret");
        let Some(SecretSource::Text(password)) = &document.users[0].password else {
            panic!()
        };
        assert_eq!(password.expose(), "B-secret");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut document = read_toml(include_str!("../../../examples/guide.toml")).unwrap();
        document.complete(cambist::realm::Features::default());
        let text = write_json(&document).unwrap();
        let again = read_json(&text).unwrap();
        assert_eq!(write_json(&again).unwrap(), text);
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("secret", "secret"), 0);
        assert_eq!(distance("secrt", "secret"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
