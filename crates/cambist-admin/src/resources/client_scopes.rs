//! `/client-scopes`, the scopes of a client, and the scopes that new clients get.

use cambist::realm::document::{ClientScopeDocument, RealmDocument};
use cambist_keycloak::{Json, Writer, client_scope};

use super::clients::{self, MANAGE, VIEW};
use crate::{
    admin::Call,
    answer::{Answer, Failure, created_no_cache, done, done_no_cache, ok},
    find, references,
};

/// One of the two lists of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Default,
    Optional,
}

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(VIEW)?;
    let scopes: Vec<Json> = call
        .document()
        .client_scopes
        .iter()
        .flatten()
        .map(client_scope::to_json)
        .collect();
    Ok(ok(scopes))
}

pub(crate) async fn create(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(MANAGE)?;
    let new_id = call.admin.new_id()?;
    let (mut scope, protocol) =
        call.request
            .read("ClientScopeRepresentation", |members, report| {
                let protocol = members.has("protocol");
                Ok((client_scope::read(members, report)?, protocol))
            })?;
    if !protocol || !matches!(scope.protocol.as_str(), "openid-connect" | "saml") {
        return Err(Failure::bad_message("Unexpected protocol"));
    }
    let id = scope.id.get_or_insert(new_id).clone();
    for mapper in &mut scope.mappers {
        if mapper.id.is_none() {
            mapper.id = Some(call.admin.new_id()?);
        }
    }
    let insert = |document: &mut RealmDocument| {
        let scopes = document.client_scopes.get_or_insert_with(Vec::new);
        if scopes.iter().any(|other| other.name == scope.name) {
            return Err(Failure::exists(format!(
                "Client Scope {} already exists",
                scope.name
            )));
        }
        if scopes.iter().any(|other| other.id == scope.id) {
            return Err(Failure::duplicate());
        }
        scopes.push(scope.clone());
        Ok(())
    };
    call.change(insert).await?;
    Ok(created_no_cache(&call.location(&["client-scopes", &id])))
}

pub(crate) fn get(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let scope = find::scope(call.document(), id)?;
    call.require(VIEW)?;
    Ok(ok(client_scope::to_json(scope)))
}

pub(crate) async fn put(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::scope(call.document(), id)?;
    call.require(MANAGE)?;
    let update = |document: &mut RealmDocument| {
        let scope = find::scope_mut(document, id)?;
        let (old, mappers) = (scope.name.clone(), scope.mappers.clone());
        call.request
            .read("ClientScopeRepresentation", |members, report| {
                client_scope::apply(scope, members.without(&["id"]), report)
            })?;
        // Mappers have calls of their own.
        scope.mappers = mappers;
        let new = scope.name.clone();
        if old != new {
            if document
                .client_scopes
                .iter()
                .flatten()
                .filter(|scope| scope.name == new)
                .count()
                > 1
            {
                return Err(Failure::exists(format!(
                    "Client Scope {new} already exists"
                )));
            }
            references::rename_scope(document, &old, &new);
        }
        Ok(())
    };
    call.change(update).await?;
    Ok(done())
}

pub(crate) async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::scope(call.document(), id)?;
    call.require(MANAGE)?;
    let remove = |document: &mut RealmDocument| {
        let name = find::scope(document, id)?.name.clone();
        if let Some(scopes) = &mut document.client_scopes {
            scopes.retain(|scope| scope.id.as_deref() != Some(id));
        }
        references::forget_scope(document, &name, id);
        Ok(())
    };
    call.change(remove).await?;
    Ok(done_no_cache())
}

/// The scopes of a client.
pub(crate) fn of_client(call: &Call<'_>, client: &str, list: List) -> Result<Answer, Failure> {
    let client = find::client(call.document(), client)?;
    call.require(VIEW)?;
    let (default, optional) = clients::scopes_of(call.document(), client);
    let names = if list == List::Default {
        default
    } else {
        optional
    };
    let scopes = names
        .iter()
        .filter_map(|name| by_name(call.document(), name));
    let scopes: Vec<Json> = scopes
        .map(|scope| {
            Writer::new()
                .with_some("id", scope.id.clone())
                .with("name", scope.name.clone())
                .into()
        })
        .collect();
    Ok(ok(scopes))
}

/// Gives a client a scope. One that is in the other list already stays there.
pub(crate) async fn assign(
    call: &Call<'_>,
    client: &str,
    list: List,
    id: &str,
) -> Result<Answer, Failure> {
    change_list(call, client, id, |name, default, optional| {
        let (wanted, other) = if list == List::Default {
            (default, optional)
        } else {
            (optional, default)
        };
        if !wanted.contains(name) && !other.contains(name) {
            wanted.push(name.clone());
        }
    })
    .await
}

/// Takes a scope from a client, from whichever list it is in.
pub(crate) async fn unassign(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    change_list(call, client, id, |name, default, optional| {
        default.retain(|other| other != name);
        optional.retain(|other| other != name);
    })
    .await
}

async fn change_list(
    call: &Call<'_>,
    client: &str,
    id: &str,
    change: impl Fn(&String, &mut Vec<String>, &mut Vec<String>),
) -> Result<Answer, Failure> {
    find::client(call.document(), client)?;
    call.require(MANAGE)?;
    let update = |document: &mut RealmDocument| {
        let name = find::scope(document, id)
            .map_err(|_| Failure::not_found("Client scope not found"))?
            .name
            .clone();
        let (mut default, mut optional) =
            clients::scopes_of(document, find::client(document, client)?);
        change(&name, &mut default, &mut optional);
        let client = find::client_mut(document, client)?;
        client.default_scopes = Some(default);
        client.optional_scopes = Some(optional);
        Ok(())
    };
    call.change(update).await?;
    Ok(done_no_cache())
}

/// The scopes that a new client gets.
pub(crate) fn of_realm(call: &Call<'_>, list: List) -> Result<Answer, Failure> {
    call.require(VIEW)?;
    let document = call.document();
    let names = if list == List::Default {
        &document.default_scopes
    } else {
        &document.optional_scopes
    };
    let scopes: Vec<Json> = names
        .iter()
        .flatten()
        .filter_map(|name| by_name(document, name))
        .map(|scope| {
            Writer::new()
                .with_some("id", scope.id.clone())
                .with("name", scope.name.clone())
                .with("protocol", scope.protocol.clone())
                .into()
        })
        .collect();
    Ok(ok(scopes))
}

/// Adds a scope to what new clients get, or takes it away. Clients that are there keep what they have.
pub(crate) async fn set_of_realm(
    call: &Call<'_>,
    list: List,
    id: &str,
    add: bool,
) -> Result<Answer, Failure> {
    call.require(MANAGE)?;
    let update = |document: &mut RealmDocument| {
        let name = find::scope(document, id)
            .map_err(|_| Failure::not_found("Client scope not found"))?
            .name
            .clone();
        clients::pin_scopes(document);
        for names in [&mut document.default_scopes, &mut document.optional_scopes] {
            names
                .get_or_insert_with(Vec::new)
                .retain(|other| *other != name);
        }
        if add {
            let names = if list == List::Default {
                &mut document.default_scopes
            } else {
                &mut document.optional_scopes
            };
            names.get_or_insert_with(Vec::new).push(name);
        }
        Ok(())
    };
    call.change(update).await?;
    Ok(done_no_cache())
}

fn by_name<'d>(document: &'d RealmDocument, name: &str) -> Option<&'d ClientScopeDocument> {
    document
        .client_scopes
        .iter()
        .flatten()
        .find(|scope| scope.name == name)
}
