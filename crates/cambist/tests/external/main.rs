//! Tokens of identity providers: what each kind takes, and every way to be refused.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot be set up has failed"
)]

mod kinds;
mod outward;
mod town;
mod users;

use cambist::realm::Profile;
use serde_json::{Value, json};

use self::town::{
    ACCESS_TOKEN, BANK, ID_TOKEN, JWT, NOW, Town, bank, claims, signed, stranger, told,
};

const BOTH: [Profile; 2] = [Profile::Keycloak, Profile::Strict];
const INVALID: &str = "400 invalid_token: invalid token";
const NOT_ALLOWED: &str = "403 access_denied: Client not allowed to exchange";
const UNKNOWN_ISSUER: &str = "400 invalid_issuer: Invalid subject_issuer parameter";

fn good() -> String {
    signed(&claims(json!({})), &bank())
}

#[test]
fn a_signed_token_finds_its_provider_by_alias_and_by_issuer() {
    for profile in BOTH {
        let town = Town::new(profile);
        for issuer in ["bank", BANK] {
            assert_eq!(town.made(issuer, JWT, &good()).username, "bea");
        }
        let outcome = town
            .ask(&[("subject_token", &good()), ("subject_token_type", JWT)])
            .unwrap();
        assert_eq!(town::made(&outcome).username, "bea");
        assert!(
            town.asked()
                .iter()
                .all(|(url, _)| url == "https://bank.example/keys")
        );
    }
}

#[test]
fn r06_without_a_permission_on_the_provider_nothing_is_exchanged_and_nobody_asked() {
    for profile in BOTH {
        let town = Town::changed(profile, |document| {
            let list = document["permissions"].as_array_mut().unwrap();
            list.retain(|one| one["provider"] != "github");
        });
        assert_eq!(town.refused("github", ACCESS_TOKEN, "gho"), NOT_ALLOWED);
        for (alias, kind, token) in [
            ("bank", JWT, good()),
            ("asked", ACCESS_TOKEN, "opaque".into()),
            ("google", ACCESS_TOKEN, "ya29".into()),
        ] {
            let form = [
                ("subject_token", &*token),
                ("subject_token_type", kind),
                ("subject_issuer", alias),
            ];
            assert_eq!(told(town.ask_as("other", &form)), NOT_ALLOWED, "{alias}");
        }
        assert_eq!(town.asked(), []);
    }
}

#[test]
fn r07_t097_the_hosted_domain_counts_on_every_way() {
    for profile in BOTH {
        let google = "https://openidconnect.googleapis.com/v1/userinfo";
        let said = |hd: Value| json!({"sub": "1", "hd": hd});
        let town = Town::with(profile, "google", "hostedDomain", "a.example, b.example")
            .saying(google, "good", 200, said(json!("B.example")))
            .saying(google, "other", 200, said(json!("evil.example")))
            .saying(google, "none", 200, json!({"sub": "1"}));
        assert!(town.bring("google", ACCESS_TOKEN, "good").is_ok());
        for token in ["other", "none"] {
            assert_eq!(town.refused("google", ACCESS_TOKEN, token), INVALID);
        }
        let town = Town::with(profile, "bank", "hostedDomain", "a.example");
        for (hd, kind, taken) in [
            (json!("a.example"), JWT, true),
            (json!("evil.example"), JWT, false),
            (json!("evil.example"), ID_TOKEN, false),
            (Value::Null, JWT, false),
            (Value::Null, ID_TOKEN, false),
        ] {
            let token = signed(&claims(json!({"hd": hd})), &bank());
            assert_eq!(
                town.bring("bank", kind, &token).is_ok(),
                taken,
                "{hd} {kind}"
            );
        }
        // Token and user info must both be of an admitted domain.
        let token = signed(
            &claims(json!({"iss": "https://both.example", "aud": "us-at-both", "hd": "a.example"})),
            &bank(),
        );
        let town = Town::with(profile, "both", "hostedDomain", "a.example").saying(
            "https://both.example/me",
            &token,
            200,
            json!({"sub": "b-1", "hd": "evil.example"}),
        );
        assert_eq!(town.refused("both", JWT, &token), INVALID);
        let town = Town::with(profile, "asked", "hostedDomain", "*")
            .saying(
                "https://asked.example/me",
                "with",
                200,
                said(json!("any.example")),
            )
            .saying(
                "https://asked.example/me",
                "without",
                200,
                json!({"sub": "1"}),
            );
        assert!(town.bring("asked", ACCESS_TOKEN, "with").is_ok());
        assert_eq!(town.refused("asked", ACCESS_TOKEN, "without"), INVALID);
    }
}

#[test]
fn r08_t095_an_id_token_of_another_client_is_refused() {
    for profile in BOTH {
        let town = Town::new(profile);
        for (kind, typ) in [(ID_TOKEN, "ID"), (JWT, "ID"), (ID_TOKEN, "Bearer")] {
            for aud in [json!("somebody-else"), json!([]), Value::Null] {
                let token = signed(&claims(json!({"aud": aud, "typ": typ})), &bank());
                assert_eq!(town.refused("bank", kind, &token), INVALID, "{aud} {kind}");
            }
        }
        let aud = json!(["somebody-else", "us-at-bank"]);
        let token = signed(&claims(json!({"aud": aud, "typ": "ID"})), &bank());
        assert!(town.bring("bank", ID_TOKEN, &token).is_ok());
    }
}

/// Whom a token is for is said by `aud` alone: not by who asked for it, and silence admits nobody.
#[test]
fn t096_r53_no_claim_but_the_audience_says_whom_an_id_token_is_for() {
    let own = "us-at-bank";
    for profile in BOTH {
        let town = Town::new(profile);
        for said in [
            json!({}),
            json!({"azp": own}),
            json!({"client_id": own}),
            json!({"azp": own, "client_id": own}),
        ] {
            let token = |aud: Value| {
                let mut all = said.clone();
                all["aud"] = aud;
                all["typ"] = json!("ID");
                signed(&claims(all), &bank())
            };
            for aud in [json!("desk"), json!("somebody-else"), Value::Null] {
                for kind in [ID_TOKEN, JWT] {
                    let refused = town.refused("bank", kind, &token(aud.clone()));
                    assert_eq!(refused, INVALID, "{said} {aud} {kind}");
                }
            }
            assert!(town.bring("bank", ID_TOKEN, &token(json!(own))).is_ok());
        }
    }
}

#[test]
fn r39_t095_in_profile_strict_no_token_of_another_audience_is_taken() {
    for aud in [json!("somebody-else"), Value::Null] {
        let token = signed(&claims(json!({"aud": aud})), &bank());
        let strict = Town::new(Profile::Strict);
        assert_eq!(strict.refused("bank", JWT, &token), INVALID);
        // Recorded: external/wrong-audience, external/no-audience.
        assert!(
            Town::new(Profile::Keycloak)
                .bring("bank", JWT, &token)
                .is_ok()
        );
        let named = Town::with(Profile::Strict, "bank", "audiences", "api, somebody-else");
        assert_eq!(named.bring("bank", JWT, &token).is_ok(), aud.is_string());
    }
}

#[test]
fn r40_a_token_without_times_is_refused() {
    for profile in BOTH {
        let town = Town::new(profile);
        for changed in [
            json!({"exp": null}),
            json!({"exp": 0}),
            json!({"iat": null}),
            json!({"exp": null, "iat": null}),
            json!({"exp": NOW - 1}),
            json!({"nbf": NOW + 1}),
        ] {
            let token = signed(&claims(changed.clone()), &bank());
            assert_eq!(town.refused("bank", JWT, &token), INVALID, "{changed}");
        }
    }
}

#[test]
fn the_allowed_skew_is_for_nbf_alone() {
    let town = Town::with(Profile::Keycloak, "bank", "allowedClockSkew", "60");
    let early = signed(&claims(json!({"nbf": NOW + 60})), &bank());
    assert!(town.bring("bank", JWT, &early).is_ok());
    for changed in [json!({"nbf": NOW + 61}), json!({"exp": NOW - 1})] {
        let token = signed(&claims(changed), &bank());
        assert_eq!(town.refused("bank", JWT, &token), INVALID);
    }
}

#[test]
fn r27_a_token_whose_signature_does_not_hold_is_refused() {
    for profile in BOTH {
        let town = Town::new(profile);
        let token = good();
        let (signed_part, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = signed_part.split_once('.').unwrap();
        let other = signed(&claims(json!({"sub": "b-lena"})), &stranger());
        for forged in [
            signed(&claims(json!({})), &stranger()),
            format!("{header}.{}.{signature}", other.split('.').nth(1).unwrap()),
            format!("{signed_part}."),
            format!("eyJhbGciOiJub25lIn0.{payload}."),
            format!("eyJhbGciOiJub25lIn0.{payload}.AA"),
            format!("{token}A"),
            signed_part.to_owned(),
            "opaque".to_owned(),
            String::new(),
        ] {
            for kind in [JWT, ID_TOKEN] {
                assert_eq!(town.refused("bank", kind, &forged), INVALID, "{forged}");
            }
        }
    }
}

#[test]
fn t094_the_same_key_id_at_two_issuers_is_two_keys() {
    for profile in BOTH {
        let town = Town::new(profile);
        let forge = json!({"iss": "https://forge.example", "aud": "us-at-forge"});
        let of_forge = signed(&claims(forge.clone()), &stranger());
        assert!(town.bring("forge", JWT, &of_forge).is_ok());
        // Of the forge and signed by the bank; of the bank and signed by the forge.
        let crossed = signed(&claims(forge), &bank());
        assert_eq!(town.refused("forge", JWT, &crossed), INVALID);
        let crossed = signed(&claims(json!({})), &stranger());
        assert_eq!(town.refused("bank", JWT, &crossed), INVALID);
        // A good token of one handed in as the other's.
        assert_eq!(town.refused("forge", JWT, &good()), INVALID);
        assert_eq!(town.refused("bank", JWT, &of_forge), INVALID);
    }
}

#[test]
fn t093_issuers_are_equal_byte_by_byte() {
    let town = Town::new(Profile::Keycloak);
    for issuer in [
        "https://bank.example/",
        "https://Bank.example",
        "https://bank.example:443",
        "https://bank%2eexample",
        "http://bank.example",
    ] {
        let token = signed(&claims(json!({"iss": issuer})), &bank());
        assert_eq!(town.refused("bank", JWT, &token), INVALID, "{issuer}");
        let found = town.ask(&[("subject_token", &token), ("subject_token_type", JWT)]);
        assert_eq!(told(found), UNKNOWN_ISSUER, "{issuer}");
    }
    assert_eq!(town.asked(), [], "no key is fetched for them");
}

#[test]
fn t090_only_id_tokens_and_access_tokens_are_taken() {
    const TYPE: &str = "400 invalid_token: token type not supported";
    for profile in BOTH {
        let town = Town::new(profile);
        for typ in [
            json!("Logout"),
            json!("Refresh"),
            json!("JWT"),
            json!("bearer"),
            json!(""),
            Value::Null,
        ] {
            let token = signed(&claims(json!({"typ": typ})), &bank());
            assert_eq!(town.refused("bank", JWT, &token), TYPE, "{typ}");
        }
        for typ in ["at+jwt", "application/at+jwt"] {
            let token = signed(&claims(json!({"typ": typ})), &bank());
            assert!(town.bring("bank", JWT, &token).is_ok(), "{typ}");
        }
        let lax = Town::with(profile, "bank", "disableTypeClaimCheck", "true");
        let token = signed(&claims(json!({"typ": null})), &bank());
        assert!(lax.bring("bank", JWT, &token).is_ok());
    }
}

#[test]
fn r11_r43_t098_a_disabled_provider_vouches_for_nobody() {
    for profile in BOTH {
        let town = Town::new(profile);
        let token = signed(
            &claims(json!({"iss": "https://off.example", "aud": "us-at-off"})),
            &bank(),
        );
        for issuer in ["off", "https://off.example"] {
            assert_eq!(town.refused(issuer, JWT, &token), UNKNOWN_ISSUER);
        }
        let by_token = town.ask(&[("subject_token", &token), ("subject_token_type", JWT)]);
        assert_eq!(told(by_token), UNKNOWN_ISSUER);
        assert_eq!(town.asked(), []);
    }
}

#[test]
fn t099_saml_vouches_for_nobody() {
    let town = Town::new(Profile::Keycloak);
    assert_eq!(town.refused("saml", JWT, &good()), UNKNOWN_ISSUER);
}

#[test]
fn r41_t101_an_opaque_token_is_asked_about_whole() {
    let whole = "x".repeat(200);
    let town = Town::new(Profile::Keycloak).saying(
        "https://asked.example/me",
        &whole,
        200,
        json!({"sub": "1"}),
    );
    assert!(town.bring("asked", ACCESS_TOKEN, &whole).is_ok());
    for other in [&whole[..80], &whole[..199], &format!("{whole}x")] {
        assert_eq!(town.refused("asked", ACCESS_TOKEN, other), INVALID);
        let (_, sent) = town.asked().pop().unwrap();
        assert_eq!(sent.as_deref(), Some(other));
    }
}

#[test]
fn nothing_is_asked_with_a_token_whose_signature_does_not_hold() {
    let forged = signed(
        &claims(json!({"iss": "https://both.example", "aud": "us-at-both"})),
        &stranger(),
    );
    let town = Town::new(Profile::Keycloak).saying(
        "https://both.example/me",
        &forged,
        200,
        json!({"sub": "b-1"}),
    );
    assert_eq!(town.refused("both", JWT, &forged), INVALID);
    assert_eq!(
        town.asked(),
        [("https://bank.example/keys".to_owned(), None)]
    );
}

#[test]
fn user_info_about_somebody_else_is_refused() {
    let token = signed(
        &claims(json!({"iss": "https://both.example", "aud": "us-at-both"})),
        &bank(),
    );
    let me = "https://both.example/me";
    let same = Town::new(Profile::Strict).saying(me, &token, 200, json!({"sub": "b-1"}));
    assert!(same.bring("both", JWT, &token).is_ok());
    let other = Town::new(Profile::Strict).saying(me, &token, 200, json!({"sub": "b-2"}));
    assert_eq!(other.refused("both", JWT, &token), INVALID);
}

#[test]
fn keys_that_cannot_be_had_are_a_refusal() {
    let town = Town::new(Profile::Strict).without_keys();
    assert_eq!(town.refused("bank", JWT, &good()), INVALID);
}

#[test]
fn in_profile_strict_a_provider_needs_an_issuer() {
    for (profile, taken) in [(Profile::Keycloak, true), (Profile::Strict, false)] {
        let town = Town::with(profile, "bank", "issuer", "");
        assert_eq!(town.bring("bank", JWT, &good()).is_ok(), taken);
    }
}

#[test]
fn a_bound_token_needs_its_key() {
    let token = signed(&claims(json!({"cnf": {"jkt": "thumb"}})), &bank());
    let answer = Town::new(Profile::Keycloak).bring("bank", JWT, &token);
    assert!(answer.is_err(), "the binding would be lost");
}

#[test]
fn in_profile_strict_no_token_outlives_the_external_one() {
    let token = signed(&claims(json!({"exp": NOW + 60})), &bank());
    for (profile, life) in [(Profile::Strict, 60), (Profile::Keycloak, 300)] {
        let (effects, _, _, sealed) = Town::new(profile)
            .bring("bank", JWT, &token)
            .unwrap()
            .into_parts();
        assert_eq!(sealed.open(&effects.committed()).unwrap().expires_in, life);
    }
}
