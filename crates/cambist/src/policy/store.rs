//! The compiled permissions of a realm.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::any::Any;

use hashbrown::HashMap;

use super::{
    DecisionStrategy, EnforcementMode, Logic,
    kinds::{ClientCondition, Condition},
    numbers::{Numbers, PermissionNo, PolicyNo, ResourceNo, ScopeMask},
};
use crate::realm::ClientNo;

/// Most policies that one permission or one aggregate may name.
pub const MAX_POLICIES: usize = 1_000;

/// How deep aggregates may nest; an aggregate of plain policies has depth 1.
pub const MAX_NESTING: usize = 8;

/// Most policies that one permission may come to ask, aggregates taken apart. Bounds the work of a decision
/// where aggregates share children.
pub const MAX_CHECKS: usize = 65_536;

/// Most scopes of one permission store.
pub const MAX_SCOPES: usize = 64;

/// Where a number is missing.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The permissions of a realm, compiled and indexed by what they guard; part of the
/// [`Realm`](crate::realm::Realm) snapshot. The default is a realm without a permission store: it grants no
/// exchange, and anybody may be impersonated by who may impersonate.
#[derive(Debug, Default)]
pub struct PolicyStore {
    pub(super) enforcement: EnforcementMode,
    pub(super) strategy: DecisionStrategy,
    pub(super) scopes: Vec<Box<str>>,
    pub(super) resources: Vec<Resource>,
    /// Names of resources, by number.
    pub(super) resource_names: Vec<Box<str>>,
    pub(super) permissions: Vec<Permission>,
    pub(super) permission_labels: Vec<Label>,
    pub(super) policies: Vec<Policy>,
    pub(super) policy_labels: Vec<Label>,
    /// What applies to a resource beside the permissions that name it: one list for each type.
    pub(super) classes: Vec<Numbers>,
    /// Scope permissions that name no resource.
    pub(super) everywhere: Numbers,
    /// By client number.
    pub(super) clients: Vec<Target>,
    /// By internal id of the provider.
    pub(super) providers: HashMap<Box<str>, Target>,
    /// The users, as `impersonate` sees them.
    pub(super) users: Target,
    /// The users, as `user-impersonated` sees them.
    pub(super) impersonated: Target,
    pub(super) token_exchange: Option<ScopeMask>,
    pub(super) impersonate: Option<ScopeMask>,
    pub(super) user_impersonated: Option<ScopeMask>,
    /// What is guarded about users.
    pub(super) over_users: OverUsers,
    pub(super) notes: Vec<String>,
}

/// What is guarded about users, each on its own or by its groups.
#[derive(Debug)]
pub(super) struct OverUsers {
    /// Fine-grained permissions of version 2 hold in the realm.
    pub(super) fine_grained: bool,
    /// Resources of type `Users` or `Groups` by name, which is the id of a user or group.
    pub(super) resources: HashMap<Box<str>, u32>,
    /// The resource that stands for all groups.
    pub(super) groups: u32,
    pub(super) impersonate_members: Option<ScopeMask>,
    pub(super) delegate: Option<ScopeMask>,
    pub(super) delegate_members: Option<ScopeMask>,
    pub(super) view: Option<ScopeMask>,
    pub(super) view_members: Option<ScopeMask>,
}

impl Default for OverUsers {
    fn default() -> Self {
        Self {
            fine_grained: false,
            resources: HashMap::new(),
            groups: NOWHERE,
            impersonate_members: None,
            delegate: None,
            delegate_members: None,
            view: None,
            view_members: None,
        }
    }
}

/// What stands at a guarded thing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) resource: u32,
    pub(super) standing: Standing,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            resource: NOWHERE,
            standing: Standing::NoPermission,
        }
    }
}

/// Whether the permission that opens a target is there at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// There is none.
    NoPermission,
    /// There is one, and it asks no policy.
    NoConditions,
    /// There is one that asks.
    Ready,
}

/// A guarded resource.
#[derive(Debug)]
pub(super) struct Resource {
    /// Permissions that name it.
    pub(super) own: Numbers,
    /// A copy of that permission where it is only one, so that to ask it costs no further access to memory.
    pub(super) sole: Option<Permission>,
    /// Scopes it declares.
    pub(super) scopes: ScopeMask,
    /// Index into `classes`, for permissions that reach it by its type.
    pub(super) class: u32,
    /// Whether somebody other than the resource server owns it.
    pub(super) foreign: bool,
}

/// A permission.
#[derive(Clone, Debug)]
pub(super) struct Permission {
    pub(super) policies: Numbers,
    pub(super) scopes: ScopeMask,
    pub(super) strategy: DecisionStrategy,
    /// Of kind `resource`; else of kind `scope`.
    pub(super) whole: bool,
    /// Its denial counts as that of a type: a denial that a grant on the resource itself overrides.
    pub(super) typed: bool,
    /// Names at least one resource.
    pub(super) bound: bool,
}

/// A policy.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) body: Body,
    pub(super) logic: Logic,
}

/// What a policy does.
#[derive(Debug)]
pub(super) enum Body {
    Leaf(Leaf),
    Aggregate(Box<Aggregate>),
}

/// A condition. The commonest stands in the policy itself: behind a pointer it would cost one more access to
/// memory.
#[derive(Debug)]
pub(super) enum Leaf {
    Client(ClientCondition),
    Other(Box<dyn Condition>),
}

impl From<Box<dyn Condition>> for Leaf {
    fn from(condition: Box<dyn Condition>) -> Self {
        match (&*condition as &dyn Any).downcast_ref::<ClientCondition>() {
            Some(known) => Self::Client(known.clone()),
            None => Self::Other(condition),
        }
    }
}

impl Leaf {
    pub(super) fn condition(&self) -> &dyn Condition {
        match self {
            Self::Client(condition) => condition,
            Self::Other(condition) => &**condition,
        }
    }
}

/// A policy made of others.
#[derive(Debug)]
pub(super) struct Aggregate {
    pub(super) children: Numbers,
    pub(super) strategy: DecisionStrategy,
}

/// How people know a policy or permission.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) name: Box<str>,
    pub(super) kind: Box<str>,
}

impl PolicyStore {
    /// What happens when no permission applies.
    #[must_use]
    pub fn enforcement(&self) -> EnforcementMode {
        self.enforcement
    }

    /// How several permissions on one resource combine.
    #[must_use]
    pub fn strategy(&self) -> DecisionStrategy {
        self.strategy
    }

    /// How many policies there are.
    #[must_use]
    pub fn policy_count(&self) -> usize {
        self.policies.len()
    }

    /// How many permissions there are.
    #[must_use]
    pub fn permission_count(&self) -> usize {
        self.permissions.len()
    }

    /// What the build noticed and a person should read: names that lead nowhere, conditions that can never
    /// be evaluated.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether a permission with policies stands before exchanges to this client.
    #[must_use]
    pub fn guards(&self, client: ClientNo) -> bool {
        self.client_target(client).standing == Standing::Ready
    }

    pub(super) fn client_target(&self, client: ClientNo) -> Target {
        self.clients
            .get(client.index())
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn provider_target(&self, id: &str) -> Target {
        self.providers.get(id).copied().unwrap_or_default()
    }

    pub(super) fn resource(&self, number: ResourceNo) -> Option<&Resource> {
        self.resources.get(number.0 as usize)
    }

    pub(super) fn permission(&self, number: PermissionNo) -> Option<&Permission> {
        self.permissions.get(number.0 as usize)
    }

    pub(super) fn policy(&self, number: PolicyNo) -> Option<&Policy> {
        self.policies.get(number.0 as usize)
    }

    pub(super) fn permission_label(&self, number: PermissionNo) -> Option<&Label> {
        self.permission_labels.get(number.0 as usize)
    }

    pub(super) fn policy_label(&self, number: PolicyNo) -> Option<&Label> {
        self.policy_labels.get(number.0 as usize)
    }

    /// The names of these scopes.
    pub(super) fn scope_names(&self, mask: ScopeMask) -> Vec<String> {
        self.scopes
            .iter()
            .zip(0u32..)
            .filter(|(_, number)| !mask.is_empty() && mask.contains(ScopeMask::one(*number)))
            .map(|(name, _)| String::from(&**name))
            .collect()
    }
}

impl Policy {
    /// Of an aggregate: how its children combine.
    pub(super) fn strategy(&self) -> Option<DecisionStrategy> {
        match &self.body {
            Body::Leaf(_) => None,
            Body::Aggregate(aggregate) => Some(aggregate.strategy),
        }
    }
}
