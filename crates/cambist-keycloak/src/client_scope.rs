//! `ClientScopeRepresentation`.

use cambist::realm::document::{Attributes, ClientScopeDocument, RoleNames};

use crate::{
    error::{ImportError, Report},
    mapper,
    members::Members,
    writer::{Json, Writer},
};

/// Reads a client scope.
///
/// # Errors
///
/// [`ImportError`] for a wrong type or a missing name.
pub fn read(mut members: Members, report: &mut Report) -> Result<ClientScopeDocument, ImportError> {
    let mut scope = named(members.required_text("name")?);
    apply(&mut scope, members, report)?;
    Ok(scope)
}

/// A client scope with this name and every default.
#[must_use]
pub fn named(name: impl Into<String>) -> ClientScopeDocument {
    ClientScopeDocument {
        name: name.into(),
        id: None,
        description: None,
        protocol: "openid-connect".to_owned(),
        scope_mappings: RoleNames::default(),
        mappers: Vec::new(),
        attributes: Attributes::new(),
    }
}

/// Lays what `members` says over a client scope; what it leaves out stays, attributes are merged.
///
/// # Errors
///
/// [`ImportError`] for a wrong type.
pub fn apply(
    scope: &mut ClientScopeDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(name) = members.text("name")?.filter(|name| !name.is_empty()) {
        scope.name = name;
    }
    if let Some(id) = members.text("id")? {
        scope.id = Some(id);
    }
    if let Some(description) = members.text("description")? {
        scope.description = Some(description);
    }
    if let Some(protocol) = members.text("protocol")? {
        scope.protocol = protocol;
    }
    merge_attributes(&mut scope.attributes, &mut members)?;
    if let Some(mappers) = mapper::read_list(&mut members, "protocolMappers", report)? {
        scope.mappers = mappers;
    }
    members.finish(&[], report);
    Ok(())
}

/// A client scope in Keycloak's form.
#[must_use]
pub fn to_json(scope: &ClientScopeDocument) -> Json {
    Writer::new()
        .with_some("id", scope.id.clone())
        .with("name", scope.name.clone())
        .with_some("description", scope.description.clone())
        .with("protocol", scope.protocol.clone())
        .with_texts("attributes", &scope.attributes)
        .with_list(
            "protocolMappers",
            scope.mappers.iter().map(mapper::to_json).collect(),
        )
        .into()
}

/// Lays the member `attributes` over those there; `null` and the empty text take an attribute away.
pub(crate) fn merge_attributes(
    attributes: &mut Attributes,
    members: &mut Members,
) -> Result<(), ImportError> {
    for (name, text) in members.text_map("attributes")?.unwrap_or_default() {
        match text {
            Some(text) if !text.trim().is_empty() => {
                attributes.insert(name, text);
            }
            _ => {
                attributes.remove(&name);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{apply, read, to_json};
    use crate::{error::Report, members::Members};

    #[test]
    fn an_update_keeps_what_it_leaves_out() {
        let mut report = Report::default();
        let first = json!({"id": "1", "name": "price", "description": "d", "attributes": {"a": "1", "b": "2"}});
        let mut scope = read(Members::new("s", first).unwrap(), &mut report).unwrap();
        let update = json!({"description": "changed", "attributes": {"a": null, "c": true}});
        apply(&mut scope, Members::new("s", update).unwrap(), &mut report).unwrap();
        assert_eq!(
            to_json(&scope),
            json!({"id": "1", "name": "price", "description": "changed", "protocol": "openid-connect",
                   "attributes": {"b": "2", "c": "true"}})
        );
    }
}
