//! A server in this process, with two realms.

use std::{io::Write as _, path::PathBuf};

use cambist::{
    facts::{SessionKind, UserQuery},
    secret::Secret,
};
use cambist_server::{
    Server,
    config::{BootstrapAdmin, Layer, ManagementAddress, Settings, StoreChoice},
};
use tempfile::TempDir;

use crate::caller::token;

/// Distinctive, so that a leak is found.
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret-5f1c";
pub(crate) const TARGET_SECRET: &str = "canary-target-secret-77aa";
pub(crate) const PASSWORD: &str = "canary-password-9d2e";
pub(crate) const ADMIN_PASSWORD: &str = "canary-admin-password-31b0";

pub(crate) const REALM: &str = "token-exchange-demo";
pub(crate) const OTHER: &str = "elsewhere";
pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

fn document(realm: &str) -> String {
    let authzen = realm == OTHER;
    format!(
        r#"
realm = "{realm}"
profile = "keycloak"
ssl_required = "none"
features = {{ authzen = {authzen} }}

[[clients]]
id = "service-a"
secret = "{CLIENT_SECRET}"
grants = ["password", "client-credentials", "token-exchange"]
web_origins = ["http://localhost:8080"]

[[clients]]
id = "service-b"
secret = "{TARGET_SECRET}"

[[clients]]
id = "service-c"
secret = "{CLIENT_SECRET}"
grants = ["password", "token-exchange"]

[[clients]]
id = "brief"
secret = "{CLIENT_SECRET}"
grants = ["password", "token-exchange"]
attributes = {{ "access.token.lifespan" = "1" }}

[[policies]]
name = "service-a-client-policy"
kind = "client"
clients = ["service-a", "brief"]

[[permissions]]
name = "exchange to service-b"
action = "token-exchange"
client = "service-b"
policies = ["service-a-client-policy"]
strategy = "unanimous"

[[users]]
username = "testuser"
email = "testuser@example.com"
email_verified = true
first_name = "Test"
last_name = "User"
password = "{PASSWORD}"
"#
    )
}

/// A running server with its files.
pub(crate) struct Instance {
    pub(crate) server: Server,
    pub(crate) directory: TempDir,
}

impl Instance {
    pub(crate) async fn start(store: StoreChoice) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(settings(store, realm_files(&directory)))
            .await
            .unwrap();
        Self { server, directory }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// Logs the test user in at a client.
    pub(crate) async fn log_in(&self, realm: &str, client: &str) -> crate::caller::Reply {
        let fields = [
            ("grant_type", "password"),
            ("client_id", client),
            ("client_secret", CLIENT_SECRET),
            ("username", "testuser"),
            ("password", PASSWORD),
            ("scope", "openid profile email"),
        ];
        token(self.address(), realm, &fields).await
    }

    /// Exchanges a token for one of service-b.
    pub(crate) async fn exchange(&self, client: &str, subject_token: &str) -> crate::caller::Reply {
        let fields = [
            ("grant_type", EXCHANGE),
            ("client_id", client),
            ("client_secret", CLIENT_SECRET),
            ("subject_token", subject_token),
            ("audience", "service-b"),
        ];
        token(self.address(), REALM, &fields).await
    }

    /// What a request that must change nothing may not change: the user's sessions and the realm.
    pub(crate) async fn state(&self) -> String {
        let store = self.server.service().store();
        let query = UserQuery::Username("testuser".into());
        let user = store.find_user(REALM, &query).await.unwrap().unwrap();
        let mut state = format!("{user:?}");
        for kind in [SessionKind::Online, SessionKind::Offline] {
            let sessions = store.user_sessions(REALM, &user.id, kind).await.unwrap();
            state.push_str(&format!("{sessions:?}"));
        }
        let version = store.realm_version(REALM).await.unwrap();
        format!("{state} {version:?}")
    }
}

pub(crate) fn realm_files(directory: &TempDir) -> Vec<PathBuf> {
    [REALM, OTHER]
        .map(|realm| {
            let path = directory.path().join(format!("{realm}.toml"));
            std::fs::File::create(&path)
                .unwrap()
                .write_all(document(realm).as_bytes())
                .unwrap();
            path
        })
        .into()
}

pub(crate) fn settings(store: StoreChoice, realms: Vec<PathBuf>) -> Settings {
    let layer = Layer {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        management_listen: Some(ManagementAddress::On("127.0.0.1:0".parse().unwrap())),
        store: Some(store),
        realm: Some(realms),
        ..Layer::default()
    };
    Settings {
        bootstrap_admin: Some(BootstrapAdmin {
            username: "admin".to_owned(),
            password: Secret::new(ADMIN_PASSWORD),
        }),
        ..Settings::from_layer(layer).unwrap()
    }
}
