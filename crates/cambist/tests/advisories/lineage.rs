//! What a token was made from: recorded in it, and looked at wherever something is to be made of it.

use std::sync::Arc;

use cambist::{
    effects::Effect,
    endpoint::SealedAnswer,
    moment::Moment,
    realm::{Profile, settings::RevokedAncestor},
    request::Envelope,
    subject::MAX_ANCESTORS,
};
use serde_json::{Value, json};

use crate::shop::{self, ISSUER, REFRESH_TOKEN, Shop, encode, told};

const INVALID: &str = "Invalid token";

/// A login at `till`, what `stock` makes of it for `ledger`, and what `ledger` makes of that.
fn chain(shop: &mut Shop) -> [String; 3] {
    let login = shop.login().access_token;
    let child = shop.exchange("stock", &login, &[("audience", "ledger")]);
    let child = child.unwrap().access_token;
    let grandchild = shop.exchange("ledger", &child, &[]);
    [login, child, grandchild.unwrap().access_token]
}

fn with(profile: Profile, setting: Option<RevokedAncestor>) -> Shop {
    Shop::with(|document| {
        document.profile = profile;
        document.tokens.revoked_ancestor = setting;
        // Whoever holds one of these tokens may exchange it and be told about it.
        for name in ["ledger", "stock"] {
            let client = document.clients.iter_mut().find(|client| client.id == name);
            let more = json!({"name": "for itself", "kind": "oidc-audience-mapper",
                "config": {"included.client.audience": name, "access.token.claim": "true"}});
            client
                .unwrap()
                .mappers
                .push(serde_json::from_value(more).unwrap());
        }
    })
}

fn ancestors(shop: &Shop, token: &str) -> Vec<String> {
    let claims = shop.claims(token);
    let list = claims.get("derived_from").and_then(Value::as_array);
    let ids = list.into_iter().flatten();
    ids.map(|ancestor| ancestor["jti"].as_str().unwrap().to_owned())
        .collect()
}

fn id(shop: &Shop, token: &str) -> String {
    shop.claims(token)["jti"].as_str().unwrap().to_owned()
}

/// The writes of a revocation.
fn writes(shop: &Shop, client: &str, token: &str) -> Vec<Effect> {
    let secret = format!("{client}-secret");
    let body = encode(&[
        ("client_id", client),
        ("client_secret", &secret),
        ("token", token),
    ]);
    let moment = Moment::utc(shop.now);
    let realm = Arc::clone(&shop.world.realm);
    let pending = shop
        .engine
        .revoke(realm, &shop.envelope(), body.as_bytes(), moment);
    let pending = pending.unwrap();
    let facts = shop.world.facts(&pending.facts_needed());
    let (effects, _) = pending.answer(&facts).into_parts();
    effects.list().to_vec()
}

fn user_info(shop: &Shop, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let envelope = Envelope {
        issuer: ISSUER,
        authorization: Some(&bearer),
        method: Some("GET"),
        ..Envelope::default()
    };
    let moment = Moment::utc(shop.now);
    let realm = Arc::clone(&shop.world.realm);
    let sealed = match shop.engine.user_info(realm, &envelope, b"", moment) {
        Ok(pending) => {
            let facts = shop.world.facts(&pending.facts_needed());
            pending.answer(&facts)
        }
        Err(refused) => refused,
    };
    status(sealed)
}

fn status(sealed: SealedAnswer) -> u16 {
    let (effects, open) = sealed.into_parts();
    open(effects.committed()).status
}

#[test]
fn r04_every_token_says_what_it_was_made_from() {
    let mut shop = with(Profile::Strict, None);
    let [login, child, grandchild] = chain(&mut shop);
    assert_eq!(ancestors(&shop, &login), Vec::<String>::new());
    assert_eq!(ancestors(&shop, &child), [id(&shop, &login)]);
    assert_eq!(
        ancestors(&shop, &grandchild),
        [id(&shop, &child), id(&shop, &login)]
    );
    let login = shop.log_in("till", "ada", "engine", &[("scope", "openid")]);
    let login = login.unwrap().access_token;
    let scope = [("scope", "openid"), ("requested_token_type", REFRESH_TOKEN)];
    let all = shop.exchange("stock", &login, &scope).unwrap();
    for token in [
        all.access_token,
        all.refresh_token.clone().unwrap(),
        all.id_token.unwrap(),
    ] {
        assert_eq!(ancestors(&shop, &token), [id(&shop, &login)]);
    }
    // A refresh carries it on.
    let anew = shop.refresh("stock", &all.refresh_token.unwrap()).unwrap();
    for token in [anew.access_token, anew.refresh_token.unwrap()] {
        assert_eq!(ancestors(&shop, &token), [id(&shop, &login)]);
    }
}

/// As recorded of Keycloak: its tokens do not say it, and what was made of a revoked token lives and may be exchanged.
#[test]
fn in_profile_keycloak_a_descendant_lives_unless_the_realm_says_otherwise() {
    let mut shop = with(Profile::Keycloak, None);
    let [login, child, grandchild] = chain(&mut shop);
    assert!(!shop.claims(&grandchild).contains_key("derived_from"));
    assert_eq!(shop.revoke("till", &login).status, 200);
    assert!(shop.is_active("ledger", &child));
    assert!(shop.exchange("ledger", &child, &[]).is_ok());
}

#[test]
fn r04_t163_nothing_new_is_made_of_what_was_made_of_a_revoked_token() {
    for (profile, setting) in [
        (Profile::Strict, None),
        (Profile::Keycloak, Some(RevokedAncestor::NoExchange)),
    ] {
        let mut shop = with(profile, setting);
        let [login, child, grandchild] = chain(&mut shop);
        let other = shop.login().access_token;
        let cousin = shop.exchange("stock", &other, &[("audience", "ledger")]);
        let cousin = cousin.unwrap().access_token;
        assert_eq!(shop.revoke("till", &login).status, 200);
        for descendant in [&child, &grandchild] {
            let (status, error, text) = told(shop.exchange("ledger", descendant, &[]));
            assert_eq!(
                (status, error.as_str(), text.as_str()),
                (400, "invalid_request", INVALID)
            );
            // It is not extended; until it ends it is what it was.
            assert!(shop.is_active("ledger", descendant));
        }
        assert!(shop.exchange("ledger", &cousin, &[]).is_ok());
    }
}

/// The middle of a chain takes what comes after it, not what came before.
#[test]
fn r04_revoking_a_child_leaves_the_parent() {
    let mut shop = with(Profile::Strict, None);
    let [login, child, grandchild] = chain(&mut shop);
    assert_eq!(shop.revoke("stock", &child).status, 200);
    assert!(shop.exchange("ledger", &grandchild, &[]).is_err());
    assert!(shop.exchange("stock", &login, &[]).is_ok());
}

#[test]
fn r52_where_the_realm_says_so_descendants_of_a_revoked_token_are_dead() {
    for profile in [Profile::Strict, Profile::Keycloak] {
        let mut shop = with(profile, Some(RevokedAncestor::Inactive));
        let login = shop.log_in("till", "ada", "engine", &[("scope", "openid")]);
        let login = login.unwrap().access_token;
        let child = shop.exchange(
            "stock",
            &login,
            &[("scope", "openid"), ("audience", "ledger")],
        );
        let child = child.unwrap().access_token;
        let grandchild = shop.exchange("ledger", &child, &[("scope", "openid")]);
        let grandchild = grandchild.unwrap().access_token;
        for token in [&child, &grandchild] {
            assert!(shop.is_active("ledger", token));
            assert_eq!(user_info(&shop, token), 200);
        }
        // One write, however many stem from it.
        let written = writes(&shop, "till", &login);
        assert!(
            matches!(&*written, [Effect::Revoke { token, .. }] if **token == *id(&shop, &login)),
            "{written:?}"
        );
        assert_eq!(shop.revoke("till", &login).status, 200);
        for token in [&child, &grandchild] {
            assert_eq!(shop.introspect("ledger", token), json!({"active": false}));
            assert_eq!(user_info(&shop, token), 401);
            assert!(shop.exchange("ledger", token, &[]).is_err());
        }
    }
}

/// A refresh token of an exchange gives nothing once the subject token is revoked, however often it was refreshed.
#[test]
fn r52_a_refresh_token_made_of_a_revoked_token_gives_nothing() {
    for setting in [RevokedAncestor::NoExchange, RevokedAncestor::Inactive] {
        let mut shop = with(Profile::Strict, Some(setting));
        let login = shop.login().access_token;
        // By permission: no note in the client session leads back to the login.
        let mut form =
            shop::exchange_form("stock", "stock-secret", &login, &[("audience", "office")]);
        form.retain(|(name, _)| *name != "subject_token_type");
        let long = shop.ask(&form).unwrap().refresh_token.unwrap();
        let long = shop.refresh("stock", &long).unwrap().refresh_token.unwrap();
        assert_eq!(shop.revoke("till", &login).status, 200);
        let (status, error, _) = told(shop.refresh("stock", &long));
        assert_eq!((status, error.as_str()), (400, "invalid_grant"));
    }
}

/// Revoking a refresh token ends the client session; what was made of that session's tokens knows it.
#[test]
fn r52_revoking_the_refresh_token_takes_what_was_made_of_its_tokens() {
    for (setting, active) in [(None, true), (Some(RevokedAncestor::Inactive), false)] {
        let mut shop = with(Profile::Strict, setting);
        let login = shop.login();
        let child = shop.exchange("stock", &login.access_token, &[("audience", "ledger")]);
        let child = child.unwrap().access_token;
        // Another part in the session keeps it alive.
        let long = [("requested_token_type", REFRESH_TOKEN)];
        let other = shop.exchange("stock", &login.access_token, &long).unwrap();
        let own = shop.claims(&other.refresh_token.unwrap());
        let session = shop
            .world
            .sessions
            .get_mut(own["sid"].as_str().unwrap())
            .unwrap();
        for part in Arc::make_mut(session).clients.values_mut() {
            part.derived_from.clear();
        }
        assert_eq!(
            shop.revoke("till", &login.refresh_token.unwrap()).status,
            200
        );
        assert!(shop.exchange("ledger", &child, &[]).is_err());
        assert_eq!(shop.is_active("ledger", &child), active);
    }
}

/// A session that somebody began by becoming another knows what it stems from.
#[test]
fn r52_an_impersonation_ends_its_use_with_the_token_that_it_was_asked_with() {
    let mut shop = with(Profile::Strict, Some(RevokedAncestor::Inactive));
    shop.change(|document| {
        let policy = json!({"name": "by till", "kind": "client", "clients": ["till"]});
        document
            .policies
            .push(serde_json::from_value(policy).unwrap());
        let permission =
            json!({"name": "become", "action": "impersonate", "policies": ["by till"]});
        document
            .permissions
            .push(serde_json::from_value(permission).unwrap());
    });
    let login = shop.login().access_token;
    let become_bob = [("requested_subject", "bob")];
    let bob = shop.exchange("stock", &login, &become_bob).unwrap();
    let claims = shop.claims(&bob.access_token);
    assert_ne!(claims["sid"], shop.claims(&login)["sid"]);
    // It stands on nobody's part of the other session.
    assert_eq!(claims["derived_from"], json!([{"jti": id(&shop, &login)}]));
    assert!(shop.is_active("stock", &bob.access_token));
    assert_eq!(shop.revoke("till", &login).status, 200);
    assert!(!shop.is_active("stock", &bob.access_token));
    assert!(shop.refresh("stock", &bob.refresh_token.unwrap()).is_err());
}

/// A refresh takes an exchange no further than it went.
#[test]
fn r05_t075_t121_a_refresh_of_an_exchange_goes_no_further_than_the_exchange() {
    let asked = [
        ("audience", "ledger"),
        ("requested_token_type", REFRESH_TOKEN),
    ];
    let mut shop = with(Profile::Strict, None);
    let login = shop.login().access_token;
    let ends = shop.claims(&login)["exp"].as_i64().unwrap();
    let long = shop.exchange("stock", &login, &asked).unwrap();
    assert_eq!(shop.claims(&long.access_token)["aud"], json!("ledger"));
    let mut token = long.refresh_token.unwrap();
    for _ in 0..3 {
        shop.now += 50;
        let anew = shop.refresh("stock", &token).unwrap();
        token = anew.refresh_token.unwrap();
        for minted in [&anew.access_token, &token] {
            assert!(shop.claims(minted)["exp"].as_i64().unwrap() <= ends);
        }
        // The mapper that names `stock` itself widens nothing: who holds a token is within its reach.
        let audience = shop.claims(&anew.access_token)["aud"].clone();
        assert_eq!(audience, json!(["ledger", "stock"]));
    }
    // In profile `keycloak` the refresh begins a new life, and the target is not looked at: as recorded.
    let mut shop = with(Profile::Keycloak, None);
    let login = shop.login().access_token;
    let ends = shop.claims(&login)["exp"].as_i64().unwrap();
    let long = shop.exchange("stock", &login, &asked).unwrap();
    shop.now += 50;
    disable(&mut shop, "ledger");
    let anew = shop.refresh("stock", &long.refresh_token.unwrap()).unwrap();
    assert!(shop.claims(&anew.access_token)["exp"].as_i64().unwrap() > ends);
}

fn disable(shop: &mut Shop, client: &str) {
    shop.change(|document| {
        let client = document.clients.iter_mut().find(|known| known.id == client);
        client.unwrap().enabled = false;
    });
}

/// In profile `strict` a refresh is refused while a client that the exchanged token was for is disabled or gone.
#[test]
fn r05_t121_no_refresh_of_an_exchange_for_a_client_that_is_disabled() {
    for (audience, other) in [("ledger", "office"), ("office", "ledger")] {
        let mut shop = with(Profile::Strict, None);
        let login = shop.login().access_token;
        let asked = [
            ("audience", audience),
            ("requested_token_type", REFRESH_TOKEN),
        ];
        let mut form = shop::exchange_form("stock", "stock-secret", &login, &asked);
        if audience == "office" {
            form.retain(|(name, _)| *name != "subject_token_type");
        }
        let token = shop.ask(&form).unwrap().refresh_token.unwrap();
        disable(&mut shop, other);
        let token = shop
            .refresh("stock", &token)
            .unwrap()
            .refresh_token
            .unwrap();
        disable(&mut shop, audience);
        let (status, error, _) = told(shop.refresh("stock", &token));
        assert_eq!((status, error.as_str()), (400, "invalid_grant"));
    }
    let mut shop = with(Profile::Strict, None);
    let login = shop.login().access_token;
    let asked = [
        ("audience", "ledger"),
        ("requested_token_type", REFRESH_TOKEN),
    ];
    let long = shop.exchange("stock", &login, &asked).unwrap();
    shop.change(|document| document.clients.retain(|client| client.id != "ledger"));
    assert!(shop.refresh("stock", &long.refresh_token.unwrap()).is_err());
}

/// Threat T122: a chain has an end, and is never cut to fit.
#[test]
fn t122_a_token_stems_from_so_many_others_and_not_from_more() {
    let mut shop = with(Profile::Strict, None);
    let mut token = shop.login().access_token;
    token = shop
        .exchange("stock", &token, &[("audience", "ledger")])
        .unwrap()
        .access_token;
    for depth in 2..=MAX_ANCESTORS {
        token = shop.exchange("ledger", &token, &[]).unwrap().access_token;
        assert_eq!(ancestors(&shop, &token).len(), depth);
    }
    let (status, error, text) = told(shop.exchange("ledger", &token, &[]));
    assert_eq!(
        (status, error.as_str(), text.as_str()),
        (400, "invalid_request", INVALID)
    );
    // However long it is, so many ids are looked up and no more.
    let form = shop::exchange_form("ledger", "ledger-secret", &token, &[]);
    let needed = shop.begin(&form).unwrap().facts_needed();
    assert_eq!(needed.revocations.len(), 1 + MAX_ANCESTORS);
}

/// Where the realm records it nobody else writes it, and what nobody could have written is no token.
#[test]
fn r50_r52_no_mapper_writes_what_a_token_was_made_from() {
    let mut shop = with(Profile::Strict, None);
    shop.change(|document| {
        let mapper = json!({"name": "forged", "kind": "oidc-hardcoded-claim-mapper", "config": {
            "claim.name": "derived_from", "claim.value": "[{\"jti\": \"other\"}]", "jsonType.label": "JSON",
            "access.token.claim": "true", "id.token.claim": "true"}});
        for client in &mut document.clients {
            client.mappers.push(serde_json::from_value(mapper.clone()).unwrap());
        }
    });
    let login = shop
        .log_in("till", "ada", "engine", &[("scope", "openid")])
        .unwrap();
    assert_eq!(ancestors(&shop, &login.access_token), Vec::<String>::new());
    assert_eq!(
        ancestors(&shop, &login.id_token.unwrap()),
        Vec::<String>::new()
    );
    let child = shop.exchange("stock", &login.access_token, &[("audience", "ledger")]);
    let child = child.unwrap().access_token;
    assert_eq!(ancestors(&shop, &child), [id(&shop, &login.access_token)]);
    for forged in [json!("none"), json!([{"azp": "till"}]), json!({})] {
        let token = shop.altered(&child, &[("derived_from", forged)]);
        assert!(shop.exchange("ledger", &token, &[]).is_err());
    }
}

/// The mark outlives whatever may stem from the token.
#[test]
fn r52_a_revocation_is_remembered_while_anything_made_of_the_token_lives() {
    let mut shop = with(Profile::Keycloak, Some(RevokedAncestor::Inactive));
    let login = shop.login().access_token;
    let long = [("requested_token_type", REFRESH_TOKEN)];
    let long = shop.exchange("stock", &login, &long).unwrap();
    let ends = shop.claims(&long.refresh_token.unwrap())["exp"]
        .as_i64()
        .unwrap();
    assert!(ends > shop.claims(&login)["exp"].as_i64().unwrap());
    let written = writes(&shop, "till", &login);
    let until = written.iter().find_map(|effect| match effect {
        Effect::Revoke { until, .. } => Some(until.0),
        _ => None,
    });
    assert!(until.unwrap() >= ends);
}

#[test]
fn the_event_says_what_was_made_of_what() {
    for profile in [Profile::Strict, Profile::Keycloak] {
        let mut shop = with(profile, None);
        let login = shop.login().access_token;
        let form = shop::exchange_form("stock", "stock-secret", &login, &[]);
        let pending = shop.begin(&form).unwrap();
        let facts = shop.world.facts(&pending.facts_needed());
        let cambist::decision::Decision::Permit(grant) = pending.decide(&facts) else {
            panic!("denied");
        };
        let mut entropy = cambist_testkit::fixed_entropy::FixedEntropy::new(9);
        let outcome = grant.prepare(&mut entropy).unwrap().sign().unwrap();
        let event = outcome.event().clone();
        assert_eq!(event.derived_from, [id(&shop, &login).into()]);
        let made = outcome
            .commit(|_| Ok::<_, cambist::refusal::Refusal>(()))
            .unwrap();
        assert_eq!(
            event.token.as_deref(),
            Some(&*id(&shop, &made.access_token))
        );
    }
}
