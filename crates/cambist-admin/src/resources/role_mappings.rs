//! The roles given to a user, a group, a client or a client scope.

use std::collections::BTreeSet;

use cambist::realm::document::{RealmDocument, RoleNames};
use cambist_keycloak::{Json, Writer};

use super::{
    clients,
    roles::{self, Of, brief, has},
};
use crate::{
    admin::Call,
    answer::{Answer, Failure, done, ok},
    find::{self, Found, Owner},
    resources::users,
};

/// To whom roles are given, by internal id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To<'a> {
    User(&'a str),
    Group(&'a str),
    /// The roles that may enter a client's tokens.
    Client(&'a str),
    /// The roles bound to a client scope.
    Scope(&'a str),
}

/// Which of the roles are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Given,
    Effective,
    Available,
}

impl To<'_> {
    const fn view(self) -> &'static [&'static str] {
        match self {
            Self::User(_) | Self::Group(_) => users::VIEW,
            Self::Client(_) | Self::Scope(_) => clients::VIEW,
        }
    }

    const fn manage(self) -> &'static [&'static str] {
        match self {
            Self::User(_) | Self::Group(_) => users::MANAGE,
            Self::Client(_) | Self::Scope(_) => clients::MANAGE,
        }
    }

    /// Internal ids of the roles given.
    async fn given(self, call: &Call<'_>) -> Result<BTreeSet<String>, Failure> {
        let document = call.document();
        let by_name = |names: &RoleNames| -> BTreeSet<String> {
            find::roles(document)
                .filter(|found| has(names, &found.owner, &found.role.name))
                .filter_map(|found| found.role.id.clone())
                .collect()
        };
        match self {
            Self::User(id) => Ok(users::find(call, id).await?.roles.iter().cloned().collect()),
            Self::Group(id) => {
                let placed = find::group(document, id)
                    .ok_or_else(|| Failure::not_found("Could not find group by id"))?;
                Ok(by_name(&placed.group.roles))
            }
            Self::Client(id) => Ok(by_name(&find::client(document, id)?.scope_mappings)),
            Self::Scope(id) => Ok(by_name(&find::scope(document, id)?.scope_mappings)),
        }
    }
}

/// All roles given, realm and clients apart.
pub(crate) async fn all(call: &Call<'_>, to: To<'_>) -> Result<Answer, Failure> {
    let given = to.given(call).await?;
    call.require(to.view())?;
    let document = call.document();
    let is_given = |found: &Found<'_>| found.role.id.as_ref().is_some_and(|id| given.contains(id));
    let realm: Vec<Json> = find::roles(document)
        .filter(|found| found.owner == Owner::Realm && is_given(found))
        .map(|found| brief(&found))
        .collect();
    let mut of_clients = Vec::new();
    for client in &document.clients {
        let owner = Owner::Client(client.id.clone());
        let list: Vec<Json> = find::roles(document)
            .filter(|found| found.owner == owner && is_given(found))
            .map(|found| brief(&found))
            .collect();
        if !list.is_empty() {
            let json = Writer::new()
                .with_some("id", client.uuid.clone())
                .with("client", client.id.clone())
                .with("mappings", list);
            of_clients.push((client.id.clone(), Json::from(json)));
        }
    }
    let writer = Writer::new().with_list("realmMappings", realm);
    Ok(ok(if of_clients.is_empty() {
        writer
    } else {
        writer.with("clientMappings", Json::Object(of_clients))
    }))
}

/// Roles of the realm or of one client.
pub(crate) async fn list(
    call: &Call<'_>,
    to: To<'_>,
    of: Of<'_>,
    asked: Asked,
) -> Result<Answer, Failure> {
    let given = to.given(call).await?;
    let owner = of.owner(call.document())?;
    call.require(to.view())?;
    let effective = match (asked, to) {
        (Asked::Effective, To::User(id)) => effective_of_user(call, id).await?,
        (Asked::Effective, _) => expanded(call, &given),
        _ => BTreeSet::new(),
    };
    let wanted = |id: &str| match asked {
        Asked::Given => given.contains(id),
        Asked::Effective => effective.contains(id),
        Asked::Available => !given.contains(id),
    };
    let roles = find::roles(call.document())
        .filter(|found| found.owner == owner && found.role.id.as_deref().is_some_and(wanted));
    Ok(ok(roles.map(|found| brief(&found)).collect::<Vec<Json>>()))
}

/// Gives roles, or takes them away.
pub(crate) async fn set(
    call: &Call<'_>,
    to: To<'_>,
    of: Of<'_>,
    add: bool,
) -> Result<Answer, Failure> {
    to.given(call).await?;
    let owner = of.owner(call.document())?;
    call.require(to.manage())?;
    let roles = roles::named(call.document(), &owner, call.request.list()?)?;
    if add && matches!(to, To::User(_) | To::Group(_)) {
        call.require_hand_on(roles.iter().map(|(id, _)| id.as_str()))?;
    }
    if let To::User(id) = to {
        users::change(call, id, |user| {
            for (role, _) in &roles {
                user.roles.retain(|other| other != role);
                if add {
                    user.roles.push(role.clone());
                }
            }
            Ok(())
        })
        .await?;
        return Ok(done());
    }
    let parts: Vec<(Owner, String)> = roles
        .into_iter()
        .map(|(_, name)| (owner.clone(), name))
        .collect();
    let update = |document: &mut RealmDocument| {
        let names = match to {
            To::Group(id) => {
                find::group_mut(&mut document.groups, id).map(|group| &mut group.roles)
            }
            To::Client(id) => Some(&mut find::client_mut(document, id)?.scope_mappings),
            To::Scope(id) => Some(&mut find::scope_mut(document, id)?.scope_mappings),
            To::User(_) => None,
        };
        roles::set(
            names.ok_or_else(|| Failure::not_found("Could not find group by id"))?,
            &parts,
            add,
        );
        Ok(())
    };
    call.change(update).await?;
    Ok(done())
}

async fn effective_of_user(call: &Call<'_>, id: &str) -> Result<BTreeSet<String>, Failure> {
    let user = users::find(call, id).await?;
    let realm = &call.loaded.realm;
    let roles = cambist::claims::effective_roles(realm, &user);
    Ok(roles
        .iter()
        .filter_map(|number| realm.role(number))
        .map(|role| role.id().to_owned())
        .collect())
}

/// These roles and all that come with them.
fn expanded(call: &Call<'_>, given: &BTreeSet<String>) -> BTreeSet<String> {
    let realm = &call.loaded.realm;
    given
        .iter()
        .filter_map(|id| realm.role_by_id(id))
        .flat_map(|role| role.closure().iter().collect::<Vec<_>>())
        .filter_map(|number| realm.role(number))
        .map(|role| role.id().to_owned())
        .collect()
}
