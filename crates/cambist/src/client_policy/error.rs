//! Why client policies cannot be built.

use alloc::boxed::Box;

/// Why client policies or profiles cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientPolicyError {
    /// The document is not of the form that Keycloak writes.
    #[error("`{member}` cannot be read: {reason}")]
    Shape {
        /// `client_policies` or `client_profiles`.
        member: &'static str,
        /// What the parser says.
        reason: Box<str>,
    },
    /// Two policies or two profiles of one name.
    #[error("{what} `{name}` is there twice")]
    Duplicate {
        /// What bears the name.
        what: &'static str,
        /// The name.
        name: Box<str>,
    },
    /// A policy names a profile that is not there.
    #[error("client policy `{policy}` names the profile `{profile}`, which is not there")]
    UnknownProfile {
        /// The policy.
        policy: Box<str>,
        /// The profile.
        profile: Box<str>,
    },
    /// A condition or executor that nobody has registered.
    #[error("{owner}: no {what} is named `{kind}`")]
    UnknownKind {
        /// Policy or profile.
        owner: Box<str>,
        /// `condition` or `executor`.
        what: &'static str,
        /// The name.
        kind: Box<str>,
    },
    /// A setting that the kind does not know.
    #[error("{owner}: `{kind}` has no setting `{key}`")]
    UnknownSetting {
        /// Policy or profile.
        owner: Box<str>,
        /// Condition or executor.
        kind: Box<str>,
        /// The setting.
        key: Box<str>,
    },
    /// A setting that must be there is not.
    #[error("{owner}: `{kind}` needs the setting `{key}`")]
    MissingSetting {
        /// Policy or profile.
        owner: Box<str>,
        /// Condition or executor.
        kind: Box<str>,
        /// The setting.
        key: &'static str,
    },
    /// A setting of another form than expected.
    #[error("{owner}: setting `{key}` of `{kind}` is not {expected}")]
    BadSetting {
        /// Policy or profile.
        owner: Box<str>,
        /// Condition or executor.
        kind: Box<str>,
        /// The setting.
        key: Box<str>,
        /// What it should be.
        expected: &'static str,
    },
    /// A kind of this name is registered already.
    #[error("a {what} named `{name}` is there already")]
    DuplicateKind {
        /// `condition` or `executor`.
        what: &'static str,
        /// The name.
        name: Box<str>,
    },
}
