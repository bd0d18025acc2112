//! `RealmRepresentation`: a whole realm.

use std::collections::BTreeMap;

use cambist::realm::{
    Profile,
    document::{RealmDocument, RoleNames, UserDocument},
};
use serde_json::Value;

use crate::{
    Import, authorization, client, client_scope,
    error::{ImportError, Loss, Report},
    group, identity_provider, keys, mapper,
    members::Members,
    organization, role, settings, user,
    writer::{Json, Writer},
};

/// The client whose permission store guards token exchange (fine-grained permissions, version 1).
pub const REALM_MANAGEMENT: &str = "realm-management";
/// The client whose permission store guards administration (fine-grained permissions, version 2).
pub const ADMIN_PERMISSIONS: &str = "admin-permissions";

const DROPPED: &[&str] = &[
    "applicationScopeMappings",
    "applications",
    "authenticationFlows",
    "authenticatorConfig",
    "certificate",
    "clientTemplates",
    "codeSecret",
    "defaultGroups",
    "federatedUsers",
    "keycloakVersion",
    "localizationTexts",
    "oauthClients",
    "passwordCredentialGrantAllowed",
    "privateKey",
    "publicKey",
    "realmCacheEnabled",
    "requiredActions",
    "smtpServer",
    "social",
    "socialProviders",
    "types",
    "updateProfileOnInitialSocialLogin",
    "userCacheEnabled",
    "userFederationMappers",
    "userFederationProviders",
    "workflows",
];

/// Members that a document has and that are changed by calls of their own.
const ELSEWHERE: &[&str] = &[
    "clientScopeMappings",
    "clientScopes",
    "clients",
    "components",
    "defaultDefaultClientScopes",
    "defaultOptionalClientScopes",
    "defaultRole",
    "defaultRoles",
    "groups",
    "id",
    "identityProviderMappers",
    "identityProviders",
    "organizations",
    "roles",
    "scopeMappings",
    "users",
];

/// Reads a whole realm.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, a missing name, a word that is none of a closed list.
pub fn read(value: Value) -> Result<Import, ImportError> {
    let mut report = Report::default();
    let mut members = Members::new("", value)?;
    let mut realm = RealmDocument::named(members.required_text("realm")?);
    realm.profile = Profile::Keycloak;
    realm.enabled = false;
    realm.id = members.text("id")?;
    settings::apply(&mut realm, &mut members, &mut report)?;
    if let Some(components) = members.object("components")? {
        realm.keys = keys::read_components(components, &mut report)?;
    }
    read_scopes(&mut realm, &mut members, &mut report)?;
    read_clients(&mut realm, &mut members, &mut report)?;
    read_roles(&mut realm, &mut members, &mut report)?;
    read_scope_mappings(&mut realm, &mut members, &mut report)?;
    for group in members.objects("groups")?.unwrap_or_default() {
        realm.groups.push(group::read(group, &mut report)?);
    }
    read_providers(&mut realm, &mut members, &mut report)?;
    realm.client_profiles = members.value("clientProfiles");
    realm.client_policies = members.value("clientPolicies");
    for user in members.objects("users")?.unwrap_or_default() {
        realm.users.push(user::read(user, &mut report)?);
    }
    let places = organization::places(&realm.users);
    for organization in members.objects("organizations")?.unwrap_or_default() {
        let users = &mut realm.users;
        let organization = organization::read(organization, users, &places, &mut report)?;
        realm.organizations.push(organization);
    }
    members.finish(DROPPED, &mut report);
    Ok(Import {
        document: realm,
        not_carried: report.into_entries(),
    })
}

/// Lays what `members` says over a realm's settings; what it leaves out stays. Clients, roles, users and what
/// else has calls of its own are passed over, as Keycloak does.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, or a word that is none of a closed list.
pub fn apply(
    realm: &mut RealmDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(name) = members.text("realm")?.filter(|name| !name.is_empty()) {
        realm.realm = name;
    }
    settings::apply(realm, &mut members, report)?;
    for (member, target) in [
        ("clientProfiles", &mut realm.client_profiles),
        ("clientPolicies", &mut realm.client_policies),
    ] {
        if let Some(value) = members.value(member) {
            *target = Some(value);
        }
    }
    members.finish(&[DROPPED, ELSEWHERE].concat(), report);
    Ok(())
}

/// Writes a whole realm with the users given, in the form of a full export: secrets and ids included.
#[must_use]
pub fn to_json(realm: &RealmDocument, users: &[UserDocument]) -> Json {
    let writer = Writer::new()
        .with_some("id", realm.id.clone())
        .with("realm", realm.realm.clone());
    let mut writer = settings::write(realm, writer, false).with("roles", roles_to_json(realm));
    if let Some(name) = realm.default_roles.first() {
        let composite = realm
            .roles
            .iter()
            .any(|role| &role.name == name && !role.composites.is_empty());
        writer = if composite && realm.default_roles.len() == 1 {
            writer.with("defaultRole", Writer::new().with("name", name.clone()))
        } else {
            writer.with("defaultRoles", realm.default_roles.clone())
        };
    }
    if let Some(scopes) = &realm.client_scopes {
        writer = writer.with(
            "clientScopes",
            scopes.iter().map(client_scope::to_json).collect::<Vec<_>>(),
        );
    }
    writer
        .with_some("defaultDefaultClientScopes", realm.default_scopes.clone())
        .with_some("defaultOptionalClientScopes", realm.optional_scopes.clone())
        .with("clients", clients_to_json(realm))
        .with_list("scopeMappings", realm_scope_mappings(realm))
        .with_some("clientScopeMappings", client_scope_mappings(realm))
        .with_list(
            "groups",
            realm
                .groups
                .iter()
                .map(|group| group::to_json(group, ""))
                .collect(),
        )
        .with_list(
            "identityProviders",
            realm
                .identity_providers
                .iter()
                .map(identity_provider::to_json)
                .collect(),
        )
        .with_list("identityProviderMappers", provider_mappers(realm))
        .with_some("clientProfiles", realm.client_profiles.clone())
        .with_some("clientPolicies", realm.client_policies.clone())
        .with_some("components", keys::to_components(&realm.keys))
        .with_list("users", users.iter().map(user::to_json).collect())
        .with_list(
            "organizations",
            realm
                .organizations
                .iter()
                .map(|organization| organization::to_json(organization, users))
                .collect(),
        )
        .into()
}

fn read_scopes(
    realm: &mut RealmDocument,
    members: &mut Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    realm.default_scopes = members.texts("defaultDefaultClientScopes")?;
    realm.optional_scopes = members.texts("defaultOptionalClientScopes")?;
    realm.client_scopes = members
        .objects("clientScopes")?
        .map(|list| {
            list.into_iter()
                .map(|scope| client_scope::read(scope, report))
                .collect()
        })
        .transpose()?;
    Ok(())
}

fn read_clients(
    realm: &mut RealmDocument,
    members: &mut Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    let mut stores = Vec::new();
    for mut client in members.objects("clients")?.unwrap_or_default() {
        let store = client.object("authorizationSettings")?;
        let client = client::read(client, report)?;
        match store {
            Some(store) if client.authorization_services => stores.push((client.id.clone(), store)),
            Some(store) => report.note(store.path(), Loss::Dropped),
            None => {}
        }
        realm.clients.push(client);
    }
    // A client without authorization services has no store, and one store counts: that of `realm-management`, else that of `admin-permissions`.
    let chosen = [REALM_MANAGEMENT, ADMIN_PERMISSIONS]
        .into_iter()
        .find_map(|wanted| stores.iter().position(|(client, _)| client == wanted));
    for (index, (_, settings)) in stores.into_iter().enumerate() {
        if Some(index) == chosen {
            let store = authorization::read(settings, report)?;
            realm.policies = store.policies;
            realm.permissions = store.permissions;
            realm.authorization = Some(store.authorization);
        } else {
            report.note(settings.path(), Loss::Dropped);
        }
    }
    Ok(())
}

fn read_roles(
    realm: &mut RealmDocument,
    members: &mut Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(mut roles) = members.object("roles")? {
        for role in roles.objects("realm")?.unwrap_or_default() {
            realm.roles.push(role::read(role, report)?);
        }
        if let Some(mut by_client) = roles.object("client")? {
            let names: Vec<String> = by_client.names().map(str::to_owned).collect();
            for name in names {
                let list = by_client.objects(&name)?.unwrap_or_default();
                let Some(client) = realm.clients.iter_mut().find(|client| client.id == name) else {
                    report.note(by_client.at(&name), Loss::DanglingReference);
                    continue;
                };
                for role in list {
                    client.roles.push(role::read(role, report)?);
                }
            }
        }
        roles.finish(&["application"], report);
    }
    if let Some(names) = members.texts("defaultRoles")? {
        realm.default_roles = names;
    }
    if let Some(mut role) = members.object("defaultRole")? {
        realm.default_roles = vec![role.required_text("name")?];
    }
    Ok(())
}

fn read_scope_mappings(
    realm: &mut RealmDocument,
    members: &mut Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    for mapping in members.objects("scopeMappings")?.unwrap_or_default() {
        read_scope_mapping(realm, mapping, None, report)?;
    }
    if let Some(mut by_client) = members.object("clientScopeMappings")? {
        let names: Vec<String> = by_client.names().map(str::to_owned).collect();
        for name in names {
            for mapping in by_client.objects(&name)?.unwrap_or_default() {
                read_scope_mapping(realm, mapping, Some(&name), report)?;
            }
        }
    }
    Ok(())
}

fn read_scope_mapping(
    realm: &mut RealmDocument,
    mut mapping: Members,
    owner: Option<&str>,
    report: &mut Report,
) -> Result<(), ImportError> {
    let roles = mapping.texts("roles")?.unwrap_or_default();
    let (client, scope) = (mapping.text("client")?, mapping.text("clientScope")?);
    let path = mapping.path().to_owned();
    mapping.finish(&["clientTemplate", "self"], report);
    let target = match (client, scope) {
        (Some(client), _) => realm
            .clients
            .iter_mut()
            .find(|other| other.id == client)
            .map(|client| &mut client.scope_mappings),
        (None, Some(scope)) => {
            let scopes = realm.client_scopes.iter_mut().flatten();
            scopes
                .into_iter()
                .find(|other| other.name == scope)
                .map(|scope| &mut scope.scope_mappings)
        }
        (None, None) => None,
    };
    let Some(target) = target else {
        report.note(path, Loss::DanglingReference);
        return Ok(());
    };
    let list = match owner {
        Some(owner) => target.clients.entry(owner.to_owned()).or_default(),
        None => &mut target.realm,
    };
    for role in roles {
        if !list.contains(&role) {
            list.push(role);
        }
    }
    Ok(())
}

fn read_providers(
    realm: &mut RealmDocument,
    members: &mut Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    for provider in members.objects("identityProviders")?.unwrap_or_default() {
        realm
            .identity_providers
            .push(identity_provider::read(provider, report)?);
    }
    for entry in members
        .objects("identityProviderMappers")?
        .unwrap_or_default()
    {
        let path = entry.path().to_owned();
        let (alias, mapper) = mapper::read_for_provider(entry, report)?;
        match realm
            .identity_providers
            .iter_mut()
            .find(|provider| Some(&provider.alias) == alias.as_ref())
        {
            Some(provider) => provider.mappers.push(mapper),
            None => report.note(path, Loss::DanglingReference),
        }
    }
    Ok(())
}

fn clients_to_json(realm: &RealmDocument) -> Vec<Json> {
    let holder = [REALM_MANAGEMENT, ADMIN_PERMISSIONS]
        .into_iter()
        .find(|wanted| {
            realm
                .clients
                .iter()
                .any(|client| client.id == *wanted && client.authorization_services)
        });
    realm
        .clients
        .iter()
        .map(|client| {
            let json = client::to_json(client);
            match &realm.authorization {
                Some(store) if holder == Some(client.id.as_str()) => Writer::resume(json)
                    .with(
                        "authorizationSettings",
                        authorization::to_json(store, &realm.policies, &realm.permissions),
                    )
                    .into(),
                _ => json,
            }
        })
        .collect()
}

fn roles_to_json(realm: &RealmDocument) -> Json {
    let container = realm.id.as_deref().unwrap_or(&realm.realm);
    let of_realm: Vec<Json> = realm
        .roles
        .iter()
        .map(|role| role::to_json(role, container, false))
        .collect();
    let mut by_client = Writer::new();
    for client in realm
        .clients
        .iter()
        .filter(|client| !client.roles.is_empty())
    {
        let container = client.uuid.as_deref().unwrap_or(&client.id);
        let roles: Vec<Json> = client
            .roles
            .iter()
            .map(|role| role::to_json(role, container, true))
            .collect();
        by_client = by_client.with(&client.id, roles);
    }
    Writer::new()
        .with("realm", of_realm)
        .with("client", by_client)
        .into()
}

/// Every client and client scope that has roles mapped, with the member that names it.
fn mapped(realm: &RealmDocument) -> impl Iterator<Item = (&'static str, &str, &RoleNames)> {
    let clients = realm
        .clients
        .iter()
        .map(|client| ("client", client.id.as_str(), &client.scope_mappings));
    let scopes = realm.client_scopes.iter().flatten();
    clients.chain(scopes.map(|scope| ("clientScope", scope.name.as_str(), &scope.scope_mappings)))
}

fn realm_scope_mappings(realm: &RealmDocument) -> Vec<Json> {
    mapped(realm)
        .filter(|(_, _, roles)| !roles.realm.is_empty())
        .map(|(member, name, roles)| {
            Writer::new()
                .with(member, name)
                .with("roles", roles.realm.clone())
                .into()
        })
        .collect()
}

fn client_scope_mappings(realm: &RealmDocument) -> Option<Json> {
    let mut by_owner: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for (member, name, roles) in mapped(realm) {
        for (owner, list) in &roles.clients {
            let mapping = Writer::new().with(member, name).with("roles", list.clone());
            by_owner.entry(owner).or_default().push(mapping.into());
        }
    }
    (!by_owner.is_empty()).then(|| {
        by_owner
            .into_iter()
            .fold(Writer::new(), |writer, (owner, list)| {
                writer.with(owner, list)
            })
            .into()
    })
}

fn provider_mappers(realm: &RealmDocument) -> Vec<Json> {
    realm
        .identity_providers
        .iter()
        .flat_map(|provider| {
            provider
                .mappers
                .iter()
                .map(|mapper| mapper::to_provider_json(&provider.alias, mapper))
        })
        .collect()
}
