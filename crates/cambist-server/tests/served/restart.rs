//! What a SQLite store keeps over a restart.

use cambist::secret::Secret;
use cambist_server::{
    Server,
    config::{BootstrapAdmin, StoreChoice},
};

use crate::{
    caller::token,
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
