//! What profile `strict` refuses or hides where Keycloak does not: each beside what profile `keycloak` does.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    client_auth::{ClientAuthError, JWT_BEARER},
    engine::TokenRequest,
    moment::Moment,
    realm::Profile,
    refusal::{ExchangeError, ImpersonationError, Refusal},
    request::{ClientCertificate, Envelope},
};
use serde_json::json;

use crate::shop::{Shop, encode, exchange_form, told};

const PROFILES: [Profile; 2] = [Profile::Strict, Profile::Keycloak];

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Whether the client is believed.
fn believed(
    shop: &Shop,
    header: Option<&str>,
    certificate: Option<&ClientCertificate>,
    more: &[(&str, &str)],
) -> Result<(), Refusal> {
    let envelope = Envelope {
        authorization: header,
        certificate,
        ..shop.envelope()
    };
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend_from_slice(more);
    let (realm, moment) = (Arc::clone(&shop.world.realm), Moment::utc(shop.now));
    let body = encode(&form);
    shop.engine
        .receive(realm, &envelope, body.as_bytes(), moment)
        .and_then(TokenRequest::authenticate)
        .map(drop)
        .map_err(|denial| denial.refusal().clone())
}

fn certificate() -> ClientCertificate {
    ClientCertificate {
        der: b"whatever it is".to_vec(),
        subject: "CN=robot".into(),
        alternatives: Vec::new(),
        trusted: true,
    }
}

/// Two of a header, a secret in the body, an assertion, and the certificate of a client that proves itself by one.
#[test]
fn t020_two_methods_at_once_are_refused() {
    let header = basic("stock", "stock-secret");
    let by_certificate = basic("robot", "any");
    let secret = ("client_secret", "stock-secret");
    let assertion = [
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", "a.b.c"),
    ];
    let shown = certificate();
    for profile in PROFILES {
        let shop = Shop::with(|document| {
            document.profile = profile;
            let robot = json!({"id": "robot", "authenticator": "client-x509", "grants": ["client-credentials"],
                               "attributes": {"x509.subjectdn": "CN=robot"}});
            document
                .clients
                .push(serde_json::from_value(robot).unwrap());
        });
        let several = |asked: Result<(), Refusal>| {
            asked == Err(Refusal::Client(ClientAuthError::SeveralMethods))
        };
        let id = ("client_id", "stock");
        let robot = ("client_id", "robot");
        let strict = profile == Profile::Strict;
        // Each alone will do, and whatever cannot does so for a reason of its own.
        for (header, form) in [(Some(&*header), &[][..]), (None, &[id, secret][..])] {
            assert_eq!(believed(&shop, header, None, form), Ok(()));
        }
        assert_eq!(believed(&shop, None, Some(&shown), &[robot]), Ok(()));
        // A certificate that tokens may be bound to is no method.
        assert_eq!(believed(&shop, Some(&header), Some(&shown), &[]), Ok(()));
        for (header, certificate, form) in [
            (Some(&header), None, vec![secret]),
            (Some(&header), None, assertion.to_vec()),
            (None, None, vec![id, secret, assertion[0], assertion[1]]),
            (None, Some(&shown), vec![robot, ("client_secret", "any")]),
            (Some(&by_certificate), Some(&shown), vec![]),
            (None, Some(&shown), vec![robot, assertion[0], assertion[1]]),
        ] {
            let header = header.map(String::as_str);
            let asked = believed(&shop, header, certificate, &form);
            assert_eq!(several(asked.clone()), strict, "{form:?}: {asked:?}");
            assert_eq!(asked.is_ok(), !strict, "{form:?}");
        }
        // An empty value is none (RFC 6749 section 3.2).
        let empty = [("client_secret", ""), ("client_assertion", "")];
        let asked = believed(&shop, Some(&header), None, &empty);
        assert!(!several(asked));
    }
}

#[test]
fn t021_two_clients_at_once_are_refused() {
    for profile in PROFILES {
        let mut shop = Shop::with(|document| document.profile = profile);
        let header = basic("ledger", "ledger-secret");
        let strict = profile == Profile::Strict;
        let secret = [("client_id", "stock"), ("client_secret", "stock-secret")];
        for form in [&secret[..1], &secret[..]] {
            let asked = believed(&shop, Some(&header), None, form);
            let several = Err(Refusal::Client(ClientAuthError::SeveralClients));
            assert_eq!(asked == several, strict, "{asked:?}");
        }
        // The same one twice is one.
        let same = basic("stock", "stock-secret");
        assert_eq!(believed(&shop, Some(&same), None, &secret[..1]), Ok(()));
        // What is told does not say which of them exists.
        let unknown = believed(&shop, Some(&header), None, &[("client_id", "nobody")]);
        assert_eq!(told(Err(unknown.unwrap_err())).0, 401);
        assert!(shop.ask(&[("grant_type", "client_credentials")]).is_err());
    }
}

/// What is told of targets that cannot be had, for every reason why, request by request. The name that was asked for is
/// left out: the caller knows it.
fn told_of_targets(profile: Profile) -> Vec<Vec<(u16, String, String)>> {
    let mut shop = Shop::with(|document| {
        document.profile = profile;
        for (id, enabled) in [("closed", false), ("barred", true)] {
            let client = json!({"id": id, "secret": "s", "enabled": enabled});
            document
                .clients
                .push(serde_json::from_value(client).unwrap());
        }
    });
    let login = shop.login().access_token;
    let app = shop
        .log_in("app", "ada", "engine", &[])
        .unwrap()
        .access_token;
    let mut answers = Vec::new();
    for more in [
        &[][..],
        &[("scope", "no-such-scope")][..],
        &[(
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:refresh_token",
        )][..],
        &[(
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        )][..],
        &[("audience", "ledger")][..],
        &[("audience", "office")][..],
    ] {
        for (client, subject) in [
            ("stock", &login),
            ("app", &app),
            ("app", &login),
            ("loner", &login),
        ] {
            for standard in [true, false] {
                let mut row = Vec::new();
                for target in ["nobody", "closed", "barred"] {
                    let secret = format!("{client}-secret");
                    let mut form = exchange_form(client, &secret, subject, more);
                    form.push(("audience", target));
                    if client == "app" {
                        form.retain(|(name, _)| *name != "client_secret");
                    }
                    if !standard {
                        form.retain(|(name, _)| *name != "subject_token_type");
                    }
                    let (status, code, text) = told(shop.ask(&form));
                    row.push((status, code, text.replace(target, "…")));
                }
                answers.push(row);
            }
        }
    }
    answers
}

#[test]
fn t113_an_unknown_a_disabled_and_a_forbidden_target_are_told_alike() {
    for row in told_of_targets(Profile::Strict) {
        assert!(row.iter().all(|told| *told == row[0]), "{row:?}");
    }
    // Keycloak tells them apart, and so does its profile: the comparison sees it.
    let apart = told_of_targets(Profile::Keycloak);
    assert!(apart.iter().any(|row| row[0] != row[1] && row[1] != row[2]));
}

#[test]
fn t147_who_was_become_becomes_nobody_else() {
    for profile in PROFILES {
        let mut shop = Shop::with(|document| {
            document.profile = profile;
            let policy = json!({"name": "both", "kind": "client", "clients": ["till", "stock"]});
            document
                .policies
                .push(serde_json::from_value(policy).unwrap());
            let permission =
                json!({"name": "become", "action": "impersonate", "policies": ["both"]});
            document
                .permissions
                .push(serde_json::from_value(permission).unwrap());
        });
        let login = shop.login().access_token;
        let bob = shop.exchange("stock", &login, &[("requested_subject", "bob")]);
        let bob = bob.unwrap().access_token;
        let again = shop.exchange("stock", &bob, &[("requested_subject", "ada")]);
        match profile {
            Profile::Strict => assert_eq!(
                again.unwrap_err(),
                Refusal::Exchange(ExchangeError::Impersonation(
                    ImpersonationError::AlreadyImpersonated
                ))
            ),
            Profile::Keycloak => assert!(again.is_ok()),
        }
        // It is exchanged on as any other token.
        assert!(
            shop.exchange(
                "stock",
                &bob,
                &[("requested_token_type", crate::shop::ACCESS_TOKEN)]
            )
            .is_ok()
        );
    }
}

/// Regression R20: within one second times do not tell an old refresh token from a new one. Keycloak takes it.
#[test]
fn r20_a_spent_refresh_token_is_dead_within_its_own_second() {
    for profile in PROFILES {
        let mut shop = Shop::with(|document| document.profile = profile);
        let first = shop.login().refresh_token.unwrap();
        let mut token = first.clone();
        let mut spent = Vec::new();
        for _ in 0..4 {
            let next = shop.refresh("till", &token).unwrap().refresh_token.unwrap();
            spent.push(std::mem::replace(&mut token, next));
        }
        let strict = profile == Profile::Strict;
        // The one used last ends the client's part when it is used again, so it is left out here.
        for old in &spent[..3] {
            assert_eq!(shop.clone().refresh("till", old).is_err(), strict);
        }
        assert!(shop.clone().refresh("till", &token).is_ok());
        shop.now += 1;
        assert!(shop.clone().refresh("till", &token).is_ok());
        let next = shop.refresh("till", &token).unwrap().refresh_token.unwrap();
        for old in &spent {
            assert!(shop.clone().refresh("till", old).is_err());
        }
        assert!(shop.refresh("till", &next).is_ok());
    }
}
