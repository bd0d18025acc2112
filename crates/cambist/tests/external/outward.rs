//! Internal to external: a provider's token handed over.

use cambist::realm::Profile;
use serde_json::json;

use super::{
    BOTH, NOT_ALLOWED,
    town::{ACCESS_TOKEN, ID_TOKEN, JWT, NOW, Town, bank, claims, signed, told},
};

/// A session that began with a token of the bank, and the access token of the realm in it.
fn begun(profile: Profile, kind: &str, token: &str) -> (Town, String) {
    let mut town = Town::new(profile);
    let outcome = town.bring("bank", kind, token).unwrap();
    town.world.apply(outcome.effects());
    let (effects, _, _, sealed) = outcome.into_parts();
    let response = sealed.open(&effects.committed()).unwrap();
    (town, response.access_token)
}

fn hand_over(
    town: &Town,
    token: &str,
    issuer: &str,
    kind: &str,
) -> Result<serde_json::Value, String> {
    let answer = town.ask(&[
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
        ("requested_issuer", issuer),
        ("requested_token_type", kind),
    ]);
    match answer {
        Ok(outcome) => {
            let (effects, _, _, sealed) = outcome.into_parts();
            let body = sealed.open(&effects.committed()).unwrap().body();
            Ok(serde_json::from_slice(&body).unwrap())
        }
        Err(denial) => Err(told(Err(denial))),
    }
}

#[test]
fn the_token_that_began_the_session_comes_back() {
    for profile in BOTH {
        let external = signed(&claims(json!({})), &bank());
        let (town, token) = begun(profile, JWT, &external);
        assert_eq!(
            hand_over(&town, &token, "bank", ACCESS_TOKEN).unwrap(),
            json!({"access_token": external, "expires_in": 0, "refresh_expires_in": 0,
                   "not-before-policy": 0, "issued_token_type": ACCESS_TOKEN})
        );
        let answer = hand_over(&town, &token, "bank", ID_TOKEN).unwrap();
        assert_eq!(
            (&answer["id_token"], answer.get("access_token")),
            (&json!(external), None)
        );
    }
}

#[test]
fn every_refusal() {
    for profile in BOTH {
        let external = signed(&claims(json!({})), &bank());
        let (town, token) = begun(profile, JWT, &external);
        let refused =
            |issuer: &str, kind: &str| hand_over(&town, &token, issuer, kind).unwrap_err();
        assert_eq!(
            refused("nobody", ACCESS_TOKEN),
            "400 invalid_request: Invalid issuer"
        );
        assert_eq!(
            refused("off", ACCESS_TOKEN),
            "400 invalid_request: Invalid issuer"
        );
        assert_eq!(
            refused("saml", ACCESS_TOKEN),
            "400 invalid_request: Issuer does not support token exchange"
        );
        assert_eq!(
            refused("forge", ACCESS_TOKEN),
            "400 not_linked: identity provider is not linked, can only link to current user session"
        );
        assert_eq!(
            refused("forge", ID_TOKEN),
            "400 invalid_target: response_token_type_unsupported"
        );
        let form = [
            ("subject_token", &*token),
            ("subject_token_type", ACCESS_TOKEN),
            ("requested_issuer", "bank"),
        ];
        assert_eq!(
            told(town.ask_as("other", &form)),
            NOT_ALLOWED,
            "no permission"
        );
        let dead = [
            ("subject_token", "garbage"),
            ("subject_token_type", ACCESS_TOKEN),
            ("requested_issuer", "nobody"),
        ];
        assert_eq!(told(town.ask(&dead)), "400 invalid_request: Invalid token");
    }
}

#[test]
fn a_kept_token_is_handed_over_until_it_has_run_out() {
    for (exp, left) in [
        (NOW + 50, Ok(50)),
        (NOW, Err("400 token_expired: linked token is expired")),
    ] {
        let kept = signed(&claims(json!({"exp": exp})), &bank());
        let mut town = Town::changed(Profile::Strict, |document| {
            let list = document["identity_providers"].as_array_mut().unwrap();
            let forge = list.iter_mut().find(|one| one["alias"] == "forge").unwrap();
            forge["store_token"] = json!(true);
            document["users"][0]["federated_identities"] = json!([
                {"provider": "bank", "user_id": "b-lena"},
                {"provider": "forge", "user_id": "f-lena", "token": kept},
            ]);
        });
        let login = signed(&claims(json!({"sub": "b-lena"})), &bank());
        let outcome = town.bring("bank", JWT, &login).unwrap();
        town.world.apply(outcome.effects());
        let (effects, _, _, sealed) = outcome.into_parts();
        let token = sealed.open(&effects.committed()).unwrap().access_token;
        let answer = hand_over(&town, &token, "forge", ACCESS_TOKEN);
        match left {
            Ok(seconds) => {
                let answer = answer.unwrap();
                assert_eq!(answer["access_token"], json!(kept));
                assert_eq!(answer["expires_in"], json!(seconds));
            }
            Err(words) => assert_eq!(answer.unwrap_err(), words),
        }
    }
}
