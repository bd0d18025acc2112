//! `GroupRepresentation`.

use std::collections::BTreeMap;

use cambist::realm::document::{GroupDocument, RoleNames};

use crate::{
    error::{ImportError, Report},
    members::Members,
    role,
    writer::{Json, Writer},
};

/// Members that follow from others.
const DERIVED: &[&str] = &["path", "parentId", "subGroupCount", "access"];

/// Reads a group with those below it.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing name.
pub fn read(mut members: Members, report: &mut Report) -> Result<GroupDocument, ImportError> {
    let mut group = GroupDocument {
        name: members.required_text("name")?,
        id: None,
        roles: RoleNames::default(),
        attributes: BTreeMap::new(),
        groups: Vec::new(),
    };
    if let Some(below) = members.objects("subGroups")? {
        group.groups = below
            .into_iter()
            .map(|members| read(members, report))
            .collect::<Result<_, _>>()?;
    }
    apply(&mut group, members, report)?;
    Ok(group)
}

/// Lays what `members` says over a group; what it leaves out stays. Groups below are not touched.
///
/// # Errors
///
/// [`ImportError`] for a wrong type.
pub fn apply(
    group: &mut GroupDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(name) = members.text("name")?.filter(|name| !name.is_empty()) {
        group.name = name;
    }
    if let Some(id) = members.text("id")? {
        group.id = Some(id);
    }
    if let Some(roles) = role::read_given(&mut members)? {
        group.roles = roles;
    }
    if let Some(attributes) = members.value_map("attributes")? {
        group.attributes = attributes;
    }
    for derived in DERIVED {
        members.value(derived);
    }
    members.finish(&["description", "subGroups"], report);
    Ok(())
}

/// A group in Keycloak's form, with those below it. `parent` is the path of the group above, empty at the top.
#[must_use]
pub fn to_json(group: &GroupDocument, parent: &str) -> Json {
    let path = path(parent, &group.name);
    let below: Vec<Json> = group
        .groups
        .iter()
        .map(|below| to_json(below, &path))
        .collect();
    Writer::new()
        .with_some("id", group.id.clone())
        .with("name", group.name.clone())
        .with("path", path)
        .with("subGroups", below)
        .with_lists("attributes", &group.attributes)
        .with("realmRoles", group.roles.realm.clone())
        .with_lists("clientRoles", &group.roles.clients)
        .into()
}

/// The path of a group; a slash in its name is written `~/`, as Keycloak does.
#[must_use]
pub fn path(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('/', "~/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, to_json};
    use crate::{error::Report, members::Members};

    #[test]
    fn groups_nest() {
        let json = json!({
            "id": "1", "name": "staff", "path": "/staff", "attributes": {"k": ["v"]},
            "realmRoles": ["buyer"], "clientRoles": {},
            "subGroups": [{
                "id": "2", "name": "nl", "path": "/staff/nl", "attributes": {}, "realmRoles": [],
                "clientRoles": {"app": ["view"]}, "subGroups": []
            }]
        });
        let mut report = Report::default();
        let group = read(Members::new("g", json.clone()).unwrap(), &mut report).unwrap();
        assert_eq!(report.entries(), []);
        assert_eq!(to_json(&group, ""), json);
    }
}
