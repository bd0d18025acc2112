//! Keycloak's realm documents as Cambist's, and back.
//!
//! [`import`] reads what Keycloak exports (`kc.sh export`, partial export, or a document written by hand in
//! that form) and says what it could not carry over; nothing is dropped in silence. [`export`] writes the same
//! form again. The modules hold one representation each, for whoever speaks Keycloak's admin REST.
//!
//! ```
//! let import = cambist_keycloak::import(r#"{"realm": "demo", "enabled": true, "smtpServer": {"host": "a"}}"#)?;
//! assert_eq!(import.document.realm, "demo");
//! assert_eq!(import.not_carried[0].to_string(), "smtpServer: dropped");
//! # Ok::<(), cambist_keycloak::ImportError>(())
//! ```
//!
//! Parsing only: no network, no files, no crypto. Sizes are for the caller to bound before it hands a text in;
//! nesting is bounded by the JSON reader (128).

pub mod authorization;
pub mod client;
pub mod client_scope;
pub mod credential;
mod error;
pub mod group;
pub mod identity_provider;
pub mod keys;
pub mod mapper;
mod members;
pub mod organization;
pub mod policy;
pub mod realm;
pub mod role;
pub mod settings;
pub mod user;
mod writer;

use cambist::realm::document::{RealmDocument, UserDocument};
use serde_json::Value;

pub use crate::{
    error::{ImportError, Loss, NotCarried, Report},
    members::Members,
    writer::{Json, Writer},
};

/// A realm that was read.
#[derive(Clone, Debug)]
pub struct Import {
    /// The realm as the document has it, with profile `keycloak` and its users in
    /// [`RealmDocument::users`]. What every realm of Keycloak's has besides is added by
    /// [`RealmDocument::complete`].
    pub document: RealmDocument,
    /// What did not come over whole, in the order it was met.
    pub not_carried: Vec<NotCarried>,
}

/// Reads a realm from text.
///
/// # Errors
///
/// [`ImportError`] when the text is not JSON, a member has a wrong type, a name is missing or a word is none
/// of a closed list.
pub fn import(text: &str) -> Result<Import, ImportError> {
    let value = serde_json::from_str(text).map_err(|error| ImportError::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    realm::read(value)
}

/// Reads a realm from parsed JSON.
///
/// # Errors
///
/// As [`import`].
pub fn import_value(value: Value) -> Result<Import, ImportError> {
    realm::read(value)
}

/// Writes a realm in Keycloak's form, with the users given: ids and secrets included, as in a full export.
#[must_use]
pub fn export(document: &RealmDocument, users: &[UserDocument]) -> Value {
    realm::to_json(document, users).into()
}
