//! What a SQLite store keeps over a restart.

use cambist::secret::Secret;
use cambist_server::{
    Server,
    config::{BootstrapAdmin, StoreChoice},
};

use crate::{
    caller::{Reply, send, token},
    instance::{ADMIN_PASSWORD, CLIENT_SECRET, Instance, REALM, realm_files, settings},
};

#[tokio::test(flavor = "multi_thread")]
async fn realms_keys_and_sessions_outlive_the_server() {
    let home = tempfile::tempdir().unwrap();
    let store = StoreChoice::Sqlite(home.path().join("data").join("cambist.db"));
    let first = Instance::start(store.clone()).await;
    let login = first.log_in(REALM, "service-a").await;
    assert_eq!(login.status, 200, "{login:?}");
    let port = first.address().port();
    let Instance { server, directory } = first;
    server.stop().await;

    // The same port: the issuer must be the same. The files are there still and must be passed over.
    let mut again = settings(store, realm_files(&directory));
    again.listen.set_port(port);
    let second = Instance {
        server: Server::start(again).await.unwrap(),
        directory,
    };
    let exchanged = second
        .exchange("service-a", login.text("access_token"))
        .await;
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "service-a"),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", login.text("refresh_token")),
    ];
    let refreshed = token(second.address(), REALM, &fields).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    second.server.stop().await;
}

/// Asks the token endpoint or one of its siblings as `service-a`.
async fn ask(instance: &Instance, endpoint: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("client_id", "service-a"), ("client_secret", CLIENT_SECRET)];
    all.extend_from_slice(fields);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(all)
        .finish();
    let path = format!("/realms/{REALM}/protocol/openid-connect/{endpoint}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    send(instance.address(), "POST", &path, &form, body.as_bytes()).await
}

/// Regression R21: what was revoked stays so over a restart, access token and refresh token alike.
#[tokio::test(flavor = "multi_thread")]
async fn r21_t187_a_revocation_outlives_the_server() {
    let home = tempfile::tempdir().unwrap();
    let store = StoreChoice::Sqlite(home.path().join("cambist.db"));
    let first = Instance::start(store.clone()).await;
    let [alone, whole, kept] = [
        first.log_in(REALM, "service-a").await,
        first.log_in(REALM, "service-a").await,
        first.log_in(REALM, "service-a").await,
    ];
    let (access, refresh) = (alone.text("access_token"), whole.text("refresh_token"));
    for token in [access, refresh] {
        assert_eq!(ask(&first, "revoke", &[("token", token)]).await.status, 200);
    }
    let port = first.address().port();
    let Instance { server, directory } = first;
    server.stop().await;

    let mut again = settings(store, realm_files(&directory));
    again.listen.set_port(port);
    let second = Instance {
        server: Server::start(again).await.unwrap(),
        directory,
    };
    for token in [access, whole.text("access_token")] {
        let exchanged = second.exchange("service-a", token).await;
        assert_eq!(exchanged.status, 400, "{exchanged:?}");
    }
    let used = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert_eq!(ask(&second, "token", &used).await.status, 400);
    let exchanged = second
        .exchange("service-a", kept.text("access_token"))
        .await;
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
    second.server.stop().await;
}

/// Threat T165: a revocation is acknowledged when it is stored, and not before.
#[tokio::test(flavor = "multi_thread")]
async fn r55_t165_a_revocation_that_is_not_stored_is_not_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let instance = Instance::start(StoreChoice::Sqlite(home.path().join("cambist.db"))).await;
    let login = instance.log_in(REALM, "service-a").await;
    let other = instance.log_in(REALM, "service-a").await;
    let revoked = ask(
        &instance,
        "revoke",
        &[("token", other.text("access_token"))],
    )
    .await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    // From here on nothing can be written.
    instance.server.service().store().close().await.unwrap();
    for token in ["access_token", "refresh_token"] {
        let revoked = ask(&instance, "revoke", &[("token", login.text(token))]).await;
        assert_eq!(revoked.status, 503, "{token}: {revoked:?}");
        assert_eq!(revoked.error(), "temporarily_unavailable");
    }
    let logout = [("refresh_token", login.text("refresh_token"))];
    assert_eq!(ask(&instance, "logout", &logout).await.status, 503);
    // What was not revoked is told as it is.
    let exchanged = instance
        .exchange("service-a", login.text("access_token"))
        .await;
    assert_ne!(exchanged.status, 400, "{exchanged:?}");
    instance.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_may_come_later_and_only_once() {
    let home = tempfile::tempdir().unwrap();
    let store = StoreChoice::Sqlite(home.path().join("cambist.db"));
    // No administrator, then one, then another name that comes too late.
    for (made, logs_in) in [
        (None, [400, 400]),
        (Some("ann"), [200, 400]),
        (Some("bob"), [200, 400]),
    ] {
        let mut settings = settings(store.clone(), Vec::new());
        settings.bootstrap_admin = made.map(|username| BootstrapAdmin {
            username: username.to_owned(),
            password: Secret::new(ADMIN_PASSWORD),
        });
        let server = Server::start(settings).await.unwrap();
        for (username, status) in ["ann", "bob"].into_iter().zip(logs_in) {
            let fields = [
                ("grant_type", "password"),
                ("client_id", "admin-cli"),
                ("username", username),
                ("password", ADMIN_PASSWORD),
            ];
            let reply = token(server.address(), "master", &fields).await;
            assert_eq!(reply.status, status, "{username} after {made:?}: {reply:?}");
        }
        server.stop().await;
    }
}
