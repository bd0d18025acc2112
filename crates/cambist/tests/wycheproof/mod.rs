//! Project Wycheproof's tests of signed tokens and keys.
//!
//! Every answer must be the one the vector asks for, but for the deviations named below; a deviation
//! that no longer deviates fails too.

use std::collections::{BTreeMap, BTreeSet};

use cambist::{
    crypto::{Algorithm, CryptoProvider},
    jose::{JwkSet, JwkSetLimits, JwsLimits, SecretJwk, SecretKey, UnverifiedJws, VerificationKey},
};
use serde_json::{Value, json};

/// Where we differ: file, tests, what we do, and why it is not what the vector says.
const DEVIATIONS: [(&str, &[u64], Answer, &str); 7] = [
    (
        "signature",
        &[259, 264, 268, 272, 320, 325],
        Answer::Refused,
        "an empty payload is what a detached one looks like, and holds no claims",
    ),
    (
        "signature",
        &[263, 267, 271, 275, 323, 328],
        Answer::Refused,
        "the payload is not UTF-8, so it holds no claims",
    ),
    (
        "signature",
        &[346, 350],
        Answer::Refused,
        "the token says PS384, its key PS256",
    ),
    (
        "signature",
        &[347, 351],
        Answer::Refused,
        "ES512 is not supported, and the key calls it ES521",
    ),
    (
        "signature",
        &[367, 370],
        Answer::Accepted,
        "bytes and key are those of test 357, which the file calls valid",
    ),
    (
        "signature",
        &[372, 373],
        Answer::Refused,
        "a question mark inside base64url",
    ),
    (
        "crypto",
        &[50, 67],
        Answer::Refused,
        "an encrypted token, which is never read",
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepted,
    Refused,
}

/// The answers to `json_web_signature_test.json`.
pub(crate) fn signatures(provider: &dyn CryptoProvider) {
    let text = include_str!("../vectors/wycheproof/json_web_signature_test.json");
    run(provider, "signature", text, 401);
}

/// The answers to `json_web_key_test.json`.
pub(crate) fn keys(provider: &dyn CryptoProvider) {
    let text = include_str!("../vectors/wycheproof/json_web_key_test.json");
    run(provider, "key", text, 26);
}

/// The answers to `json_web_crypto_test.json`.
pub(crate) fn signatures_and_encryption_mixed(provider: &dyn CryptoProvider) {
    let text = include_str!("../vectors/wycheproof/json_web_crypto_test.json");
    run(provider, "crypto", text, 83);
}

fn run(provider: &dyn CryptoProvider, file: &str, text: &str, expected_tests: usize) {
    let vectors: Value = serde_json::from_str(text).unwrap();
    let deviations: BTreeMap<u64, (Answer, &str)> = DEVIATIONS
        .into_iter()
        .filter(|(of, ..)| *of == file)
        .flat_map(|(_, tests, answer, reason)| {
            tests.iter().map(move |test| (*test, (answer, reason)))
        })
        .collect();
    let mut tests = 0;
    let mut deviated = 0;
    let mut wrong = Vec::new();
    for group in vectors["testGroups"].as_array().unwrap() {
        let key = group
            .get("public")
            .filter(|key| !key.is_null())
            .unwrap_or(&group["private"]);
        for test in group["tests"].as_array().unwrap() {
            tests += 1;
            let number = test["tcId"].as_u64().unwrap();
            let said = match test["result"].as_str().unwrap() {
                "valid" => Answer::Accepted,
                "invalid" => Answer::Refused,
                other => panic!("unknown result {other}"),
            };
            let token = test.get("jws").or_else(|| test.get("jwe")).unwrap();
            let answer = judge(provider, token, key);
            let due = deviations.get(&number).map_or(said, |(answer, _)| *answer);
            if answer != due {
                wrong.push(format!(
                    "{number}: {answer:?}, due {due:?}: {}",
                    test["comment"]
                ));
            }
            if let Some((answer, reason)) = deviations.get(&number) {
                assert_ne!(
                    *answer, said,
                    "{file} {number} deviates no longer: {reason}"
                );
                deviated += 1;
            }
        }
    }
    assert_eq!(tests, expected_tests);
    assert_eq!(
        deviated,
        deviations.len(),
        "a deviation names a test that is not there"
    );
    assert!(wrong.is_empty(), "{file}: {wrong:#?}");
}

fn judge(provider: &dyn CryptoProvider, token: &Value, key: &Value) -> Answer {
    // A serialization as a JSON object is handed over as the text it is.
    let text = token
        .as_str()
        .map_or_else(|| token.to_string(), str::to_owned);
    let Ok(jws) = UnverifiedJws::parse(&text, &JwsLimits::DEFAULT) else {
        return Answer::Refused;
    };
    let keys = verification_keys(provider, key);
    let mut candidates = keys.into_iter().filter(|key| {
        key.algorithm.name() == jws.algorithm_name()
            && jws.key_id().is_none_or(|key_id| key.key_id == key_id)
    });
    match (candidates.next(), candidates.next()) {
        (Some(only), None) if jws.verify(&only).is_ok() => Answer::Accepted,
        _ => Answer::Refused,
    }
}

/// The keys of a set or a single key, for every algorithm that they allow; none when the set is
/// refused.
fn verification_keys(provider: &dyn CryptoProvider, key: &Value) -> Vec<VerificationKey> {
    let set = match key.get("keys") {
        Some(_) => key.clone(),
        None => json!({ "keys": [key] }),
    };
    if let Some(secrets) = symmetric_keys(provider, &set) {
        return secrets;
    }
    let Ok(set) = JwkSet::from_value(&set, &JwkSetLimits::DEFAULT) else {
        return Vec::new();
    };
    let every = set
        .keys()
        .iter()
        .flat_map(|key| Algorithm::ALL.map(|algorithm| key.verification_key(algorithm, provider)));
    every.flatten().collect()
}

/// For a set of nothing but secrets, which no issuer publishes and [`JwkSet`] refuses, the keys one by
/// one; none when two have the same id.
fn symmetric_keys(provider: &dyn CryptoProvider, set: &Value) -> Option<Vec<VerificationKey>> {
    let items = set["keys"].as_array().unwrap();
    if items.iter().any(|item| item["kty"] != "oct") {
        return None;
    }
    let ids: BTreeSet<_> = items.iter().map(|item| item["kid"].as_str()).collect();
    if ids.len() != items.len() {
        return Some(Vec::new());
    }
    let mut keys = Vec::new();
    for item in items {
        let Ok(secret) = SecretJwk::from_value(item) else {
            continue;
        };
        assert!(matches!(secret.key, SecretKey::Symmetric(_)));
        let every = Algorithm::ALL.map(|algorithm| secret.verification_key(algorithm, provider));
        keys.extend(every.into_iter().flatten());
    }
    Some(keys)
}
