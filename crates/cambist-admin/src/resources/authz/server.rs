//! The permission store as a whole: its modes, and itself as a document.

use cambist::realm::document::RealmDocument;
use cambist_keycloak::{Json, Writer, authorization, policy};

use super::{
    enter, enter_to_change, store_mut,
    translate::{self, By},
};
use crate::{
    admin::Call,
    answer::{Answer, Failure, done, ok_plain},
};

pub(crate) fn get(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    let (holder, store) = enter(call, client)?;
    let none = Vec::<Json>::new;
    let json = Writer::new()
        .with_some("id", holder.uuid.clone())
        .with_some("clientId", holder.uuid.clone())
        .with("name", holder.id.clone())
        .with(
            "allowRemoteResourceManagement",
            store.allow_remote_resource_management,
        )
        .with(
            "policyEnforcementMode",
            authorization::enforcement_word(store.enforcement),
        )
        .with("resources", none())
        .with("policies", none())
        .with("scopes", none())
        .with("decisionStrategy", policy::strategy_word(store.strategy));
    Ok(ok_plain(json))
}

pub(crate) async fn put(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    let update = |document: &mut RealmDocument| {
        let store = store_mut(document)?;
        call.request
            .read("ResourceServerRepresentation", |mut members, report| {
                authorization::apply_modes(store, &mut members)?;
                members.finish(
                    &[
                        "id",
                        "clientId",
                        "name",
                        "resources",
                        "policies",
                        "scopes",
                        "authorizationSchema",
                    ],
                    report,
                );
                Ok(())
            })
    };
    super::change(call, update).await?;
    Ok(done())
}

pub(crate) async fn settings(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    Ok(ok_plain(export(call).await?))
}

/// The store as exports have it: names, and no ids.
pub(crate) async fn export(call: &Call<'_>) -> Result<Json, Failure> {
    let document = call.document();
    let mut store = document.authorization.clone().unwrap_or_default();
    let mut policies = Vec::new();
    for policy in &document.policies {
        let mut policy = translate::policy(call, policy, By::Name, false).await?;
        policy.id = None;
        policies.push(policy);
    }
    let mut permissions = Vec::new();
    for permission in &document.permissions {
        let mut permission = translate::permission(document, permission, By::Name, false)?;
        permission.id = None;
        permissions.push(permission);
    }
    for resource in &mut store.resources {
        resource.id = None;
    }
    for scope in &mut store.scopes {
        scope.id = None;
    }
    Ok(authorization::to_json(&store, &policies, &permissions))
}
