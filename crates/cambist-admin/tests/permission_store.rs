//! The permission store over the administration, against a store in memory and without sockets.

mod support;

use cambist_admin::RealmRegistry;
use serde_json::{Value, json};
use support::world_with;

#[tokio::test]
async fn the_guide_is_set_up() {
    let world = world_with("guide").await;
    let base = "/admin/realms/token-exchange-demo";
    let (a, b) = (
        "a1a1a1a1-0000-4000-8000-000000000001",
        "a1a1a1a1-0000-4000-8000-000000000002",
    );
    let found = world
        .ask(
            "GET",
            &format!("{base}/clients?clientId=realm-management"),
            None,
        )
        .await;
    let store = format!(
        "{base}/clients/{}/authz/resource-server",
        found.text("/0/id")
    );

    let on = world
        .ask(
            "PUT",
            &format!("{base}/clients/{b}/management/permissions"),
            Some(json!({"enabled": true})),
        )
        .await;
    assert_eq!(
        (on.status, on.json.get("enabled")),
        (200, Some(&json!(true)))
    );
    let permission = on.text("/scopePermissions/token-exchange").to_owned();

    let policy = json!({"type": "client", "name": "service-a-client-policy", "logic": "POSITIVE",
                        "decisionStrategy": "UNANIMOUS", "clients": [a]});
    let policy = world
        .ask("POST", &format!("{store}/policy/client"), Some(policy))
        .await;
    assert_eq!(
        (policy.status, policy.json.get("clients")),
        (201, Some(&json!([a])))
    );

    let read = world
        .ask(
            "GET",
            &format!("{store}/permission/scope/{permission}"),
            None,
        )
        .await;
    assert_eq!(
        read.text("/name"),
        format!("token-exchange.permission.client.{b}")
    );
    let scopes = world
        .ask("GET", &format!("{store}/policy/{permission}/scopes"), None)
        .await;
    assert_eq!(scopes.text("/0/name"), "token-exchange");
    let resources = world
        .ask(
            "GET",
            &format!("{store}/policy/{permission}/resources"),
            None,
        )
        .await;
    assert_eq!(resources.text("/0/name"), format!("client.resource.{b}"));

    let attach = json!({"id": permission, "name": read.text("/name"), "type": "scope", "logic": "POSITIVE",
                        "decisionStrategy": "UNANIMOUS", "resources": [resources.text("/0/_id")],
                        "scopes": [scopes.text("/0/id")], "policies": [policy.text("/id")]});
    let attached = world
        .ask(
            "PUT",
            &format!("{store}/permission/scope/{permission}"),
            Some(attach),
        )
        .await;
    assert_eq!((attached.status, attached.json), (201, Value::Null));

    let asked = world
        .ask(
            "GET",
            &format!("{store}/policy/{permission}/associatedPolicies"),
            None,
        )
        .await;
    assert_eq!(asked.text("/0/name"), "service-a-client-policy");
    let document = world
        .realms
        .realm("token-exchange-demo")
        .unwrap()
        .document
        .clone();
    let kept = document
        .permissions
        .iter()
        .find(|kept| kept.id.as_deref() == Some(&permission))
        .unwrap();
    assert_eq!(kept.policies, [policy.text("/id")]);
}

#[tokio::test]
async fn the_last_condition_takes_its_permission_along() {
    let world = world_with("adm-shop-policies").await;
    let store = "/admin/realms/adm-shop-policies/clients/ad010009-0001-4000-8000-000000000005/authz/resource-server";
    let permission = format!("{store}/policy/ad010009-0005-4000-8000-000000000012");
    assert_eq!(world.ask("GET", &permission, None).await.status, 200);
    let gone = world
        .ask(
            "DELETE",
            &format!("{store}/policy/client/ad010009-0005-4000-8000-00000000000e"),
            None,
        )
        .await;
    assert_eq!(gone.status, 204);
    assert_eq!(world.ask("GET", &permission, None).await.status, 404);
}

#[tokio::test]
async fn an_aggregate_of_itself_is_refused_and_changes_nothing() {
    let world = world_with("adm-shop-policies").await;
    let store = "/admin/realms/adm-shop-policies/clients/ad010009-0001-4000-8000-000000000005/authz/resource-server";
    let id = "ad010009-0005-4000-8000-000000000010";
    let body = json!({"name": "both", "type": "aggregate", "policies": [id]});
    let answer = world
        .ask("PUT", &format!("{store}/policy/aggregate/{id}"), Some(body))
        .await;
    assert_eq!(answer.status, 500);
    let asked = world
        .ask(
            "GET",
            &format!("{store}/policy/{id}/associatedPolicies"),
            None,
        )
        .await;
    assert_eq!(asked.json.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_store_can_be_tried_out() {
    let world = world_with("adm-shop-policies").await;
    let path = "/admin/realms/adm-shop-policies/clients/ad010009-0001-4000-8000-000000000005/authz/resource-server\
                /policy/evaluate";
    let ask = async |client: &str, attributes: Value| {
        let body = json!({
            "userId": "ad010009-0002-4000-8000-000000000002", "clientId": client, "roleIds": [],
            "resources": [{"name": "client.resource.ad010009-0001-4000-8000-000000000001",
                           "scopes": [{"name": "token-exchange"}]}],
            "context": {"attributes": attributes}, "entitlements": false
        });
        world.ask("POST", path, Some(body)).await
    };
    let (till, other) = (
        "ad010009-0001-4000-8000-000000000003",
        "ad010009-0001-4000-8000-000000000004",
    );
    let allowed = ask(till, json!({})).await;
    assert_eq!((allowed.status, allowed.text("/status")), (200, "PERMIT"));
    assert_eq!(
        allowed.text("/results/0/policies/0/associatedPolicies/0/policy/name"),
        "callers"
    );
    assert_eq!(
        allowed.text("/results/0/allowedScopes/0/name"),
        "token-exchange"
    );
    assert_eq!(ask(other, json!({})).await.text("/status"), "DENY");
    assert_eq!(
        ask(other, json!({"kc.client.id": "till"}))
            .await
            .text("/status"),
        "PERMIT"
    );
    let nobody = world
        .ask(
            "POST",
            path,
            Some(json!({"userId": null, "clientId": till})),
        )
        .await;
    assert_eq!(nobody.status, 500);
}
