//! Tokens of each kind of identity provider, asked about at a stand-in on loopback.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    crypto::{Algorithm, CryptoProvider as _},
    jose::{Jwk, JwkSet, PrivateKey, SigningHeader, SigningKey, compact::SigningInput},
};
use cambist_ring::RingProvider;
use cambist_server::{
    Server,
    config::{OutboundAllowance, Settings, StoreChoice},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    caller::{Reply, token},
    instance::{EXCHANGE, settings},
};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const KEY: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

fn private() -> PrivateKey {
    PrivateKey::from_pkcs8_der(&STANDARD.decode(KEY).unwrap()).unwrap()
}

fn published() -> String {
    let mut key = Jwk::new(RingProvider.public_key(&private()).unwrap());
    key.key_id = Some("k1".to_owned());
    serde_json::to_string(&JwkSet::new(vec![key]).unwrap()).unwrap()
}

fn signed(claims: &Value, key_id: &str) -> String {
    let key = SigningKey {
        key_id: key_id.to_owned(),
        algorithm: Algorithm::EdDsa,
        signer: RingProvider.signer(Algorithm::EdDsa, &private()).unwrap(),
    };
    let header = SigningHeader::new(Algorithm::EdDsa, Some(key_id), Some("JWT"));
    SigningInput::new(&header, claims.to_string().as_bytes())
        .sign(&key)
        .unwrap()
}

/// The outside: keys, and documents for those who bring the token `good`.
async fn stand_in() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8_192];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let good = request.contains("\r\nauthorization: Bearer good\r\n");
            let (status, body) = match path {
                "/keys" => {
                    count.fetch_add(1, Ordering::SeqCst);
                    (200, published())
                }
                _ if !good => (401, "{}".to_owned()),
                "/userinfo" => (
                    200,
                    json!({"sub": "g-1", "email": "gus@example.org"}).to_string(),
                ),
                "/git/user" => (200, json!({"id": 1, "login": "Octo"}).to_string()),
                "/lab/api/v4/user" => (200, json!({"id": 2, "username": "Rat"}).to_string()),
                "/graph/v1.0/me/" => (
                    200,
                    json!({"id": "m-1", "userPrincipalName": "Mia@corp"}).to_string(),
                ),
                _ => (404, "{}".to_owned()),
            };
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _gone = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, fetches)
}

fn document(world: SocketAddr) -> String {
    let kinds = [
        (
            "partner",
            "oidc",
            format!(
                "issuer = 'http://partner', jwksUrl = 'http://{world}/keys', \
                 useJwksUrl = 'true', validateSignature = 'true'"
            ),
        ),
        (
            "asked",
            "oidc",
            format!("userInfoUrl = 'http://{world}/userinfo'"),
        ),
        (
            "google",
            "google",
            format!("userInfoUrl = 'http://{world}/userinfo'"),
        ),
        (
            "github",
            "github",
            format!("apiUrl = 'http://{world}/git/'"),
        ),
        (
            "gitlab",
            "gitlab",
            format!("baseUrl = 'http://{world}/lab'"),
        ),
        (
            "microsoft",
            "microsoft",
            format!("apiUrl = 'http://{world}/graph'"),
        ),
        ("inside", "github", "apiUrl = 'http://10.0.0.1'".to_owned()),
    ];
    let mut text = "realm = 'town'\nprofile = 'keycloak'\nssl_required = 'none'\n\
                    [[clients]]\nid = 'desk'\nsecret = 's'\ngrants = ['token-exchange']\n\
                    [[policies]]\nname = 'desk'\nkind = 'client'\nclients = ['desk']\n"
        .to_owned();
    for (alias, kind, config) in kinds {
        text.push_str(&format!(
            "[[identity_providers]]\nalias = '{alias}'\nkind = '{kind}'\nconfig = {{ {config} }}\n\
             [[permissions]]\nname = 'from {alias}'\naction = 'token-exchange'\n\
             provider = '{alias}'\npolicies = ['desk']\n"
        ));
    }
    text
}

struct Town {
    server: Server,
    fetches: Arc<AtomicUsize>,
    _directory: TempDir,
}

impl Town {
    async fn start(store: impl FnOnce(&TempDir) -> StoreChoice, outbound: bool) -> Self {
        let (world, fetches) = stand_in().await;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("town.toml");
        std::fs::File::create(&path)
            .unwrap()
            .write_all(document(world).as_bytes())
            .unwrap();
        let outbound_allow = match outbound {
            true => vec![OutboundAllowance::Loopback],
            false => Vec::new(),
        };
        let settings = Settings {
            outbound_allow,
            ..settings(store(&directory), vec![path])
        };
        Self {
            server: Server::start(settings).await.unwrap(),
            fetches,
            _directory: directory,
        }
    }

    async fn bring(&self, alias: &str, kind: &str, subject: &str) -> Reply {
        let fields = [
            ("grant_type", EXCHANGE),
            ("client_id", "desk"),
            ("client_secret", "s"),
            ("subject_token", subject),
            ("subject_token_type", kind),
            ("subject_issuer", alias),
        ];
        token(self.server.address(), "town", &fields).await
    }
}

fn good_claims(now: i64) -> Value {
    json!({"iss": "http://partner", "sub": "p-1", "typ": "Bearer", "iat": now, "exp": now.saturating_add(300),
           "preferred_username": "Pat"})
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_provider_is_asked_at_its_address() {
    let sqlite = |directory: &TempDir| StoreChoice::Sqlite(directory.path().join("town.db"));
    let town = Town::start(sqlite, true).await;
    for alias in ["asked", "google", "github", "gitlab", "microsoft"] {
        // `asked` and `google` say the same e-mail address, so only one of them makes a user.
        if alias == "google" {
            let taken = town.bring(alias, ACCESS_TOKEN, "good").await;
            assert_eq!(taken.text("error_description"), "User already exists");
        } else {
            for round in 0..2 {
                let reply = town.bring(alias, ACCESS_TOKEN, "good").await;
                assert_eq!(reply.status, 200, "{alias} {round}: {reply:?}");
                assert!(reply.body["refresh_token"].is_string());
            }
        }
        let reply = town.bring(alias, ACCESS_TOKEN, "bad").await;
        assert_eq!(
            (reply.status, reply.error()),
            (400, "invalid_token"),
            "{alias}"
        );
    }
    let inside = town.bring("inside", ACCESS_TOKEN, "good").await;
    assert_eq!((inside.status, inside.error()), (400, "invalid_token"));
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_external_jwt_in_one_internal_token_out() {
    let town = Town::start(|_| StoreChoice::Memory, true).await;
    let subject = signed(&good_claims(now()), "k1");
    let racing = (0..8).map(|_| town.bring("partner", JWT, &subject));
    let mut subjects = Vec::new();
    for reply in join_all(racing).await {
        assert_eq!(reply.status, 200, "{reply:?}");
        let payload = reply
            .text("access_token")
            .split('.')
            .nth(1)
            .unwrap()
            .to_owned();
        let claims = cambist::jose::base64url::decode(&payload).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["preferred_username"], "pat");
        subjects.push(claims["sub"].clone());
    }
    subjects.dedup();
    assert_eq!(subjects.len(), 1, "racing first exchanges make one user");
    for number in 0..50 {
        let unknown = signed(&good_claims(now()), &format!("unknown-{number}"));
        assert_eq!(town.bring("partner", JWT, &unknown).await.status, 400);
    }
    assert_eq!(town.fetches.load(Ordering::SeqCst), 1);
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r28_loopback_is_not_asked_by_default() {
    let town = Town::start(|_| StoreChoice::Memory, false).await;
    let subject = signed(&good_claims(now()), "k1");
    let reply = town.bring("partner", JWT, &subject).await;
    assert_eq!((reply.status, reply.error()), (400, "invalid_token"));
    let reply = town.bring("github", ACCESS_TOKEN, "good").await;
    assert_eq!((reply.status, reply.error()), (400, "invalid_token"));
    assert_eq!(town.fetches.load(Ordering::SeqCst), 0);
    town.server.stop().await;
}

/// All at once.
async fn join_all<T, F: Future<Output = T>>(futures: impl Iterator<Item = F>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut ready = true;
        for (future, done) in &mut waiting {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        match ready {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}
