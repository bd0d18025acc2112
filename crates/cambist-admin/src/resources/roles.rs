//! `/roles`, `/clients/{id}/roles`, `/roles-by-id`, and what is inside a role.

use cambist::realm::{
    builtin::default_role_name,
    document::{RealmDocument, RoleDocument, RoleNames},
};
use cambist_keycloak::{Json, Members, Writer, role};

use crate::{
    admin::Call,
    answer::{Answer, Failure, created, done, done_no_cache, ok},
    find::{self, Found, Owner},
    references,
};

/// Whose roles: the realm's, or those of the client with this internal id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of<'a> {
    Realm,
    Client(&'a str),
}

impl Of<'_> {
    pub(crate) fn owner(self, document: &RealmDocument) -> Result<Owner, Failure> {
        match self {
            Self::Realm => Ok(Owner::Realm),
            Self::Client(id) => {
                find::client(document, id).map(|client| Owner::Client(client.id.clone()))
            }
        }
    }

    const fn view(self) -> &'static [&'static str] {
        match self {
            Self::Realm => &["view-realm", "manage-realm", "view-users", "manage-users"],
            Self::Client(_) => &[
                "view-clients",
                "manage-clients",
                "view-users",
                "manage-users",
            ],
        }
    }

    const fn manage(self) -> &'static [&'static str] {
        match self {
            Self::Realm => &["manage-realm"],
            Self::Client(_) => &["manage-clients"],
        }
    }
}

/// How a call names a role.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'a> {
    Name(Of<'a>, &'a str),
    Id(&'a str),
}

impl Which<'_> {
    fn find(self, document: &RealmDocument) -> Result<Found<'_>, Failure> {
        let found = match self {
            Self::Name(of, name) => {
                let owner = of.owner(document)?;
                find::roles(document).find(|found| found.owner == owner && found.role.name == name)
            }
            Self::Id(id) => find::role(document, id),
        };
        found.ok_or_else(|| match self {
            Self::Name(..) => Failure::not_found("Could not find role"),
            Self::Id(_) => Failure::not_found("Could not find role with id"),
        })
    }

    /// Whose right counts.
    fn rights(found: &Found<'_>) -> (&'static [&'static str], &'static [&'static str]) {
        let of = if found.owner == Owner::Realm {
            Of::Realm
        } else {
            Of::Client("")
        };
        (of.view(), of.manage())
    }
}

pub(crate) fn list(call: &Call<'_>, of: Of<'_>) -> Result<Answer, Failure> {
    let owner = of.owner(call.document())?;
    call.require(of.view())?;
    let query = call.request.query();
    let search = query.text("search").unwrap_or_default().to_lowercase();
    let mut roles: Vec<Found<'_>> = find::roles(call.document())
        .filter(|found| found.owner == owner && found.role.name.to_lowercase().contains(&search))
        .collect();
    roles.sort_by(|one, other| one.role.name.cmp(&other.role.name));
    Ok(ok(query
        .paged(roles)
        .iter()
        .map(brief)
        .collect::<Vec<Json>>()))
}

pub(crate) async fn create(call: &Call<'_>, of: Of<'_>) -> Result<Answer, Failure> {
    of.owner(call.document())?;
    call.require(of.manage())?;
    let new_id = call.admin.new_id()?;
    let members = call.request.members()?;
    if !members.has("name") {
        return Err(Failure::bad("role has no name"));
    }
    let mut made = call.request.read("RoleRepresentation", role::read)?;
    made.id = Some(new_id);
    let insert = |document: &mut RealmDocument| {
        let owner = of.owner(document)?;
        let roles = find::roles_mut(document, &owner)?;
        if roles.iter().any(|other| other.name == made.name) {
            return Err(Failure::exists(format!(
                "Role with name {} already exists",
                made.name
            )));
        }
        roles.push(made.clone());
        Ok(())
    };
    call.change(insert).await?;
    Ok(created(&match of {
        Of::Realm => call.location(&["roles", &made.name]),
        Of::Client(id) => call.location(&["clients", id, "roles", &made.name]),
    }))
}

pub(crate) fn get(call: &Call<'_>, which: Which<'_>) -> Result<Answer, Failure> {
    let found = which.find(call.document())?;
    call.require(Which::rights(&found).0)?;
    Ok(ok(full(&found)))
}

pub(crate) async fn put(call: &Call<'_>, which: Which<'_>) -> Result<Answer, Failure> {
    let found = which.find(call.document())?;
    call.require(Which::rights(&found).1)?;
    let update = |document: &mut RealmDocument| {
        let found = which.find(document)?;
        let (owner, old) = (found.owner.clone(), found.role.clone());
        let mut changed = old.clone();
        call.request.read("RoleRepresentation", |members, report| {
            role::apply(&mut changed, members.without(&["id", "composites"]), report)
        })?;
        let roles = find::roles_mut(document, &owner)?;
        if changed.name != old.name && roles.iter().any(|other| other.name == changed.name) {
            return Err(Failure::exists(format!(
                "Role with name {} already exists",
                changed.name
            )));
        }
        let new = changed.name.clone();
        if let Some(place) = roles.iter_mut().find(|other| other.name == old.name) {
            *place = changed;
        }
        if new != old.name {
            references::rename_role(document, &owner, &old.name, &new);
        }
        Ok(())
    };
    call.change(update).await?;
    Ok(done())
}

pub(crate) async fn delete(call: &Call<'_>, which: Which<'_>) -> Result<Answer, Failure> {
    let found = which.find(call.document())?;
    call.require(Which::rights(&found).1)?;
    let remove = |document: &mut RealmDocument| {
        let found = which.find(document)?;
        let (owner, name) = (found.owner.clone(), found.role.name.clone());
        let id = found.role.id.clone().unwrap_or_default();
        if owner == Owner::Realm && name == default_role_name(&document.realm) {
            return Err(Failure::bad_message(format!(
                "{name} is default role of the realm and cannot be removed."
            )));
        }
        find::roles_mut(document, &owner)?.retain(|role| role.name != name);
        references::forget_role(document, &owner, &name, &id);
        Ok(())
    };
    call.change(remove).await?;
    Ok(done_no_cache())
}

/// What is inside a role.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inside<'a> {
    All,
    Realm,
    Client(&'a str),
}

pub(crate) fn composites(
    call: &Call<'_>,
    which: Which<'_>,
    inside: Inside<'_>,
) -> Result<Answer, Failure> {
    let document = call.document();
    let found = which.find(document)?;
    call.require(Which::rights(&found).0)?;
    let wanted = match inside {
        Inside::All => None,
        Inside::Realm => Some(Owner::Realm),
        Inside::Client(id) => Some(Of::Client(id).owner(document)?),
    };
    let names = &found.role.composites;
    let parts = find::roles(document)
        .filter(|part| has(names, &part.owner, &part.role.name))
        .filter(|part| wanted.as_ref().is_none_or(|wanted| *wanted == part.owner));
    Ok(ok(parts.map(|part| brief(&part)).collect::<Vec<Json>>()))
}

/// Puts roles into a role, or takes them out.
pub(crate) async fn set_composites(
    call: &Call<'_>,
    which: Which<'_>,
    add: bool,
) -> Result<Answer, Failure> {
    let found = which.find(call.document())?;
    call.require(Which::rights(&found).1)?;
    let ids = ids_of(call.request.list()?)?;
    if add {
        call.require_hand_on(ids.iter().map(String::as_str))?;
    }
    let update = |document: &mut RealmDocument| {
        let parts: Vec<(Owner, String)> = ids
            .iter()
            .map(|id| {
                let part = find::role(document, id)
                    .ok_or_else(|| Failure::not_found("Could not find composite role"))?;
                Ok((part.owner.clone(), part.role.name.clone()))
            })
            .collect::<Result<_, Failure>>()?;
        let found = which.find(document)?;
        let (owner, name) = (found.owner.clone(), found.role.name.clone());
        let role = find::roles_mut(document, &owner)?
            .iter_mut()
            .find(|role| role.name == name);
        if let Some(role) = role {
            set(&mut role.composites, &parts, add);
        }
        Ok(())
    };
    call.change(update).await?;
    Ok(done())
}

/// The users to whom a role was given itself.
pub(crate) async fn users(call: &Call<'_>, which: Which<'_>) -> Result<Answer, Failure> {
    let found = which.find(call.document())?;
    call.require(super::users::VIEW)?;
    let id = found.role.id.clone().unwrap_or_default();
    let users = call
        .store()
        .role_users(&call.name, &id, call.request.query().page())
        .await?;
    Ok(ok(users
        .iter()
        .map(|user| super::users::to_json(call, user))
        .collect::<Vec<Json>>()))
}

/// The `id` of each object.
fn ids_of(list: Vec<Members>) -> Result<Vec<String>, Failure> {
    list.into_iter()
        .map(|mut members| Ok(members.text("id")?.unwrap_or_default()))
        .collect()
}

/// Adds roles to a list of names, or takes them away.
pub(crate) fn set(names: &mut RoleNames, parts: &[(Owner, String)], add: bool) {
    for (owner, name) in parts {
        let list = match owner {
            Owner::Realm => &mut names.realm,
            Owner::Client(client) => names.clients.entry(client.clone()).or_default(),
        };
        list.retain(|other| other != name);
        if add {
            list.push(name.clone());
        }
    }
    names.clients.retain(|_, list| !list.is_empty());
}

/// Whether a list of names holds the role.
pub(crate) fn has(names: &RoleNames, owner: &Owner, name: &str) -> bool {
    let list = match owner {
        Owner::Realm => Some(&names.realm),
        Owner::Client(client) => names.clients.get(client),
    };
    list.is_some_and(|list| list.iter().any(|other| other == name))
}

/// The roles that a request names, which must be roles of this owner under both name and id.
pub(crate) fn named(
    document: &RealmDocument,
    owner: &Owner,
    list: Vec<Members>,
) -> Result<Vec<(String, String)>, Failure> {
    list.into_iter()
        .map(|mut members| {
            let (id, name) = (members.text("id")?, members.text("name")?);
            find::roles(document)
                .find(|found| found.owner == *owner && Some(&found.role.name) == name.as_ref())
                .filter(|found| id.is_some() && found.role.id == id)
                .map(|found| {
                    (
                        found.role.id.clone().unwrap_or_default(),
                        found.role.name.clone(),
                    )
                })
                .ok_or_else(|| Failure::not_found("Role not found"))
        })
        .collect()
}

/// A role as lists show it.
pub(crate) fn brief(found: &Found<'_>) -> Json {
    head(found.role, found.container, found.owner != Owner::Realm).into()
}

fn full(found: &Found<'_>) -> Json {
    head(found.role, found.container, found.owner != Owner::Realm)
        .with_lists("attributes", &found.role.attributes)
        .into()
}

fn head(role: &RoleDocument, container: &str, client_role: bool) -> Writer {
    Writer::new()
        .with_some("id", role.id.clone())
        .with("name", role.name.clone())
        .with_some("description", role.description.clone())
        .with("composite", !role.composites.is_empty())
        .with("clientRole", client_role)
        .with("containerId", container)
}
