//! May client A exchange a token for client B? The question of the bench `decide`, put to Cambist, to Cedar (one policy that
//! reads attributes of the target) and to regorus (a rule that looks the target up in the data), in one run.
//!
//! Cambist starts from two `client_id`s as texts; the peers get requests and inputs made beforehand. Every answer is compared
//! with the expected one before anything is measured.
//!
//!     cargo run --release --manifest-path benches/peers/Cargo.toml [-- --quick]

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    hint::black_box,
    time::Duration,
};

use cambist::realm::Role;
use cambist_benches::{
    decide::{Question, World},
    rounds::{Contender, compare},
};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

const QUESTIONS: usize = 16_384;
/// As in the worlds of the bench `decide`: four clients may reach each target, and one of sixteen roles is wanted.
const LISTED: usize = 4;
const ROLES: usize = 16;

fn caller(target: usize, step: usize, size: usize) -> String {
    format!("client-{}", (target + step * 7) % size)
}

fn roles_of(world: &World, question: &Question) -> Vec<String> {
    let ids = world
        .accounts
        .get(question.account)
        .map(|account| &account.roles);
    ids.into_iter()
        .flatten()
        .filter_map(|id| world.realm.role_by_id(id).map(Role::name))
        .map(str::to_owned)
        .collect()
}

fn cambist(world: &World, question: &Question) -> bool {
    world
        .ask(question, false)
        .is_some_and(|(answer, _)| answer.is_ok())
}

struct Cedar {
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

impl Cedar {
    fn new(world: &World, size: usize, questions: &[Question]) -> Outcome<Self> {
        let kind: EntityTypeName = "Client".parse()?;
        let uid = |id: &str| EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id));
        let action: EntityUid = r#"Action::"token-exchange""#.parse()?;
        let policies = r#"permit (principal, action == Action::"token-exchange", resource)
            when { resource.callers.contains(principal) && context.roles.contains(resource.role) };"#
            .parse()?;
        let entity = |target: usize| {
            let callers = (1..=LISTED)
                .map(|step| RestrictedExpression::new_entity_uid(uid(&caller(target, step, size))));
            let attributes = HashMap::from([
                ("callers".to_owned(), RestrictedExpression::new_set(callers)),
                (
                    "role".to_owned(),
                    RestrictedExpression::new_string(format!("role-{}", target % ROLES)),
                ),
            ]);
            Entity::new(uid(&format!("client-{target}")), attributes, HashSet::new())
        };
        let entities = (0..size).map(entity).collect::<Result<Vec<_>, _>>()?;
        let request = |question: &Question| -> Outcome<Request> {
            let roles = roles_of(world, question)
                .into_iter()
                .map(RestrictedExpression::new_string);
            let context =
                Context::from_pairs([("roles".to_owned(), RestrictedExpression::new_set(roles))])?;
            let (requester, target) = (uid(&question.requester), uid(&question.target));
            Ok(Request::new(
                requester,
                action.clone(),
                target,
                context,
                None,
            )?)
        };
        Ok(Self {
            policies,
            entities: Entities::from_entities(entities, None)?,
            requests: questions.iter().map(request).collect::<Result<_, _>>()?,
        })
    }
}

fn rego(
    world: &World,
    size: usize,
    questions: &[Question],
) -> Outcome<(regorus::CompiledPolicy, Vec<regorus::Value>)> {
    let rule = "package exchange\nimport rego.v1\ndefault allow := false\n\
        allow if {\n    target := data.targets[input.target]\n    target.callers[input.requester]\n    input.roles[target.role]\n}\n";
    let targets: serde_json::Map<_, _> = (0..size)
        .map(|target| {
            let callers: serde_json::Map<_, _> = (1..=LISTED)
                .map(|step| (caller(target, step, size), true.into()))
                .collect();
            (
                format!("client-{target}"),
                json!({"callers": callers, "role": format!("role-{}", target % ROLES)}),
            )
        })
        .collect();
    let mut engine = regorus::Engine::new();
    engine.add_policy("exchange.rego".to_owned(), rule.to_owned())?;
    engine.add_data_json(&json!({ "targets": targets }).to_string())?;
    let compiled = engine.compile_with_entrypoint(&"data.exchange.allow".into())?;
    let input = |question: &Question| {
        let roles: serde_json::Map<_, _> = roles_of(world, question)
            .into_iter()
            .map(|role| (role, true.into()))
            .collect();
        let input =
            json!({"requester": question.requester, "target": question.target, "roles": roles});
        regorus::Value::from_json_str(&input.to_string())
    };
    let inputs = questions.iter().map(input).collect::<Result<_, _>>()?;
    Ok((compiled, inputs))
}

fn main() -> Outcome<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, batch) = if quick {
        (5, Duration::from_micros(500))
    } else {
        (51, Duration::from_millis(2))
    };
    println!(
        "{:<10} {:<10} {:>8} {:>8}",
        "clients", "engine", "ns", "ratio"
    );
    for size in [1_000, 100_000] {
        let world = World::new(size);
        let questions = world.questions(QUESTIONS);
        let cedar = Cedar::new(&world, size, &questions)?;
        let (policy, inputs) = rego(&world, size, &questions)?;
        let authorizer = Authorizer::new();
        let asks_cedar = |request: &Request| {
            authorizer
                .is_authorized(request, &cedar.policies, &cedar.entities)
                .decision()
                == Decision::Allow
        };
        let asks_rego = |input: &regorus::Value| {
            policy.eval_with_input(input.clone()).ok() == Some(true.into())
        };
        for ((question, request), input) in questions.iter().zip(&cedar.requests).zip(&inputs) {
            let answers = [
                cambist(&world, question),
                asks_cedar(request),
                asks_rego(input),
            ];
            assert_eq!(answers, [question.expected; 3], "{question:?}");
        }
        let mut asked = questions.iter().cycle();
        let mut requests = cedar.requests.iter().cycle();
        let mut given = inputs.iter().cycle();
        let measured = compare(
            vec![
                Contender::new("cambist", || {
                    asked
                        .next()
                        .map(|question| cambist(&world, black_box(question)))
                }),
                Contender::new("cedar", || {
                    requests
                        .next()
                        .map(|request| asks_cedar(black_box(request)))
                }),
                Contender::new("regorus", || {
                    given.next().map(|input| asks_rego(black_box(input)))
                }),
            ],
            rounds,
            batch,
        );
        for engine in &measured {
            println!(
                "{size:<10} {:<10} {:>8.0} {:>8.1}",
                engine.name,
                engine.micros * 1_000.0,
                engine.ratio
            );
        }
    }
    Ok(())
}
