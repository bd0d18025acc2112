//! Permissions: which apply, what their policies come to, and what is granted.

#![expect(clippy::arithmetic_side_effects, reason = "small counts and sets")]

use std::collections::BTreeSet;

use cambist::{
    policy::{DecisionStrategy, EnforcementMode, Logic, Vote},
    realm::{
        Profile,
        document::{PermissionDocument, PolicyDocument, RealmDocument, ResourceDocument},
    },
};

use super::{
    conditions,
    party::{Party, client_of},
};

/// One question to the permissions.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who is judged.
    pub party: &'a Party<'a>,
    /// `kc.client.id`.
    pub client_id: &'a str,
    /// Seconds since the epoch.
    pub now: i64,
    /// Seconds of local time ahead of UTC.
    pub offset: i64,
}

/// Why a question was answered with no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// Nothing stands for the target.
    NoResource,
    /// No permission is for the target.
    NoPermission,
    /// The permission for the target asks nobody.
    NoConditions,
    /// The permissions know no scope of that name.
    NoScope,
    /// They were asked and do not grant it.
    NotGranted,
    /// A policy could not be evaluated.
    Failed,
}

/// An answer, and what it rests on: names of permissions, policies and policies of aggregates, joined by
/// slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Yes, or why not.
    pub result: Result<(), Closed>,
    /// The determining permissions and policies.
    pub determining: BTreeSet<String>,
}

/// What says how a policy of a kind that is not built in votes; `None` for the built-in kinds.
pub type Told = fn(&PolicyDocument, &Question<'_>) -> Option<Vote>;

/// The permissions of a document.
#[derive(Clone, Copy, Debug)]
pub struct Permissions<'a> {
    document: &'a RealmDocument,
    told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Permit,
    Deny,
    /// One or the other, depending on what nobody said.
    Open,
}

struct Voted {
    name: String,
    effect: Effect,
    /// Of an aggregate: what its children came to before its own logic.
    below: Option<Effect>,
    children: Vec<Voted>,
}

/// Resources and permissions, with what the short forms stand for written out, by name.
struct Tables {
    resources: Vec<ResourceDocument>,
    permissions: Vec<PermissionDocument>,
}

struct Failed;

/// What is granted, and of each permission that said something what it came to.
type Ruling = (
    Option<BTreeSet<String>>,
    Vec<(PermissionDocument, Effect, Vec<Voted>)>,
);

const USERS: &str = "Users";
const SERVER: &str = "realm-management";

impl<'a> Permissions<'a> {
    /// Those of this document, with the built-in kinds of policies.
    #[must_use]
    pub fn of(document: &'a RealmDocument) -> Self {
        Self::with(document, |_, _| None)
    }

    /// The same with kinds of one's own.
    #[must_use]
    pub fn with(document: &'a RealmDocument, told: Told) -> Self {
        Self { document, told }
    }

    /// Whether a token may be exchanged for one of this client: closed until a permission opens it.
    #[must_use]
    pub fn exchange_to(&self, client: &str, question: &Question<'_>) -> Judged {
        let resource = self.client_resource(client);
        // By name and nothing else, unless it says what it is for.
        let name = resource.replacen("client.resource", "token-exchange.permission.client", 1);
        let mut opening = self.document.permissions.iter().filter(|permission| {
            let target = permission
                .client
                .as_deref()
                .map(|named| self.client_resource(named));
            match permission.action.as_deref() {
                Some(action) => action == "token-exchange" && target.as_ref() == Some(&resource),
                None => permission.name == name,
            }
        });
        let standing = match opening.next() {
            None => Err(Closed::NoPermission),
            Some(first) if first.policies.is_empty() && opening.all(|p| p.policies.is_empty()) => {
                Err(Closed::NoConditions)
            }
            Some(_) => Ok(()),
        };
        // That the resource is granted at all is enough.
        self.ask(&resource, standing, "token-exchange", None, question)
    }

    /// Whether the party may become other users: closed until a permission or, for a user, the admin role
    /// opens it. All scopes of the users are asked for.
    #[must_use]
    pub fn impersonate(&self, question: &Question<'_>) -> Judged {
        let role = (Some(SERVER.to_owned()), "impersonation".to_owned());
        if !question.party.is_client && question.party.roles.contains(&role) {
            return answer(Ok(()));
        }
        let tables = self.tables();
        let users = tables
            .resources
            .iter()
            .find(|resource| resource.name == USERS);
        let all = users.map(|users| users.scopes.iter().cloned().collect());
        self.ask(USERS, Ok(()), "impersonate", all, question)
    }

    /// Whether the party, a user, may be become: open until a permission with policies closes it.
    #[must_use]
    pub fn be_impersonated(&self, question: &Question<'_>) -> Judged {
        let closing = self.document.permissions.iter().any(|permission| {
            let named = match permission.action.as_deref() {
                Some(action) => action == "user-impersonated",
                None => permission.name == "user-impersonated.permission.users",
            };
            named && !permission.policies.is_empty()
        });
        if !closing
            || self
                .tables()
                .resources
                .iter()
                .all(|resource| resource.name != USERS)
        {
            return answer(Ok(()));
        }
        let asked = BTreeSet::from(["user-impersonated".to_owned()]);
        self.ask(USERS, Ok(()), "user-impersonated", Some(asked), question)
    }

    /// Asks about a resource: for the scopes `asked`, of which `scope` must be granted, or for `scope`
    /// alone, where any grant will do.
    fn ask(
        &self,
        resource: &str,
        standing: Result<(), Closed>,
        scope: &str,
        asked: Option<BTreeSet<String>>,
        question: &Question<'_>,
    ) -> Judged {
        let tables = self.tables();
        let Some(resource) = tables.resources.iter().find(|known| known.name == resource) else {
            return answer(Err(Closed::NoResource));
        };
        if let Err(reason) = standing {
            return answer(Err(reason));
        }
        let declared = self
            .document
            .authorization
            .iter()
            .flat_map(|settings| &settings.scopes);
        let known = declared
            .map(|known| known.name.as_str())
            .any(|known| known == scope);
        let in_use = tables
            .resources
            .iter()
            .flat_map(|resource| &resource.scopes);
        if !known && in_use.into_iter().all(|known| known != scope) {
            return answer(Err(Closed::NoScope));
        }
        let any = asked.is_none();
        let asked = asked.unwrap_or_else(|| BTreeSet::from([scope.to_owned()]));
        let Ok((granted, said)) = self.evaluate(&tables, resource, &asked, question) else {
            return answer(Err(Closed::Failed));
        };
        let open = granted.is_some_and(|scopes| any || scopes.contains(scope));
        let mut judged = answer(if open {
            Ok(())
        } else {
            Err(Closed::NotGranted)
        });
        for (permission, effect, voted) in &said {
            let covers =
                is_whole(permission) || permission.scopes.iter().any(|s| asked.contains(s));
            if covers && (*effect == Effect::Permit) == open {
                rests_on(&permission.name, *effect, voted, &mut judged.determining);
                judged.determining.insert(permission.name.clone());
            }
        }
        judged
    }

    fn evaluate(
        &self,
        tables: &Tables,
        resource: &ResourceDocument,
        asked: &BTreeSet<String>,
        question: &Question<'_>,
    ) -> Result<Ruling, Failed> {
        let settings = self.document.authorization.clone().unwrap_or_default();
        let everything = (!asked.is_empty() || resource.scopes.is_empty()).then(|| asked.clone());
        if settings.enforcement == EnforcementMode::Disabled {
            return Ok((everything, Vec::new()));
        }
        let [mut granted, mut denied, mut denied_by_type] =
            [const { BTreeSet::<String>::new() }; 3];
        let (mut whole_granted, mut any_denied) = (false, false);
        let mut said = Vec::new();
        let applying = self.applying(tables, resource, asked);
        for permission in &applying {
            let voted = self.votes(&permission.policies, question)?;
            let effects: Vec<Effect> = voted.iter().map(|voted| voted.effect).collect();
            // One that asks nobody has applied, and says neither yes nor no.
            let Some(effect) = combined(permission.strategy, &effects) else {
                continue;
            };
            let named = permission.resources.contains(&resource.name);
            let whole = is_whole(permission);
            let own: BTreeSet<String> = permission.scopes.iter().cloned().collect();
            if effect == Effect::Permit {
                let scopes = if whole { asked.clone() } else { &own & asked };
                if !whole {
                    denied
                        .retain(|scope| !scopes.contains(scope) || resource.scopes.contains(scope));
                }
                granted.extend(scopes);
                whole_granted |= named && (whole || self.is_foreign(resource));
            } else if whole && (named || !whole_granted) {
                // Only the type it is for makes a permission one of a type; that its resource has a type
                // does not (recorded: v1-policies, affirmative-resource-deny).
                match permission.resource_type {
                    Some(_) => denied_by_type.extend(asked.iter().cloned()),
                    None => denied.extend(asked.iter().cloned()),
                }
            } else if !whole && (named || permission.resources.is_empty()) {
                denied.extend(own);
            }
            any_denied |= effect != Effect::Permit;
            said.push(((*permission).clone(), effect, voted));
        }
        if applying.is_empty() {
            let permissive = settings.enforcement == EnforcementMode::Permissive;
            return Ok((everything.filter(|_| permissive), said));
        }
        if settings.strategy == DecisionStrategy::Affirmative {
            denied = &denied - &granted;
        }
        if whole_granted {
            denied_by_type = &denied_by_type - &granted;
            denied.extend(denied_by_type.iter().cloned());
        }
        if denied.is_empty() {
            denied = denied_by_type;
        }
        let granted = &granted - &denied;
        let nothing = granted.is_empty() && (any_denied || !whole_granted);
        Ok(((!nothing).then_some(granted), said))
    }

    /// The permissions that apply, in the order in which they are asked, none of them twice: those that name
    /// the resource, those for its type, for a resource of somebody else those that name one of the same type
    /// which the resource server owns, and scope permissions for a scope asked for that name no resource.
    fn applying<'t>(
        &self,
        tables: &'t Tables,
        resource: &ResourceDocument,
        asked: &BTreeSet<String>,
    ) -> Vec<&'t PermissionDocument> {
        let kind = resource.kind.as_ref();
        let mut applying: Vec<&PermissionDocument> = Vec::new();
        let mut add = |wanted: &dyn Fn(&PermissionDocument) -> bool| {
            for permission in tables
                .permissions
                .iter()
                .filter(|permission| wanted(permission))
            {
                if !applying.iter().any(|known| known.name == permission.name) {
                    applying.push(permission);
                }
            }
        };
        add(&|permission| permission.resources.contains(&resource.name));
        add(&|permission| kind.is_some() && permission.resource_type.as_ref() == kind);
        for parent in tables
            .resources
            .iter()
            .filter(|_| self.is_foreign(resource))
        {
            if kind.is_some() && parent.kind.as_ref() == kind && !self.is_foreign(parent) {
                add(&|permission| permission.resources.contains(&parent.name));
            }
        }
        add(&|permission| {
            let everywhere = !is_whole(permission) && permission.resources.is_empty();
            everywhere && permission.scopes.iter().any(|scope| asked.contains(scope))
        });
        applying
    }

    /// Whether somebody other than the resource server owns it.
    fn is_foreign(&self, resource: &ResourceDocument) -> bool {
        let server = client_of(self.document, SERVER).and_then(|server| server.uuid.as_ref());
        let owner = resource.owner.as_ref();
        owner.is_some_and(|owner| owner != SERVER && Some(owner) != server)
    }

    /// The effects of these policies, each counted once.
    fn votes(&self, names: &[String], question: &Question<'_>) -> Result<Vec<Voted>, Failed> {
        let mut all: Vec<Voted> = Vec::new();
        for name in names {
            let mut policies = self.document.policies.iter();
            let found =
                policies.find(|known| known.name == *name || known.id.as_ref() == Some(name));
            if let Some(policy) = found
                && !all.iter().any(|voted| voted.name == policy.name)
            {
                all.push(self.policy(policy, question)?);
            }
        }
        Ok(all)
    }

    fn policy(&self, policy: &PolicyDocument, question: &Question<'_>) -> Result<Voted, Failed> {
        let (mut children, mut below) = (Vec::new(), None);
        let vote = if policy.kind == "aggregate" {
            children = self.votes(policy.policies.as_deref().unwrap_or_default(), question)?;
            let effects: Vec<Effect> = children.iter().map(|child| child.effect).collect();
            below = combined(policy.strategy, &effects);
            match below {
                Some(Effect::Permit) => Vote::Grant,
                Some(Effect::Deny) => Vote::Deny,
                // Open only in profile `strict`, where it is treated as silence is.
                Some(Effect::Open) | None => Vote::Nothing,
            }
        } else {
            (self.told)(policy, question)
                .unwrap_or_else(|| conditions::vote(self.document, policy, question))
        };
        let strict = self.document.profile == Profile::Strict;
        let positive = match vote {
            Vote::Grant => Effect::Permit,
            Vote::Deny => Effect::Deny,
            Vote::Nothing | Vote::Failed(_) if strict => Effect::Open,
            Vote::Nothing => Effect::Deny,
            Vote::Failed(_) => return Err(Failed),
        };
        let effect = match (policy.logic, positive) {
            (Logic::Negative, Effect::Permit) => Effect::Deny,
            (Logic::Negative, Effect::Deny) => Effect::Permit,
            (_, effect) => effect,
        };
        Ok(Voted {
            name: policy.name.clone(),
            effect,
            below,
            children,
        })
    }

    /// The name of the resource that stands for a client, named by `client_id` or internal id.
    fn client_resource(&self, client: &str) -> String {
        let uuid = client_of(self.document, client).and_then(|client| client.uuid.as_deref());
        format!("client.resource.{}", uuid.unwrap_or(client))
    }

    fn tables(&self) -> Tables {
        let settings = self.document.authorization.clone().unwrap_or_default();
        let mut resources = settings.resources;
        let scope_name = |named: &String| {
            let mut scopes = settings.scopes.iter();
            let by_id = scopes.find(|scope| scope.id.as_ref() == Some(named));
            by_id.map_or_else(|| named.clone(), |scope| scope.name.clone())
        };
        for resource in &mut resources {
            resource.scopes = resource.scopes.iter().map(scope_name).collect();
        }
        let mut permissions = self.document.permissions.clone();
        for permission in &mut permissions {
            let Some(action) = permission.action.clone() else {
                permission.scopes = permission.scopes.iter().map(scope_name).collect();
                for named in &mut permission.resources {
                    let by_id = resources
                        .iter()
                        .find(|known| known.id.as_ref() == Some(named));
                    *named = by_id.map_or_else(|| named.clone(), |known| known.name.clone());
                }
                continue;
            };
            let (name, kind) = match &permission.client {
                Some(client) => (self.client_resource(client), "Client"),
                None => (USERS.to_owned(), USERS),
            };
            match resources.iter_mut().find(|resource| resource.name == name) {
                Some(resource) => resource.scopes.push(action.clone()),
                None => resources.push(ResourceDocument {
                    name: name.clone(),
                    id: None,
                    kind: Some(kind.into()),
                    display_name: None,
                    scopes: vec![action.clone()],
                    uris: Vec::new(),
                    attributes: Default::default(),
                    owner: None,
                    owner_managed_access: false,
                }),
            }
            permission.resources = vec![name];
            permission.scopes = vec![action];
        }
        Tables {
            resources,
            permissions,
        }
    }
}

/// Whether it covers every scope of its resources.
fn is_whole(permission: &PermissionDocument) -> bool {
    permission.kind.as_deref() == Some("resource")
}

fn answer(result: Result<(), Closed>) -> Judged {
    Judged {
        result,
        determining: BTreeSet::new(),
    }
}

/// The effects as one, by the strategy; `None` when there is none. What nobody said is taken for each
/// number of permits that it could be.
fn combined(strategy: DecisionStrategy, effects: &[Effect]) -> Option<Effect> {
    let count = |wanted| effects.iter().filter(|effect| **effect == wanted).count();
    let mut outcomes = (0..=count(Effect::Open)).map(|more| {
        let permits = count(Effect::Permit) + more;
        let denials = effects.len() - permits;
        match strategy {
            DecisionStrategy::Unanimous => denials == 0,
            DecisionStrategy::Affirmative => permits > 0,
            DecisionStrategy::Consensus => permits > denials,
        }
    });
    let first = outcomes.next()?;
    Some(match outcomes.all(|other| other == first) {
        _ if effects.is_empty() => return None,
        true if first => Effect::Permit,
        true => Effect::Deny,
        false => Effect::Open,
    })
}

/// Adds the policies on which an outcome rests: those that came to it themselves, and within them the same.
fn rests_on(name: &str, outcome: Effect, voted: &[Voted], determining: &mut BTreeSet<String>) {
    for policy in voted.iter().filter(|policy| policy.effect == outcome) {
        let name = format!("{name}/{}", policy.name);
        if let Some(below) = policy.below {
            rests_on(&name, below, &policy.children, determining);
        }
        determining.insert(name);
    }
}
