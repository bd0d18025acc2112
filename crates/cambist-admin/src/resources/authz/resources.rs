//! `…/resource`.

use cambist::realm::document::{ClientDocument, RealmDocument, ResourceDocument};
use cambist_keycloak::{Json, Writer, authorization};
use http::StatusCode;

use super::{enter, enter_to_change, not_found, references, store_mut};
use crate::{
    admin::Call,
    answer::{Answer, Failure, done, made, ok},
    resources::management,
};

pub(crate) fn list(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    let (holder, store) = enter(call, client)?;
    let query = call.request.query();
    let name = query.text("name").unwrap_or_default().to_lowercase();
    let exact = query.is_on("exactName");
    let kind = query.text("type").unwrap_or_default().to_lowercase();
    let mut found: Vec<&ResourceDocument> = store
        .resources
        .iter()
        .filter(|resource| {
            let other = resource.name.to_lowercase();
            if exact && !name.is_empty() {
                other == name
            } else {
                other.contains(&name)
            }
        })
        .filter(|resource| {
            resource
                .kind
                .as_deref()
                .unwrap_or_default()
                .to_lowercase()
                .contains(&kind)
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    let json = |resource| full(call.document(), holder, resource);
    Ok(ok(query
        .paged(found)
        .into_iter()
        .map(json)
        .collect::<Vec<Json>>()))
}

/// One resource by its exact name.
pub(crate) fn search(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    let (holder, store) = enter(call, client)?;
    let query = call.request.query();
    let Some(name) = query.text("name") else {
        return Err(Failure::Empty(StatusCode::BAD_REQUEST));
    };
    let found = store
        .resources
        .iter()
        .find(|resource| resource.name == name);
    Ok(ok(full(
        call.document(),
        holder,
        found.ok_or(Failure::Empty(StatusCode::NO_CONTENT))?,
    )))
}

pub(crate) fn get(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    let (holder, store) = enter(call, client)?;
    let found = store
        .resources
        .iter()
        .find(|resource| resource.id.as_deref() == Some(id));
    Ok(ok(full(
        call.document(),
        holder,
        found.ok_or(Failure::Empty(StatusCode::NOT_FOUND))?,
    )))
}

pub(crate) async fn create(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    let new_id = call.admin.new_id()?;
    let mut sent = call
        .request
        .read("ResourceRepresentation", authorization::read_resource)?;
    sent.id.get_or_insert(new_id);
    let insert = |document: &mut RealmDocument| {
        let sent = with_scope_names(document, sent.clone());
        let store = store_mut(document)?;
        if store.resources.iter().any(|other| other.name == sent.name) {
            return Err(Failure::Error {
                status: StatusCode::CONFLICT,
                error: "invalid_request".to_owned(),
                description: Some(format!(
                    "Resource with name [{}] already exists.",
                    sent.name
                )),
            });
        }
        store.resources.push(sent.clone());
        Ok(sent)
    };
    let sent = super::change(call, insert).await?;
    let (holder, _) = enter(call, client)?;
    Ok(made(full(call.document(), holder, &sent)))
}

pub(crate) async fn put(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    let mut sent = call
        .request
        .read("ResourceRepresentation", authorization::read_resource)?;
    sent.id = Some(id.to_owned());
    let update = |document: &mut RealmDocument| {
        let sent = with_scope_names(document, sent.clone());
        let place = store_mut(document)?
            .resources
            .iter_mut()
            .find(|other| other.id.as_deref() == Some(id));
        let place = place.ok_or(Failure::Empty(StatusCode::NOT_FOUND))?;
        let old = std::mem::replace(place, sent);
        let new = place.name.clone();
        for reference in document
            .permissions
            .iter_mut()
            .flat_map(|permission| &mut permission.resources)
        {
            if *reference == old.name {
                reference.clone_from(&new);
            }
        }
        Ok(())
    };
    super::change(call, update).await?;
    Ok(done())
}

/// Deletes a resource and the permissions that guard nothing else.
pub(crate) async fn delete(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    let remove = |document: &mut RealmDocument| {
        let name = store_mut(document)?
            .resources
            .iter()
            .find(|resource| resource.id.as_deref() == Some(id))
            .map(|resource| resource.name.clone())
            .ok_or_else(not_found)?;
        management::forget(document, &name);
        Ok(())
    };
    super::change(call, remove).await?;
    Ok(done())
}

/// A resource as lists of links show it.
pub(super) fn brief(resource: &ResourceDocument) -> Json {
    Writer::new()
        .with_some("_id", resource.id.clone())
        .with("name", resource.name.clone())
        .into()
}

fn full(document: &RealmDocument, holder: &ClientDocument, resource: &ResourceDocument) -> Json {
    let owner = match &resource.owner {
        Some(owner) => Writer::new()
            .with("id", owner.clone())
            .with("name", owner.clone()),
        None => Writer::new()
            .with_some("id", holder.uuid.clone())
            .with("name", holder.id.clone()),
    };
    let scopes = resource
        .scopes
        .iter()
        .filter_map(|name| references::scope(document, name));
    let scopes: Vec<Json> = scopes
        .map(|scope| {
            Writer::new()
                .with_some("id", scope.id.clone())
                .with("name", scope.name.clone())
                .into()
        })
        .collect();
    Writer::new()
        .with("name", resource.name.clone())
        .with_some("type", resource.kind.clone())
        .with("owner", owner)
        .with("ownerManagedAccess", resource.owner_managed_access)
        .with_some("displayName", resource.display_name.clone())
        .with_lists("attributes", &resource.attributes)
        .with_some("_id", resource.id.clone())
        .with("uris", resource.uris.clone())
        .with("scopes", scopes)
        .into()
}

/// Documents name scopes; a request may give their ids.
fn with_scope_names(document: &RealmDocument, mut resource: ResourceDocument) -> ResourceDocument {
    for reference in &mut resource.scopes {
        if let Some(scope) = references::scope(document, reference) {
            reference.clone_from(&scope.name);
        }
    }
    resource
}
