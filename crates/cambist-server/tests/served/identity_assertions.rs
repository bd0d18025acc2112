//! From an ID token of one realm to an access token of another, on two servers: the first issues an ID-JAG, the
//! second fetches the first one's keys and takes it.

use std::path::PathBuf;

use cambist_server::{
    Server,
    config::{OutboundAllowance, Settings, StoreChoice},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    caller::{Reply, token},
    instance::{EXCHANGE, settings},
};

const HOME: &str = "https://home.example/realms/home";
const WORK: &str = "https://work.example/realms/work";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const HOME_DOCUMENT: &str = r#"
realm = "home"
ssl_required = "none"
features = { "identity-assertion-jwt" = true }
delegation = { identity_assertions = true }

[[clients]]
id = "wiki"
secret = "s"
grants = ["password", "standard-token-exchange"]
[clients.attributes]
"cambist.id_jag.audiences" = "https://work.example/realms/work"
"cambist.id_jag.client_id" = "wiki-at-work"

[[users]]
id = "7d1c3f1e-2b9a-4a4e-8d55-0a4f6f1f9c11"
username = "alice"
password = "p"
first_name = "Alice"
last_name = "Arden"
email = "alice@example.org"
"#;

const WORK_DOCUMENT: &str = r#"
realm = "work"
ssl_required = "none"
features = { "identity-assertion-jwt" = true }

[[identity_providers]]
alias = "home"
kind = "oidc"
[identity_providers.config]
issuer = "https://home.example/realms/home"
jwtAuthorizationGrantEnabled = "true"
useJwksUrl = "true"
jwksUrl = "http://HOME/realms/home/protocol/openid-connect/certs"

[[clients]]
id = "wiki-at-work"
secret = "s"
grants = ["jwt-bearer"]
attributes = { "oauth2.jwt.authorization.grant.idp" = "home" }

[[clients]]
id = "bot"
secret = "s"
grants = ["jwt-bearer"]
attributes = { "oauth2.jwt.authorization.grant.idp" = "home" }

[[users]]
username = "alice-at-work"
federated_identities = [{ provider = "home", user_id = "7d1c3f1e-2b9a-4a4e-8d55-0a4f6f1f9c11" }]
"#;

async fn serve(directory: &TempDir, name: &str, document: &str, base: &str) -> Server {
    let path: PathBuf = directory.path().join(name);
    std::fs::write(&path, document).unwrap();
    let settings = Settings {
        outbound_allow: vec![OutboundAllowance::Loopback],
        base_urls: vec![cambist_http::BaseUrl::parse(base).unwrap()],
        ..settings(StoreChoice::Memory, vec![path])
    };
    Server::start(settings).await.unwrap()
}

async fn bring(work: &Server, client: &str, assertion: &str) -> Reply {
    let fields = [
        ("grant_type", JWT_BEARER),
        ("client_id", client),
        ("client_secret", "s"),
        ("assertion", assertion),
    ];
    token(work.address(), "work", &fields).await
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&cambist::jose::base64url::decode(payload).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_jag_of_one_realm_is_a_token_of_another_once() {
    let directory = tempfile::tempdir().unwrap();
    let home = serve(
        &directory,
        "home.toml",
        HOME_DOCUMENT,
        "https://home.example",
    )
    .await;
    let document = WORK_DOCUMENT.replace("HOME", &home.address().to_string());
    let work = serve(&directory, "work.toml", &document, "https://work.example").await;

    let client = [("client_id", "wiki"), ("client_secret", "s")];
    let login = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", "p"),
        ("scope", "openid"),
    ];
    let login = token(home.address(), "home", &[&client[..], &login].concat()).await;
    let exchange = [
        ("grant_type", EXCHANGE),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:id-jag",
        ),
        ("subject_token", login.text("id_token")),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
        ("audience", WORK),
    ];
    let issued = token(home.address(), "home", &[&client[..], &exchange].concat()).await;
    assert_eq!((issued.status, issued.text("token_type")), (200, "N_A"));
    let assertion = issued.text("access_token");
    let said = claims(assertion);
    assert_eq!((&said["iss"], &said["aud"]), (&HOME.into(), &WORK.into()));

    let other = bring(&work, "bot", assertion).await;
    assert_eq!((other.status, other.error()), (400, "invalid_grant"));
    let taken = bring(&work, "wiki-at-work", assertion).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let minted = claims(taken.text("access_token"));
    assert_eq!(minted["iss"], WORK);
    assert_eq!(minted["azp"], "wiki-at-work");
    assert_eq!(minted["preferred_username"], "alice-at-work");
    assert!(minted["exp"].as_i64() <= said["exp"].as_i64());
    let again = bring(&work, "wiki-at-work", assertion).await;
    assert_eq!(again.text("error_description"), "Token reuse detected");

    // An ID token, and an access token, are no such assertion.
    for other in ["id_token", "access_token"] {
        let reply = bring(&work, "wiki-at-work", login.text(other)).await;
        assert_eq!((reply.status, reply.error()), (400, "invalid_grant"));
    }
    home.stop().await;
    work.stop().await;
}
