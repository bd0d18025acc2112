//! What surrounds a form: where parameters may stand, how bodies are framed and encoded, what may be kept of answers.

use std::net::SocketAddr;

use cambist_server::config::StoreChoice;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    caller::{Reply, send, token_path},
    instance::{CLIENT_SECRET, Instance, PASSWORD, REALM},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn good() -> String {
    format!("grant_type=client_credentials&client_id=service-a&client_secret={CLIENT_SECRET}")
}

async fn post(instance: &Instance, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    send(instance.address(), "POST", path, headers, body).await
}

/// All that comes back on one connection, for requests written by hand.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap().to_ascii_lowercase()
}

/// RFC 6749 section 2.3.1: what stands in the query is nothing, whether it would help or harm.
#[tokio::test(flavor = "multi_thread")]
async fn t002_what_stands_in_the_query_counts_for_nothing() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let path = token_path(REALM);
    let good = good();
    for part in [
        "grant_type=client_credentials",
        "client_id=service-a",
        &format!("client_secret={CLIENT_SECRET}"),
    ] {
        let rest: Vec<&str> = good.split('&').filter(|pair| *pair != part).collect();
        let reply = post(
            &instance,
            &format!("{path}?{part}"),
            &[FORM],
            rest.join("&").as_bytes(),
        )
        .await;
        assert!(matches!(reply.status, 400 | 401), "{part}: {reply:?}");
        let none = post(&instance, &path, &[FORM], rest.join("&").as_bytes()).await;
        assert_eq!(
            (reply.status, reply.body),
            (none.status, none.body),
            "{part}"
        );
    }
    let reply = post(&instance, &format!("{path}?{good}"), &[FORM], b"").await;
    assert_eq!(
        reply.text("error_description"),
        "Missing form parameter: grant_type"
    );
    // Neither in place of what the body says, nor as its second value.
    let against = format!("{path}?grant_type=password&client_id=nobody&scope=no-such-scope");
    let reply = post(&instance, &against, &[FORM], good.as_bytes()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    instance.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t003_only_a_form_is_read() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let path = token_path(REALM);
    let json = format!(
        r#"{{"grant_type": "client_credentials", "client_id": "service-a", "client_secret": "{CLIENT_SECRET}"}}"#
    );
    let multipart = good()
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect::<String>()
        + "--x--\r\n";
    for (kind, body) in [
        ("application/json", json),
        ("multipart/form-data; boundary=x", multipart),
        ("text/plain", good()),
        ("application/x-www-form-urlencoded+json", good()),
        ("application/x-www-form", good()),
        ("*/*", good()),
        ("", good()),
    ] {
        let reply = post(&instance, &path, &[("content-type", kind)], body.as_bytes()).await;
        let told = (reply.status, reply.error(), reply.text("error_description"));
        let missing = (400, "invalid_request", "Missing form parameter: grant_type");
        assert_eq!(told, missing, "{kind:?}");
    }
    // UTF-16 is what it is, whatever is said of it: bytes that are no form.
    let wide: Vec<u8> = good().encode_utf16().flat_map(u16::to_be_bytes).collect();
    let kind = "application/x-www-form-urlencoded; charset=utf-16";
    let reply = post(&instance, &path, &[("content-type", kind)], &wide).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    for kind in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
    ] {
        let reply = post(
            &instance,
            &path,
            &[("content-type", kind)],
            good().as_bytes(),
        )
        .await;
        assert_eq!(reply.status, 200, "{kind}: {reply:?}");
    }
    instance.server.stop().await;
}

/// A request is one request: nothing that a proxy in front might read as its body is answered as a second one.
#[tokio::test(flavor = "multi_thread")]
async fn t009_no_request_hides_in_another() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let address = instance.address();
    let path = token_path(REALM);
    let hidden = format!("GET /realms/{REALM} HTTP/1.1\r\nhost: a\r\n\r\n");
    let start = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n"
    );
    let body = good();
    let chunked =
        |chunks: &str| format!("{start}transfer-encoding: chunked\r\n\r\n{chunks}{hidden}");
    let whole = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for (what, request) in [
        (
            "a length and chunks",
            format!(
                "{start}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
            ),
        ),
        (
            "chunks and a length",
            format!(
                "{start}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n{hidden}"
            ),
        ),
        (
            "two lengths",
            format!("{start}content-length: 0\r\ncontent-length: 5\r\n\r\n{hidden}"),
        ),
        (
            "a length with a sign",
            format!("{start}content-length: +0\r\n\r\n{hidden}"),
        ),
        (
            "a length list",
            format!("{start}content-length: 0, 5\r\n\r\n{hidden}"),
        ),
        (
            "another coding",
            format!("{start}transfer-encoding: gzip\r\n\r\n{hidden}"),
        ),
        (
            "chunked first",
            format!("{start}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "chunked in other words",
            format!("{start}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "a folded header",
            format!("{start}x: a\r\n transfer-encoding: chunked\r\n\r\n{hidden}"),
        ),
        (
            "a blank before the colon",
            format!("{start}content-length : 0\r\n\r\n{hidden}"),
        ),
        ("a bare line feed in a size", chunked("0\n\n")),
        ("no size", chunked("\r\n\r\n")),
        ("a size too large", chunked("fffffffffffffffff\r\n")),
        ("a signed size", chunked("-1\r\n\r\n")),
        (
            "a chunk longer than said",
            chunked(&format!("1\r\n{body}\r\n0\r\n\r\n")),
        ),
        ("good chunks", chunked(&whole)),
    ] {
        let answer = raw(address, &request).await;
        let answers = answer.matches("http/1.1 ").count();
        assert!(answers <= 1, "{what}: {answer}");
        assert!(!answer.contains("public_key"), "{what}: {answer}");
        let issued = answer.contains("access_token");
        assert_eq!(issued, what == "good chunks", "{what}: {answer}");
    }
    // It would be seen: two good requests on one connection are answered twice.
    let one = format!("GET /realms/{REALM} HTTP/1.1\r\nhost: a\r\n");
    let two = format!("{one}\r\n{one}connection: close\r\n\r\n");
    let answer = raw(address, &two).await;
    assert_eq!(answer.matches("public_key").count(), 2, "{answer}");
    instance.server.stop().await;
}

/// RFC 1952, with one stored block.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let length = u16::try_from(plain.len()).unwrap();
    let crc = plain.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    });
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(plain);
    packed.extend((!crc).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

#[tokio::test(flavor = "multi_thread")]
async fn t010_nothing_is_inflated() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let path = token_path(REALM);
    let deflated = gzip(good().as_bytes());
    for encoding in ["gzip", "deflate", "br", "x-gzip", "identity, gzip"] {
        let encoded = [FORM, ("content-encoding", encoding)];
        let reply = post(&instance, &path, &encoded, &deflated).await;
        assert_eq!(reply.status, 400, "{encoding}: {reply:?}");
        // The header is passed over, as recorded of Keycloak: a plain form is a plain form.
        let reply = post(&instance, &path, &encoded, good().as_bytes()).await;
        assert_eq!(reply.status, 200, "{encoding}: {reply:?}");
    }
    instance.server.stop().await;
}

/// RFC 6749 section 5.1: nobody on the way keeps an answer of the token endpoint, nor of those that tell about tokens.
#[tokio::test(flavor = "multi_thread")]
async fn t013_no_answer_about_tokens_is_kept() {
    let instance = Instance::start(StoreChoice::Memory).await;
    let base = format!("/realms/{REALM}/protocol/openid-connect");
    let credentials = format!("client_id=service-a&client_secret={CLIENT_SECRET}");
    let login = format!("grant_type=password&username=testuser&password={PASSWORD}&{credentials}");
    let bad = login.replace(PASSWORD, "wrong");
    for (path, body, status) in [
        ("token", good(), 200),
        ("token", login, 200),
        ("token", bad, 400),
        ("token", String::new(), 400),
        ("token", good().replace("client_credentials", "magic"), 400),
        ("token", good().replace("service-a", "nobody"), 401),
        ("token", format!("{}&scope=a&scope=b", good()), 400),
        (
            "token",
            good().replace("client_credentials", "refresh_token"),
            400,
        ),
        ("token/introspect", format!("{credentials}&token=x"), 200),
    ] {
        let reply = post(
            &instance,
            &format!("{base}/{path}"),
            &[FORM],
            body.as_bytes(),
        )
        .await;
        assert_eq!(reply.status, status, "{body}: {reply:?}");
        let kept = ["cache-control: no-store", "cache-control: no-cache"];
        let told = kept.iter().any(|header| reply.head.contains(header));
        assert!(told, "{path} {body}: {}", reply.head);
        if path == "token" {
            assert!(reply.head.contains(kept[0]), "{body}: {}", reply.head);
            assert!(
                reply.head.contains("pragma: no-cache"),
                "{body}: {}",
                reply.head
            );
        }
    }
    instance.server.stop().await;
}
