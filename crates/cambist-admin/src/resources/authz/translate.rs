//! Policies with what they point at named by id, or by name.

use cambist::{
    facts::UserQuery,
    realm::document::{PermissionDocument, PolicyDocument, RealmDocument},
};
use serde_json::{Map, Value};

use super::references;
use crate::{admin::Call, answer::Failure, find::Owner};

/// How references are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Id,
    Name,
}

/// A policy with its references written this way. One that leads nowhere stays as it is, unless `strict`,
/// where it is Keycloak's own failure.
pub(crate) async fn policy(
    call: &Call<'_>,
    policy: &PolicyDocument,
    by: By,
    strict: bool,
) -> Result<PolicyDocument, Failure> {
    let document = call.document();
    let mut next = policy.clone();
    if let Some(clients) = &mut next.clients {
        replace(clients, strict, |text| {
            let client = references::client(document, text)?;
            if by == By::Id {
                client.uuid.clone()
            } else {
                Some(client.id.clone())
            }
        })?;
    }
    if let Some(policies) = &mut next.policies {
        replace(policies, strict, |text| {
            policy_reference(document, text, by)
        })?;
    }
    if let Some(users) = &mut next.users {
        for user in users {
            match user_reference(call, user, by).await? {
                Some(found) => *user = found,
                None if strict => return Err(Failure::internal()),
                None => {}
            }
        }
    }
    replace_objects(&mut next.config, "roles", strict, |object| {
        let found = references::role(document, object.get("id")?.as_str()?)?;
        let written = match (by, &found.owner) {
            (By::Id, _) => found.role.id.clone()?,
            (By::Name, Owner::Realm) => found.role.name.clone(),
            (By::Name, Owner::Client(client)) => format!("{client}/{}", found.role.name),
        };
        Some(("id", written))
    })?;
    replace_objects(&mut next.config, "clientScopes", strict, |object| {
        let scope = references::client_scope(document, object.get("id")?.as_str()?)?;
        Some((
            "id",
            if by == By::Id {
                scope.id.clone()?
            } else {
                scope.name.clone()
            },
        ))
    })?;
    replace_objects(&mut next.config, "groups", strict, |object| {
        let text = object.get("id").or_else(|| object.get("path"))?.as_str()?;
        let placed = references::group(document, text)?;
        Some(if by == By::Id {
            ("id", placed.group.id.clone()?)
        } else {
            ("path", placed.path)
        })
    })?;
    Ok(next)
}

/// A permission with its references written this way; unknown ones are Keycloak's own failure when `strict`.
pub(crate) fn permission(
    document: &RealmDocument,
    permission: &PermissionDocument,
    by: By,
    strict: bool,
) -> Result<PermissionDocument, Failure> {
    let mut next = permission.clone();
    replace(&mut next.resources, strict, |text| {
        let resource = references::resource(document, text)?;
        if by == By::Id {
            resource.id.clone()
        } else {
            Some(resource.name.clone())
        }
    })?;
    replace(&mut next.scopes, strict, |text| {
        let scope = references::scope(document, text)?;
        if by == By::Id {
            scope.id.clone()
        } else {
            Some(scope.name.clone())
        }
    })?;
    replace(&mut next.policies, strict, |text| {
        policy_reference(document, text, by)
    })?;
    Ok(next)
}

fn policy_reference(document: &RealmDocument, text: &str, by: By) -> Option<String> {
    let policy = references::policy(document, text)?;
    if by == By::Id {
        policy.id.clone()
    } else {
        Some(policy.name.clone())
    }
}

async fn user_reference(call: &Call<'_>, text: &str, by: By) -> Result<Option<String>, Failure> {
    for query in [
        UserQuery::Id(text.into()),
        UserQuery::Username(text.to_lowercase().into()),
    ] {
        if let Some(user) = call.store().find_user(&call.name, &query).await? {
            return Ok(Some(if by == By::Id {
                user.id.clone()
            } else {
                user.username.clone()
            }));
        }
    }
    Ok(None)
}

fn replace(
    list: &mut [String],
    strict: bool,
    with: impl Fn(&str) -> Option<String>,
) -> Result<(), Failure> {
    for reference in list {
        match with(reference) {
            Some(found) => *reference = found,
            None if strict => return Err(Failure::internal()),
            None => {}
        }
    }
    Ok(())
}

/// Objects name what they point at in `id` or `path`; the other of the two goes.
fn replace_objects(
    config: &mut Map<String, Value>,
    list: &str,
    strict: bool,
    with: impl Fn(&Map<String, Value>) -> Option<(&'static str, String)>,
) -> Result<(), Failure> {
    let Some(Value::Array(items)) = config.get_mut(list) else {
        return Ok(());
    };
    for item in items {
        let Value::Object(object) = item else {
            return Err(Failure::wrong_json());
        };
        match with(object) {
            Some((member, text)) => {
                object.remove("id");
                object.remove("path");
                object.insert(member.to_owned(), Value::String(text));
            }
            None if strict => return Err(Failure::internal()),
            None => {}
        }
    }
    Ok(())
}
