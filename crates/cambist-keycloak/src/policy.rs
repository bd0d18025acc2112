//! `PolicyRepresentation`: policies and permissions, which Keycloak keeps in one list.
//!
//! In `config` every list is a text that holds a JSON array; a real array is taken as well. In our document
//! they are real lists.

use cambist::{
    policy::{DecisionStrategy, Logic},
    realm::document::{PermissionDocument, PolicyDocument},
};
use serde_json::{Map, Value};

use crate::{
    error::{ImportError, Report},
    members::{Members, text_of, texts_of, wrong},
    writer::{Json, Writer},
};

const DROPPED: &[&str] = &[
    "owner",
    "resourcesData",
    "scopesData",
    "resourceName",
    "resourceServer",
];

/// Members of `config` that hold lists.
const LISTS: [&str; 8] = [
    "applyPolicies",
    "clientScopes",
    "clients",
    "groups",
    "resources",
    "roles",
    "scopes",
    "users",
];

/// An entry of Keycloak's list.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A condition.
    Policy(PolicyDocument),
    /// A permission: type `scope` or `resource`.
    Permission(PermissionDocument),
}

/// Reads an entry in its plain form, with everything that its kind knows in `config`.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, a missing name or type, a word that is no logic or strategy, or a list
/// in `config` that is not a JSON array.
pub fn read(mut members: Members, report: &mut Report) -> Result<Entry, ImportError> {
    let name = members.required_text("name")?;
    let kind = members.required_text("type")?;
    let id = members.text("id")?;
    let description = members.text("description")?;
    let logic = read_logic(&mut members)?.unwrap_or_default();
    let strategy = read_strategy(&mut members, "decisionStrategy")?.unwrap_or_default();
    let mut config = read_config(&mut members)?;
    let resource_type = members.text("resourceType")?;
    // The lists may also stand beside `config`.
    for (member, in_config) in [
        ("policies", "applyPolicies"),
        ("resources", "resources"),
        ("scopes", "scopes"),
    ] {
        if let Some(list) = members.texts(member)? {
            config.insert(in_config.to_owned(), Value::from(list));
        }
    }
    let path = members.path().to_owned();
    members.finish(DROPPED, report);
    let mut take_list = |member: &str| -> Result<Option<Vec<String>>, ImportError> {
        config
            .remove(member)
            .map(|list| texts_of(list, &format!("{path}.config.{member}")))
            .transpose()
    };
    if is_permission(&kind) {
        let permission = PermissionDocument {
            name,
            id,
            description,
            action: None,
            client: None,
            provider: None,
            kind: Some(kind),
            resources: take_list("resources")?.unwrap_or_default(),
            scopes: take_list("scopes")?.unwrap_or_default(),
            policies: take_list("applyPolicies")?.unwrap_or_default(),
            resource_type: config
                .remove("defaultResourceType")
                .and_then(|value| text_of(value).ok())
                .or(resource_type)
                .filter(|text| !text.is_empty()),
            strategy,
            logic,
        };
        for member in config.keys() {
            report.note(
                format!("{path}.config.{member}"),
                crate::error::Loss::Dropped,
            );
        }
        return Ok(Entry::Permission(permission));
    }
    Ok(Entry::Policy(PolicyDocument {
        name,
        id,
        description,
        logic,
        strategy,
        clients: if kind == "client" {
            take_list("clients")?
        } else {
            None
        },
        users: if kind == "user" {
            take_list("users")?
        } else {
            None
        },
        policies: if kind == "aggregate" {
            take_list("applyPolicies")?
        } else {
            None
        },
        kind,
        config,
    }))
}

/// Whether entries of this type are permissions.
#[must_use]
pub fn is_permission(kind: &str) -> bool {
    matches!(kind, "scope" | "resource")
}

/// A policy in its plain form; `ids` says whether its id is written.
#[must_use]
pub fn to_json(policy: &PolicyDocument) -> Json {
    head(
        policy.id.as_ref(),
        &policy.name,
        policy.description.as_ref(),
        &policy.kind,
        policy.logic,
        policy.strategy,
    )
    .with("config", Value::Object(config_texts(policy)))
    .into()
}

/// A permission in its plain form. One in the short form (with `action`) has no resources and scopes of its
/// own yet.
#[must_use]
pub fn permission_to_json(permission: &PermissionDocument) -> Json {
    let mut config = Map::new();
    let mut list = |member: &str, texts: &[String]| {
        if !texts.is_empty() {
            config.insert(member.to_owned(), json_text(&Value::from(texts.to_vec())));
        }
    };
    list("resources", &permission.resources);
    list("scopes", &permission.scopes);
    list("applyPolicies", &permission.policies);
    if let Some(kind) = &permission.resource_type {
        config.insert("defaultResourceType".to_owned(), Value::from(kind.clone()));
    }
    let kind = permission.kind.as_deref().unwrap_or("scope");
    head(
        permission.id.as_ref(),
        &permission.name,
        permission.description.as_ref(),
        kind,
        permission.logic,
        permission.strategy,
    )
    .with("config", Value::Object(config))
    .into()
}

/// What a policy's kind knows, as texts: lists as JSON arrays, as Keycloak keeps them.
#[must_use]
pub fn config_texts(policy: &PolicyDocument) -> Map<String, Value> {
    let mut config: Map<String, Value> = policy
        .config
        .iter()
        .map(|(name, value)| (name.clone(), json_text(value)))
        .collect();
    for (member, list) in [
        ("clients", &policy.clients),
        ("users", &policy.users),
        ("applyPolicies", &policy.policies),
    ] {
        if let Some(list) = list {
            config.insert(member.to_owned(), json_text(&Value::from(list.clone())));
        }
    }
    config
}

/// Members that every kind has, in the form of answers.
#[must_use]
pub fn head(
    id: Option<&String>,
    name: &str,
    description: Option<&String>,
    kind: &str,
    logic: Logic,
    strategy: DecisionStrategy,
) -> Writer {
    Writer::new()
        .with_some("id", id.cloned())
        .with("name", name)
        .with_some("description", description.cloned())
        .with("type", kind)
        .with("logic", logic_word(logic))
        .with("decisionStrategy", strategy_word(strategy))
}

/// Keycloak's word.
#[must_use]
pub const fn logic_word(logic: Logic) -> &'static str {
    match logic {
        Logic::Positive => "POSITIVE",
        Logic::Negative => "NEGATIVE",
    }
}

/// Keycloak's word.
#[must_use]
pub const fn strategy_word(strategy: DecisionStrategy) -> &'static str {
    match strategy {
        DecisionStrategy::Unanimous => "UNANIMOUS",
        DecisionStrategy::Affirmative => "AFFIRMATIVE",
        DecisionStrategy::Consensus => "CONSENSUS",
    }
}

/// Reads the member `logic`.
///
/// # Errors
///
/// [`ImportError::UnknownWord`] when it is none.
pub fn read_logic(members: &mut Members) -> Result<Option<Logic>, ImportError> {
    members
        .text("logic")?
        .map(|word| match word.as_str() {
            "POSITIVE" => Ok(Logic::Positive),
            "NEGATIVE" => Ok(Logic::Negative),
            _ => Err(ImportError::UnknownWord {
                path: members.at("logic"),
                allowed: "POSITIVE, NEGATIVE",
            }),
        })
        .transpose()
}

/// Reads a decision strategy.
///
/// # Errors
///
/// [`ImportError::UnknownWord`] when it is none.
pub fn read_strategy(
    members: &mut Members,
    member: &str,
) -> Result<Option<DecisionStrategy>, ImportError> {
    members
        .text(member)?
        .map(|word| match word.as_str() {
            "UNANIMOUS" => Ok(DecisionStrategy::Unanimous),
            "AFFIRMATIVE" => Ok(DecisionStrategy::Affirmative),
            "CONSENSUS" => Ok(DecisionStrategy::Consensus),
            _ => Err(ImportError::UnknownWord {
                path: members.at(member),
                allowed: "UNANIMOUS, AFFIRMATIVE, CONSENSUS",
            }),
        })
        .transpose()
}

fn read_config(members: &mut Members) -> Result<Map<String, Value>, ImportError> {
    let Some(mut inner) = members.object("config")? else {
        return Ok(Map::new());
    };
    let names: Vec<String> = inner.names().map(str::to_owned).collect();
    let mut config = Map::new();
    for name in names {
        let Some(value) = inner.value(&name) else {
            continue;
        };
        let path = inner.at(&name);
        let value = if LISTS.contains(&name.as_str()) {
            list_of(value, &path)?
        } else {
            scalar_of(value, &path)?
        };
        config.insert(name, value);
    }
    Ok(config)
}

fn list_of(value: Value, path: &str) -> Result<Value, ImportError> {
    match value {
        Value::Array(_) => Ok(value),
        Value::String(ref text) => match serde_json::from_str(text) {
            Ok(list @ Value::Array(_)) => Ok(list),
            _ => Err(wrong(path.to_owned(), "a JSON array in a text", &value)),
        },
        other => Err(wrong(path.to_owned(), "a JSON array in a text", &other)),
    }
}

fn scalar_of(value: Value, path: &str) -> Result<Value, ImportError> {
    text_of(value)
        .map(Value::String)
        .map_err(|found| wrong(path.to_owned(), "a text", &found))
}

fn json_text(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entry, permission_to_json, read, to_json};
    use crate::{error::Report, members::Members};

    fn entry(value: serde_json::Value) -> Result<Entry, crate::error::ImportError> {
        read(Members::new("p", value).unwrap(), &mut Report::default())
    }

    #[test]
    fn lists_in_texts_become_lists_and_texts_again() {
        let json = json!({
            "id": "1", "name": "callers", "type": "client", "logic": "NEGATIVE", "decisionStrategy": "UNANIMOUS",
            "config": {"clients": "[\"service-a\",\"b\"]"}
        });
        let Entry::Policy(policy) = entry(json.clone()).unwrap() else {
            panic!("a client policy is no permission")
        };
        assert_eq!(
            policy.clients.as_deref(),
            Some(&["service-a".to_owned(), "b".to_owned()][..])
        );
        assert_eq!(to_json(&policy), json);

        let role = json!({
            "name": "r", "type": "role", "logic": "POSITIVE", "decisionStrategy": "UNANIMOUS",
            "config": {"roles": "[{\"id\":\"app/alpha\",\"required\":true}]", "fetchRoles": "true"}
        });
        let Entry::Policy(policy) = entry(role.clone()).unwrap() else {
            panic!("a role policy is no permission")
        };
        assert_eq!(
            policy.config.get("roles"),
            Some(&json!([{"id": "app/alpha", "required": true}]))
        );
        assert_eq!(to_json(&policy), role);
    }

    #[test]
    fn scope_and_resource_are_permissions() {
        let json = json!({
            "name": "p", "type": "scope", "logic": "POSITIVE", "decisionStrategy": "AFFIRMATIVE",
            "config": {"resources": "[\"r\"]", "scopes": "[\"token-exchange\"]", "applyPolicies": "[\"callers\"]"}
        });
        let Entry::Permission(permission) = entry(json.clone()).unwrap() else {
            panic!("a permission")
        };
        assert_eq!(permission.policies, ["callers"]);
        assert_eq!(permission_to_json(&permission), json);
    }

    #[test]
    fn defaults_and_real_lists_are_taken() {
        let Entry::Policy(policy) =
            entry(json!({"name": "a", "type": "aggregate", "config": {"applyPolicies": ["x"]}}))
                .unwrap()
        else {
            panic!("an aggregate is no permission")
        };
        assert_eq!(policy.policies.as_deref(), Some(&["x".to_owned()][..]));
    }

    #[test]
    fn broken_lists_and_words_are_refused() {
        assert!(
            entry(json!({"name": "a", "type": "client", "config": {"clients": "[\"x\""}})).is_err()
        );
        assert!(entry(json!({"name": "a", "type": "client", "config": {"clients": "x"}})).is_err());
        assert!(entry(json!({"name": "a", "type": "client", "logic": "MAYBE"})).is_err());
        assert!(
            entry(json!({"name": "a", "type": "client", "decisionStrategy": "unanimous"})).is_err()
        );
    }
}
