//! Assertions that somebody has tampered with, and what other servers once took.

use std::sync::LazyLock;

use cambist::{
    client_auth::JWT_BEARER,
    effects::{Effect, SingleUse},
    realm::Profile,
    refusal::{JwtGrantError, Refusal},
    request::RequestError,
};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use super::bank::{
    BANK, NOW, Shop, bank_key, claims, published_as_secret, sign, signed, strange_key, told, with,
};

fn unsigned(assertion: &str, header: &str) -> String {
    let payload = assertion.split('.').nth(1).unwrap();
    format!(
        "{}.{payload}.",
        cambist::jose::base64url::encode(header.as_bytes())
    )
}

/// Keycloak CVE-2026-11800: an assertion forged by making the server use a public key as a secret, or no key.
#[test]
fn r09_no_algorithm_but_the_keys_own_is_taken() {
    let shop = Shop::new(Profile::Keycloak);
    let good = signed(&claims());
    let (_, signature) = good.rsplit_once('.').unwrap();
    let confused = sign(&claims(), &published_as_secret(), "JWT");
    for forged in [
        confused.clone(),
        unsigned(&good, r#"{"alg":"none"}"#),
        unsigned(&good, r#"{"alg":"None","kid":"bank"}"#),
        unsigned(&good, r#"{"alg":"EdDSA","kid":"bank"}"#),
        format!("{}{signature}", unsigned(&good, r#"{"alg":"none"}"#)),
        format!(
            "{}{signature}",
            unsigned(&good, r#"{"alg":"EdDSA2","kid":"bank"}"#)
        ),
    ] {
        assert_eq!(shop.refused(&forged), JwtGrantError::Algorithm, "{forged}");
    }
    for forged in [
        format!(
            "{}{signature}",
            unsigned(&good, r#"{"alg":"RS256","kid":"bank"}"#)
        ),
        format!(
            "{}{signature}",
            unsigned(&good, r#"{"alg":"EdDSA","kid":"else"}"#)
        ),
        sign(&claims(), &strange_key(), "JWT"),
    ] {
        assert_eq!(shop.refused(&forged), JwtGrantError::Signature, "{forged}");
    }
    // Also where the provider is set to the very algorithm of the forger.
    let setting = "jwtAuthorizationGrantAssertionSignatureAlg";
    let shop = Shop::with_bank(Profile::Keycloak, &[(setting, "HS256")]);
    assert_eq!(shop.refused(&confused), JwtGrantError::Algorithm);
    assert_eq!(shop.refused(&good), JwtGrantError::Algorithm);
}

/// Keycloak CVE-2026-1609: a disabled user through a grant that is no login.
#[test]
fn r10_a_disabled_user_gets_nothing() {
    for profile in [Profile::Strict, Profile::Keycloak] {
        let shop = Shop::new(profile);
        let bob = signed(&with("sub", json!("bank-bob")));
        assert_eq!(shop.refused(&bob), JwtGrantError::UserDisabled);
    }
}

/// Keycloak CVE-2026-1486: signed by a provider that was disabled.
#[test]
fn r11_a_disabled_provider_vouches_for_nobody() {
    for profile in [Profile::Strict, Profile::Keycloak] {
        let shop = Shop::changed(profile, |document| {
            document["identity_providers"][0]["enabled"] = json!(false);
        });
        assert_eq!(
            shop.refused(&signed(&claims())),
            JwtGrantError::UnknownIssuer
        );
        let shop = Shop::with_bank(profile, &[("jwtAuthorizationGrantEnabled", "false")]);
        assert_eq!(
            shop.refused(&signed(&claims())),
            JwtGrantError::UnknownIssuer
        );
    }
}

/// Keycloak CVE-2026-79652: a client that needs consent, without it.
#[test]
fn r12_consent_is_needed_by_this_grant_too() {
    let assertion = signed(&claims());
    let mut shop = Shop::new(Profile::Keycloak);
    let ask = |shop: &Shop| shop.ask("careful", &[("assertion", &assertion)]);
    let missing = JwtGrantError::ConsentMissing("careful".into());
    assert_eq!(told(ask(&shop)), missing);

    let careful = shop.world.realm.client_by_id("careful").unwrap();
    let scopes: Vec<String> = careful
        .default_scopes()
        .iter()
        .map(|number| shop.world.realm.scope(*number).unwrap().id().to_owned())
        .collect();
    let consent = |scopes: &[String]| cambist::facts::Consent {
        client: careful.uuid().to_owned(),
        scopes: scopes.to_vec(),
        created: cambist::moment::Timestamp(NOW),
        updated: cambist::moment::Timestamp(NOW),
    };
    let (all, fewer) = (consent(&scopes), consent(&[]));
    let alice = |world: &mut cambist_testkit::world::World, consent| {
        let user = world
            .users
            .values_mut()
            .find(|user| user.username == "alice");
        std::sync::Arc::make_mut(user.unwrap()).consents = vec![consent];
    };
    alice(&mut shop.world, fewer);
    assert_eq!(told(ask(&shop)), missing);
    alice(&mut shop.world, all);
    assert!(ask(&shop).is_ok());
}

/// Keycloak CVE-2025-2559: assertions that end in two days, to be remembered until then. In profile `strict`
/// none is taken; in profile `keycloak` a fresh one is, and forgotten with its `iat`.
#[test]
fn r26_t185_an_end_far_away_fills_no_memory() {
    let far = |jti: &str, iat: Value| {
        let mut claims = with("exp", json!(NOW + 48 * 3_600));
        claims["jti"] = json!(jti);
        claims["iat"] = iat;
        signed(&claims)
    };
    let strict = Shop::new(Profile::Strict);
    assert_eq!(
        strict.refused(&far("a", json!(NOW))),
        JwtGrantError::TooLong
    );
    let keycloak = Shop::new(Profile::Keycloak);
    for shop in [&strict, &keycloak] {
        assert_eq!(
            shop.refused(&far("a", Value::Null)),
            JwtGrantError::ExpiryTooFar
        );
    }
    for iat in [NOW - 300, NOW - 1, NOW] {
        let outcome = keycloak.bring(&far("a", json!(iat))).unwrap();
        let [Effect::UseOnce { until, .. }] = outcome.effects().list() else {
            panic!("used for good: {:?}", outcome.effects());
        };
        assert!(until.0 <= NOW + 301, "{until}");
    }
}

/// Hydra CVE-2020-5300: a `jti` used twice. What is told of a conflict is the adapter's; here, that both
/// uses come out under one name, and those of another issuer or kind under another (threat T182).
#[test]
fn r54_two_uses_of_an_id_meet_and_those_of_others_do_not() {
    let shop = Shop::new(Profile::Keycloak);
    let purpose = |assertion: &str| {
        let outcome = shop.bring(assertion).unwrap();
        let [Effect::UseOnce { purpose, id, .. }] = outcome.effects().list() else {
            panic!("not used once: {:?}", outcome.effects());
        };
        assert_eq!(&**id, "one");
        purpose.clone()
    };
    let first = purpose(&signed(&claims()));
    let again = purpose(&signed(&with("exp", json!(NOW + 200))));
    assert_eq!(
        (&first, &again),
        (&SingleUse::JwtGrant(BANK.into()), &first)
    );
    let jag = purpose(&super::bank::id_jag(&claims()));
    assert_eq!(jag, SingleUse::IdentityAssertion(BANK.into()));
}

/// Threats T028 and T029 for the grant: the client's own proof is no grant, and an assertion for the grant
/// proves no client.
#[test]
fn t028_an_assertion_does_not_stand_for_the_client() {
    let shop = Shop::new(Profile::Keycloak);
    let assertion = signed(&claims());
    let form = [
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", &*assertion),
    ];
    assert_eq!(told(shop.ask("bot", &form)), JwtGrantError::Missing);
}

/// Threat T029: several audiences, ours among them.
#[test]
fn t029_an_assertion_for_us_and_others_is_for_others() {
    let shop = Shop::new(Profile::Keycloak);
    let issuer = super::bank::ISSUER;
    let endpoint = format!("{issuer}/protocol/openid-connect/token");
    for (audience, error) in [
        (
            json!([issuer, "https://else.example"]),
            JwtGrantError::SeveralAudiences,
        ),
        (json!([issuer, endpoint]), JwtGrantError::SeveralAudiences),
        (json!([issuer, issuer]), JwtGrantError::SeveralAudiences),
        (json!([]), JwtGrantError::Audience),
        (json!(format!("{issuer}.evil")), JwtGrantError::Audience),
        (
            json!("https://id.example/realms/shop2"),
            JwtGrantError::Audience,
        ),
        (
            json!(format!("https://else.example/{issuer}")),
            JwtGrantError::Audience,
        ),
        (json!({"0": issuer}), JwtGrantError::Unreadable),
        (json!([issuer, 1]), JwtGrantError::Unreadable),
    ] {
        let assertion = signed(&with("aud", audience.clone()));
        assert_eq!(shop.refused(&assertion), error, "{audience}");
    }
}

/// An assertion bound to a key is worth nothing without a proof of that key.
#[test]
fn a_bound_assertion_needs_its_key() {
    for profile in [Profile::Strict, Profile::Keycloak] {
        let shop = Shop::new(profile);
        for binding in [json!({"jkt": "k"}), json!({"x5t#S256": "c"}), json!({})] {
            let assertion = signed(&with("cnf", binding));
            let denial = shop.bring(&assertion).unwrap_err();
            let refusal = denial.refusal();
            assert!(matches!(refusal, Refusal::Binding(_)), "{refusal}");
        }
    }
}

#[test]
fn a_second_assertion_beside_the_first_is_refused() {
    let shop = Shop::new(Profile::Keycloak);
    let assertion = signed(&claims());
    let form = [("assertion", &*assertion), ("assertion", &*assertion)];
    let denial = shop.ask("bot", &form).err().unwrap();
    let refusal = denial.refusal();
    assert!(
        matches!(refusal, Refusal::Request(RequestError::Duplicated(_))),
        "{refusal}"
    );
}

#[test]
fn names_that_stand_twice_are_no_claims() {
    let shop = Shop::new(Profile::Keycloak);
    let text = claims().to_string();
    let twice = text.replacen('{', r#"{"sub":"bank-bob","#, 1);
    let header = cambist::jose::SigningHeader::new(bank_key().algorithm, Some("bank"), None);
    let forged = cambist::jose::compact::SigningInput::new(&header, twice.as_bytes())
        .sign(&bank_key())
        .unwrap();
    assert_eq!(shop.refused(&forged), JwtGrantError::Unreadable);
}

/// Nothing of an assertion stands in what is logged or told, but what Keycloak tells its sender too.
#[test]
fn refusals_repeat_no_claim() {
    let shop = Shop::new(Profile::Keycloak);
    for (member, value) in [
        ("sub", json!("canary")),
        ("iss", json!("canary")),
        ("aud", json!("canary")),
        ("jti", json!("canary".repeat(99))),
    ] {
        let denial = shop.bring(&signed(&with(member, value))).err().unwrap();
        let shown = format!("{denial:?} {}", denial.refusal().wire().body());
        assert!(!shown.contains("canary"), "{member}: {shown}");
    }
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| Shop::new(Profile::Keycloak));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// One bit turned anywhere: what was signed is not what came.
    #[test]
    fn a_turned_bit_is_refused(place in any::<Index>(), bit in 0_u8..7) {
        let good = signed(&claims());
        let mut bytes = good.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let Ok(forged) = String::from_utf8(bytes) else { return Ok(()) };
        // What a form turns into something else is not an assertion that came.
        prop_assume!(!forged.contains(['&', '%', '=']));
        prop_assert!(SHOP.bring(&forged).is_err(), "{forged}");
    }

    /// Whatever is sent, nobody panics and nothing is granted or used up.
    #[test]
    fn no_text_is_an_assertion(text in "[A-Za-z0-9_.=-]{0,300}") {
        let mut denial = SHOP.bring(&text).unwrap_err();
        prop_assert!(denial.take_effects().is_none());
    }
}
