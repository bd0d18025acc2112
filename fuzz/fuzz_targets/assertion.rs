//! Any header and claims under the signature of a provider, brought as a grant in a small world under
//! worthless crypto. Input: the header, a line end, the claims. No panic; nothing is granted but to the linked
//! user, for us and nobody else, with the use of the assertion to be stored.
#![no_main]

use std::sync::{Arc, LazyLock};

use cambist::{
    crypto::{Algorithm, CryptoProvider},
    decision::Decision,
    effects::Effect,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    jose::{PrivateKey, base64url},
    moment::Moment,
    request::Envelope,
};
use cambist_testkit::{world::World, worthless_crypto::WorthlessProvider};
use libfuzzer_sys::fuzz_target;

const ISSUER: &str = "https://id.example/realms/small";
const NOW: i64 = 1_800_000_000;

/// The key of RFC 8037 appendix A.1, as PKCS#8. What it signs is worthless.
const KEY: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";

const REALM: &str = r#"{
    "realm": "small",
    "features": {"identity-assertion-jwt": true},
    "identity_providers": [
        {"alias": "bank", "kind": "oidc", "config": {
            "issuer": "https://bank.example", "jwtAuthorizationGrantEnabled": "true",
            "requiredClaims": "{\"tier\": [\"gold\", {\"of\": 1}]}",
            "publicKeySignatureVerifier": "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"}},
        {"alias": "cluster", "kind": "kubernetes", "config": {
            "issuer": "https://cluster.example", "jwtAuthorizationGrantEnabled": "true",
            "publicKeySignatureVerifier": "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"}}
    ],
    "clients": [{"id": "bot", "secret": "s", "grants": ["jwt-bearer"],
                 "attributes": {"oauth2.jwt.authorization.grant.idp": "bank##cluster"}}],
    "users": [{"username": "alice", "federated_identities": [
        {"provider": "bank", "user_id": "a"},
        {"provider": "cluster", "user_id": "system:serviceaccount:n:s"}]}]
}"#;

static WORLD: LazyLock<(Engine, World)> = LazyLock::new(|| {
    let world = World::new(serde_json::from_str(REALM).unwrap(), &WorthlessProvider).unwrap();
    (
        Engine::builder(Arc::new(WorthlessProvider))
            .tracing(true)
            .build(),
        world,
    )
});

fuzz_target!(|data: &[u8]| {
    let (engine, world) = &*WORLD;
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (header, claims) = data.split_at(end);
    let claims = claims.get(1..).unwrap_or_default();
    let signed = format!(
        "{}.{}",
        base64url::encode(header),
        base64url::encode(claims)
    );
    let key = PrivateKey::from_pkcs8_der(KEY).unwrap();
    let mut signature = Vec::new();
    WorthlessProvider
        .signer(Algorithm::EdDsa, &key)
        .unwrap()
        .sign(signed.as_bytes(), &mut signature)
        .unwrap();
    let body = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=bot&client_secret=s\
         &assertion={signed}.{}",
        base64url::encode(&signature)
    );
    let envelope = Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    let pending = engine
        .receive(
            Arc::clone(&world.realm),
            &envelope,
            body.as_bytes(),
            Moment::utc(NOW),
        )
        .and_then(TokenRequest::authenticate)
        .and_then(AuthenticatedRequest::begin);
    let Ok(pending) = pending else { return };
    let facts = world.facts(&pending.facts_needed());
    if let Decision::Permit(grant) = pending.decide(&facts) {
        let plan = grant.plan();
        assert_eq!(plan.user.username, "alice");
        let told: serde_json::Value = serde_json::from_slice(claims).unwrap();
        let audience = &told["aud"];
        let ours = audience.as_str().or_else(|| audience[0].as_str()).unwrap();
        assert!(ours.starts_with(ISSUER), "{ours}");
        assert!(audience.as_array().is_none_or(|all| all.len() == 1));
        let bank = told["iss"] == "https://bank.example";
        let once = plan
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::UseOnce { .. }));
        assert!(once || !bank, "an assertion of the bank is good once");
    }
});
