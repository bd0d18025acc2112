//! No secret, password or token in any log line or `Debug`.

use std::{
    io,
    sync::{Arc, Mutex},
};

use cambist_server::config::StoreChoice;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    caller::{send, token},
    instance::{ADMIN_PASSWORD, CLIENT_SECRET, Instance, PASSWORD, REALM, TARGET_SECRET, settings},
};

/// Keeps all that is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_logged_or_shown() {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(kept.clone())
        .with_ansi(false)
        .finish();
    // For the whole process: what a worker thread logs must be caught too.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let instance = Instance::start(StoreChoice::Memory).await;
    let address = instance.address();
    let login = instance.log_in(REALM, "service-a").await;
    let (access, refresh) = (login.text("access_token"), login.text("refresh_token"));
    let exchanged = instance.exchange("service-a", access).await;
    let exchanged = exchanged.text("access_token");
    let credentials = [("client_id", "service-a"), ("client_secret", CLIENT_SECRET)];
    let refreshed = [
        credentials[0],
        credentials[1],
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
    ];
    let refreshed = token(address, REALM, &refreshed).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");

    // Failures log more than successes do.
    let wrong = "canary-wrong-secret-0c4d";
    for fields in [
        vec![
            ("grant_type", "password"),
            credentials[0],
            ("client_secret", wrong),
        ],
        vec![
            ("grant_type", "password"),
            credentials[0],
            credentials[1],
            ("username", "testuser"),
            ("password", wrong),
        ],
        vec![
            ("grant_type", "refresh_token"),
            credentials[0],
            credentials[1],
            ("refresh_token", wrong),
        ],
        vec![("grant_type", wrong), credentials[0], credentials[1]],
    ] {
        let reply = token(address, REALM, &fields).await;
        assert!(reply.status >= 400, "{fields:?}: {reply:?}");
    }
    let refused = instance.exchange("service-c", access).await;
    assert_eq!(refused.status, 403);
    let garbage = instance.exchange("service-a", wrong).await;
    assert_eq!(garbage.status, 400);
    let bearer = format!("Bearer {access}");
    let admin = send(
        address,
        "GET",
        "/admin/realms",
        &[("authorization", &bearer)],
        b"",
    )
    .await;
    assert!(matches!(admin.status, 200 | 403), "{admin:?}");
    let basic = send(
        address,
        "GET",
        "/admin/realms",
        &[("authorization", "Bearer canary-wrong-secret-0c4d")],
        b"",
    );
    assert_eq!(basic.await.status, 401);

    let shown = format!(
        "{:?} {:?} {:?}",
        instance.server,
        instance.server.registry(),
        settings(StoreChoice::Memory, Vec::new())
    );
    let realm = instance.server.service().realms().realm(REALM).unwrap();
    let shown = format!("{shown} {realm:?}");
    instance.server.stop().await;

    let logged = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("issued") && logged.contains("refused"),
        "the log was not caught: {logged}"
    );
    let signature = |token: &str| token.rsplit('.').next().unwrap_or_default().to_owned();
    let secrets = [
        CLIENT_SECRET.to_owned(),
        TARGET_SECRET.to_owned(),
        PASSWORD.to_owned(),
        ADMIN_PASSWORD.to_owned(),
        wrong.to_owned(),
        signature(access),
        signature(refresh),
        signature(exchanged),
        signature(refreshed.text("access_token")),
    ];
    for secret in secrets {
        assert!(secret.len() > 16);
        for (place, text) in [("log", &logged), ("Debug", &shown)] {
            if let Some(line) = text.lines().find(|line| line.contains(&secret)) {
                panic!("{secret} is in the {place}: {line}");
            }
        }
    }
}
