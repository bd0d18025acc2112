//! `/users`.

use std::sync::Arc;

use cambist::{
    facts::{User, UserQuery},
    realm::builtin::default_role_name,
    secret::Secret,
};
use cambist_keycloak::{Json, Members, Writer, credential::UPDATE_PASSWORD, user};
use cambist_store::{Conflict, StoreError, UserSearch, passwords};
use http::StatusCode;

use super::groups;
use crate::{
    admin::Call,
    answer::{Answer, Failure, created, done, done_no_cache, ok},
    find,
    request::Query,
};

pub(crate) const VIEW: &[&str] = &["view-users", "manage-users"];
pub(crate) const MANAGE: &[&str] = &["manage-users"];

/// How often a change is tried again when somebody else changed the user meanwhile.
const ATTEMPTS: usize = 8;

/// Members that only an answer carries, or that have calls of their own.
const PASSED_OVER: &[&str] = &[
    "access",
    "applicationRoles",
    "clientConsents",
    "clientRoles",
    "createdTimestamp",
    "disableableCredentialTypes",
    "federationLink",
    "id",
    "notBefore",
    "origin",
    "realmRoles",
    "self",
    "serviceAccountClientId",
    "socialLinks",
    "totp",
    "userProfileMetadata",
];

pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["view-users", "manage-users", "query-users"])?;
    if !call.rights.has_any(VIEW) {
        return Ok(ok(Vec::<Json>::new()));
    }
    let query = call.request.query();
    if let Some(ids) = query
        .text("search")
        .and_then(|text| text.strip_prefix("id:"))
    {
        let mut users = Vec::new();
        for id in ids.split_whitespace() {
            users.extend(
                call.store()
                    .find_user(&call.name, &UserQuery::Id(id.into()))
                    .await?,
            );
        }
        return Ok(ok(users
            .iter()
            .map(|user| to_listed_json(call, user))
            .collect::<Vec<Json>>()));
    }
    let users = call
        .store()
        .search_users(&call.name, &search(&query), query.page())
        .await?;
    Ok(ok(users
        .iter()
        .map(|user| to_listed_json(call, user))
        .collect::<Vec<Json>>()))
}

pub(crate) async fn count(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(VIEW)?;
    let count = call
        .store()
        .count_users(&call.name, &search(&call.request.query()))
        .await?;
    Ok(ok(count))
}

pub(crate) async fn create(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(MANAGE)?;
    let document = call.document();
    let mut made = User {
        id: call.admin.new_id()?,
        created: call.request.now,
        ..User::default()
    };
    let members = call.request.members()?;
    let named_by_email = document.login.email_as_username && members.has("email");
    if !members.has("username") && !named_by_email {
        return Err(Failure::bad_message("User name is missing"));
    }
    let secrets = call.request.read("UserRepresentation", |members, report| {
        apply(&mut made, members, report)
    })?;
    if document.login.email_as_username
        && let Some(email) = &made.email
    {
        made.username.clone_from(email);
    }
    check(&made)?;
    for path in &secrets.groups {
        let placed = find::groups(document)
            .into_iter()
            .find(|placed| placed.path == *path);
        let id = placed
            .and_then(|placed| placed.group.id.clone())
            .ok_or_else(Failure::internal)?;
        if let Some(joined) = call.loaded.realm.group_by_id(&id) {
            let realm = &call.loaded.realm;
            let roles = joined
                .roles()
                .iter()
                .filter_map(|number| realm.role(number));
            call.require_hand_on(roles.map(cambist::realm::Role::id))?;
        }
        made.groups.push(id);
    }
    let default_role = default_role_name(&document.realm);
    made.roles.extend(
        call.loaded
            .realm
            .realm_role(&default_role)
            .map(|role| role.id().to_owned()),
    );
    if let Some((password, temporary)) = secrets.password {
        set_password(call, &mut made, password, temporary).await?;
    }
    let id = made.id.clone();
    call.store().insert_user(&call.name, made).await?;
    Ok(created(&call.location(&["users", &id])))
}

pub(crate) async fn get(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let user = find(call, id).await?;
    call.require(VIEW)?;
    Ok(ok(to_json(call, &user)))
}

pub(crate) async fn put(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find(call, id).await?;
    call.require(MANAGE)?;
    let may_rename = call
        .document()
        .attributes
        .get("editUsernameAllowed")
        .is_some_and(|text| text == "true");
    let mut password = None;
    let read = |user: &mut User| {
        let old = user.username.clone();
        let secrets = call.request.read("UserRepresentation", |members, report| {
            apply(user, members, report)
        })?;
        if user.username != old && !may_rename {
            return Err(Failure::Field {
                text: "error-user-attribute-read-only",
                field: "username",
                params: vec![Json::from("username")],
            });
        }
        check(user)?;
        Ok(secrets.password)
    };
    change(call, id, |user| {
        password = read(user)?;
        Ok(())
    })
    .await?;
    if let Some((password, temporary)) = password {
        store_password(call, id, password, temporary).await?;
    }
    Ok(done())
}

pub(crate) async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find(call, id).await?;
    call.require(MANAGE)?;
    if call.store().delete_user(&call.name, id).await? {
        Ok(done_no_cache())
    } else {
        Err(no_user())
    }
}

/// Sets a password. One that is temporary must be changed at the next login.
pub(crate) async fn reset_password(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find(call, id).await?;
    call.require(MANAGE)?;
    let mut members = call.request.members()?;
    let value = members
        .text("value")?
        .filter(|value| !value.trim().is_empty());
    let temporary = members.flag("temporary")?.unwrap_or(false);
    let Some(value) = value else {
        return Err(Failure::bad("Empty password not allowed"));
    };
    store_password(call, id, Secret::new(value), temporary).await?;
    Ok(done())
}

pub(crate) async fn credentials(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let user = find(call, id).await?;
    call.require(VIEW)?;
    let list: Vec<Json> = user
        .passwords
        .iter()
        .map(|password| {
            let data = serde_json::json!({
                "hashIterations": password.iterations,
                "algorithm": password.algorithm,
                "additionalParameters": {},
            });
            Writer::new()
                .with("id", password.id.clone())
                .with("type", "password")
                .with("createdDate", password.created.0.saturating_mul(1000))
                .with("credentialData", data.to_string())
                .into()
        })
        .collect();
    Ok(ok(list))
}

pub(crate) async fn delete_credential(
    call: &Call<'_>,
    id: &str,
    credential: &str,
) -> Result<Answer, Failure> {
    find(call, id).await?;
    call.require(MANAGE)?;
    change(call, id, |user| {
        let before = user.passwords.len();
        user.passwords.retain(|password| password.id != credential);
        if user.passwords.len() == before {
            Err(Failure::not_found("Credential not found"))
        } else {
            Ok(())
        }
    })
    .await?;
    Ok(done_no_cache())
}

/// The groups a user is in.
pub(crate) async fn groups(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let user = find(call, id).await?;
    call.require(VIEW)?;
    let groups = user
        .groups
        .iter()
        .filter_map(|group| find::group(call.document(), group));
    let groups = call.request.query().paged(groups);
    Ok(ok(groups.iter().map(groups::brief).collect::<Vec<Json>>()))
}

/// Joins a group, or leaves it.
pub(crate) async fn set_group(
    call: &Call<'_>,
    id: &str,
    group: &str,
    join: bool,
) -> Result<Answer, Failure> {
    find(call, id).await?;
    if find::group(call.document(), group).is_none() {
        return Err(Failure::not_found("Group not found"));
    }
    call.require(MANAGE)?;
    if join && let Some(joined) = call.loaded.realm.group_by_id(group) {
        // The roles of a group are handed on by joining it.
        let realm = &call.loaded.realm;
        let roles = joined
            .roles()
            .iter()
            .filter_map(|number| realm.role(number));
        call.require_hand_on(roles.map(cambist::realm::Role::id))?;
    }
    change(call, id, |user| {
        user.groups.retain(|other| other != group);
        if join {
            user.groups.push(group.to_owned());
        }
        Ok(())
    })
    .await?;
    Ok(done_no_cache())
}

pub(crate) async fn links(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    let found = find(call, id).await?;
    call.require(VIEW)?;
    Ok(ok(found
        .federated_identities
        .iter()
        .map(user::link_to_json)
        .collect::<Vec<Json>>()))
}

/// Links a user to an identity provider. Keycloak takes providers that it does not know.
pub(crate) async fn link(call: &Call<'_>, id: &str, provider: &str) -> Result<Answer, Failure> {
    find(call, id).await?;
    call.require(MANAGE)?;
    let link = call
        .request
        .read("FederatedIdentityRepresentation", |members, report| {
            user::read_link(members.set("identityProvider", provider), report)
        })?;
    change(call, id, |user| {
        if user
            .federated_identities
            .iter()
            .any(|other| other.provider == provider)
        {
            return Err(Failure::exists("User is already linked with provider"));
        }
        user.federated_identities.push(link.clone());
        Ok(())
    })
    .await?;
    Ok(done_no_cache())
}

pub(crate) async fn unlink(call: &Call<'_>, id: &str, provider: &str) -> Result<Answer, Failure> {
    find(call, id).await?;
    call.require(MANAGE)?;
    change(call, id, |user| {
        let before = user.federated_identities.len();
        user.federated_identities
            .retain(|link| link.provider != provider);
        if user.federated_identities.len() == before {
            Err(Failure::not_found("Link not found"))
        } else {
            Ok(())
        }
    })
    .await?;
    Ok(done_no_cache())
}

/// The user with this internal id.
pub(crate) async fn find(call: &Call<'_>, id: &str) -> Result<Arc<User>, Failure> {
    call.store()
        .find_user(&call.name, &UserQuery::Id(id.into()))
        .await?
        .ok_or_else(no_user)
}

/// Changes a user.
pub(crate) async fn change(
    call: &Call<'_>,
    id: &str,
    mut change: impl FnMut(&mut User) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let user = find(call, id).await?;
        let version = user.version;
        let mut changed = User::clone(&user);
        change(&mut changed)?;
        match call.store().update_user(&call.name, changed, version).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Conflict(Conflict::Version { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Status(StatusCode::SERVICE_UNAVAILABLE))
}

/// A user as answers show it: no password, no hash.
pub(crate) fn to_json(call: &Call<'_>, user: &User) -> Json {
    let manages = call.rights.has_any(MANAGE);
    let access = Writer::new()
        .with("manageGroupMembership", manages)
        .with("resetPassword", manages)
        .with("view", true)
        .with("mapRoles", manages)
        .with("impersonate", call.rights.has_any(&["impersonation"]))
        .with("manage", manages);
    shown(user, access)
}

/// The same in a list, which says less of what the caller may do.
fn to_listed_json(call: &Call<'_>, user: &User) -> Json {
    shown(
        user,
        Writer::new().with("manage", call.rights.has_any(MANAGE)),
    )
}

fn shown(user: &User, access: Writer) -> Json {
    let writer = Writer::new()
        .with("id", user.id.clone())
        .with("username", user.username.clone())
        .with_some("firstName", user.first_name.clone())
        .with_some("lastName", user.last_name.clone())
        .with_some("email", user.email.clone())
        .with("emailVerified", user.email_verified);
    let writer = if user.attributes.is_empty() {
        writer
    } else {
        writer.with_lists("attributes", &user.attributes)
    };
    writer
        .with("enabled", user.enabled)
        .with("createdTimestamp", user.created.0.saturating_mul(1000))
        .with("totp", false)
        .with("disableableCredentialTypes", Vec::<Json>::new())
        .with("requiredActions", user.required_actions.clone())
        .with("notBefore", user.not_before.0)
        .with("access", access)
        .into()
}

/// Ends the sessions of a user, and with them every token made so far.
pub(crate) async fn logout(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    find(call, id).await?;
    call.require(MANAGE)?;
    let now = call.request.now;
    change(call, id, |user| {
        user.not_before = now;
        Ok(())
    })
    .await?;
    call.store()
        .end_user_sessions(&call.name, id, false)
        .await?;
    Ok(done())
}

/// What a request says beside the user itself.
struct Secrets {
    password: Option<(Secret, bool)>,
    groups: Vec<String>,
}

/// Lays what a request says over a user; what it leaves out stays.
fn apply(
    user: &mut User,
    members: Members,
    report: &mut cambist_keycloak::Report,
) -> Result<Secrets, cambist_keycloak::ImportError> {
    let mut members = members.without(PASSED_OVER);
    if let Some(name) = members.text("username")? {
        user.username = name.trim().to_lowercase();
    }
    if let Some(email) = members.text("email")? {
        user.email = Some(email.trim().to_lowercase()).filter(|email| !email.is_empty());
    }
    for (member, target) in [
        ("firstName", &mut user.first_name),
        ("lastName", &mut user.last_name),
    ] {
        if let Some(text) = members.text(member)? {
            *target = Some(text);
        }
    }
    for (member, target) in [
        ("enabled", &mut user.enabled),
        ("emailVerified", &mut user.email_verified),
    ] {
        if let Some(flag) = members.flag(member)? {
            *target = flag;
        }
    }
    if let Some(attributes) = members.value_map("attributes")? {
        user.attributes = attributes;
    }
    if let Some(actions) = members.texts("requiredActions")? {
        user.required_actions = actions;
    }
    if let Some(links) = members.objects("federatedIdentities")? {
        user.federated_identities = links
            .into_iter()
            .map(|link| user::read_link(link, report))
            .collect::<Result<_, _>>()?;
    }
    let mut password = None;
    for mut credential in members.objects("credentials")?.unwrap_or_default() {
        let value = credential.text("value")?;
        let temporary = credential.flag("temporary")?.unwrap_or(false);
        if let Some(value) = value {
            password = Some((Secret::new(value), temporary));
        }
    }
    let groups = members.texts("groups")?.unwrap_or_default();
    members.finish(&[], report);
    Ok(Secrets { password, groups })
}

fn check(user: &User) -> Result<(), Failure> {
    let length = user.username.chars().count();
    if user.service_account_client.is_none() && !(3..=255).contains(&length) {
        return Err(Failure::Field {
            text: "error-invalid-length",
            field: "username",
            params: vec![
                Json::from("username"),
                Json::from(3_i64),
                Json::from(255_i64),
            ],
        });
    }
    if let Some(email) = &user.email
        && !is_address(email)
    {
        return Err(Failure::Field {
            text: "error-invalid-email",
            field: "email",
            params: vec![Json::from("email"), Json::from(email.as_str())],
        });
    }
    Ok(())
}

/// Whether it has the form of an e-mail address: two parts that are not empty, and no white space.
fn is_address(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && text.rsplit_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !name.contains('@')
                && !host.is_empty()
                && !host.starts_with('.')
                && !host.ends_with('.')
        })
}

async fn store_password(
    call: &Call<'_>,
    id: &str,
    password: Secret,
    temporary: bool,
) -> Result<(), Failure> {
    let mut hashed = User::default();
    set_password(call, &mut hashed, password, temporary).await?;
    change(call, id, |user| {
        user.passwords.clone_from(&hashed.passwords);
        user.required_actions
            .retain(|action| action != UPDATE_PASSWORD);
        user.required_actions
            .extend(hashed.required_actions.iter().cloned());
        Ok(())
    })
    .await
}

/// Hashes a password into a user.
pub(crate) async fn set_password(
    call: &Call<'_>,
    user: &mut User,
    password: Secret,
    temporary: bool,
) -> Result<(), Failure> {
    let mut salt = [0; passwords::SALT_LEN];
    call.admin.fill(&mut salt)?;
    let mut credential = call
        .admin
        .passwords
        .hash(password, salt, call.request.now)
        .await?;
    credential.id = call.admin.new_id()?;
    credential.temporary = temporary;
    user.passwords = vec![credential];
    if temporary
        && !user
            .required_actions
            .iter()
            .any(|action| action == UPDATE_PASSWORD)
    {
        user.required_actions.push(UPDATE_PASSWORD.to_owned());
    }
    Ok(())
}

fn search(query: &Query) -> UserSearch {
    let text = |name| {
        query
            .text(name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let attributes = query
        .text("q")
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    UserSearch {
        search: text("search"),
        username: text("username"),
        email: text("email"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        exact: query.is_on("exact"),
        enabled: query.flag("enabled"),
        email_verified: query.flag("emailVerified"),
        attributes,
        provider: text("idpAlias"),
        provider_user: text("idpUserId"),
        service_accounts: false,
    }
}

fn no_user() -> Failure {
    Failure::not_found("User not found")
}
