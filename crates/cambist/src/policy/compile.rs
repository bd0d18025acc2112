//! From the realm document to the compiled permissions.

use alloc::{
    borrow::ToOwned, boxed::Box, collections::BTreeMap, format, string::ToString, vec::Vec,
};
use core::cell::RefCell;

use hashbrown::{HashMap, HashSet};

use super::{
    Logic, PolicyError, PolicyKinds, PolicyStore,
    conditions::{checks, policies, policy_names},
    gates::USERS,
    kinds::BuildContext,
    numbers::{Numbers, ScopeMask},
    store::{
        Label, MAX_CHECKS, MAX_POLICIES, MAX_SCOPES, NOWHERE, OverUsers, Permission, Resource,
        Standing, Target,
    },
};
use crate::realm::{
    Feature, Realm,
    document::{AuthorizationDocument, PermissionDocument, RealmDocument},
};

const TOKEN_EXCHANGE: &str = "token-exchange";
const IMPERSONATE: &str = "impersonate";
const USER_IMPERSONATED: &str = "user-impersonated";
const DELEGATE: &str = "delegate";

/// The name of the resource that stands for all groups, and the type of those that stand for one.
const GROUPS: &str = "Groups";

/// Before the internal id of the client.
const CLIENT_RESOURCE: &str = "client.resource.";
/// Before the internal id of the provider.
const PROVIDER_RESOURCE: &str = "idp.resource.";

impl PolicyStore {
    /// Compiles the policies, permissions and resources of a document. `realm` is the snapshot being made,
    /// complete but for its policies.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] names what is wrong and where.
    pub fn build(
        realm: &Realm,
        document: &RealmDocument,
        kinds: &PolicyKinds,
    ) -> Result<Self, PolicyError> {
        if document.policies.is_empty()
            && document.permissions.is_empty()
            && document.authorization.is_none()
        {
            return Ok(Self::default());
        }
        let names = policy_names(&document.policies, &document.permissions)?;
        let context = BuildContext {
            realm,
            policies: &names,
            notes: RefCell::default(),
        };
        let policies = policies(&document.policies, kinds, &context)?;
        let checks = checks(&policies, &document.policies)?;
        let empty = AuthorizationDocument::default();
        let authorization = document.authorization.as_ref().unwrap_or(&empty);
        let mut tables = Tables::new(realm, authorization, &context)?;
        // The setting has Keycloak's name, and a realm of version 1 does not have it.
        tables.fine_grained = realm.features().has(Feature::FineGrainedAuthzV2)
            && document
                .attributes
                .get("adminPermissionsEnabled")
                .is_some_and(|value| value == "true");
        for permission in &document.permissions {
            tables.permission(permission, &checks)?;
        }
        let mut store = tables.finish();
        store.enforcement = authorization.enforcement;
        store.strategy = authorization.strategy;
        store.policies = policies;
        store.policy_labels = document
            .policies
            .iter()
            .map(|policy| label(&policy.name, &policy.kind))
            .collect();
        store.notes = context.notes.into_inner();
        Ok(store)
    }
}

fn label(name: &str, kind: &str) -> Label {
    Label {
        name: name.into(),
        kind: kind.into(),
    }
}

/// Who opens what: the thing that a permission stands for, by its action or by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens<'d> {
    Client(&'d str),
    Provider(&'d str),
    Impersonate,
    UserImpersonated,
    Delegate,
}

impl<'d> Opens<'d> {
    /// Keycloak finds its permissions by name and by nothing else.
    fn by_name(name: &'d str) -> Option<Self> {
        match name {
            "admin-impersonating.permission.users" => Some(Self::Impersonate),
            "user-impersonated.permission.users" => Some(Self::UserImpersonated),
            _ => {
                let rest = name.strip_prefix("token-exchange.permission.")?;
                rest.strip_prefix("client.")
                    .map(Self::Client)
                    .or_else(|| rest.strip_prefix("idp.").map(Self::Provider))
            }
        }
    }
}

/// Resources, scopes and permissions as they come in.
struct Tables<'a> {
    realm: &'a Realm,
    context: &'a BuildContext<'a>,
    scopes: Vec<Box<str>>,
    scopes_by_name: HashMap<Box<str>, u32>,
    resources: Vec<NewResource>,
    resources_by_name: HashMap<Box<str>, u32>,
    permissions: Vec<Permission>,
    labels: Vec<Label>,
    /// Permissions that name a type of resource.
    by_type: BTreeMap<Box<str>, Vec<u32>>,
    everywhere: Vec<u32>,
    clients: HashMap<Box<str>, Standing>,
    providers: HashMap<Box<str>, Standing>,
    impersonate: Standing,
    impersonated: Standing,
    /// Fine-grained permissions of version 2 hold.
    fine_grained: bool,
}

struct NewResource {
    name: Box<str>,
    kind: Option<Box<str>>,
    scopes: ScopeMask,
    foreign: bool,
    own: Vec<u32>,
}

impl<'a> Tables<'a> {
    fn new(
        realm: &'a Realm,
        document: &AuthorizationDocument,
        context: &'a BuildContext<'a>,
    ) -> Result<Self, PolicyError> {
        let mut tables = Self {
            realm,
            context,
            scopes: Vec::new(),
            scopes_by_name: HashMap::new(),
            resources: Vec::with_capacity(document.resources.len()),
            resources_by_name: HashMap::with_capacity(document.resources.len().saturating_mul(2)),
            permissions: Vec::new(),
            labels: Vec::new(),
            by_type: BTreeMap::new(),
            everywhere: Vec::new(),
            clients: HashMap::new(),
            providers: HashMap::new(),
            impersonate: Standing::NoPermission,
            impersonated: Standing::NoPermission,
            fine_grained: false,
        };
        for scope in &document.scopes {
            if tables.scopes_by_name.contains_key(scope.name.as_str()) {
                return Err(PolicyError::DuplicateResource(scope.name.as_str().into()));
            }
            let number = tables.scope(&scope.name)?;
            if let Some(id) = scope.id.as_deref().filter(|id| *id != scope.name)
                && tables.scopes_by_name.insert(id.into(), number).is_some()
            {
                return Err(PolicyError::DuplicateResource(id.into()));
            }
        }
        for resource in &document.resources {
            let mut scopes = ScopeMask::NONE;
            for scope in &resource.scopes {
                scopes = scopes.or(ScopeMask::one(tables.scope(scope)?));
            }
            let foreign = resource.owner.as_deref().is_some_and(|owner| {
                let management = realm.client_by_id("realm-management");
                !management
                    .is_some_and(|client| owner == client.client_id() || owner == client.uuid())
            });
            tables.resource(
                &resource.name,
                resource.id.as_deref(),
                resource.kind.as_deref(),
                scopes,
                foreign,
            )?;
        }
        Ok(tables)
    }

    /// The number of the scope with this name or id; made when it is not there.
    fn scope(&mut self, name: &str) -> Result<u32, PolicyError> {
        if let Some(number) = self.scopes_by_name.get(name) {
            return Ok(*number);
        }
        let number = u32::try_from(self.scopes.len())
            .ok()
            .filter(|number| (*number as usize) < MAX_SCOPES);
        let number = number.ok_or_else(|| PolicyError::TooMany {
            owner: "authorization".into(),
            what: "scopes",
            count: self.scopes.len().saturating_add(1),
            limit: MAX_SCOPES,
        })?;
        self.scopes.push(name.into());
        self.scopes_by_name.insert(name.into(), number);
        Ok(number)
    }

    fn resource(
        &mut self,
        name: &str,
        id: Option<&str>,
        kind: Option<&str>,
        scopes: ScopeMask,
        foreign: bool,
    ) -> Result<u32, PolicyError> {
        let number = u32::try_from(self.resources.len()).unwrap_or(NOWHERE);
        for key in core::iter::once(name).chain(id.filter(|id| *id != name)) {
            if self.resources_by_name.insert(key.into(), number).is_some() {
                return Err(PolicyError::DuplicateResource(key.into()));
            }
        }
        let kind = kind.map(Into::into);
        self.resources.push(NewResource {
            name: name.into(),
            kind,
            scopes,
            foreign,
            own: Vec::new(),
        });
        Ok(number)
    }

    fn permission(
        &mut self,
        document: &PermissionDocument,
        checks: &[usize],
    ) -> Result<(), PolicyError> {
        let owner = || Box::<str>::from(document.name.as_str());
        let number = u32::try_from(self.permissions.len()).unwrap_or(NOWHERE);
        let policies = self.conditions(document, checks)?;
        let guarded = match document.action.as_deref() {
            Some(action) => self.action(document, action)?,
            None => self.plain(document)?,
        };
        for resource in &guarded.resources {
            if let Some(resource) = self.resources.get_mut(*resource as usize) {
                resource.own.push(number);
            }
        }
        let bound = !guarded.resources.is_empty();
        // In version 2 every permission says the type, and one that names resources is for those alone.
        let kind = document.resource_type.as_deref();
        let typed = kind.filter(|_| !(self.fine_grained && bound));
        if let Some(kind) = typed {
            self.by_type.entry(kind.into()).or_default().push(number);
        }
        if !bound && !guarded.whole {
            self.everywhere.push(number);
        }
        if let Some(opens) = guarded.opens {
            let standing = if policies.is_empty() {
                Standing::NoConditions
            } else {
                Standing::Ready
            };
            let slot = match opens {
                Opens::Client(id) => self
                    .clients
                    .entry(id.into())
                    .or_insert(Standing::NoPermission),
                Opens::Provider(id) => self
                    .providers
                    .entry(id.into())
                    .or_insert(Standing::NoPermission),
                // Closed while no permission grants it, whatever stands there.
                Opens::Delegate => &mut Standing::NoPermission,
                Opens::Impersonate => &mut self.impersonate,
                Opens::UserImpersonated => &mut self.impersonated,
            };
            *slot = (*slot).max(standing);
        }
        if document.logic == Logic::Negative {
            self.context.note(format!(
                "permission {:?} has negative logic, which has no effect on a permission",
                owner()
            ));
        }
        self.permissions.push(Permission {
            policies: policies.into(),
            scopes: guarded.scopes,
            strategy: document.strategy,
            whole: guarded.whole,
            typed: typed.is_some(),
            bound,
        });
        self.labels.push(label(
            &document.name,
            if guarded.whole { "resource" } else { "scope" },
        ));
        Ok(())
    }

    /// The policies of a permission, each once.
    fn conditions(
        &self,
        document: &PermissionDocument,
        checks: &[usize],
    ) -> Result<Vec<u32>, PolicyError> {
        let mut seen = HashSet::with_capacity(document.policies.len());
        let mut numbers = Vec::with_capacity(document.policies.len());
        let mut cost = 0usize;
        for name in &document.policies {
            let number = self
                .context
                .policy(name)
                .ok_or_else(|| unresolved(&document.name, "policy", name))?;
            if seen.insert(number) {
                numbers.push(number.0);
                cost = cost.saturating_add(checks.get(number.0 as usize).copied().unwrap_or(1));
            }
        }
        for (what, count, limit) in [
            ("policies", numbers.len(), MAX_POLICIES),
            ("checks", cost, MAX_CHECKS),
        ] {
            if count > limit {
                return Err(PolicyError::TooMany {
                    owner: document.name.as_str().into(),
                    what,
                    count,
                    limit,
                });
            }
        }
        Ok(numbers)
    }

    /// A permission that says what it is for.
    fn action<'d>(
        &mut self,
        document: &'d PermissionDocument,
        action: &str,
    ) -> Result<Guarded<'d>, PolicyError>
    where
        'a: 'd,
    {
        let owner = || Box::<str>::from(document.name.as_str());
        let unknown = |key: &str| PolicyError::UnknownSetting {
            owner: owner(),
            key: key.into(),
        };
        for (key, given) in [
            ("kind", document.kind.is_some()),
            ("resources", !document.resources.is_empty()),
            ("scopes", !document.scopes.is_empty()),
            ("resource_type", document.resource_type.is_some()),
            (
                "client",
                document.client.is_some() && action != TOKEN_EXCHANGE,
            ),
            (
                "provider",
                document.provider.is_some()
                    && (action != TOKEN_EXCHANGE || document.client.is_some()),
            ),
        ] {
            if given {
                return Err(unknown(key));
            }
        }
        let realm = self.realm;
        let (name, kind, opens) = match action {
            TOKEN_EXCHANGE => {
                if let Some(id) = &document.client {
                    let client = realm.client_by_id(id).or_else(|| realm.client_by_uuid(id));
                    let uuid = client
                        .ok_or_else(|| unresolved(&document.name, "client", id))?
                        .uuid();
                    (
                        format!("{CLIENT_RESOURCE}{uuid}"),
                        "Client",
                        Opens::Client(uuid),
                    )
                } else if let Some(alias) = &document.provider {
                    let provider = realm
                        .identity_providers()
                        .iter()
                        .find(|known| known.alias() == alias || known.id() == alias);
                    let id = provider
                        .ok_or_else(|| unresolved(&document.name, "identity provider", alias))?
                        .id();
                    (
                        format!("{PROVIDER_RESOURCE}{id}"),
                        "IdentityProvider",
                        Opens::Provider(id),
                    )
                } else {
                    return Err(PolicyError::MissingSetting {
                        owner: owner(),
                        key: "client",
                    });
                }
            }
            IMPERSONATE => (USERS.to_owned(), USERS, Opens::Impersonate),
            USER_IMPERSONATED => (USERS.to_owned(), USERS, Opens::UserImpersonated),
            DELEGATE => (USERS.to_owned(), USERS, Opens::Delegate),
            _ => {
                return Err(PolicyError::BadSetting {
                    owner: owner(),
                    key: "action".into(),
                    expected: "token-exchange, impersonate, user-impersonated or delegate",
                });
            }
        };
        let scope = ScopeMask::one(self.scope(action)?);
        let resource = match self.resources_by_name.get(name.as_str()) {
            Some(number) => *number,
            None => self.resource(&name, None, Some(kind), ScopeMask::NONE, false)?,
        };
        if let Some(resource) = self.resources.get_mut(resource as usize) {
            resource.scopes = resource.scopes.or(scope);
        }
        Ok(Guarded {
            resources: alloc::vec![resource],
            scopes: scope,
            whole: false,
            opens: Some(opens),
        })
    }

    /// A permission in Keycloak's terms.
    fn plain<'d>(&self, document: &'d PermissionDocument) -> Result<Guarded<'d>, PolicyError> {
        let owner = || Box::<str>::from(document.name.as_str());
        for (key, given) in [
            ("client", document.client.is_some()),
            ("provider", document.provider.is_some()),
        ] {
            if given {
                return Err(PolicyError::UnknownSetting {
                    owner: owner(),
                    key: key.into(),
                });
            }
        }
        let whole = match document.kind.as_deref() {
            Some("resource") => true,
            Some("scope") => false,
            Some(_) => {
                return Err(PolicyError::BadSetting {
                    owner: owner(),
                    key: "kind".into(),
                    expected: "scope or resource",
                });
            }
            None => {
                return Err(PolicyError::MissingSetting {
                    owner: owner(),
                    key: "action",
                });
            }
        };
        let mut resources = Vec::with_capacity(document.resources.len());
        for name in &document.resources {
            match self.resources_by_name.get(name.as_str()) {
                Some(number) if resources.contains(number) => {}
                Some(number) => resources.push(*number),
                None => return Err(unresolved(&document.name, "resource", name)),
            }
        }
        let mut scopes = ScopeMask::NONE;
        for name in &document.scopes {
            let number = self.scopes_by_name.get(name.as_str());
            scopes = scopes.or(ScopeMask::one(
                *number.ok_or_else(|| unresolved(&document.name, "scope", name))?,
            ));
        }
        Ok(Guarded {
            resources,
            scopes,
            whole,
            opens: Opens::by_name(&document.name),
        })
    }

    fn finish(mut self) -> PolicyStore {
        let classes = self.classes();
        let mut class_numbers = HashMap::new();
        let mut store = PolicyStore::default();
        for (key, numbers) in classes {
            class_numbers.insert(key, u32::try_from(store.classes.len()).unwrap_or(NOWHERE));
            store.classes.push(numbers.into());
        }
        let mask = |scope: &str| {
            self.scopes_by_name
                .get(scope)
                .map(|number| ScopeMask::one(*number))
        };
        store.token_exchange = mask(TOKEN_EXCHANGE);
        store.impersonate = mask(IMPERSONATE);
        store.user_impersonated = mask(USER_IMPERSONATED);
        store.over_users = self.over_users();
        self.targets(&mut store);
        for resource in self.resources {
            let class = resource
                .kind
                .and_then(|kind| class_numbers.get(&(kind, resource.foreign)).copied());
            let sole = match *resource.own {
                [number] => self.permissions.get(number as usize).cloned(),
                _ => None,
            };
            store.resources.push(Resource {
                own: resource.own.into(),
                sole,
                scopes: resource.scopes,
                class: class.unwrap_or(NOWHERE),
                foreign: resource.foreign,
            });
            store.resource_names.push(resource.name);
        }
        store.scopes = self.scopes;
        store.permissions = self.permissions;
        store.permission_labels = self.labels;
        store.everywhere = Numbers::from(core::mem::take(&mut self.everywhere));
        store
    }

    /// By type, and by whether somebody other than the resource server owns the resource: permissions that
    /// name the type, and, for a resource of somebody else, also those that name a resource of the same
    /// type which the resource server owns.
    fn classes(&self) -> BTreeMap<(Box<str>, bool), Vec<u32>> {
        let mut classes = BTreeMap::new();
        for (kind, numbers) in &self.by_type {
            for foreign in [false, true] {
                classes.insert((kind.clone(), foreign), numbers.clone());
            }
        }
        let foreign_kinds: HashSet<&str> = self
            .resources
            .iter()
            .filter(|resource| resource.foreign)
            .filter_map(|resource| resource.kind.as_deref())
            .collect();
        for resource in self.resources.iter().filter(|resource| !resource.foreign) {
            let Some(kind) = resource
                .kind
                .as_ref()
                .filter(|kind| foreign_kinds.contains(&***kind))
            else {
                continue;
            };
            let class = classes.entry((kind.clone(), true)).or_default();
            let new: Vec<u32> = resource
                .own
                .iter()
                .copied()
                .filter(|number| !class.contains(number))
                .collect();
            class.extend(new);
        }
        classes
    }

    fn over_users(&self) -> OverUsers {
        let mask = |scope: &str| {
            self.scopes_by_name
                .get(scope)
                .map(|number| ScopeMask::one(*number))
        };
        let one = |(resource, number): (&NewResource, u32)| {
            let counts = matches!(resource.kind.as_deref(), Some(USERS | GROUPS));
            counts.then(|| (resource.name.clone(), number))
        };
        OverUsers {
            fine_grained: self.fine_grained,
            resources: self.resources.iter().zip(0u32..).filter_map(one).collect(),
            groups: self
                .resources_by_name
                .get(GROUPS)
                .copied()
                .unwrap_or(NOWHERE),
            impersonate_members: mask("impersonate-members"),
            delegate: mask(DELEGATE),
            delegate_members: mask("delegate-members"),
            view: mask("view"),
            view_members: mask("view-members"),
        }
    }

    fn targets(&self, store: &mut PolicyStore) {
        let providers: HashSet<&str> = self
            .realm
            .identity_providers()
            .iter()
            .map(|provider| provider.id())
            .collect();
        store.clients = alloc::vec![Target::default(); self.realm.clients().len()];
        for (resource, number) in self.resources.iter().zip(0u32..) {
            if let Some(uuid) = resource.name.strip_prefix(CLIENT_RESOURCE) {
                match self.realm.client_by_uuid(uuid) {
                    Some(client) => {
                        if let Some(target) = store.clients.get_mut(client.number().index()) {
                            let standing = self
                                .clients
                                .get(uuid)
                                .copied()
                                .unwrap_or(Standing::NoPermission);
                            *target = Target {
                                resource: number,
                                standing,
                            };
                        }
                    }
                    None => self.context.note(format!(
                        "resource {:?} stands for no client of the realm",
                        resource.name
                    )),
                }
            } else if let Some(id) = resource.name.strip_prefix(PROVIDER_RESOURCE) {
                if !providers.contains(id) {
                    self.context.note(format!(
                        "resource {:?} stands for no identity provider of the realm",
                        resource.name
                    ));
                }
                let standing = self
                    .providers
                    .get(id)
                    .copied()
                    .unwrap_or(Standing::NoPermission);
                store.providers.insert(
                    id.into(),
                    Target {
                        resource: number,
                        standing,
                    },
                );
            }
        }
        if let Some(number) = self.resources_by_name.get(USERS) {
            store.users = Target {
                resource: *number,
                standing: self.impersonate,
            };
            store.impersonated = Target {
                resource: *number,
                standing: self.impersonated,
            };
        }
    }
}

/// What a permission guards.
struct Guarded<'d> {
    resources: Vec<u32>,
    scopes: ScopeMask,
    whole: bool,
    opens: Option<Opens<'d>>,
}

fn unresolved(owner: &str, what: &'static str, name: &str) -> PolicyError {
    PolicyError::Unresolved {
        owner: owner.into(),
        what,
        name: name.to_string().into(),
    }
}
