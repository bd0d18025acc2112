//! Client policies: what chooses a request, what an executor does to it, and that no rule is skipped.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cambist::{
    claims::MapperKinds,
    client_policy::{
        ClientPolicyError, ClientPolicyKinds, Condition, ConditionKind, Match, PolicyRequest,
        Settings,
    },
    policy::PolicyKinds,
    realm::{Features, Profile, Realm, RealmProblem, build::BuildOptions, document::RealmDocument},
};
use cambist_ring::RingProvider;
use serde_json::{Value, json};

use crate::shop::{ACCESS_TOKEN, Shop, document, exchange_form, told};

fn policies(conditions: &Value, executors: &Value) -> impl FnOnce(&mut RealmDocument) {
    let policies = json!({"policies": [{
        "name": "rule", "enabled": true, "conditions": conditions, "profiles": ["all"]
    }]});
    let profiles = json!({"profiles": [{"name": "all", "executors": executors}]});
    move |document| {
        document.client_policies = Some(policies);
        document.client_profiles = Some(profiles);
    }
}

fn reject() -> Value {
    json!([{"executor": "reject-request", "configuration": {}}])
}

/// Whether a realm with this condition and `reject-request` rejects a login at `till`.
fn rejects_login(condition: &str, configuration: &Value) -> bool {
    let conditions = json!([{"condition": condition, "configuration": configuration}]);
    let mut shop = Shop::with(policies(&conditions, &reject()));
    match shop.log_in("till", "ada", "engine", &[]) {
        Ok(_) => false,
        refused => {
            assert_eq!(
                told(refused),
                (400, "invalid_request".into(), "Request not allowed".into())
            );
            true
        }
    }
}

fn build(document: &RealmDocument, kinds: &ClientPolicyKinds) -> Result<Realm, RealmProblem> {
    let options = BuildOptions {
        version: 1,
        features: Features::default(),
        provider: &RingProvider,
        mappers: &MapperKinds::builtin(),
        policies: &PolicyKinds::builtin(),
        client_policies: kinds,
    };
    Realm::build(document, &options).map_err(|error| error.problem)
}

#[test]
fn conditions_choose_by_client_grant_and_scope() {
    let table = [
        ("any-client", json!({}), true),
        (
            "client-access-type",
            json!({"type": ["confidential"]}),
            true,
        ),
        (
            "client-access-type",
            json!({"type": ["public", "bearer-only"]}),
            false,
        ),
        ("grant-type", json!({"grant_types": ["password"]}), true),
        (
            "grant-type",
            json!({"grant_types": ["refresh_token"]}),
            false,
        ),
        ("client-roles", json!({"roles": ["mark"]}), false),
        (
            "client-scopes",
            json!({"type": "Default", "scopes": ["email"]}),
            true,
        ),
        (
            "client-scopes",
            json!({"type": "Default", "scopes": ["phone"]}),
            false,
        ),
        (
            "client-scopes",
            json!({"type": "Optional", "scopes": ["phone"]}),
            false,
        ),
        (
            "client-attributes",
            json!({"attributes": "[{\"key\": \"a\", \"value\": \"b\"}]"}),
            false,
        ),
        ("client-attributes", json!({"attributes": []}), false),
        // About something else than requests for tokens: alone it applies to nothing.
        (
            "client-updater-context",
            json!({"update-client-source": ["ByAnonymous"]}),
            false,
        ),
        (
            "identity-provider-alias",
            json!({"identity_provider_aliases": ["x"]}),
            false,
        ),
    ];
    for (condition, configuration, expected) in table {
        let name = format!("{condition} {configuration}");
        assert_eq!(rejects_login(condition, &configuration), expected, "{name}");
        let mut negative = configuration;
        negative["is-negative-logic"] = json!(true);
        let elsewhere = matches!(
            condition,
            "client-updater-context" | "identity-provider-alias"
        );
        assert_eq!(
            rejects_login(condition, &negative),
            !expected && !elsewhere,
            "not {name}"
        );
    }
}

#[test]
fn roles_and_attributes_of_the_client_itself_are_marks() {
    for condition in [
        json!({"condition": "client-roles", "configuration": {"roles": ["mark"]}}),
        json!({"condition": "client-attributes", "configuration":
               {"attributes": "[{\"key\": \"kind\", \"value\": \"marked\"}]"}}),
    ] {
        let mut shop = Shop::with(|document| {
            let stock = document
                .clients
                .iter_mut()
                .find(|client| client.id == "stock");
            let stock = stock.unwrap();
            stock.roles = serde_json::from_value(json!([{"name": "mark"}])).unwrap();
            stock.attributes.insert("kind".into(), "marked".into());
            policies(&json!([condition]), &reject())(document);
        });
        let token = shop.login().access_token;
        assert_eq!(
            told(shop.exchange("stock", &token, &[])).2,
            "Request not allowed"
        );
        assert!(shop.exchange("till", &token, &[]).is_ok());
    }
}

#[test]
fn every_condition_of_a_policy_must_be_met_and_there_must_be_one() {
    let both = json!([
        {"condition": "any-client", "configuration": {}},
        {"condition": "grant-type", "configuration": {"grant_types": ["refresh_token"]}}
    ]);
    let mut shop = Shop::with(policies(&both, &reject()));
    let login = shop.login();
    let refused = shop.refresh("till", &login.refresh_token.unwrap());
    assert_eq!(told(refused).2, "Request not allowed");
    let mut none = Shop::with(policies(&json!([]), &reject()));
    none.login();
}

#[test]
fn a_disabled_policy_is_not_asked() {
    let mut shop = Shop::with(|document| {
        policies(&json!([{"condition": "any-client"}]), &reject())(document);
        document.client_policies.as_mut().unwrap()["policies"][0]["enabled"] = json!(false);
    });
    shop.login();
}

/// An optional scope is chosen when a request names it, and at every refresh of what was granted so.
#[test]
fn a_scope_condition_follows_the_grant_through_its_refreshes() {
    let mut shop = Shop::new();
    let login = shop
        .log_in("till", "ada", "engine", &[("scope", "phone")])
        .unwrap();
    let plain = shop.login();
    let conditions = json!([{"condition": "client-scopes",
                             "configuration": {"type": "Optional", "scopes": ["phone"]}}]);
    shop.change(policies(&conditions, &reject()));
    let refused = shop.log_in("till", "ada", "engine", &[("scope", "openid phone")]);
    assert_eq!(told(refused).2, "Request not allowed");
    let refused = shop.refresh("till", &login.refresh_token.unwrap());
    assert_eq!(told(refused).2, "Request not allowed");
    assert!(shop.refresh("till", &plain.refresh_token.unwrap()).is_ok());
}

#[test]
fn a_narrowed_exchange_gives_nothing_that_the_subject_lacks() {
    let executors = json!([{"executor": "downscope-assertion-grant-enforcer"}]);
    let conditions = json!([{"condition": "grant-type",
        "configuration": {"grant_types": ["urn:ietf:params:oauth:grant-type:token-exchange"]}}]);
    let mut shop = Shop::with(|document| {
        let till = document
            .clients
            .iter_mut()
            .find(|client| client.id == "till")
            .unwrap();
        till.default_scopes = Some(vec!["basic".into(), "roles".into(), "email".into()]);
        policies(&conditions, &executors)(document);
    });
    let login = shop.login();
    let answer = shop.exchange("stock", &login.access_token, &[]).unwrap();
    assert_eq!(answer.scope, "email");
    let claims = shop.claims(&answer.access_token);
    assert!(!claims.contains_key("given_name"), "{claims:?}");
    // The mapper that `stock` has by itself is no scope of the subject's.
    assert!(!claims.contains_key("aud"), "{claims:?}");
    let refused = shop.exchange("stock", &login.access_token, &[("scope", "email phone")]);
    assert_eq!(
        told(refused),
        (
            400,
            "invalid_scope".into(),
            "Scopes [phone] not present in the initial access token [email]".into()
        )
    );
    // And an audience that only went with what was taken is not to be had.
    let refused = shop.exchange("stock", &login.access_token, &[("audience", "ledger")]);
    assert_eq!(told(refused).2, "Requested audience not available: ledger");
}

/// A token without `scope` has none: absent never means unlimited.
#[test]
fn r45_t116_a_subject_without_scope_narrows_to_nothing() {
    let executors = json!([{"executor": "downscope-assertion-grant-enforcer"}]);
    let conditions = json!([{"condition": "any-client"}]);
    let mut shop = Shop::with(policies(&conditions, &executors));
    let login = shop.login();
    let bare = shop.altered(&login.access_token, &[("scope", Value::Null)]);
    let answer = shop.exchange("stock", &bare, &[]).unwrap();
    assert_eq!(answer.scope, "");
    let refused = shop.exchange("stock", &bare, &[("scope", "email")]);
    assert_eq!(
        told(refused).2,
        "Scopes [email] not present in the initial access token []"
    );
}

/// A forged token is refused as one, whatever it claims: its claims are not looked at.
#[test]
fn t064_executors_see_no_claim_before_the_signature_holds() {
    let executors = json!([{"executor": "jwt-claim-enforcer",
                            "configuration": {"claim-name": "tier", "allowed-value": "gold"}}]);
    let mut shop = Shop::with(policies(&json!([{"condition": "any-client"}]), &executors));
    let login = shop.login().access_token;
    let gold = shop.altered(&login, &[("tier", json!("gold"))]);
    assert!(shop.exchange("stock", &gold, &[]).is_ok());
    for (value, text) in [
        (json!("lead"), "Value for claim 'tier' not allowed"),
        (json!("golden"), "Value for claim 'tier' not allowed"),
        (json!(["gold"]), "Value type for claim 'tier' not allowed"),
        (
            Value::Null,
            "Required claim 'tier' is missing from the token",
        ),
    ] {
        let token = shop.altered(&login, &[("tier", value)]);
        assert_eq!(told(shop.exchange("stock", &token, &[])).2, text);
    }
    let forged = format!(
        "{}A",
        gold.trim_end_matches(|last: char| last.is_alphanumeric())
    );
    assert_eq!(
        told(shop.exchange("stock", &forged, &[])).2,
        "Invalid token"
    );
    assert_eq!(
        told(shop.exchange("stock", "abc", &[])).2,
        "JWT is not valid"
    );
}

#[test]
fn executors_that_refuse() {
    let any = json!([{"condition": "any-client"}]);
    let refused = |executor: Value| {
        let mut shop = Shop::with(policies(&any, &json!([executor])));
        told(shop.log_in("till", "ada", "engine", &[]))
    };
    assert_eq!(
        refused(json!({"executor": "reject-ropc-grant"})).1,
        "invalid_grant"
    );
    assert_eq!(
        refused(json!({"executor": "dpop-bind-enforcer"})).2,
        "DPoP proof is missing"
    );
    assert_eq!(
        refused(json!({"executor": "holder-of-key-enforcer"})).2,
        "Client Certification missing for MTLS HoK Token Binding"
    );
    assert_eq!(
        refused(json!({"executor": "secure-client-authenticator",
                       "configuration": {"allowed-client-authenticators": ["client-jwt"]}}))
        .1,
        "invalid_client"
    );
    let allowed = json!([
        {"executor": "secure-client-authenticator",
         "configuration": {"allowed-client-authenticators": ["client-secret"]}},
        {"executor": "confidential-client"},
        {"executor": "secure-signature-algorithm-signed-jwt"},
        {"executor": "pkce-enforcer", "configuration": {"auto-configure": true}}
    ]);
    Shop::with(policies(&any, &allowed)).login();
    let mut shop = Shop::with(policies(
        &any,
        &json!([{"executor": "confidential-client"}]),
    ));
    let refused = shop.ask(&[
        ("grant_type", "password"),
        ("client_id", "app"),
        ("username", "ada"),
        ("password", "engine"),
    ]);
    assert_eq!(told(refused).1, "invalid_client");
}

/// Policies see what has proved the client and nothing that it only brings along: an assertion that nobody has checked
/// satisfies no demand for one, whatever its header says.
#[test]
fn r13_t027_an_unverified_assertion_satisfies_no_policy() {
    let any = json!([{"condition": "any-client"}]);
    let assertion = |header: Value| {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let claims = json!({"iss": "till", "sub": "till", "aud": crate::shop::ISSUER});
        format!("{}.{}.AAAA", encoded(&header), encoded(&claims))
    };
    let signed = json!([{"executor": "secure-signature-algorithm-signed-jwt",
                         "configuration": {"require-client-assertion": true}}]);
    let by_key = json!([{"executor": "secure-client-authenticator",
                         "configuration": {"allowed-client-authenticators": ["client-jwt"]}}]);
    for demand in [signed, by_key] {
        let mut shop = Shop::with(policies(&any, &demand));
        for algorithm in ["PS256", "ES256", "EdDSA", "none"] {
            let assertion = assertion(json!({"alg": algorithm, "kid": "any"}));
            let more = [
                ("client_assertion_type", cambist::client_auth::JWT_BEARER),
                ("client_assertion", &*assertion),
            ];
            let refused = shop.log_in("till", "ada", "engine", &more);
            assert!(refused.is_err(), "{demand} by {algorithm}");
        }
    }
    // Where nothing is demanded the same request is one by secret.
    let mut shop = Shop::new();
    let assertion = assertion(json!({"alg": "PS256"}));
    let more = [
        ("client_assertion_type", cambist::client_auth::JWT_BEARER),
        ("client_assertion", &*assertion),
    ];
    assert!(shop.log_in("till", "ada", "engine", &more).is_ok());
}

#[derive(Debug)]
struct Moody;

impl ConditionKind for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&[])?;
        Ok(Box::new(Moody))
    }
}

impl Condition for Moody {
    fn matches(&self, _: &PolicyRequest<'_>) -> Match {
        Match::Unknown("the almanac is not at hand")
    }
}

/// R14 and T126: a reject rule is not skipped because of what it hangs on, under negative logic neither.
#[test]
fn r14_t126_a_condition_that_cannot_be_evaluated_counts_as_met() {
    for negative in [false, true] {
        let mut realm_document = document();
        let conditions = json!([{"condition": "moody",
                                 "configuration": {"is-negative-logic": negative}}]);
        policies(&conditions, &reject())(&mut realm_document);
        let mut kinds = ClientPolicyKinds::builtin();
        kinds.register_condition(Box::new(Moody)).unwrap();
        assert!(kinds.register_condition(Box::new(Moody)).is_err());
        let mut shop = Shop::new();
        realm_document.complete(Features::default());
        realm_document.keys = cambist_testkit::world::keys();
        shop.world.realm = Arc::new(build(&realm_document, &kinds).unwrap());
        let refused = shop.log_in("till", "ada", "engine", &[]);
        assert_eq!(
            told(refused).2,
            "Request not allowed",
            "negative logic: {negative}"
        );
    }
}

/// The same for what a realm brings that nobody here knows: profile `strict` does not load it, profile
/// `keycloak` loads it and fails closed.
#[test]
fn r14_what_is_unknown_refuses() {
    let unknown: [(Value, Value); 4] = [
        (json!([{"condition": "of-tomorrow"}]), reject()),
        (
            json!([{"condition": "any-client"}]),
            json!([{"executor": "of-tomorrow"}]),
        ),
        (
            json!([{"condition": "grant-type", "configuration": {"grants": []}}]),
            reject(),
        ),
        (
            json!([{"condition": "any-client"}]),
            json!([{"executor": "jwt-claim-enforcer",
                    "configuration": {"claim-name": "a", "allowed-value": "("}}]),
        ),
    ];
    for (conditions, executors) in unknown {
        let mut shop = Shop::with(policies(&conditions, &executors));
        assert!(!shop.world.realm.client_policies().notes().is_empty());
        let refused = shop.log_in("till", "ada", "engine", &[]);
        assert_eq!(
            told(refused).2,
            "Request not allowed",
            "{conditions} {executors}"
        );
        let mut strict = document();
        strict.profile = Profile::Strict;
        policies(&conditions, &executors)(&mut strict);
        strict.complete(Features::default());
        let error = build(&strict, &ClientPolicyKinds::builtin()).unwrap_err();
        assert!(matches!(error, RealmProblem::ClientPolicy(_)), "{error}");
    }
}

#[test]
fn documents_of_another_form_are_refused_in_both_profiles() {
    for (member, value) in [
        (
            "client_policies",
            json!({"policies": [{"name": "a", "profile": []}]}),
        ),
        (
            "client_policies",
            json!({"policies": [{"name": "a"}, {"name": "a"}]}),
        ),
        (
            "client_profiles",
            json!({"profiles": [{"name": "a"}, {"name": "a"}]}),
        ),
        ("client_profiles", json!([])),
    ] {
        let mut wrong = document();
        match member {
            "client_policies" => wrong.client_policies = Some(value),
            _ => wrong.client_profiles = Some(value),
        }
        wrong.complete(Features::default());
        let error = build(&wrong, &ClientPolicyKinds::builtin()).unwrap_err();
        assert!(matches!(error, RealmProblem::ClientPolicy(_)), "{error}");
    }
}

/// Policies are asked after it is known that anything takes the request, and before its token is read.
#[test]
fn policies_come_between_the_choice_of_exchange_and_its_token() {
    let mut shop = Shop::with(policies(&json!([{"condition": "any-client"}]), &reject()));
    let refused = shop.exchange("stock", "no token", &[]);
    assert_eq!(told(refused).2, "Request not allowed");
    shop.change(|document| {
        document.features.insert("token-exchange".into(), false);
    });
    let form = exchange_form("till", "till-secret", "no token", &[]);
    assert_eq!(
        told(shop.ask(&form)).2,
        "Standard token exchange is not enabled for the requested client"
    );
    let wrong = [
        ("requested_token_type", ACCESS_TOKEN),
        ("requested_subject", "bob"),
    ];
    assert_eq!(
        told(shop.exchange("stock", "no token", &wrong)).2,
        "Parameter 'requested_subject' is not supported for standard token exchange"
    );
}
