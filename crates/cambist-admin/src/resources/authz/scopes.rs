//! `…/scope`.

use cambist::realm::document::{AuthorizationScopeDocument, PermissionDocument, RealmDocument};
use cambist_keycloak::{Json, Writer, authorization};
use http::StatusCode;

use super::{enter, enter_to_change, not_found, store_mut};
use crate::{
    admin::Call,
    answer::{Answer, Failure, done, made, ok},
};

pub(crate) fn list(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    let (_, store) = enter(call, client)?;
    let query = call.request.query();
    let name = query.text("name").unwrap_or_default().to_lowercase();
    let mut found: Vec<&AuthorizationScopeDocument> = store
        .scopes
        .iter()
        .filter(|scope| scope.name.to_lowercase().contains(&name))
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(ok(query
        .paged(found)
        .into_iter()
        .map(authorization::scope_to_json)
        .collect::<Vec<Json>>()))
}

/// One scope by its exact name.
pub(crate) fn search(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    let (_, store) = enter(call, client)?;
    let query = call.request.query();
    let Some(name) = query.text("name") else {
        return Err(Failure::Empty(StatusCode::BAD_REQUEST));
    };
    let found = store.scopes.iter().find(|scope| scope.name == name);
    Ok(ok(authorization::scope_to_json(
        found.ok_or(Failure::Empty(StatusCode::NO_CONTENT))?,
    )))
}

pub(crate) fn get(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    Ok(ok(authorization::scope_to_json(find(call, client, id)?)))
}

/// Makes a scope. A name that is taken answers the scope there.
pub(crate) async fn create(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    let new_id = call.admin.new_id()?;
    let mut sent = call
        .request
        .read("ScopeRepresentation", authorization::read_scope)?;
    sent.id.get_or_insert(new_id);
    let insert = |document: &mut RealmDocument| {
        let store = store_mut(document)?;
        if let Some(there) = store.scopes.iter().find(|other| other.name == sent.name) {
            return Ok(there.clone());
        }
        store.scopes.push(sent.clone());
        Ok(sent.clone())
    };
    Ok(made(authorization::scope_to_json(
        &super::change(call, insert).await?,
    )))
}

pub(crate) async fn put(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    find(call, client, id)?;
    enter_to_change(call, client)?;
    let mut sent = call
        .request
        .read("ScopeRepresentation", authorization::read_scope)?;
    sent.id = Some(id.to_owned());
    let update = |document: &mut RealmDocument| {
        let store = document.authorization.as_mut().ok_or_else(not_found)?;
        let place = store
            .scopes
            .iter_mut()
            .find(|scope| scope.id.as_deref() == Some(id));
        let old = std::mem::replace(
            place.ok_or(Failure::Empty(StatusCode::NOT_FOUND))?,
            sent.clone(),
        );
        let in_resources = store
            .resources
            .iter_mut()
            .flat_map(|resource| &mut resource.scopes);
        let in_permissions = document
            .permissions
            .iter_mut()
            .flat_map(|permission| &mut permission.scopes);
        for reference in in_resources
            .chain(in_permissions)
            .filter(|reference| **reference == old.name)
        {
            reference.clone_from(&sent.name);
        }
        Ok(())
    };
    super::change(call, update).await?;
    Ok(done())
}

/// Deletes a scope that nothing has.
pub(crate) async fn delete(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    find(call, client, id)?;
    enter_to_change(call, client)?;
    let remove = |document: &mut RealmDocument| {
        let name = name_of(document, id)?;
        let in_use = document
            .permissions
            .iter()
            .any(|permission| guards(permission, &name, id));
        let store = store_mut(document)?;
        if store
            .resources
            .iter()
            .any(|resource| resource.scopes.contains(&name))
        {
            return Err(Failure::bad_message(
                "Scopes can not be removed while associated with resources.",
            ));
        }
        if in_use {
            return Err(Failure::bad_message(
                "Scopes can not be removed while associated with policies.",
            ));
        }
        store.scopes.retain(|scope| scope.id.as_deref() != Some(id));
        Ok(())
    };
    super::change(call, remove).await?;
    Ok(done())
}

/// The permissions that guard a scope.
pub(crate) fn permissions(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    let scope = find(call, client, id)?;
    let found = call
        .document()
        .permissions
        .iter()
        .filter(|permission| guards(permission, &scope.name, id));
    let json = |permission: &PermissionDocument| {
        Json::from(
            Writer::new()
                .with_some("id", permission.id.clone())
                .with("name", permission.name.clone())
                .with("type", super::permissions::kind(permission)),
        )
    };
    Ok(ok(found.map(json).collect::<Vec<Json>>()))
}

/// The resources that have a scope.
pub(crate) fn resources(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    let scope = find(call, client, id)?;
    let (_, store) = enter(call, client)?;
    let found = store
        .resources
        .iter()
        .filter(|resource| resource.scopes.contains(&scope.name));
    Ok(ok(found
        .map(super::resources::brief)
        .collect::<Vec<Json>>()))
}

fn find<'d>(
    call: &'d Call<'_>,
    client: &str,
    id: &str,
) -> Result<&'d AuthorizationScopeDocument, Failure> {
    let (_, store) = enter(call, client)?;
    let found = store
        .scopes
        .iter()
        .find(|scope| scope.id.as_deref() == Some(id));
    found.ok_or(Failure::Empty(StatusCode::NOT_FOUND))
}

fn name_of(document: &mut RealmDocument, id: &str) -> Result<String, Failure> {
    let found = store_mut(document)?
        .scopes
        .iter()
        .find(|scope| scope.id.as_deref() == Some(id));
    found
        .map(|scope| scope.name.clone())
        .ok_or(Failure::Empty(StatusCode::NOT_FOUND))
}

fn guards(permission: &PermissionDocument, name: &str, id: &str) -> bool {
    permission
        .scopes
        .iter()
        .any(|reference| reference == name || reference == id)
}
