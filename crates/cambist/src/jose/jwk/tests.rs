use alloc::{format, string::String};

use serde_json::json;

use super::*;

const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const ED25519: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn parse(text: &str) -> Result<Jwk, JwkError> {
    Jwk::parse(text, &JsonLimits::DEFAULT)
}

fn with(base: &str, members: &Value) -> Result<Jwk, JwkError> {
    let mut value: Value = serde_json::from_str(base).unwrap();
    value
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    Jwk::from_value(&value)
}

#[test]
fn what_is_written_reads_the_same() {
    let members = json!({
        "kid": "k", "alg": "ES256", "use": "sig", "key_ops": ["verify", "sign", "other"],
        "x5c": ["AAAA"], "x5t": "a", "x5t#S256": "b", "unknown": 1
    });
    let key = with(EC, &members).unwrap();
    assert_eq!(key.key_id.as_deref(), Some("k"));
    assert_eq!(key.algorithm, Some(Algorithm::Es256));
    assert_eq!(key.key_use, Some(KeyUse::Signature));
    assert_eq!(key.key_operations.len(), 3);
    let written = serde_json::to_string(&key).unwrap();
    assert_eq!(parse(&written).unwrap(), key);
    assert!(written.starts_with(
        r#"{"kid":"k","kty":"EC","alg":"ES256","use":"sig","key_ops":["verify","sign","other"],"x5c":"#
    ));
    for text in [EC, ED25519] {
        let key = parse(text).unwrap();
        let written: Value = serde_json::to_value(&key).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
    }
}

#[test]
fn an_rsa_key_loses_its_leading_zeros() {
    let pem = include_str!("../../../tests/vectors/keys/rs256.spki.pem");
    let key = Jwk::new(PublicKey::from_pem(pem).unwrap());
    let PublicKey::Rsa(rsa) = &key.key else {
        panic!("not an rsa key")
    };
    let padded = base64url::encode(&[&[0], rsa.modulus()].concat());
    let value = json!({"kty": "RSA", "n": padded, "e": "AAEAAQ"});
    assert_eq!(Jwk::from_value(&value).unwrap(), key);
    let written = serde_json::to_value(&key).unwrap();
    assert_eq!(written["e"], "AQAB");
    assert_eq!(written["n"], base64url::encode(rsa.modulus()));
}

#[test]
fn secrets_are_refused_among_public_keys() {
    for members in [json!({"d": "AA"}), json!({"d": null}), json!({"k": "AA"})] {
        assert_eq!(with(EC, &members).unwrap_err(), JwkError::Secret);
    }
    let oct = json!({"kty": "oct", "k": "AAAA"});
    assert_eq!(Jwk::from_value(&oct).unwrap_err(), JwkError::Secret);
}

#[test]
fn wrong_members_are_named() {
    for (members, name) in [
        (json!({"kty": null}), "kty"),
        (json!({"kty": 1}), "kty"),
        (json!({"kid": 1}), "kid"),
        (json!({"kid": null}), "kid"),
        (json!({"alg": ["ES256"]}), "alg"),
        (json!({"use": 1}), "use"),
        (json!({"key_ops": "verify"}), "key_ops"),
        (json!({"key_ops": ["verify", 1]}), "key_ops"),
        (json!({"key_ops": ["verify", "verify"]}), "key_ops"),
        (json!({"x5c": "AAAA"}), "x5c"),
        (json!({"x": "AA=="}), "x"),
        (json!({"y": 1}), "y"),
        (json!({"crv": null}), "crv"),
    ] {
        assert_eq!(
            with(EC, &members).unwrap_err(),
            JwkError::Member { name },
            "{members}"
        );
    }
    assert_eq!(
        Jwk::from_value(&json!([])).unwrap_err(),
        JwkError::NotAnObject
    );
    assert_eq!(
        Jwk::from_value(&json!({})).unwrap_err(),
        JwkError::Member { name: "kty" }
    );
}

#[test]
fn unsupported_keys_are_told_apart() {
    for (members, refused) in [
        (json!({"kty": "AKP"}), JwkError::KeyTypeUnsupported),
        (json!({"crv": "P-521"}), JwkError::CurveUnsupported),
        (json!({"crv": "secp256k1"}), JwkError::CurveUnsupported),
        (
            json!({"kty": "OKP", "crv": "X25519"}),
            JwkError::CurveUnsupported,
        ),
        (json!({"alg": "none"}), JwkError::AlgorithmUnsupported),
        (json!({"alg": "ECDH-ES"}), JwkError::AlgorithmUnsupported),
        (
            json!({"crv": "P-384"}),
            JwkError::Key(KeyError::Malformed {
                reason: "coordinate length",
            }),
        ),
    ] {
        assert_eq!(with(EC, &members).unwrap_err(), refused, "{members}");
    }
    for algorithm in [
        Algorithm::Es384,
        Algorithm::Hs256,
        Algorithm::EdDsa,
        Algorithm::Rs256,
    ] {
        let refused = with(EC, &json!({"alg": algorithm})).unwrap_err();
        assert_eq!(
            refused,
            JwkError::Key(KeyError::AlgorithmUnsuitable { algorithm })
        );
    }
}

#[test]
fn a_key_checks_signatures_only_where_it_may() {
    let es256 = Algorithm::Es256;
    for members in [
        json!({}),
        json!({"use": "sig"}),
        json!({"alg": "ES256"}),
        json!({"key_ops": []}),
        json!({"key_ops": ["sign", "verify"]}),
    ] {
        assert_eq!(
            with(EC, &members).unwrap().permits(es256),
            Ok(()),
            "{members}"
        );
    }
    for members in [
        json!({"use": "enc"}),
        json!({"use": "SIG"}),
        json!({"key_ops": ["sign"]}),
        json!({"use": "sig", "key_ops": ["deriveKey"]}),
    ] {
        let refused = with(EC, &members).unwrap().permits(es256);
        assert_eq!(refused, Err(KeyError::NotForSignatures), "{members}");
    }
    let algorithm = Algorithm::Es384;
    assert_eq!(
        parse(EC).unwrap().permits(algorithm),
        Err(KeyError::AlgorithmUnsuitable { algorithm })
    );
    let pem = include_str!("../../../tests/vectors/keys/rs256.spki.pem");
    let mut rsa = Jwk::new(PublicKey::from_pem(pem).unwrap());
    assert_eq!(rsa.permits(Algorithm::Ps512), Ok(()));
    rsa.algorithm = Some(Algorithm::Rs256);
    assert_eq!(
        rsa.permits(Algorithm::Ps512),
        Err(KeyError::AlgorithmForbidden {
            declared: Algorithm::Rs256,
            algorithm: Algorithm::Ps512
        })
    );
}

#[test]
fn equal_names_in_a_key_are_refused() {
    let text: String = format!("{},\"kid\":\"a\",\"kid\":\"b\"}}", EC.trim_end_matches('}'));
    assert_eq!(
        parse(&text).unwrap_err(),
        JwkError::Json(JsonError::DuplicateMember)
    );
}
