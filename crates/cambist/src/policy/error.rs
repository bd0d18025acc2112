//! Why a realm's permissions are refused at load.

use alloc::{boxed::Box, string::String, vec::Vec};

/// What is wrong with policies or permissions of a realm document. Nothing of the document is in force
/// when one of these comes back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Two policies or permissions share a name or an id.
    #[error("two policies or permissions are called {0:?}")]
    Duplicate(Box<str>),
    /// Two resources or scopes of the permission store share a name or an id.
    #[error("two resources or scopes are called {0:?}")]
    DuplicateResource(Box<str>),
    /// Two policy kinds share a name.
    #[error("the policy kind {0:?} is registered twice")]
    DuplicateKind(Box<str>),
    /// No policy kind has this name.
    #[error("policy {policy:?} is of kind {kind:?}, {reason}; known kinds: {known}")]
    UnknownKind {
        /// The policy.
        policy: Box<str>,
        /// The kind it names.
        kind: Box<str>,
        /// Why the kind is not there.
        reason: &'static str,
        /// The kinds that are, separated by commas.
        known: String,
    },
    /// A name leads nowhere.
    #[error("{owner:?} names the {what} {name:?}, which does not exist")]
    Unresolved {
        /// The policy, permission or resource.
        owner: Box<str>,
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: Box<str>,
    },
    /// A setting of a policy or permission that has no meaning there.
    #[error("{owner:?} has the setting {key:?}, which its kind does not know")]
    UnknownSetting {
        /// The policy or permission.
        owner: Box<str>,
        /// The setting.
        key: Box<str>,
    },
    /// A setting that must be there.
    #[error("{owner:?} lacks the setting {key:?}")]
    MissingSetting {
        /// The policy or permission.
        owner: Box<str>,
        /// The setting.
        key: &'static str,
    },
    /// A setting that cannot be read.
    #[error("setting {key:?} of {owner:?} is not {expected}")]
    BadSetting {
        /// The policy or permission.
        owner: Box<str>,
        /// The setting.
        key: Box<str>,
        /// What it must be.
        expected: &'static str,
    },
    /// A pattern that cannot be matched in linear time, or does not mean the same here as in Java.
    #[error("pattern of policy {policy:?}: {reason} at byte {place}")]
    Pattern {
        /// The policy.
        policy: Box<str>,
        /// What is not taken.
        reason: &'static str,
        /// Where in the pattern.
        place: usize,
    },
    /// Aggregates that contain each other.
    #[error("aggregate policies in a circle: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// Aggregates within aggregates within aggregates.
    #[error("policy {policy:?} nests aggregates {depth} deep, the limit is {limit}")]
    TooDeep {
        /// The outermost aggregate.
        policy: Box<str>,
        /// How deep.
        depth: usize,
        /// The limit.
        limit: usize,
    },
    /// More of something than is allowed.
    #[error("{owner:?} has {count} {what}, the limit is {limit}")]
    TooMany {
        /// The policy, the permission, or the store as a whole.
        owner: Box<str>,
        /// What there is too much of.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
}
