//! What an exchange really gives is never more than what the analysis says can be.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::Arc;

use cambist::{
    engine::{Engine, HandleError},
    facts::User,
    moment::Moment,
    policy::Possibility,
    realm::document::RealmDocument,
    request::Envelope,
};
use cambist_analysis::{Hop, Parties, Reach, Way};
use cambist_testkit::{
    fixed_entropy::FixedEntropy, world::World, worthless_crypto::WorthlessProvider,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];
const NOW: i64 = 1_800_000_000;

/// One client and the permission that guards it.
#[derive(Clone, Debug)]
struct Party {
    grants: Vec<&'static str>,
    /// Clients whose audience mapper is in its default scopes, and in its optional ones.
    named: Vec<usize>,
    nameable: Vec<usize>,
    /// Policies of the permission on it, by number; none: no permission.
    guard: Vec<usize>,
    strategy: &'static str,
}

fn parties() -> impl Strategy<Value = Vec<Party>> {
    let one = (
        prop::sample::subsequence(
            vec![
                "client-credentials",
                "token-exchange",
                "standard-token-exchange",
            ],
            0..=3,
        ),
        prop::sample::subsequence(vec![0, 1, 2, 3], 0..=2),
        prop::sample::subsequence(vec![0, 1, 2, 3], 0..=2),
        prop::sample::subsequence(vec![0, 1, 2, 3, 4, 5, 6], 0..=3),
        prop::sample::select(vec!["unanimous", "affirmative", "consensus"]),
    );
    let one = one.prop_map(|(grants, named, nameable, guard, strategy)| Party {
        grants,
        named,
        nameable,
        guard,
        strategy,
    });
    prop::collection::vec(one, CLIENTS.len())
}

fn document(profile: &str, parties: &[Party]) -> RealmDocument {
    let scope = |client: &str| {
        json!({
            "name": format!("to-{client}"),
            "mappers": [{
                "name": "audience", "kind": "oidc-audience-mapper",
                "config": {"included.client.audience": client, "access.token.claim": "true"}
            }]
        })
    };
    let mut scopes = vec![json!({
        "name": "basic",
        "mappers": [{"name": "sub", "kind": "oidc-sub-mapper", "config": {"access.token.claim": "true"}}]
    })];
    scopes.extend(CLIENTS.map(scope));
    let to = |places: &[usize]| -> Vec<String> {
        places
            .iter()
            .map(|place| format!("to-{}", CLIENTS[*place]))
            .collect()
    };
    let clients = CLIENTS.iter().zip(parties).map(|(id, party)| {
        let mut default_scopes = to(&party.named);
        default_scopes.push("basic".to_owned());
        let mut optional = to(&party.nameable);
        optional.retain(|name| !default_scopes.contains(name));
        json!({
            "id": id, "secret": "s", "grants": party.grants,
            "default_scopes": default_scopes, "optional_scopes": optional
        })
    });
    let guarded = CLIENTS
        .iter()
        .zip(parties)
        .filter(|(_, party)| !party.guard.is_empty());
    let permissions = guarded.map(|(id, party)| {
        let policies: Vec<String> = party.guard.iter().map(usize::to_string).collect();
        json!({
            "name": format!("to {id}"), "action": "token-exchange", "client": id,
            "policies": policies, "strategy": party.strategy
        })
    });
    serde_json::from_value(json!({
        "realm": "random",
        "profile": profile,
        "client_scopes": scopes,
        "default_scopes": ["basic"],
        "optional_scopes": [],
        "clients": clients.collect::<Vec<_>>(),
        "permissions": permissions.collect::<Vec<_>>(),
        "roles": [{"name": "alpha"}],
        "policies": [
            {"name": "0", "kind": "client", "clients": ["a"]},
            {"name": "1", "kind": "client", "clients": ["b", "c"]},
            {"name": "2", "kind": "client", "clients": ["d"], "logic": "negative"},
            {"name": "3", "kind": "time", "config": {"noa": "2020-01-01 00:00:00"}},
            {"name": "4", "kind": "client-scope", "config": {"clientScopes": [{"id": "to-b"}]}},
            {"name": "5", "kind": "role", "config": {"roles": [{"id": "alpha"}]}, "logic": "negative"},
            {"name": "6", "kind": "aggregate", "policies": ["0", "4"], "strategy": "affirmative"}
        ]
    }))
    .unwrap()
}

struct Teller {
    world: World,
    engine: Engine,
}

impl Teller {
    fn new(document: RealmDocument) -> Self {
        let provider = Arc::new(WorthlessProvider);
        Self {
            world: World::new(document, &*provider).unwrap(),
            engine: Engine::new(provider),
        }
    }

    /// The access token, where there is one.
    fn ask(&mut self, client: &str, form: &[(&str, &str)]) -> Option<String> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", client)
            .append_pair("client_secret", "s")
            .extend_pairs(form)
            .finish();
        let envelope = Envelope {
            issuer: "https://id.example/realms/random",
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let came = self.engine.handle(
            Arc::clone(&self.world.realm),
            &envelope,
            body.as_bytes(),
            Moment::utc(NOW),
            &mut FixedEntropy::new(7),
            |needed| self.world.facts(needed),
        );
        let outcome = match came {
            Ok(outcome) => outcome,
            Err(HandleError::Denied(_)) => return None,
            Err(HandleError::Failed(refusal)) => panic!("{refusal}"),
        };
        let answer = outcome.commit(|effects| {
            self.world.apply(effects);
            Ok::<(), core::convert::Infallible>(())
        });
        let Ok(answer) = answer;
        Some(answer.access_token)
    }
}

fn audience(token: &str) -> Vec<String> {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    match &claims["aud"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several
            .iter()
            .map(|value| value.as_str().unwrap().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

fn possible<'a>(hops: &'a [Hop], from: &str, to: &str) -> impl Iterator<Item = &'a Hop> {
    let (from, to) = (from.to_owned(), to.to_owned());
    hops.iter()
        .filter(move |hop| hop.from == from && hop.to == to)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Every audience of every token that three rounds of exchanges give was foretold; and what is always
    /// possible is.
    #[test]
    fn nothing_happens_that_was_not_foretold(
        parties in parties(),
        profile in prop::sample::select(&["strict", "keycloak"][..]),
    ) {
        let mut teller = Teller::new(document(profile, &parties));
        let users: Vec<User> = teller.world.users.values().map(|user| (**user).clone()).collect();
        let realm = Arc::clone(&teller.world.realm);
        let reach = Reach::of(&Parties::with_users(&realm, &users));
        // Tokens with where they came from.
        let mut held: Vec<(String, String)> = Vec::new();
        for client in CLIENTS {
            for scope in ["", "to-a to-b", "to-c to-d"] {
                let form = [("grant_type", "client_credentials"), ("scope", scope)];
                if let Some(token) = teller.ask(client, &form) {
                    held.push((client.to_owned(), token));
                }
            }
        }
        for (source, token) in &held {
            for named in audience(token).iter().filter(|named| *named != source) {
                prop_assert!(reach.path(source, named).is_some(), "{source} to {named}");
            }
        }
        for _ in 0..3 {
            let mut new = Vec::new();
            for (source, token) in &held {
                let mut holders = audience(token);
                holders.push(source.clone());
                for holder in CLIENTS.iter().filter(|client| holders.iter().any(|it| it == *client)) {
                    let form = [
                        ("grant_type", EXCHANGE), ("subject_token", token),
                        ("subject_token_type", ACCESS_TOKEN), ("requested_token_type", ACCESS_TOKEN),
                    ];
                    if let Some(token) = teller.ask(holder, &form) {
                        for named in audience(&token).iter().filter(|named| *named != source) {
                            prop_assert!(reach.path(source, named).is_some(), "{source} to {named}");
                        }
                        new.push((source.clone(), token));
                    }
                    for target in CLIENTS {
                        let mut form = form.to_vec();
                        form.push(("audience", target));
                        let came = teller.ask(holder, &form);
                        let foretold: Vec<_> = possible(reach.hops(), holder, target)
                            .filter(|hop| hop.way != Way::Audience)
                            .collect();
                        if let Some(token) = &came {
                            prop_assert!(!foretold.is_empty(), "{holder} to {target}");
                            for named in audience(token).iter().filter(|named| *named != source) {
                                prop_assert!(reach.path(source, named).is_some(), "{source} to {named}");
                            }
                        }
                        let surely = foretold.iter().any(|hop| {
                            hop.way == Way::PermissionBased && hop.possibility == Possibility::Always
                        });
                        // Standard exchange comes first where the client has it, and refuses by itself.
                        let falls_through = !parties.iter().zip(CLIENTS).any(|(party, id)| {
                            id == *holder && party.grants.contains(&"standard-token-exchange")
                        });
                        if surely && falls_through {
                            prop_assert!(came.is_some(), "{holder} to {target}: always, and refused");
                        }
                        new.extend(came.map(|token| (source.clone(), token)));
                    }
                }
            }
            new.truncate(24);
            held = new;
        }
    }
}
