//! Bound tokens at userinfo (RFC 9449 section 7.1).

use std::sync::Arc;

use cambist::{
    crypto::{CryptoProvider, HashAlgorithm},
    endpoint::EndpointAnswer,
    jose::base64url,
    moment::Moment,
    realm::Profile,
    request::Envelope,
};
use cambist_ring::RingProvider;
use cambist_testkit::prover::Prover;
use serde_json::{Value, json};

use crate::bench::{Bench, ISSUER, NOW, uses_a_proof_up};

fn ath(token: &str) -> String {
    let hash = RingProvider.hash(HashAlgorithm::Sha256, token.as_bytes());
    base64url::encode(hash.as_bytes())
}

fn proof_for(token: &str, method: &str) -> Value {
    json!({
        "htm": method, "htu": format!("{ISSUER}/protocol/openid-connect/userinfo"),
        "iat": NOW, "jti": "one", "ath": ath(token),
    })
}

/// The answer, and whether a proof was used up.
fn ask(
    bench: &Bench,
    authorization: &str,
    method: &str,
    proof: Option<&str>,
) -> (EndpointAnswer, bool) {
    let envelope = Envelope {
        issuer: ISSUER,
        authorization: Some(authorization),
        method: Some(method),
        proof,
        ..Envelope::default()
    };
    let realm = Arc::clone(&bench.world.realm);
    let sealed = bench
        .engine
        .user_info(realm, &envelope, b"", Moment::utc(NOW))
        .map(|pending| {
            let facts = bench.world.facts(&pending.facts_needed());
            pending.answer(&facts)
        })
        .unwrap_or_else(|refused| refused);
    let (effects, open) = sealed.into_parts();
    let used = effects.list().iter().any(uses_a_proof_up);
    (open(effects.committed()), used)
}

#[test]
fn a_bound_token_comes_with_a_proof_of_its_key_and_hash() {
    let mut bench = Bench::new(Profile::Keycloak);
    let (own, strange) = (bench.own.clone(), bench.strange.clone());
    let token = bench.login("shop", Some(&own)).access_token;
    let scheme = format!("DPoP {token}");
    for method in ["GET", "POST"] {
        let proof = own.prove(&proof_for(&token, method)).unwrap();
        let (answer, used) = ask(&bench, &scheme, method, Some(&proof));
        assert_eq!((answer.status, used), (200, true), "{method}");
    }
    let changed = |member: &str, value: Value| {
        let mut claims = proof_for(&token, "GET");
        claims[member] = value;
        own.prove(&claims).unwrap()
    };
    let by_another = strange.prove(&proof_for(&token, "GET")).unwrap();
    let at_the_token_endpoint = own.prove(&Prover::claims(ISSUER, NOW, "two")).unwrap();
    for proof in [
        changed("ath", Value::Null),
        changed("ath", json!(ath("other"))),
        changed("htm", json!("POST")),
        changed("iat", json!(NOW - 100)),
        at_the_token_endpoint,
        by_another,
        "abc".to_owned(),
        String::new(),
    ] {
        let (answer, _) = ask(&bench, &scheme, "GET", Some(&proof));
        assert_eq!(answer.status, 401, "{proof}");
        assert!(
            answer.challenge.unwrap().starts_with("DPoP realm="),
            "{proof}"
        );
    }
    let (answer, used) = ask(&bench, &scheme, "GET", None);
    assert_eq!((answer.status, used), (401, false));
}

#[test]
fn neither_scheme_takes_the_others_tokens() {
    let mut bench = Bench::new(Profile::Keycloak);
    let own = bench.own.clone();
    let bound = bench.login("shop", Some(&own)).access_token;
    let plain = bench.login("shop", None).access_token;
    let with = |token: &str| own.prove(&proof_for(token, "GET")).unwrap();
    for (authorization, proof) in [
        (format!("Bearer {bound}"), Some(with(&bound))),
        (format!("Bearer {bound}"), None),
        (format!("DPoP {plain}"), Some(with(&plain))),
        (format!("DPoP {plain}"), None),
    ] {
        let (answer, used) = ask(&bench, &authorization, "GET", proof.as_deref());
        assert_eq!((answer.status, used), (401, false), "{authorization}");
        assert!(answer.challenge.unwrap().contains("invalid_token"));
    }
    let (answer, _) = ask(&bench, &format!("Bearer {plain}"), "GET", None);
    assert_eq!(answer.status, 200);
}
