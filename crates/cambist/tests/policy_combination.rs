//! How votes become a decision: every small set of policies, against a model that shares no code with the
//! evaluator, and the properties that hold for all of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on stops"
)]

mod policy_world;

use std::collections::HashMap;

use cambist::policy::GateRefusal;
use policy_world::{NOW, World, base, kinds, load};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What one policy says, and whether that is turned round.
type Kind = (&'static str, bool);

const KINDS: [Kind; 8] = [
    ("grant", false),
    ("deny", false),
    ("nothing", false),
    ("failed", false),
    ("grant", true),
    ("deny", true),
    ("nothing", true),
    ("failed", true),
];
const STRATEGIES: [&str; 3] = ["unanimous", "affirmative", "consensus"];
const PROFILES: [&str; 2] = ["strict", "keycloak"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Fails,
}

/// The model: policies as a tree.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(usize),
    Aggregate {
        strategy: usize,
        negative: bool,
        children: Vec<Tree>,
    },
}

/// The strategies in words: nobody is against it; somebody is for it; more are for it than are not.
fn counts(strategy: usize, votes: &[bool]) -> bool {
    match strategy {
        0 => !votes.contains(&false),
        1 => votes.contains(&true),
        _ => 2 * votes.iter().filter(|vote| **vote).count() > votes.len(),
    }
}

/// In profile `keycloak` silence is a no, and a failure is everybody's.
fn keycloak(tree: &Tree) -> Option<bool> {
    match tree {
        Tree::Leaf(kind) => {
            let (says, negative) = KINDS[*kind];
            match says {
                "failed" => None,
                says => Some((says == "grant") != negative),
            }
        }
        Tree::Aggregate {
            strategy,
            negative,
            children,
        } => {
            let votes: Option<Vec<bool>> = children.iter().map(keycloak).collect();
            let votes = votes?;
            Some((!votes.is_empty() && counts(*strategy, &votes)) != *negative)
        }
    }
}

/// In profile `strict` it must be a yes whatever the silent and the failing ones would have said. `unknown`
/// is what they say this time, one bit each, in order.
fn supposing(tree: &Tree, unknown: u32, next: &mut u32) -> bool {
    let mut suppose = || {
        let said = unknown & (1 << *next) != 0;
        *next += 1;
        said
    };
    match tree {
        Tree::Leaf(kind) => match KINDS[*kind] {
            ("grant", negative) => !negative,
            ("deny", negative) => negative,
            _ => suppose(),
        },
        Tree::Aggregate { children, .. } if children.is_empty() => suppose(),
        Tree::Aggregate {
            strategy,
            negative,
            children,
        } => {
            let votes: Vec<bool> = children
                .iter()
                .map(|child| supposing(child, unknown, next))
                .collect();
            counts(*strategy, &votes) != *negative
        }
    }
}

fn model(profile: &str, strategy: usize, set: &[Tree]) -> Said {
    if set.is_empty() {
        return Said::No;
    }
    if profile == "keycloak" {
        let votes: Option<Vec<bool>> = set.iter().map(keycloak).collect();
        return match votes {
            None => Said::Fails,
            Some(votes) if counts(strategy, &votes) => Said::Yes,
            Some(_) => Said::No,
        };
    }
    let mut unknowns = 0;
    for tree in set {
        supposing(tree, 0, &mut unknowns);
    }
    let always = (0..1u32 << unknowns).all(|unknown| {
        let mut next = 0;
        let votes: Vec<bool> = set
            .iter()
            .map(|tree| supposing(tree, unknown, &mut next))
            .collect();
        counts(strategy, &votes)
    });
    if always { Said::Yes } else { Said::No }
}

fn said(world: &World, target: &str) -> Said {
    match world.ask("desk", target, None, NOW).0 {
        Ok(()) => Said::Yes,
        Err(GateRefusal::Failed(_)) => Said::Fails,
        Err(_) => Said::No,
    }
}

fn leaf(name: &str, kind: usize) -> Value {
    let (says, negative) = KINDS[kind];
    let logic = if negative { "negative" } else { "positive" };
    json!({"name": name, "kind": "told", "logic": logic, "config": {"says": says}})
}

/// Every ordered set of up to four kinds.
fn sets() -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    let mut last = vec![vec![]];
    for _ in 0..4 {
        last = last
            .iter()
            .flat_map(|set: &Vec<usize>| {
                (0..KINDS.len())
                    .map(|kind| set.iter().copied().chain([kind]).collect::<Vec<usize>>())
            })
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// One realm with a target for each set under each strategy, and what came of asking.
fn decided(profile: &str) -> HashMap<(usize, Vec<usize>), Said> {
    let mut document = base(profile);
    let mut policies = Vec::new();
    for copy in 0..4 {
        policies.extend((0..KINDS.len()).map(|kind| leaf(&format!("{kind}.{copy}"), kind)));
    }
    document["policies"] = policies.into();
    let mut permissions = Vec::new();
    let sets = sets();
    for (strategy, name) in STRATEGIES.iter().enumerate() {
        for (number, set) in sets.iter().enumerate() {
            let target = format!("{strategy}.{number}");
            document["clients"].as_array_mut().unwrap().push(
                json!({"id": target, "public": true, "default_scopes": [], "optional_scopes": []}),
            );
            let names: Vec<String> = set
                .iter()
                .enumerate()
                .map(|(copy, kind)| format!("{kind}.{copy}"))
                .collect();
            permissions.push(json!({
                "name": format!("p {target}"), "action": "token-exchange", "client": target,
                "policies": names, "strategy": name
            }));
        }
    }
    document["permissions"] = permissions.into();
    let world = load(document, &kinds()).unwrap();
    let mut decided = HashMap::new();
    for strategy in 0..STRATEGIES.len() {
        for (number, set) in sets.iter().enumerate() {
            decided.insert(
                (strategy, set.clone()),
                said(&world, &format!("{strategy}.{number}")),
            );
        }
    }
    decided
}

#[test]
fn t123_t124_every_set_of_up_to_four_policies_is_decided_as_the_model_says() {
    for profile in PROFILES {
        let decided = decided(profile);
        assert_eq!(decided.len(), 3 * 4_681);
        for ((strategy, set), said) in &decided {
            let trees: Vec<Tree> = set.iter().map(|kind| Tree::Leaf(*kind)).collect();
            assert_eq!(
                *said,
                model(profile, *strategy, &trees),
                "{profile} {} {set:?}",
                STRATEGIES[*strategy]
            );
        }
        p02_to_p09(profile, &decided);
    }
}

/// The properties of single sets and of a set and one more policy, over all of them.
fn p02_to_p09(profile: &str, decided: &HashMap<(usize, Vec<usize>), Said>) {
    for ((strategy, set), said) in decided {
        let context = format!("{profile} {} {set:?}", STRATEGIES[*strategy]);
        // P02: an empty set permits nothing.
        assert!(!set.is_empty() || *said == Said::No, "P02 {context}");
        if *said == Said::Yes {
            // P03: somebody voted, and the vote came out as a permit; in profile `keycloak` a silent
            // policy under negative logic counts as one that did.
            let voted = |kind: &usize| match KINDS[*kind] {
                ("grant", negative) => !negative,
                ("deny", negative) => negative,
                ("nothing", negative) => negative && profile == "keycloak",
                _ => false,
            };
            assert!(set.iter().any(voted), "P03 {context}");
        }
        // P07: order does not matter.
        let mut ordered = set.clone();
        ordered.sort_unstable();
        assert_eq!(*said, decided[&(*strategy, ordered)], "P07 {context}");
        if set.len() == 4 {
            continue;
        }
        for (more, (says, negative)) in KINDS.iter().enumerate() {
            let larger: Vec<usize> = set.iter().copied().chain([more]).collect();
            let then = decided[&(*strategy, larger)];
            // P04: under unanimous one more policy never opens what a set closed.
            if *strategy == 0 && !set.is_empty() && *said == Said::No {
                assert_ne!(then, Said::Yes, "P04 {context} + {more}");
            }
            let denies = matches!((*says, *negative), ("deny", false) | ("grant", true));
            let permits = matches!((*says, *negative), ("grant", false) | ("deny", true));
            // P05, P06: one more denial never opens, one more permit never closes.
            assert!(
                !(denies && *said != Said::Yes && then == Said::Yes),
                "P05 {context} + {more}"
            );
            assert!(
                !(permits && *said == Said::Yes && then != Said::Yes),
                "P06 {context} + {more}"
            );
            // P09: an error never opens, whatever its logic; nor does silence in profile `strict`.
            let opened = *said != Said::Yes && then == Said::Yes;
            assert!(!(*says == "failed" && opened), "P09 {context} + {more}");
            assert!(
                !(*says == "nothing" && profile == "strict" && opened),
                "P09 {context} + {more}"
            );
        }
        // P08: the same content under another id changes nothing, except under consensus.
        if *strategy != 2 {
            for twin in set {
                let larger: Vec<usize> = set.iter().copied().chain([*twin]).collect();
                assert_eq!(
                    *said,
                    decided[&(*strategy, larger)],
                    "P08 {context} + {twin}"
                );
            }
        }
    }
}

/// A model that takes a tie for a permit, which the comparison must find out.
#[test]
fn a_wrong_twin_of_the_model_is_noticed() {
    let decided = decided("keycloak");
    let wrong = decided.iter().filter(|((strategy, set), said)| {
        let votes: Option<Vec<bool>> = set
            .iter()
            .map(|kind| keycloak(&Tree::Leaf(*kind)))
            .collect();
        votes.is_some_and(|votes| {
            let permits = votes.iter().filter(|vote| **vote).count();
            *strategy == 2
                && !votes.is_empty()
                && (2 * permits >= votes.len()) != (**said == Said::Yes)
        })
    });
    assert_ne!(wrong.count(), 0);
}

/// The table of one aggregate over permitting and denying children.
#[test]
fn aggregates_combine_as_the_table_says() {
    let table: [(&[bool], [bool; 3]); 7] = [
        (&[true], [true, true, true]),
        (&[false], [false, false, false]),
        (&[true, false], [false, true, false]),
        (&[true, true, false], [false, true, true]),
        (&[true, false, false], [false, true, false]),
        (&[true, true, false, false], [false, true, false]),
        (&[], [false, false, false]),
    ];
    for (children, expected) in table {
        for (strategy, expected) in expected.into_iter().enumerate() {
            for negative in [false, true] {
                let children = children
                    .iter()
                    .map(|child| Tree::Leaf(usize::from(!child)))
                    .collect();
                let aggregate = Tree::Aggregate {
                    strategy,
                    negative,
                    children,
                };
                let world = world_of("keycloak", 0, &[aggregate]);
                let expected = if expected == negative {
                    Said::No
                } else {
                    Said::Yes
                };
                assert_eq!(
                    said(&world, "bank"),
                    expected,
                    "{} {negative}",
                    STRATEGIES[strategy]
                );
            }
        }
    }
}

/// A realm in which these trees guard the exchange to `bank`.
fn world_of(profile: &str, strategy: usize, set: &[Tree]) -> World {
    let mut policies = Vec::new();
    let names: Vec<String> = set
        .iter()
        .map(|tree| written(tree, &mut policies))
        .collect();
    let permission = json!({
        "name": "p", "action": "token-exchange", "client": "bank", "policies": names, "strategy": STRATEGIES[strategy]
    });
    World::with(profile, policies.into(), json!([permission]))
}

fn written(tree: &Tree, policies: &mut Vec<Value>) -> String {
    let policy = match tree {
        Tree::Leaf(kind) => leaf(&policies.len().to_string(), *kind),
        Tree::Aggregate {
            strategy,
            negative,
            children,
        } => {
            let children: Vec<String> = children
                .iter()
                .map(|child| written(child, policies))
                .collect();
            json!({
                "name": policies.len().to_string(), "kind": "aggregate", "strategy": STRATEGIES[*strategy],
                "logic": if *negative { "negative" } else { "positive" }, "policies": children
            })
        }
    };
    let name = policy["name"].as_str().unwrap().to_owned();
    policies.push(policy);
    name
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = (0..KINDS.len()).prop_map(Tree::Leaf);
    leaf.prop_recursive(4, 10, 3, |child| {
        (0..3usize, any::<bool>(), prop::collection::vec(child, 0..4)).prop_map(
            |(strategy, negative, children)| Tree::Aggregate {
                strategy,
                negative,
                children,
            },
        )
    })
}

proptest! {
    #[test]
    fn nested_aggregates_are_decided_as_the_model_says(
        set in prop::collection::vec(trees(), 0..4),
        strategy in 0..3usize,
        profile in prop::sample::select(&PROFILES[..]),
    ) {
        let world = world_of(profile, strategy, &set);
        prop_assert_eq!(said(&world, "bank"), model(profile, strategy, &set));
    }

    /// P11 in part: the trace names exactly the permissions and policies on which the decision rests, and
    /// P12: without one that it does not name, the decision is the same.
    #[test]
    fn what_is_not_decisive_can_be_left_out(
        set in prop::collection::vec(trees(), 1..5),
        strategy in 0..2usize,
    ) {
        let world = world_of("strict", strategy, &set);
        let (result, trace) = world.ask("desk", "bank", None, NOW);
        let trace = trace.unwrap();
        prop_assert_eq!(trace.permissions.len(), 1);
        prop_assert!(trace.permissions[0].decisive);
        let steps = &trace.permissions[0].policies;
        prop_assert_eq!(steps.len(), set.len());
        prop_assert!(steps.iter().any(|step| step.decisive));
        for (place, step) in steps.iter().enumerate() {
            if step.decisive {
                continue;
            }
            let mut fewer = set.clone();
            fewer.remove(place);
            let without = said(&world_of("strict", strategy, &fewer), "bank");
            prop_assert_eq!(without == Said::Yes, result.is_ok(), "{:?}", step);
        }
    }
}
