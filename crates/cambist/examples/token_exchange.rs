//! The whole story in one file: somebody logs in at `service-a`, and `service-a` exchanges that token for
//! one of `service-b`.
//!
//! Run it with `cargo run -p cambist --example token_exchange`.
//!
//! The engine decides and mints; it stores nothing, looks nothing up, reads no clock and draws no random
//! numbers. Whoever links it does that. Here the whole outside world is a [`World`] of the testkit, which
//! keeps users and sessions in memory; a server has `cambist-store` in its place.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, sync::Arc, time::SystemTime};

use cambist::{
    decision::Decision,
    engine::Engine,
    jose::{JwsLimits, UnverifiedJws},
    moment::Moment,
    realm::document::RealmDocument,
    request::Envelope,
    response::TokenResponse,
};
use cambist_ring::{RingProvider, SystemEntropy};
use cambist_testkit::world::World;

/// A realm as a person writes it; `docs/realm-document.md` tells all that it may hold.
const REALM: &str = r#"{
    "realm": "token-exchange-demo",
    "clients": [
        {"id": "service-a", "secret": "a-secret", "grants": ["password", "token-exchange"]},
        {"id": "service-b"},
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
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let document: RealmDocument = serde_json::from_str(REALM)?;
    let mut world = World::new(document, &RingProvider)?;
    // Tracing is off by default, so that a decision allocates nothing for it.
    let engine = Engine::builder(Arc::new(RingProvider))
        .tracing(true)
        .build();

    let login = ask(
        &engine,
        &mut world,
        "grant_type=password&client_id=service-a&client_secret=a-secret\
         &username=testuser&password=password123&scope=openid+profile+email",
    )?;
    println!("logged in at service-a:\n{}", claims(&world, &login)?);

    let form = |client: &str| {
        format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
             &client_id=service-{client}&client_secret={client}-secret\
             &subject_token={}\
             &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
             &audience=service-b",
            login.access_token
        )
    };
    let exchanged = ask(&engine, &mut world, &form("a"))?;
    println!("exchanged for service-b:\n{}", claims(&world, &exchanged)?);

    match ask(&engine, &mut world, &form("c")) {
        Ok(_) => Err("service-c is not in the policy, and got a token".into()),
        Err(refused) => {
            println!("service-c, which is not in the policy: {refused}");
            Ok(())
        }
    }
}

/// One request at the token endpoint, step by step. Each step takes the value before it, so none can be
/// skipped; between any two of them a server may wait.
fn ask(engine: &Engine, world: &mut World, form: &str) -> Result<TokenResponse, Box<dyn Error>> {
    let envelope = Envelope {
        issuer: "https://id.example/realms/token-exchange-demo",
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let moment = Moment::utc(i64::try_from(now.as_secs())?);

    let request = engine.receive(Arc::clone(&world.realm), &envelope, form.as_bytes(), moment);
    let pending = request
        .and_then(|request| request.authenticate())
        .and_then(|request| request.begin())
        .map_err(|denial| denial.refusal().to_string())?;

    let facts = world.facts(&pending.facts_needed());
    let grant = match pending.decide(&facts) {
        Decision::Permit(grant) => grant,
        Decision::Deny(mut denial) => {
            // A refusal may write too: a wrong password is counted.
            if let Some(effects) = denial.take_effects() {
                world.apply(&effects);
            }
            return Err(denial.refusal().to_string().into());
        }
    };
    for gate in &grant.trace().gates {
        for permission in &gate.permissions {
            println!(
                "permission `{}` opens `{}`",
                permission.permission, gate.target
            );
        }
    }

    let outcome = grant.prepare(&mut SystemEntropy::new())?.sign()?;
    // The answer opens once its effects are stored.
    outcome.commit(|effects| {
        world.apply(effects);
        Ok(())
    })
}

/// The claims, once the signature holds: what a resource server does with the keys of `certs`.
fn claims(world: &World, answer: &TokenResponse) -> Result<String, Box<dyn Error>> {
    let token = UnverifiedJws::parse(&answer.access_token, &JwsLimits::default())?;
    let key = token
        .key_id()
        .and_then(|id| world.realm.keys().verifier(id))
        .ok_or("no such key")?;
    let claims: serde_json::Value = serde_json::from_str(token.verify(key)?.payload())?;
    Ok(serde_json::to_string_pretty(&claims)?)
}
