//! What comes out of a build.

use cambist::{
    client_auth::ClientCredential,
    realm::{
        ClientAccess, Feature, Profile, Realm, RoleSet,
        build::ids::assign_ids,
        client::ExchangeRefresh,
        document::{ClientDocument, ClientGrant, RealmDocument, SecretSource},
    },
};
use cambist_ring::RingProvider;

use crate::{
    build, client_with, complete_and_build, composite, group, mapper, realm_with, role, scope,
};

fn names<'r>(realm: &'r Realm, roles: &RoleSet) -> Vec<&'r str> {
    let mut names: Vec<&str> = roles
        .iter()
        .map(|number| realm.role(number).unwrap().name())
        .collect();
    names.sort_unstable();
    names
}

fn scope_names<'r>(realm: &'r Realm, scopes: &[cambist::realm::ScopeNo]) -> Vec<&'r str> {
    scopes
        .iter()
        .map(|number| realm.scope(*number).unwrap().name())
        .collect()
}

#[test]
fn t128_composites_are_followed_to_any_depth_and_cycles_end() {
    let realm = build(&realm_with(|realm| {
        realm.roles = vec![
            composite("a", &["b", "leaf"]),
            composite("b", &["c"]),
            composite("c", &["a"]),
            role("leaf"),
            composite("self", &["self"]),
            composite("other", &["leaf"]),
        ];
    }))
    .unwrap();
    let closure = |name: &str| names(&realm, realm.realm_role(name).unwrap().closure());
    for name in ["a", "b", "c"] {
        assert_eq!(closure(name), ["a", "b", "c", "leaf"], "{name}");
    }
    assert_eq!(closure("leaf"), ["leaf"]);
    assert_eq!(closure("self"), ["self"]);
    assert_eq!(closure("other"), ["leaf", "other"]);
}

#[test]
fn composites_reach_roles_of_clients() {
    let mut document = client_with(|client| client.roles = vec![role("read"), role("write")]);
    let mut lead = role("lead");
    lead.composites
        .clients
        .insert("shop".to_owned(), vec!["write".to_owned()]);
    document.roles.push(lead);
    let realm = build(&document).unwrap();
    let shop = realm.client_by_id("shop").unwrap();
    let write = realm.client_role(shop.number(), "write").unwrap();
    assert!(
        realm
            .realm_role("lead")
            .unwrap()
            .closure()
            .contains(write.number())
    );
    assert_eq!(shop.roles().len(), 2);
    assert_eq!(
        realm.role_by_id(write.id()).unwrap().number(),
        write.number()
    );
}

#[test]
fn groups_have_the_roles_of_the_groups_above_them() {
    let realm = build(&realm_with(|realm| {
        realm.roles = vec![
            composite("lead", &["member"]),
            role("member"),
            role("extra"),
        ];
        let mut staff = group("staff");
        staff.roles.realm = vec!["lead".to_owned()];
        let mut finance = group("finance");
        finance.roles.realm = vec!["extra".to_owned()];
        staff.groups.push(finance);
        realm.groups.push(staff);
    }))
    .unwrap();
    let finance = realm
        .groups()
        .iter()
        .find(|group| group.path() == "/staff/finance")
        .unwrap();
    assert_eq!(names(&realm, finance.roles()), ["extra", "lead", "member"]);
    let staff = realm.group(finance.parent().unwrap()).unwrap();
    assert_eq!(names(&realm, staff.roles()), ["lead", "member"]);
    assert_eq!(
        realm.group_by_id(finance.id()).unwrap().number(),
        finance.number()
    );
}

#[test]
fn a_client_without_lists_gets_those_of_the_realm() {
    let realm = complete_and_build(client_with(|_| {}));
    let shop = realm.client_by_id("shop").unwrap();
    assert_eq!(
        scope_names(&realm, shop.default_scopes()),
        ["profile", "email", "roles", "web-origins", "acr", "basic"]
    );
    assert_eq!(
        scope_names(&realm, shop.optional_scopes()),
        [
            "offline_access",
            "address",
            "phone",
            "microprofile-jwt",
            "organization"
        ]
    );

    let realm = complete_and_build(client_with(|client| {
        client.grants.push(ClientGrant::ClientCredentials)
    }));
    let shop = realm.client_by_id("shop").unwrap();
    assert_eq!(
        scope_names(&realm, shop.default_scopes()).last(),
        Some(&"service_account")
    );

    let realm = complete_and_build(client_with(|client| client.protocol = "saml".to_owned()));
    let shop = realm.client_by_id("shop").unwrap();
    assert!(shop.is_saml());
    assert_eq!(
        scope_names(&realm, shop.default_scopes()),
        ["role_list", "saml_organization"]
    );
}

#[test]
fn a_scope_that_is_default_is_not_optional_as_well() {
    let mut document = client_with(|client| {
        client.default_scopes = Some(vec!["a".to_owned(), "a".to_owned()]);
        client.optional_scopes = Some(vec!["a".to_owned(), "b".to_owned()]);
    });
    document.client_scopes = Some(vec![scope("a"), scope("b")]);
    let realm = build(&document).unwrap();
    let shop = realm.client_by_id("shop").unwrap();
    assert_eq!(scope_names(&realm, shop.default_scopes()), ["a"]);
    assert_eq!(scope_names(&realm, shop.optional_scopes()), ["b"]);
}

#[test]
fn scopes_are_shown_and_told_unless_they_say_no() {
    let mut hidden = scope("hidden");
    for key in ["include.in.token.scope", "display.on.consent.screen"] {
        hidden.attributes.insert(key.to_owned(), "false".to_owned());
    }
    let realm = build(&realm_with(|realm| {
        realm.client_scopes = Some(vec![scope("plain"), hidden])
    }))
    .unwrap();
    let plain = realm.scope_by_name("plain").unwrap();
    assert!(plain.in_token_scope() && plain.on_consent_screen());
    let hidden = realm.scope_by_name("hidden").unwrap();
    assert!(!hidden.in_token_scope() && !hidden.on_consent_screen());
}

#[test]
fn offline_access_is_bound_to_its_role() {
    let realm = complete_and_build(RealmDocument::named("r"));
    let scope = realm.scope_by_name("offline_access").unwrap();
    assert_eq!(names(&realm, scope.role_mappings()), ["offline_access"]);
}

#[test]
fn settings_of_tokens_are_read_from_attributes() {
    let realm = build(&client_with(|client| {
        for (key, value) in [
            ("access.token.lifespan", "-1"),
            ("client.session.idle.timeout", "600"),
            ("use.refresh.tokens", "false"),
            ("access.token.header.type.rfc9068", "TRUE"),
            ("access.token.signed.response.alg", "ES256"),
            (
                "standard.token.exchange.enableRefreshRequestedTokenType",
                "SAME_SESSION",
            ),
            ("acr.loa.map", r#"{"gold":"2","silver":"1"}"#),
        ] {
            client.attributes.insert(key.to_owned(), value.to_owned());
        }
    }))
    .unwrap();
    let tokens = realm.client_by_id("shop").unwrap().tokens();
    assert_eq!(tokens.access_token_lifespan, Some(-1));
    assert_eq!(tokens.session_idle, Some(600));
    assert_eq!(tokens.session_max, None);
    assert!(!tokens.use_refresh_tokens);
    assert!(tokens.rfc9068_header);
    assert!(!tokens.lightweight);
    assert_eq!(
        tokens.access_token_algorithm,
        Some(cambist::crypto::Algorithm::Es256)
    );
    assert_eq!(tokens.exchange_refresh, ExchangeRefresh::SameSession);
    assert_eq!(
        tokens.acr_levels,
        [(1, "silver".into()), (2, "gold".into())]
    );
    assert_eq!((tokens.fault, tokens.id_token_fault), (None, None));
    assert!(
        build(&client_with(|_| {})).unwrap().clients()[0]
            .tokens()
            .use_refresh_tokens
    );
}

/// Keycloak loads such a client and fails at each of its requests.
#[test]
fn an_unreadable_setting_marks_the_client_in_profile_keycloak() {
    let built = |key: &str, value: &str| {
        let mut document = client_with(|client| {
            client.attributes.insert(key.to_owned(), value.to_owned());
        });
        document.profile = Profile::Keycloak;
        let realm = build(&document).unwrap();
        let tokens = realm.client_by_id("shop").unwrap().tokens();
        (tokens.fault, tokens.id_token_fault)
    };
    assert_eq!(
        built("access.token.lifespan", "abc"),
        (Some("access.token.lifespan"), None)
    );
    assert_eq!(built("access.token.lifespan", ""), (None, None));
    assert_eq!(
        built("access.token.signed.response.alg", "XX999"),
        (Some("access.token.signed.response.alg"), None)
    );
    assert_eq!(
        built("id.token.signed.response.alg", "none"),
        (None, Some("id.token.signed.response.alg"))
    );
}

#[test]
fn credentials_follow_the_kind_of_client() {
    let with = |change: &dyn Fn(&mut ClientDocument)| {
        let realm = build(&client_with(|client| change(client))).unwrap();
        let client = realm.client_by_id("shop").unwrap();
        (client.access(), client.credential().clone())
    };
    let secret = || Some(SecretSource::Text("s3cret".to_owned().into()));

    let (access, credential) = with(&|client| client.secret = secret());
    assert_eq!(access, ClientAccess::Confidential);
    let ClientCredential::Secret {
        secret: kept,
        digest,
    } = credential
    else {
        panic!()
    };
    assert_eq!(kept.expose(), "s3cret");
    assert_eq!(digest.as_bytes().len(), 32);

    let (access, credential) = with(&|client| client.public = true);
    assert_eq!(access, ClientAccess::Public);
    assert!(matches!(credential, ClientCredential::None));

    let (access, credential) = with(&|client| {
        client.bearer_only = true;
        client.secret = secret();
    });
    assert_eq!(access, ClientAccess::BearerOnly);
    assert!(matches!(credential, ClientCredential::Secret { .. }));

    let (_, credential) = with(&|client| client.authenticator = "client-x509".to_owned());
    assert!(matches!(credential, ClientCredential::Other(name) if &*name == "client-x509"));
}

#[test]
fn mappers_keep_the_order_of_the_document_and_saml_ones_stay_out() {
    let mut saml = mapper("saml", "saml-role-list-mapper");
    saml.protocol = "saml".to_owned();
    let realm = build(&client_with(|client| {
        client.mappers = vec![
            mapper("z", "oidc-sub-mapper"),
            saml,
            mapper("a", "oidc-acr-mapper"),
        ];
    }))
    .unwrap();
    let names: Vec<&str> = realm.clients()[0]
        .mappers()
        .iter()
        .map(|mapper| mapper.name())
        .collect();
    assert_eq!(names, ["z", "a"]);
}

#[test]
fn a_realm_switches_features_for_itself() {
    let realm = build(&realm_with(|realm| {
        realm.features.insert("dpop".to_owned(), false);
        realm
            .features
            .insert("token-exchange-delegation".to_owned(), true);
    }))
    .unwrap();
    assert!(!realm.features().has(Feature::Dpop));
    assert!(realm.features().has(Feature::TokenExchangeDelegation));
    assert!(realm.features().has(Feature::TokenExchange));
    assert_eq!(realm.version(), 7);
    assert_eq!(realm.id(), "r");
}

#[test]
fn missing_ids_are_the_same_at_each_build_and_differ_between_realms() {
    let document = |name: &str| {
        let mut document = client_with(|client| client.roles.push(role("x")));
        document.realm = name.to_owned();
        document.roles.push(role("x"));
        document.groups.push(group("x"));
        document.client_scopes = Some(vec![scope("x")]);
        document
    };
    let ids = |realm: &Realm| {
        vec![
            realm.clients()[0].uuid().to_owned(),
            realm.roles()[0].id().to_owned(),
            realm.roles()[1].id().to_owned(),
            realm.groups()[0].id().to_owned(),
            realm.scopes()[0].id().to_owned(),
        ]
    };
    let first = ids(&build(&document("r")).unwrap());
    assert_eq!(first, ids(&build(&document("r")).unwrap()));
    let other = ids(&build(&document("s")).unwrap());
    for (place, id) in first.iter().enumerate() {
        assert_eq!(id.len(), 36, "{id}");
        assert!(!other.contains(id));
        assert!(!first[..place].contains(id), "one id for two things");
    }

    let mut assigned = document("r");
    assign_ids(&mut assigned, &RingProvider);
    assert_eq!(ids(&build(&assigned).unwrap()), first);
    assert_eq!(assigned.clients[0].uuid.as_deref(), Some(first[0].as_str()));

    // Written down, the id outlives a new name.
    assigned.clients[0].id = "renamed".to_owned();
    assert_eq!(
        build(&assigned)
            .unwrap()
            .client_by_id("renamed")
            .unwrap()
            .uuid(),
        first[0]
    );
}

#[test]
fn the_built_in_realm_has_no_notes() {
    for (name, profile) in [
        ("r", Profile::Strict),
        ("r", Profile::Keycloak),
        ("master", Profile::Strict),
    ] {
        let mut document = RealmDocument::named(name);
        document.profile = profile;
        let realm = complete_and_build(document);
        assert!(realm.notes().is_empty(), "{:?}", realm.notes());
    }
}

#[test]
fn the_administrator_role_comes_with_everything() {
    let realm = complete_and_build(RealmDocument::named("r"));
    let management = realm.client_by_id("realm-management").unwrap();
    let admin = realm
        .client_role(management.number(), "realm-admin")
        .unwrap();
    assert_eq!(admin.closure().len(), management.roles().len());
    let view_users = realm
        .client_role(management.number(), "view-users")
        .unwrap();
    assert_eq!(
        names(&realm, view_users.closure()),
        ["query-groups", "query-users", "view-users"]
    );

    let master = complete_and_build(RealmDocument::named("master"));
    let admin = master.realm_role("admin").unwrap();
    let management = master.client_by_id("master-realm").unwrap();
    assert!(
        management
            .roles()
            .iter()
            .all(|role| admin.closure().contains(*role))
    );
}

#[test]
fn many_clients_cost_what_they_are() {
    let mut document = RealmDocument::named("r");
    for place in 0..20_000 {
        let mut client = ClientDocument::named(format!("client-{place}"));
        client.roles.push(role("use"));
        document.clients.push(client);
    }
    let start = std::time::Instant::now();
    let realm = build(&document).unwrap();
    assert_eq!(realm.clients().len(), 20_000);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
