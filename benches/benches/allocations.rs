//! Allocations of one exchange and of one decision.
//!
//! `cargo bench -p cambist-benches --bench allocations`; C code's own are not seen.
#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::{hint::black_box, sync::Arc};

use cambist::crypto::{Algorithm, CryptoProvider};
use cambist_benches::{
    decide,
    exchange::{Kind, Setting},
    free::FreeProvider,
};
use cambist_ring::{RingProvider, SystemEntropy};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const TIMES: u64 = 64;

fn main() {
    let _profiler = dhat::Profiler::builder().testing().build();
    println!("{:<34} {:>11} {:>8}", "one of", "allocations", "bytes");
    let ring: Arc<dyn CryptoProvider> = Arc::new(RingProvider);
    let free: Arc<dyn CryptoProvider> = Arc::new(FreeProvider);
    let permission = Kind::PermissionBased;
    for (name, kind, algorithm, provider) in [
        ("no cryptography", permission, Algorithm::EdDsa, &free),
        (
            "no cryptography, standard",
            Kind::Standard,
            Algorithm::EdDsa,
            &free,
        ),
        ("HS256, ring", permission, Algorithm::Hs256, &ring),
        ("EdDSA, ring", permission, Algorithm::EdDsa, &ring),
        ("ES256, ring", permission, Algorithm::Es256, &ring),
        ("RS256, ring", permission, Algorithm::Rs256, &ring),
    ] {
        let mut entropy = SystemEntropy::new();
        let provider = Arc::clone(provider);
        let mut setting = Setting::new(kind, algorithm, provider, &mut entropy, 100, 8);
        count(&format!("exchange, {name}"), || {
            black_box(setting.exchange(&mut entropy));
        });
    }
    for (name, record) in [("decision", false), ("decision, with trace", true)] {
        let world = decide::World::new(1_000);
        let questions = world.questions(64);
        let mut questions = questions.iter().cycle();
        count(name, || {
            let question = questions.next();
            black_box(question.and_then(|question| world.ask(question, record)));
        });
    }
}

/// Prints what one call allocates, the mean of many.
fn count(name: &str, mut run: impl FnMut()) {
    run();
    let before = dhat::HeapStats::get();
    for _ in 0..TIMES {
        run();
    }
    let after = dhat::HeapStats::get();
    let each = |after: u64, before: u64| after.saturating_sub(before).div_ceil(TIMES);
    println!(
        "{name:<34} {:>11} {:>8}",
        each(after.total_blocks, before.total_blocks),
        each(after.total_bytes, before.total_bytes)
    );
}
