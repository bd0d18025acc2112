//! Regressions and threats, one test a row or a family of rows.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cambist::{
    decision::Decision,
    facts::{Facts, LoginFacts},
};
use serde_json::{Value, json};

use crate::{
    bank,
    shop::{ACCESS_TOKEN, EXCHANGE, ISSUER, REFRESH_TOKEN, Shop, encode, exchange_form, told},
};

const INVALID: &str = "Invalid token";

fn client<'d>(
    document: &'d mut cambist::realm::document::RealmDocument,
    id: &str,
) -> &'d mut cambist::realm::document::ClientDocument {
    let client = document.clients.iter_mut().find(|client| client.id == id);
    client.unwrap()
}

/// A token put together by hand: header, claims, signature of another token.
fn forged(token: &str, header: &Value, claims: &Value) -> String {
    let signature = token.rsplit('.').next().unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn r01_r51_t111_no_permission_no_target() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    for target in ["office", "ledger", "loner", "stock"] {
        let form = exchange_form("till", "till-secret", &token, &[("audience", target)]);
        assert_eq!(told(shop.ask(&form)).0, 403, "{target}");
    }
}

#[test]
fn r02_t005_a_blank_or_repeated_subject_is_no_identity() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    for subject in ["", " ", "\t"] {
        assert_eq!(told(shop.exchange("stock", subject, &[])).0, 400);
    }
    let twice = shop.exchange("stock", &token, &[("subject_token", &token)]);
    assert_eq!(told(twice).2, "duplicated parameter");
    let bare = [
        ("grant_type", EXCHANGE),
        ("client_id", "stock"),
        ("client_secret", "stock-secret"),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    assert_eq!(told(shop.ask(&bare)).0, 400);
}

#[test]
fn t004_nothing_but_targets_may_come_twice() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    for name in [
        "grant_type",
        "scope",
        "subject_token_type",
        "client_id",
        "unknown",
    ] {
        let form = exchange_form("stock", "stock-secret", &token, &[(name, "a"), (name, "a")]);
        assert!(shop.ask(&form).is_err(), "{name}");
    }
    assert!(
        shop.exchange(
            "stock",
            &token,
            &[("audience", "ledger"), ("audience", "ledger")]
        )
        .is_ok()
    );
}

#[test]
fn t006_what_is_not_supported_is_refused_and_what_is_unknown_passed_over() {
    let mut shop = Shop::new();
    shop.change(|document| {
        document.features.insert("token-exchange".into(), false);
    });
    let token = shop.login().access_token;
    for name in ["requested_subject", "requested_issuer", "subject_issuer"] {
        assert!(
            shop.exchange("stock", &token, &[(name, "x")]).is_err(),
            "{name}"
        );
    }
    assert!(
        shop.exchange("stock", &token, &[("of_tomorrow", "x")])
            .is_ok()
    );
}

#[test]
fn t007_t008_forms_are_strict_and_bounded() {
    let shop = Shop::new();
    for body in ["grant_type=%zz", "grant_type=%ff", "grant_type=a&%C3%28=b"] {
        assert!(shop.begin_body(body).is_err(), "{body}");
    }
    let many = "a=b&".repeat(10_000);
    assert!(shop.begin_body(&many).is_err());
    let long = format!("grant_type=password&x={}", "a".repeat(2_000_000));
    assert!(shop.begin_body(&long).is_err());
}

#[test]
fn t011_r56_t016_names_are_exact() {
    let mut shop = Shop::new();
    for grant in ["Password", " password", "password "] {
        let form = [
            ("grant_type", grant),
            ("client_id", "till"),
            ("client_secret", "till-secret"),
        ];
        assert_eq!(told(shop.ask(&form)).1, "unsupported_grant_type", "{grant}");
    }
    for id in ["TILL", "till ", "Till"] {
        let form = [
            ("grant_type", "password"),
            ("client_id", id),
            ("client_secret", "till-secret"),
        ];
        assert_eq!(told(shop.ask(&form)).0, 401, "{id}");
    }
}

#[test]
fn t024_t025_t026_who_may_not_exchange() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let public = [
        ("grant_type", EXCHANGE),
        ("client_id", "app"),
        ("subject_token", &*token),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    assert_eq!(
        told(shop.ask(&public)).2,
        "Public client is not allowed to exchange token"
    );
    let unknown = told(shop.exchange("nobody", &token, &[]));
    shop.change(|document| client(document, "stock").enabled = false);
    assert_eq!(told(shop.exchange("stock", &token, &[])), unknown);
    let mut strict = Shop::strict();
    let token = strict.login().access_token;
    assert_eq!(
        told(strict.exchange("office", &token, &[])).1,
        "unauthorized_client"
    );
}

#[test]
fn r27_r77_t040_t041_t042_t044_t065_headers_choose_nothing() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let mut claims = Value::Object(shop.claims(&token));
    let headers = [
        json!({"alg": "none"}),
        json!({"alg": "none", "kid": "ed"}),
        json!({"alg": "nOnE", "kid": "ed"}),
        json!({"alg": "HS256", "kid": "ed"}),
        json!({"alg": "HS512", "kid": "hs"}),
        json!({"alg": "RS256", "kid": "ed"}),
        json!({"alg": ["EdDSA"], "kid": "ed"}),
        json!({"alg": 1, "kid": "ed"}),
        json!({"kid": "ed"}),
        json!({"alg": "EdDSA"}),
        json!({"alg": "EdDSA", "kid": "../../dev/null"}),
        json!({"alg": "EdDSA", "kid": "' OR 1=1 --"}),
        json!({"alg": "EdDSA", "kid": ["ed"]}),
        json!({"alg": "EdDSA", "kid": "x".repeat(10_000)}),
        json!({"alg": "EdDSA", "kid": "ed", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}),
        json!({"alg": "EdDSA", "kid": "ed", "jku": "https://evil.example/keys"}),
        json!({"alg": "EdDSA", "kid": "ed", "crit": ["exp"]}),
        json!({"alg": "EdDSA", "kid": "ed", "crit": []}),
        json!({"alg": "EdDSA", "kid": "ed", "b64": false, "crit": ["b64"]}),
    ];
    for header in &headers {
        let bad = forged(&token, header, &claims);
        assert_eq!(
            told(shop.exchange("stock", &bad, &[])).2,
            INVALID,
            "{header}"
        );
        assert!(!shop.is_active("stock", &bad), "{header}");
    }
    // Expired and badly signed: it is the signature that is told of, and nothing of the claims.
    claims["exp"] = json!(1);
    let bad = forged(&token, &json!({"alg": "EdDSA", "kid": "ed"}), &claims);
    let refusal = shop.exchange("stock", &bad, &[]).unwrap_err();
    assert!(!refusal.to_string().contains("expired"), "{refusal}");
}

#[test]
fn t049_t050_t051_t063_forms_of_a_token() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let parts: Vec<&str> = token.split('.').collect();
    let bad = [
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{token}.{}.{}", parts[0], parts[1]),
        ".".repeat(19_000),
        json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string(),
        "a".repeat(19_999),
    ];
    for bad in &bad {
        let refused = shop.exchange("stock", bad, &[]);
        assert_eq!(told(refused).0, 400, "{}", bad.get(..40).unwrap_or(bad));
    }
}

#[test]
fn r58_t060_t062_claims_of_a_wrong_type_are_refused_and_not_absent() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    for (name, values) in [
        (
            "exp",
            vec![
                json!("soon"),
                json!(true),
                json!([1]),
                json!({}),
                json!(1e300),
            ],
        ),
        ("nbf", vec![json!("soon"), json!(true), json!([1])]),
        ("iss", vec![json!(1), json!([ISSUER]), json!({})]),
        (
            "aud",
            vec![
                json!(1),
                json!({"a": 1}),
                json!(["stock", 1]),
                json!([["stock"]]),
            ],
        ),
        ("sub", vec![json!(1), json!([])]),
        ("typ", vec![json!(1)]),
        ("jti", vec![json!(1)]),
        ("azp", vec![json!(["till"])]),
    ] {
        for value in values {
            let bad = shop.altered(&token, &[(name, value.clone())]);
            assert!(
                shop.exchange("stock", &bad, &[]).is_err(),
                "{name}: {value}"
            );
            assert!(!shop.is_active("stock", &bad), "{name}: {value}");
        }
    }
}

#[test]
fn t070_t072_times_at_their_edges() {
    let mut shop = Shop::strict();
    let token = shop.login().access_token;
    let now = shop.now;
    for (name, value, good) in [
        ("exp", json!(now + 1), true),
        ("exp", json!(now), false),
        ("exp", json!(now - 1), false),
        ("exp", Value::Null, false),
        ("exp", json!(0), false),
        ("exp", json!(-1), false),
        ("nbf", json!(now), true),
        ("nbf", json!(now + 60), false),
        ("iat", Value::Null, false),
    ] {
        let token = shop.altered(&token, &[(name, value.clone())]);
        let answer = shop.exchange("stock", &token, &[]);
        assert_eq!(answer.is_ok(), good, "{name}: {value}");
    }
}

#[test]
fn r48_t073_t074_t075_no_token_outlives_what_it_is_made_from() {
    let mut shop = Shop::strict();
    shop.change(|document| {
        document.features.insert("token-exchange".into(), false);
    });
    let token = shop.login().access_token;
    let short = shop.altered(&token, &[("exp", json!(shop.now + 7))]);
    let first = shop.exchange("stock", &short, &[]).unwrap();
    assert_eq!(first.expires_in, 7);
    shop.now += 3;
    let second = shop.exchange("ledger", &first.access_token, &[]).unwrap();
    assert_eq!(second.expires_in, 4);
    shop.now += 4;
    assert!(shop.exchange("ledger", &first.access_token, &[]).is_err());
}

#[test]
fn t090_t048_other_kinds_of_token_are_no_access_tokens() {
    let mut shop = Shop::new();
    let login = shop
        .log_in("till", "ada", "engine", &[("scope", "openid")])
        .unwrap();
    let kinds = [login.id_token.unwrap(), login.refresh_token.unwrap()];
    for token in &kinds {
        assert_eq!(told(shop.exchange("stock", token, &[])).2, INVALID);
    }
    for kind in ["Refresh", "Offline", "ID", "Logout", "", "at+jwt"] {
        let bad = shop.altered(&login.access_token, &[("typ", json!(kind))]);
        assert_eq!(told(shop.exchange("stock", &bad, &[])).2, INVALID, "{kind}");
    }
    let missing = shop.altered(&login.access_token, &[("typ", Value::Null)]);
    assert_eq!(told(shop.exchange("stock", &missing, &[])).2, INVALID);
}

#[test]
fn t091_declared_types_are_a_closed_list() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let upper = ACCESS_TOKEN.to_uppercase();
    for kind in [
        &*upper,
        "access_token",
        "urn:ietf:params:oauth:token-type:jwt",
        REFRESH_TOKEN,
    ] {
        let form = [
            ("grant_type", EXCHANGE),
            ("client_id", "stock"),
            ("client_secret", "stock-secret"),
            ("subject_token", &token),
            ("subject_token_type", kind),
        ];
        assert!(shop.ask(&form).is_err(), "{kind}");
    }
}

#[test]
fn r69_t092_t093_an_issuer_is_compared_byte_by_byte() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    for issuer in [
        "https://id.example/realms/shop/",
        "https://id.example/realms/Shop",
        "https://ID.example/realms/shop",
        "https://id.example:443/realms/shop",
        "https://id.example/realms/sho",
        "https://id.example/realms/other",
        "https://id.example/realms/%73hop",
    ] {
        let bad = shop.altered(&token, &[("iss", json!(issuer))]);
        assert!(shop.exchange("stock", &bad, &[]).is_err(), "{issuer}");
    }
}

#[test]
fn t110_the_requester_holds_the_token_or_is_in_its_audience() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let refused = shop.exchange("loner", &token, &[]);
    assert_eq!(
        told(refused),
        (
            403,
            "access_denied".into(),
            "Client is not within the token audience".into()
        )
    );
}

#[test]
fn r46_t112_t115_every_target_or_none() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let good = shop
        .exchange("stock", &token, &[("audience", "ledger")])
        .unwrap();
    assert_eq!(shop.claims(&good.access_token)["aud"], json!("ledger"));
    for targets in [
        ["ledger", "loner"],
        ["ledger", "nobody"],
        ["office", "loner"],
    ] {
        let more = targets.map(|target| ("audience", target));
        assert!(
            shop.exchange("stock", &token, &more).is_err(),
            "{targets:?}"
        );
    }
}

#[test]
fn r12_t120_without_consent_there_is_no_exchange() {
    let mut shop = Shop::with(|document| client(document, "stock").consent_required = true);
    let token = shop.login().access_token;
    assert_eq!(
        told(shop.exchange("stock", &token, &[])).2,
        "Missing consents for Token Exchange in client stock"
    );
}

#[test]
fn r37_t117_t122_scope_does_not_grow_in_profile_strict() {
    let mut shop = Shop::strict();
    shop.change(|document| {
        document.features.insert("token-exchange".into(), false);
    });
    let token = shop.login().access_token;
    let refused = shop.exchange("stock", &token, &[("scope", "phone")]);
    assert!(refused.is_err(), "{refused:?}");
    // T118, R38: what the subject has is given.
    let given = shop
        .exchange("stock", &token, &[("scope", "email")])
        .unwrap();
    assert!(given.scope.contains("email"));
}

#[test]
fn t119_no_offline_token_comes_of_an_exchange() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let more = [
        ("requested_token_type", REFRESH_TOKEN),
        ("scope", "offline_access"),
    ];
    assert_eq!(
        told(shop.exchange("stock", &token, &more)).2,
        "Scope offline_access not allowed for token exchange"
    );
    let more = [("requested_token_type", REFRESH_TOKEN)];
    let first = shop.exchange("stock", &token, &[]).unwrap();
    assert!(shop.exchange("stock", &first.access_token, &more).is_err());
}

#[test]
fn r50_t143_no_mapper_writes_what_the_engine_owns() {
    for name in [
        "iss", "exp", "iat", "jti", "typ", "sid", "scope", "cnf", "act",
    ] {
        let mut shop = Shop::with(|document| {
            client(document, "till").mappers = serde_json::from_value(json!([{
                "name": "evil", "kind": "oidc-hardcoded-claim-mapper",
                "config": {"claim.name": name, "claim.value": "evil", "access.token.claim": "true"}
            }]))
            .unwrap();
        });
        let token = shop.login().access_token;
        assert_ne!(
            shop.claims(&token).get(name),
            Some(&json!("evil")),
            "{name}"
        );
    }
}

#[test]
fn r16_t163_a_revoked_token_of_a_service_account_is_dead() {
    let mut shop = Shop::new();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "stock"),
        ("client_secret", "stock-secret"),
    ];
    let token = shop.ask(&form).unwrap().access_token;
    assert!(shop.is_active("ledger", &token));
    assert_eq!(shop.revoke("stock", &token).status, 200);
    assert!(!shop.is_active("ledger", &token));
    assert_eq!(told(shop.exchange("stock", &token, &[])).2, INVALID);
}

#[test]
fn t166_revoking_the_token_of_another_changes_nothing() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    shop.revoke("loner", &token);
    assert!(shop.is_active("stock", &token));
}

#[test]
fn r17_r18_t167_whoever_is_not_in_the_audience_is_told_nothing() {
    let mut shop = Shop::new();
    shop.change(|document| {
        client(document, "loner").attributes.insert(
            "client.introspection.response.allow.jwt.claim.enabled".into(),
            "true".into(),
        );
    });
    let token = shop.login().access_token;
    for caller in ["loner", "till", "office"] {
        assert_eq!(
            shop.introspect(caller, &token),
            json!({"active": false}),
            "{caller}"
        );
    }
}

#[test]
fn t160_t168_r35_an_account_is_judged_when_the_token_is_made() {
    let mut shop = Shop::new();
    let form = [
        ("grant_type", "password"),
        ("client_id", "till"),
        ("client_secret", "till-secret"),
        ("username", "ada"),
        ("password", "engine"),
    ];
    let pending = shop.begin(&form).unwrap();
    let user = shop.user("ada").clone();
    let facts = Facts {
        login: Some(LoginFacts {
            user: Some(user.into()),
            password_matches: true,
            locked_out: true,
            failures: 30,
        }),
        ..Facts::default()
    };
    assert!(matches!(pending.decide(&facts), Decision::Deny(_)));
    // Disabled between the request and the decision.
    let pending = shop.begin(&form).unwrap();
    shop.change_user("ada", |user| user.enabled = false);
    assert!(shop.decide(pending).is_err());
}

#[test]
fn r36_t223_known_and_unknown_users_are_told_alike() {
    let mut shop = Shop::new();
    let known = told(shop.log_in("till", "ada", "wrong", &[]));
    assert_eq!(told(shop.log_in("till", "nobody", "wrong", &[])), known);
    shop.change_user("bob", |user| user.enabled = false);
    assert_eq!(told(shop.log_in("till", "bob", "wrong", &[])), known);
}

#[test]
fn t160_sub_of_another_user_is_refused() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let bob = shop.user("bob").id.clone();
    for sub in [json!(bob), json!("nobody")] {
        let bad = shop.altered(&token, &[("sub", sub)]);
        assert_eq!(told(shop.exchange("stock", &bad, &[])).2, INVALID);
        assert!(!shop.is_active("stock", &bad));
    }
}

#[test]
fn t129_t169_a_request_is_judged_by_the_snapshot_it_began_with() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    let form = exchange_form("stock", "stock-secret", &token, &[("audience", "ledger")]);
    let pending = shop.begin(&form).unwrap();
    shop.change(|document| client(document, "ledger").enabled = false);
    // It goes on as it began; the next one sees the change.
    assert!(shop.decide(pending).is_ok());
    assert!(shop.ask(&form).is_err());
}

#[test]
fn r20_t181_of_eight_refreshes_on_one_snapshot_all_but_one_conflict() {
    let mut shop = Shop::new();
    let login = shop.login();
    let token = login.refresh_token.unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "till"),
        ("client_secret", "till-secret"),
        ("refresh_token", &*token),
    ];
    let versions: Vec<_> = (0..8)
        .map(|_| {
            let pending = shop.begin(&form).unwrap();
            let facts = shop.world.facts(&pending.facts_needed());
            let Decision::Permit(grant) = pending.decide(&facts) else {
                panic!("no permit");
            };
            grant
                .plan()
                .effects
                .iter()
                .find_map(|effect| match effect {
                    cambist::effects::Effect::PutClientSession { expect, .. } => *expect,
                    _ => None,
                })
                .unwrap()
        })
        .collect();
    // Each names the version it has seen, so a store lets one of them through.
    assert!(versions.iter().all(|version| *version == versions[0]));
    shop.ask(&form).unwrap();
    shop.now += 1;
    assert!(told(shop.ask(&form)).2.contains("reuse exceeded"));
}

#[test]
fn r08_r39_t095_an_assertion_for_another_audience_is_refused() {
    let shop = bank::Shop::new(cambist::realm::Profile::Keycloak);
    for audience in [json!("somebody-else"), json!([ISSUER, "somebody-else"])] {
        assert!(
            shop.bring(&bank::signed(&bank::with("aud", audience)))
                .is_err()
        );
    }
}

#[test]
fn r09_r24_t041_t183_a_forged_assertion_uses_nothing_up() {
    let shop = bank::Shop::new(cambist::realm::Profile::Keycloak);
    for key in [bank::strange_key(), bank::published_as_secret()] {
        let mut denial = shop
            .bring(&bank::sign(&bank::claims(), &key, "JWT"))
            .unwrap_err();
        assert!(denial.take_effects().is_none());
    }
    assert!(shop.bring(&bank::signed(&bank::claims())).is_ok());
}

#[test]
fn r40_an_assertion_without_an_end_is_refused() {
    let shop = bank::Shop::new(cambist::realm::Profile::Strict);
    assert!(
        shop.bring(&bank::signed(&bank::with("exp", Value::Null)))
            .is_err()
    );
    assert!(
        shop.bring(&bank::id_jag(&bank::with("iat", Value::Null)))
            .is_err()
    );
}

#[test]
fn r11_r43_t098_a_disabled_provider_vouches_for_nobody() {
    let shop = bank::Shop::changed(cambist::realm::Profile::Keycloak, |document| {
        document["identity_providers"][0]["enabled"] = json!(false);
    });
    assert!(shop.bring(&bank::signed(&bank::claims())).is_err());
}

#[test]
fn t015_the_issuer_is_the_one_that_is_configured() {
    let mut shop = Shop::new();
    let token = shop.login().access_token;
    assert_eq!(shop.claims(&token)["iss"], json!(ISSUER));
    // A form cannot name another.
    let body = encode(&[
        ("grant_type", "password"),
        ("issuer", "https://evil.example"),
    ]);
    assert!(shop.begin_body(&body).is_err());
}
