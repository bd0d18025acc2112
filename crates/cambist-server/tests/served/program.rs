//! The program itself: its ready line, its health, its end, its refusals to start.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use crate::caller::send;

const PATIENCE: Duration = Duration::from_secs(60);

fn cambist(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cambist"));
    command
        .args(arguments)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[tokio::test]
async fn t197_it_says_when_it_is_ready_publishes_public_keys_and_ends_in_order() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("state");
    let mut running = cambist(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--management-listen",
        "127.0.0.1:0",
        "--data-dir",
        directory.to_str().unwrap(),
        "--log-format",
        "json",
    ])
    .env("CAMBIST_BOOTSTRAP_ADMIN_USERNAME", "admin")
    .env("CAMBIST_BOOTSTRAP_ADMIN_PASSWORD", "admin")
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let ready = timeout(PATIENCE, lines.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let addresses: Vec<std::net::SocketAddr> = ready
        .split([' ', ','])
        .filter_map(|word| word.parse().ok())
        .collect();
    let [address, management] = addresses[..] else {
        panic!("{ready}")
    };
    assert_ne!(address.port(), 0);

    for path in ["/health/live", "/health/ready"] {
        let health = send(management, "GET", path, &[], b"").await;
        assert_eq!(
            (health.status, health.text("status")),
            (200, "UP"),
            "{path}"
        );
    }
    let certs = send(
        address,
        "GET",
        "/realms/master/protocol/openid-connect/certs",
        &[],
        b"",
    )
    .await;
    let keys = certs.body["keys"].as_array().unwrap();
    let uses: Vec<&str> = keys.iter().filter_map(|key| key["alg"].as_str()).collect();
    assert!(
        uses.contains(&"RS256") && uses.contains(&"RSA-OAEP"),
        "{uses:?}"
    );
    only_public_members_are_published(keys);
    let metrics = send(management, "GET", "/metrics", &[], b"").await;
    assert_eq!(metrics.status, 200);
    assert_eq!(send(address, "GET", "/metrics", &[], b"").await.status, 404);
    assert!(directory.join("cambist.db").exists());

    let process = running.id().unwrap().to_string();
    let killed = Command::new("kill")
        .args(["-TERM", &process])
        .status()
        .await
        .unwrap();
    assert!(killed.success());
    let ended = timeout(PATIENCE, running.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn it_refuses_to_start_and_says_why() {
    let home = tempfile::tempdir().unwrap();
    let broken = home.path().join("realm.toml");
    std::fs::write(&broken, "realm = 'a'\nclinets = []").unwrap();
    let broken = broken.to_str().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], &str); 5] = [
        (&["--features", "telepathy"], "token-exchange-standard"),
        (&["--realm", broken], "clinets"),
        (&["--realm", "/nonexistent.toml"], "/nonexistent.toml"),
        (&["--listen", &taken], "cannot listen"),
        (&["--bootstrap-admin-username", "admin"], "needed together"),
    ];
    for (arguments, reason) in cases {
        let mut all = vec!["serve", "--store", "memory", "--management-listen", "off"];
        if !arguments.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(arguments);
        let ended = timeout(PATIENCE, cambist(&all).output())
            .await
            .unwrap()
            .unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success(), "{arguments:?}");
        assert!(told.contains(reason), "{arguments:?}: {told}");
        assert!(ended.stdout.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_demo_tells_the_story_and_ends_well() {
    let ended = timeout(PATIENCE, cambist(&["demo"]).output())
        .await
        .unwrap()
        .unwrap();
    let told = String::from_utf8(ended.stdout).unwrap();
    assert!(
        ended.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    for words in [
        "service-b",
        "service-a-client-policy",
        "unanimous",
        "RS256",
        "Permitted.",
        "Denied.",
        "403",
    ] {
        assert!(told.contains(words), "{words:?} is missing in\n{told}");
    }
}

/// Of keys that the program has made itself, with a private half each.
fn only_public_members_are_published(keys: &[serde_json::Value]) {
    let public = [
        "kid", "kty", "alg", "use", "n", "e", "x5c", "x5t", "x5t#S256",
    ];
    assert!(!keys.is_empty());
    for key in keys {
        assert!(key["x5c"][0].is_string(), "{key}");
        let members = key.as_object().unwrap();
        let other = members.keys().find(|name| !public.contains(&&***name));
        assert_eq!(other, None);
    }
}
