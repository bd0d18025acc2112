//! The signed examples of RFC 7520, RFC 7797 and RFC 8037, from the JOSE cookbook.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use cambist::{
    crypto::Algorithm,
    jose::{
        JwkError, JwsError, JwsLimits, SecretJwk, SigningHeader, SigningInput, UnverifiedJws,
        VerificationKey,
    },
};
use cambist_ring::RingProvider;
use serde_json::Value;

const RS256: &str = include_str!("vectors/jose-cookbook/jws/4_1.rsa_v15_signature.json");
const PS384: &str = include_str!("vectors/jose-cookbook/jws/4_2.rsa-pss_signature.json");
const ES512: &str = include_str!("vectors/jose-cookbook/jws/4_3.ecdsa_signature.json");
const HS256: &str =
    include_str!("vectors/jose-cookbook/jws/4_4.hmac-sha2_integrity_protection.json");
const ED25519: &str = include_str!("vectors/jose-cookbook/curve25519/jws.json");

/// Examples that no strict reader of the compact form takes, as far as they have one.
const REFUSED: [(&str, &str); 6] = [
    (
        "detached content",
        include_str!("vectors/jose-cookbook/jws/4_5.signature_with_detached_content.json"),
    ),
    (
        "unprotected header members",
        include_str!("vectors/jose-cookbook/jws/4_6.protecting_specific_header_fields.json"),
    ),
    (
        "no protected header",
        include_str!("vectors/jose-cookbook/jws/4_7.protecting_content_only.json"),
    ),
    (
        "several signatures",
        include_str!("vectors/jose-cookbook/jws/4_8.multiple_signatures.json"),
    ),
    (
        "unencoded payload",
        include_str!("vectors/jose-cookbook/rfc7797/hmac-sha2_b64_false.json"),
    ),
    (
        "unencoded payload, JSON only",
        include_str!("vectors/jose-cookbook/rfc7797/4.2.hmac-sha2_b64_false.json"),
    ),
];

#[test]
fn examples_in_compact_form_verify() {
    for text in [RS256, PS384, HS256, ED25519] {
        let example: Value = serde_json::from_str(text).unwrap();
        let compact = example["output"]["compact"].as_str().unwrap();
        let jws = UnverifiedJws::parse(compact, &JwsLimits::DEFAULT).unwrap();
        let verified = jws.verify(&verification_key(&example)).unwrap();
        assert_eq!(
            verified.payload(),
            example["input"]["payload"],
            "{}",
            example["title"]
        );
        assert_eq!(
            verified.header().algorithm().name(),
            example["input"]["alg"]
        );
    }
}

#[test]
fn signing_again_gives_the_same_bytes() {
    for text in [RS256, HS256, ED25519] {
        let example: Value = serde_json::from_str(text).unwrap();
        assert_eq!(example["reproducible"], true);
        let algorithm = algorithm(&example);
        let key_id = example["signing"]["protected"]["kid"].as_str();
        let header = SigningHeader::new(algorithm, key_id, None);
        let payload = example["input"]["payload"].as_str().unwrap();
        let input = SigningInput::new(&header, payload.as_bytes());
        assert_eq!(
            input.as_bytes(),
            example["signing"]["sig-input"].as_str().unwrap().as_bytes()
        );
        let key = secret_key(&example)
            .signing_key(algorithm, &RingProvider)
            .unwrap();
        assert_eq!(input.sign(&key).unwrap(), example["output"]["compact"]);
    }
}

#[test]
fn a_signature_that_salts_verifies_after_signing_again() {
    let example: Value = serde_json::from_str(PS384).unwrap();
    let key = secret_key(&example)
        .signing_key(Algorithm::Ps384, &RingProvider)
        .unwrap();
    let header = SigningHeader::new(Algorithm::Ps384, None, Some("JWT"));
    let token = SigningInput::new(&header, b"{}").sign(&key).unwrap();
    let jws = UnverifiedJws::parse(&token, &JwsLimits::DEFAULT).unwrap();
    assert_eq!(
        jws.verify(&verification_key(&example)).unwrap().payload(),
        "{}"
    );
}

/// No provider of ours has P-521, so neither the key nor the algorithm is known.
#[test]
fn es512_is_refused() {
    let example: Value = serde_json::from_str(ES512).unwrap();
    let compact = example["output"]["compact"].as_str().unwrap();
    assert_eq!(
        UnverifiedJws::parse(compact, &JwsLimits::DEFAULT).unwrap_err(),
        JwsError::AlgorithmUnsupported
    );
    assert_eq!(
        SecretJwk::from_value(&example["input"]["key"]).unwrap_err(),
        JwkError::CurveUnsupported
    );
}

#[test]
fn other_forms_are_refused() {
    for (form, text) in REFUSED {
        let example: Value = serde_json::from_str(text).unwrap();
        let mut seen = 0;
        for output in ["compact", "json", "json_flat"] {
            let Some(output) = example["output"].get(output) else {
                continue;
            };
            seen += 1;
            let text = output
                .as_str()
                .map_or_else(|| output.to_string(), str::to_owned);
            let refused = UnverifiedJws::parse(&text, &JwsLimits::DEFAULT).unwrap_err();
            let reasons = [
                JwsError::NotCompact,
                JwsError::NotBase64Url,
                JwsError::CriticalExtension,
            ];
            assert!(reasons.contains(&refused), "{form}: {refused:?}");
        }
        assert!(seen > 0, "{form}");
    }
}

#[test]
fn the_unencoded_payload_is_refused_for_its_header() {
    // With a payload of the right alphabet the form is compact, so only `crit` and `b64` tell.
    for header in [
        r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
        r#"{"alg":"HS256","b64":false}"#,
    ] {
        let header = cambist::jose::base64url::encode(header.as_bytes());
        let token = format!("{header}.aGk.AAAA");
        assert_eq!(
            UnverifiedJws::parse(&token, &JwsLimits::DEFAULT).unwrap_err(),
            JwsError::CriticalExtension
        );
    }
}

fn algorithm(example: &Value) -> Algorithm {
    Algorithm::from_name(example["input"]["alg"].as_str().unwrap()).unwrap()
}

fn secret_key(example: &Value) -> SecretJwk {
    SecretJwk::from_value(&example["input"]["key"]).unwrap()
}

fn verification_key(example: &Value) -> VerificationKey {
    secret_key(example)
        .verification_key(algorithm(example), &RingProvider)
        .unwrap()
}
