//! Roles and sets of them.

use alloc::{boxed::Box, vec::Vec};

use super::ClientNo;

/// The number of a role in its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleNo(pub(crate) u32);

impl RoleNo {
    /// Its place in [`Realm::roles`](super::Realm::roles).
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Whose role it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleOwner {
    /// A realm role.
    Realm,
    /// A role of this client.
    Client(ClientNo),
}

/// A role.
#[derive(Debug)]
pub struct Role {
    pub(crate) number: RoleNo,
    pub(crate) id: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) owner: RoleOwner,
    pub(crate) closure: RoleSet,
}

impl Role {
    /// Its number in this snapshot.
    #[must_use]
    pub fn number(&self) -> RoleNo {
        self.number
    }

    /// Internal id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Name, unique for its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Realm or client.
    #[must_use]
    pub fn owner(&self) -> RoleOwner {
        self.owner
    }

    /// The role itself and every role that comes with it, at any depth. Cycles end by themselves.
    #[must_use]
    pub fn closure(&self) -> &RoleSet {
        &self.closure
    }
}

/// A set of roles, sorted by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSet(Vec<RoleNo>);

impl RoleSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether the role is in the set.
    #[must_use]
    pub fn contains(&self, role: RoleNo) -> bool {
        self.0.binary_search(&role).is_ok()
    }

    /// Adds one role.
    pub fn insert(&mut self, role: RoleNo) {
        if let Err(place) = self.0.binary_search(&role) {
            self.0.insert(place, role);
        }
    }

    /// Adds every role of another set.
    pub fn extend(&mut self, other: &Self) {
        if other.0.is_empty() {
            return;
        }
        self.0.extend_from_slice(&other.0);
        self.0.sort_unstable();
        self.0.dedup();
    }

    /// Keeps only the roles for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(RoleNo) -> bool) {
        self.0.retain(|role| keep(*role));
    }

    /// Whether the two sets share a role.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().any(|role| other.contains(*role))
    }

    /// The roles, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = RoleNo> + '_ {
        self.0.iter().copied()
    }

    /// How many roles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<RoleNo> for RoleSet {
    fn from_iter<I: IntoIterator<Item = RoleNo>>(roles: I) -> Self {
        let mut set: Vec<RoleNo> = roles.into_iter().collect();
        set.sort_unstable();
        set.dedup();
        Self(set)
    }
}
