use alloc::{format, string::ToString};

use serde_json::json;

use super::*;

const LIMITS: JwkSetLimits = JwkSetLimits::DEFAULT;

fn ed25519(key_id: &str) -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519", "kid": key_id,
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    })
}

fn read(keys: &[Value]) -> Result<JwkSet, JwkSetError> {
    JwkSet::parse(&json!({ "keys": keys }).to_string(), &LIMITS)
}

#[test]
fn usable_keys_are_kept_and_the_others_listed() {
    let mut encrypting = ed25519("e");
    encrypting["alg"] = json!("RSA-OAEP");
    let unknown = json!({"kty": "AKP", "kid": "u"});
    let broken = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    let set = read(&[
        unknown,
        ed25519("a"),
        broken,
        encrypting,
        ed25519("b"),
        json!(1),
    ])
    .unwrap();
    let kept: Vec<_> = set
        .keys()
        .iter()
        .map(|key| key.key_id.as_deref().unwrap())
        .collect();
    assert_eq!(kept, ["a", "b"]);
    let listed: Vec<_> = set
        .passed_over()
        .iter()
        .map(|key| (key.index, key.key_id.as_deref()))
        .collect();
    assert_eq!(
        listed,
        [(0, Some("u")), (2, None), (3, Some("e")), (5, None)]
    );
    assert_eq!(set.passed_over()[0].reason, JwkError::KeyTypeUnsupported);
    assert_eq!(set.passed_over()[3].reason, JwkError::NotAnObject);
    assert!(set.find("b").is_some());
    assert!(set.find("u").is_none());
    assert!(set.find("").is_none());
}

#[test]
fn a_set_with_a_secret_is_refused_whole() {
    let oct = json!({"kty": "oct", "k": "AAAA", "kid": "s"});
    let mut private = ed25519("p");
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    for secret in [oct, private] {
        assert_eq!(
            read(&[ed25519("a"), secret.clone()]).unwrap_err(),
            JwkSetError::Secret
        );
        assert_eq!(read(&[secret]).unwrap_err(), JwkSetError::Secret);
    }
}

#[test]
fn a_set_with_two_keys_of_one_id_is_refused_whole() {
    let duplicate = JwkSetError::DuplicateKeyId;
    assert_eq!(
        read(&[ed25519("a"), ed25519("b"), ed25519("a")]).unwrap_err(),
        duplicate
    );
    let unusable = json!({"kty": "AKP", "kid": "a"});
    assert_eq!(read(&[ed25519("a"), unusable]).unwrap_err(), duplicate);
    let key = Jwk::from_value(&ed25519("a")).unwrap();
    assert_eq!(
        JwkSet::new([key.clone(), key.clone()].into()).unwrap_err(),
        duplicate
    );
    let anonymous = Jwk {
        key_id: None,
        ..key
    };
    assert!(JwkSet::new([anonymous.clone(), anonymous].into()).is_ok());
}

#[test]
fn a_set_is_an_object_with_a_list() {
    for text in [
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        "[]",
        r#""keys""#,
    ] {
        assert_eq!(
            JwkSet::parse(text, &LIMITS).unwrap_err(),
            JwkSetError::NotASet,
            "{text}"
        );
    }
    assert_eq!(
        JwkSet::parse(r#"{"keys":[],"keys":[]}"#, &LIMITS).unwrap_err(),
        JwkSetError::Json(JsonError::DuplicateMember)
    );
    assert_eq!(
        JwkSet::parse(r#"{"keys":[],"more":1}"#, &LIMITS).unwrap(),
        JwkSet::default()
    );
}

#[test]
fn sets_are_bounded() {
    let keys = |count: usize| {
        (0..count)
            .map(|id| ed25519(&id.to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(read(&keys(64)).unwrap().keys().len(), 64);
    for count in [65, 640] {
        assert_eq!(
            read(&keys(count)).unwrap_err(),
            JwkSetError::TooManyKeys { limit: 64 }
        );
    }
    let padded = |bytes: usize| {
        let text = r#"{"keys":[]}"#;
        format!("{text}{}", " ".repeat(bytes - text.len()))
    };
    assert!(JwkSet::parse(&padded(262_144), &LIMITS).is_ok());
    for bytes in [262_145, 26_214_400] {
        let refused = JwkSet::parse(&padded(bytes), &LIMITS).unwrap_err();
        assert_eq!(refused, JwkSetError::TooLong { limit: 262_144 });
    }
    assert!(JwkSetLimits::new(1_048_576, 256).is_some());
    assert!(JwkSetLimits::new(1_048_577, 256).is_none());
    assert!(JwkSetLimits::new(1_048_576, 257).is_none());
}

#[test]
fn a_set_is_published_without_what_was_passed_over() {
    let set = read(&[ed25519("a"), json!({"kty": "AKP"})]).unwrap();
    let written = serde_json::to_value(&set).unwrap();
    assert_eq!(written, json!({"keys": [ed25519("a")]}));
}
