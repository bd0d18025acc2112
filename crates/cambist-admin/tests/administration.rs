//! The administration, call by call, against a store in memory and without sockets.

mod support;

use std::{collections::BTreeMap, sync::Arc};

use cambist::{
    effects::Effect,
    facts::{ClientSession, Consent, SessionId, SessionKind, UserQuery, UserSession},
};
use cambist_admin::RealmRegistry;
use cambist_store::{EffectSink as _, RealmSource, Sessions as _, UserDirectory, passwords};
use serde_json::{Value, json};
use support::{World, realm_file, world_with};

const SHOP: &str = "/admin/realms/adm-shop";
const TILL: &str = "ad010001-0001-4000-8000-000000000001";
const STOCK: &str = "ad010001-0001-4000-8000-000000000005";
const ANN: &str = "ad010001-0002-4000-8000-00000000000f";

#[tokio::test]
async fn who_may_not_is_refused_before_anything_is_told() {
    let world = world_with("adm-shop").await;
    let unauthorized = json!({"error": "HTTP 401 Unauthorized"});
    for path in [
        "/admin/realms",
        SHOP,
        "/admin/realms/no-such-realm",
        "/admin/realms/adm-shop/clients",
    ] {
        for caller in [None, Some("rubbish"), Some("master/nobody")] {
            let answer = world.ask_as(caller, "GET", path, None).await;
            assert_eq!(
                (answer.status, &answer.json),
                (401, &unauthorized),
                "{path}"
            );
        }
    }
    let forbidden = json!({"error": "HTTP 403 Forbidden"});
    for (method, path) in [
        ("GET", SHOP),
        ("DELETE", SHOP),
        ("POST", "/admin/realms"),
        ("GET", "/admin/realms"),
    ] {
        let body = (method == "POST").then(|| json!({"realm": "x"}));
        let answer = world.ask_as(Some("adm-shop/ann"), method, path, body).await;
        assert_eq!(
            (answer.status, &answer.json),
            (403, &forbidden),
            "{method} {path}"
        );
    }
    let other_realm = world
        .ask_as(Some("adm-shop/boss"), "GET", "/admin/realms/master", None)
        .await;
    assert_eq!(other_realm.status, 403);
}

#[tokio::test]
async fn roles_open_what_they_are_for_and_count_as_they_are_now() {
    let world = world_with("adm-shop").await;
    let clerk = Some("adm-shop/clerk");
    let users = world
        .ask_as(clerk, "GET", &format!("{SHOP}/users"), None)
        .await;
    assert_eq!(users.json.as_array().map(Vec::len), Some(5));
    let clients = world
        .ask_as(clerk, "GET", &format!("{SHOP}/clients"), None)
        .await;
    assert_eq!((clients.status, clients.json), (200, json!([])));
    let client = world
        .ask_as(clerk, "GET", &format!("{SHOP}/clients/{TILL}"), None)
        .await;
    assert_eq!(client.status, 403);
    let made = world
        .ask_as(
            clerk,
            "POST",
            &format!("{SHOP}/users"),
            Some(json!({"username": "lamp"})),
        )
        .await;
    assert_eq!(made.status, 403);

    let before = world
        .ask_as(Some("adm-shop/ann"), "GET", &format!("{SHOP}/users"), None)
        .await;
    assert_eq!(before.status, 403);
    let found = world
        .ask(
            "GET",
            &format!("{SHOP}/clients?clientId=realm-management"),
            None,
        )
        .await;
    let management = found.text("/0/id").to_owned();
    let role = world
        .ask(
            "GET",
            &format!("{SHOP}/clients/{management}/roles/view-users"),
            None,
        )
        .await;
    let given = json!([{"id": role.text("/id"), "name": "view-users"}]);
    let path = format!("{SHOP}/users/{ANN}/role-mappings/clients/{management}");
    assert_eq!(world.ask("POST", &path, Some(given)).await.status, 204);
    let after = world
        .ask_as(Some("adm-shop/ann"), "GET", &format!("{SHOP}/users"), None)
        .await;
    assert_eq!(after.status, 200);
}

#[tokio::test]
async fn a_realm_is_made_once_and_deleted_whole() {
    let world = world_with("guide").await;
    let again = world
        .ask("POST", "/admin/realms", Some(realm_file("guide")))
        .await;
    assert_eq!(
        (again.status, again.text("/errorMessage")),
        (409, "Realm token-exchange-demo already exists")
    );
    let mut twin = realm_file("guide");
    twin["realm"] = json!("twin");
    let twin = world.ask("POST", "/admin/realms", Some(twin)).await;
    assert_eq!(
        (twin.status, twin.text("/error_description")),
        (409, "Duplicate resource error")
    );
    assert!(world.realms.realm("twin").is_none());

    let master = world.realms.realm("master").unwrap();
    assert!(
        master
            .realm
            .client_by_id("token-exchange-demo-realm")
            .is_some(),
        "its administration"
    );
    let path = "/admin/realms/token-exchange-demo";
    assert_eq!(world.ask("DELETE", path, None).await.status, 204);
    let gone = world.ask("GET", path, None).await;
    assert_eq!(
        (gone.status, gone.text("/error")),
        (404, "Realm not found.")
    );
    assert!(
        world
            .store
            .load_realm("token-exchange-demo")
            .await
            .unwrap()
            .is_none()
    );
    let master = world.realms.realm("master").unwrap();
    assert!(
        master
            .realm
            .client_by_id("token-exchange-demo-realm")
            .is_none()
    );
    assert_eq!(
        world
            .ask("POST", "/admin/realms", Some(realm_file("guide")))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_realm_has_an_id_that_outlives_its_name() {
    let world = World::new().await;
    let made = world
        .ask(
            "POST",
            "/admin/realms/",
            Some(json!({"realm": "new", "enabled": true})),
        )
        .await;
    assert_eq!(
        made.header("location"),
        Some("http://server/admin/realms/new")
    );
    let first = world.ask("GET", "/admin/realms/new", None).await;
    assert_eq!(first.text("/id").len(), 36);
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    assert_eq!(
        first.header("content-type"),
        Some("application/json;charset=UTF-8")
    );
    let renamed = world
        .ask("PUT", "/admin/realms/new", Some(json!({"realm": "newer"})))
        .await;
    assert_eq!(renamed.status, 204);
    let second = world.ask("GET", "/admin/realms/newer", None).await;
    assert_eq!(second.text("/id"), first.text("/id"));
    assert_eq!(
        world.ask("GET", "/admin/realms/new", None).await.status,
        404
    );
}

#[tokio::test]
async fn a_put_takes_back_what_a_get_gave() {
    let world = world_with("adm-shop").await;
    for path in [
        SHOP.to_owned(),
        format!("{SHOP}/clients/{TILL}"),
        format!("{SHOP}/users/{ANN}"),
        format!("{SHOP}/identity-provider/instances/partner"),
        format!("{SHOP}/roles/lead"),
        format!("{SHOP}/groups/ad010001-0007-4000-8000-00000000000d"),
    ] {
        let before = world.ask("GET", &path, None).await;
        assert_eq!(before.status, 200, "{path}");
        let put = world.ask("PUT", &path, Some(before.json.clone())).await;
        assert_eq!((put.status, &put.json), (204, &Value::Null), "{path}");
        assert_eq!(
            world.ask("GET", &path, None).await.json,
            before.json,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_change_that_does_not_build_changes_nothing() {
    let world = world_with("adm-shop").await;
    let before = world.realms.realm("adm-shop").unwrap();
    let answer = world
        .ask(
            "PUT",
            SHOP,
            Some(json!({"defaultSignatureAlgorithm": "XS256"})),
        )
        .await;
    assert_eq!(answer.status, 400);
    let after = world.realms.realm("adm-shop").unwrap();
    assert_eq!(after.version, before.version);
    assert_eq!(after.document.tokens, before.document.tokens);
}

#[tokio::test]
async fn a_client_with_a_service_account_gets_its_user_and_loses_it() {
    let world = world_with("adm-shop").await;
    let client = json!({"clientId": "lamp", "serviceAccountsEnabled": true});
    let id = world
        .ask("POST", &format!("{SHOP}/clients"), Some(client))
        .await
        .made();
    let user = world
        .ask(
            "GET",
            &format!("{SHOP}/clients/{id}/service-account-user"),
            None,
        )
        .await;
    assert_eq!(user.text("/username"), "service-account-lamp");
    let query = UserQuery::Id(user.text("/id").into());
    assert!(
        world
            .store
            .find_user("adm-shop", &query)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        world
            .ask("DELETE", &format!("{SHOP}/clients/{id}"), None)
            .await
            .status,
        204
    );
    assert!(
        world
            .store
            .find_user("adm-shop", &query)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn secrets_are_drawn_and_drawn_anew() {
    let world = world_with("adm-shop").await;
    let id = world
        .ask(
            "POST",
            &format!("{SHOP}/clients"),
            Some(json!({"clientId": "lamp"})),
        )
        .await
        .made();
    let path = format!("{SHOP}/clients/{id}/client-secret");
    let first = world.ask("GET", &path, None).await;
    assert_eq!(first.text("/value").len(), 32);
    let second = world.ask("POST", &path, None).await;
    assert_ne!(second.text("/value"), first.text("/value"));
    assert_eq!(world.ask("GET", &path, None).await.json, second.json);
}

#[tokio::test]
async fn a_renamed_client_keeps_what_names_it() {
    let world = world_with("adm-shop").await;
    let renamed = world
        .ask(
            "PUT",
            &format!("{SHOP}/clients/{STOCK}"),
            Some(json!({"clientId": "depot"})),
        )
        .await;
    assert_eq!(renamed.status, 204);
    let parts = world
        .ask(
            "GET",
            &format!("{SHOP}/roles/lead/composites/clients/{STOCK}"),
            None,
        )
        .await;
    assert_eq!(parts.text("/0/name"), "read");
    let taken = world
        .ask(
            "PUT",
            &format!("{SHOP}/clients/{STOCK}"),
            Some(json!({"clientId": "till"})),
        )
        .await;
    assert_eq!((taken.status, taken.text("/error")), (409, "conflict"));
}

#[tokio::test]
async fn a_password_is_kept_as_a_hash_and_never_shown() {
    let world = world_with("adm-shop").await;
    let body = json!({"type": "password", "value": "second-password", "temporary": true});
    let path = format!("{SHOP}/users/{ANN}");
    assert_eq!(
        world
            .ask("PUT", &format!("{path}/reset-password"), Some(body))
            .await
            .status,
        204
    );
    let user = world
        .store
        .find_user("adm-shop", &UserQuery::Id(ANN.into()))
        .await
        .unwrap()
        .unwrap();
    let [credential] = user.passwords.as_slice() else {
        panic!("one password")
    };
    assert!(passwords::verify(
        credential,
        &"second-password".to_owned().into()
    ));
    assert!(!passwords::verify(
        credential,
        &"password1".to_owned().into()
    ));
    assert_eq!(user.required_actions, ["UPDATE_PASSWORD"]);
    let shown = world.ask("GET", &path, None).await.json.to_string();
    assert!(!shown.contains(&credential.hash) && !shown.contains("second-password"));
}

#[tokio::test]
async fn bodies_that_are_wrong_are_refused() {
    let world = world_with("adm-shop").await;
    let clients = format!("{SHOP}/clients");
    for (body, status) in [
        (json!([]), 400),
        (json!({"clientId": {"a": 1}}), 400),
        (json!({"clientId": "lamp", "publicClient": "maybe"}), 400),
        (
            json!({"clientId": "lamp", "redirectUris": "http://localhost/"}),
            400,
        ),
        (
            json!({"clientId": "lamp", "redirectUris": ["javascript:alert(1)"]}),
            400,
        ),
        (
            json!({"clientId": "lamp", "redirectUris": ["https://a.example/#x"]}),
            400,
        ),
        (Value::Null, 500),
    ] {
        let answer = world.ask("POST", &clients, Some(body.clone())).await;
        assert_eq!(answer.status, status, "{body}");
    }
    let unknown = world
        .ask(
            "POST",
            &clients,
            Some(json!({"clientId": "lamp", "noSuchMember": 1})),
        )
        .await;
    assert!(
        unknown
            .text("/error")
            .contains("Unrecognized field \"noSuchMember\"")
    );
    let found = world
        .ask("GET", &format!("{clients}?clientId=lamp"), None)
        .await;
    assert_eq!(found.json, json!([]));
    let doubled = world.ask("GET", "/admin/realms//adm-shop", None).await;
    assert_eq!(doubled.text("/error"), "missingNormalization");
}

#[tokio::test]
async fn a_partial_import_fails_skips_or_overwrites() {
    let world = world_with("adm-shop").await;
    let path = format!("{SHOP}/partialImport");
    let users =
        json!([{"username": "ann", "enabled": true}, {"username": "newcomer", "enabled": true}]);
    let fail = json!({"ifResourceExists": "FAIL", "users": users});
    let fail = world.ask("POST", &path, Some(fail)).await;
    assert_eq!(
        (fail.status, fail.text("/errorMessage")),
        (409, "User with user name ann already exists.")
    );
    let found = world
        .ask("GET", &format!("{SHOP}/users?username=newcomer"), None)
        .await;
    assert_eq!(found.json, json!([]), "nothing of a refused import is kept");

    let skip = world
        .ask(
            "POST",
            &path,
            Some(json!({"ifResourceExists": "SKIP", "users": users})),
        )
        .await;
    assert_eq!(
        (
            skip.status,
            skip.json.get("added"),
            skip.json.get("skipped")
        ),
        (200, Some(&json!(1)), Some(&json!(1)))
    );
    assert_eq!(
        (skip.text("/results/0/action"), skip.text("/results/0/id")),
        ("SKIPPED", ANN)
    );

    let stock = json!([{"clientId": "stock", "name": "Changed", "serviceAccountsEnabled": true}]);
    let over = json!({"ifResourceExists": "OVERWRITE", "clients": stock});
    let over = world.ask("POST", &path, Some(over)).await;
    assert_eq!(over.json.get("overwritten"), Some(&json!(1)));
    let id = over.text("/results/0/id");
    assert_ne!(id, STOCK);
    let user = world
        .ask(
            "GET",
            &format!("{SHOP}/clients/{id}/service-account-user"),
            None,
        )
        .await;
    assert_eq!(user.text("/username"), "service-account-stock");
    let parts = world
        .ask("GET", &format!("{SHOP}/roles/lead/composites"), None)
        .await;
    assert_eq!(
        parts.json.as_array().map(Vec::len),
        Some(1),
        "the roles of the old client are gone"
    );
}

#[tokio::test]
async fn nobody_hands_on_more_than_they_have() {
    let world = world_with("adm-shop").await;
    let found = world
        .ask(
            "GET",
            &format!("{SHOP}/clients?clientId=realm-management"),
            None,
        )
        .await;
    let management = found.text("/0/id").to_owned();
    let role = async |name: &str| {
        let path = format!("{SHOP}/clients/{management}/roles/{name}");
        let role = world.ask("GET", &path, None).await;
        json!([{"id": role.text("/id"), "name": name}])
    };
    let of_clerk = "/users?username=clerk&exact=true";
    let clerk = world
        .ask("GET", &format!("{SHOP}{of_clerk}"), None)
        .await
        .text("/0/id")
        .to_owned();
    let path = format!("{SHOP}/users/{clerk}/role-mappings/clients/{management}");
    assert_eq!(
        world
            .ask("POST", &path, Some(role("manage-users").await))
            .await
            .status,
        204
    );

    // The clerk may manage users now, and so hand on that role and no other.
    let me = Some("adm-shop/clerk");
    let path = format!("{SHOP}/users/{ANN}/role-mappings/clients/{management}");
    assert_eq!(
        world
            .ask_as(me, "POST", &path, Some(role("manage-users").await))
            .await
            .status,
        204
    );
    for name in ["realm-admin", "manage-realm", "impersonation"] {
        let answer = world
            .ask_as(me, "POST", &path, Some(role(name).await))
            .await;
        assert_eq!(answer.status, 403, "{name}");
    }
    // Neither by way of a group.
    let group = world
        .ask(
            "POST",
            &format!("{SHOP}/groups"),
            Some(json!({"name": "bosses"})),
        )
        .await
        .made();
    let of_group = format!("{SHOP}/groups/{group}/role-mappings/clients/{management}");
    assert_eq!(
        world
            .ask_as(me, "POST", &of_group, Some(role("realm-admin").await))
            .await
            .status,
        403
    );
    assert_eq!(
        world
            .ask("POST", &of_group, Some(role("realm-admin").await))
            .await
            .status,
        204
    );
    let join = format!("{SHOP}/users/{ANN}/groups/{group}");
    assert_eq!(world.ask_as(me, "PUT", &join, None).await.status, 403);
    assert_eq!(
        world
            .ask_as(Some("adm-shop/boss"), "PUT", &join, None)
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn the_master_realm_stays() {
    let world = World::new().await;
    assert_eq!(
        world
            .ask("DELETE", "/admin/realms/master", None)
            .await
            .status,
        400
    );
    let renamed = world
        .ask(
            "PUT",
            "/admin/realms/master",
            Some(json!({"realm": "other"})),
        )
        .await;
    assert_eq!(renamed.status, 400);
    assert_eq!(
        world.ask("GET", "/admin/realms/master", None).await.status,
        200
    );
}

#[tokio::test]
async fn the_administration_of_a_realm_follows_its_name() {
    let world = world_with("guide").await;
    let path = "/admin/realms/token-exchange-demo";
    for (name, status) in [("a/b", 400), ("master", 409), ("renamed", 204)] {
        assert_eq!(
            world
                .ask("PUT", path, Some(json!({"realm": name})))
                .await
                .status,
            status,
            "{name}"
        );
    }
    let master = world.realms.realm("master").unwrap();
    assert!(master.realm.client_by_id("renamed-realm").is_some());
    assert!(
        master
            .realm
            .client_by_id("token-exchange-demo-realm")
            .is_none()
    );
    assert_eq!(
        world
            .ask("DELETE", "/admin/realms/renamed", None)
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn who_makes_a_realm_administers_it_and_no_other() {
    let world = world_with("guide").await;
    let maker = json!({"username": "maker", "enabled": true});
    let id = world
        .ask("POST", "/admin/realms/master/users", Some(maker))
        .await
        .made();
    let role = world
        .ask("GET", "/admin/realms/master/roles/create-realm", None)
        .await;
    let given = json!([{"id": role.text("/id"), "name": "create-realm"}]);
    let path = format!("/admin/realms/master/users/{id}/role-mappings/realm");
    assert_eq!(world.ask("POST", &path, Some(given)).await.status, 204);
    let me = Some("master/maker");
    let made = world
        .ask_as(
            me,
            "POST",
            "/admin/realms",
            Some(json!({"realm": "mine", "enabled": true})),
        )
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(
        world
            .ask_as(me, "GET", "/admin/realms/mine/clients", None)
            .await
            .status,
        200
    );
    assert_eq!(
        world
            .ask_as(me, "GET", "/admin/realms/token-exchange-demo", None)
            .await
            .status,
        403
    );
    assert_eq!(
        world
            .ask_as(me, "DELETE", "/admin/realms/mine", None)
            .await
            .status,
        204
    );
}

/// v2-refresh/consent.
#[tokio::test]
async fn a_consent_is_shown_and_taken_back_with_what_the_client_has_in_sessions() {
    let world = world_with("adm-shop").await;
    let consents = format!("{SHOP}/users/{ANN}/consents");
    let none = world.ask("DELETE", &format!("{consents}/till"), None).await;
    assert_eq!(
        (none.status, none.text("/error")),
        (404, "Consent nor offline token not found")
    );
    let unknown = world
        .ask("DELETE", &format!("{consents}/no-such"), None)
        .await;
    assert_eq!(
        (unknown.status, unknown.text("/error")),
        (404, "Client not found")
    );

    let realm = world.realms.realm("adm-shop").unwrap();
    let scope = realm
        .realm
        .scope_by_name("profile")
        .unwrap()
        .id()
        .to_owned();
    let now = support::NOW;
    let query = UserQuery::Id(ANN.into());
    let ann = world.store.find_user("adm-shop", &query).await;
    let mut ann = cambist::facts::User::clone(&ann.unwrap().unwrap());
    ann.consents.push(Consent {
        client: TILL.to_owned(),
        scopes: vec![scope, "gone".to_owned()],
        created: now,
        updated: now,
    });
    let version = ann.version;
    world
        .store
        .update_user("adm-shop", ann, version)
        .await
        .unwrap();
    for (id, kind, clients) in [
        ("one", SessionKind::Online, &[TILL, STOCK][..]),
        ("one", SessionKind::Offline, &[TILL]),
        ("two", SessionKind::Offline, &[STOCK]),
    ] {
        let part = |client: &&str| ((*client).to_owned(), ClientSession::begun(now));
        let start = Effect::StartSession(Box::new(UserSession {
            id: SessionId(id.into()),
            kind,
            user: ANN.to_owned(),
            started: now,
            last_refresh: now,
            method: "openid-connect".to_owned(),
            notes: BTreeMap::new(),
            clients: clients.iter().map(part).collect(),
            version: 0,
        }));
        let stored = world.store.apply("adm-shop", &[start], now).await;
        stored.unwrap();
    }

    let shown = world.ask("GET", &consents, None).await;
    let till = json!({
        "clientId": "till",
        "grantedClientScopes": ["profile"],
        "createdDate": now.0 * 1000,
        "lastUpdatedDate": now.0 * 1000,
        "additionalGrants": [{"client": TILL, "key": "Offline Token"}],
    });
    let stock = json!({
        "clientId": "stock",
        "grantedClientScopes": [],
        "additionalGrants": [{"client": STOCK, "key": "Offline Token"}],
    });
    assert_eq!((shown.status, shown.json), (200, json!([till, stock])));

    let taken = world.ask("DELETE", &format!("{consents}/till"), None).await;
    assert_eq!(taken.status, 204);
    assert_eq!(world.ask("GET", &consents, None).await.json, json!([stock]));
    let left = async |kind| {
        let sessions = world.store.user_sessions("adm-shop", ANN, kind).await;
        let clients = |session: &Arc<UserSession>| session.clients.keys().cloned().collect();
        let left: Vec<Vec<String>> = sessions.unwrap().iter().map(clients).collect();
        left
    };
    assert_eq!(left(SessionKind::Online).await, [[STOCK]]);
    assert_eq!(left(SessionKind::Offline).await, [[STOCK]]);

    let clerk = Some("adm-shop/clerk");
    let path = format!("{consents}/till");
    let refused = world.ask_as(clerk, "DELETE", &path, None).await;
    assert_eq!(refused.status, 403);
}

/// grants/life-idle-over-realm.
#[tokio::test]
async fn a_clients_part_in_a_session_may_not_outlast_the_session() {
    let world = world_with("adm-shop").await;
    let clients = format!("{SHOP}/clients");
    let till = format!("{clients}/{TILL}");
    for (attribute, limit, text) in [
        (
            "client.session.idle.timeout",
            1_800,
            "Client session idle timeout cannot exceed realm SSO session idle timeout.",
        ),
        (
            "client.session.max.lifespan",
            36_000,
            "Client session max lifespan cannot exceed realm SSO session max lifespan.",
        ),
    ] {
        let client = |seconds: i64| {
            let attributes = json!({attribute: seconds.to_string()});
            json!({"clientId": attribute, "attributes": attributes})
        };
        let over = Some(client(limit + 1));
        for (method, path) in [("POST", &clients), ("PUT", &till)] {
            let answer = world.ask(method, path, over.clone()).await;
            let refused = json!({"error": "invalid_input", "error_description": text});
            assert_eq!((answer.status, answer.json), (400, refused), "{method}");
        }
        let within = world.ask("POST", &clients, Some(client(limit))).await;
        assert_eq!(within.status, 201);
    }
}
