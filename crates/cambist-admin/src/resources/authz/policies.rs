//! `…/policy`: conditions, in the form of their kind and in the plain form.

use cambist::{
    policy::{DecisionStrategy, Logic},
    realm::document::{PolicyDocument, RealmDocument},
};
use cambist_keycloak::{
    ImportError, Json, Members, Report, Writer,
    policy::{self, Entry},
};
use http::StatusCode;
use serde_json::{Map, Value};

use super::{
    enter, enter_to_change, not_found, references,
    translate::{self, By},
};
use crate::{
    admin::Call,
    answer::{Answer, Failure, done, made, ok, replaced},
};

/// The kinds that can be made, as `…/policy/providers` shows them: group, name, type.
const KINDS: &[(&str, &str, &str)] = &[
    ("Others", "Aggregated", "aggregate"),
    ("Identity Based", "Client", "client"),
    ("Identity Based", "Client Scope", "client-scope"),
    ("Identity Based", "Group", "group"),
    ("Identity Based", "Regex", "regex"),
    ("Permission", "Resource-Based", "resource"),
    ("Identity Based", "Role", "role"),
    ("Permission", "Scope-Based", "scope"),
    ("Time Based", "Time", "time"),
    ("Identity Based", "User", "user"),
];

/// Members of a time policy: in its own form, and in the plain form.
const TIMES: &[(&str, &str)] = &[
    ("notBefore", "nbf"),
    ("notOnOrAfter", "noa"),
    ("dayMonth", "dayMonth"),
    ("dayMonthEnd", "dayMonthEnd"),
    ("month", "month"),
    ("monthEnd", "monthEnd"),
    ("year", "year"),
    ("yearEnd", "yearEnd"),
    ("hour", "hour"),
    ("hourEnd", "hourEnd"),
    ("minute", "minute"),
    ("minuteEnd", "minuteEnd"),
];

pub(crate) fn providers(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let list = KINDS.iter().map(|(group, name, kind)| {
        Json::from(
            Writer::new()
                .with("type", *kind)
                .with("name", *name)
                .with("group", *group),
        )
    });
    Ok(ok(list.collect::<Vec<Json>>()))
}

/// Policies and permissions, in the plain form.
pub(crate) async fn list(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let query = call.request.query();
    let name = query.text("name").unwrap_or_default().to_lowercase();
    let kind = query.text("type").filter(|kind| !kind.is_empty());
    let permissions = query.flag("permission");
    let matches = |other: &str, other_kind: &str| {
        other.to_lowercase().contains(&name) && kind.is_none_or(|kind| kind == other_kind)
    };
    let document = call.document();
    let mut found: Vec<(&str, Json)> = Vec::new();
    if permissions != Some(true) {
        for policy in document
            .policies
            .iter()
            .filter(|policy| matches(&policy.name, &policy.kind))
        {
            found.push((&policy.name, plain(call, policy).await?));
        }
    }
    if permissions != Some(false) {
        for permission in &document.permissions {
            if matches(&permission.name, super::permissions::kind(permission)) {
                found.push((&permission.name, super::permissions::plain(permission)));
            }
        }
    }
    found.sort_by(|one, other| one.0.cmp(other.0));
    Ok(ok(query
        .paged(found)
        .into_iter()
        .map(|(_, json)| json)
        .collect::<Vec<Json>>()))
}

/// One policy or permission by its exact name. `kind` narrows it, and answers in that kind's form.
pub(crate) async fn search(
    call: &Call<'_>,
    client: &str,
    kind: Option<&str>,
) -> Result<Answer, Failure> {
    enter(call, client)?;
    let query = call.request.query();
    let Some(name) = query.text("name") else {
        return Err(Failure::Empty(StatusCode::BAD_REQUEST));
    };
    let document = call.document();
    let policy = document.policies.iter().find(|policy| policy.name == name);
    match (policy, kind) {
        (Some(policy), None) => Ok(ok(plain(call, policy).await?)),
        (Some(policy), Some(kind)) if policy.kind == kind => Ok(ok(typed(call, policy).await?)),
        (Some(_), Some(_)) => Err(Failure::Empty(StatusCode::NO_CONTENT)),
        (None, _) => {
            let permission = document
                .permissions
                .iter()
                .find(|permission| permission.name == name);
            let permission = permission
                .filter(|_| kind.is_none())
                .ok_or(Failure::Empty(StatusCode::NO_CONTENT))?;
            Ok(ok(super::permissions::plain(permission)))
        }
    }
}

/// Makes a policy in the form of its kind, or in the plain form.
pub(crate) async fn create(
    call: &Call<'_>,
    client: &str,
    kind: Option<&str>,
) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    if kind.is_some_and(|kind| !KINDS.iter().any(|known| known.2 == kind)) {
        return Err(not_found());
    }
    let id = call.admin.new_id()?;
    let members = call.request.members()?;
    if !members.has("name") {
        return Err(Failure::duplicate());
    }
    let (mut sent, answer) = match kind {
        Some(kind) => {
            let mut sent = PolicyDocument {
                id: Some(id.clone()),
                ..blank(kind)
            };
            apply(call, &mut sent, true)?;
            let answer = typed_json(&sent);
            (sent, answer)
        }
        None => match call
            .request
            .read("PolicyRepresentation", policy::read)
            .map_err(as_server_failure)?
        {
            Entry::Policy(sent) => {
                let sent = PolicyDocument {
                    id: Some(id.clone()),
                    ..sent
                };
                let answer = policy::to_json(&sent);
                (sent, answer)
            }
            Entry::Permission(sent) => return super::permissions::insert(call, sent, id).await,
        },
    };
    sent = translate::policy(call, &sent, By::Id, true).await?;
    let insert = |document: &mut RealmDocument| {
        if references::name_is_taken(document, &sent.name, None) {
            return Err(taken(&sent.name));
        }
        document.policies.push(sent.clone());
        Ok(())
    };
    super::change(call, insert).await?;
    Ok(made(answer))
}

/// One policy in the form of its kind (whatever kind the path says) or in the plain form. Permissions answer
/// too.
pub(crate) async fn get(
    call: &Call<'_>,
    client: &str,
    id: &str,
    in_kind: bool,
) -> Result<Answer, Failure> {
    enter(call, client)?;
    let document = call.document();
    if let Some(policy) = by_id(document, id) {
        return Ok(ok(if in_kind {
            typed(call, policy).await?
        } else {
            plain(call, policy).await?
        }));
    }
    let permission = references::permission(document, id).ok_or_else(not_found)?;
    Ok(ok(if in_kind {
        super::permissions::typed(permission)
    } else {
        super::permissions::plain(permission)
    }))
}

pub(crate) async fn put(
    call: &Call<'_>,
    client: &str,
    id: &str,
    in_kind: bool,
) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    let Some(old) = by_id(call.document(), id) else {
        return super::permissions::put(call, client, id).await;
    };
    let mut next = old.clone();
    if in_kind {
        apply(call, &mut next, false)?;
    } else {
        match call
            .request
            .read("PolicyRepresentation", policy::read)
            .map_err(as_server_failure)?
        {
            Entry::Policy(sent) => {
                next = PolicyDocument {
                    id: old.id.clone(),
                    ..sent
                }
            }
            Entry::Permission(_) => return Err(Failure::internal()),
        }
    }
    let next = translate::policy(call, &next, By::Id, true).await?;
    let update = |document: &mut RealmDocument| {
        if references::name_is_taken(document, &next.name, Some(id)) {
            return Err(taken(&next.name));
        }
        let policy = document
            .policies
            .iter_mut()
            .find(|policy| policy.id.as_deref() == Some(id));
        let policy = policy.ok_or_else(not_found)?;
        let old = std::mem::replace(policy, next.clone());
        rename(document, &old.name, &next.name);
        Ok(())
    };
    super::change(call, update).await?;
    Ok(replaced())
}

/// Deletes a policy, and whatever has no other condition left.
pub(crate) async fn delete(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter_to_change(call, client)?;
    let remove = |document: &mut RealmDocument| {
        if by_id(document, id).is_some() {
            forget(document, id);
            return Ok(());
        }
        references::permission(document, id).ok_or_else(not_found)?;
        document
            .permissions
            .retain(|permission| permission.id.as_deref() != Some(id));
        Ok(())
    };
    super::change(call, remove).await?;
    Ok(done())
}

/// The policies that a policy or permission asks.
pub(crate) async fn associated(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let document = call.document();
    let asked: &[String] = match (by_id(document, id), references::permission(document, id)) {
        (Some(policy), _) => policy.policies.as_deref().unwrap_or_default(),
        (None, Some(permission)) => &permission.policies,
        (None, None) => return Err(not_found()),
    };
    let policies = asked
        .iter()
        .filter_map(|reference| references::policy(document, reference));
    Ok(ok(policies.map(without_config).collect::<Vec<Json>>()))
}

/// The policies and permissions that ask a policy.
pub(crate) fn dependent(call: &Call<'_>, client: &str, id: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let document = call.document();
    let Some(policy) = by_id(document, id) else {
        references::permission(document, id).ok_or_else(not_found)?;
        return Ok(ok(Vec::<Json>::new()));
    };
    let asks = |list: &[String]| {
        list.iter()
            .any(|other| *other == policy.name || Some(other) == policy.id.as_ref())
    };
    let policies = document
        .policies
        .iter()
        .filter(|other| asks(other.policies.as_deref().unwrap_or_default()));
    let permissions = document
        .permissions
        .iter()
        .filter(|permission| asks(&permission.policies));
    let line = |id: &Option<String>, name: &str, kind: &str| {
        Json::from(
            Writer::new()
                .with_some("id", id.clone())
                .with("name", name)
                .with("type", kind),
        )
    };
    let list = policies.map(|other| line(&other.id, &other.name, &other.kind));
    let list = list.chain(
        permissions.map(|other| line(&other.id, &other.name, super::permissions::kind(other))),
    );
    Ok(ok(list.collect::<Vec<Json>>()))
}

fn by_id<'d>(document: &'d RealmDocument, id: &str) -> Option<&'d PolicyDocument> {
    document
        .policies
        .iter()
        .find(|policy| policy.id.as_deref() == Some(id))
}

pub(super) fn taken(name: &str) -> Failure {
    Failure::Error {
        status: StatusCode::CONFLICT,
        error: format!("Policy with name [{name}] already exists"),
        description: Some("Conflicting policy".to_owned()),
    }
}

/// In the store, JSON of the wrong kind is Keycloak's own failure.
pub(super) fn as_server_failure(failure: Failure) -> Failure {
    match failure {
        Failure::Error {
            status: StatusCode::BAD_REQUEST,
            error,
            description,
        } if error == "unknown_error" => Failure::Error {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error,
            description,
        },
        other => other,
    }
}

fn blank(kind: &str) -> PolicyDocument {
    PolicyDocument {
        name: String::new(),
        id: None,
        description: None,
        kind: kind.to_owned(),
        logic: Logic::default(),
        strategy: DecisionStrategy::default(),
        clients: None,
        users: None,
        policies: None,
        config: Map::new(),
    }
}

/// Lays a request in the form of the policy's kind over a policy; what it leaves out stays.
fn apply(call: &Call<'_>, policy: &mut PolicyDocument, is_new: bool) -> Result<(), Failure> {
    let read = |members: Members, report: &mut Report| read_typed(policy, members, report);
    call.request
        .read("PolicyRepresentation", read)
        .map_err(as_server_failure)?;
    if policy.name.is_empty() {
        return Err(Failure::duplicate());
    }
    // A client policy without the member is Keycloak's own failure; an empty list is taken.
    if is_new && policy.kind == "client" && policy.clients.is_none() {
        return Err(Failure::internal());
    }
    Ok(())
}

fn read_typed(
    policy: &mut PolicyDocument,
    mut members: Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(name) = members.text("name")? {
        policy.name = name;
    }
    if let Some(description) = members.text("description")? {
        policy.description = Some(description);
    }
    if let Some(logic) = policy::read_logic(&mut members)? {
        policy.logic = logic;
    }
    if let Some(strategy) = policy::read_strategy(&mut members, "decisionStrategy")? {
        policy.strategy = strategy;
    }
    let config = &mut policy.config;
    let mut put = |member: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(member.to_owned(), value);
        }
    };
    let list = |value: Option<Value>| value.filter(Value::is_array);
    let text_of_flag = |flag: Option<bool>| flag.map(|flag| Value::from(flag.to_string()));
    match policy.kind.as_str() {
        "client" => policy.clients = members.texts("clients")?.or(policy.clients.take()),
        "user" => {
            policy.users = members
                .texts("users")?
                .or(policy.users.take())
                .or(Some(Vec::new()))
        }
        "aggregate" => {
            policy.policies = members
                .texts("policies")?
                .or(policy.policies.take())
                .or(Some(Vec::new()))
        }
        "role" => {
            put("roles", list(members.value("roles")));
            put("fetchRoles", text_of_flag(members.flag("fetchRoles")?));
        }
        "group" => {
            put("groups", list(members.value("groups")));
            put("groupsClaim", members.text("groupsClaim")?.map(Value::from));
        }
        "client-scope" => put("clientScopes", list(members.value("clientScopes"))),
        "time" => {
            for (member, in_config) in TIMES {
                put(in_config, members.text(member)?.map(Value::from));
            }
        }
        "regex" => {
            put("targetClaim", members.text("targetClaim")?.map(Value::from));
            put("pattern", members.text("pattern")?.map(Value::from));
            put(
                "targetContextAttributes",
                text_of_flag(Some(
                    members.flag("targetContextAttributes")?.unwrap_or(false),
                )),
            );
        }
        _ => {}
    }
    let known = [
        "id",
        "type",
        "policies",
        "resources",
        "scopes",
        "owner",
        "resourcesData",
        "scopesData",
        "resourceType",
    ];
    members.finish(&known, report);
    Ok(())
}

/// A policy in the form of its kind, with ids.
async fn typed(call: &Call<'_>, policy: &PolicyDocument) -> Result<Json, Failure> {
    Ok(typed_json(
        &translate::policy(call, policy, By::Id, false).await?,
    ))
}

fn typed_json(policy: &PolicyDocument) -> Json {
    let head = head(policy);
    let text = |member: &str| {
        policy
            .config
            .get(member)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let list = |member: &str| {
        policy
            .config
            .get(member)
            .cloned()
            .unwrap_or_else(|| Value::from(Vec::<Value>::new()))
    };
    let writer = match policy.kind.as_str() {
        "client" => head.with("clients", policy.clients.clone().unwrap_or_default()),
        "user" => head.with("users", policy.users.clone().unwrap_or_default()),
        "role" => head
            .with("roles", list("roles"))
            .with_some("fetchRoles", text("fetchRoles").map(|text| text == "true")),
        "group" => head
            .with("groups", list("groups"))
            .with_some("groupsClaim", text("groupsClaim")),
        "client-scope" => head.with("clientScopes", list("clientScopes")),
        "time" => TIMES.iter().fold(head, |writer, (member, in_config)| {
            writer.with_some(member, text(in_config))
        }),
        "regex" => head
            .with_some("targetClaim", text("targetClaim"))
            .with_some("pattern", text("pattern"))
            .with(
                "targetContextAttributes",
                text("targetContextAttributes").as_deref() == Some("true"),
            ),
        _ => head,
    };
    writer.into()
}

/// A policy in the plain form, with ids. What an aggregate asks is not in it.
async fn plain(call: &Call<'_>, policy: &PolicyDocument) -> Result<Json, Failure> {
    let shown = translate::policy(call, policy, By::Id, false).await?;
    let config = policy::config_texts(&shown)
        .into_iter()
        .filter(|(member, _)| member != "applyPolicies");
    // Keycloak writes the id of an object first.
    let config = config.map(|(member, text)| match shown.config.get(&member) {
        Some(Value::Array(items)) => (member, Json::from(id_first(items))),
        _ => (member, Json::from(text)),
    });
    Ok(head(policy)
        .with("config", Json::Object(config.collect()))
        .into())
}

fn id_first(items: &[Value]) -> String {
    let ordered = |item: &Value| match item {
        Value::Object(members) => {
            let (first, rest): (Vec<_>, Vec<_>) =
                members.iter().partition(|(name, _)| *name == "id");
            let members = first.into_iter().chain(rest);
            Json::Object(
                members
                    .map(|(name, value)| (name.clone(), Json::from(value.clone())))
                    .collect(),
            )
        }
        other => Json::from(other.clone()),
    };
    serde_json::to_string(&Json::List(items.iter().map(ordered).collect())).unwrap_or_default()
}

fn without_config(policy: &PolicyDocument) -> Json {
    head(policy).with("config", Writer::new()).into()
}

fn head(policy: &PolicyDocument) -> Writer {
    policy::head(
        policy.id.as_ref(),
        &policy.name,
        policy.description.as_ref(),
        &policy.kind,
        policy.logic,
        policy.strategy,
    )
}

/// Whoever asks the policy by name asks it by its new one.
fn rename(document: &mut RealmDocument, old: &str, new: &str) {
    let aggregates = document
        .policies
        .iter_mut()
        .flat_map(|policy| policy.policies.iter_mut().flatten());
    let permissions = document
        .permissions
        .iter_mut()
        .flat_map(|permission| &mut permission.policies);
    for reference in aggregates
        .chain(permissions)
        .filter(|reference| *reference == old)
    {
        new.clone_into(reference);
    }
}

fn forget(document: &mut RealmDocument, id: &str) {
    let Some(place) = document
        .policies
        .iter()
        .position(|policy| policy.id.as_deref() == Some(id))
    else {
        return;
    };
    let gone = document.policies.remove(place);
    let is_gone =
        |reference: &String| *reference == gone.name || Some(reference) == gone.id.as_ref();
    document.permissions.retain_mut(|permission| {
        let asked = permission.policies.iter().any(is_gone);
        permission.policies.retain(|reference| !is_gone(reference));
        !(asked && permission.policies.is_empty())
    });
    let mut empty = Vec::new();
    for aggregate in &mut document.policies {
        let Some(list) = &mut aggregate.policies else {
            continue;
        };
        let asked = list.iter().any(is_gone);
        list.retain(|reference| !is_gone(reference));
        if asked && list.is_empty() {
            empty.extend(aggregate.id.clone());
        }
    }
    for id in empty {
        forget(document, &id);
    }
}
