//! `…/policy/evaluate`: what the store would say, with the reasons.

use cambist::{
    moment::Moment,
    policy::{EvaluationContext, GateRefusal, Identity, Outcome, PermissionTrace, TryOut, try_out},
    realm::Realm,
};
use cambist_keycloak::{Json, Members, Writer};

use super::{enter, references};
use crate::{
    admin::Call,
    answer::{Answer, Failure, ok_plain},
    find,
    resources::users,
};

/// A resource to try, with the scopes asked for.
struct Asked {
    resource: String,
    scopes: Vec<String>,
}

pub(crate) async fn evaluate(call: &Call<'_>, client: &str) -> Result<Answer, Failure> {
    enter(call, client)?;
    let mut members = call.request.members()?;
    // Without a user Keycloak fails itself.
    let user = members.text("userId")?.ok_or_else(Failure::internal)?;
    let user = users::find(call, &user)
        .await
        .map_err(|_| Failure::internal())?;
    let named = members.text("clientId")?;
    let pushed = match members.object("context")? {
        Some(mut context) => match context.object("attributes")? {
            Some(mut attributes) => attributes.text("kc.client.id")?,
            None => None,
        },
        None => None,
    };
    // A pushed attribute beats the client that the request names.
    let client_id = match (pushed, named) {
        (Some(pushed), _) => pushed,
        (None, Some(id)) => find::client(call.document(), &id)?.id.clone(),
        (None, None) => String::new(),
    };
    let asked = read_resources(call, &mut members)?;
    let context = EvaluationContext {
        client_id: &client_id,
        remote_address: None,
        moment: Moment::utc(call.request.now.0),
    };
    let identity = Identity::stored_user(&user);
    let realm = &call.loaded.realm;
    let mut results = Vec::new();
    for one in &asked {
        results.push((one, judge(realm, &identity, &context, one)?));
    }
    let permitted = results.iter().any(|(_, result)| result.granted.is_some());
    let results: Vec<Json> = results
        .iter()
        .map(|(one, result)| result_json(call, one, result))
        .collect();
    let body = Writer::new()
        .with("results", results)
        .with("entitlements", false)
        .with("status", word(permitted));
    Ok(ok_plain(body))
}

/// No resource means all of them.
fn read_resources(call: &Call<'_>, members: &mut Members) -> Result<Vec<Asked>, Failure> {
    let sent = members.objects("resources")?.unwrap_or_default();
    if sent.is_empty() {
        let resources = call
            .document()
            .authorization
            .iter()
            .flat_map(|store| &store.resources);
        return Ok(resources
            .map(|resource| Asked {
                resource: resource.name.clone(),
                scopes: Vec::new(),
            })
            .collect());
    }
    let mut asked = Vec::new();
    for mut one in sent {
        let reference = match one.text("_id")? {
            Some(id) => Some(id),
            None => one.text("name")?,
        };
        let found =
            reference.and_then(|reference| references::resource(call.document(), &reference));
        let resource = found.ok_or_else(Failure::internal)?.name.clone();
        let mut scopes = Vec::new();
        for mut scope in one.objects("scopes")?.unwrap_or_default() {
            scopes.extend(scope.text("name")?);
        }
        asked.push(Asked { resource, scopes });
    }
    Ok(asked)
}

fn judge(
    realm: &Realm,
    identity: &Identity<'_>,
    context: &EvaluationContext<'_>,
    asked: &Asked,
) -> Result<TryOut, Failure> {
    let scopes: Vec<&str> = asked.scopes.iter().map(String::as_str).collect();
    try_out(realm, identity, context, &asked.resource, &scopes).map_err(|refusal| match refusal {
        GateRefusal::NoResource => Failure::not_found("Resource not found"),
        _ => Failure::internal(),
    })
}

fn result_json(call: &Call<'_>, asked: &Asked, result: &TryOut) -> Json {
    let name = if result.asked.is_empty() {
        asked.resource.clone()
    } else {
        format!(
            "{} with scopes [{}]",
            asked.resource,
            result.asked.join(", ")
        )
    };
    let id = references::resource(call.document(), &asked.resource)
        .and_then(|resource| resource.id.clone());
    let resource = Writer::new().with("name", name).with_some("_id", id);
    let policies: Vec<Json> = result.permissions.iter().map(permission_json).collect();
    let granted = result.granted.as_deref().unwrap_or_default();
    Writer::new()
        .with("resource", resource)
        .with("scopes", named(&result.asked))
        .with("policies", policies)
        .with("status", word(result.granted.is_some()))
        .with("allowedScopes", named(granted))
        .into()
}

fn permission_json(permission: &PermissionTrace) -> Json {
    let asked: Vec<Json> = permission
        .policies
        .iter()
        .map(|step| {
            Writer::new()
                .with(
                    "policy",
                    Writer::new()
                        .with("name", step.policy.clone())
                        .with("type", step.kind.clone()),
                )
                .with("status", word(step.outcome == Outcome::Permit))
                .into()
        })
        .collect();
    Writer::new()
        .with(
            "policy",
            Writer::new().with("name", permission.permission.clone()),
        )
        .with("status", word(permission.outcome == Some(Outcome::Permit)))
        .with("associatedPolicies", asked)
        .with("scopes", permission.scopes.clone())
        .into()
}

fn named(scopes: &[String]) -> Vec<Json> {
    scopes
        .iter()
        .map(|name| Writer::new().with("name", name.clone()).into())
        .collect()
}

const fn word(permit: bool) -> &'static str {
    if permit { "PERMIT" } else { "DENY" }
}
