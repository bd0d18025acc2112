//! `/partialImport`: clients, roles, identity providers, groups and users added to a realm that is there.

use cambist::{
    facts::UserQuery,
    realm::{
        build::users_of,
        builtin::{MASTER, clients::ADMIN_ROLES},
        document::{NewUser, RealmDocument, UserDocument},
    },
};
use cambist_keycloak::{Json, Report, Writer, group};
use http::StatusCode;

use super::{clients, users};
use crate::{
    admin::Call,
    answer::{Answer, Failure, ok_plain},
};

/// What happens to a thing that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfExists {
    Fail,
    Skip,
    Overwrite,
}

/// What became of one thing.
#[derive(Clone, Debug)]
struct Line {
    action: &'static str,
    kind: &'static str,
    name: String,
    id: String,
}

const SECTIONS: [&str; 5] = ["clients", "groups", "identityProviders", "roles", "users"];

pub(crate) async fn import(call: &Call<'_>) -> Result<Answer, Failure> {
    // What is imported may give any role to anyone, so only who has them all may import.
    let of_master = call.name == MASTER && !call.rights.rules_all();
    if of_master || !call.rights.has_all(&ADMIN_ROLES) {
        return Err(Failure::Status(StatusCode::FORBIDDEN));
    }
    let mut members = call.request.members()?;
    let if_exists = match members.text("ifResourceExists")?.as_deref() {
        None | Some("FAIL") => IfExists::Fail,
        Some("SKIP") => IfExists::Skip,
        Some("OVERWRITE") => IfExists::Overwrite,
        Some(_) => return Err(Failure::wrong_json()),
    };
    let sent = read(call, members)?;
    let user_ids = existing_users(call, &sent.users, if_exists).await?;
    let new_ids: Vec<String> = (0..count(&sent))
        .map(|_| call.admin.new_id())
        .collect::<Result<_, _>>()?;

    let update = |document: &mut RealmDocument| {
        let mut ids = new_ids.iter().cloned();
        add(document, &sent, if_exists, &mut ids)
    };
    let (mut lines, loaded) = call.admin.change(&call.name, update).await?;
    for line in lines
        .iter()
        .filter(|line| line.kind == "CLIENT" && line.action != SKIPPED)
    {
        clients::make_service_account(call, &loaded, &line.id).await?;
    }

    let with_users = RealmDocument {
        users: sent.users.clone(),
        ..RealmDocument::clone(&loaded.document)
    };
    let made = users_of(&with_users, &loaded.realm)
        .map_err(|error| Failure::Invalid(error.to_string()))?;
    // The users of the document come first; the service accounts that follow are there already.
    for (new, there) in made.into_iter().zip(user_ids) {
        lines.push(put_user(call, new, there, if_exists).await?);
    }
    let amount = |action: &str| {
        i64::try_from(lines.iter().filter(|line| line.action == action).count()).unwrap_or(i64::MAX)
    };
    let body = Writer::new()
        .with("overwritten", amount(OVERWRITTEN))
        .with("added", amount(ADDED))
        .with("skipped", amount(SKIPPED))
        .with("results", lines.iter().map(to_json).collect::<Vec<Json>>());
    Ok(ok_plain(body))
}

const ADDED: &str = "ADDED";
const SKIPPED: &str = "SKIPPED";
const OVERWRITTEN: &str = "OVERWRITTEN";

/// The sections are those of a realm document.
fn read(call: &Call<'_>, members: cambist_keycloak::Members) -> Result<RealmDocument, Failure> {
    let mut members = members;
    let mut document = serde_json::Map::new();
    document.insert("realm".to_owned(), call.name.clone().into());
    for section in SECTIONS {
        if let Some(value) = members.value(section) {
            document.insert(section.to_owned(), value);
        }
    }
    let mut report = Report::default();
    members.finish(&["policy", "id", "realm"], &mut report);
    let import = cambist_keycloak::import_value(document.into())?;
    for lost in import.not_carried {
        report.note(lost.path, lost.what);
    }
    call.request
        .check_known(&report, "PartialImportRepresentation")?;
    Ok(import.document)
}

fn count(sent: &RealmDocument) -> usize {
    let roles: usize = sent.clients.iter().map(|client| client.roles.len()).sum();
    [
        sent.clients.len(),
        roles,
        sent.roles.len(),
        sent.groups.len(),
        sent.identity_providers.len(),
    ]
    .iter()
    .sum()
}

/// Internal ids of the users that are there already.
async fn existing_users(
    call: &Call<'_>,
    sent: &[UserDocument],
    if_exists: IfExists,
) -> Result<Vec<Option<String>>, Failure> {
    let mut ids = Vec::with_capacity(sent.len());
    for user in sent {
        let query = UserQuery::Username(user.username.as_str().into());
        let there = call.store().find_user(&call.name, &query).await?;
        if there.is_some() && if_exists == IfExists::Fail {
            return Err(Failure::exists(format!(
                "User with user name {} already exists.",
                user.username
            )));
        }
        ids.push(there.map(|user| user.id.clone()));
    }
    Ok(ids)
}

/// Adds everything but users.
fn add(
    document: &mut RealmDocument,
    sent: &RealmDocument,
    if_exists: IfExists,
    ids: &mut impl Iterator<Item = String>,
) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for client in &sent.clients {
        let there = document.clients.iter().find(|other| other.id == client.id);
        let there = there.map(|other| other.uuid.clone().unwrap_or_default());
        let taken = || format!("Client id '{}' already exists", client.id);
        let (mut line, wanted) = judge("CLIENT", &client.id, there.as_deref(), if_exists, taken)?;
        if wanted {
            if let Some(uuid) = &there {
                clients::remove(document, uuid)?;
            }
            let mut client = client.clone();
            line.id = client
                .uuid
                .get_or_insert_with(|| ids.next().unwrap_or_default())
                .clone();
            document.clients.push(client);
        }
        lines.push(line);
    }
    for role in &sent.roles {
        let there = document.roles.iter().find(|other| other.name == role.name);
        let there = there.map(|other| other.id.clone().unwrap_or_default());
        let taken = || format!("Realm role '{}' already exists.", role.name);
        let (mut line, wanted) =
            judge("REALM_ROLE", &role.name, there.as_deref(), if_exists, taken)?;
        if wanted {
            document.roles.retain(|other| other.name != role.name);
            let mut role = role.clone();
            line.id = role
                .id
                .get_or_insert_with(|| ids.next().unwrap_or_default())
                .clone();
            document.roles.push(role);
        }
        lines.push(line);
    }
    for provider in &sent.identity_providers {
        let there = document
            .identity_providers
            .iter()
            .find(|other| other.alias == provider.alias);
        let there = there.map(|other| other.id.clone().unwrap_or_default());
        let taken = || format!("Identity Provider '{}' already exists.", provider.alias);
        let (mut line, wanted) = judge("IDP", &provider.alias, there.as_deref(), if_exists, taken)?;
        if wanted {
            document
                .identity_providers
                .retain(|other| other.alias != provider.alias);
            let mut provider = provider.clone();
            line.id = provider
                .id
                .get_or_insert_with(|| ids.next().unwrap_or_default())
                .clone();
            document.identity_providers.push(provider);
        }
        lines.push(line);
    }
    for sent in &sent.groups {
        let there = document.groups.iter().find(|other| other.name == sent.name);
        let there = there.map(|other| other.id.clone().unwrap_or_default());
        let path = group::path("", &sent.name);
        let taken = || format!("Group '{path}' already exists");
        let (mut line, wanted) = judge("GROUP", &sent.name, there.as_deref(), if_exists, taken)?;
        if wanted {
            document.groups.retain(|other| other.name != sent.name);
            let mut sent = sent.clone();
            line.id = sent
                .id
                .get_or_insert_with(|| ids.next().unwrap_or_default())
                .clone();
            document.groups.push(sent);
        }
        lines.push(line);
    }
    Ok(lines)
}

/// What is to be done with a thing, and whether it is to be written.
fn judge(
    kind: &'static str,
    name: &str,
    there: Option<&str>,
    if_exists: IfExists,
    taken: impl FnOnce() -> String,
) -> Result<(Line, bool), Failure> {
    let line = |action| Line {
        action,
        kind,
        name: name.to_owned(),
        id: there.unwrap_or_default().to_owned(),
    };
    match (there, if_exists) {
        (None, _) => Ok((line(ADDED), true)),
        (Some(_), IfExists::Overwrite) => Ok((line(OVERWRITTEN), true)),
        (Some(_), IfExists::Skip) => Ok((line(SKIPPED), false)),
        (Some(_), IfExists::Fail) => Err(Failure::message(StatusCode::CONFLICT, taken())),
    }
}

async fn put_user(
    call: &Call<'_>,
    new: NewUser,
    there: Option<String>,
    if_exists: IfExists,
) -> Result<Line, Failure> {
    let NewUser { mut user, password } = new;
    let (mut line, wanted) = judge(
        "USER",
        &user.username,
        there.as_deref(),
        if_exists,
        String::new,
    )?;
    if !wanted {
        return Ok(line);
    }
    if let Some(id) = &there {
        call.store().delete_user(&call.name, id).await?;
    }
    if user.id.is_empty() {
        user.id = call.admin.new_id()?;
    }
    user.created = call.request.now;
    if let Some(password) = password {
        users::set_password(call, &mut user, password, false).await?;
    }
    line.id.clone_from(&user.id);
    call.store().insert_user(&call.name, user).await?;
    Ok(line)
}

fn to_json(line: &Line) -> Json {
    Writer::new()
        .with("action", line.action)
        .with("resourceType", line.kind)
        .with("resourceName", line.name.clone())
        .with("id", line.id.clone())
        .into()
}
