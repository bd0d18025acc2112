//! Requests of strange make, and strange times: nothing is issued, echoed or explained that should not be.

use cambist::{engine::ExplainRequest, moment::Moment, realm::Profile};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::shop::{ACCESS_TOKEN, ISSUER, NOW, Shop, exchange_form, told};

/// What the caller reads: one object of two members, with no byte in it that would end a line or a header.
fn is_plain(body: &str) -> bool {
    let members: serde_json::Map<String, Value> = serde_json::from_str(body).unwrap();
    let known = |name: &String| name == "error" || name == "error_description";
    members.keys().all(known)
        && members.values().all(Value::is_string)
        && body
            .bytes()
            .all(|byte| byte >= 0x20 && byte != 0x7f || byte == b'\t')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Threat T012: whatever is sent in whichever parameter.
    #[test]
    fn t012_nothing_that_is_sent_breaks_out_of_an_answer(
        name in prop_oneof![Just("scope".to_owned()), Just("audience".to_owned()), Just("grant_type".to_owned()),
            Just("client_id".to_owned()), Just("subject_token".to_owned()), Just("requested_token_type".to_owned()),
            Just("requested_subject".to_owned()), "\\PC{1,12}"],
        value in "(\\PC|[\\x00-\\x1f\\x7f\"\\\\]|\r\n|\u{2028}){0,40}",
        strict in any::<bool>(),
    ) {
        let mut shop = if strict { Shop::strict() } else { Shop::new() };
        let login = shop.login().access_token;
        let escaped = |text: &str| form_escaped(text);
        let mut form: Vec<(String, String)> = exchange_form("stock", "stock-secret", &login, &[])
            .into_iter()
            .filter(|(known, _)| *known != name)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        form.push((name, value));
        let body: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
            .collect();
        let answer = match shop.begin_body(&body.join("&")) {
            Ok(pending) => shop.decide(pending),
            Err(denial) => Err(denial.refusal().clone()),
        };
        if let Err(refusal) = answer {
            let body = refusal.wire().body();
            prop_assert!(is_plain(&body), "{body}");
        }
    }
}

fn form_escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Threat T076: times at the ends of every width that clocks and claims have had, in all combinations. Arithmetic that
/// runs over would panic here.
#[test]
fn t076_no_time_is_too_far_off_to_be_reckoned_with() {
    const EDGES: [i64; 9] = [
        i64::MIN,
        -1,
        0,
        1,
        1 << 31,
        1 << 32,
        (1 << 53) - 1,
        i64::MAX - 1,
        i64::MAX,
    ];
    for profile in [Profile::Strict, Profile::Keycloak] {
        let mut issued = 0;
        let mut shop = Shop::with(|document| document.profile = profile);
        let login = shop.login().access_token;
        for exp in EDGES.into_iter().chain([NOW + 60]) {
            for iat in EDGES.into_iter().chain([NOW]) {
                for nbf in [i64::MIN, 0, NOW, i64::MAX] {
                    let times = [
                        ("exp", json!(exp)),
                        ("iat", json!(iat)),
                        ("nbf", json!(nbf)),
                    ];
                    let token = shop.altered(&login, &times);
                    for now in [0, NOW, 1 << 32, i64::MAX] {
                        shop.now = now;
                        let Ok(answer) = shop.exchange("stock", &token, &[]) else {
                            continue;
                        };
                        issued += 1;
                        let claims = shop.claims(&answer.access_token);
                        let ends = claims["exp"].as_i64().unwrap();
                        assert!(
                            now <= exp && nbf <= now.saturating_add(10),
                            "{exp} {nbf} {now}"
                        );
                        assert!(ends >= now && answer.expires_in >= 0, "{claims:?}");
                        assert!(profile == Profile::Keycloak || ends <= exp, "{claims:?}");
                    }
                }
            }
        }
        assert!(issued > 0);
        shop.now = NOW;
        assert!(shop.refresh("till", "x").is_err());
    }
}

/// Threat T071: how far a time may be off, token by token, to the second. No setting makes it more.
#[test]
fn t071_leeways_are_these_and_nobody_sets_them() {
    for (profile, past_its_end) in [(Profile::Strict, 0), (Profile::Keycloak, 1)] {
        let mut shop = Shop::with(|document| document.profile = profile);
        let login = shop.login().access_token;
        // A second is taken at its end by Keycloak; `nbf` may be ten ahead for both.
        for (claim, offset, taken) in [
            ("exp", past_its_end - 1, false),
            ("exp", 1, true),
            ("nbf", 10, true),
            ("nbf", 11, false),
        ] {
            let offset = if claim == "exp" && !taken {
                -past_its_end
            } else {
                offset
            };
            let token = shop.altered(&login, &[(claim, json!(NOW + offset))]);
            let answer = shop.exchange("stock", &token, &[]);
            assert_eq!(answer.is_ok(), taken, "{profile:?} {claim} {offset}");
            // What is minted is not longer for it: it begins now.
            if let Ok(answer) = answer {
                assert_eq!(shop.claims(&answer.access_token)["iat"], json!(NOW));
            }
        }
    }
    for name in ["leeway", "clock_skew", "allowed_clock_skew", "skew"] {
        let document = json!({"realm": "r", "tokens": {name: 3_600}});
        let read = serde_json::from_value::<cambist::realm::document::RealmDocument>(document);
        assert!(read.is_err(), "{name}");
    }
}

/// Threat T114: `resource` is bounded everywhere. Profile `strict` refuses what it would not heed.
#[test]
fn t114_a_resource_is_refused_or_passed_over_and_never_half_read() {
    let values = [
        "https://ledger.example",
        "https://ledger.example/#part",
        "ledger",
        "../ledger",
        "//ledger.example",
        "ftp://ledger.example",
        "javascript:alert(1)",
        "urn:x:ledger",
        "http://[::1",
        "\u{0}",
        "https://ledger.example\r\nx: y",
        " ",
    ];
    let mut strict = Shop::strict();
    let mut keycloak = Shop::new();
    let (strictly, as_ever) = (strict.login().access_token, keycloak.login().access_token);
    let plain = keycloak.exchange("stock", &as_ever, &[]).unwrap();
    let audience = keycloak.claims(&plain.access_token)["aud"].clone();
    for value in values {
        let asked = [("resource", value)];
        let answer = told(strict.exchange("stock", &strictly, &asked));
        assert_eq!(
            (answer.0, answer.1.as_str()),
            (400, "invalid_target"),
            "{value}"
        );
        let answer = keycloak.exchange("stock", &as_ever, &asked).unwrap();
        assert_eq!(
            keycloak.claims(&answer.access_token)["aud"],
            audience,
            "{value}"
        );
    }
    // None is none (RFC 6749 section 3.2).
    assert!(
        strict
            .exchange("stock", &strictly, &[("resource", "")])
            .is_ok()
    );
    let many = vec![("resource", "https://ledger.example"); 1_000];
    assert_eq!(told(keycloak.exchange("stock", &as_ever, &many)).0, 400);
    assert_eq!(told(strict.exchange("stock", &strictly, &many)).0, 400);
}

/// Threat T125: what a request may get depends on what its tokens are. No parameter, there or not, turns a refusal
/// into a token.
#[test]
fn t125_no_parameter_turns_a_refusal_into_a_token() {
    let extras = [
        ("subject_token_type", ACCESS_TOKEN),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
        ("subject_issuer", ISSUER),
        ("subject_issuer", "https://bank.example"),
        ("subject_issuer", "bank"),
        ("requested_issuer", "bank"),
        ("actor_token_type", ACCESS_TOKEN),
        ("actor_token", "a.b.c"),
        ("requested_token_type", ACCESS_TOKEN),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
        ("assertion", "a.b.c"),
        ("refresh_token", "a.b.c"),
        ("username", "ada"),
        ("code", "x"),
    ];
    for profile in [Profile::Strict, Profile::Keycloak] {
        let mut shop = Shop::with(|document| document.profile = profile);
        let login = shop.login();
        let bob = shop.user("bob").id.clone();
        let act = json!({"iss": ISSUER, "sub": bob, "client_id": "stock"});
        let bad = [
            ("loner", login.access_token.clone()),
            ("stock", login.refresh_token.clone().unwrap()),
            (
                "stock",
                shop.altered(&login.access_token, &[("exp", json!(NOW - 1))]),
            ),
            (
                "stock",
                shop.altered(&login.access_token, &[("azp", json!("nobody"))]),
            ),
            (
                "stock",
                shop.altered(&login.access_token, &[("typ", json!("ID"))]),
            ),
            (
                "stock",
                shop.altered(&login.access_token, &[("sub", json!(bob))]),
            ),
            ("stock", format!("{}x", login.access_token)),
        ];
        // A token that names who acts needs that one, in profile `strict` and wherever delegation is on.
        let acts = shop.altered(&login.access_token, &[("act", act)]);
        let acts = (profile == Profile::Strict).then_some(("stock", acts));
        for (client, token) in bad.into_iter().chain(acts) {
            let secret = format!("{client}-secret");
            for first in 0..extras.len() {
                for second in first..extras.len() {
                    let mut form = exchange_form(client, &secret, &token, &[]);
                    form.retain(|(name, _)| *name != "subject_token_type");
                    form.push(extras[first]);
                    if extras[first].0 != extras[second].0 {
                        form.push(extras[second]);
                    }
                    let answer = shop.ask(&form);
                    assert!(
                        answer.is_err(),
                        "{client} {:?} {:?}",
                        extras[first],
                        extras[second]
                    );
                }
            }
        }
        assert!(shop.exchange("stock", &login.access_token, &[]).is_ok());
    }
}

/// Threat T127: what is explained is what is decided, for the same reason.
#[test]
fn t127_what_is_explained_is_what_is_decided() {
    for profile in [Profile::Strict, Profile::Keycloak] {
        let mut shop = Shop::with(|document| document.profile = profile);
        let login = shop.login().access_token;
        let (mut permitted, mut refused) = (0, 0);
        for requester in ["stock", "till", "ledger", "loner"] {
            for audience in [
                None,
                Some("ledger"),
                Some("office"),
                Some("nobody"),
                Some("till"),
            ] {
                for scope in [None, Some("no-such-scope")] {
                    let question: ExplainRequest = serde_json::from_value(json!({
                        "requester": requester, "subject_token": login,
                        "audience": audience.into_iter().collect::<Vec<_>>(), "scope": scope,
                    }))
                    .unwrap();
                    let realm = std::sync::Arc::clone(&shop.world.realm);
                    let moment = Moment::utc(shop.now);
                    let pending = shop.engine.explain(realm, ISSUER, &question, None, moment);
                    let pending = pending.unwrap();
                    let facts = shop.world.facts(&pending.facts_needed());
                    let trace = pending.decide(facts);
                    let mut more = vec![("requested_token_type", ACCESS_TOKEN)];
                    more.extend(audience.map(|audience| ("audience", audience)));
                    more.extend(scope.map(|scope| ("scope", scope)));
                    match shop.exchange(requester, &login, &more) {
                        Ok(_) => {
                            permitted += 1;
                            assert!(trace.permitted, "{question:?}: {trace}");
                        }
                        Err(refusal) => {
                            refused += 1;
                            let told = trace.refusal.map(|told| told.reason);
                            assert_eq!(told, Some(refusal.to_string()));
                        }
                    }
                }
            }
        }
        assert!(permitted > 2 && refused > 10, "{permitted} {refused}");
    }
}
