//! Finds things of a document by their internal ids.

use cambist::realm::document::{
    ClientDocument, ClientScopeDocument, GroupDocument, RealmDocument, RoleDocument,
};
use cambist_keycloak::group;

use crate::answer::Failure;

pub(crate) fn client<'d>(
    document: &'d RealmDocument,
    id: &str,
) -> Result<&'d ClientDocument, Failure> {
    let found = document
        .clients
        .iter()
        .find(|client| client.uuid.as_deref() == Some(id));
    found.ok_or_else(|| Failure::not_found("Could not find client"))
}

pub(crate) fn client_mut<'d>(
    document: &'d mut RealmDocument,
    id: &str,
) -> Result<&'d mut ClientDocument, Failure> {
    let found = document
        .clients
        .iter_mut()
        .find(|client| client.uuid.as_deref() == Some(id));
    found.ok_or_else(|| Failure::not_found("Could not find client"))
}

pub(crate) fn scope<'d>(
    document: &'d RealmDocument,
    id: &str,
) -> Result<&'d ClientScopeDocument, Failure> {
    let found = document
        .client_scopes
        .iter()
        .flatten()
        .find(|scope| scope.id.as_deref() == Some(id));
    found.ok_or_else(|| Failure::not_found("Could not find client scope"))
}

pub(crate) fn scope_mut<'d>(
    document: &'d mut RealmDocument,
    id: &str,
) -> Result<&'d mut ClientScopeDocument, Failure> {
    let found = document
        .client_scopes
        .iter_mut()
        .flatten()
        .find(|scope| scope.id.as_deref() == Some(id));
    found.ok_or_else(|| Failure::not_found("Could not find client scope"))
}

/// Whose role it is: the realm's, or that of the client with this `client_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Realm,
    Client(String),
}

/// A role with its owner.
#[derive(Clone, Debug)]
pub(crate) struct Found<'d> {
    pub(crate) owner: Owner,
    pub(crate) role: &'d RoleDocument,
    /// Internal id of realm or client.
    pub(crate) container: &'d str,
}

/// Every role of the realm and its clients.
pub(crate) fn roles(document: &RealmDocument) -> impl Iterator<Item = Found<'_>> {
    let realm = document.id.as_deref().unwrap_or(&document.realm);
    let of_realm = document.roles.iter().map(move |role| Found {
        owner: Owner::Realm,
        role,
        container: realm,
    });
    let of_clients = document.clients.iter().flat_map(|client| {
        client.roles.iter().map(|role| Found {
            owner: Owner::Client(client.id.clone()),
            role,
            container: client.uuid.as_deref().unwrap_or(&client.id),
        })
    });
    of_realm.chain(of_clients)
}

pub(crate) fn role<'d>(document: &'d RealmDocument, id: &str) -> Option<Found<'d>> {
    roles(document).find(|found| found.role.id.as_deref() == Some(id))
}

/// The list of roles of an owner.
pub(crate) fn roles_mut<'d>(
    document: &'d mut RealmDocument,
    owner: &Owner,
) -> Result<&'d mut Vec<RoleDocument>, Failure> {
    match owner {
        Owner::Realm => Ok(&mut document.roles),
        Owner::Client(id) => document
            .clients
            .iter_mut()
            .find(|client| client.id == *id)
            .map(|client| &mut client.roles)
            .ok_or_else(|| Failure::not_found("Could not find client")),
    }
}

/// A group, its path, and the internal id of the group above.
#[derive(Clone, Debug)]
pub(crate) struct Placed<'d> {
    pub(crate) group: &'d GroupDocument,
    pub(crate) path: String,
    pub(crate) parent: Option<&'d str>,
}

/// Every group, those above before those below.
pub(crate) fn groups(document: &RealmDocument) -> Vec<Placed<'_>> {
    fn collect<'d>(
        list: &'d [GroupDocument],
        above: &str,
        parent: Option<&'d str>,
        found: &mut Vec<Placed<'d>>,
    ) {
        for group in list {
            let path = group::path(above, &group.name);
            found.push(Placed {
                group,
                path: path.clone(),
                parent,
            });
            collect(&group.groups, &path, group.id.as_deref(), found);
        }
    }
    let mut found = Vec::new();
    collect(&document.groups, "", None, &mut found);
    found
}

pub(crate) fn group<'d>(document: &'d RealmDocument, id: &str) -> Option<Placed<'d>> {
    groups(document)
        .into_iter()
        .find(|placed| placed.group.id.as_deref() == Some(id))
}

/// A group, wherever it is.
pub(crate) fn group_mut<'d>(
    groups: &'d mut [GroupDocument],
    id: &str,
) -> Option<&'d mut GroupDocument> {
    let mut waiting: Vec<&mut GroupDocument> = groups.iter_mut().collect();
    while let Some(group) = waiting.pop() {
        if group.id.as_deref() == Some(id) {
            return Some(group);
        }
        waiting.extend(group.groups.iter_mut());
    }
    None
}

/// Takes a group out, wherever it is.
pub(crate) fn remove_group(groups: &mut Vec<GroupDocument>, id: &str) -> Option<GroupDocument> {
    if let Some(place) = groups
        .iter()
        .position(|group| group.id.as_deref() == Some(id))
    {
        return Some(groups.remove(place));
    }
    groups
        .iter_mut()
        .find_map(|group| remove_group(&mut group.groups, id))
}
