//! `…/permission`: which policies guard which resources and scopes.

use cambist::realm::document::{PermissionDocument, RealmDocument};
use cambist_keycloak::{ImportError, Json, Members, Report, Writer, policy};
use http::StatusCode;

use super::{
    enter, enter_to_change, not_found,
    policies::{as_server_failure, taken},
    references,
    translate::{self, By},
};
use crate::{
    admin::Call,
    answer::{Answer, Failure, made, ok, replaced},
};

/// Keycloak's type of a permission; one in the short form is a scope permission.
pub(super) fn kind(permission: &PermissionDocument) -> &str {
    permission.kind.as_deref().unwrap_or("scope")
}

pub(crate) fn list(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let query = call.request.query();
    let name = query.text("name").unwrap_or_default().to_lowercase();
    let wanted = query.text("type").filter(|kind| !kind.is_empty());
    let document = call.document();
    let points_at =
        |references: &[String], text: &str, id: Option<&String>, name: Option<&String>| {
            references
                .iter()
                .any(|other| other == text || Some(other) == id || Some(other) == name)
        };
    let mut found: Vec<&PermissionDocument> = document
        .permissions
        .iter()
        .filter(|permission| permission.name.to_lowercase().contains(&name))
        .filter(|permission| wanted.is_none_or(|wanted| wanted == kind(permission)))
        .filter(|permission| {
            query.text("resource").is_none_or(|text| {
                let resource = references::resource(document, text);
                let id = resource.and_then(|resource| resource.id.as_ref());
                points_at(
                    &permission.resources,
                    text,
                    id,
                    resource.map(|resource| &resource.name),
                )
            })
        })
        .filter(|permission| {
            query.text("scope").is_none_or(|text| {
                let scope = references::scope(document, text);
                let id = scope.and_then(|scope| scope.id.as_ref());
                points_at(&permission.scopes, text, id, scope.map(|scope| &scope.name))
            })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(ok(query
        .paged(found)
        .into_iter()
        .map(typed)
        .collect::<Vec<Json>>()))
}

/// One permission by its exact name.
pub(crate) fn search(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let query = call.request.query();
    let Some(name) = query.text("name") else {
        return Err(Failure::Empty(StatusCode::BAD_REQUEST));
    };
    let found = call
        .document()
        .permissions
        .iter()
        .find(|permission| permission.name == name);
    Ok(ok(typed(
        found.ok_or(Failure::Empty(StatusCode::NO_CONTENT))?,
    )))
}

pub(crate) async fn create(call: &Call<'_>, client: &str, kind: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    if !policy::is_permission(kind) {
        return Err(not_found());
    }
    let id = call.admin.new_id()?;
    let mut sent = PermissionDocument {
        name: String::new(),
        id: None,
        description: None,
        action: None,
        client: None,
        provider: None,
        kind: Some(kind.to_owned()),
        resources: Vec::new(),
        scopes: Vec::new(),
        resource_type: None,
        policies: Vec::new(),
        strategy: cambist::policy::DecisionStrategy::default(),
        logic: cambist::policy::Logic::default(),
    };
    apply(call, &mut sent)?;
    insert(call, sent, id).await
}

/// Keeps a new permission and answers it as it was sent.
pub(super) async fn insert(
    call: &Call<'_>,
    mut sent: PermissionDocument,
    id: String,
) -> Result<Answer, Failure> {
    sent.id = Some(id);
    if sent.name.is_empty() {
        return Err(Failure::duplicate());
    }
    let insert = |document: &mut RealmDocument| {
        if references::name_is_taken(document, &sent.name, None) {
            return Err(taken(&sent.name));
        }
        document
            .permissions
            .push(translate::permission(document, &sent, By::Id, true)?);
        Ok(())
    };
    super::change(call, insert).await?;
    let mut writer = Writer::resume(typed(&sent));
    for (member, list) in [
        ("policies", &sent.policies),
        ("resources", &sent.resources),
        ("scopes", &sent.scopes),
    ] {
        if !list.is_empty() {
            writer = writer.with(member, list.clone());
        }
    }
    Ok(made(Json::from(writer)))
}

pub(crate) fn get(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    Ok(ok(typed(
        references::permission(call.document(), id).ok_or_else(not_found)?,
    )))
}

/// Changes a permission: members left out stay, an empty list clears.
pub(crate) async fn put(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    references::permission(call.document(), id).ok_or_else(not_found)?;
    let update = |document: &mut RealmDocument| {
        let mut next = references::permission(document, id)
            .ok_or_else(not_found)?
            .clone();
        apply(call, &mut next)?;
        if references::name_is_taken(document, &next.name, Some(id)) {
            return Err(taken(&next.name));
        }
        let next = translate::permission(document, &next, By::Id, true)?;
        let place = document
            .permissions
            .iter_mut()
            .find(|permission| permission.id.as_deref() == Some(id));
        *place.ok_or_else(not_found)? = next;
        Ok(())
    };
    super::change(call, update).await?;
    Ok(replaced())
}

/// The scopes that a permission guards.
pub(crate) fn scopes(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let document = call.document();
    let scopes = guarded(document, id, |permission| &permission.scopes)?;
    let scopes = scopes
        .iter()
        .filter_map(|reference| references::scope(document, reference));
    let json = |scope: &cambist::realm::document::AuthorizationScopeDocument| {
        Json::from(
            Writer::new()
                .with_some("id", scope.id.clone())
                .with("name", scope.name.clone()),
        )
    };
    Ok(ok(scopes.map(json).collect::<Vec<Json>>()))
}

/// The resources that a permission guards.
pub(crate) fn resources(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let document = call.document();
    let resources = guarded(document, id, |permission| &permission.resources)?;
    let resources = resources
        .iter()
        .filter_map(|reference| references::resource(document, reference));
    Ok(ok(resources
        .map(super::resources::brief)
        .collect::<Vec<Json>>()))
}

/// A permission in the form of its kind: links come from calls of their own.
pub(super) fn typed(permission: &PermissionDocument) -> Json {
    head(permission)
        .with_some("resourceType", permission.resource_type.clone())
        .into()
}

/// A permission in the plain form: its configuration is left out.
pub(super) fn plain(permission: &PermissionDocument) -> Json {
    head(permission).with("config", Writer::new()).into()
}

fn head(permission: &PermissionDocument) -> Writer {
    policy::head(
        permission.id.as_ref(),
        &permission.name,
        permission.description.as_ref(),
        kind(permission),
        permission.logic,
        permission.strategy,
    )
}

fn apply(call: &Call<'_>, permission: &mut PermissionDocument) -> Result<(), Failure> {
    let read = |members: Members, report: &mut Report| read(permission, members, report);
    call.request
        .read("PolicyRepresentation", read)
        .map_err(as_server_failure)
}

fn read(
    permission: &mut PermissionDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(name) = members.text("name")? {
        permission.name = name;
    }
    if let Some(description) = members.text("description")? {
        permission.description = Some(description);
    }
    if let Some(logic) = policy::read_logic(&mut members)? {
        permission.logic = logic;
    }
    if let Some(strategy) = policy::read_strategy(&mut members, "decisionStrategy")? {
        permission.strategy = strategy;
    }
    if let Some(kind) = members.text("resourceType")? {
        permission.resource_type = Some(kind).filter(|kind| !kind.is_empty());
    }
    for (member, target) in [
        ("resources", &mut permission.resources),
        ("scopes", &mut permission.scopes),
        ("policies", &mut permission.policies),
    ] {
        if let Some(list) = members.texts(member)? {
            *target = list;
        }
    }
    members.finish(
        &[
            "id",
            "type",
            "owner",
            "resourcesData",
            "scopesData",
            "config",
        ],
        report,
    );
    Ok(())
}

/// What a permission guards; a policy guards nothing.
fn guarded<'d>(
    document: &'d RealmDocument,
    id: &str,
    list: impl Fn(&'d PermissionDocument) -> &'d Vec<String>,
) -> Result<&'d [String], Failure> {
    match references::permission(document, id) {
        Some(permission) => Ok(list(permission)),
        None if document
            .policies
            .iter()
            .any(|policy| policy.id.as_deref() == Some(id)) =>
        {
            Ok(&[])
        }
        None => Err(not_found()),
    }
}
