//! The permissions of the parity kit's realms, asked what a real Keycloak was asked there.
//!
//! Only the gates are looked at: whether the exchange was let through, refused, or failed. Everything else of
//! an answer is compared by the parity check over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use cambist::{
    claims::mappers::MapperKinds,
    facts::User,
    moment::Moment,
    policy::{
        Answer, EvaluationContext, ExchangeQuestion, GateRefusal, PolicyKinds, PolicyTrace,
        can_client_impersonate, can_exchange_to, is_impersonatable,
    },
    realm::{
        Features, Realm,
        build::{BuildOptions, users_of},
    },
};
use cambist_ring::RingProvider;
use serde_json::Value;

/// When the answers were recorded, near enough for the years that the conditions name.
const RECORDED: Moment = Moment::utc(1_795_500_000);

struct World {
    realm: Realm,
    users: Vec<User>,
}

impl World {
    fn load(name: &str) -> Self {
        let text = fs::read_to_string(kit().join(format!("realms/{name}.json"))).unwrap();
        let document = cambist_keycloak::import(&text).unwrap().document;
        let options = BuildOptions {
            version: 1,
            features: Features::NONE,
            provider: &RingProvider,
            mappers: &MapperKinds::builtin(),
            policies: &PolicyKinds::builtin(),
            client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
        };
        let realm =
            Realm::build(&document, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
        let users = users_of(&document, &realm).unwrap();
        Self {
            realm,
            users: users.into_iter().map(|new| new.user).collect(),
        }
    }

    fn service_account(&self, client: &str) -> Option<&User> {
        let name = format!("service-account-{client}");
        self.users.iter().find(|user| user.username == name)
    }

    fn user(&self, name: &str) -> &User {
        self.users
            .iter()
            .find(|user| user.username == name)
            .unwrap()
    }

    /// What the permissions say to one exchange, asked with and without a trace.
    fn exchange(
        &self,
        client: &str,
        target: &str,
        impersonated: Option<&str>,
        scope: Option<&str>,
    ) -> Result<(), GateRefusal> {
        let realm = &self.realm;
        let question = ExchangeQuestion {
            requester: realm.client_by_id(client).unwrap(),
            service_account: self.service_account(client),
            subject_scope: scope,
        };
        let context = EvaluationContext {
            client_id: client,
            remote_address: None,
            moment: RECORDED,
        };
        if let Some(user) = impersonated {
            both(|record| can_client_impersonate(realm, &question, &context, record))?;
            both(|record| is_impersonatable(realm, self.user(user), &context, record))?;
        }
        let target = realm.client_by_id(target).unwrap().number();
        both(|record| can_exchange_to(realm, &question, target, &context, record))
    }
}

/// The trace must tell the same as the answer, and asking for it must not change the answer.
fn both(ask: impl Fn(bool) -> Answer) -> Result<(), GateRefusal> {
    let (silent, nothing) = ask(false);
    let (recorded, trace) = ask(true);
    assert_eq!(silent, recorded);
    assert_eq!(nothing, None);
    let trace = trace.unwrap();
    assert_eq!(trace.refusal, silent.clone().err());
    let text = serde_json::to_string(&trace).unwrap();
    assert_eq!(serde_json::from_str::<PolicyTrace>(&text).unwrap(), trace);
    silent
}

fn kit() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../parity")
}

fn json(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(kit().join(path)).unwrap()).unwrap()
}

/// The scope of a login token: `green` always, and of what was asked for that which is written into tokens.
fn login_scope(asked: &str) -> String {
    let written = asked
        .split(' ')
        .filter(|name| ["red", "blue"].contains(name));
    written.chain(["green"]).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_answer_about_policies_is_keycloaks() {
    let cases = json("cases/v1-policies.json");
    let answers = json("answers/v1-policies.json");
    let mut worlds = BTreeMap::new();
    for name in cases["realms"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        worlds.insert(name, World::load(name));
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in cases["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let steps = case["steps"].as_array().unwrap();
        let exchange = steps
            .iter()
            .find(|step| step["form"]["grant_type"] == "$TX")
            .unwrap();
        let login = steps.iter().find(|step| step["setup"] == true);
        let realm = exchange["realm"].as_str().unwrap_or("v1-policies");
        let scope =
            login.map(|login| login_scope(login["form"]["scope"].as_str().unwrap_or_default()));
        let said = worlds[realm].exchange(
            exchange["client"].as_str().unwrap(),
            exchange["form"]["audience"].as_str().unwrap(),
            exchange["form"]["requested_subject"].as_str(),
            scope.as_deref(),
        );
        let status = match said {
            Ok(()) => 200,
            Err(GateRefusal::Failed(_)) => 500,
            Err(_) => 403,
        };
        let step = exchange["id"].as_str().unwrap();
        let keycloak = answers["cases"][id][step]["status"].as_i64().unwrap();
        if status != keycloak {
            wrong.push(format!("{id}: {said:?}, Keycloak says {keycloak}"));
        }
        compared += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(compared, 227);
}
