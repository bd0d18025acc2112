//! One kind of provider after another: a permit, and what it refuses by itself.

use cambist::{facts::User, realm::Profile};
use serde_json::{Value, json};

use super::{
    BOTH, INVALID, UNKNOWN_ISSUER,
    town::{ACCESS_TOKEN, ID_TOKEN, JWT, Town, bank, claims, signed},
};

const TYPE: &str = "400 invalid_token: invalid token type";
const REFRESH: &str = "urn:ietf:params:oauth:token-type:refresh_token";

/// A provider that is asked about opaque tokens: what it says, and who that is.
fn opaque(alias: &str, url: &'static str, says: &Value, is: impl Fn(&User)) {
    for profile in BOTH {
        let mut nobody = says.clone();
        for id in ["sub", "id"] {
            nobody.as_object_mut().unwrap().remove(id);
        }
        let town = Town::new(profile)
            .saying(url, "good", 200, says.clone())
            .saying(url, "created", 201, says.clone())
            .saying(url, "broken", 500, says.clone())
            .saying(url, "list", 200, json!([says]))
            .saying(url, "text", 200, json!("x"))
            .saying(url, "nobody", 200, nobody);
        let user = town.made(alias, ACCESS_TOKEN, "good");
        is(&user);
        let link = &user.federated_identities[0];
        assert_eq!(link.provider, alias);
        // No type declared means an access token.
        let plain = [("subject_token", "good"), ("subject_issuer", alias)];
        assert!(town.ask(&plain).is_ok());
        for token in ["unknown", "created", "broken", "list", "text", "nobody", ""] {
            assert_eq!(
                town.refused(alias, ACCESS_TOKEN, token),
                INVALID,
                "{alias} {token}"
            );
        }
        for (address, token) in town.asked() {
            assert_eq!(address, url);
            assert!(token.is_some());
        }
    }
}

fn refuses_other_types(alias: &str) {
    let town = Town::new(Profile::Keycloak);
    for kind in [JWT, ID_TOKEN, REFRESH, "urn:x:unknown", ""] {
        assert_eq!(town.refused(alias, kind, "good"), TYPE, "{alias} {kind}");
    }
    assert_eq!(town.asked(), []);
}

#[test]
fn oidc_asks_user_info_about_access_tokens() {
    let says = json!({"sub": "7", "preferred_username": "Ann", "name": "Ann van Dam",
                      "email": "Ann@Example.org", "email_verified": true});
    opaque("asked", "https://asked.example/me", &says, |user| {
        assert_eq!(user.username, "ann");
        assert_eq!(user.first_name.as_deref(), Some("Ann van"));
        assert_eq!(user.last_name.as_deref(), Some("Dam"));
        assert_eq!(user.email.as_deref(), Some("ann@example.org"));
        assert!(
            !user.email_verified,
            "the provider is not trusted with that"
        );
    });
    let town = Town::new(Profile::Keycloak);
    for kind in [REFRESH, "urn:x:unknown", ""] {
        assert_eq!(town.refused("asked", kind, "good"), TYPE);
    }
    // Without an address it cannot be asked.
    assert_eq!(town.refused("bank", ACCESS_TOKEN, "opaque"), INVALID);
    let off = Town::with(Profile::Keycloak, "asked", "disableUserInfo", "true");
    assert_eq!(off.refused("asked", ACCESS_TOKEN, "good"), INVALID);
    assert_eq!((town.asked(), off.asked()), (vec![], vec![]));
}

#[test]
fn oidc_checks_access_tokens_that_are_jwts_after_it_asked() {
    let mut town = Town::with(Profile::Strict, "both", "isAccessTokenJWT", "true");
    let of = |changed: Value| {
        let mut all = json!({"iss": "https://both.example", "aud": "us-at-both"});
        for (name, value) in changed.as_object().unwrap() {
            all[name] = value.clone();
        }
        signed(&claims(all), &bank())
    };
    let (good, late) = (of(json!({})), of(json!({"exp": 1})));
    for token in [&good, &late] {
        town = town.saying("https://both.example/me", token, 200, json!({"sub": "b-1"}));
    }
    assert!(town.bring("both", ACCESS_TOKEN, &good).is_ok());
    assert_eq!(town.refused("both", ACCESS_TOKEN, &late), INVALID);
}

#[test]
fn keycloak_oidc_checks_every_token_by_its_signature() {
    for profile in BOTH {
        let town = Town::new(profile);
        let token = signed(
            &claims(json!({"iss": "https://other.example", "aud": "us-at-realm"})),
            &bank(),
        );
        for kind in [JWT, ACCESS_TOKEN, "urn:x:unknown"] {
            assert_eq!(town.made("realm", kind, &token).username, "bea", "{kind}");
            assert_eq!(town.refused("realm", kind, "opaque"), INVALID, "{kind}");
        }
    }
}

#[test]
fn google_is_asked_about_access_tokens() {
    let says = json!({"sub": "1077", "email": "gus@example.org", "given_name": "Gus",
                      "family_name": "Gold"});
    let url = "https://openidconnect.googleapis.com/v1/userinfo";
    opaque("google", url, &says, |user| {
        assert_eq!(user.username, "gus@example.org");
        assert_eq!(user.federated_identities[0].user_id, "1077");
    });
    refuses_other_types("google");
    // It is not found by its issuer.
    let token = signed(
        &claims(json!({"iss": "https://accounts.google.com"})),
        &bank(),
    );
    let town = Town::new(Profile::Keycloak);
    let found = town.ask(&[("subject_token", &token), ("subject_token_type", JWT)]);
    assert_eq!(super::told(found), UNKNOWN_ISSUER);
}

#[test]
fn github_is_asked_below_its_api_address() {
    let says = json!({"id": 90210, "login": "Octo", "name": "Octo Puss", "email": null});
    opaque("github", "https://git.example/api/v3/user", &says, |user| {
        assert_eq!(user.username, "octo");
        assert_eq!(user.email, None);
        assert_eq!(user.last_name.as_deref(), Some("Puss"));
        assert_eq!(
            user.federated_identities[0].user_id, "90210",
            "not the name"
        );
    });
    refuses_other_types("github");
    let town = Town::with(Profile::Keycloak, "github", "apiUrl", "");
    assert!(town.bring("github", ACCESS_TOKEN, "gho").is_err());
    assert_eq!(town.asked()[0].0, "https://api.github.com/user");
}

#[test]
fn gitlab_is_asked_below_its_base_address() {
    let says = json!({"id": 5, "username": "Lab", "name": "Lab Rat", "email": "lab@example.org"});
    opaque("gitlab", "https://lab.example/api/v4/user", &says, |user| {
        assert_eq!(
            (&*user.username, user.first_name.as_deref()),
            ("lab", Some("Lab"))
        );
        assert_eq!(user.federated_identities[0].user_id, "5");
    });
    refuses_other_types("gitlab");
}

#[test]
fn microsoft_is_asked_at_its_graph() {
    let says = json!({"id": "m-1", "userPrincipalName": "Mia@corp.example", "mail": null,
                      "givenName": "Mia", "surname": "Moss"});
    let url = "https://graph.microsoft.com/v1.0/me/";
    opaque("microsoft", url, &says, |user| {
        assert_eq!(user.username, "mia@corp.example");
        assert_eq!(user.last_name.as_deref(), Some("Moss"));
    });
    refuses_other_types("microsoft");
}

#[test]
fn plain_oauth2_is_taken_in_profile_strict_only() {
    let says = json!({"data": {"id": 12, "nick": "Pip"}, "email": "pip@example.org"});
    let url = "https://plain.example/me";
    let strict = Town::new(Profile::Strict)
        .saying(url, "good", 200, says.clone())
        .saying(url, "nobody", 200, json!({"data": {"nick": "Pip"}}));
    let user = strict.made("plain", ACCESS_TOKEN, "good");
    assert_eq!(
        (&*user.username, &*user.federated_identities[0].user_id),
        ("pip", "12")
    );
    for (kind, token, told) in [
        (ACCESS_TOKEN, "unknown", INVALID),
        (ACCESS_TOKEN, "nobody", INVALID),
        (JWT, "good", TYPE),
    ] {
        assert_eq!(strict.refused("plain", kind, token), told);
    }
    let keycloak = Town::new(Profile::Keycloak).saying(url, "good", 200, says);
    assert_eq!(
        keycloak.refused("plain", ACCESS_TOKEN, "good"),
        UNKNOWN_ISSUER
    );
}
