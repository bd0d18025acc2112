//! May client A exchange a token for client B? Realms of growing size, requests spread evenly over them.
//!
//! Each target has one permission: one of four clients, and one of sixteen roles of the requester's service
//! account. Three in four requesters are on the list, four in five hold the role. A question starts from
//! two `client_id`s as texts, and every answer is compared with the expected one before anything is
//! measured.
//!
//! `cargo bench -p cambist-benches --bench decide [-- --quick] [-- --million]`
#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::{hint::black_box, time::Duration};

use cambist_benches::{
    decide::World,
    rounds::{Contender, Measured, compare},
};

/// How many different questions are asked in turn: more than a processor's caches hold the realm for.
const QUESTIONS: usize = 262_144;

/// Nanoseconds for the two look-ups alone, the decision with them, and the decision with its trace.
fn measure(world: &World, rounds: usize, batch: Duration) -> Vec<Measured> {
    let questions = world.questions(QUESTIONS);
    for question in &questions {
        let granted = world
            .ask(question, false)
            .is_some_and(|(result, _)| result.is_ok());
        assert_eq!(granted, question.expected, "{question:?}");
    }
    let mut turns = [
        questions.iter().cycle(),
        questions.iter().cycle(),
        questions.iter().cycle(),
    ];
    let [first, second, third] = &mut turns;
    let look_up = || {
        first.next().map(|question| {
            let requester = world.realm.client_by_id(black_box(&question.requester));
            let target = world.realm.client_by_id(black_box(&question.target));
            (requester.is_some(), target.is_some())
        })
    };
    let decide = || {
        second
            .next()
            .and_then(|question| world.ask(black_box(question), false))
    };
    let traced = || {
        third
            .next()
            .and_then(|question| world.ask(black_box(question), true))
    };
    compare(
        vec![
            Contender::new("two look-ups", look_up),
            Contender::new("decide", decide),
            Contender::new("decide, with trace", traced),
        ],
        rounds,
        batch,
    )
}

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let quick = has("--quick") || has("--test");
    let (rounds, batch) = if quick {
        (5, Duration::from_micros(500))
    } else {
        (101, Duration::from_millis(2))
    };
    let mut worlds = vec![
        ("1,000 clients", World::new(1_000)),
        ("100,000 clients", World::new(100_000)),
        ("100,000 clients, lists of 4", World::with_list(100_000, 4)),
        (
            "100,000 clients, lists of 10,000",
            World::with_list(100_000, 10_000),
        ),
    ];
    if has("--million") {
        worlds.push(("1,000,000 clients", World::new(1_000_000)));
    }
    println!("decision, {rounds} rounds; nanoseconds");
    for (name, world) in worlds {
        for measured in measure(&world, rounds, batch) {
            println!(
                "{name:<34} {:<20} {:>8.0}",
                measured.name,
                measured.micros * 1_000.0
            );
        }
    }
}
