//! Kinds of policies. One file a kind, one line in [`PolicyKinds::builtin`].
//!
//! The set is open: a kind of one's own is a [`PolicyKind`] that builds a [`Condition`], given to
//! [`PolicyKinds::register`].

mod aggregate;
mod client;
mod client_scope;
mod group;
pub(crate) mod java_pattern;
mod regex;
mod role;
mod settings;
mod time;
mod user;

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{any::Any, cell::RefCell, fmt};

use hashbrown::HashMap;

pub(super) use self::client::ClientCondition;
pub use self::settings::{Reference, Settings};
use super::{DecisionStrategy, EvaluationContext, Identity, PolicyError, PolicyNo};
use crate::realm::{Client, Profile, Realm, document::PolicyDocument};

/// What a condition says, before the policy's logic turns it round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// For it.
    Grant,
    /// Against it.
    Deny,
    /// Nothing: what the condition looks at is not there. In profile `keycloak` the same as [`Vote::Deny`],
    /// so that negative logic makes a permit of it; in profile `strict` it never helps to permit.
    Nothing,
    /// The condition cannot be evaluated, and why. In profile `keycloak` the whole question fails, which
    /// Keycloak answers as HTTP 500; in profile `strict` it never helps to permit.
    Failed(&'static str),
}

/// What a condition sees.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation<'a> {
    /// The realm.
    pub realm: &'a Realm,
    /// The party judged.
    pub identity: &'a Identity<'a>,
    /// The surroundings.
    pub context: &'a EvaluationContext<'a>,
    /// The client that `kc.client.id` names; `None` where a token names one that the realm does not have.
    pub client: Option<&'a Client>,
}

/// A condition, compiled from one policy. It has no state and reads no clock: the same evaluation gives
/// the same vote.
pub trait Condition: Any + Send + Sync + fmt::Debug {
    /// Votes.
    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote;

    /// What the vote hangs on beside the client that asks. A kind that says too little makes
    /// [`exchange_possibility`](super::exchange_possibility) wrong; default: on everything.
    fn hangs_on(&self) -> HangsOn {
        HangsOn::EVERYTHING
    }

    /// A policy made of others says here which and how they combine; [`Condition::vote`] is then not asked.
    fn combines(&self) -> Option<Combination> {
        None
    }
}

/// What a vote may hang on, beside the realm and the client that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HangsOn(u8);

impl HangsOn {
    /// Nothing else.
    pub const NOTHING: Self = Self(0);
    /// Roles and groups of the client's service account.
    pub const SERVICE_ACCOUNT: Self = Self(1);
    /// What the subject token says.
    pub const TOKEN: Self = Self(2);
    /// The moment of the request.
    pub const MOMENT: Self = Self(4);
    /// All of these, and whatever else there may be.
    pub const EVERYTHING: Self = Self(u8::MAX);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is nothing in it that is not in `known`.
    #[must_use]
    pub const fn within(self, known: Self) -> bool {
        self.0 & !known.0 == 0
    }
}

/// A pattern of Keycloak's that matches a text from its first character to its last, in linear time. `None` for
/// what is no pattern, or none that takes linear time.
pub(crate) fn full_match(pattern: &str) -> Option<::regex::Regex> {
    let pattern = java_pattern::translate(pattern).ok()?;
    java_pattern::compile(&pattern).ok()
}

/// Policies that together make one.
#[derive(Clone, Debug)]
pub struct Combination {
    /// The policies; none of them twice.
    pub policies: Vec<PolicyNo>,
    /// How their effects become one.
    pub strategy: DecisionStrategy,
}

/// A kind of policy: builds conditions from documents.
pub trait PolicyKind: Send + Sync {
    /// The name in the document's `kind`.
    fn name(&self) -> &str;

    /// Compiles one policy.
    ///
    /// # Errors
    ///
    /// When a setting is unknown, missing or unreadable, or names something that does not exist.
    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError>;
}

/// What a kind sees while it builds.
#[derive(Debug)]
pub struct BuildContext<'a> {
    pub(super) realm: &'a Realm,
    pub(super) policies: &'a HashMap<&'a str, PolicyNo>,
    pub(super) notes: RefCell<Vec<String>>,
}

impl<'a> BuildContext<'a> {
    /// The realm, complete but for its policies.
    #[must_use]
    pub fn realm(&self) -> &'a Realm {
        self.realm
    }

    /// The policy with this name or id.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<PolicyNo> {
        self.policies.get(name).copied()
    }

    /// Whether names that lead nowhere and settings without meaning are refused.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.realm.profile() == Profile::Strict
    }

    /// Leaves a remark for the person who loads the realm.
    pub fn note(&self, text: String) {
        self.notes.borrow_mut().push(text);
    }

    /// A name that leads nowhere: refused in profile `strict`; in profile `keycloak`, where the thing may
    /// have been deleted since, noted and otherwise as if it were not in the list.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Unresolved`] in profile `strict`.
    pub fn unresolved(
        &self,
        owner: &str,
        what: &'static str,
        name: &str,
    ) -> Result<(), PolicyError> {
        let error = PolicyError::Unresolved {
            owner: owner.into(),
            what,
            name: name.into(),
        };
        if self.is_strict() {
            return Err(error);
        }
        self.note(alloc::format!("{error}"));
        Ok(())
    }

    /// A setting that can never be evaluated: refused in profile `strict`; in profile `keycloak`, which
    /// finds out only when it asks, noted, and a condition that always fails.
    ///
    /// # Errors
    ///
    /// The given one in profile `strict`.
    pub fn unusable(
        &self,
        error: PolicyError,
        reason: &'static str,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        if self.is_strict() {
            return Err(error);
        }
        self.note(alloc::format!("{error}; every question that asks it fails"));
        Ok(Box::new(Unusable(reason)))
    }
}

#[derive(Debug)]
struct Unusable(&'static str);

impl Condition for Unusable {
    fn vote(&self, _: &Evaluation<'_>) -> Vote {
        Vote::Failed(self.0)
    }
}

/// The kinds that a realm may use.
pub struct PolicyKinds(Vec<Box<dyn PolicyKind>>);

impl PolicyKinds {
    /// Keycloak's kinds, but for those that run foreign code (`js`) or belong to user-managed access (`uma`).
    #[must_use]
    pub fn builtin() -> Self {
        Self(alloc::vec![
            Box::new(aggregate::AggregateKind),
            Box::new(client::ClientKind),
            Box::new(client_scope::ClientScopeKind),
            Box::new(group::GroupKind),
            Box::new(regex::RegexKind),
            Box::new(role::RoleKind),
            Box::new(time::TimeKind),
            Box::new(user::UserKind),
        ])
    }

    /// Adds a kind.
    ///
    /// # Errors
    ///
    /// [`PolicyError::DuplicateKind`] when there is one of that name.
    pub fn register(&mut self, kind: Box<dyn PolicyKind>) -> Result<(), PolicyError> {
        if self.named(kind.name()).is_some() {
            return Err(PolicyError::DuplicateKind(kind.name().into()));
        }
        self.0.push(kind);
        Ok(())
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&dyn PolicyKind> {
        self.0
            .iter()
            .find(|kind| kind.name() == name)
            .map(|kind| &**kind)
    }

    /// The names of all kinds, in order of registration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|kind| kind.name())
    }
}

impl Default for PolicyKinds {
    fn default() -> Self {
        Self::builtin()
    }
}

impl fmt::Debug for PolicyKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A pattern of `java.util.regex` that must match a whole text; `None` for one that cannot be carried over.
pub(crate) fn java_regex(pattern: &str) -> Option<::regex::Regex> {
    let pattern = java_pattern::translate(pattern).ok()?;
    java_pattern::compile(&pattern).ok()
}
