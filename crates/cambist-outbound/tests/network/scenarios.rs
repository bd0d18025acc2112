//! The scenarios of each kind of provider, told over real connections: what they call the provider is a server
//! on loopback that says what the scenario says.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cambist::outside::{KeysNeeded, OutsideNeeded, ResourceNeeded};
use cambist_outbound::{Outbound, OutboundOptions};
use cambist_ring::RingProvider;
use cambist_testkit::scenario::{Scenario, StandIn};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/providers");

/// A file, and what must have been refused in it beside what every kind refuses.
const KINDS: [(&str, &[&[&str]]); 8] = [
    (
        "oidc",
        &[SIGNED, ASKED, ACCESS_TOKENS_THAT_ARE_JWTS, DECLARED],
    ),
    (
        "oidc-strict",
        &[SIGNED, ASKED, ACCESS_TOKENS_THAT_ARE_JWTS, DECLARED],
    ),
    ("keycloak-oidc", &[SIGNED]),
    ("google", &[ASKED, DECLARED]),
    ("github", &[ASKED, DECLARED]),
    ("gitlab", &[ASKED, DECLARED]),
    ("microsoft", &[ASKED, DECLARED]),
    ("oauth2", &[ASKED, DECLARED]),
];

/// Every way to be refused, but for what is the fault of the engine's caller, and for users who are locked out,
/// which no scenario can tell.
const ALWAYS: &[&str] = &[
    "the subject token's issuer is unknown",
    "no permission on `closed` grants the exchange",
    "there is neither a subject token nor a requested subject",
    "the external token was not taken: nothing says who the token belongs to",
    "the external token was not taken: the user is of no admitted domain",
    "the external token leads to no user: the linked user is disabled",
    "the external token leads to no user: nobody is linked",
    "the external token leads to no user: a user with that e-mail address",
    "the external token leads to no user: no login name can be made",
    "audience `nobody` is unknown",
    "the target `shut` is disabled",
    "the target `asks` requires consent",
    "no permission on `shop` grants the exchange",
    "the requested token type is not given",
];

const DECLARED: &[&str] =
    &["the external token was not taken: the provider does not take tokens of the declared type"];

/// Of a token that the provider is asked about.
const ASKED: &[&str] = &[
    "the external token was not taken: the provider could not be asked",
    "the external token was not taken: the provider answered with status 200",
    "the external token was not taken: the provider answered with status 201",
    "the external token was not taken: the provider answered with status 302",
    "the external token was not taken: the provider answered with status 401",
    "the external token was not taken: the provider answered with status 500",
];

const ACCESS_TOKENS_THAT_ARE_JWTS: &[&str] =
    &["the external token was not taken: the provider cannot be asked about the token"];

/// Of a token that its signature vouches for.
const SIGNED: &[&str] = &[
    "there is no proof of the key",
    "the external token was not taken: token is not in compact form",
    "the external token was not taken: token algorithm is not supported",
    "the external token was not taken: signature does not match",
    "the external token was not taken: the provider has no keys",
    "the external token was not taken: the provider's keys cannot be had",
    "the external token was not taken: the provider publishes no such key",
    "the external token was not taken: claim exp has a wrong type",
    "the external token was not taken: claim `exp` is missing",
    "the external token was not taken: claim `iat` is missing",
    "the external token was not taken: claim `sub` is missing",
    "the external token was not taken: the token's issuer is not the provider's",
    "the external token was not taken: the token is not made for the provider's client here",
    "the external token was not taken: the token's `typ` is not one that is taken",
    "the external token was not taken: the token expired",
    "the external token was not taken: the token is valid from",
    "the external token was not taken: token and user info are about two different users",
    "the external token leads to no user: a user with that login name",
];

fn read(kind: &str) -> Scenario {
    let path = Path::new(FOLDER).join(format!("{kind}.toml"));
    Scenario::read_file(&path).unwrap()
}

/// Another address for the same thing, at the stand-in.
fn at(port: u16, url: &str) -> Arc<str> {
    let rest = url.strip_prefix("https://").unwrap();
    format!("http://127.0.0.1:{port}/{rest}").into()
}

async fn serve(mut stream: TcpStream, servers: &StandIn, asked: &AtomicUsize) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let bearer = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let bearer = name.eq_ignore_ascii_case("authorization");
        value.strip_prefix("Bearer ").filter(|_| bearer)
    });
    if let Some((status, body)) = servers.get(&format!("https:/{path}"), bearer) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// How many requests the stand-in had, and how many questions were asked of it.
fn tell(kind: &str) -> (usize, usize) {
    let scenario = read(kind);
    let servers = scenario.stand_in(&RingProvider).unwrap();
    let had = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (said, counter) = (servers.clone(), Arc::clone(&had));
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (said, counter) = (said.clone(), Arc::clone(&counter));
            tokio::spawn(async move { serve(stream, &said, &counter).await });
        }
    });
    let options = OutboundOptions {
        allow_loopback: true,
        timeout: Duration::from_secs(10),
        ..OutboundOptions::default()
    };
    let outbound = Outbound::new(Arc::new(RingProvider), options).unwrap();
    let questions = AtomicUsize::new(0);
    let mut addresses = BTreeSet::new();
    let addresses_of_keys = std::sync::Mutex::new(&mut addresses);
    let told = scenario.tell_asking(Arc::new(RingProvider), &servers, &|needed| {
        let there = match needed {
            OutsideNeeded::Keys(needed) => {
                addresses_of_keys
                    .lock()
                    .unwrap()
                    .insert(needed.url.to_string());
                OutsideNeeded::Keys(KeysNeeded {
                    url: at(port, &needed.url),
                    key_id: needed.key_id.clone(),
                })
            }
            OutsideNeeded::Resource(needed) => {
                questions.fetch_add(1, Ordering::SeqCst);
                OutsideNeeded::Resource(ResourceNeeded {
                    url: at(port, &needed.url),
                    ..needed.clone()
                })
            }
        };
        runtime.block_on(outbound.ask(&there))
    });
    assert_eq!(told.unwrap().mismatches, [], "{kind}");
    // Keys are fetched once for each address, however many tokens they check.
    let questions = questions.into_inner().saturating_add(addresses.len());
    (had.load(Ordering::SeqCst), questions)
}

#[test]
fn each_kind_of_provider_permits_and_refuses_over_real_connections() {
    for (kind, _) in KINDS {
        let (had, questions) = tell(kind);
        assert_eq!(had, questions, "{kind}");
        assert!(had > 0, "{kind}");
    }
}

#[test]
fn the_scenarios_of_a_kind_have_a_permit_and_every_refusal() {
    for (kind, refused) in KINDS {
        let steps = read(kind).steps;
        assert_eq!((&*steps[0].name, steps[0].expect.status), ("permit", 200));
        let reasons: Vec<&str> = steps
            .iter()
            .filter_map(|step| step.expect.reason.as_deref())
            .collect();
        for expected in refused.iter().copied().flatten().chain(ALWAYS) {
            let told = reasons.iter().any(|reason| reason.starts_with(expected));
            assert!(told, "{kind}: {expected}");
        }
        // A step that is refused says why, and its client was known.
        for step in steps.iter().filter(|step| step.expect.status != 200) {
            let known = step.expect.status != 401;
            assert_eq!(step.expect.reason.is_some(), known, "{kind}: {}", step.name);
        }
    }
}
