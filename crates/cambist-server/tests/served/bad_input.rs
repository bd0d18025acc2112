//! Bad input gets its recorded refusal and changes nothing.

use std::time::Duration;

use cambist_server::config::StoreChoice;

use crate::{
    caller::{Reply, send, token, token_path},
    instance::{CLIENT_SECRET, EXCHANGE, Instance, OTHER, REALM},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// What is sent, and what must come back: status, error, description (empty: any).
type Case<'c> = (
    &'c str,
    Vec<(&'c str, &'c str)>,
    String,
    (u16, &'c str, &'c str),
);

async fn raw(instance: &Instance, headers: &[(&str, &str)], body: &str) -> Reply {
    send(
        instance.address(),
        "POST",
        &token_path(REALM),
        headers,
        body.as_bytes(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_request_is_refused() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let good =
        format!("grant_type=client_credentials&client_id=service-a&client_secret={CLIENT_SECRET}");
    assert_eq!(raw(&instance, &[FORM], &good).await.status, 200);
    let before = instance.state().await;

    let missing = (400, "invalid_request", "Missing form parameter: grant_type");
    let many: String = (0..10_000).map(|number| format!("&p{number}=1")).collect();
    let client = |client: &str, secret: &str| {
        format!("grant_type=client_credentials&client_id={client}&client_secret={secret}")
    };
    let no_client = "Invalid client or Invalid client credentials";
    let cases: [Case<'_>; 12] = [
        ("no body", vec![], String::new(), missing),
        ("an empty form", vec![FORM], String::new(), missing),
        (
            "json",
            vec![("content-type", "application/json")],
            good.clone(),
            missing,
        ),
        ("no media type", vec![], good.clone(), missing),
        (
            "a broken escape",
            vec![FORM],
            format!("{good}&x=%zz"),
            (400, "invalid_request", ""),
        ),
        (
            "a repeated parameter",
            vec![FORM],
            format!("{good}&scope=email&scope=email"),
            (400, "invalid_request", "duplicated parameter"),
        ),
        (
            "an unknown grant",
            vec![FORM],
            good.replace("client_credentials", "magic"),
            (400, "unsupported_grant_type", "Unsupported grant_type"),
        ),
        (
            "an unknown client",
            vec![FORM],
            client("nobody", "x"),
            (401, "invalid_client", no_client),
        ),
        (
            "a wrong secret",
            vec![FORM],
            client("service-a", "x"),
            (401, "unauthorized_client", no_client),
        ),
        (
            "10,000 parameters",
            vec![FORM],
            format!("{good}{many}"),
            (400, "invalid_request", ""),
        ),
        (
            "a body of 1 MB",
            vec![FORM],
            format!("{good}&extra={}", "e".repeat(1_000_000)),
            (413, "HTTP 413 Request Entity Too Large", ""),
        ),
        (
            "a strange origin",
            vec![FORM, ("origin", "https://evil.example")],
            good.clone(),
            (403, "Invalid origin", ""),
        ),
    ];
    for (what, headers, body, (status, error, description)) in cases {
        let reply = raw(&instance, &headers, &body).await;
        assert_eq!(
            (reply.status, reply.error()),
            (status, error),
            "{what}: {reply:?}"
        );
        if !description.is_empty() {
            assert_eq!(reply.text("error_description"), description, "{what}");
        }
        if status != 413 {
            assert!(
                reply.head.contains("cache-control: no-store"),
                "{what}: {}",
                reply.head
            );
        }
        assert!(
            reply.head.contains("x-content-type-options: nosniff"),
            "{what}: {}",
            reply.head
        );
    }
    let huge = vec![b'x'; 3 * 1_024 * 1_024];
    let reply = send(
        instance.address(),
        "POST",
        &token_path(REALM),
        &[FORM],
        &huge,
    )
    .await;
    assert_eq!(reply.status, 413);

    assert_eq!(instance.state().await, before);
    instance.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_subject_token_is_refused() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let good = instance.log_in(REALM, "service-a").await;
    assert_eq!(good.status, 200, "{good:?}");
    let good = good.text("access_token");
    let foreign = instance.log_in(OTHER, "service-a").await;
    let expired = instance.log_in(REALM, "brief").await;
    let (signed, _) = good.rsplit_once('.').unwrap();
    let (_, other_signature) = foreign.text("access_token").rsplit_once('.').unwrap();
    let forged = format!("{signed}.{other_signature}");
    tokio::time::sleep(Duration::from_millis(2_100)).await;

    let exchanged = instance.exchange("service-a", good).await;
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
    let before = instance.state().await;

    for (what, subject_token) in [
        ("garbage", "garbage"),
        ("empty", ""),
        ("forged", &forged),
        ("without signature", &format!("{signed}.")),
        ("foreign", foreign.text("access_token")),
        ("expired", expired.text("access_token")),
    ] {
        let reply = instance.exchange("service-a", subject_token).await;
        let told = (reply.status, reply.error(), reply.text("error_description"));
        assert_eq!(told, (400, "invalid_request", "Invalid token"), "{what}");
    }
    let refused = instance.exchange("service-c", good).await;
    let told = (
        refused.status,
        refused.error(),
        refused.text("error_description"),
    );
    assert_eq!(
        told,
        (403, "access_denied", "Client not allowed to exchange")
    );
    let fields = [
        ("grant_type", EXCHANGE),
        ("client_id", "service-a"),
        ("client_secret", CLIENT_SECRET),
        ("subject_token", good),
        ("audience", "nobody"),
    ];
    let reply = token(instance.address(), REALM, &fields).await;
    let told = (reply.status, reply.error(), reply.text("error_description"));
    assert_eq!(told, (400, "invalid_client", "Audience not found"));

    assert_eq!(instance.state().await, before);
    instance.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t001_t016_paths_and_methods_are_keycloaks() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let base = format!("/realms/{REALM}");
    let cases = [
        (
            "GET",
            format!("{base}/protocol/openid-connect/token"),
            405,
            "HTTP 405 Method Not Allowed",
        ),
        (
            "PUT",
            format!("{base}/protocol/openid-connect/token"),
            405,
            "HTTP 405 Method Not Allowed",
        ),
        (
            "POST",
            format!("{base}/protocol/openid-connect//token"),
            400,
            "missingNormalization",
        ),
        (
            "POST",
            format!("{base}/protocol/openid-connect/token/other"),
            404,
            "HTTP 404 Not Found",
        ),
        (
            "POST",
            format!("{base}/protocol/pigeon/token"),
            404,
            "Protocol not found",
        ),
        ("POST", token_path("nowhere"), 404, "Realm does not exist"),
        (
            "GET",
            "/realms/TOKEN-EXCHANGE-DEMO".to_owned(),
            404,
            "Realm does not exist",
        ),
        (
            "GET",
            format!("{base}/.well-known/other"),
            404,
            "HTTP 404 Not Found",
        ),
        (
            "GET",
            format!("{base}/.well-known/authzen-configuration"),
            404,
            "HTTP 404 Not Found",
        ),
        ("GET", "/elsewhere".to_owned(), 404, "HTTP 404 Not Found"),
    ];
    for (method, path, status, error) in cases {
        let reply = send(instance.address(), method, &path, &[], b"").await;
        assert_eq!(
            (reply.status, reply.error()),
            (status, error),
            "{method} {path}"
        );
    }
    instance.server.stop().await;
}

/// endpoints-b/authzen.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_point_is_told_of_where_the_realm_has_the_feature() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let issuer = format!("http://{}/realms/{OTHER}", instance.address());
    let path = format!("/realms/{OTHER}/.well-known/authzen-configuration");
    let reply = send(instance.address(), "GET", &path, &[], b"").await;
    let access = format!("{issuer}/authzen/access/v1");
    let expected = serde_json::json!({
        "policy_decision_point": issuer,
        "access_evaluation_endpoint": format!("{access}/evaluation"),
        "access_evaluations_endpoint": format!("{access}/evaluations"),
    });
    assert_eq!((reply.status, reply.body), (200, expected));
    instance.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issuer_comes_from_configuration_alone() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let port = instance.address().port();
    let path = format!("/realms/{REALM}/.well-known/openid-configuration");
    let mut stream = Vec::new();
    for (host, expected) in [
        (
            format!("localhost:{port}"),
            format!("http://localhost:{port}"),
        ),
        (
            "evil.example".to_owned(),
            format!("http://127.0.0.1:{port}"),
        ),
    ] {
        // The caller's own Host header comes first; a second one would be refused.
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.push((request, format!("{expected}/realms/{REALM}")));
    }
    for (request, issuer) in stream {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut socket = tokio::net::TcpStream::connect(instance.address())
            .await
            .unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let document: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(document["issuer"], issuer, "{request}");
    }
    instance.server.stop().await;
}
