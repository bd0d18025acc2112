//! Keys of a realm.

use cambist::{
    crypto::Algorithm,
    jose::SigningHeader,
    realm::{
        KeyPublication, Profile,
        document::{KeyDocument, KeyStatus, KeyUse, RealmDocument, SecretSource},
    },
};

use crate::{build, notes, realm_with, refusal};

const RSA_PKCS8: &str = include_str!("material/rsa.pkcs8.pem");
const RSA_PKCS1: &str = include_str!("material/rsa.pkcs1.pem");
const RSA_CERTIFICATE: &str = include_str!("material/rsa.certificate.pem");
const P256: &str = include_str!("material/p256.pkcs8.pem");

/// Thumbprints of the certificate, worked out by `openssl`.
const X5T: &str = "urvt7lBR57aTgGIhp1lFfEKqMmA";
const X5T_S256: &str = "hYy30Pt-OsyYZaBT0UisYAGnPtEMpOg3TOTJvvR44Pw";

fn key(algorithm: &str, secret: &str) -> KeyDocument {
    KeyDocument {
        kid: None,
        algorithm: algorithm.to_owned(),
        key_use: KeyUse::Signature,
        status: KeyStatus::Active,
        priority: 0,
        secret: Some(SecretSource::Text(secret.to_owned().into())),
        public: None,
        certificate: None,
        provider: None,
    }
}

fn with(key: KeyDocument) -> RealmDocument {
    realm_with(|realm| realm.keys.push(key))
}

/// Without the lines of PEM around it.
fn base64_of(pem: &str) -> String {
    pem.lines()
        .filter(|line| !line.starts_with("-----"))
        .collect()
}

#[test]
fn a_key_pair_signs_and_verifies_in_whatever_form_it_came() {
    let mut kids = Vec::new();
    for secret in [
        RSA_PKCS8,
        RSA_PKCS1,
        &base64_of(RSA_PKCS8),
        &base64_of(RSA_PKCS1),
    ] {
        let realm = build(&with(key("RS256", secret))).unwrap();
        let key = realm.keys().active(Algorithm::Rs256).unwrap();
        let signing = key.signing.as_ref().unwrap();
        let token = cambist::jose::SigningInput::new(
            &SigningHeader::new(Algorithm::Rs256, Some(&key.kid), Some("JWT")),
            br#"{"sub":"a"}"#,
        )
        .sign(signing)
        .unwrap();
        let parsed =
            cambist::jose::UnverifiedJws::parse(&token, &cambist::jose::JwsLimits::default())
                .unwrap();
        parsed
            .verify(realm.keys().verifier(&key.kid).unwrap())
            .unwrap();
        kids.push(key.kid.clone());
    }
    kids.dedup();
    assert_eq!(
        kids.len(),
        1,
        "the thumbprint is that of the key, not of its form"
    );
    assert_eq!(kids[0].len(), 43);
}

#[test]
fn other_kinds_of_keys_are_taken() {
    let realm = build(&with(key("ES256", P256))).unwrap();
    assert!(
        realm
            .keys()
            .active(Algorithm::Es256)
            .unwrap()
            .signing
            .is_some()
    );

    let realm = build(&with(key("HS512", &"A".repeat(86)))).unwrap();
    let key = realm.keys().active(Algorithm::Hs512).unwrap();
    assert!(key.signing.is_some() && key.verification.is_some() && key.public.is_none());
    assert_eq!(realm.keys().published().count(), 0);
}

#[test]
fn a_certificate_is_published_with_its_thumbprints() {
    for certificate in [RSA_CERTIFICATE.to_owned(), base64_of(RSA_CERTIFICATE)] {
        let mut document = key("RS256", RSA_PKCS8);
        document.kid = Some("k1".to_owned());
        document.certificate = Some(certificate);
        let realm = build(&with(document)).unwrap();
        let published: Vec<KeyPublication<'_>> = realm.keys().published().collect();
        let json = serde_json::to_value(&published).unwrap();
        assert_eq!(json[0]["kid"], "k1");
        assert_eq!(json[0]["alg"], "RS256");
        assert_eq!(json[0]["use"], "sig");
        assert_eq!(json[0]["x5t"], X5T);
        assert_eq!(json[0]["x5t#S256"], X5T_S256);
        assert_eq!(json[0]["x5c"][0], base64_of(RSA_CERTIFICATE));
    }
}

#[test]
fn an_encryption_key_is_only_published() {
    let mut document = key("RSA-OAEP", RSA_PKCS8);
    document.key_use = KeyUse::Encryption;
    let realm = build(&with(document)).unwrap();
    let key = &realm.keys().all()[0];
    assert!(key.signing.is_none() && key.verification.is_none());
    let published: Vec<_> = realm.keys().published().collect();
    let json = serde_json::to_value(&published).unwrap();
    assert_eq!(json[0]["alg"], "RSA-OAEP");
    assert_eq!(json[0]["use"], "enc");
    assert_eq!(json[0]["kty"], "RSA");
}

#[test]
fn a_private_half_may_live_elsewhere() {
    let here = build(&with(key("RS256", RSA_PKCS8))).unwrap();
    let published: Vec<_> = here.keys().published().collect();
    let mut document = key("RS256", "");
    document.secret = None;
    document.public = Some(serde_json::to_value(&published).unwrap()[0].clone());
    let realm = build(&with(document)).unwrap();
    let key = realm.keys().active(Algorithm::Rs256).unwrap();
    assert!(key.signing.is_none() && key.verification.is_some() && key.public.is_some());
    assert_eq!(key.kid, here.keys().all()[0].kid);
}

#[test]
fn the_highest_priority_signs_and_a_disabled_key_does_nothing() {
    let document = realm_with(|realm| {
        for (kid, priority, status) in [
            ("low", 1, KeyStatus::Active),
            ("passive", 9, KeyStatus::Passive),
            ("high", 5, KeyStatus::Active),
            ("off", 20, KeyStatus::Disabled),
        ] {
            realm.keys.push(KeyDocument {
                kid: Some(kid.to_owned()),
                priority,
                status,
                ..key("RS256", RSA_PKCS8)
            });
        }
    });
    let realm = build(&document).unwrap();
    assert_eq!(&*realm.keys().active(Algorithm::Rs256).unwrap().kid, "high");
    assert!(realm.keys().verifier("passive").is_some());
    assert!(realm.keys().verifier("off").is_none());
    assert_eq!(realm.keys().published().count(), 3);
}

#[test]
fn wrong_keys_are_refused_with_their_place_and_without_their_text() {
    assert_eq!(
        refusal(&with(key("RS256", P256))),
        "keys[0].secret: RS256 does not go with this type of key"
    );
    assert_eq!(
        refusal(&with(key("RS256", "hunter2"))),
        "keys[0].secret: key is malformed: neither PEM nor base64 of DER"
    );
    assert_eq!(
        refusal(&with(key("HS512", "AAAA"))),
        "keys[0].secret: secret of 3 bytes is shorter than the 64 that HS512 needs"
    );
    assert_eq!(
        refusal(&with(key("HS512", "not base64url!"))),
        "keys[0].secret: should be base64url without padding"
    );
    let mut document = key("RS256", RSA_PKCS8);
    document.secret = None;
    assert_eq!(
        refusal(&with(document)),
        "keys[0]: secret or public is missing"
    );

    let mut document = key("ES256", P256);
    document.certificate = Some(RSA_CERTIFICATE.to_owned());
    assert_eq!(
        refusal(&with(document)),
        "keys[0].certificate: certificate and key exclude each other"
    );

    let mut document = key("RS256", RSA_PKCS8);
    document.key_use = KeyUse::Encryption;
    assert_eq!(
        refusal(&with(document)),
        "keys[0].algorithm: a signature algorithm and use enc exclude each other"
    );

    let document = realm_with(|realm| {
        realm.keys = vec![key("RS256", RSA_PKCS8), key("RS256", RSA_PKCS1)];
    });
    assert!(refusal(&document).starts_with("keys[1].kid: key "));
}

#[test]
fn an_algorithm_that_keycloak_has_and_we_lack_leaves_the_key_out() {
    let document = with(key("ES512", P256));
    assert!(refusal(&document).starts_with("keys[0].algorithm: \"ES512\" is none of RS256, "));
    assert_eq!(notes(document.clone()).len(), 1);
    let keycloak = RealmDocument {
        profile: Profile::Keycloak,
        ..document
    };
    assert!(build(&keycloak).unwrap().keys().all().is_empty());
}
