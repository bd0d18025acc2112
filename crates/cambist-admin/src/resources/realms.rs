//! `/admin/realms` and `/admin/realms/{realm}`.

use std::collections::BTreeSet;

use cambist::{
    facts::{User, UserQuery},
    realm::{
        builtin::{
            MASTER, add_realm_to_master, default_role_name, master_client_id,
            remove_realm_from_master,
        },
        document::RealmDocument,
    },
};
use cambist_keycloak::{Json, Writer, realm, settings};
use http::StatusCode;

use crate::{
    AdminCaller, LoadedRealm,
    admin::{Admin, Call},
    answer::{Answer, Failure, created, done, ok, ok_plain},
    find, references,
    request::{AdminRequest, percent_encoded},
};

/// What a realm's name must not hold: the reserved characters of RFC 3986 section 2.2, and the backslash.
const RESERVED: &str = ":/?#[]@!$&'()*+,;=\\";

/// Every realm in which the caller has a role.
pub(crate) fn list(
    admin: &Admin,
    request: &AdminRequest,
    caller: &AdminCaller,
) -> Result<Answer, Failure> {
    let brief = request.query().is_on("briefRepresentation");
    let mut realms = Vec::new();
    for name in admin.realms.names() {
        let rights = admin.rights(caller, &name)?;
        if !rights.is_some() {
            continue;
        }
        let Some(loaded) = admin.realms.realm(&name) else {
            continue;
        };
        realms.push(
            match (rights.has_any(&["view-realm", "manage-realm"]), brief) {
                (true, true) => brief_json(&loaded.document),
                (true, false) => full_json(&loaded.document),
                (false, _) => short_json(&loaded.document),
            },
        );
    }
    if realms.is_empty() {
        return Err(Failure::Status(StatusCode::FORBIDDEN));
    }
    Ok(ok(realms))
}

/// Makes a realm from a whole document.
pub(crate) async fn create(
    admin: &Admin,
    request: &AdminRequest,
    caller: &AdminCaller,
) -> Result<Answer, Failure> {
    let rights = admin.rights(caller, MASTER)?;
    if !rights.creates_realms() {
        return Err(Failure::Status(StatusCode::FORBIDDEN));
    }
    let value = request.json()?;
    let name = value
        .get("realm")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    if name.is_empty() {
        return Err(Failure::bad_message("Realm name cannot be empty"));
    }
    check_name(name)?;
    let import = cambist_keycloak::import_value(value)?;
    let mut report = cambist_keycloak::Report::default();
    for lost in import.not_carried {
        report.note(lost.path, lost.what);
    }
    request.check_known(&report, "RealmRepresentation")?;
    let mut document = import.document;
    let name = document.realm.clone();
    if admin.realms.realm(&name).is_some() {
        return Err(Failure::exists(format!("Realm {name} already exists")));
    }
    if document.id.is_none() {
        document.id = Some(admin.new_id()?);
    }
    if ids_are_taken(admin, &document).await? {
        return Err(Failure::duplicate());
    }
    admin.realms.create(document).await?;
    if name != MASTER && admin.realms.realm(MASTER).is_some() {
        let added = |master: &mut RealmDocument| {
            add_realm_to_master(master, &name);
            Ok(())
        };
        let ((), master) = admin.change(MASTER, added).await?;
        if !rights.rules_all() {
            give_to_maker(admin, &master, caller, &name).await?;
        }
    }
    Ok(created(&format!(
        "{}/admin/realms/{}",
        request.base,
        percent_encoded(&name)
    )))
}

/// One realm: all of its settings for whoever may view them, a few for the rest.
pub(crate) fn get(call: &Call<'_>) -> Answer {
    if call.rights.has_any(&["view-realm", "manage-realm"]) {
        ok(full_json(call.document()))
    } else {
        ok(short_json(call.document()))
    }
}

/// Changes settings; what is left out stays.
pub(crate) async fn put(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["manage-realm"])?;
    let change = |document: &mut RealmDocument| {
        let old = document.realm.clone();
        call.request
            .read("RealmRepresentation", |members, report| {
                realm::apply(document, members, report)
            })?;
        if document.realm != old {
            if old == MASTER {
                return Err(Failure::bad_message("Can't rename master realm"));
            }
            check_name(&document.realm)?;
            if call.admin.realms.realm(&document.realm).is_some() {
                return Err(Failure::exists(format!(
                    "Realm {} already exists",
                    document.realm
                )));
            }
        }
        Ok(document.realm.clone())
    };
    let name = call.change(change).await?;
    if name != call.name && call.admin.realms.realm(MASTER).is_some() {
        let (old, new) = (master_client_id(&call.name), master_client_id(&name));
        let renamed = |master: &mut RealmDocument| {
            if let Some(client) = master.clients.iter_mut().find(|client| client.id == old) {
                client.id.clone_from(&new);
            }
            references::rename_client(master, &old, &new);
            Ok(())
        };
        call.admin.change(MASTER, renamed).await?;
    }
    Ok(done())
}

/// Deletes a realm with everything in it.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["manage-realm"])?;
    if call.name == MASTER {
        return Err(Failure::bad_message("Can't delete master realm"));
    }
    if !call.admin.realms.delete(&call.name).await? {
        return Err(Failure::not_found("Realm not found."));
    }
    if call.admin.realms.realm(MASTER).is_some() {
        let removed = |master: &mut RealmDocument| {
            remove_realm_from_master(master, &call.name);
            Ok(())
        };
        call.admin.change(MASTER, removed).await?;
    }
    Ok(done())
}

/// Tells adapters of a new not-before. There are none to tell.
pub(crate) fn push_revocation(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["manage-realm"])?;
    Ok(ok_plain(Writer::new()))
}

/// Ends every session of the realm.
pub(crate) async fn logout_all(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["manage-users"])?;
    call.store().end_realm_sessions(&call.name).await?;
    Ok(ok_plain(Writer::new()))
}

/// Whoever makes a realm administers it, also without ruling the others.
async fn give_to_maker(
    admin: &Admin,
    master: &LoadedRealm,
    caller: &AdminCaller,
    realm: &str,
) -> Result<(), Failure> {
    let id = master_client_id(realm);
    let roles: Vec<String> = find::roles(&master.document)
        .filter(|found| found.owner == find::Owner::Client(id.clone()))
        .filter_map(|found| found.role.id.clone())
        .collect();
    let mut user = User::clone(&caller.user);
    let version = user.version;
    user.roles.extend(roles);
    admin.store.update_user(MASTER, user, version).await?;
    Ok(())
}

fn check_name(name: &str) -> Result<(), Failure> {
    match name.chars().find(|character| RESERVED.contains(*character)) {
        Some(reserved) => Err(Failure::bad(format!("Character '{reserved}' not allowed."))),
        None => Ok(()),
    }
}

fn full_json(document: &RealmDocument) -> Json {
    let id = document
        .id
        .clone()
        .unwrap_or_else(|| document.realm.clone());
    let default_role = default_role_name(&document.realm);
    let role = document
        .roles
        .iter()
        .find(|role| role.name == default_role)
        .map(|role| {
            Writer::new()
                .with_some("id", role.id.clone())
                .with("name", role.name.clone())
                .with_some("description", role.description.clone())
                .with("composite", true)
                .with("clientRole", false)
                .with("containerId", id.clone())
        });
    let writer = Writer::new()
        .with("id", id)
        .with("realm", document.realm.clone());
    settings::write(document, writer, true)
        .with_some("defaultRole", role)
        .with_some("clientProfiles", document.client_profiles.clone())
        .with_some("clientPolicies", document.client_policies.clone())
        .into()
}

fn brief_json(document: &RealmDocument) -> Json {
    Writer::new()
        .with_some("id", document.id.clone())
        .with("realm", document.realm.clone())
        .with_some("displayName", document.display_name.clone())
        .with("enabled", document.enabled)
        .into()
}

fn short_json(document: &RealmDocument) -> Json {
    Writer::new()
        .with("realm", document.realm.clone())
        .with(
            "registrationEmailAsUsername",
            document.login.email_as_username,
        )
        .with("editUsernameAllowed", false)
        .into()
}

/// Whether an id that the document brings is that of a thing in another realm: ids are unique over all
/// realms.
async fn ids_are_taken(admin: &Admin, document: &RealmDocument) -> Result<bool, Failure> {
    let wanted = ids(document);
    for name in admin.realms.names() {
        let Some(LoadedRealm {
            document: other, ..
        }) = admin.realms.realm(&name).as_deref().cloned()
        else {
            continue;
        };
        if other.id == document.id || !ids(&other).is_disjoint(&wanted) {
            return Ok(true);
        }
        for id in document.users.iter().filter_map(|user| user.id.as_deref()) {
            if admin
                .store
                .find_user(&name, &UserQuery::Id(id.into()))
                .await?
                .is_some()
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The ids in a document, without those of users.
fn ids(document: &RealmDocument) -> BTreeSet<&str> {
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    ids.extend(find::roles(document).filter_map(|found| found.role.id.as_deref()));
    ids.extend(
        find::groups(document)
            .iter()
            .filter_map(|placed| placed.group.id.as_deref()),
    );
    for client in &document.clients {
        ids.extend(client.uuid.as_deref());
        ids.extend(
            client
                .mappers
                .iter()
                .filter_map(|mapper| mapper.id.as_deref()),
        );
    }
    for scope in document.client_scopes.iter().flatten() {
        ids.extend(scope.id.as_deref());
        ids.extend(
            scope
                .mappers
                .iter()
                .filter_map(|mapper| mapper.id.as_deref()),
        );
    }
    ids.extend(
        document
            .identity_providers
            .iter()
            .filter_map(|provider| provider.id.as_deref()),
    );
    ids.extend(
        document
            .policies
            .iter()
            .filter_map(|policy| policy.id.as_deref()),
    );
    ids.extend(
        document
            .permissions
            .iter()
            .filter_map(|permission| permission.id.as_deref()),
    );
    if let Some(store) = &document.authorization {
        ids.extend(
            store
                .resources
                .iter()
                .filter_map(|resource| resource.id.as_deref()),
        );
        ids.extend(store.scopes.iter().filter_map(|scope| scope.id.as_deref()));
    }
    ids
}
