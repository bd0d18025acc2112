//! Small realms and what is asked of them, at random.

use proptest::{collection::vec, prelude::*, sample::subsequence};
use serde_json::{Value, json};

/// Client scopes of every realm made here. `s0` puts `sub` into access tokens, `s1` tells roles of realm and clients and who
/// they are for, `s3` gives everybody the role `r1`, `s4` is not shown in tokens, `s5` needs a role.
pub(crate) const SCOPES: [&str; 6] = ["s0", "s1", "s2", "s3", "s4", "s5"];

const STRATEGIES: [&str; 3] = ["unanimous", "affirmative", "consensus"];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Exchange,
    /// The refresh token of the latest answer, or garbage where it had none.
    Refresh,
    /// A login that does not know the password.
    WrongPassword,
}

/// One request after the login. Clients and users are numbers.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) asked: Asked,
    pub(crate) requester: usize,
    pub(crate) audiences: Vec<usize>,
    pub(crate) scope: Option<Vec<&'static str>>,
    pub(crate) token_type: &'static str,
    /// Says that the subject token is an access token, without which a standard exchange is none.
    pub(crate) typed: bool,
    pub(crate) requested_subject: Option<usize>,
    /// Seconds since the request before.
    pub(crate) after: i64,
}

/// A realm, a login at its first client, and what comes after.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) document: Value,
    pub(crate) login_scope: Vec<&'static str>,
    /// Seconds since midnight.
    pub(crate) time_of_day: i64,
    pub(crate) requests: Vec<Request>,
}

impl Case {
    pub(crate) fn is_strict(&self) -> bool {
        self.document["profile"] == "strict"
    }
}

/// Cases of both profiles.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    cases_of(4)
}

/// Cases with at most so many requests after the login.
pub(crate) fn cases_of(most: usize) -> impl Strategy<Value = Case> {
    (2..=5_usize).prop_flat_map(move |clients| {
        (
            documents(clients),
            subsequence(&["openid", "s0", "s1", "s4", "offline_access"][..], 0..=3),
            0..86_400_i64,
            vec(requests(clients), 1..=most),
        )
            .prop_map(|(document, login_scope, time_of_day, requests)| Case {
                document,
                login_scope,
                time_of_day,
                requests,
            })
    })
}

fn requests(clients: usize) -> impl Strategy<Value = Request> {
    const NAMES: [&str; 7] = ["openid", "s0", "s1", "s2", "s3", "s4", "s5"];
    let asked = prop_oneof![
        8 => Just(Asked::Exchange),
        1 => Just(Asked::Refresh),
        1 => Just(Asked::WrongPassword),
    ];
    let token_type = prop_oneof![
        4 => Just("urn:ietf:params:oauth:token-type:access_token"),
        3 => Just("urn:ietf:params:oauth:token-type:refresh_token"),
        1 => Just("urn:ietf:params:oauth:token-type:id_token"),
    ];
    // Mostly the client that logged in, as another must be in the audience of the token.
    let requester = prop_oneof![2 => Just(0), 1 => 0..clients];
    let audiences = prop_oneof![
        1 => Just(Vec::new()),
        8 => (0..clients).prop_map(|one| vec![one]),
        1 => vec(0..clients, 2),
    ];
    (
        asked,
        requester,
        audiences,
        prop::option::of(subsequence(&NAMES[..], 1..=3)),
        (token_type, any::<bool>()),
        prop::option::weighted(0.25, 0..3_usize),
        0..150_i64,
    )
        .prop_map(
            |(
                asked,
                requester,
                audiences,
                scope,
                (token_type, typed),
                requested_subject,
                after,
            )| Request {
                asked,
                requester,
                audiences,
                scope,
                token_type,
                typed,
                requested_subject,
                after,
            },
        )
}

fn documents(clients: usize) -> impl Strategy<Value = Value> {
    (
        prop::sample::select(&["strict", "keycloak"][..]),
        (0..clients)
            .map(|place| client(place, clients))
            .collect::<Vec<_>>(),
        policies(clients),
        permissions(clients),
        vec((any::<bool>(), any::<bool>(), any::<bool>()), 3),
        (any::<bool>(), any::<bool>()),
        (
            prop::sample::select(&STRATEGIES[..]),
            prop::sample::select(&["enforcing", "permissive"][..]),
        ),
    )
        .prop_map(
            |(profile, clients, policies, permissions, users, flags, (strategy, mode))| {
                let known = policies.len();
                let permissions: Vec<Value> = permissions
                    .into_iter()
                    .enumerate()
                    .map(|(place, guard)| guard.document(place, known))
                    .collect();
                json!({
                    "realm": "small", "profile": profile,
                    "tokens": {"revoke_refresh_token": flags.0, "signature_algorithm": "HS256"},
                    "keys": [key("HS256"), key("HS512")],
                    "brute_force": {"enabled": flags.1},
                    "roles": [{"name": "r0"}, {"name": "r1"}],
                    "groups": [{"name": "g0"}],
                    "client_scopes": SCOPES.map(scope),
                    "users": all_users(&users, &clients),
                    "clients": clients,
                    "policies": policies,
                    "permissions": permissions,
                    "authorization": {
                        "strategy": strategy,
                        "enforcement": mode,
                    },
                })
            },
        )
}

/// A symmetric one, since a provider that protects nothing cannot work out a public half.
fn key(algorithm: &str) -> Value {
    json!({"kid": algorithm, "algorithm": algorithm, "secret": "A".repeat(86)})
}

fn scope(name: &str) -> Value {
    match name {
        "s0" => json!({"name": name, "mappers": [{
            "name": "sub", "kind": "oidc-sub-mapper", "config": {"access.token.claim": "true"},
        }]}),
        "s1" => {
            let mapper =
                |kind: &str, config: Value| json!({"name": kind, "kind": kind, "config": config});
            json!({"name": name, "mappers": [
                mapper("oidc-usermodel-realm-role-mapper", json!({
                    "claim.name": "realm_access.roles", "multivalued": "true", "access.token.claim": "true",
                })),
                mapper("oidc-usermodel-client-role-mapper", json!({
                    "claim.name": "resource_access.${client_id}.roles", "multivalued": "true",
                    "access.token.claim": "true",
                })),
                mapper("oidc-audience-resolve-mapper", json!({"access.token.claim": "true"})),
            ]})
        }
        "s3" => json!({"name": name, "mappers": [{
            "name": "everybody", "kind": "oidc-hardcoded-role-mapper", "config": {"role": "r1"},
        }]}),
        "s4" => json!({"name": name, "attributes": {"include.in.token.scope": "false"}}),
        "s5" => json!({"name": name, "scope_mappings": {"realm": ["r0"]}}),
        _ => json!({"name": name}),
    }
}

/// Three people, of whom the first logs in, and the service accounts of clients that have one.
fn all_users(people: &[(bool, bool, bool)], clients: &[Value]) -> Vec<Value> {
    let roles = |first: bool, second: bool| {
        let mut roles = vec!["default-roles-small"];
        roles.extend(first.then_some("r0"));
        roles.extend(second.then_some("r1"));
        json!({"realm": roles})
    };
    let people = people
        .iter()
        .enumerate()
        .map(|(place, (first, second, member))| {
            json!({
                "id": format!("00000000-0000-4000-8000-00000000000{place}"),
                "username": format!("u{place}"), "password": "right",
                "email": format!("u{place}@example.com"), "first_name": "U", "last_name": "U",
                "roles": {
                    "realm": roles(*first, *second)["realm"],
                    "clients": if *member { json!({"c1": ["own"]}) } else { json!({}) },
                },
                "groups": if *member { vec!["/g0"] } else { vec![] },
            })
        });
    let accounts = clients
        .iter()
        .enumerate()
        .filter(|(_, client)| client["grants"].to_string().contains("client-credentials"))
        .map(|(place, client)| {
            json!({
                "id": format!("00000000-0000-4000-8000-00000000001{place}"),
                "username": format!("service-account-c{place}"),
                "service_account_of": client["id"],
                "roles": roles(place % 2 == 0, true),
            })
        });
    people.chain(accounts).collect()
}

fn client(place: usize, clients: usize) -> impl Strategy<Value = Value> {
    (
        subsequence(&SCOPES[..], 0..=3),
        subsequence(&SCOPES[..], 0..=4),
        prop::option::of(prop::sample::select(&["30", "300", "3000", "-1"][..])),
        prop::option::weighted(0.4, 0..clients),
        (
            any::<bool>(),
            prop::bool::weighted(0.15),
            prop::bool::weighted(0.95),
            prop::bool::weighted(0.4),
        ),
        (
            prop::bool::weighted(0.05),
            (prop::bool::weighted(0.6), prop::bool::weighted(0.4)),
            prop::option::weighted(0.3, prop::sample::select(&["s0 s2", "s1", "s3 openid"][..])),
        ),
    )
        .prop_map(
            move |(mut default, mut optional, lifespan, audience, flags, more)| {
                let (consent, (full, tells_roles), adds) = more;
                if tells_roles && !default.contains(&"s1") {
                    default.push("s1");
                }
                let (account, public, enabled, standard) = flags;
                let first = place == 0;
                optional.retain(|scope| !default.contains(scope));
                if first {
                    // What a login may ask for.
                    for scope in ["s0", "s1", "s4"] {
                        if !default.contains(&scope) && !optional.contains(&scope) {
                            optional.push(scope);
                        }
                    }
                    optional.push("offline_access");
                }
                let public = public && !first;
                let mut grants = vec!["password", "token-exchange"];
                grants.extend((account && !public).then_some("client-credentials"));
                grants.extend(standard.then_some("standard-token-exchange"));
                let mut client = json!({
                    "id": format!("c{place}"), "public": public, "enabled": enabled || first,
                    "grants": grants, "default_scopes": default, "optional_scopes": optional,
                    "consent_required": consent && !first, "full_scope_allowed": full,
                    "roles": [{"name": "own"}],
                });
                if !public {
                    client["secret"] = json!("secret");
                }
                client["attributes"] = json!({
                    "standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION",
                });
                if let Some(adds) = adds {
                    client["attributes"]["exchange.adds.scopes"] = json!(adds);
                }
                if let Some(lifespan) = lifespan {
                    client["attributes"]["access.token.lifespan"] = json!(lifespan);
                }
                if let Some(audience) = audience {
                    client["mappers"] = json!([{
                        "name": "audience", "kind": "oidc-audience-mapper",
                        "config": {
                            "included.client.audience": format!("c{audience}"),
                            "access.token.claim": "true",
                        },
                    }]);
                }
                client
            },
        )
}

/// Up to six policies; an aggregate names policies before it.
fn policies(clients: usize) -> impl Strategy<Value = Vec<Value>> {
    let kinds = prop_oneof![
        6 => vec(0..clients, 0..=clients).prop_map(|mut chosen| {
            chosen.extend((chosen.len() % 2 == 1).then_some(0));
            json!({"kind": "client", "clients": named("c", chosen)})
        }),
        2 => (0..24_u32, 0..24_u32).prop_map(|(from, to)| {
            json!({"kind": "time", "config": {"hour": from.to_string(), "hourEnd": to.to_string()}})
        }),
        2 => (
            prop::sample::select(&["scope", "nowhere"][..]),
            prop::sample::select(&[".*", ".*s[01].*", "openid( .*)?", "none"][..]),
        ).prop_map(|(claim, pattern)| {
            json!({"kind": "regex", "config": {"targetClaim": claim, "pattern": pattern}})
        }),
        1 => any::<bool>().prop_map(|required| {
            json!({"kind": "role", "config": {"roles": [{"id": "r0", "required": required}]}})
        }),
        1 => Just(json!({"kind": "group", "config": {"groups": [{"path": "/g0"}]}})),
        2 => (vec(0..6_usize, 0..4), 0..3_usize).prop_map(|(children, strategy)| {
            json!({"kind": "aggregate", "policies": children, "strategy": STRATEGIES[strategy]})
        }),
    ];
    vec((kinds, prop::bool::weighted(0.25)), 1..=6).prop_map(|policies| {
        policies
            .into_iter()
            .enumerate()
            .map(|(place, (mut policy, negative))| {
                policy["name"] = json!(format!("p{place}"));
                policy["logic"] = json!(if negative { "negative" } else { "positive" });
                if let Some(children) = policy["policies"].as_array() {
                    let children = children.iter().filter_map(Value::as_u64);
                    let before = children.filter(|child| (*child as usize) < place);
                    policy["policies"] = named("p", before.map(|child| child as usize).collect());
                }
                policy
            })
            .collect()
    })
}

/// What a permission guards, and which policies it asks, by numbers that may be too high.
#[derive(Clone, Debug)]
struct Guard {
    action: Action,
    policies: Vec<usize>,
    strategy: usize,
}

#[derive(Clone, Debug)]
enum Action {
    ExchangeTo(usize),
    Impersonate,
    BeImpersonated,
}

impl Guard {
    fn document(self, place: usize, policies: usize) -> Value {
        let asked = self.policies.iter().map(|policy| policy % policies);
        let mut permission = json!({
            "name": format!("permission {place}"), "strategy": STRATEGIES[self.strategy],
            "policies": named("p", asked.collect()),
        });
        match self.action {
            Action::ExchangeTo(client) => {
                permission["action"] = json!("token-exchange");
                permission["client"] = json!(format!("c{client}"));
            }
            Action::Impersonate => permission["action"] = json!("impersonate"),
            Action::BeImpersonated => permission["action"] = json!("user-impersonated"),
        }
        permission
    }
}

fn permissions(clients: usize) -> impl Strategy<Value = Vec<Guard>> {
    let action = prop_oneof![
        7 => (0..clients).prop_map(Action::ExchangeTo),
        3 => Just(Action::Impersonate),
        1 => Just(Action::BeImpersonated),
    ];
    let guard =
        (action, vec(0..6_usize, 0..3), 0..3_usize).prop_map(|(action, policies, strategy)| {
            Guard {
                action,
                policies,
                strategy,
            }
        });
    vec(guard, 2..9)
}

/// Names of numbers, each once.
fn named(letter: &str, mut numbers: Vec<usize>) -> Value {
    numbers.sort_unstable();
    numbers.dedup();
    let names: Vec<String> = numbers
        .iter()
        .map(|number| format!("{letter}{number}"))
        .collect();
    json!(names)
}
