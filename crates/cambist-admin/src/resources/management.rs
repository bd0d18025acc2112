//! `/management/permissions` and its siblings: turning the fine-grained permissions (version 1) of a client,
//! an identity provider or the users on and off.

use cambist::realm::{
    Feature,
    builtin::management_client_id,
    document::{
        AuthorizationDocument, AuthorizationScopeDocument, PermissionDocument, RealmDocument,
        ResourceDocument,
    },
};
use cambist_keycloak::{Json, Writer};
use http::StatusCode;

use super::{clients, users};
use crate::{
    admin::Call,
    answer::{Answer, Failure, ok},
    find,
};

/// What permissions are about, by internal id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of<'a> {
    Client(&'a str),
    /// By alias.
    Provider(&'a str),
    Users,
}

/// Scopes of a client, in the order in which they are answered.
const CLIENT_SCOPES: &[&str] = &[
    "view",
    "manage",
    "configure",
    "map-roles",
    "map-roles-client-scope",
    "map-roles-composite",
    "token-exchange",
];
const PROVIDER_SCOPES: &[&str] = &["token-exchange"];
const USERS_SCOPES: &[&str] = &[
    "view",
    "manage",
    "map-roles",
    "manage-group-membership",
    "impersonate",
    "user-impersonated",
];

/// The name of a client's resource.
pub(crate) fn client_resource(id: &str) -> String {
    format!("client.resource.{id}")
}

/// Name and type of the resource, its scopes, and the end of the names of its permissions.
struct Guarded {
    resource: String,
    kind: &'static str,
    scopes: &'static [&'static str],
    suffix: String,
}

impl Guarded {
    fn of(document: &RealmDocument, of: Of<'_>) -> Result<Self, Failure> {
        Ok(match of {
            Of::Client(id) => {
                find::client(document, id)?;
                Self {
                    resource: client_resource(id),
                    kind: "Client",
                    scopes: CLIENT_SCOPES,
                    suffix: format!("client.{id}"),
                }
            }
            Of::Provider(alias) => {
                let provider = document
                    .identity_providers
                    .iter()
                    .find(|provider| provider.alias == alias);
                let provider = provider.ok_or(Failure::Status(StatusCode::NOT_FOUND))?;
                let id = provider.id.as_deref().unwrap_or(alias);
                Self {
                    resource: format!("idp.resource.{id}"),
                    kind: "IdentityProvider",
                    scopes: PROVIDER_SCOPES,
                    suffix: format!("idp.{id}"),
                }
            }
            Of::Users => Self {
                resource: "Users".to_owned(),
                kind: "Users",
                scopes: USERS_SCOPES,
                suffix: "users".to_owned(),
            },
        })
    }

    fn permission_name(&self, scope: &str) -> String {
        let action = if self.kind == "Users" && scope == "impersonate" {
            "admin-impersonating"
        } else {
            scope
        };
        format!("{action}.permission.{}", self.suffix)
    }

    fn to_json(&self, document: &RealmDocument) -> Json {
        let resources = document
            .authorization
            .iter()
            .flat_map(|store| &store.resources);
        let Some(resource) = resources
            .into_iter()
            .find(|resource| resource.name == self.resource)
        else {
            return Writer::new().with("enabled", false).into();
        };
        let permissions = self.scopes.iter().fold(Writer::new(), |writer, scope| {
            let name = self.permission_name(scope);
            let found = document
                .permissions
                .iter()
                .find(|permission| permission.name == name);
            writer.with_some(scope, found.and_then(|permission| permission.id.clone()))
        });
        Writer::new()
            .with("enabled", true)
            .with_some("resource", resource.id.clone())
            .with("scopePermissions", permissions)
            .into()
    }
}

pub(crate) fn get(call: &Call<'_>, of: Of<'_>) -> Result<Answer, Failure> {
    let guarded = Guarded::of(call.document(), of)?;
    call.require(if matches!(of, Of::Users) {
        users::VIEW
    } else {
        clients::VIEW
    })?;
    check_feature(call)?;
    Ok(ok(guarded.to_json(call.document())))
}

pub(crate) async fn put(call: &Call<'_>, of: Of<'_>) -> Result<Answer, Failure> {
    Guarded::of(call.document(), of)?;
    call.require(if matches!(of, Of::Users) {
        users::MANAGE
    } else {
        clients::MANAGE
    })?;
    check_feature(call)?;
    let wanted = call
        .request
        .read("ManagementPermissionReference", |mut members, report| {
            let enabled = members.flag("enabled")?.unwrap_or(false);
            members.finish(&["resource", "scopePermissions"], report);
            Ok(enabled)
        })?;
    let mut ids = Vec::new();
    // A resource, and for each scope at most a scope and a permission.
    for _ in 0..CLIENT_SCOPES.len().saturating_mul(2).saturating_add(1) {
        ids.push(call.admin.new_id()?);
    }
    let update = |document: &mut RealmDocument| {
        let guarded = Guarded::of(document, of)?;
        if wanted {
            turn_on(document, &guarded, &mut ids.iter().cloned());
        } else {
            forget(document, &guarded.resource);
        }
        Ok(guarded.to_json(document))
    };
    Ok(ok(call.change(update).await?))
}

/// Takes a resource out of the store, with the permissions that guard nothing else.
pub(crate) fn forget(document: &mut RealmDocument, resource: &str) {
    let Some(store) = &mut document.authorization else {
        return;
    };
    let Some(place) = store
        .resources
        .iter()
        .position(|other| other.name == resource)
    else {
        return;
    };
    let gone = store.resources.remove(place);
    let is_gone =
        |reference: &String| *reference == gone.name || Some(reference) == gone.id.as_ref();
    document.permissions.retain_mut(|permission| {
        let guarded_it = permission.resources.iter().any(is_gone);
        permission.resources.retain(|reference| !is_gone(reference));
        !(guarded_it && permission.resources.is_empty())
    });
}

fn turn_on(
    document: &mut RealmDocument,
    guarded: &Guarded,
    ids: &mut impl Iterator<Item = String>,
) {
    let holder = management_client_id(&document.realm);
    if let Some(client) = document
        .clients
        .iter_mut()
        .find(|client| client.id == holder)
    {
        client.authorization_services = true;
    }
    let store = document
        .authorization
        .get_or_insert_with(AuthorizationDocument::default);
    if store
        .resources
        .iter()
        .any(|resource| resource.name == guarded.resource)
    {
        return;
    }
    let resource = ids.next();
    for scope in guarded.scopes {
        if !store.scopes.iter().any(|other| other.name == *scope) {
            store.scopes.push(AuthorizationScopeDocument {
                name: (*scope).to_owned(),
                id: ids.next(),
                display_name: None,
            });
        }
    }
    store.resources.push(ResourceDocument {
        name: guarded.resource.clone(),
        id: resource,
        kind: Some(guarded.kind.to_owned()),
        display_name: None,
        scopes: guarded
            .scopes
            .iter()
            .map(|scope| (*scope).to_owned())
            .collect(),
        uris: Vec::new(),
        attributes: std::collections::BTreeMap::new(),
        owner: None,
        owner_managed_access: false,
    });
    for scope in guarded.scopes {
        document.permissions.push(PermissionDocument {
            name: guarded.permission_name(scope),
            id: ids.next(),
            description: None,
            action: None,
            client: None,
            provider: None,
            kind: Some("scope".to_owned()),
            resources: vec![guarded.resource.clone()],
            scopes: vec![(*scope).to_owned()],
            resource_type: None,
            policies: Vec::new(),
            strategy: cambist::policy::DecisionStrategy::default(),
            logic: cambist::policy::Logic::default(),
        });
    }
}

fn check_feature(call: &Call<'_>) -> Result<(), Failure> {
    if call
        .loaded
        .realm
        .features()
        .has(Feature::FineGrainedAuthzV1)
    {
        return Ok(());
    }
    Err(Failure::Error {
        status: StatusCode::NOT_IMPLEMENTED,
        error: "Feature not enabled".to_owned(),
        description: Some("For more on this error consult the server log.".to_owned()),
    })
}
