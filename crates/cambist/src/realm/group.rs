//! Groups of users.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use super::RoleSet;

/// The number of a group in its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupNo(pub(crate) u32);

impl GroupNo {
    /// Its place in [`Realm::groups`](super::Realm::groups).
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A group.
#[derive(Debug)]
pub struct Group {
    pub(crate) number: GroupNo,
    pub(crate) id: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) path: Box<str>,
    pub(crate) parent: Option<GroupNo>,
    pub(crate) roles: RoleSet,
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
}

impl Group {
    /// Its number in this snapshot.
    #[must_use]
    pub fn number(&self) -> GroupNo {
        self.number
    }

    /// Internal id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Name, unique among its siblings.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whole path, such as `/staff/finance`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The group above.
    #[must_use]
    pub fn parent(&self) -> Option<GroupNo> {
        self.parent
    }

    /// Roles of its members, those of the groups above it included, composites expanded.
    #[must_use]
    pub fn roles(&self) -> &RoleSet {
        &self.roles
    }

    /// Values of its members.
    #[must_use]
    pub fn attributes(&self) -> &BTreeMap<String, Vec<String>> {
        &self.attributes
    }
}
