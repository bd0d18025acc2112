//! Any text as a compact JWS under worthless crypto: no panic, and what verifies is canonical.
#![no_main]

use std::sync::Arc;

use cambist::{
    crypto::{Algorithm, CryptoProvider},
    jose::{
        JwsLimits, SymmetricKey, UnverifiedJws, VerificationKey,
        claims::{Strictness, TokenClaims},
    },
};
use cambist_testkit::worthless_crypto::WorthlessProvider;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(jws) = UnverifiedJws::parse(text, &JwsLimits::default()) else {
        return;
    };
    let _ = jws.peek_issuer();
    let algorithm = Algorithm::from_name(jws.algorithm_name()).unwrap();
    let hmac = WorthlessProvider
        .hmac(algorithm, &SymmetricKey::new(vec![0; 64]))
        .unwrap();
    let key = VerificationKey {
        key_id: "k".into(),
        algorithm,
        verifier: Arc::clone(&hmac.verifier),
    };
    if let Ok(verified) = jws.verify(&key) {
        for strictness in [Strictness::Strict, Strictness::Keycloak] {
            let _ = TokenClaims::parse(verified.payload(), strictness);
        }
    }
});
