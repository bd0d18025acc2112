//! `/partial-export`: a realm as a document, with secrets masked.

use cambist::{
    facts::UserQuery,
    realm::document::{ClientGrant, RealmDocument},
};
use cambist_keycloak::{Json, Writer, identity_provider, realm};

use super::authz;
use crate::{
    admin::Call,
    answer::{Answer, Failure, download},
};

pub(crate) async fn export(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["manage-realm"])?;
    let query = call.request.query();
    let (clients, groups_and_roles) = (
        query.is_on("exportClients"),
        query.is_on("exportGroupsAndRoles"),
    );
    let mut document = RealmDocument::clone(call.document());
    if !groups_and_roles {
        document.groups.clear();
    }
    super::clients::pin_scopes(&mut document);
    let mut writer = Writer::resume(realm::to_json(&document, &[]))
        .without("users")
        .without("components")
        .without("identityProviders");
    writer = writer.with_list(
        "identityProviders",
        document
            .identity_providers
            .iter()
            .map(identity_provider::to_masked_json)
            .collect(),
    );
    if !groups_and_roles {
        writer = writer
            .without("roles")
            .without("groups")
            .without("defaultRole");
    }
    let Json::Object(members) = Json::from(writer) else {
        return Err(Failure::internal());
    };
    let mut written = Vec::with_capacity(members.len());
    for (name, value) in members {
        match (name.as_str(), value) {
            ("clients", _) if !clients => {}
            ("clients", Json::List(list)) => {
                let mut masked = Vec::with_capacity(list.len());
                for client in list {
                    masked.push(masked_client(call, client).await?);
                }
                written.push((name, Json::List(masked)));
            }
            (_, value) => written.push((name, value)),
        }
    }
    let mut writer = Writer::resume(Json::Object(written));
    if clients {
        writer = writer.with_list("users", service_accounts(call).await?);
    }
    Ok(download(writer))
}

/// A client with its secret masked, and the permission store without ids.
async fn masked_client(call: &Call<'_>, client: Json) -> Result<Json, Failure> {
    let secret = client.get("secret").is_some();
    let carries_store = client.get("authorizationSettings").is_some();
    let mut writer = Writer::resume(client)
        .without("authorizationSettings")
        .without("secret");
    if secret {
        writer = writer.with("secret", identity_provider::MASK);
    }
    if carries_store {
        writer = writer.with("authorizationSettings", authz::server::export(call).await?);
    }
    Ok(writer.into())
}

async fn service_accounts(call: &Call<'_>) -> Result<Vec<Json>, Failure> {
    let mut users = Vec::new();
    for client in &call.document().clients {
        if !client.grants.contains(&ClientGrant::ClientCredentials) {
            continue;
        }
        let query = UserQuery::ServiceAccount(client.uuid.as_deref().unwrap_or_default().into());
        let Some(user) = call.store().find_user(&call.name, &query).await? else {
            continue;
        };
        users.push(
            Writer::new()
                .with("id", user.id.clone())
                .with("username", user.username.clone())
                .with("emailVerified", user.email_verified)
                .with("enabled", user.enabled)
                .with("serviceAccountClientId", client.id.clone())
                .into(),
        );
    }
    Ok(users)
}
