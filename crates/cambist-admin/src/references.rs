//! Keeps names right when what they name is renamed or deleted.

use cambist::realm::document::{PolicyDocument, RealmDocument, RoleNames};
use serde_json::Value;

use crate::find::Owner;

/// A client has another `client_id` now.
pub(crate) fn rename_client(document: &mut RealmDocument, old: &str, new: &str) {
    for names in role_names(document) {
        if let Some(roles) = names.clients.remove(old) {
            names.clients.insert(new.to_owned(), roles);
        }
    }
    for policy in &mut document.policies {
        for client in policy
            .clients
            .iter_mut()
            .flatten()
            .filter(|client| *client == old)
        {
            new.clone_into(client);
        }
        for_each_id(policy, "roles", |id| {
            id.strip_prefix(old)?
                .strip_prefix('/')
                .map(|role| format!("{new}/{role}"))
        });
    }
}

/// A client is gone: its roles leave every list, and it leaves every client policy.
pub(crate) fn forget_client(document: &mut RealmDocument, id: &str, uuid: &str) {
    for names in role_names(document) {
        names.clients.remove(id);
    }
    for policy in &mut document.policies {
        if let Some(clients) = &mut policy.clients {
            clients.retain(|client| client != id && client != uuid);
        }
    }
}

/// A role has another name now.
pub(crate) fn rename_role(document: &mut RealmDocument, owner: &Owner, old: &str, new: &str) {
    for names in role_names(document) {
        let list = match owner {
            Owner::Realm => Some(&mut names.realm),
            Owner::Client(client) => names.clients.get_mut(client),
        };
        for name in list.into_iter().flatten().filter(|name| *name == old) {
            new.clone_into(name);
        }
    }
    if *owner == Owner::Realm {
        for name in document
            .default_roles
            .iter_mut()
            .filter(|name| *name == old)
        {
            new.clone_into(name);
        }
    }
    let (old, new) = match owner {
        Owner::Realm => (old.to_owned(), new.to_owned()),
        Owner::Client(client) => (format!("{client}/{old}"), format!("{client}/{new}")),
    };
    for policy in &mut document.policies {
        for_each_id(policy, "roles", |id| (id == old).then(|| new.clone()));
    }
}

/// A role is gone.
pub(crate) fn forget_role(document: &mut RealmDocument, owner: &Owner, name: &str, id: &str) {
    for names in role_names(document) {
        match owner {
            Owner::Realm => names.realm.retain(|other| other != name),
            Owner::Client(client) => {
                if let Some(list) = names.clients.get_mut(client) {
                    list.retain(|other| other != name);
                }
                names.clients.retain(|_, list| !list.is_empty());
            }
        }
    }
    let full = match owner {
        Owner::Realm => {
            document.default_roles.retain(|other| other != name);
            name.to_owned()
        }
        Owner::Client(client) => format!("{client}/{name}"),
    };
    for policy in &mut document.policies {
        drop_ids(policy, "roles", &[&full, id]);
    }
}

/// A client scope has another name now.
pub(crate) fn rename_scope(document: &mut RealmDocument, old: &str, new: &str) {
    for list in scope_lists(document) {
        for name in list.iter_mut().filter(|name| *name == old) {
            new.clone_into(name);
        }
    }
    for policy in &mut document.policies {
        for_each_id(policy, "clientScopes", |id| {
            (id == old).then(|| new.to_owned())
        });
    }
}

/// A client scope is gone.
pub(crate) fn forget_scope(document: &mut RealmDocument, name: &str, id: &str) {
    for list in scope_lists(document) {
        list.retain(|other| other != name);
    }
    for policy in &mut document.policies {
        drop_ids(policy, "clientScopes", &[name, id]);
    }
}

/// Every list of roles by name.
fn role_names(document: &mut RealmDocument) -> Vec<&mut RoleNames> {
    let mut lists: Vec<&mut RoleNames> = Vec::new();
    lists.extend(document.roles.iter_mut().map(|role| &mut role.composites));
    for client in &mut document.clients {
        lists.push(&mut client.scope_mappings);
        lists.extend(client.roles.iter_mut().map(|role| &mut role.composites));
    }
    lists.extend(
        document
            .client_scopes
            .iter_mut()
            .flatten()
            .map(|scope| &mut scope.scope_mappings),
    );
    let mut waiting: Vec<_> = document.groups.iter_mut().collect();
    while let Some(group) = waiting.pop() {
        lists.push(&mut group.roles);
        waiting.extend(group.groups.iter_mut());
    }
    lists
}

fn scope_lists(document: &mut RealmDocument) -> impl Iterator<Item = &mut Vec<String>> {
    let of_realm = document
        .default_scopes
        .iter_mut()
        .chain(document.optional_scopes.iter_mut());
    let of_clients = document.clients.iter_mut().flat_map(|client| {
        client
            .default_scopes
            .iter_mut()
            .chain(client.optional_scopes.iter_mut())
    });
    of_realm.chain(of_clients)
}

/// Replaces the `id` of the objects in a list of a policy's configuration.
fn for_each_id(policy: &mut PolicyDocument, list: &str, replace: impl Fn(&str) -> Option<String>) {
    let Some(Value::Array(items)) = policy.config.get_mut(list) else {
        return;
    };
    for id in items.iter_mut().filter_map(|item| item.get_mut("id")) {
        if let Some(new) = id.as_str().and_then(&replace) {
            *id = Value::String(new);
        }
    }
}

/// Takes objects with one of these ids out of a list of a policy's configuration.
fn drop_ids(policy: &mut PolicyDocument, list: &str, ids: &[&str]) {
    if let Some(Value::Array(items)) = policy.config.get_mut(list) {
        items.retain(|item| {
            !item
                .get("id")
                .and_then(Value::as_str)
                .is_some_and(|id| ids.contains(&id))
        });
    }
}

#[cfg(test)]
mod tests {
    use cambist::realm::document::{ClientDocument, RealmDocument};

    use super::{forget_client, rename_client};

    fn realm() -> RealmDocument {
        let mut document = RealmDocument::named("r");
        let mut client = ClientDocument::named("a");
        client
            .scope_mappings
            .clients
            .insert("b".to_owned(), vec!["view".to_owned()]);
        document.clients.push(client);
        document
    }

    #[test]
    fn names_follow_a_renaming() {
        let mut document = realm();
        rename_client(&mut document, "b", "c");
        let mapped = |document: &RealmDocument| {
            document.clients.first().map(|client| {
                client
                    .scope_mappings
                    .clients
                    .keys()
                    .cloned()
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(mapped(&document), Some(vec!["c".to_owned()]));
        forget_client(&mut document, "c", "0");
        assert_eq!(mapped(&document), Some(vec![]));
    }
}
