//! What a proof must be.

use cambist::{
    moment::Timestamp,
    proof::{BindingError, ProofError},
    realm::Profile,
    refusal::Refusal,
};
use cambist_testkit::prover::Prover;
use serde_json::{Value, json};

use crate::bench::{Bench, ISSUER, NOW, login, uses_a_proof_up};

fn good(bench: &Bench) -> (Value, Value) {
    (bench.own.header(), Prover::claims(ISSUER, NOW, "one"))
}

fn refused(bench: &mut Bench, proof: &str) -> ProofError {
    match bench.refusal(&login("shop"), Some(proof)) {
        Refusal::Proof(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn t150_each_fault_of_a_header_is_told() {
    let mut bench = Bench::new(Profile::Keycloak);
    let (header, claims) = good(&bench);
    let strange = bench.strange.header()["jwk"].clone();
    let mut private = header["jwk"].clone();
    private["d"] = "AAAA".into();
    let mut half_private = header["jwk"].clone();
    half_private["dp"] = "AAAA".into();
    let mut encrypting = header["jwk"].clone();
    encrypting["use"] = "enc".into();
    let secret = json!({"kty": "oct", "k": "AAAA"});
    let p256 = json!({"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let told = |text: &str| Some(text.into());
    for (member, value, error) in [
        ("typ", json!("JWT"), ProofError::Type(told("JWT"))),
        ("typ", json!("DPoP+JWT"), ProofError::Type(told("DPoP+JWT"))),
        ("typ", Value::Null, ProofError::Type(None)),
        ("typ", json!("t".repeat(65)), ProofError::Header),
        ("typ", json!(1), ProofError::Header),
        ("alg", json!("none"), ProofError::Algorithm("none".into())),
        ("alg", json!("HS256"), ProofError::Algorithm("HS256".into())),
        ("alg", json!("ES512"), ProofError::Algorithm("ES512".into())),
        ("alg", Value::Null, ProofError::Header),
        ("alg", json!("RS256"), ProofError::Key),
        ("alg", json!("ES256"), ProofError::Key),
        ("jwk", Value::Null, ProofError::KeyMissing),
        ("jwk", json!([]), ProofError::Header),
        ("jwk", json!({}), ProofError::Header),
        ("jwk", private, ProofError::PrivateKey),
        ("jwk", half_private, ProofError::PrivateKey),
        ("jwk", secret, ProofError::PrivateKey),
        ("jwk", encrypting, ProofError::Key),
        ("jwk", p256, ProofError::Key),
        ("jwk", strange, ProofError::Signature),
        ("jku", json!("https://keys.example"), ProofError::Header),
        ("x5c", json!([]), ProofError::Header),
        ("crit", json!(["exp"]), ProofError::Header),
    ] {
        let mut header = header.clone();
        header[member] = value.clone();
        let proof = bench.own.sign(&header, &claims).unwrap();
        assert_eq!(refused(&mut bench, &proof), error, "{member} {value}");
    }
}

#[test]
fn t150_each_fault_of_a_claim_is_told() {
    let mut bench = Bench::new(Profile::Keycloak);
    let (_, claims) = good(&bench);
    let userinfo = format!("{ISSUER}/protocol/openid-connect/userinfo");
    for (member, value, error) in [
        ("jti", Value::Null, ProofError::ClaimsMissing),
        ("jti", json!(""), ProofError::ClaimsMissing),
        ("jti", json!(1), ProofError::Claims),
        ("htm", Value::Null, ProofError::ClaimsMissing),
        ("htm", json!("GET"), ProofError::Method),
        ("htm", json!("post"), ProofError::Method),
        ("htm", json!(["POST"]), ProofError::Claims),
        ("htu", Value::Null, ProofError::ClaimsMissing),
        ("htu", json!(userinfo), ProofError::Address),
        ("htu", json!(ISSUER), ProofError::Address),
        ("iat", Value::Null, ProofError::ClaimsMissing),
        ("iat", json!(NOW - 26), ProofError::NotActive),
        ("iat", json!(NOW + 16), ProofError::NotActive),
        ("iat", json!(i64::MIN), ProofError::NotActive),
        ("iat", json!(i64::MAX), ProofError::NotActive),
        ("iat", json!({}), ProofError::Claims),
    ] {
        let mut claims = claims.clone();
        claims[member] = value.clone();
        let proof = bench.own.prove(&claims).unwrap();
        assert_eq!(refused(&mut bench, &proof), error, "{member} {value}");
    }
    for iat in [NOW - 25, NOW + 15] {
        let mut claims = claims.clone();
        claims["iat"] = json!(iat);
        let proof = bench.own.prove(&claims).unwrap();
        assert!(bench.ask(&login("shop"), Some(&proof)).is_ok(), "{iat}");
    }
}

#[test]
fn t150_what_is_no_proof_is_refused_also_where_none_is_needed() {
    let mut bench = Bench::new(Profile::Keycloak);
    let proof = bench.fresh(&bench.own.clone());
    let (unsigned, _) = proof.rsplit_once('.').unwrap();
    let long = "a".repeat(9_000);
    for (text, error) in [
        ("", ProofError::Empty),
        (" ", ProofError::Empty),
        ("abc", ProofError::Header),
        (unsigned, ProofError::Header),
        (&format!("{unsigned}."), ProofError::Header),
        (&format!("{proof}.AAAA"), ProofError::Header),
        (&format!("{proof}, {proof}"), ProofError::Header),
        (&format!("{proof}="), ProofError::Header),
        (&format!("{long}.{long}.{long}"), ProofError::Header),
    ] {
        assert_eq!(refused(&mut bench, text), error, "{text}");
    }
}

#[test]
fn t150_any_bit_flipped_makes_a_proof_worthless() {
    let mut bench = Bench::new(Profile::Keycloak);
    let own = bench.own.clone();
    let proof = bench.fresh(&own);
    let form = login("shop");
    for at in 0..proof.len() {
        for bit in 0..8 {
            let mut bytes = proof.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let text = String::from_utf8_lossy(&bytes);
            assert!(bench.ask(&form, Some(&text)).is_err(), "{bit} of {at}");
        }
    }
    assert!(bench.ask(&form, Some(&proof)).is_ok());
}

#[test]
fn r42_t180_a_proof_is_used_up_by_every_answer() {
    let mut bench = Bench::new(Profile::Keycloak);
    let own = bench.own.clone();
    let proof = bench.fresh(&own);
    let issued = bench.ask(&login("shop"), Some(&proof)).unwrap();
    let used: Vec<_> = issued
        .effects
        .iter()
        .filter(|it| uses_a_proof_up(it))
        .collect();
    assert_eq!(used.len(), 1);
    let wrong = login("shop").replace("password=engine", "password=wrong");
    for form in [
        wrong.as_str(),
        "grant_type=refresh_token&client_id=shop&client_secret=s3cret&refresh_token=abc",
    ] {
        let mut denial = bench.ask(form, Some(&proof)).unwrap_err();
        let effects = denial.take_effects().unwrap();
        assert!(effects.list().contains(used[0]), "{form}");
    }
    // T183: what was not signed by the key uses nothing up.
    let (unsigned, _) = proof.rsplit_once('.').unwrap();
    let forged = format!("{unsigned}.{}", "A".repeat(86));
    let mut denial = bench.ask(&login("shop"), Some(&forged)).unwrap_err();
    assert!(denial.take_effects().is_none());
}

#[test]
fn t182_a_proof_of_another_key_uses_up_nothing_of_this_one() {
    let mut bench = Bench::new(Profile::Keycloak);
    let claims = Prover::claims(ISSUER, NOW, "one");
    let mut marks = Vec::new();
    for prover in [bench.own.clone(), bench.strange.clone()] {
        let proof = prover.prove(&claims).unwrap();
        let issued = bench.ask(&login("shop"), Some(&proof)).unwrap();
        marks.extend(issued.effects.into_iter().filter(uses_a_proof_up));
    }
    assert_eq!(marks.len(), 2);
    assert_ne!(marks[0], marks[1]);
}

#[test]
fn t184_a_proof_is_remembered_longer_than_it_is_taken() {
    let mut bench = Bench::new(Profile::Keycloak);
    let own = bench.own.clone();
    let proof = bench.fresh(&own);
    let issued = bench.ask(&login("shop"), Some(&proof)).unwrap();
    let until = issued.effects.iter().find_map(|effect| match effect {
        cambist::effects::Effect::UseOnce { until, .. } => Some(*until),
        _ => None,
    });
    assert!(until.unwrap() > Timestamp(NOW + 25 + 15));
}

#[test]
fn a_realm_may_demand_nonces() {
    let mut bench = Bench::with(Profile::Keycloak, &json!({"dpop_nonce_lifetime": 60}));
    let own = bench.own.clone();
    let without = bench.fresh(&own);
    assert_eq!(refused(&mut bench, &without), ProofError::Nonce);
    let refusal = Refusal::Proof(ProofError::Nonce).wire();
    assert_eq!(
        (refusal.status, refusal.code.as_str()),
        (400, "use_dpop_nonce")
    );
    let realm = bench.world.realm.clone();
    let engine = bench.engine.clone();
    let nonce = |issuer: &str, at: i64| {
        let moment = cambist::moment::Moment::utc(at);
        engine.proof_nonce(&realm, issuer, moment).unwrap()
    };
    let with = |nonce: &str| {
        let mut claims = Prover::claims(ISSUER, NOW, &format!("with {nonce}"));
        claims["nonce"] = nonce.into();
        own.prove(&claims).unwrap()
    };
    for at in [NOW, NOW - 60, NOW + 60] {
        let proof = with(&nonce(ISSUER, at));
        assert!(bench.ask(&login("shop"), Some(&proof)).is_ok(), "{at}");
    }
    for stale in [
        nonce(ISSUER, NOW - 120),
        nonce(ISSUER, NOW + 120),
        nonce("https://id.example/realms/other", NOW),
        nonce(ISSUER, NOW)[1..].to_owned(),
        String::new(),
    ] {
        assert_eq!(refused(&mut bench, &with(&stale)), ProofError::Nonce);
    }
    // A client that need not prove a key needs no nonce.
    assert!(bench.ask(&login("shop"), None).is_ok());
    let must = bench.refusal(&login("must"), None);
    assert_eq!(must, Refusal::Binding(BindingError::ProofMissing));
}

#[test]
fn no_nonce_is_given_where_none_is_demanded() {
    let bench = Bench::new(Profile::Keycloak);
    let moment = cambist::moment::Moment::utc(NOW);
    let given = bench.engine.proof_nonce(&bench.world.realm, ISSUER, moment);
    assert_eq!(given, None);
}
