//! Who gets into the administration.

use cambist_server::config::StoreChoice;

use crate::{
    caller::{Reply, send, token},
    instance::{ADMIN_PASSWORD, Instance, REALM},
};

async fn realms(instance: &Instance, bearer: Option<&str>, body: &[u8]) -> Reply {
    let authorization = bearer
        .map(|token| format!("Bearer {token}"))
        .unwrap_or_default();
    let mut headers = vec![("content-type", "application/json")];
    if bearer.is_some() {
        headers.push(("authorization", &authorization));
    }
    let method = if body.is_empty() { "GET" } else { "POST" };
    send(instance.address(), method, "/admin/realms", &headers, body).await
}

async fn administrator(instance: &Instance) -> Reply {
    let fields = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", "admin"),
        ("password", ADMIN_PASSWORD),
    ];
    token(instance.address(), "master", &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_with_a_role_is_needed() {
    let instance = Instance::start(StoreChoice::Memory).await;
    assert_eq!(realms(&instance, None, b"").await.status, 401);
    assert_eq!(realms(&instance, Some("garbage"), b"").await.status, 401);
    let user = instance.log_in(REALM, "service-a").await;
    let path = format!("/admin/realms/{REALM}");
    let bearer = format!("Bearer {}", user.text("access_token"));
    let stranger = send(
        instance.address(),
        "GET",
        &path,
        &[("authorization", &bearer)],
        b"",
    )
    .await;
    assert_eq!(stranger.status, 403, "{stranger:?}");
    let refresh = realms(&instance, Some(user.text("refresh_token")), b"").await;
    assert_eq!(refresh.status, 401, "a refresh token is no access token");

    let login = administrator(&instance).await;
    let admin = login.text("access_token");
    let listed = realms(&instance, Some(admin), b"").await;
    assert_eq!(listed.status, 200, "{listed:?}");
    assert!(
        listed.head.contains("x-content-type-options: nosniff"),
        "{}",
        listed.head
    );

    // The token is good for as long as its session, not for as long as it says.
    let fields = [
        ("client_id", "admin-cli"),
        ("refresh_token", login.text("refresh_token")),
    ];
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let logout = "/realms/master/protocol/openid-connect/logout";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let ended = send(instance.address(), "POST", logout, &form, body.as_bytes()).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    assert_eq!(realms(&instance, Some(admin), b"").await.status, 401);
    instance.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_may_send_much() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let login = administrator(&instance).await;
    let filler = "f".repeat(2 * 1_024 * 1_024);
    let body = format!(r#"{{"realm": "large", "enabled": true, "displayName": "{filler}"}}"#);
    for bearer in [None, Some("garbage")] {
        let reply = realms(&instance, bearer, body.as_bytes()).await;
        assert_eq!(reply.status, 413, "{bearer:?}");
    }
    let reply = realms(&instance, Some(login.text("access_token")), body.as_bytes()).await;
    assert_ne!(reply.status, 413, "{reply:?}");
    instance.server.stop().await;
}

/// Threat T147: whoever has become an administrator is none, in profile `strict`.
#[tokio::test(flavor = "multi_thread")]
async fn t147_who_has_become_an_administrator_administers_nothing() {
    const DOCUMENT: &str = r#"
realm = "guarded"
ssl_required = "none"
clients = [{ id = "till", secret = "till-secret", grants = ["password", "token-exchange"] }]
policies = [{ name = "till", kind = "client", clients = ["till"] }]
permissions = [{ name = "become", action = "impersonate", policies = ["till"] }]

[[users]]
username = "root"
password = "root-password"
email = "root@example.com"
first_name = "Root"
last_name = "User"
roles = { clients = { realm-management = ["realm-admin"] } }

[[users]]
username = "ada"
password = "ada-password"
email = "ada@example.com"
first_name = "Ada"
last_name = "Lovelace"
"#;
    for (profile, status) in [("strict", 401), ("keycloak", 200)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("guarded.toml");
        std::fs::write(&path, format!("profile = \"{profile}\"\n{DOCUMENT}")).unwrap();
        let settings = crate::instance::settings(StoreChoice::Memory, vec![path]);
        let server = cambist_server::Server::start(settings).await.unwrap();
        let ask = async |fields: &[(&str, &str)]| {
            let mut all = vec![("client_id", "till"), ("client_secret", "till-secret")];
            all.extend_from_slice(fields);
            let reply = token(server.address(), "guarded", &all).await;
            assert_eq!(reply.status, 200, "{profile}: {reply:?}");
            reply.text("access_token").to_owned()
        };
        let login = async |name: &str| {
            let password = format!("{name}-password");
            ask(&[
                ("grant_type", "password"),
                ("username", name),
                ("password", &password),
            ])
            .await
        };
        let ada = login("ada").await;
        let become_root = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token", &*ada),
            ("requested_subject", "root"),
        ];
        let become_root = ask(&become_root).await;
        for (bearer, expected) in [
            (login("root").await, 200),
            (become_root, status),
            (ada, 403),
        ] {
            let bearer = format!("Bearer {bearer}");
            let headers = [("authorization", &*bearer)];
            let path = "/admin/realms/guarded/clients";
            let reply = send(server.address(), "GET", path, &headers, b"").await;
            assert_eq!(reply.status, expected, "{profile}: {reply:?}");
        }
        server.stop().await;
    }
}
