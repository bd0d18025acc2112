//! Realm files: documents of ours in TOML or JSON, and Keycloak's realm exports.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cambist::realm::document::RealmDocument;
use cambist_admin::{RealmRegistry, RegistryError};
use cambist_keycloak::{ImportError, NotCarried};
use cambist_store::document::{self, DocumentError};

use crate::registry::Registry;

/// Why a realm file was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("realm file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no realm document.
    #[error("realm file {path}: {source}")]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// The file is no Keycloak realm.
    #[error("realm file {path}: {source}")]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ImportError,
    },
    /// The realm cannot be brought in force.
    #[error("realm file {path}: {source}")]
    Realm {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RegistryError,
    },
}

/// Loads the realm of a file, unless it is there already. Says in the log what was not carried over.
pub(crate) async fn load(registry: &Registry, path: &Path) -> Result<(), LoadError> {
    let (document, not_carried) = read(path)?;
    let name = document.realm.clone();
    if RealmRegistry::realm(registry, &name).is_some() {
        tracing::info!(realm = %name, file = %path.display(), "realm is there already, file passed over");
        return Ok(());
    }
    let loaded = registry
        .create(document)
        .await
        .map_err(|source| LoadError::Realm {
            path: path.to_owned(),
            source,
        })?;
    for loss in &not_carried {
        tracing::warn!(realm = %name, file = %path.display(), "not carried over: {loss}");
    }
    for note in loaded.realm.notes() {
        tracing::warn!(realm = %name, "{note}");
    }
    tracing::info!(realm = %name, file = %path.display(), "realm loaded");
    Ok(())
}

/// Reads a realm file, and says what of it was not carried over.
pub(crate) fn read(path: &Path) -> Result<(RealmDocument, Vec<NotCarried>), LoadError> {
    read_with(path, |name| std::env::var(name).ok())
}

/// Reads a realm file; secrets that it only names come from `secret`.
pub(crate) fn read_with(
    path: &Path,
    secret: impl FnMut(&str) -> Option<String>,
) -> Result<(RealmDocument, Vec<NotCarried>), LoadError> {
    let text = fs::read_to_string(path).map_err(|source| LoadError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let is_toml = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if !is_toml && is_keycloak(&text) {
        let import = cambist_keycloak::import(&text).map_err(|source| LoadError::Import {
            path: path.to_owned(),
            source,
        })?;
        return Ok((import.document, import.not_carried));
    }
    let read = if is_toml {
        document::read_toml(&text)
    } else {
        document::read_json(&text)
    };
    let document = read
        .and_then(|mut document| {
            document::resolve_secrets(&mut document, secret)?;
            Ok(document)
        })
        .map_err(|source| LoadError::Document {
            path: path.to_owned(),
            source,
        })?;
    Ok((document, Vec::new()))
}

/// Both forms are JSON objects with a member `realm`. Ours names its members in snake case, Keycloak's in
/// camel case; a text without a telling member (`{"realm": "a"}`) is taken as Keycloak's, whose
/// defaults such a text was written for.
fn is_keycloak(text: &str) -> bool {
    const OURS: [&str; 8] = [
        "profile",
        "tokens",
        "sessions",
        "login",
        "keys",
        "policies",
        "permissions",
        "client_scopes",
    ];
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text) else {
        return false;
    };
    let ours =
        |client: &serde_json::Value| client.get("clientId").is_none() && client.get("id").is_some();
    let clients = members.get("clients").and_then(serde_json::Value::as_array);
    !OURS.iter().any(|name| members.contains_key(*name))
        && !clients.is_some_and(|clients| clients.iter().any(ours))
}

#[cfg(test)]
mod tests {
    use super::is_keycloak;

    #[test]
    fn the_two_forms_of_json_are_told_apart() {
        for theirs in [
            r#"{"realm": "a"}"#,
            r#"{"realm": "a", "enabled": true, "sslRequired": "none"}"#,
            r#"{"realm": "a", "clients": [{"id": "1", "clientId": "b"}]}"#,
        ] {
            assert!(is_keycloak(theirs), "{theirs}");
        }
        for ours in [
            r#"{"realm": "a", "profile": "strict"}"#,
            r#"{"realm": "a", "clients": [{"id": "b"}]}"#,
            r#"{"realm": "a", "permissions": []}"#,
            "[]",
            "not json",
        ] {
            assert!(!is_keycloak(ours), "{ours}");
        }
    }
}
