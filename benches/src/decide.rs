//! Realms and questions for the benches of the decision.

use cambist::{
    claims::mappers::MapperKinds,
    facts::User,
    moment::Moment,
    policy::{Answer, EvaluationContext, ExchangeQuestion, PolicyKinds, can_exchange_to},
    realm::{
        Features, Realm,
        build::BuildOptions,
        document::{
            ClientDocument, PermissionDocument, PolicyDocument, RealmDocument, RoleDocument,
        },
    },
};
use serde_json::json;

use crate::free::FreeProvider;

/// How many roles there are.
const ROLES: usize = 16;

/// A realm, and the service accounts that its clients have: sixteen, each with four of the roles.
#[derive(Debug)]
pub struct World {
    /// The realm.
    pub realm: Realm,
    /// The accounts.
    pub accounts: Vec<User>,
    size: usize,
    listed: usize,
}

/// One question with its answer.
#[derive(Debug)]
pub struct Question {
    /// `client_id` of the requester.
    pub requester: String,
    /// Number of its service account.
    pub account: usize,
    /// `client_id` of the target.
    pub target: String,
    /// Whether it may.
    pub expected: bool,
}

impl World {
    /// A realm of so many clients, each of which four others may reach.
    ///
    /// # Panics
    ///
    /// When the realm is refused.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self::build(size, 4, size)
    }

    /// A realm of so many clients in which one list of `listed` clients guards a few targets.
    ///
    /// # Panics
    ///
    /// When the realm is refused.
    #[must_use]
    pub fn with_list(size: usize, listed: usize) -> Self {
        Self::build(size, listed, 8)
    }

    #[expect(clippy::panic, reason = "a bench that cannot go on stops")]
    fn build(size: usize, listed: usize, targets: usize) -> Self {
        let mut document = RealmDocument::named("bench");
        document.client_scopes = Some(Vec::new());
        document.default_scopes = Some(Vec::new());
        document.optional_scopes = Some(Vec::new());
        document.roles = (0..ROLES).map(role).collect();
        document.clients = (0..size).map(client).collect();
        for number in 0..ROLES {
            let mut policy = policy(format!("role {number}"), "role");
            policy
                .config
                .insert("roles".to_owned(), json!([format!("role-{number}")]));
            document.policies.push(policy);
        }
        for target in 0..targets {
            let mut policy = policy(format!("callers of {target}"), "client");
            policy.clients = Some(
                (1..=listed)
                    .map(|step| client_id(caller(target, step, size)))
                    .collect(),
            );
            document.policies.push(policy);
            document.permissions.push(permission(target));
        }
        let options = BuildOptions {
            version: 1,
            features: Features::NONE,
            provider: &FreeProvider,
            mappers: &MapperKinds::builtin(),
            policies: &PolicyKinds::builtin(),
            client_policies: &cambist::client_policy::ClientPolicyKinds::builtin(),
        };
        let realm = Realm::build(&document, &options).unwrap_or_else(|error| panic!("{error}"));
        let accounts = (0..ROLES).map(|number| account(&realm, number)).collect();
        Self {
            realm,
            accounts,
            size: targets,
            listed,
        }
    }

    /// Puts a question; `None` when one of its clients is not there.
    #[must_use]
    pub fn ask(&self, question: &Question, record: bool) -> Option<Answer> {
        let realm = &self.realm;
        let requester = realm.client_by_id(&question.requester)?;
        let target = realm.client_by_id(&question.target)?;
        let asked = ExchangeQuestion {
            requester,
            service_account: self.accounts.get(question.account),
            subject_scope: Some("openid"),
        };
        let context = EvaluationContext {
            client_id: requester.client_id(),
            remote_address: None,
            moment: Moment::utc(1_795_519_815),
        };
        let target = target.number();
        Some(can_exchange_to(realm, &asked, target, &context, record))
    }

    /// So many questions, the same ones each time, spread over all targets.
    #[must_use]
    pub fn questions(&self, count: usize) -> Vec<Question> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(bound).unwrap_or(1)).unwrap_or_default()
        };
        let size = self.realm.clients().len();
        (0..count)
            .map(|_| {
                let target = draw(self.size);
                let on_list = draw(4) != 0;
                let step = if on_list {
                    draw(self.listed).wrapping_add(1)
                } else {
                    self.listed.wrapping_add(1)
                };
                let holds = draw(5) != 0;
                // An account holds its own role and the three after it.
                let distance = if holds {
                    draw(4)
                } else {
                    4_usize.wrapping_add(draw(ROLES.wrapping_sub(4)))
                };
                let account = (target % ROLES).wrapping_add(ROLES).wrapping_sub(distance) % ROLES;
                Question {
                    requester: client_id(caller(target, step, size)),
                    account,
                    target: client_id(target),
                    expected: on_list && holds,
                }
            })
            .collect()
    }
}

/// The client that stands this many steps after the target.
const fn caller(target: usize, step: usize, size: usize) -> usize {
    target.wrapping_add(step.wrapping_mul(7)) % size
}

fn client_id(number: usize) -> String {
    format!("client-{number}")
}

fn role(number: usize) -> RoleDocument {
    RoleDocument {
        name: format!("role-{number}"),
        id: None,
        description: None,
        composites: cambist::realm::document::RoleNames::default(),
        attributes: std::collections::BTreeMap::new(),
    }
}

fn client(number: usize) -> ClientDocument {
    let mut client = ClientDocument::named(client_id(number));
    client.public = true;
    client.default_scopes = Some(Vec::new());
    client.optional_scopes = Some(Vec::new());
    client
}

fn policy(name: String, kind: &str) -> PolicyDocument {
    PolicyDocument {
        name,
        id: None,
        description: None,
        kind: kind.to_owned(),
        logic: cambist::policy::Logic::Positive,
        strategy: cambist::policy::DecisionStrategy::Unanimous,
        clients: None,
        users: None,
        policies: None,
        config: serde_json::Map::new(),
    }
}

fn permission(target: usize) -> PermissionDocument {
    PermissionDocument {
        name: format!("exchange to {target}"),
        id: None,
        description: None,
        action: Some("token-exchange".to_owned()),
        client: Some(client_id(target)),
        provider: None,
        kind: None,
        resources: Vec::new(),
        scopes: Vec::new(),
        resource_type: None,
        policies: vec![
            format!("callers of {target}"),
            format!("role {}", target % ROLES),
        ],
        strategy: cambist::policy::DecisionStrategy::Unanimous,
        logic: cambist::policy::Logic::Positive,
    }
}

fn account(realm: &Realm, number: usize) -> User {
    let held = (0..4).filter_map(|step| {
        realm.realm_role(&format!("role-{}", number.wrapping_add(step) % ROLES))
    });
    User {
        id: format!("account-{number}"),
        username: format!("service-account-{number}"),
        enabled: true,
        roles: held.map(|role| role.id().to_owned()).collect(),
        ..User::default()
    }
}
