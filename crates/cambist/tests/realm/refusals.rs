//! Each refusal, with the place it names.

use cambist::realm::document::{
    ClientGrant, EnvironmentSecret, IdentityProviderDocument, PermissionDocument, SecretSource,
};

use crate::{
    build, client_with, composite, group, mapper, notes, realm_with, refusal, role, scope,
};

#[test]
fn names_are_neither_empty_nor_too_long_nor_unprintable() {
    let long = "x".repeat(256);
    assert_eq!(
        refusal(&realm_with(|realm| realm.realm.clear())),
        "realm: must not be empty"
    );
    assert_eq!(
        refusal(&realm_with(|realm| realm.id = Some(long.clone()))),
        "id: 256 bytes are more than the 255 allowed"
    );
    assert_eq!(
        refusal(&client_with(|client| client.id = "a\0b".to_owned())),
        "clients[0].id: control characters are not allowed"
    );
    assert_eq!(
        refusal(&client_with(|client| client.uuid = Some(String::new()))),
        "clients[0].uuid: must not be empty"
    );
    assert_eq!(
        refusal(&client_with(|client| client.roles.push(role("")))),
        "clients[0].roles[0].name: must not be empty"
    );
    assert_eq!(
        refusal(&client_with(|client| client
            .mappers
            .push(mapper("", "oidc-sub-mapper")))),
        "clients[0].mappers[0].name: must not be empty"
    );
    assert_eq!(
        refusal(&realm_with(|realm| realm.groups.push(group("")))),
        "groups[0].name: must not be empty"
    );
}

#[test]
fn a_name_belongs_to_one_thing() {
    let twice = |change: &dyn Fn(&mut cambist::realm::document::RealmDocument)| {
        refusal(&realm_with(|realm| {
            change(realm);
            change(realm);
        }))
    };
    assert_eq!(
        twice(&|realm| realm
            .clients
            .push(cambist::realm::document::ClientDocument::named("a"))),
        "clients[1].id: client \"a\" is there twice; first at clients[0]"
    );
    assert_eq!(
        twice(&|realm| realm.roles.push(role("a"))),
        "roles[1].id: internal id \"".to_owned()
            + &derived("role", "a")
            + "\" is there twice; first at roles[0]"
    );
    assert_eq!(
        twice(&|realm| {
            let mut role = role("a");
            role.id = Some(format!("id-{}", realm.roles.len()));
            realm.roles.push(role);
        }),
        "roles[1].name: role \"a\" is there twice; first at roles[0]"
    );
    assert_eq!(
        twice(&|realm| realm.client_scopes.get_or_insert_default().push(scope("a"))),
        "client_scopes[1].name: client scope \"a\" is there twice; first at client_scopes[0].name"
    );
    assert_eq!(
        twice(&|realm| realm.groups.push(group("a"))),
        "groups[1].name: group \"a\" is there twice; first at groups[0].name"
    );
    assert_eq!(
        twice(&|realm| realm.identity_providers.push(provider("a"))),
        "identity_providers[1].alias: identity provider \"a\" is there twice; \
         first at identity_providers[0].alias"
    );
    assert_eq!(
        refusal(&client_with(|client| {
            client.mappers = vec![
                mapper("m", "oidc-sub-mapper"),
                mapper("m", "oidc-acr-mapper"),
            ];
        })),
        "clients[0].mappers[1].name: mapper \"m\" is there twice; first at clients[0].mappers[0].name"
    );
}

#[test]
fn an_internal_id_belongs_to_one_thing() {
    let mut document = client_with(|client| client.uuid = Some("same".to_owned()));
    let mut other = document.clients[0].clone();
    other.id = "other".to_owned();
    document.clients.push(other);
    assert_eq!(
        refusal(&document),
        "clients[1].uuid: internal id \"same\" is there twice; first at clients[0].uuid"
    );

    let with_id = |name: &str| {
        let mut role = role(name);
        role.id = Some("same".to_owned());
        role
    };
    let mut document = client_with(|client| client.roles = vec![role("x"), with_id("a")]);
    document
        .clients
        .insert(0, cambist::realm::document::ClientDocument::named("first"));
    document.clients[0].roles = vec![role("y"), with_id("b")];
    assert_eq!(
        refusal(&document),
        "clients[1].roles[1].id: internal id \"same\" is there twice; first at clients[0].roles[1]"
    );

    let document = realm_with(|realm| {
        let mut outer = group("outer");
        outer.id = Some("same".to_owned());
        let mut inner = group("inner");
        inner.id = Some("same".to_owned());
        outer.groups.push(inner);
        realm.groups.push(outer);
    });
    assert_eq!(
        refusal(&document),
        "groups[0].groups[0].id: internal id \"same\" belongs to \"/outer\""
    );
}

#[test]
fn roles_that_nobody_defined_are_refused() {
    assert_eq!(
        refusal(&realm_with(|realm| realm
            .roles
            .push(composite("a", &["b"])))),
        "roles[0].composites.realm[0]: no realm role is named \"b\""
    );
    let clients = |names: &[&str]| {
        [(
            "shop".to_owned(),
            names.iter().map(|name| (*name).to_owned()).collect(),
        )]
        .into()
    };
    assert_eq!(
        refusal(&realm_with(|realm| {
            realm.roles.push(role("a"));
            realm.roles[0].composites.clients = clients(&["read"]);
        })),
        "roles[0].composites.clients.shop: no client is named \"shop\""
    );
    assert_eq!(
        refusal(&client_with(
            |client| client.scope_mappings.clients = clients(&["read"])
        )),
        "clients[0].scope_mappings.clients.shop[0]: no client role is named \"read\""
    );
    assert_eq!(
        refusal(&realm_with(|realm| {
            realm.client_scopes = Some(vec![scope("s")]);
            realm.client_scopes.as_mut().unwrap()[0]
                .scope_mappings
                .realm = vec!["b".to_owned()];
        })),
        "client_scopes[0].scope_mappings.realm[0]: no realm role is named \"b\""
    );
    assert_eq!(
        refusal(&realm_with(|realm| {
            realm.groups.push(group("g"));
            realm.groups[0].roles.realm = vec!["b".to_owned()];
        })),
        "groups[0].roles.realm[0]: no realm role is named \"b\""
    );
}

/// Each of these is refused in profile `strict` and a note in profile `keycloak`, with the same text.
#[test]
fn what_keycloak_passes_over_is_a_note_in_its_profile() {
    let attribute = |key: &str, value: &str| {
        client_with(|client| {
            client.attributes.insert(key.to_owned(), value.to_owned());
        })
    };
    let cases = [
        (
            client_with(|client| {
                client.default_scopes = Some(vec!["basic".to_owned(), "none".to_owned()]);
            }),
            "clients[0].default_scopes[1]: no client scope is named \"none\"",
        ),
        (
            realm_with(|realm| realm.optional_scopes = Some(vec!["none".to_owned()])),
            "optional_scopes[0]: no client scope is named \"none\"",
        ),
        (
            client_with(|client| client.mappers.push(mapper("m", "telepathy"))),
            "clients[0].mappers[0]: mapper of kind telepathy: unknown kind of mapper \"telepathy\"",
        ),
        (
            realm_with(|realm| realm.client_scopes = Some(vec![scope("two words")])),
            "client_scopes[0].name: should be printable ASCII without blank, quotation mark and backslash",
        ),
        (
            client_with(|client| client.protocol = "docker-v2".to_owned()),
            "clients[0].protocol: \"docker-v2\" is none of openid-connect, saml",
        ),
        (
            client_with(|client| {
                client.public = true;
                client.grants.push(ClientGrant::ClientCredentials);
            }),
            "clients[0]: public and client-credentials exclude each other",
        ),
        (
            client_with(|client| {
                client.public = true;
                client.secret = Some(SecretSource::Text("s".to_owned().into()));
            }),
            "clients[0].secret: public and secret exclude each other",
        ),
        (
            client_with(|client| client.secret = Some(SecretSource::Text(String::new().into()))),
            "clients[0].secret: must not be empty",
        ),
        (
            attribute("access.token.lifespan", "abc"),
            "clients[0].attributes.\"access.token.lifespan\": access.token.lifespan of client \
             \"shop\" is \"abc\", not a whole number of seconds",
        ),
        (
            attribute("client.session.max.lifespan", "-1"),
            "clients[0].attributes.\"client.session.max.lifespan\": -1 is not between 0 and 2147483647",
        ),
        (
            attribute("client.session.idle.timeout", "90000"),
            "clients[0].attributes.\"client.session.idle.timeout\": client.session.idle.timeout of \
             client \"shop\" is 90000 seconds, more than the realm's 1800",
        ),
        (
            attribute("use.refresh.tokens", "yes"),
            "clients[0].attributes.\"use.refresh.tokens\": \"yes\" is none of true, false",
        ),
        (
            attribute(
                "standard.token.exchange.enableRefreshRequestedTokenType",
                "same_session",
            ),
            "clients[0].attributes.\"standard.token.exchange.enableRefreshRequestedTokenType\": \
             \"same_session\" is none of NO, SAME_SESSION",
        ),
        (
            attribute("acr.loa.map", "[]"),
            "clients[0].attributes.\"acr.loa.map\": should be a JSON object of whole numbers by name, \
             such as {\"silver\":1}",
        ),
    ];
    for (document, text) in cases {
        assert_eq!(refusal(&document), text);
        assert_eq!(notes(document), [text]);
    }
}

#[test]
fn numbers_have_bounds() {
    assert_eq!(
        refusal(&realm_with(|realm| realm.tokens.access_token_lifespan = 0)),
        "tokens.access_token_lifespan: 0 is not between 1 and 2147483647"
    );
    assert_eq!(
        refusal(&realm_with(|realm| realm.tokens.not_before = 1 << 31)),
        "tokens.not_before: 2147483648 is not between 0 and 2147483647"
    );
    assert_eq!(
        refusal(&realm_with(|realm| realm.sessions.idle = -5)),
        "sessions.idle: -5 is not between 1 and 2147483647"
    );
    assert_eq!(
        refusal(&realm_with(|realm| {
            realm.brute_force.enabled = true;
            realm.brute_force.failure_factor = 0;
        })),
        "brute_force.failure_factor: 0 is not between 1 and 2147483647"
    );
    assert_eq!(
        refusal(&client_with(|client| client.not_before = -1)),
        "clients[0].not_before: -1 is not between 0 and 2147483647"
    );
}

#[test]
fn unknown_features_and_algorithms_are_refused_with_the_known_ones() {
    let text = refusal(&realm_with(|realm| {
        realm.features.insert("telepathy".to_owned(), true);
    }));
    assert!(
        text.starts_with("features.telepathy: \"telepathy\" is none of token-exchange, "),
        "{text}"
    );

    let text = refusal(&realm_with(|realm| {
        realm.tokens.signature_algorithm = "none".to_owned()
    }));
    assert!(
        text.starts_with("tokens.signature_algorithm: \"none\" is none of RS256, "),
        "{text}"
    );
}

#[test]
fn a_secret_that_was_not_looked_up_is_refused() {
    let variable = EnvironmentSecret {
        env: "SHOP_SECRET".to_owned(),
    };
    assert_eq!(
        refusal(&client_with(
            |client| client.secret = Some(SecretSource::Environment(variable))
        )),
        "clients[0].secret: environment variable \"SHOP_SECRET\" was not resolved"
    );
}

#[test]
fn groups_nest_only_so_deep() {
    let mut document = realm_with(|realm| realm.groups.push(group("g")));
    for _ in 0..64 {
        let mut outer = group("g");
        outer.groups = std::mem::take(&mut document.groups);
        document.groups.push(outer);
    }
    assert!(refusal(&document).ends_with(".groups: nested deeper than 64"));
}

#[test]
fn a_wrong_permission_is_refused() {
    let permission: PermissionDocument = serde_json::from_value(serde_json::json!({
        "name": "p", "action": "token-exchange", "client": "shop", "policies": ["nobody"]
    }))
    .unwrap();
    let mut document = client_with(|_| {});
    document.permissions.push(permission);
    let text = refusal(&document);
    assert!(
        text.starts_with("permissions: ") && text.contains("nobody"),
        "{text}"
    );
}

/// In profile `strict`, which always takes actor tokens; nested names and other kinds of mapper are no way round.
#[test]
fn t143_r50_no_mapper_writes_who_acts_or_who_asks() {
    for (kind, claim) in [
        ("oidc-hardcoded-claim-mapper", "act"),
        ("oidc-hardcoded-claim-mapper", "act.sub"),
        ("oidc-hardcoded-claim-mapper", "may_act"),
        ("oidc-hardcoded-claim-mapper", "azp"),
        ("oidc-usermodel-attribute-mapper", "client_id"),
    ] {
        let with = |claim: &str| {
            let mut writes = mapper("writes", kind);
            writes
                .config
                .insert("claim.name".to_owned(), claim.to_owned());
            client_with(|client| client.mappers.push(writes.clone()))
        };
        let text = refusal(&with(claim));
        assert!(
            text.contains("is for the engine to write"),
            "{claim}: {text}"
        );
        assert!(build(&with("dept")).is_ok(), "another claim is taken");
    }
}

fn derived(kind: &str, name: &str) -> String {
    cambist::realm::build::ids::IdSource::new(&cambist_ring::RingProvider, "r").derive(kind, name)
}

fn provider(alias: &str) -> IdentityProviderDocument {
    IdentityProviderDocument {
        alias: alias.to_owned(),
        id: None,
        kind: "oidc".to_owned(),
        display_name: None,
        enabled: true,
        store_token: false,
        trust_email: false,
        link_only: false,
        config: Default::default(),
        mappers: Vec::new(),
    }
}

#[test]
fn in_profile_strict_a_revoked_ancestor_is_never_ignored() {
    use cambist::realm::{Profile, settings::RevokedAncestor};
    const ATTRIBUTE: &str = "cambist.tokens.revoked_ancestor";

    let ignored =
        realm_with(|realm| realm.tokens.revoked_ancestor = Some(RevokedAncestor::Ignored));
    assert_eq!(
        refusal(&ignored),
        "tokens.revoked_ancestor: profile \"strict\" and revoked_ancestor = \"ignored\" exclude each other"
    );
    let of = |profile: Profile, value: Option<&str>| {
        let document = realm_with(|realm| {
            realm.profile = profile;
            if let Some(value) = value {
                realm.attributes.insert(ATTRIBUTE.into(), value.into());
            }
        });
        build(&document).unwrap().revoked_ancestor()
    };
    assert_eq!(of(Profile::Strict, None), RevokedAncestor::NoExchange);
    assert_eq!(of(Profile::Keycloak, None), RevokedAncestor::Ignored);
    for setting in ["no-exchange", "inactive"] {
        assert_eq!(of(Profile::Keycloak, Some(setting)).name(), setting);
    }
    let wrong = realm_with(|realm| {
        realm.attributes.insert(ATTRIBUTE.into(), "Inactive".into());
    });
    assert_eq!(
        refusal(&wrong),
        "attributes.\"cambist.tokens.revoked_ancestor\": \"Inactive\" is none of ignored, no-exchange, inactive"
    );
}
