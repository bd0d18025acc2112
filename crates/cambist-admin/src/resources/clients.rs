//! `/clients` and `/clients/{id}`.

use cambist::realm::{
    build::service_account_user,
    document::{ClientDocument, ClientGrant, RealmDocument, SecretSource},
};
use cambist::secret::Secret;
use cambist_keycloak::{Json, Writer, client};

use crate::{
    LoadedRealm,
    admin::Call,
    answer::{Answer, Failure, created, done, done_no_cache, ok},
    find, references,
    resources::management,
};

pub(crate) const VIEW: &[&str] = &["view-clients", "manage-clients"];
pub(crate) const MANAGE: &[&str] = &["manage-clients"];

/// Clients, by `client_id`. Whoever has a role but none of these sees an empty list.
pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Failure> {
    let query = call.request.query();
    if let Some(search) = query.text("q") {
        // Words without a colon are passed over; attributes are not open for search unless configured so.
        let attributes: Vec<&str> = search
            .split_whitespace()
            .filter_map(|word| word.split_once(':'))
            .map(|(name, _)| name)
            .collect();
        if !attributes.is_empty() {
            return Err(Failure::Error {
                status: http::StatusCode::BAD_REQUEST,
                error: "invalid_request".to_owned(),
                description: Some(format!(
                    "Attributes [{}] not allowed for search",
                    attributes.join(", ")
                )),
            });
        }
    }
    if !call
        .rights
        .has_any(&["view-clients", "manage-clients", "query-clients"])
    {
        return Ok(ok(Json::List(Vec::new())));
    }
    let wanted = query.text("clientId").filter(|id| !id.is_empty());
    let search = query.is_on("search");
    let matches = |client: &&ClientDocument| match wanted {
        None => true,
        Some(part) if search => client.id.to_lowercase().contains(&part.to_lowercase()),
        Some(id) => client.id == id,
    };
    let mut clients: Vec<&ClientDocument> =
        call.document().clients.iter().filter(matches).collect();
    clients.sort_by(|one, other| one.id.cmp(&other.id));
    let clients: Vec<Json> = query
        .paged(clients)
        .into_iter()
        .map(|client| to_json(call, client))
        .collect();
    Ok(ok(clients))
}

pub(crate) async fn create(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(MANAGE)?;
    let new_id = call.admin.new_id()?;
    let secret = call.admin.new_secret()?;
    let (mut client, says_id) =
        call.request
            .read("ClientRepresentation", |mut members, report| {
                let says_id = members.has("id");
                let uuid = members.text("id")?.unwrap_or_else(|| new_id.clone());
                // A client without a name is called by its internal id.
                let name = members
                    .text("clientId")?
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| uuid.clone());
                let members = members.set("id", uuid).set("clientId", name);
                Ok((client::read(members, report)?, says_id))
            })?;
    check_addresses(&client)?;
    if !client.public && client.secret.is_none() {
        client.secret = Some(SecretSource::Text(Secret::new(secret)));
    }
    for mapper in &mut client.mappers {
        if mapper.id.is_none() {
            mapper.id = Some(call.admin.new_id()?);
        }
    }
    let uuid = client.uuid.clone().unwrap_or_default();
    if says_id && id_is_taken(call, &uuid) {
        return Err(Failure::duplicate());
    }
    let insert = |document: &mut RealmDocument| {
        if document.clients.iter().any(|other| other.id == client.id) {
            return Err(Failure::exists(format!(
                "Client {} already exists",
                client.id
            )));
        }
        check_session_limits(document, &client)?;
        let mut client = client.clone();
        give_scopes(document, &mut client);
        document.clients.push(client);
        Ok(())
    };
    let ((), loaded) = call.admin.change(&call.name, insert).await?;
    make_service_account(call, &loaded, &uuid).await?;
    Ok(created(&call.location(&["clients", &uuid])))
}

pub(crate) fn get(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let client = find::client(call.document(), id)?;
    call.require(VIEW)?;
    Ok(ok(to_json(call, client)))
}

pub(crate) async fn put(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::client(call.document(), id)?;
    call.require(MANAGE)?;
    let secret = call.admin.new_secret()?;
    let update = |document: &mut RealmDocument| {
        let mut changed = find::client(document, id)?.clone();
        let old_name = changed.id.clone();
        let scopes = (
            changed.default_scopes.clone(),
            changed.optional_scopes.clone(),
        );
        call.request
            .read("ClientRepresentation", |members, report| {
                // The internal id stays, and scopes have calls of their own.
                let members =
                    members.without(&["id", "defaultClientScopes", "optionalClientScopes"]);
                client::apply(&mut changed, members, report)
            })?;
        (changed.default_scopes, changed.optional_scopes) = scopes;
        check_addresses(&changed)?;
        check_session_limits(document, &changed)?;
        if changed.id != old_name {
            if document.clients.iter().any(|other| other.id == changed.id) {
                return Err(Failure::duplicate());
            }
            references::rename_client(document, &old_name, &changed.id);
        }
        if !changed.public && changed.secret.is_none() {
            changed.secret = Some(SecretSource::Text(Secret::new(secret.clone())));
        }
        give_service_account_scope(document, &mut changed);
        *find::client_mut(document, id)? = changed;
        Ok(())
    };
    let ((), loaded) = call.admin.change(&call.name, update).await?;
    make_service_account(call, &loaded, id).await?;
    Ok(done())
}

pub(crate) async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::client(call.document(), id)?;
    call.require(MANAGE)?;
    call.change(|document| remove(document, id)).await?;
    call.store().end_client_sessions(&call.name, id).await?;
    let query = cambist::facts::UserQuery::ServiceAccount(id.into());
    if let Some(user) = call.store().find_user(&call.name, &query).await? {
        call.store().delete_user(&call.name, &user.id).await?;
    }
    Ok(done_no_cache())
}

/// Takes a client out of a realm, with everything that names it.
pub(crate) fn remove(document: &mut RealmDocument, id: &str) -> Result<(), Failure> {
    let name = find::client(document, id)?.id.clone();
    document
        .clients
        .retain(|client| client.uuid.as_deref() != Some(id));
    references::forget_client(document, &name, id);
    management::forget(document, &management::client_resource(id));
    Ok(())
}

pub(crate) fn secret(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let client = find::client(call.document(), id)?;
    call.require(VIEW)?;
    Ok(ok(secret_json(client)))
}

/// Draws a new secret.
pub(crate) async fn renew_secret(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find::client(call.document(), id)?;
    call.require(MANAGE)?;
    let secret = call.admin.new_secret()?;
    let renew = |document: &mut RealmDocument| {
        let client = find::client_mut(document, id)?;
        client.secret = Some(SecretSource::Text(Secret::new(secret.clone())));
        Ok(secret_json(client))
    };
    Ok(ok(call.change(renew).await?))
}

/// The user behind a client.
pub(crate) async fn service_account(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let client = find::client(call.document(), id)?;
    call.require(VIEW)?;
    let none = || {
        Failure::bad(format!(
            "Service account not enabled for the client '{}'",
            client.id
        ))
    };
    if !client.grants.contains(&ClientGrant::ClientCredentials) {
        return Err(none());
    }
    let query = cambist::facts::UserQuery::ServiceAccount(id.into());
    let user = call
        .store()
        .find_user(&call.name, &query)
        .await?
        .ok_or_else(none)?;
    Ok(ok(super::users::to_json(call, &user)))
}

/// A client as answers show it: with its scopes, those of the realm where it has none of its own.
pub(crate) fn to_json(call: &Call<'_>, client: &ClientDocument) -> Json {
    let (default, optional) = scopes_of(call.document(), client);
    let manages = call.rights.has_any(MANAGE);
    let json = client::to_json(client);
    let mut writer = Writer::resume(json)
        .without("defaultClientScopes")
        .without("optionalClientScopes");
    if client.public {
        writer = writer.without("secret");
    }
    writer
        .with("authenticationFlowBindingOverrides", Writer::new())
        .with("nodeReRegistrationTimeout", -1_i64)
        .with("defaultClientScopes", default)
        .with("optionalClientScopes", optional)
        .with(
            "access",
            Writer::new()
                .with("view", true)
                .with("configure", manages)
                .with("manage", manages),
        )
        .into()
}

/// The client's lists of scopes as they count: of the realm's only those of the client's protocol.
pub(crate) fn scopes_of(
    document: &RealmDocument,
    client: &ClientDocument,
) -> (Vec<String>, Vec<String>) {
    let of_realm = |list: &Option<Vec<String>>| -> Vec<String> {
        let scopes = document.client_scopes.iter().flatten();
        let fits = |name: &&String| {
            scopes
                .clone()
                .any(|scope| scope.name == **name && scope.protocol == client.protocol)
        };
        list.iter().flatten().filter(fits).cloned().collect()
    };
    let mut default = client
        .default_scopes
        .clone()
        .unwrap_or_else(|| of_realm(&document.default_scopes));
    let optional = client
        .optional_scopes
        .clone()
        .unwrap_or_else(|| of_realm(&document.optional_scopes));
    if has_service_account_scope(document, client)
        && !default.iter().any(|name| name == SERVICE_ACCOUNT)
    {
        default.push(SERVICE_ACCOUNT.to_owned());
    }
    (default, optional)
}

/// Gives a client lists of its own, so that later changes of the realm's lists pass it by.
pub(crate) fn pin_scopes(document: &mut RealmDocument) {
    let pinned: Vec<_> = document
        .clients
        .iter()
        .map(|client| scopes_of(document, client))
        .collect();
    for (client, (default, optional)) in document.clients.iter_mut().zip(pinned) {
        client.default_scopes = Some(default);
        client.optional_scopes = Some(optional);
    }
}

const SERVICE_ACCOUNT: &str = "service_account";

fn has_service_account_scope(document: &RealmDocument, client: &ClientDocument) -> bool {
    client.grants.contains(&ClientGrant::ClientCredentials)
        && document
            .client_scopes
            .iter()
            .flatten()
            .any(|scope| scope.name == SERVICE_ACCOUNT)
}

/// The lists of a new client: its own without what does not exist, or the realm's as they are now.
fn give_scopes(document: &RealmDocument, client: &mut ClientDocument) {
    let (mut default, mut optional) = scopes_of(document, client);
    let exists = |name: &String| {
        document
            .client_scopes
            .iter()
            .flatten()
            .any(|scope| scope.name == *name)
    };
    default.retain(exists);
    optional.retain(|name| exists(name) && !default.contains(name));
    client.default_scopes = Some(default);
    client.optional_scopes = Some(optional);
}

fn give_service_account_scope(document: &RealmDocument, client: &mut ClientDocument) {
    if has_service_account_scope(document, client)
        && let Some(default) = &mut client.default_scopes
        && !default.iter().any(|name| name == SERVICE_ACCOUNT)
    {
        default.push(SERVICE_ACCOUNT.to_owned());
    }
}

/// Makes the user behind a client that needs one and has none.
pub(crate) async fn make_service_account(
    call: &Call<'_>,
    loaded: &LoadedRealm,
    id: &str,
) -> Result<(), Failure> {
    let Some(client) = loaded.realm.client_by_uuid(id) else {
        return Ok(());
    };
    let query = cambist::facts::UserQuery::ServiceAccount(id.into());
    if !client.may(ClientGrant::ClientCredentials)
        || call.store().find_user(&call.name, &query).await?.is_some()
    {
        return Ok(());
    }
    let mut user = service_account_user(&loaded.realm, client);
    user.id = call.admin.new_id()?;
    user.created = call.request.now;
    call.store().insert_user(&call.name, user).await?;
    Ok(())
}

fn secret_json(client: &ClientDocument) -> Json {
    let secret = match &client.secret {
        Some(SecretSource::Text(secret)) if !client.public => Some(secret.expose().to_owned()),
        _ => None,
    };
    Writer::new()
        .with("type", "secret")
        .with_some("value", secret)
        .into()
}

/// Whether a client of any realm has the internal id.
fn id_is_taken(call: &Call<'_>, id: &str) -> bool {
    call.admin.realms.names().iter().any(|name| {
        call.admin
            .realms
            .realm(name)
            .is_some_and(|loaded| loaded.realm.client_by_uuid(id).is_some())
    })
}

/// A client's part in a session may not outlast the session.
fn check_session_limits(document: &RealmDocument, client: &ClientDocument) -> Result<(), Failure> {
    for (attribute, limit, refused) in [
        (
            "client.session.idle.timeout",
            document.sessions.idle,
            "Client session idle timeout cannot exceed realm SSO session idle timeout.",
        ),
        (
            "client.session.max.lifespan",
            document.sessions.max,
            "Client session max lifespan cannot exceed realm SSO session max lifespan.",
        ),
    ] {
        let wanted = client.attributes.get(attribute);
        let wanted = wanted.and_then(|seconds| seconds.parse::<i64>().ok());
        if wanted.is_some_and(|wanted| wanted > limit) {
            return Err(Failure::Invalid(refused.to_owned()));
        }
    }
    Ok(())
}

fn check_addresses(client: &ClientDocument) -> Result<(), Failure> {
    let refuse = |text: &str| Err(Failure::Invalid(text.to_owned()));
    for (address, what) in client
        .redirect_uris
        .iter()
        .map(|address| (address, "A redirect URI"))
        .chain(client.root_url.iter().map(|address| (address, "Root URL")))
        .chain(client.base_url.iter().map(|address| (address, "Base URL")))
    {
        let scheme = address
            .split_once(':')
            .map(|(scheme, _)| scheme.trim().to_ascii_lowercase());
        if matches!(scheme.as_deref(), Some("javascript" | "data" | "vbscript")) {
            return refuse(&format!("{what} uses an illegal scheme"));
        }
        if address.contains('#') {
            return refuse(&format!("{what} must not contain an URL fragment"));
        }
    }
    Ok(())
}
