//! From an identity to a user: linked, made, kept up to date, or nobody.

use cambist::{
    effects::Effect,
    facts::{FactsNeeded, LinkQuery},
    realm::Profile,
};
use serde_json::{Value, json};

use super::{
    BOTH,
    town::{JWT, Town, bank, claims, made, signed, told},
};

const EXISTS: &str = "400 invalid_token: User already exists";

fn token(changed: Value) -> String {
    signed(&claims(changed), &bank())
}

fn mapped(alias: &str, sync: &str, mappers: Value) -> Town {
    Town::changed(Profile::Keycloak, |document| {
        let list = document["identity_providers"].as_array_mut().unwrap();
        let provider = list.iter_mut().find(|one| one["alias"] == alias).unwrap();
        provider["config"]["syncMode"] = json!(sync);
        provider["mappers"] = mappers;
        document["roles"] = json!([{"name": "staff"}, {"name": "guest"}]);
        document["groups"] = json!([{"name": "crew"}]);
    })
}

#[test]
fn a_linked_user_stays_as_it_is() {
    for profile in BOTH {
        let town = Town::new(profile);
        let outcome = town
            .bring(
                "bank",
                JWT,
                &token(json!({"sub": "b-lena", "email": "new@example.org"})),
            )
            .unwrap();
        let effects = outcome.effects().list();
        assert!(matches!(effects, [Effect::StartSession(session)]
            if session.method == "external-exchange"
                && session.notes["EXTERNAL_IDENTITY_PROVIDER"] == "bank"));
        assert!(!format!("{effects:?}").contains(&token(json!({"sub": "b-lena"}))[..40]));
    }
}

#[test]
fn r10_a_disabled_user_gets_nothing() {
    for profile in BOTH {
        let answer = Town::new(profile).bring("bank", JWT, &token(json!({"sub": "b-shut"})));
        assert_eq!(told(answer), "400 invalid_token: Invalid Token");
    }
}

#[test]
fn whoever_is_locked_out_gets_nothing() {
    for profile in BOTH {
        let mut town = Town::new(profile);
        let token = token(json!({"sub": "b-lena"}));
        assert!(town.bring("bank", JWT, &token).is_ok());
        town.locked_out = true;
        let answer = town.bring("bank", JWT, &token);
        assert_eq!(told(answer), "400 invalid_token: Invalid Token");
    }
}

#[test]
fn the_second_exchange_finds_the_user_of_the_first() {
    let mut town = Town::new(Profile::Strict);
    let first = town.bring("bank", JWT, &token(json!({}))).unwrap();
    let user = made(&first);
    town.world.apply(first.effects());
    let needed = FactsNeeded {
        link: Some(LinkQuery {
            provider: "bank".into(),
            user_id: "b-1".into(),
            username: "x".into(),
            email: None,
        }),
        ..FactsNeeded::default()
    };
    let linked = town.world.facts(&needed).link.unwrap().user.unwrap();
    assert_eq!(linked.id, user.id);
    let second = town
        .bring(
            "bank",
            JWT,
            &token(json!({"preferred_username": "renamed"})),
        )
        .unwrap();
    assert!(
        matches!(second.effects().list(), [Effect::StartSession(session)]
        if session.user == user.id)
    );
}

#[test]
fn two_identities_are_two_users() {
    let town = Town::new(Profile::Strict);
    let one = town.made("bank", JWT, &token(json!({})));
    let again = town.made("bank", JWT, &token(json!({})));
    let other = town.made("bank", JWT, &token(json!({"sub": "b-2"})));
    assert_eq!(one.id, again.id, "racing first exchanges make one");
    assert_ne!(one.id, other.id);
}

#[test]
fn nobody_is_linked_by_name_or_address() {
    for profile in BOTH {
        let town = Town::new(profile);
        for changed in [
            json!({"preferred_username": "dora"}),
            json!({"preferred_username": " DoRa "}),
            json!({"email": "Dora@example.org", "email_verified": true}),
        ] {
            assert_eq!(town.refused("bank", JWT, &token(changed)), EXISTS);
        }
    }
}

#[test]
fn an_address_counts_as_verified_where_the_provider_is_trusted() {
    for trusted in [false, true] {
        let town = Town::changed(Profile::Keycloak, |document| {
            document["identity_providers"][0]["trust_email"] = json!(trusted);
        });
        let said = json!({"email": "x@example.org", "email_verified": !trusted});
        assert_eq!(town.made("bank", JWT, &token(said)).email_verified, trusted);
        assert!(!town.made("bank", JWT, &token(json!({}))).email_verified);
    }
}

#[test]
fn a_provider_for_linking_makes_nobody() {
    let town = Town::changed(Profile::Keycloak, |document| {
        document["identity_providers"][0]["link_only"] = json!(true);
    });
    let refused = town.refused("bank", JWT, &token(json!({})));
    assert_eq!(refused, "400 invalid_token: Invalid Token");
    assert!(
        town.bring("bank", JWT, &token(json!({"sub": "b-lena"})))
            .is_ok()
    );
}

#[test]
fn mappers_write_a_new_user_and_its_session() {
    let mapper = |name: &str, kind: &str, config: Value| json!({"name": name, "kind": kind, "config": config});
    let town = mapped(
        "bank",
        "LEGACY",
        json!([
            mapper(
                "unit",
                "oidc-user-attribute-idp-mapper",
                json!({"claim": "org.unit", "user.attribute": "department"})
            ),
            mapper(
                "site",
                "hardcoded-attribute-idp-mapper",
                json!({"attribute": "site", "attribute.value": "north"})
            ),
            mapper(
                "guest",
                "oidc-hardcoded-role-idp-mapper",
                json!({"role": "guest"})
            ),
            mapper(
                "staff",
                "oidc-advanced-role-idp-mapper",
                json!({"role": "staff", "are.claim.values.regex": "true",
                          "claims": r#"[{"key": "groups", "value": "/cr.w"}]"#})
            ),
            mapper(
                "crew",
                "oidc-hardcoded-group-idp-mapper",
                json!({"group": "/crew"})
            ),
            mapper(
                "note",
                "oidc-user-session-note-idp-mapper",
                json!({"claims": r#"[{"key": "tenant", "value": ""}]"#})
            ),
            mapper(
                "forged",
                "hardcoded-user-session-attribute-idp-mapper",
                json!({"attribute": "IMPERSONATOR_ID", "attribute.value": "x"})
            ),
            mapper(
                "name",
                "oidc-username-idp-mapper",
                json!({"template": "${ALIAS}.${CLAIM.preferred_username | uppercase}"})
            ),
        ]),
    );
    let said = json!({"org": {"unit": ["Ships", "Docks"]}, "groups": ["/x", "/crew"],
                      "tenant": "t1"});
    let outcome = town.bring("bank", JWT, &token(said)).unwrap();
    let user = made(&outcome);
    assert_eq!(user.username, "bank.bea");
    assert_eq!(user.attributes["department"], ["Ships", "Docks"]);
    assert_eq!(user.attributes["site"], ["north"]);
    assert_eq!(user.groups.len(), 1);
    let has = |name: &str| {
        let role = town.world.realm.realm_role(name).unwrap();
        user.roles.iter().any(|id| *id == *role.id())
    };
    assert!(has("guest") && has("staff") && has("default-roles-town"));
    let session = outcome
        .effects()
        .list()
        .iter()
        .find_map(|effect| match effect {
            Effect::StartSession(session) => Some(session),
            _ => None,
        });
    let notes = &session.unwrap().notes;
    assert_eq!(notes["tenant"], "t1");
    assert!(
        !notes.contains_key("IMPERSONATOR_ID"),
        "nobody impersonated anybody"
    );
}

#[test]
fn sync_modes_say_what_follows_the_provider() {
    let mappers = json!([
        {"name": "unit", "kind": "oidc-user-attribute-idp-mapper",
         "config": {"claim": "unit", "user.attribute": "department"}},
        {"name": "last", "kind": "oidc-user-attribute-idp-mapper",
         "config": {"claim": "family_name", "user.attribute": "lastName"}},
        {"name": "staff", "kind": "oidc-role-idp-mapper",
         "config": {"claim": "groups", "claim.value": "/crew", "role": "staff"}},
    ]);
    for (sync, last, staff) in [("IMPORT", None, false), ("FORCE", Some("New"), true)] {
        let town = mapped("bank", sync, mappers.clone());
        let said = json!({"sub": "b-lena", "unit": "Docks", "family_name": "New",
                          "groups": "/crew"});
        let outcome = town.bring("bank", JWT, &token(said)).unwrap();
        let put = outcome
            .effects()
            .list()
            .iter()
            .find_map(|effect| match effect {
                Effect::PutUser { user, .. } => Some(user),
                _ => None,
            });
        let user = put.unwrap();
        assert_eq!(user.attributes["department"], ["Docks"], "{sync}");
        assert_eq!(user.last_name.as_deref(), last, "{sync}");
        assert_eq!(user.roles.len(), usize::from(staff), "{sync}");
    }
}

#[test]
fn nobody_is_made_under_an_empty_name() {
    let town = mapped(
        "bank",
        "LEGACY",
        json!([{"name": "n", "kind": "oidc-username-idp-mapper",
                "config": {"template": "x-${CLAIM.nick}"}}]),
    );
    let refused = town.refused("bank", JWT, &token(json!({})));
    assert_eq!(refused, "400 invalid_token: invalid token");
    assert_eq!(
        town.made("bank", JWT, &token(json!({"nick": "n"})))
            .username,
        "x-n"
    );
}

#[test]
fn a_refusal_behind_the_user_leaves_one_as_recorded_and_none_by_hand() {
    for (profile, left) in [(Profile::Keycloak, 1), (Profile::Strict, 0)] {
        let town = Town::new(profile);
        let token = token(json!({}));
        let answer = town.ask(&[
            ("subject_token", &token),
            ("subject_token_type", JWT),
            ("subject_issuer", "bank"),
            ("audience", "shop"),
        ]);
        let mut denial = answer.unwrap_err();
        let effects = denial.take_effects();
        assert_eq!(effects.map_or(0, |effects| effects.list().len()), left);
        assert_eq!(
            denial.refusal().wire().status,
            403,
            "no permission on the target"
        );
    }
}
