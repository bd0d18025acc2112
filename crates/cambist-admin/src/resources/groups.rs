//! `/groups`.

use std::collections::BTreeMap;

use cambist::realm::document::{GroupDocument, RealmDocument, RoleNames};
use cambist_keycloak::{Json, Writer, group};

use super::users::{self, MANAGE, VIEW};
use crate::{
    admin::Call,
    answer::{Answer, Failure, created, created_with, done, ok},
    find::{self, Placed},
};

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["view-users", "manage-users", "query-groups"])?;
    let query = call.request.query();
    let search = query.text("search").unwrap_or_default().to_lowercase();
    let exact = query.is_on("exact");
    let mut groups: Vec<Placed<'_>> = find::groups(call.document())
        .into_iter()
        .filter(|placed| {
            let name = placed.group.name.to_lowercase();
            placed.parent.is_none()
                && if exact && !search.is_empty() {
                    name == search
                } else {
                    name.contains(&search)
                }
        })
        .collect();
    groups.sort_by(|one, other| one.group.name.cmp(&other.group.name));
    Ok(ok(query
        .paged(groups)
        .iter()
        .map(brief)
        .collect::<Vec<Json>>()))
}

pub(crate) fn count(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(VIEW)?;
    let count = i64::try_from(find::groups(call.document()).len()).unwrap_or(i64::MAX);
    Ok(ok(Writer::new().with("count", count)))
}

/// Makes a group at the top, or below `parent`.
pub(crate) async fn create(call: &Call<'_>, parent: Option<&str>) -> Result<Answer, Failure> {
    if let Some(parent) = parent {
        find::group(call.document(), parent).ok_or_else(no_group)?;
    }
    call.require(MANAGE)?;
    let new_id = call.admin.new_id()?;
    let name = call.request.members()?.text("name")?.unwrap_or_default();
    if name.trim().is_empty() {
        return Err(Failure::bad_message("Group name is missing"));
    }
    let mut made = GroupDocument {
        name: name.clone(),
        id: Some(new_id.clone()),
        roles: RoleNames::default(),
        attributes: BTreeMap::new(),
        groups: Vec::new(),
    };
    call.request
        .read("GroupRepresentation", |members, report| {
            group::apply(
                &mut made,
                members.without(&["id", "realmRoles", "clientRoles"]),
                report,
            )
        })?;
    let insert = |document: &mut RealmDocument| {
        let siblings = match parent {
            None => &mut document.groups,
            Some(parent) => {
                &mut find::group_mut(&mut document.groups, parent)
                    .ok_or_else(no_group)?
                    .groups
            }
        };
        if siblings.iter().any(|other| other.name == name) {
            return Err(taken(parent.is_none(), &name));
        }
        siblings.push(made.clone());
        Ok(())
    };
    let ((), loaded) = call.admin.change(&call.name, insert).await?;
    let location = call.location(&["groups", &new_id]);
    match (parent, find::group(&loaded.document, &new_id)) {
        (Some(_), Some(placed)) => Ok(created_with(&location, full(&placed))),
        _ => Ok(created(&location)),
    }
}

pub(crate) fn get(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let placed = find::group(call.document(), id).ok_or_else(no_group)?;
    call.require(VIEW)?;
    Ok(ok(full(&placed)))
}

pub(crate) fn children(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::group(call.document(), id).ok_or_else(no_group)?;
    call.require(VIEW)?;
    let groups = find::groups(call.document());
    let below = groups.iter().filter(|placed| placed.parent == Some(id));
    Ok(ok(call
        .request
        .query()
        .paged(below)
        .into_iter()
        .map(full)
        .collect::<Vec<Json>>()))
}

pub(crate) async fn put(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::group(call.document(), id).ok_or_else(no_group)?;
    call.require(MANAGE)?;
    let update = |document: &mut RealmDocument| {
        let placed = find::group(document, id).ok_or_else(no_group)?;
        let (old, parent) = (placed.group.name.clone(), placed.parent.map(str::to_owned));
        let group = find::group_mut(&mut document.groups, id).ok_or_else(no_group)?;
        call.request
            .read("GroupRepresentation", |members, report| {
                group::apply(
                    group,
                    members.without(&["id", "realmRoles", "clientRoles"]),
                    report,
                )
            })?;
        let new = group.name.clone();
        let siblings = find::groups(document);
        let same = siblings
            .iter()
            .filter(|other| other.parent == parent.as_deref() && other.group.name == new);
        if old != new && same.count() > 1 {
            return Err(taken(parent.is_none(), &new));
        }
        Ok(())
    };
    call.change(update).await?;
    Ok(done())
}

pub(crate) async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::group(call.document(), id).ok_or_else(no_group)?;
    call.require(MANAGE)?;
    let remove = |document: &mut RealmDocument| {
        find::remove_group(&mut document.groups, id).ok_or_else(no_group)?;
        Ok(())
    };
    call.change(remove).await?;
    Ok(done())
}

pub(crate) async fn members(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::group(call.document(), id).ok_or_else(no_group)?;
    call.require(VIEW)?;
    let users = call
        .store()
        .group_members(&call.name, id, call.request.query().page())
        .await?;
    Ok(ok(users
        .iter()
        .map(|user| users::to_json(call, user))
        .collect::<Vec<Json>>()))
}

/// A group as lists show it.
pub(crate) fn brief(placed: &Placed<'_>) -> Json {
    head(placed).with("subGroups", Vec::<Json>::new()).into()
}

fn full(placed: &Placed<'_>) -> Json {
    head(placed)
        .with("subGroups", Vec::<Json>::new())
        .with_lists("attributes", &placed.group.attributes)
        .with("realmRoles", placed.group.roles.realm.clone())
        .with_lists("clientRoles", &placed.group.roles.clients)
        .into()
}

fn head(placed: &Placed<'_>) -> Writer {
    Writer::new()
        .with_some("id", placed.group.id.clone())
        .with("name", placed.group.name.clone())
        .with("path", placed.path.clone())
        .with_some("parentId", placed.parent)
        .with(
            "subGroupCount",
            i64::try_from(placed.group.groups.len()).unwrap_or(i64::MAX),
        )
}

fn no_group() -> Failure {
    Failure::not_found("Could not find group by id")
}

fn taken(top: bool, name: &str) -> Failure {
    Failure::exists(if top {
        format!("Top level group named '{name}' already exists.")
    } else {
        format!("Sibling group named '{name}' already exists.")
    })
}
