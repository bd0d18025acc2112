//! Organizations of a realm: whom a user belongs to, beside groups and roles.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// An organization as a realm document says it. Its members are said by the users.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationDocument {
    /// Name for people.
    pub name: String,
    /// The name in scopes and claims; `name` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Internal id. Absent: derived from the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A disabled one is in no token. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Further values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Internet domains, for whoever administers them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

impl OrganizationDocument {
    /// The name in scopes and claims.
    #[must_use]
    pub fn alias(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// An organization.
#[derive(Clone, Debug)]
pub struct Organization {
    pub(crate) id: Box<str>,
    pub(crate) alias: Box<str>,
    pub(crate) enabled: bool,
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
}

impl Organization {
    /// Internal id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name in scopes and claims.
    #[must_use]
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// Whether tokens may tell of it.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Further values.
    #[must_use]
    pub fn attributes(&self) -> &BTreeMap<String, Vec<String>> {
        &self.attributes
    }
}

/// The organizations of a realm.
#[derive(Clone, Debug, Default)]
pub(crate) struct Organizations {
    all: Vec<Organization>,
    by_id: HashMap<Box<str>, usize>,
    by_alias: HashMap<Box<str>, usize>,
}

impl Organizations {
    pub(crate) fn add(&mut self, organization: Organization) {
        let place = self.all.len();
        self.by_id.insert(organization.id.clone(), place);
        self.by_alias.insert(organization.alias.clone(), place);
        self.all.push(organization);
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Organization> {
        self.all.get(*self.by_id.get(id)?)
    }

    pub(crate) fn by_alias(&self, alias: &str) -> Option<&Organization> {
        self.all.get(*self.by_alias.get(alias)?)
    }
}

fn yes() -> bool {
    true
}
