//! Compares the engine with the reference over the enumerated universes and prints what came of it.
//!
//! ```text
//! cargo run --profile exhaustive -p cambist-testkit --bin universes               what continuous integration runs
//! cargo run --profile exhaustive -p cambist-testkit --bin universes -- --all      every state: some minutes a core
//! cargo run --profile exhaustive -p cambist-testkit --bin universes -- --every N  one of N states of the exchange
//! ```
//!
//! Fails when there is one disagreement.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::arithmetic_side_effects,
    reason = "a program that tells what it counts"
)]

use std::{process::ExitCode, time::Instant};

use cambist_testkit::{
    reference::exchange::decide,
    universe::{
        Tally,
        exchange::{STATES, Universe},
        policies,
    },
};

/// One of so many states of the exchange, in each profile: 5 million and some. No size of a property is a
/// multiple of it, so that every pair of values is met.
const EVERY: u64 = 107;

fn main() -> ExitCode {
    let mut every = EVERY;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--all", None) => every = 1,
            ("--every", Some(number)) if number.parse::<u64>().is_ok_and(|number| number > 0) => {
                every = number.parse().unwrap_or(EVERY);
            }
            _ => {
                eprintln!("unknown argument {argument}; there are --all and --every N");
                return ExitCode::from(2);
            }
        }
    }
    println!(
        "{:<44} {:>13} {:>11} {:>13} {:>9}",
        "universe", "members", "permits", "disagreements", "seconds"
    );
    let mut disagreements = 0;
    let mut show = |name: &str, run: &dyn Fn() -> Result<Tally, String>| {
        let start = Instant::now();
        let tally = match run() {
            Ok(tally) => tally,
            Err(error) => {
                println!("{name}: {error}");
                disagreements += 1;
                return;
            }
        };
        println!(
            "{name:<44} {:>13} {:>11} {:>13} {:>9.1}",
            tally.members,
            tally.permits,
            tally.disagreements,
            start.elapsed().as_secs_f64()
        );
        for example in &tally.examples {
            println!("    {example}");
        }
        disagreements += tally.disagreements;
    };
    show("sets of up to four policies", &|| {
        Ok(policies::sets(1, &policies::reference))
    });
    show("pairs of aggregates", &|| {
        Ok(policies::aggregates(1, &policies::reference))
    });
    for (profile, strict) in [("keycloak", false), ("strict", true)] {
        let name = match every {
            1 => format!("exchange states, profile {profile}"),
            _ => format!("exchange states, profile {profile}, 1 of {every}"),
        };
        show(&name, &|| {
            Ok(Universe::new(strict)?.compare(0, every, &decide))
        });
    }
    println!("\n{STATES} exchange states in each profile; disagreements: {disagreements}");
    if disagreements == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
