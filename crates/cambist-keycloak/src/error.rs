//! What an import refuses, and what it cannot carry over.

use core::fmt;

/// Why a document is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The text is not JSON.
    #[error("not JSON at line {line} column {column}")]
    NotJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// A value has a type that cannot stand for the one wanted.
    #[error("{path}: expected {expected}, found {found}")]
    WrongType {
        /// Where, such as `clients[3].publicClient`.
        path: String,
        /// What was wanted.
        expected: &'static str,
        /// The JSON type that was found.
        found: &'static str,
    },
    /// A member that nothing can be done without.
    #[error("{path} has no {member}")]
    Missing {
        /// Where.
        path: String,
        /// The member's name.
        member: &'static str,
    },
    /// A word that is none of a closed list.
    #[error("{path} is none of {allowed}")]
    UnknownWord {
        /// Where.
        path: String,
        /// The words that would do.
        allowed: &'static str,
    },
}

/// Why a member did not come over whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// Keycloak knows it, Cambist has nothing for it: it is gone.
    Dropped,
    /// It is kept and exported again, and changes nothing that Cambist does.
    NoEffect,
    /// Keycloak 26 does not know it either: it is gone.
    Unknown,
    /// It names something that the document does not hold: it is gone.
    DanglingReference,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropped => "dropped",
            Self::NoEffect => "kept without effect",
            Self::Unknown => "unknown",
            Self::DanglingReference => "names what is not there",
        })
    }
}

/// One member that did not come over whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCarried {
    /// Where, such as `clients[3].registeredNodes`.
    pub path: String,
    /// What became of it.
    pub what: Loss,
}

impl fmt::Display for NotCarried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// Collects what is not carried over.
#[derive(Clone, Debug, Default)]
pub struct Report {
    entries: Vec<NotCarried>,
}

impl Report {
    /// Notes one member.
    pub fn note(&mut self, path: impl Into<String>, what: Loss) {
        self.entries.push(NotCarried {
            path: path.into(),
            what,
        });
    }

    /// What was noted, in the order of the document.
    #[must_use]
    pub fn entries(&self) -> &[NotCarried] {
        &self.entries
    }

    /// The same, taken out.
    #[must_use]
    pub fn into_entries(self) -> Vec<NotCarried> {
        self.entries
    }
}
