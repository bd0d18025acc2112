//! `/identity-provider/instances` and their mappers.

use cambist::realm::document::{IdentityProviderDocument, RealmDocument};
use cambist_keycloak::{Json, Writer, identity_provider, mapper};
use http::StatusCode;

use crate::{
    admin::Call,
    answer::{Answer, Failure, created, done_no_cache, ok},
    resources::management,
};

const VIEW: &[&str] = &["view-identity-providers", "manage-identity-providers"];
const MANAGE: &[&str] = &["manage-identity-providers"];

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(VIEW)?;
    let query = call.request.query();
    let search = query.text("search").unwrap_or_default().to_lowercase();
    let brief = query.is_on("briefRepresentation");
    let mut providers: Vec<&IdentityProviderDocument> = call
        .document()
        .identity_providers
        .iter()
        .filter(|provider| {
            provider
                .alias
                .to_lowercase()
                .contains(search.trim_matches(['*', '"']))
        })
        .collect();
    providers.sort_by(|one, other| one.alias.cmp(&other.alias));
    let json = |provider: &IdentityProviderDocument| {
        if brief {
            Writer::new()
                .with("alias", provider.alias.clone())
                .with_some("displayName", provider.display_name.clone())
                .with_some("internalId", provider.id.clone())
                .with("providerId", provider.kind.clone())
                .with("enabled", provider.enabled)
                .into()
        } else {
            identity_provider::to_masked_json(provider)
        }
    };
    Ok(ok(query
        .paged(providers)
        .into_iter()
        .map(json)
        .collect::<Vec<Json>>()))
}

pub(crate) async fn create(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(MANAGE)?;
    let new_id = call.admin.new_id()?;
    let mut made = call
        .request
        .read("IdentityProviderRepresentation", identity_provider::read)?;
    made.id.get_or_insert(new_id);
    let insert = |document: &mut RealmDocument| {
        if document
            .identity_providers
            .iter()
            .any(|other| other.alias == made.alias)
        {
            return Err(Failure::exists(format!(
                "Identity Provider {} already exists",
                made.alias
            )));
        }
        if document
            .identity_providers
            .iter()
            .any(|other| other.id == made.id)
        {
            return Err(Failure::duplicate());
        }
        document.identity_providers.push(made.clone());
        Ok(())
    };
    call.change(insert).await?;
    Ok(created(&call.location(&[
        "identity-provider",
        "instances",
        &made.alias,
    ])))
}

pub(crate) fn get(call: &Call<'_>, alias: &str) -> Result<Answer, Failure> {
    let provider = find(call.document(), alias)?;
    call.require(VIEW)?;
    Ok(ok(identity_provider::to_masked_json(provider)))
}

pub(crate) async fn put(call: &Call<'_>, alias: &str) -> Result<Answer, Failure> {
    find(call.document(), alias)?;
    call.require(MANAGE)?;
    let update = |document: &mut RealmDocument| {
        let provider = find_mut(document, alias)?;
        call.request
            .read("IdentityProviderRepresentation", |members, report| {
                identity_provider::apply(provider, members.without(&["internalId"]), report)
            })?;
        let new = provider.alias.clone();
        let same = document
            .identity_providers
            .iter()
            .filter(|provider| provider.alias == new);
        if same.count() > 1 {
            Err(Failure::exists(format!(
                "Identity Provider {new} already exists"
            )))
        } else {
            Ok(())
        }
    };
    call.change(update).await?;
    Ok(done_no_cache())
}

pub(crate) async fn delete(call: &Call<'_>, alias: &str) -> Result<Answer, Failure> {
    find(call.document(), alias)?;
    call.require(MANAGE)?;
    let remove = |document: &mut RealmDocument| {
        let id = find(document, alias)?.id.clone().unwrap_or_default();
        document
            .identity_providers
            .retain(|provider| provider.alias != alias);
        management::forget(document, &format!("idp.resource.{id}"));
        Ok(())
    };
    call.change(remove).await?;
    Ok(done_no_cache())
}

pub(crate) fn mappers(call: &Call<'_>, alias: &str) -> Result<Answer, Failure> {
    let provider = find(call.document(), alias)?;
    call.require(VIEW)?;
    let json = |one| mapper::to_provider_json(alias, one);
    Ok(ok(provider.mappers.iter().map(json).collect::<Vec<Json>>()))
}

pub(crate) fn mapper(call: &Call<'_>, alias: &str, id: &str) -> Result<Answer, Failure> {
    let provider = find(call.document(), alias)?;
    call.require(VIEW)?;
    let found = provider
        .mappers
        .iter()
        .find(|one| one.id.as_deref() == Some(id))
        .ok_or_else(no_model)?;
    Ok(ok(mapper::to_provider_json(alias, found)))
}

pub(crate) async fn create_mapper(call: &Call<'_>, alias: &str) -> Result<Answer, Failure> {
    find(call.document(), alias)?;
    call.require(MANAGE)?;
    let new_id = call.admin.new_id()?;
    let (_, mut made) = call.request.read(
        "IdentityProviderMapperRepresentation",
        mapper::read_for_provider,
    )?;
    let id = made.id.get_or_insert(new_id).clone();
    let insert = |document: &mut RealmDocument| {
        let mappers = &mut find_mut(document, alias)?.mappers;
        if mappers
            .iter()
            .any(|other| other.name == made.name || other.id == made.id)
        {
            return Err(Failure::bad_message(format!(
                "Failed to add mapper '{}' to identity provider '{alias}'.",
                made.name
            )));
        }
        mappers.push(made.clone());
        Ok(())
    };
    call.change(insert).await?;
    Ok(created(&call.location(&[
        "identity-provider",
        "instances",
        alias,
        "mappers",
        &id,
    ])))
}

pub(crate) async fn put_mapper(call: &Call<'_>, alias: &str, id: &str) -> Result<Answer, Failure> {
    find(call.document(), alias)?;
    call.require(MANAGE)?;
    let (_, mut changed) = call.request.read(
        "IdentityProviderMapperRepresentation",
        mapper::read_for_provider,
    )?;
    changed.id = Some(id.to_owned());
    let update = |document: &mut RealmDocument| {
        let mappers = &mut find_mut(document, alias)?.mappers;
        let place = mappers
            .iter_mut()
            .find(|one| one.id.as_deref() == Some(id))
            .ok_or_else(no_model)?;
        place.clone_from(&changed);
        Ok(())
    };
    call.change(update).await?;
    Ok(done_no_cache())
}

pub(crate) async fn delete_mapper(
    call: &Call<'_>,
    alias: &str,
    id: &str,
) -> Result<Answer, Failure> {
    find(call.document(), alias)?;
    call.require(MANAGE)?;
    let remove = |document: &mut RealmDocument| {
        let mappers = &mut find_mut(document, alias)?.mappers;
        let before = mappers.len();
        mappers.retain(|one| one.id.as_deref() != Some(id));
        if mappers.len() == before {
            Err(no_model())
        } else {
            Ok(())
        }
    };
    call.change(remove).await?;
    Ok(done_no_cache())
}

fn find<'d>(
    document: &'d RealmDocument,
    alias: &str,
) -> Result<&'d IdentityProviderDocument, Failure> {
    let found = document
        .identity_providers
        .iter()
        .find(|provider| provider.alias == alias);
    found.ok_or(Failure::Status(StatusCode::NOT_FOUND))
}

fn find_mut<'d>(
    document: &'d mut RealmDocument,
    alias: &str,
) -> Result<&'d mut IdentityProviderDocument, Failure> {
    let found = document
        .identity_providers
        .iter_mut()
        .find(|provider| provider.alias == alias);
    found.ok_or(Failure::Status(StatusCode::NOT_FOUND))
}

fn no_model() -> Failure {
    Failure::not_found("Model not found")
}
