//! The guide's story through the engine alone: a token of `service-a` becomes a token of `service-b`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a story that does not go as told has failed"
)]

use std::sync::Arc;

use cambist::{
    decision::Decision,
    engine::Engine,
    jose::{JwsLimits, UnverifiedJws},
    mint::Signing,
    moment::Moment,
    realm::{Profile, document::RealmDocument},
    request::Envelope,
    response::TokenResponse,
};
use cambist_ring::RingProvider;
use cambist_testkit::{
    fixed_entropy::{FixedEntropy, NoEntropy},
    world::World,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example/realms/token-exchange-demo";
const NOW: i64 = 1_800_000_000;
const EXCHANGE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
const ACCESS_TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";

fn document() -> RealmDocument {
    serde_json::from_value(json!({
        "realm": "token-exchange-demo",
        "clients": [
            {"id": "service-a", "secret": "a-secret", "grants": ["password", "token-exchange"]},
            {"id": "service-b", "secret": "b-secret"},
            {"id": "service-c", "secret": "c-secret", "grants": ["token-exchange"]}
        ],
        "policies": [
            {"name": "service-a-client-policy", "kind": "client", "clients": ["service-a"]}
        ],
        "permissions": [{
            "name": "exchange to service-b", "action": "token-exchange", "client": "service-b",
            "policies": ["service-a-client-policy"], "strategy": "unanimous"
        }],
        "users": [{
            "username": "testuser", "password": "password123", "email": "testuser@example.com",
            "email_verified": true, "first_name": "Test", "last_name": "User"
        }]
    }))
    .unwrap()
}

struct Story {
    engine: Engine,
    world: World,
    seed: u64,
    now: i64,
}

impl Story {
    fn new(profile: Profile) -> Self {
        let mut document = document();
        document.profile = profile;
        let world = World::new(document, &RingProvider).unwrap();
        let engine = Engine::builder(Arc::new(RingProvider))
            .tracing(true)
            .build();
        Self {
            engine,
            world,
            seed: 1,
            now: NOW,
        }
    }

    fn decide(&self, body: &str) -> Decision {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let moment = Moment::utc(self.now);
        let realm = Arc::clone(&self.world.realm);
        let pending = self
            .engine
            .receive(realm, &envelope, body.as_bytes(), moment)
            .and_then(cambist::engine::TokenRequest::authenticate)
            .and_then(cambist::engine::AuthenticatedRequest::begin);
        match pending {
            Ok(pending) => {
                let facts = self.world.facts(&pending.facts_needed());
                pending.decide(&facts)
            }
            Err(denial) => Decision::Deny(denial),
        }
    }

    fn permit(&mut self, body: &str) -> TokenResponse {
        let grant = match self.decide(body) {
            Decision::Permit(grant) => grant,
            Decision::Deny(denial) => panic!("denied: {}", denial.refusal()),
        };
        self.seed += 100;
        let outcome = grant
            .prepare(&mut FixedEntropy::new(self.seed))
            .unwrap()
            .sign()
            .unwrap();
        let (effects, _, _, sealed) = outcome.into_parts();
        self.world.apply(&effects);
        sealed.open(&effects.committed()).unwrap()
    }

    fn deny(&self, body: &str) -> (u16, String) {
        match self.decide(body) {
            Decision::Permit(_) => panic!("permitted: {body}"),
            Decision::Deny(denial) => {
                let wire = denial.refusal().wire();
                (wire.status, wire.body())
            }
        }
    }

    fn login(&mut self) -> TokenResponse {
        self.permit(
            "grant_type=password&client_id=service-a&client_secret=a-secret\
             &username=testuser&password=password123&scope=openid+profile+email",
        )
    }
}

fn exchange(client: &str, subject: &str, rest: &str) -> String {
    format!(
        "grant_type={EXCHANGE}&client_id=service-{client}&client_secret={client}-secret\
         &subject_token={subject}&requested_token_type={ACCESS_TOKEN}{rest}"
    )
}

fn claims(story: &Story, token: &str) -> Value {
    let jws = UnverifiedJws::parse(token, &JwsLimits::default()).unwrap();
    let key = story
        .world
        .realm
        .keys()
        .verifier(jws.key_id().unwrap())
        .unwrap();
    serde_json::from_str(jws.verify(key).unwrap().payload()).unwrap()
}

#[test]
fn a_token_of_service_a_becomes_a_token_of_service_b() {
    for profile in [Profile::Strict, Profile::Keycloak] {
        let mut story = Story::new(profile);
        let login = story.login();
        let first = claims(&story, &login.access_token);
        assert_eq!(first["azp"], "service-a");
        let answer = story.permit(&exchange("a", &login.access_token, "&audience=service-b"));
        let second = claims(&story, &answer.access_token);
        assert_eq!(second["aud"], "service-b");
        assert_eq!(second["azp"], "service-a");
        assert_eq!(second["sub"], first["sub"]);
        assert_eq!(second["sid"], first["sid"]);
        assert_eq!(second["iss"], ISSUER);
        assert_eq!(second["email"], "testuser@example.com");
        assert!(second["jti"].as_str().unwrap().starts_with("onrtna:"));
        assert_eq!(answer.expires_in, 300);
        let id_token = claims(&story, answer.id_token.as_deref().unwrap());
        assert_eq!(id_token["aud"], "service-b");
        assert!(id_token["at_hash"].is_string());
    }
}

#[test]
fn who_is_not_in_the_policy_is_refused_and_the_trace_says_why() {
    let mut story = Story::new(Profile::Strict);
    let login = story.login();
    let Decision::Deny(denial) =
        story.decide(&exchange("c", &login.access_token, "&audience=service-b"))
    else {
        panic!("service-c got through");
    };
    assert_eq!(denial.refusal().wire().status, 403);
    let trace = serde_json::to_value(denial.trace()).unwrap();
    let text = trace.to_string();
    for named in [
        "exchange to service-b",
        "service-a-client-policy",
        "unanimous",
    ] {
        assert!(text.contains(named), "{named} is not in {trace:#}");
    }
    assert_eq!(trace["permitted"], false);
}

#[test]
fn every_damaged_or_foreign_token_is_refused_alike() {
    let mut story = Story::new(Profile::Strict);
    let login = story.login();
    let token = &login.access_token;
    let refused = r#"{"error":"invalid_request","error_description":"Invalid token"}"#;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let mut flipped: Vec<char> = token.chars().collect();
    let place = flipped.len() - 20;
    flipped[place] = if flipped[place] == 'A' { 'B' } else { 'A' };
    let flipped: String = flipped.into_iter().collect();
    let foreign = {
        let mut other = Story::new(Profile::Strict);
        other.seed = 7_000;
        other.login().access_token
    };
    let bad = [
        String::new(),
        "garbage".to_owned(),
        format!("{head}."),
        head.to_owned(),
        format!("{head}.{signature}%3D"),
        flipped,
        login.id_token.clone().unwrap(),
        login.refresh_token.clone().unwrap(),
        // Signed with the same key, but its session is not there.
        foreign,
    ];
    for subject in bad {
        let answer = story.deny(&exchange("a", &subject, "&audience=service-b"));
        assert_eq!(answer, (400, refused.to_owned()), "{subject}");
    }
    story.now = NOW + 301;
    let answer = story.deny(&exchange("a", token, "&audience=service-b"));
    assert_eq!(answer, (400, refused.to_owned()), "expired");
}

#[test]
fn refusals_are_told_as_keycloak_tells_them() {
    let mut story = Story::new(Profile::Keycloak);
    let subject = story.login().access_token;
    let error =
        |code: &str, text: &str| format!(r#"{{"error":"{code}","error_description":"{text}"}}"#);
    let table = [
        (
            String::new(),
            400,
            error("invalid_request", "Missing form parameter: grant_type"),
        ),
        (
            "grant_type=magic".into(),
            400,
            error("unsupported_grant_type", "Unsupported grant_type"),
        ),
        (
            "grant_type=password".into(),
            401,
            error(
                "invalid_client",
                "Invalid client or Invalid client credentials",
            ),
        ),
        (
            exchange("a", &subject, "&audience=service-b").replace("a-secret", "wrong"),
            401,
            error(
                "unauthorized_client",
                "Invalid client or Invalid client credentials",
            ),
        ),
        (
            exchange("a", &subject, "&audience=nobody"),
            400,
            error("invalid_client", "Audience not found"),
        ),
        (
            exchange("a", &subject, "&audience=service-b&scope=a&scope=b"),
            400,
            error("invalid_request", "duplicated parameter"),
        ),
        (
            exchange("c", &subject, ""),
            403,
            error("access_denied", "Client is not within the token audience"),
        ),
        (
            exchange("a", &subject, "&requested_subject=testuser"),
            403,
            error("access_denied", "Client not allowed to exchange"),
        ),
        (
            exchange("a", &subject, "").replace(ACCESS_TOKEN, "urn%3Ax"),
            400,
            error("invalid_request", "requested_token_type unsupported"),
        ),
    ];
    for (body, status, text) in table {
        assert_eq!(story.deny(&body), (status, text), "{body}");
    }
}

#[test]
fn an_exchange_that_creates_nothing_writes_nothing() {
    let mut story = Story::new(Profile::Keycloak);
    let subject = story.login().access_token;
    let body = exchange("a", &subject, "&audience=service-b");
    let _ = story.permit(&body);
    let Decision::Permit(grant) = story.decide(&body) else {
        panic!("denied")
    };
    let outcome = grant
        .prepare(&mut FixedEntropy::new(9))
        .unwrap()
        .sign()
        .unwrap();
    assert!(outcome.effects().is_empty(), "{:?}", outcome.effects());
}

#[test]
fn signatures_may_come_from_outside() {
    let mut story = Story::new(Profile::Keycloak);
    let subject = story.login().access_token;
    let body = exchange("a", &subject, "&audience=service-b");
    let inside = match story.decide(&body) {
        Decision::Permit(grant) => grant
            .prepare(&mut FixedEntropy::new(5))
            .unwrap()
            .sign()
            .unwrap(),
        Decision::Deny(denial) => panic!("{}", denial.refusal()),
    };
    let Decision::Permit(grant) = story.decide(&body) else {
        panic!("denied")
    };
    let mut unsigned = grant.prepare(&mut FixedEntropy::new(5)).unwrap();
    let outside = loop {
        let request = unsigned.signing_input();
        let key = story
            .world
            .realm
            .keys()
            .all()
            .iter()
            .find(|key| &*key.kid == request.key_id)
            .and_then(|key| key.signing.as_ref())
            .unwrap();
        let mut signature = Vec::new();
        key.signer.sign(request.input, &mut signature).unwrap();
        match unsigned.attach(&signature) {
            Signing::More(more) => unsigned = more,
            Signing::Done(outcome) => break outcome,
        }
    };
    let open = |outcome: cambist::outcome::Outcome| {
        let (effects, _, _, sealed) = outcome.into_parts();
        sealed.open(&effects.committed()).unwrap()
    };
    assert_eq!(open(inside), open(outside));
}

#[test]
fn an_answer_opens_only_with_its_own_receipt() {
    let mut story = Story::new(Profile::Keycloak);
    let subject = story.login().access_token;
    let body = exchange("a", &subject, "&audience=service-b");
    let outcome = |seed| match story.decide(&body) {
        Decision::Permit(grant) => grant
            .prepare(&mut FixedEntropy::new(seed))
            .unwrap()
            .sign()
            .unwrap(),
        Decision::Deny(denial) => panic!("{}", denial.refusal()),
    };
    let (_, _, _, sealed) = outcome(1).into_parts();
    let (other, _, _, _) = outcome(2).into_parts();
    assert!(sealed.open(&other.committed()).is_err());
    let Decision::Permit(grant) = story.decide(&body) else {
        panic!("denied")
    };
    assert_eq!(
        grant.prepare(&mut NoEntropy).unwrap_err().wire().status,
        500
    );
}
