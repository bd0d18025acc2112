//! Real connections to a stand-in on loopback: what comes, what is refused, and how long it may take.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod scenarios;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cambist::{
    outside::{Outside, OutsideFailure, OutsideNeeded, Resource, ResourceNeeded},
    secret::Secret,
};
use cambist_outbound::{Outbound, OutboundOptions};
use cambist_ring::RingProvider;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A server that answers every request with the same bytes and keeps what it was asked.
struct StandIn {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    async fn saying(answer: Vec<u8>, then_endless: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), Arc::clone(&log));
                tokio::spawn(async move {
                    let mut request = vec![0; 4_096];
                    let length = stream.read(&mut request).await.unwrap_or_default();
                    request.truncate(length);
                    log.lock()
                        .unwrap()
                        .push(String::from_utf8_lossy(&request).into_owned());
                    let _gone = stream.write_all(&answer).await;
                    while then_endless && stream.write_all(&[b' '; 8_192]).await.is_ok() {}
                });
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn outbound(allow_loopback: bool) -> Outbound {
    let options = OutboundOptions {
        allow_loopback,
        timeout: Duration::from_millis(500),
        ..OutboundOptions::default()
    };
    Outbound::new(Arc::new(RingProvider), options).unwrap()
}

async fn get(outbound: &Outbound, url: &str) -> Result<Resource, OutsideFailure> {
    let needed = OutsideNeeded::Resource(ResourceNeeded {
        url: url.into(),
        bearer: Secret::new("canary-token"),
        accept: "application/json",
    });
    match outbound.ask(&needed).await {
        Outside::Resource(resource) => Ok(resource),
        Outside::Failed(failure) => Err(failure),
        Outside::Keys(_) => panic!("a document was asked for"),
    }
}

const GOOD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"sub\":\"1\"}";

#[tokio::test]
async fn a_document_is_fetched_with_its_token() {
    let world = StandIn::saying(GOOD.to_vec(), false).await;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/userinfo", world.port);
        let resource = get(&outbound(true), &url).await.unwrap();
        assert_eq!((resource.status, &*resource.body), (200, "{\"sub\":\"1\"}"));
    }
    let asked = world.asked().remove(0).to_lowercase();
    assert!(asked.starts_with("get /userinfo http/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("authorization: bearer canary-token\r\n"),
        "{asked}"
    );
    assert!(asked.contains("accept: application/json\r\n"), "{asked}");
}

#[tokio::test]
async fn r28_loopback_is_not_asked_unless_that_is_allowed() {
    let world = StandIn::saying(GOOD.to_vec(), false).await;
    for url in [
        format!("http://127.0.0.1:{}/", world.port),
        format!("https://127.0.0.1:{}/", world.port),
        format!("https://localhost:{}/", world.port),
        format!("https://2130706433:{}/", world.port),
        format!("https://[::ffff:127.0.0.1]:{}/", world.port),
    ] {
        let refused = get(&outbound(false), &url).await.unwrap_err();
        assert_eq!(refused, OutsideFailure::Forbidden, "{url}");
    }
    assert_eq!(world.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn t193_no_redirect_is_followed() {
    let target = StandIn::saying(GOOD.to_vec(), false).await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{}/inside\r\ncontent-length: 0\r\n\r\n",
        target.port
    );
    let world = StandIn::saying(answer.into_bytes(), false).await;
    let url = format!("http://127.0.0.1:{}/", world.port);
    assert_eq!(get(&outbound(true), &url).await.unwrap().status, 302);
    assert_eq!(target.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn t192_a_long_answer_is_refused_whether_it_says_so_or_not() {
    let said = b"HTTP/1.1 200 OK\r\ncontent-length: 262145\r\n\r\n".to_vec();
    let endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    for (answer, then_endless) in [(said, false), (endless, true)] {
        let world = StandIn::saying(answer, then_endless).await;
        let url = format!("http://127.0.0.1:{}/", world.port);
        let refused = get(&outbound(true), &url).await.unwrap_err();
        assert_eq!(refused, OutsideFailure::TooLong);
    }
}

#[tokio::test]
async fn t192_a_slow_answer_is_given_up() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
            tokio::time::sleep(Duration::from_secs(30)).await;
        });
        let began = Instant::now();
        let refused = get(&outbound(true), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(refused.unwrap_err(), OutsideFailure::Unreachable);
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn what_is_no_text_or_no_server_is_refused() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe".to_vec();
    let world = StandIn::saying(answer, false).await;
    let url = format!("http://127.0.0.1:{}/", world.port);
    assert_eq!(
        get(&outbound(true), &url).await.unwrap_err(),
        OutsideFailure::Unusable
    );
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    assert_eq!(
        get(&outbound(true), &format!("http://127.0.0.1:{port}/"))
            .await
            .unwrap_err(),
        OutsideFailure::Unreachable
    );
}
