//! Explanations of exchanges: who may ask, and what is told.

mod support;

use cambist::trace::DecisionTrace;
use serde_json::{Value, json};
use support::{World, world_with};

const SHOP: &str = "/admin/realms/adm-shop";
const EXPLAIN: &str = "/admin/realms/adm-shop/exchange/explain";

async fn clients(world: &World, client_id: &str) -> String {
    let path = format!("{SHOP}/clients?clientId={client_id}");
    let found = world.ask("GET", &path, None).await;
    found.text("/0/id").to_owned()
}

fn question() -> Value {
    json!({"requester": "till", "audience": ["stock"], "subject_user": "ann", "at": 1_800_000_000})
}

#[tokio::test]
async fn t127_only_who_has_the_right_of_its_own_and_sees_users_is_told() {
    let world = world_with("adm-shop").await;
    let management = clients(&world, "realm-management").await;
    let clerk = Some("adm-shop/clerk");
    let ask = async || world.ask_as(clerk, "POST", EXPLAIN, Some(question())).await;
    assert_eq!(ask().await.status, 403);
    // One who rules the realm has not got the right by that.
    let boss = world.ask_as(Some("adm-shop/boss"), "POST", EXPLAIN, Some(question()));
    assert_eq!(boss.await.status, 403);

    let roles = format!("{SHOP}/clients/{management}/roles");
    let role = json!({"name": "explain-exchange"});
    assert_eq!(world.ask("POST", &roles, Some(role)).await.status, 201);
    let role = world
        .ask("GET", &format!("{roles}/explain-exchange"), None)
        .await
        .json;
    let found = world
        .ask(
            "GET",
            &format!("{SHOP}/users?username=clerk&exact=true"),
            None,
        )
        .await;
    let user = found.text("/0/id");
    let path = format!("{SHOP}/users/{user}/role-mappings/clients/{management}");
    assert_eq!(
        world.ask("POST", &path, Some(json!([role]))).await.status,
        204
    );
    let sees = world
        .ask("GET", &format!("{roles}/view-users"), None)
        .await
        .json;
    world.ask("DELETE", &path, Some(json!([sees]))).await;
    let manages = world
        .ask("GET", &format!("{roles}/manage-users"), None)
        .await
        .json;
    world.ask("DELETE", &path, Some(json!([manages]))).await;
    assert_eq!(ask().await.status, 403, "the clerk sees no users");
    assert_eq!(
        world.ask("POST", &path, Some(json!([sees]))).await.status,
        204
    );
    let told = ask().await;
    assert_eq!(told.status, 200, "{}", told.json);
    assert_eq!(told.json["inputs"]["requester"], "till");
}

#[tokio::test]
async fn the_answer_is_the_whole_trace_and_nothing_is_stored() {
    let world = world_with("adm-shop").await;
    let told = world.ask("POST", EXPLAIN, Some(question())).await;
    assert_eq!(told.status, 200, "{}", told.json);
    let trace: DecisionTrace = serde_json::from_value(told.json.clone()).unwrap();
    assert_eq!(trace.realm, "adm-shop");
    assert!(!trace.checks.is_empty() && trace.inputs.is_some());
    assert!(told.json.get("access_token").is_none());
    let client = clients(&world, "till").await;
    let sessions = world
        .ask(
            "GET",
            &format!("{SHOP}/clients/{client}/session-count"),
            None,
        )
        .await;
    assert_eq!(sessions.json["count"], 0);

    for (body, status) in [
        (json!({"requester": "nobody"}), 404),
        (json!({"requester": "till", "subject_user": "nobody"}), 404),
        (json!({"requester": "till", "colour": "red"}), 400),
        (
            json!({"requester": "till", "subject_user": "ann", "subject_token": "x"}),
            400,
        ),
        (json!([]), 400),
    ] {
        let answer = world.ask("POST", EXPLAIN, Some(body.clone())).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.json);
    }
}
