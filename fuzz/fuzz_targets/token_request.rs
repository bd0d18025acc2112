//! Any body at the token endpoint of a small world under worthless crypto. No panic; a permit never names a
//! user who did not log in, and what is minted verifies.
#![no_main]

use std::sync::{Arc, LazyLock};

use cambist::{
    decision::Decision,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    moment::Moment,
    request::Envelope,
};
use cambist_testkit::{
    fixed_entropy::FixedEntropy, world::World, worthless_crypto::WorthlessProvider,
};
use libfuzzer_sys::fuzz_target;

static WORLD: LazyLock<(Engine, World)> = LazyLock::new(|| {
    let document = serde_json::from_str(include_str!("../world.json")).unwrap();
    let world = World::new(document, &WorthlessProvider).unwrap();
    (
        Engine::builder(Arc::new(WorthlessProvider))
            .tracing(true)
            .build(),
        world,
    )
});

fuzz_target!(|body: &[u8]| {
    let (engine, world) = &*WORLD;
    let envelope = Envelope {
        issuer: "https://id.example/realms/small",
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    let pending = engine
        .receive(
            Arc::clone(&world.realm),
            &envelope,
            body,
            Moment::utc(1_800_000_000),
        )
        .and_then(TokenRequest::authenticate)
        .and_then(AuthenticatedRequest::begin);
    let Ok(pending) = pending else { return };
    let facts = world.facts(&pending.facts_needed());
    if let Decision::Permit(grant) = pending.decide(&facts) {
        assert!(grant.plan().user.enabled);
        let outcome = grant
            .prepare(&mut FixedEntropy::new(1))
            .unwrap()
            .sign()
            .unwrap();
        let (effects, _, _, sealed) = outcome.into_parts();
        let response = sealed.open(&effects.committed()).unwrap();
        assert!(response.expires_in > 0);
    }
});
