//! Why a document cannot become a realm.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String};
use core::fmt;

use crate::{
    client_policy::ClientPolicyError,
    crypto::KeyError,
    jose::{JwkError, JwkSetError},
    policy::PolicyError,
};

/// Why a document cannot become a realm: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct RealmError {
    /// The place in the document, such as `clients[3].default_scopes[1]`.
    pub path: DocumentPath,
    /// What is wrong there.
    pub problem: RealmProblem,
}

impl RealmError {
    pub(super) fn new(path: DocumentPath, problem: RealmProblem) -> Self {
        Self { path, problem }
    }
}

/// What is wrong at one place of a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RealmProblem {
    /// A name or id without a character.
    #[error("must not be empty")]
    Empty,
    /// A text longer than its limit.
    #[error("{bytes} bytes are more than the {limit} allowed")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
        /// The most allowed, in bytes.
        limit: usize,
    },
    /// A name or id with a control character.
    #[error("control characters are not allowed")]
    ControlCharacter,
    /// More entries than a realm can number.
    #[error("more than {limit} of them")]
    TooMany {
        /// The most allowed.
        limit: usize,
    },
    /// A name or id that another thing of the same kind has already.
    #[error("{what} {name:?} is there twice; first at {first}")]
    Duplicate {
        /// What bears the name.
        what: &'static str,
        /// The name or id.
        name: String,
        /// The place of the first.
        first: DocumentPath,
    },
    /// An id that another thing has already.
    #[error("{what} {name:?} belongs to {by:?}")]
    Taken {
        /// What it is.
        what: &'static str,
        /// The id.
        name: String,
        /// Whose it is.
        by: String,
    },
    /// Things within things within things.
    #[error("nested deeper than {limit}")]
    TooDeep {
        /// The deepest allowed.
        limit: usize,
    },
    /// A name that nothing bears.
    #[error("no {what} is named {name:?}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Client policies or profiles that cannot be built.
    #[error(transparent)]
    ClientPolicy(#[from] ClientPolicyError),
    /// A set of keys that cannot be used.
    #[error(transparent)]
    KeySet(#[from] JwkSetError),
    /// A value outside a closed list.
    #[error("{value:?} is none of {allowed}")]
    NotOneOf {
        /// The value found.
        value: String,
        /// The values allowed, separated by commas.
        allowed: Box<str>,
    },
    /// A setting that should be a whole number.
    #[error("{attribute} of client {client:?} is {value:?}, not a whole number of seconds")]
    NotANumber {
        /// The client's `client_id`.
        client: String,
        /// The attribute's name.
        attribute: &'static str,
        /// The value found.
        value: String,
    },
    /// A number outside its range.
    #[error("{value} is not between {least} and {most}")]
    OutOfRange {
        /// The value found.
        value: i64,
        /// The least allowed.
        least: i64,
        /// The most allowed.
        most: i64,
    },
    /// A lifetime of a client longer than that of the realm.
    #[error("{attribute} of client {client:?} is {value} seconds, more than the realm's {limit}")]
    BeyondRealm {
        /// The client's `client_id`.
        client: String,
        /// The attribute's name.
        attribute: &'static str,
        /// The client's value in seconds.
        value: i64,
        /// The realm's value in seconds.
        limit: i64,
    },
    /// A text that should be JSON of a certain shape.
    #[error("should be {expected}")]
    Shape {
        /// The shape, in fixed words.
        expected: &'static str,
    },
    /// Two settings that exclude each other.
    #[error("{one} and {other} exclude each other")]
    Conflict {
        /// One setting.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A setting that another one needs is absent.
    #[error("{what} is missing")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A secret that is only named by an environment variable: the loader resolves those first.
    #[error("environment variable {name:?} was not resolved")]
    UnresolvedSecret {
        /// The variable.
        name: String,
    },
    /// A key that cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A public key that cannot be read.
    #[error(transparent)]
    Jwk(#[from] JwkError),
    /// A mapper whose settings are wrong.
    #[error("mapper of kind {kind}: {reason}")]
    Mapper {
        /// The mapper's kind.
        kind: String,
        /// What is wrong.
        reason: String,
    },
    /// A permission or policy that is wrong.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// A place in a document, written as `clients[3].default_scopes[1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentPath(Box<str>);

impl DocumentPath {
    /// The place with this text.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in a document while it is walked: a chain on the stack, written out only when something is
/// wrong there.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Root(&'static str),
    Member(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    pub(super) const fn member<'a>(&'a self, name: &'a str) -> At<'a> {
        At::Member(self, name)
    }

    pub(super) const fn item(&self, place: usize) -> At<'_> {
        At::Item(self, place)
    }

    pub(super) fn error(&self, problem: RealmProblem) -> RealmError {
        RealmError::new(self.path(), problem)
    }

    pub(super) fn path(&self) -> DocumentPath {
        DocumentPath(format!("{self}").into())
    }

    pub(super) fn unknown(&self, what: &'static str, name: &str) -> RealmError {
        self.error(RealmProblem::Unknown {
            what,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Member(parent, name) if plain(name) => write!(f, "{parent}.{name}"),
            Self::Member(parent, name) => write!(f, "{parent}.{name:?}"),
            Self::Item(parent, place) => write!(f, "{parent}[{place}]"),
        }
    }
}

fn plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{At, RealmProblem};

    #[test]
    fn a_path_is_written_as_the_document_reads() {
        let clients = At::Root("clients");
        let client = clients.item(3);
        let scopes = client.member("default_scopes");
        assert_eq!(scopes.item(1).to_string(), "clients[3].default_scopes[1]");
        let attributes = client.member("attributes");
        let error = attributes
            .member("access.token.lifespan")
            .error(RealmProblem::Empty);
        assert_eq!(
            error.to_string(),
            "clients[3].attributes.\"access.token.lifespan\": must not be empty"
        );
    }
}
