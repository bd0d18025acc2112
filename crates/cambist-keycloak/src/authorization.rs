//! `ResourceServerRepresentation`: the permission store of a client.

use cambist::{
    policy::EnforcementMode,
    realm::document::{
        AuthorizationDocument, AuthorizationScopeDocument, PermissionDocument, PolicyDocument,
        ResourceDocument,
    },
};
use serde_json::Value;

use crate::{
    error::{ImportError, Report},
    members::{Members, text_of, wrong},
    policy::{self, Entry},
    writer::{Json, Writer},
};

/// A permission store as our document divides it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Conditions.
    pub policies: Vec<PolicyDocument>,
    /// Permissions.
    pub permissions: Vec<PermissionDocument>,
    /// Modes, resources, scopes.
    pub authorization: AuthorizationDocument,
}

/// Reads `authorizationSettings`.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, a missing name, or a word that is none of a closed list.
pub fn read(mut members: Members, report: &mut Report) -> Result<Store, ImportError> {
    let mut store = Store::default();
    apply_modes(&mut store.authorization, &mut members)?;
    for resource in members.objects("resources")?.unwrap_or_default() {
        store
            .authorization
            .resources
            .push(read_resource(resource, report)?);
    }
    for scope in members.objects("scopes")?.unwrap_or_default() {
        store.authorization.scopes.push(read_scope(scope, report)?);
    }
    for entry in members.objects("policies")?.unwrap_or_default() {
        match policy::read(entry, report)? {
            Entry::Policy(policy) => store.policies.push(policy),
            Entry::Permission(permission) => store.permissions.push(permission),
        }
    }
    for derived in ["id", "clientId", "name"] {
        members.value(derived);
    }
    members.finish(&["authorizationSchema"], report);
    Ok(store)
}

/// Reads enforcement mode, strategy and remote management; what is left out stays.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a word that is none of the list.
pub fn apply_modes(
    authorization: &mut AuthorizationDocument,
    members: &mut Members,
) -> Result<(), ImportError> {
    if let Some(flag) = members.flag("allowRemoteResourceManagement")? {
        authorization.allow_remote_resource_management = flag;
    }
    if let Some(word) = members.text("policyEnforcementMode")? {
        authorization.enforcement = match word.as_str() {
            "ENFORCING" => EnforcementMode::Enforcing,
            "PERMISSIVE" => EnforcementMode::Permissive,
            "DISABLED" => EnforcementMode::Disabled,
            _ => {
                return Err(ImportError::UnknownWord {
                    path: members.at("policyEnforcementMode"),
                    allowed: "ENFORCING, PERMISSIVE, DISABLED",
                });
            }
        };
    }
    if let Some(strategy) = policy::read_strategy(members, "decisionStrategy")? {
        authorization.strategy = strategy;
    }
    Ok(())
}

/// Keycloak's word.
#[must_use]
pub const fn enforcement_word(mode: EnforcementMode) -> &'static str {
    match mode {
        EnforcementMode::Enforcing => "ENFORCING",
        EnforcementMode::Permissive => "PERMISSIVE",
        EnforcementMode::Disabled => "DISABLED",
    }
}

/// A permission store in Keycloak's form: conditions before the permissions that use them.
#[must_use]
pub fn to_json(
    authorization: &AuthorizationDocument,
    policies: &[PolicyDocument],
    permissions: &[PermissionDocument],
) -> Json {
    let entries: Vec<Json> = policies
        .iter()
        .map(policy::to_json)
        .chain(permissions.iter().map(policy::permission_to_json))
        .collect();
    Writer::new()
        .with(
            "allowRemoteResourceManagement",
            authorization.allow_remote_resource_management,
        )
        .with(
            "policyEnforcementMode",
            enforcement_word(authorization.enforcement),
        )
        .with(
            "resources",
            authorization
                .resources
                .iter()
                .map(resource_to_json)
                .collect::<Vec<_>>(),
        )
        .with("policies", entries)
        .with(
            "scopes",
            authorization
                .scopes
                .iter()
                .map(scope_to_json)
                .collect::<Vec<_>>(),
        )
        .with(
            "decisionStrategy",
            policy::strategy_word(authorization.strategy),
        )
        .into()
}

/// Reads a resource.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing name.
pub fn read_resource(
    mut members: Members,
    report: &mut Report,
) -> Result<ResourceDocument, ImportError> {
    let mut scopes = Vec::new();
    // `scopes` in exports, `resource_scopes` in the protection interface.
    for member in ["scopes", "resource_scopes"] {
        let path = members.at(member);
        let Some(Value::Array(list)) = members.value(member) else {
            continue;
        };
        for scope in list {
            scopes.push(scope_name(scope, &path)?);
        }
    }
    let owner = match members.value("owner") {
        Some(Value::Object(owner)) => owner
            .get("name")
            .or_else(|| owner.get("id"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        Some(Value::String(owner)) => Some(owner),
        _ => None,
    };
    let mut uris = members.texts("uris")?.unwrap_or_default();
    uris.extend(members.text("uri")?);
    let resource = ResourceDocument {
        name: members.required_text("name")?,
        id: members.text("_id")?.or(members.text("id")?),
        kind: members.text("type")?,
        display_name: members.text("displayName")?,
        scopes,
        uris,
        attributes: members.value_map("attributes")?.unwrap_or_default(),
        owner,
        owner_managed_access: members.flag("ownerManagedAccess")?.unwrap_or(false),
    };
    members.finish(&["icon_uri", "iconUri", "scopesUma"], report);
    Ok(resource)
}

/// A resource in Keycloak's form, its scopes by name.
#[must_use]
pub fn resource_to_json(resource: &ResourceDocument) -> Json {
    let scopes: Vec<Json> = resource
        .scopes
        .iter()
        .map(|name| Writer::new().with("name", name.clone()).into())
        .collect();
    let owner = resource
        .owner
        .clone()
        .map(|name| Json::from(Writer::new().with("name", name)));
    Writer::new()
        .with("name", resource.name.clone())
        .with_some("type", resource.kind.clone())
        .with_some("owner", owner)
        .with("ownerManagedAccess", resource.owner_managed_access)
        .with_some("displayName", resource.display_name.clone())
        .with_lists("attributes", &resource.attributes)
        .with_some("_id", resource.id.clone())
        .with("uris", resource.uris.clone())
        .with("scopes", scopes)
        .into()
}

/// Reads a scope of the store.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing name.
pub fn read_scope(
    mut members: Members,
    report: &mut Report,
) -> Result<AuthorizationScopeDocument, ImportError> {
    let scope = AuthorizationScopeDocument {
        name: members.required_text("name")?,
        id: members.text("id")?,
        display_name: members.text("displayName")?,
    };
    members.finish(&["iconUri", "policies", "resources"], report);
    Ok(scope)
}

/// A scope of the store in Keycloak's form.
#[must_use]
pub fn scope_to_json(scope: &AuthorizationScopeDocument) -> Json {
    Writer::new()
        .with_some("id", scope.id.clone())
        .with("name", scope.name.clone())
        .with_some("displayName", scope.display_name.clone())
        .into()
}

fn scope_name(value: Value, path: &str) -> Result<String, ImportError> {
    match value {
        Value::Object(mut members) => match members.remove("name").map(text_of) {
            Some(Ok(name)) => Ok(name),
            _ => Err(ImportError::Missing {
                path: path.to_owned(),
                member: "name",
            }),
        },
        other => text_of(other).map_err(|found| wrong(path.to_owned(), "a scope", &found)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, to_json};
    use crate::{error::Report, members::Members};

    #[test]
    fn a_store_comes_back_as_it_was() {
        let json = json!({
            "allowRemoteResourceManagement": false, "policyEnforcementMode": "PERMISSIVE",
            "decisionStrategy": "AFFIRMATIVE",
            "resources": [{"_id": "1", "name": "client.resource.x", "type": "Client", "ownerManagedAccess": false,
                "attributes": {}, "uris": [], "scopes": [{"name": "view"}, {"name": "token-exchange"}]}],
            "policies": [
                {"id": "2", "name": "callers", "type": "client", "logic": "POSITIVE",
                 "decisionStrategy": "UNANIMOUS", "config": {"clients": "[\"a\"]"}},
                {"id": "3", "name": "perm", "type": "scope", "logic": "POSITIVE",
                 "decisionStrategy": "UNANIMOUS", "config": {"applyPolicies": "[\"callers\"]"}}
            ],
            "scopes": [{"id": "4", "name": "view"}, {"id": "5", "name": "token-exchange"}]
        });
        let mut report = Report::default();
        let store = read(Members::new("s", json.clone()).unwrap(), &mut report).unwrap();
        assert_eq!(report.entries(), []);
        assert_eq!(
            to_json(&store.authorization, &store.policies, &store.permissions),
            json
        );
    }

    #[test]
    fn an_unknown_mode_is_refused() {
        let bad = json!({"policyEnforcementMode": "SOMETIMES"});
        assert!(read(Members::new("s", bad).unwrap(), &mut Report::default()).is_err());
    }
}
