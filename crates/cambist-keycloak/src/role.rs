//! `RoleRepresentation`.

use cambist::realm::document::{RoleDocument, RoleNames};

use crate::{
    error::{ImportError, Report},
    members::Members,
    writer::{Json, Writer},
};

/// Members that only an answer carries.
const DERIVED: &[&str] = &[
    "composite",
    "clientRole",
    "containerId",
    "scopeParamRequired",
];

/// Reads a role.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing name.
pub fn read(mut members: Members, report: &mut Report) -> Result<RoleDocument, ImportError> {
    let mut role = RoleDocument {
        name: members.required_text("name")?,
        id: members.text("id")?,
        description: None,
        composites: RoleNames::default(),
        attributes: std::collections::BTreeMap::new(),
    };
    apply(&mut role, members, report)?;
    Ok(role)
}

/// Lays what `members` says over a role; what it leaves out stays.
///
/// # Errors
///
/// [`ImportError`] for a wrong type.
pub fn apply(
    role: &mut RoleDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(name) = members.text("name")?.filter(|name| !name.is_empty()) {
        role.name = name;
    }
    if let Some(id) = members.text("id")? {
        role.id = Some(id);
    }
    if let Some(description) = members.text("description")? {
        role.description = Some(description);
    }
    if let Some(mut composites) = members.object("composites")? {
        role.composites = RoleNames {
            realm: composites.texts("realm")?.unwrap_or_default(),
            clients: composites.value_map("client")?.unwrap_or_default(),
        };
        composites.finish(&["application"], report);
    }
    if let Some(attributes) = members.value_map("attributes")? {
        role.attributes = attributes;
    }
    for derived in DERIVED {
        members.value(derived);
    }
    members.finish(&[], report);
    Ok(())
}

/// A role in Keycloak's form, with its composites by name.
#[must_use]
pub fn to_json(role: &RoleDocument, container: &str, client_role: bool) -> Json {
    let mut composites = Writer::new();
    if !role.composites.realm.is_empty() {
        composites = composites.with("realm", role.composites.realm.clone());
    }
    if !role.composites.clients.is_empty() {
        composites = composites.with_lists("client", &role.composites.clients);
    }
    let writer = Writer::new()
        .with_some("id", role.id.clone())
        .with("name", role.name.clone())
        .with_some("description", role.description.clone())
        .with("composite", !role.composites.is_empty());
    let writer = if role.composites.is_empty() {
        writer
    } else {
        writer.with("composites", composites)
    };
    writer
        .with("clientRole", client_role)
        .with("containerId", container)
        .with_lists("attributes", &role.attributes)
        .into()
}

/// Reads `realmRoles` and `clientRoles`, as users and groups have them.
pub(crate) fn read_given(members: &mut Members) -> Result<Option<RoleNames>, ImportError> {
    let realm = members.texts("realmRoles")?;
    let clients = members.value_map("clientRoles")?;
    if realm.is_none() && clients.is_none() {
        return Ok(None);
    }
    Ok(Some(RoleNames {
        realm: realm.unwrap_or_default(),
        clients: clients.unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, to_json};
    use crate::{error::Report, members::Members};

    #[test]
    fn a_role_comes_back_as_it_was() {
        let json = json!({
            "id": "1", "name": "lead", "description": "d", "composite": true,
            "composites": {"realm": ["buyer"], "client": {"stock": ["read"]}},
            "clientRole": false, "containerId": "shop", "attributes": {"k": ["v"]}
        });
        let mut report = Report::default();
        let role = read(Members::new("r", json.clone()).unwrap(), &mut report).unwrap();
        assert_eq!(report.entries(), []);
        assert_eq!(to_json(&role, "shop", false), json);
    }
}
