//! The JWT authorization grant (RFC 7523 section 2.1) and ID-JAGs, with real signatures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod bank;
mod hostile;

use cambist::{
    decision::Decision,
    effects::{Effect, SingleUse},
    engine::Progress,
    moment::Timestamp,
    outside::{IssuerKeys, Outside, OutsideFailure, OutsideNeeded},
    realm::Profile,
    refusal::{JwtGrantError, Refusal, ScopeError},
};
use cambist_ring::RingProvider;
use serde_json::{Value, json};

use self::bank::{BANK, ISSUER, NOW, Shop, claims, id_jag, left, published, signed, told, with};

fn used(purpose: SingleUse, until: i64) -> Effect {
    Effect::UseOnce {
        purpose,
        id: "one".into(),
        until: Timestamp(until),
    }
}

fn plain(until: i64) -> Effect {
    used(SingleUse::JwtGrant(BANK.into()), until)
}

fn expires_in(answer: cambist::outcome::Outcome) -> i64 {
    let (effects, _, _, sealed) = answer.into_parts();
    sealed.open(&effects.committed()).unwrap().expires_in
}

#[test]
fn a_token_for_the_linked_user_and_nothing_else() {
    let shop = Shop::new(Profile::Keycloak);
    let outcome = shop
        .ask(
            "bot",
            &[
                ("assertion", &signed(&claims())),
                ("scope", "offline_access"),
            ],
        )
        .unwrap();
    // No session: the only thing stored is that the assertion was used.
    assert_eq!(outcome.effects().list(), [plain(NOW + 120)]);
    let (effects, _, _, sealed) = outcome.into_parts();
    let response = sealed.open(&effects.committed()).unwrap();
    assert!(response.refresh_token.is_none() && response.session_state.is_none());
    assert_eq!(response.expires_in, 300);
    assert!(
        !response.scope.contains("offline_access"),
        "{}",
        response.scope
    );
}

#[test]
fn in_profile_strict_no_token_outlives_its_assertion() {
    for (profile, settings, life) in [
        (Profile::Strict, &[][..], 120),
        (Profile::Keycloak, &[], 300),
        (
            Profile::Keycloak,
            &[("jwtAuthorizationGrantLimitAccessTokenExp", "true")],
            120,
        ),
    ] {
        let shop = Shop::with_bank(profile, settings);
        let outcome = shop.bring(&signed(&claims())).unwrap();
        assert_eq!(expires_in(outcome), life, "{profile:?} {settings:?}");
    }
}

#[test]
fn whatever_is_wrong_is_told_in_order() {
    let shop = Shop::new(Profile::Keycloak);
    let bring = |client: &str, assertion: &str| told(shop.ask(client, &[("assertion", assertion)]));
    assert_eq!(told(shop.ask("bot", &[])), JwtGrantError::Missing);
    // A public client is told so before its switch, the switch before the claims.
    let nobody = signed(&json!({}));
    assert_eq!(bring("open", "x"), JwtGrantError::Unreadable);
    assert_eq!(bring("open", &nobody), JwtGrantError::PublicClient);
    assert_eq!(bring("other", &nobody), JwtGrantError::GrantNotAllowed);
    assert_eq!(bring("bot", &nobody), JwtGrantError::ClaimMissing("iss"));
    for (client, changed, error) in [
        (
            "bot",
            with("sub", Value::Null),
            JwtGrantError::ClaimMissing("sub"),
        ),
        (
            "bot",
            with("sub", json!("")),
            JwtGrantError::ClaimMissing("sub"),
        ),
        (
            "bot",
            with("iss", json!("https://bank.example/")),
            JwtGrantError::UnknownIssuer,
        ),
        ("stranger", claims(), JwtGrantError::ProviderNotAllowed),
        (
            "bot",
            with("exp", Value::Null),
            JwtGrantError::ExpiryMissing,
        ),
        ("bot", with("exp", json!(0)), JwtGrantError::NotActive),
        ("bot", with("exp", json!(NOW)), JwtGrantError::NotActive),
        ("bot", with("nbf", json!(NOW + 1)), JwtGrantError::NotActive),
        (
            "bot",
            with("nbf", json!(NOW + 120)),
            JwtGrantError::NotActive,
        ),
        (
            "bot",
            with("iat", json!(NOW + 1)),
            JwtGrantError::IssuedInFuture,
        ),
        (
            "bot",
            with("iat", json!(NOW - 301)),
            JwtGrantError::IssuedTooLongAgo,
        ),
        ("bot", with("jti", Value::Null), JwtGrantError::IdMissing),
        ("bot", with("jti", json!("")), JwtGrantError::IdMissing),
        (
            "bot",
            with("jti", json!("i".repeat(256))),
            JwtGrantError::IdTooLong,
        ),
        ("bot", with("sub", json!("nobody")), JwtGrantError::NoUser),
        (
            "bot",
            with("sub", json!("bank-carl")),
            JwtGrantError::NotSetUp,
        ),
        ("bot", with("aud", Value::Null), JwtGrantError::Audience),
        ("bot", with("aud", json!("bot")), JwtGrantError::Audience),
        (
            "bot",
            with("aud", json!(format!("{ISSUER}/"))),
            JwtGrantError::Audience,
        ),
        (
            "bot",
            with("aud", json!([ISSUER, "else"])),
            JwtGrantError::SeveralAudiences,
        ),
        (
            "bot",
            with("aud", json!([ISSUER, ISSUER])),
            JwtGrantError::SeveralAudiences,
        ),
    ] {
        assert_eq!(
            bring(client, &signed(&changed)),
            error,
            "{client} {changed}"
        );
    }
    let unknown = shop.ask(
        "bot",
        &[("assertion", &signed(&claims())), ("scope", "colour")],
    );
    let denial = unknown.err().unwrap();
    let expected = Refusal::Scope(ScopeError::Invalid("colour".to_owned()));
    assert_eq!(*denial.refusal(), expected);
}

/// Threat T070: one second around each edge.
#[test]
fn t070_times_at_their_limits_are_taken() {
    let shop = Shop::with_bank(Profile::Strict, &[("allowedClockSkew", "15")]);
    for (member, value) in [
        ("exp", json!(NOW + 1)),
        ("exp", json!(NOW + 300)),
        ("nbf", json!(NOW + 15)),
        ("iat", json!(NOW + 15)),
        ("iat", json!(NOW - 180)),
        ("jti", json!("i".repeat(255))),
        ("aud", json!([ISSUER])),
        (
            "aud",
            json!(format!("{ISSUER}/protocol/openid-connect/token")),
        ),
    ] {
        let outcome = shop.bring(&signed(&with(member, value.clone())));
        assert!(outcome.is_ok(), "{member} {value}");
    }
    for (member, value, error) in [
        ("nbf", json!(NOW + 16), JwtGrantError::NotActive),
        ("iat", json!(NOW + 16), JwtGrantError::IssuedInFuture),
        // The skew is not for `exp`.
        ("exp", json!(NOW), JwtGrantError::NotActive),
        ("exp", json!(NOW + 301), JwtGrantError::TooLong),
        ("iat", json!(NOW - 181), JwtGrantError::TooLong),
    ] {
        assert_eq!(
            shop.refused(&signed(&with(member, value))),
            error,
            "{member}"
        );
    }
}

#[test]
fn without_iat_the_end_must_be_near() {
    let shop = Shop::new(Profile::Keycloak);
    let ends = |seconds: i64| {
        let mut claims = with("iat", Value::Null);
        claims["exp"] = json!(NOW + seconds);
        signed(&claims)
    };
    let outcome = shop.bring(&ends(300)).unwrap();
    assert_eq!(outcome.effects().list(), [plain(NOW + 300)]);
    assert_eq!(shop.refused(&ends(301)), JwtGrantError::ExpiryTooFar);
}

/// Threat T183: used up by whoever holds a good one, and by nobody else; and by a refusal too, so that a
/// second try cannot be an oracle.
#[test]
fn t183_an_assertion_is_used_up_once_its_signature_holds() {
    let shop = Shop::new(Profile::Keycloak);
    let bring = |claims: &Value, scope: &str| {
        left(shop.ask("bot", &[("assertion", &signed(claims)), ("scope", scope)]))
    };
    for (claims, scope) in [
        (with("sub", json!("nobody")), "openid"),
        (with("aud", json!("else")), "openid"),
        (claims(), "colour"),
    ] {
        assert_eq!(bring(&claims, scope), [plain(NOW + 120)], "{claims}");
    }
    for claims in [
        with("iss", json!("https://else.example")),
        with("exp", json!(NOW)),
        with("jti", Value::Null),
    ] {
        assert_eq!(bring(&claims, "openid"), [], "{claims}");
    }
    let forged = bank::sign(&claims(), &bank::strange_key(), "JWT");
    assert_eq!(left(shop.bring(&forged)), []);
}

/// Threats T184 and T185: it is remembered for as long as it would be taken, and no longer.
#[test]
fn t184_a_used_assertion_is_remembered_while_it_would_be_taken() {
    let shop = Shop::new(Profile::Keycloak);
    for (iat, exp, until) in [
        (NOW, NOW + 120, NOW + 120),
        // Good in the second of `iat` + 300 itself.
        (NOW - 100, NOW + 9_999, NOW + 201),
        (NOW - 300, NOW + 9_999, NOW + 1),
    ] {
        let mut claims = with("iat", json!(iat));
        claims["exp"] = json!(exp);
        let outcome = shop.bring(&signed(&claims)).unwrap();
        assert_eq!(outcome.effects().list(), [plain(until)]);
    }
}

#[test]
fn reuse_is_for_plain_assertions_of_providers_that_allow_it() {
    let shop = Shop::with_bank(
        Profile::Strict,
        &[("jwtAuthorizationGrantAssertionReuseAllowed", "true")],
    );
    let unnamed = with("jti", Value::Null);
    let outcome = shop.bring(&signed(&unnamed)).unwrap();
    assert!(outcome.effects().is_empty());
    assert_eq!(shop.refused(&id_jag(&unnamed)), JwtGrantError::IdMissing);
    let outcome = shop.bring(&id_jag(&claims())).unwrap();
    let jag = used(SingleUse::IdentityAssertion(BANK.into()), NOW + 120);
    assert_eq!(outcome.effects().list(), [jag]);
}

#[test]
fn an_id_jag_is_for_one_client_and_has_its_time() {
    let shop = Shop::new(Profile::Keycloak);
    let jag = id_jag(&claims());
    assert!(shop.bring(&jag).is_ok());
    let elsewhere = told(shop.ask("stranger", &[("assertion", &jag)]));
    let expected = JwtGrantError::OtherClient {
        named: Some("bot".into()),
        presenter: "stranger".into(),
    };
    assert_eq!(elsewhere, expected);
    let mut timeless = with("iat", Value::Null);
    assert_eq!(
        shop.refused(&id_jag(&timeless)),
        JwtGrantError::IssuedMissing
    );
    // Told before `exp`, and after the signature.
    timeless["exp"] = Value::Null;
    assert_eq!(
        shop.refused(&id_jag(&timeless)),
        JwtGrantError::IssuedMissing
    );
    let unnamed = bank::sign(&claims(), &bank::bank_key(), "oauth-id-jag+jwt");
    assert!(matches!(
        shop.refused(&unnamed),
        JwtGrantError::OtherClient { named: None, .. }
    ));
}

#[test]
fn an_id_jag_is_plain_where_the_realm_takes_none() {
    let shop = Shop::changed(Profile::Strict, |document| {
        document["features"] = json!({"identity-assertion-jwt": false});
    });
    let assertion = bank::sign(
        &with("iat", Value::Null),
        &bank::bank_key(),
        "oauth-id-jag+jwt",
    );
    assert!(shop.bring(&assertion).is_ok());
}

#[test]
fn audiences_are_the_clients_own_else_the_providers() {
    let ours = signed(&with("aud", json!("shop-at-bank")));
    let shop = Shop::with_bank(Profile::Strict, &[("allowClientIdAsAudience", "true")]);
    assert!(shop.bring(&ours).is_ok());
    assert_eq!(shop.refused(&signed(&claims())), JwtGrantError::Audience);

    let shop = Shop::changed(Profile::Strict, |document| {
        let audiences = r#"[{"key": "bank", "value": "a"}, {"key": "bank", "value": "b"}]"#;
        document["clients"][0]["attributes"]["oauth2.jwt.authorization.grant.audience"] =
            json!(audiences);
    });
    assert!(shop.bring(&signed(&with("aud", json!("b")))).is_ok());
    assert_eq!(shop.refused(&signed(&claims())), JwtGrantError::Audience);
    let both = signed(&with("aud", json!(["a", "b"])));
    assert_eq!(shop.refused(&both), JwtGrantError::SeveralAudiences);
}

#[test]
fn published_keys_are_asked_for_last_and_once() {
    let url = "https://bank.example/keys";
    let shop = Shop::with_bank(Profile::Strict, &[("useJwksUrl", "true"), ("jwksUrl", url)]);
    let assertion = signed(&claims());
    let ask = || {
        let pending = shop.pending("bot", &[("assertion", &assertion)]).unwrap();
        // Nobody is looked up for an assertion that nobody has vouched for.
        assert_eq!(
            pending.facts_needed(),
            cambist::facts::FactsNeeded::default()
        );
        match pending.proceed(&cambist::facts::Facts::default()) {
            Progress::Outside(asking) => asking,
            other => panic!("{other:?}"),
        }
    };
    let asking = ask();
    let OutsideNeeded::Keys(needed) = asking.outside_needed() else {
        panic!("not keys");
    };
    assert_eq!(
        (&*needed.url, needed.key_id.as_deref()),
        (url, Some("bank"))
    );
    let keys = IssuerKeys::parse(&published(), &RingProvider).unwrap();
    let Progress::Facts(pending) = asking.answer(Outside::Keys(keys.into())) else {
        panic!("the signature does not hold");
    };
    let facts = shop.world.facts(&pending.facts_needed());
    assert!(matches!(pending.decide(&facts), Decision::Permit(_)));

    let empty = Outside::Keys(IssuerKeys::default().into());
    for outside in [empty, Outside::Failed(OutsideFailure::Unreachable)] {
        let Progress::Decided(Decision::Deny(mut denial)) = ask().answer(outside) else {
            panic!("taken without a key");
        };
        assert_eq!(
            *denial.refusal(),
            Refusal::JwtGrant(JwtGrantError::Signature)
        );
        assert!(denial.take_effects().is_none());
    }
    assert_eq!(shop.refused(&assertion), JwtGrantError::Signature);

    // Not for what is refused without them.
    let elsewhere = [("assertion", &*assertion)];
    assert!(shop.pending("stranger", &elsewhere).is_err());
}

/// Where it is told, and what is wrong.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));

#[test]
fn what_a_realm_cannot_mean_is_refused_when_it_is_built() {
    let builds = |change: &dyn Fn(&mut Value), profile| {
        let mut document = bank::document(|document| change(document));
        document.profile = profile;
        cambist_testkit::world::World::new(document, &RingProvider)
    };
    let set = |name: &'static str, value: &'static str| {
        move |document: &mut Value| {
            document["identity_providers"][0]["config"][name] = json!(value);
        }
    };
    let changes: [Change<'_>; 7] = [
        ("issuer", &set("issuer", " ")),
        (
            "publicKeySignatureVerifier",
            &set("publicKeySignatureVerifier", "{}"),
        ),
        (
            "jwtAuthorizationGrantMaxAllowedAssertionExpiration",
            &set("jwtAuthorizationGrantMaxAllowedAssertionExpiration", "0"),
        ),
        ("allowedClockSkew", &set("allowedClockSkew", "61")),
        ("jwksUrl", &set("useJwksUrl", "true")),
        ("oauth2.jwt.authorization.grant.idp", &|document| {
            document["clients"][0]["attributes"]["oauth2.jwt.authorization.grant.idp"] =
                json!("bank##nobody");
        }),
        ("oauth2.jwt.authorization.grant.audience", &|document| {
            document["clients"][0]["attributes"]["oauth2.jwt.authorization.grant.audience"] =
                json!("bank=a");
        }),
    ];
    for (place, change) in changes {
        let error = builds(change, Profile::Strict).unwrap_err().to_string();
        assert!(error.contains(place), "{place}: {error}");
        let world = builds(change, Profile::Keycloak).unwrap();
        let noted = world.realm.notes().iter().any(|note| note.contains(place));
        assert!(noted, "{place}: {:?}", world.realm.notes());
    }
    // Two that vouch under one issuer: the first one's rules count.
    let twins = |document: &mut Value| {
        let mut twin = document["identity_providers"][0].clone();
        twin["alias"] = json!("twin");
        document["identity_providers"]
            .as_array_mut()
            .unwrap()
            .push(twin);
    };
    assert!(builds(&twins, Profile::Strict).is_err());
    let world = builds(&twins, Profile::Keycloak).unwrap();
    assert_eq!(
        world.realm.provider_by_issuer(BANK).unwrap().alias(),
        "bank"
    );
}
