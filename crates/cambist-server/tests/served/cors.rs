//! Cross-origin headers, as recorded.

use cambist_server::config::StoreChoice;

use crate::{
    caller::{Reply, send, token_path},
    instance::{CLIENT_SECRET, Instance, REALM},
};

const OWN: &str = "http://localhost:8080";
const STRANGE: &str = "https://evil.example";

fn allowed(reply: &Reply) -> Option<&str> {
    let line = reply
        .head
        .lines()
        .find_map(|line| line.strip_prefix("access-control-allow-origin: "));
    if line.is_some() {
        assert!(
            reply
                .head
                .contains("access-control-allow-credentials: true"),
            "{}",
            reply.head
        );
    }
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn t014_only_the_clients_own_origin_reads_its_tokens() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let address = instance.address();
    let ask = async |origin: &str, grant: &str, secret: &str| {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin),
        ];
        let body = format!("grant_type={grant}&client_id=service-a&client_secret={secret}");
        send(
            address,
            "POST",
            &token_path(REALM),
            &headers,
            body.as_bytes(),
        )
        .await
    };
    let good = ask(OWN, "client_credentials", CLIENT_SECRET).await;
    assert_eq!((good.status, allowed(&good)), (200, Some(OWN)));
    assert!(
        good.head
            .contains("access-control-expose-headers: access-control-allow-methods")
    );

    let stranger = ask(STRANGE, "client_credentials", CLIENT_SECRET).await;
    assert_eq!((stranger.status, allowed(&stranger)), (403, None));
    assert!(stranger.body.get("access_token").is_none());
    let empty = ask("", "client_credentials", CLIENT_SECRET).await;
    assert_eq!((empty.status, allowed(&empty)), (403, None));

    // Who the client is comes before where the request is from, and is told to everyone.
    let wrong = ask(STRANGE, "client_credentials", "no").await;
    assert_eq!((wrong.status, allowed(&wrong)), (401, Some(STRANGE)));
    // The grant comes before the client, and is told to nobody.
    let unknown = ask(OWN, "magic", CLIENT_SECRET).await;
    assert_eq!((unknown.status, allowed(&unknown)), (400, None));

    let itself = format!("http://{address}");
    let itself = ask(&itself, "client_credentials", CLIENT_SECRET).await;
    assert_eq!((itself.status, allowed(&itself)), (200, None));
    instance.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preflights_and_public_documents_are_open_to_all() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let origin = [("origin", STRANGE)];
    let preflight = send(
        instance.address(),
        "OPTIONS",
        &token_path(REALM),
        &origin,
        b"",
    )
    .await;
    assert_eq!(
        (preflight.status, allowed(&preflight)),
        (200, Some(STRANGE))
    );
    assert!(
        preflight
            .head
            .contains("access-control-allow-methods: post, options")
    );
    assert!(preflight.head.contains("access-control-max-age: 3600"));
    let plain = send(instance.address(), "OPTIONS", &token_path(REALM), &[], b"").await;
    assert_eq!((plain.status, allowed(&plain)), (200, None));
    let nowhere = send(
        instance.address(),
        "OPTIONS",
        &token_path("nowhere"),
        &origin,
        b"",
    )
    .await;
    assert_eq!(nowhere.status, 404);
    for path in [
        "",
        "/.well-known/openid-configuration",
        "/protocol/openid-connect/certs",
    ] {
        let reply = send(
            instance.address(),
            "GET",
            &format!("/realms/{REALM}{path}"),
            &origin,
            b"",
        )
        .await;
        assert_eq!(
            (reply.status, allowed(&reply)),
            (200, Some(STRANGE)),
            "{path}"
        );
    }
    instance.server.stop().await;
}
