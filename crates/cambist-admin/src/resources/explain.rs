//! `/exchange/explain`: what would be decided on an exchange, and why. A call of Cambist's own.

use cambist::{
    engine::{ExplainError, ExplainRequest},
    facts::FactsNeeded,
    moment::Moment,
};
use cambist_keycloak::Json;
use http::StatusCode;

use crate::{
    admin::Call,
    answer::{Answer, Failure, ok},
};

/// The role of a realm's administration that may ask for explanations. It comes with no other role, and a
/// realm has it once somebody makes it, as a role of `realm-management`.
pub const EXPLAIN_EXCHANGE: &str = "explain-exchange";

/// The trace of a decision holds what is true of its users, so who asks about one must be one who may see
/// them.
const SEES_USERS: [&str; 2] = ["view-users", "manage-users"];

pub(crate) async fn explain(call: &Call<'_>) -> Result<Answer, Failure> {
    if !call.rights.rules_all() {
        call.require(&[EXPLAIN_EXCHANGE])?;
        call.require(&SEES_USERS)?;
    }
    let refused = |status, text: String| Failure::Error {
        status,
        error: "invalid_request".to_owned(),
        description: Some(text),
    };
    // A list would pass for an object whose members stand in order.
    let members: Result<serde_json::Map<_, _>, _> = serde_json::from_slice(&call.request.body);
    let question: ExplainRequest = members
        .and_then(|members| serde_json::from_value(serde_json::Value::Object(members)))
        .map_err(|error| refused(StatusCode::BAD_REQUEST, error.to_string()))?;
    let moment = Moment::utc(call.request.now.0);
    let store = &call.admin.store;
    let user = match question.subject_query() {
        Some(query) => {
            let needed = FactsNeeded {
                subject: Some(query),
                ..FactsNeeded::default()
            };
            store
                .load_facts(&call.name, &needed, moment.now)
                .await?
                .subject
        }
        None => None,
    };
    let issuer = format!("{}/realms/{}", call.request.base, call.name);
    let realm = call.loaded.realm.clone();
    let pending = call
        .admin
        .engine
        .explain(realm, &issuer, &question, user, moment);
    let pending = pending.map_err(|error| {
        let status = match error {
            ExplainError::NoClient(_) | ExplainError::NoUser(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        refused(status, error.to_string())
    })?;
    let needed = pending.facts_needed();
    let facts = store.load_facts(&call.name, &needed, moment.now).await?;
    let trace = serde_json::to_value(pending.decide(facts)).map_err(|_| Failure::internal())?;
    Ok(ok(Json::from(trace)))
}
