//! Sets of policies and pairs of aggregates: how votes become a decision.

use std::{collections::BTreeSet, sync::Arc};

use cambist::{
    claims::MapperKinds,
    client_policy::ClientPolicyKinds,
    moment::Moment,
    policy::{
        DecisionStrategy, EnforcementMode, EvaluationContext, ExchangeQuestion, GateRefusal, Logic,
        PermissionTrace, PolicyStep, PolicyTrace, can_exchange_to,
    },
    realm::{
        Features, Profile, Realm,
        build::BuildOptions,
        document::{
            AuthorizationDocument, ClientDocument, PermissionDocument, PolicyDocument,
            RealmDocument,
        },
    },
};

use super::{
    Tally,
    told::{kinds, told},
};
use crate::{
    reference::{
        party::Party,
        permissions::{Closed, Judged, Permissions, Question},
    },
    worthless_crypto::WorthlessProvider,
};

/// What the engine is compared with: judges one question to the permission on [`TARGET`].
pub type Judge<'a> = &'a (dyn Fn(&RealmDocument, &Question<'_>) -> Judged + Sync);

/// The client whose permission is asked for.
pub const TARGET: &str = "target";

const REQUESTER: &str = "requester";
const STRATEGIES: [DecisionStrategy; 3] = [
    DecisionStrategy::Unanimous,
    DecisionStrategy::Affirmative,
    DecisionStrategy::Consensus,
];
const VOTES: [char; 4] = ['p', 'd', 'n', 'e'];
const PROFILES: [Profile; 2] = [Profile::Strict, Profile::Keycloak];

/// The reference.
#[must_use]
pub fn reference(document: &RealmDocument, question: &Question<'_>) -> Judged {
    Permissions::with(document, told).exchange_to(TARGET, question)
}

/// Every ordered set of up to four policies that permit, deny, say nothing or fail, under positive or
/// negative logic, under each strategy, where an empty set is refused or let through, in both profiles. Of
/// `every` shapes (all but what is voted) one is taken; 1 takes all.
#[must_use]
pub fn sets(every: usize, judge: Judge<'_>) -> Tally {
    let mut cases = Vec::new();
    for profile in PROFILES {
        for enforcement in [EnforcementMode::Enforcing, EnforcementMode::Permissive] {
            for strategy in STRATEGIES {
                for size in 0..=4 {
                    for logics in words(&[Logic::Positive, Logic::Negative], size) {
                        cases.push((profile, enforcement, strategy, logics));
                    }
                }
            }
        }
    }
    let cases: Vec<_> = cases.into_iter().step_by(every.max(1)).collect();
    in_threads(&cases, |(profile, enforcement, strategy, logics), tally| {
        let policies: Vec<PolicyDocument> = logics
            .iter()
            .enumerate()
            .map(|(place, logic)| leaf(place, place, *logic))
            .collect();
        let names = policies.iter().map(|policy| policy.name.clone()).collect();
        let mut document = guarded(*profile, policies, names, *strategy);
        document.authorization = Some(AuthorizationDocument {
            enforcement: *enforcement,
            ..AuthorizationDocument::default()
        });
        compare(&document, words(&VOTES, logics.len()), judge, tally);
    })
}

/// Every ordered pair of aggregates of up to three such policies, in each profile: 990 aggregates, as the
/// order of children means nothing, each strategy and logic of both, each strategy of the permission. Of
/// `every` pairs of shapes one is taken; 1 takes all.
#[must_use]
pub fn aggregates(every: usize, judge: Judge<'_>) -> Tally {
    let mut shapes = Vec::new();
    for strategy in STRATEGIES {
        for logic in [Logic::Positive, Logic::Negative] {
            for size in 0..=3_usize {
                for negatives in 0..=size {
                    shapes.push(Shape {
                        strategy,
                        logic,
                        positives: size.saturating_sub(negatives),
                        negatives,
                    });
                }
            }
        }
    }
    let mut cases = Vec::new();
    for profile in PROFILES {
        for strategy in STRATEGIES {
            for first in &shapes {
                cases.extend(
                    shapes
                        .iter()
                        .map(|second| (profile, strategy, *first, *second)),
                );
            }
        }
    }
    let cases: Vec<_> = cases.into_iter().step_by(every.max(1)).collect();
    in_threads(&cases, |(profile, strategy, first, second), tally| {
        let mut policies = Vec::new();
        first.write("first", 0, &mut policies);
        second.write("second", 3, &mut policies);
        let names = vec!["first".to_owned(), "second".to_owned()];
        let document = guarded(*profile, policies, names, *strategy);
        let mut votes = Vec::new();
        for one in first.votes() {
            votes.extend(
                second
                    .votes()
                    .into_iter()
                    .map(|other| [one.as_slice(), &other].concat()),
            );
        }
        compare(&document, votes, judge, tally);
    })
}

/// What the engine says of one set of policies, each a letter for its vote ([`ToldKind`](super::told::ToldKind))
/// and its logic: the policy of place 3 is `p3`, the permission `permission`. `None`: no such realm builds.
#[must_use]
pub fn decided(
    profile: Profile,
    strategy: DecisionStrategy,
    votes: &[(char, Logic)],
) -> Option<Judged> {
    let policies: Vec<PolicyDocument> = votes
        .iter()
        .enumerate()
        .map(|(place, (_, logic))| leaf(place, place, *logic))
        .collect();
    let names = policies.iter().map(|policy| policy.name.clone()).collect();
    let realm = built(&guarded(profile, policies, names, strategy))?;
    let scope: String = votes.iter().map(|(vote, _)| *vote).collect();
    let question = ExchangeQuestion {
        requester: realm.client_by_id(REQUESTER)?,
        service_account: None,
        subject_scope: Some(&scope),
    };
    let context = EvaluationContext {
        client_id: REQUESTER,
        remote_address: None,
        moment: Moment::utc(0),
    };
    let target = realm.client_by_id(TARGET)?.number();
    let (result, trace) = can_exchange_to(&realm, &question, target, &context, true);
    Some(judged(result, trace.as_ref()))
}

/// An aggregate: how it combines, and how many of its children are under which logic.
#[derive(Clone, Copy, Debug)]
struct Shape {
    strategy: DecisionStrategy,
    logic: Logic,
    positives: usize,
    negatives: usize,
}

impl Shape {
    fn write(self, name: &str, offset: usize, policies: &mut Vec<PolicyDocument>) {
        let size = self.positives.saturating_add(self.negatives);
        let mut children = Vec::new();
        for place in 0..size {
            let logic = if place < self.positives {
                Logic::Positive
            } else {
                Logic::Negative
            };
            let number = offset.saturating_add(place);
            let child = leaf(number, number, logic);
            children.push(child.name.clone());
            policies.push(child);
        }
        policies.push(PolicyDocument {
            policies: Some(children),
            strategy: self.strategy,
            ..policy(name, "aggregate", self.logic)
        });
    }

    /// What the children may say, three letters; those under one logic in one order only.
    fn votes(self) -> Vec<Vec<char>> {
        let sorted = |size| {
            let mut words = words(&VOTES, size);
            words.retain(|word| word.is_sorted());
            words
        };
        let mut all = Vec::new();
        for positive in sorted(self.positives) {
            for negative in sorted(self.negatives) {
                let mut word = [positive.as_slice(), &negative].concat();
                word.resize(3, '-');
                all.push(word);
            }
        }
        all
    }
}

/// Every word of this length over an alphabet.
fn words<T: Clone>(alphabet: &[T], length: usize) -> Vec<Vec<T>> {
    let mut words = vec![Vec::new()];
    for _ in 0..length {
        words = words
            .iter()
            .flat_map(|word| {
                alphabet
                    .iter()
                    .map(|letter| [word.as_slice(), std::slice::from_ref(letter)].concat())
            })
            .collect();
    }
    words
}

fn policy(name: &str, kind: &str, logic: Logic) -> PolicyDocument {
    PolicyDocument {
        name: name.into(),
        id: None,
        description: None,
        kind: kind.into(),
        logic,
        strategy: DecisionStrategy::default(),
        clients: None,
        users: None,
        policies: None,
        config: serde_json::Map::new(),
    }
}

fn leaf(number: usize, place: usize, logic: Logic) -> PolicyDocument {
    let mut leaf = policy(&format!("p{number}"), "told", logic);
    leaf.config.insert("place".into(), place.into());
    leaf
}

/// A realm in which these policies guard the exchange to [`TARGET`].
fn guarded(
    profile: Profile,
    policies: Vec<PolicyDocument>,
    names: Vec<String>,
    strategy: DecisionStrategy,
) -> RealmDocument {
    let mut document = RealmDocument::named("votes");
    document.profile = profile;
    document.client_scopes = Some(Vec::new());
    for client in [REQUESTER, TARGET] {
        let mut client = ClientDocument::named(client);
        client.default_scopes = Some(Vec::new());
        client.optional_scopes = Some(Vec::new());
        document.clients.push(client);
    }
    document.policies = policies;
    document.permissions = vec![PermissionDocument {
        name: "permission".into(),
        id: None,
        description: None,
        action: Some("token-exchange".into()),
        client: Some(TARGET.into()),
        provider: None,
        kind: None,
        resources: Vec::new(),
        scopes: Vec::new(),
        resource_type: None,
        policies: names,
        strategy,
        logic: Logic::default(),
    }];
    document
}

/// Puts every vote to both and compares decision, reason and what both rest on.
fn compare(document: &RealmDocument, votes: Vec<Vec<char>>, judge: Judge<'_>, tally: &mut Tally) {
    let Some(realm) = built(document) else {
        tally.count(false, &"no realm", &"a realm", || format!("{document:?}"));
        return;
    };
    let (Some(requester), Some(target)) =
        (realm.client_by_id(REQUESTER), realm.client_by_id(TARGET))
    else {
        return;
    };
    let moment = Moment::utc(0);
    for word in votes {
        let scope: String = word.into_iter().collect();
        let question = ExchangeQuestion {
            requester,
            service_account: None,
            subject_scope: Some(&scope),
        };
        let context = EvaluationContext {
            client_id: REQUESTER,
            remote_address: None,
            moment,
        };
        let (result, trace) = can_exchange_to(&realm, &question, target.number(), &context, true);
        let (silent, _) = can_exchange_to(&realm, &question, target.number(), &context, false);
        let party = Party::client(document, REQUESTER, Some(&scope));
        let question = Question {
            party: &party,
            client_id: REQUESTER,
            now: 0,
            offset: 0,
        };
        let expected = judge(document, &question);
        let permitted = result.is_ok();
        let said = (silent == result, judged(result, trace.as_ref()));
        tally.count(permitted, &said, &(true, expected), || {
            format!(
                "{scope:?} to {:?} {:?}",
                document.profile, document.permissions
            )
        });
    }
}

fn built(document: &RealmDocument) -> Option<Arc<Realm>> {
    let options = BuildOptions {
        version: 1,
        features: Features::default(),
        provider: &WorthlessProvider,
        mappers: &MapperKinds::builtin(),
        policies: &kinds().ok()?,
        client_policies: &ClientPolicyKinds::builtin(),
    };
    Realm::build(document, &options).ok().map(Arc::new)
}

/// The engine's answer in the words of the reference.
#[must_use]
pub fn judged(result: Result<(), GateRefusal>, trace: Option<&PolicyTrace>) -> Judged {
    let result = result.map_err(|refusal| match refusal {
        GateRefusal::NoResource => Closed::NoResource,
        GateRefusal::NoPermission => Closed::NoPermission,
        GateRefusal::NoConditions => Closed::NoConditions,
        GateRefusal::NoScope => Closed::NoScope,
        GateRefusal::Failed(_) => Closed::Failed,
        _ => Closed::NotGranted,
    });
    let mut determining = BTreeSet::new();
    // Where a question failed, nothing was weighed.
    let weighed = trace.filter(|_| result != Err(Closed::Failed));
    let permissions = weighed.map_or(&[][..], |trace| &trace.permissions);
    for PermissionTrace {
        permission,
        policies,
        ..
    } in permissions.iter().filter(|p| p.decisive)
    {
        decisive(permission, policies, &mut determining);
        determining.insert(permission.clone());
    }
    Judged {
        result,
        determining,
    }
}

fn decisive(path: &str, steps: &[PolicyStep], all: &mut BTreeSet<String>) {
    for step in steps.iter().filter(|step| step.decisive) {
        let path = format!("{path}/{}", step.policy);
        decisive(&path, &step.children, all);
        all.insert(path);
    }
}

/// Counts every case, on as many threads as there are processors.
pub(super) fn in_threads<T: Sync>(cases: &[T], count: impl Fn(&T, &mut Tally) + Sync) -> Tally {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let count = &count;
        let parts: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    for case in cases.iter().skip(first).step_by(threads) {
                        count(case, &mut tally);
                    }
                    tally
                })
            })
            .collect();
        for part in parts {
            match part.join() {
                Ok(tally) => total.add(tally),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    total
}
