//! A small realm to ask permissions in, and a policy kind that says what it is told to.

#![allow(dead_code, reason = "each test file uses a part of it")]

use cambist::{
    claims::mappers::MapperKinds,
    facts::User,
    moment::Moment,
    policy::{
        Answer, BuildContext, Condition, Evaluation, EvaluationContext, ExchangeQuestion,
        PolicyError, PolicyKind, PolicyKinds, PolicyStep, PolicyTrace, StepVote, Vote,
        can_exchange_to,
    },
    realm::{
        Features, Realm, RealmError,
        build::{BuildOptions, users_of},
        document::{PolicyDocument, RealmDocument},
    },
};
use cambist_ring::RingProvider;
use serde_json::{Value, json};

/// 2026-11-24 11:30:15 UTC, a Tuesday.
pub(crate) const NOW: Moment = Moment::utc(1_795_519_815);

/// Says what its setting `says` tells.
#[derive(Debug)]
pub(crate) struct Told(Vote);

pub(crate) struct ToldKind;

impl PolicyKind for ToldKind {
    fn name(&self) -> &str {
        "told"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        _: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let vote = match document.config["says"].as_str() {
            Some("grant") => Vote::Grant,
            Some("deny") => Vote::Deny,
            Some("nothing") => Vote::Nothing,
            _ => Vote::Failed("told to fail"),
        };
        Ok(Box::new(Told(vote)))
    }
}

impl Condition for Told {
    fn vote(&self, _: &Evaluation<'_>) -> Vote {
        self.0
    }
}

/// The base of every realm here.
pub(crate) fn base(profile: &str) -> Value {
    json!({
        "realm": "small",
        "profile": profile,
        "roles": [
            {"name": "alpha"},
            {"name": "beta", "id": "00000000-0000-4000-8000-00000000be7a"},
            {"name": "boss", "composites": {"realm": ["beta"]}},
            {"name": "gamma"}
        ],
        "client_scopes": [{"name": "red"}, {"name": "blue", "id": "scope-blue"}],
        "groups": [
            {"name": "staff", "groups": [
                {"name": "nl", "roles": {"realm": ["gamma"]}, "groups": [{"name": "ams", "id": "group-ams"}]},
                {"name": "nl2"}
            ]},
            {"name": "elsewhere", "groups": [{"name": "ams"}]}
        ],
        "clients": [
            {"id": "desk", "uuid": "00000000-0000-4000-8000-0000000000de", "secret": "s", "grants": ["client-credentials"]},
            {"id": "shop", "secret": "s"},
            {"id": "bank", "uuid": "00000000-0000-4000-8000-0000000000ba", "secret": "s", "roles": [{"name": "teller"}, {"name": "alpha"}]},
            {"id": "realm-management", "bearer_only": true, "roles": [{"name": "impersonation"}]}
        ],
        "identity_providers": [{"alias": "hub", "id": "idp-hub", "kind": "oidc"}],
        "users": [
            {"username": "service-account-desk", "id": "u-desk", "service_account_of": "desk",
             "roles": {"realm": ["alpha", "boss"], "clients": {"bank": ["teller"]}}, "groups": ["/staff/nl/ams"],
             "attributes": {"dept": ["sea"], "scope": ["red"]}},
            {"username": "ada", "id": "u-ada", "roles": {"realm": ["alpha"]}, "groups": ["/elsewhere/ams"],
             "attributes": {"dept": ["sea", "land"]}},
            {"username": "eve", "id": "u-eve"},
            {"username": "00000000-0000-4000-8000-000000000ada", "id": "u-squatter"}
        ]
    })
}

pub(crate) fn load(document: Value, kinds: &PolicyKinds) -> Result<World, RealmError> {
    let document: RealmDocument = serde_json::from_value(document).unwrap();
    let options = BuildOptions {
        version: 1,
        features: Features::NONE,
        provider: &RingProvider,
        mappers: &MapperKinds::builtin(),
        policies: kinds,
        client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
    };
    let realm = Realm::build(&document, &options)?;
    let users = users_of(&document, &realm)
        .unwrap()
        .into_iter()
        .map(|new| new.user)
        .collect();
    Ok(World { realm, users })
}

pub(crate) fn kinds() -> PolicyKinds {
    let mut kinds = PolicyKinds::builtin();
    kinds.register(Box::new(ToldKind)).unwrap();
    kinds
}

pub(crate) struct World {
    pub(crate) realm: Realm,
    pub(crate) users: Vec<User>,
}

impl World {
    /// The base with these policies and permissions.
    pub(crate) fn with(profile: &str, policies: Value, permissions: Value) -> Self {
        Self::try_with(profile, policies, permissions).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn try_with(
        profile: &str,
        policies: Value,
        permissions: Value,
    ) -> Result<Self, String> {
        let mut document = base(profile);
        document["policies"] = policies;
        document["permissions"] = permissions;
        load(document, &kinds()).map_err(|error| error.to_string())
    }

    /// The base with one policy, the only one of a permission to exchange to `bank`.
    pub(crate) fn guarded_by(profile: &str, mut policy: Value) -> Result<Self, String> {
        policy["name"] = "guard".into();
        let permission = json!([{"name": "to bank", "action": "token-exchange", "client": "bank", "policies": ["guard"]}]);
        Self::try_with(profile, json!([policy]), permission)
    }

    pub(crate) fn user(&self, name: &str) -> &User {
        self.users
            .iter()
            .find(|user| user.username == name)
            .unwrap()
    }

    /// Asks whether the client may exchange to the target.
    pub(crate) fn ask(
        &self,
        client: &str,
        target: &str,
        scope: Option<&str>,
        moment: Moment,
    ) -> Answer {
        let requester = self.realm.client_by_id(client).unwrap();
        let account = self
            .users
            .iter()
            .find(|user| user.service_account_client.as_deref() == Some(requester.uuid()));
        let question = ExchangeQuestion {
            requester,
            service_account: account,
            subject_scope: scope,
        };
        let context = EvaluationContext {
            client_id: client,
            remote_address: None,
            moment,
        };
        let target = self.realm.client_by_id(target).unwrap().number();
        can_exchange_to(&self.realm, &question, target, &context, true)
    }

    /// The same, and only whether it may.
    pub(crate) fn may(&self, client: &str, target: &str) -> bool {
        self.ask(client, target, None, NOW).0.is_ok()
    }
}

/// The one policy asked.
pub(crate) fn only_step(trace: Option<PolicyTrace>) -> PolicyStep {
    let mut trace = trace.unwrap();
    assert_eq!(trace.permissions.len(), 1, "{trace:?}");
    let mut permission = trace.permissions.remove(0);
    assert_eq!(permission.policies.len(), 1, "{permission:?}");
    permission.policies.remove(0)
}

/// What a policy says when `client` asks with a subject token of this scope.
pub(crate) fn vote(policy: Value, client: &str, scope: Option<&str>) -> StepVote {
    vote_at(policy, client, scope, NOW)
}

pub(crate) fn vote_at(
    policy: Value,
    client: &str,
    scope: Option<&str>,
    moment: Moment,
) -> StepVote {
    let votes = ["strict", "keycloak"].map(|profile| {
        let world =
            World::guarded_by(profile, policy.clone()).unwrap_or_else(|error| panic!("{error}"));
        only_step(world.ask(client, "bank", scope, moment).1).vote
    });
    assert_eq!(
        votes[0], votes[1],
        "a condition votes the same in both profiles"
    );
    votes[0].clone()
}
