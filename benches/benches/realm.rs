//! What a realm costs to build and to keep: time and bytes a client, with a client secret and a permission each.
//!
//! `cargo bench -p cambist-benches --no-default-features --bench realm [-- --million]`
#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(
    clippy::cast_precision_loss,
    reason = "far below 2^52, and printed with one decimal"
)]

use std::{hint::black_box, time::Instant};

use cambist::{
    claims::mappers::MapperKinds,
    client_policy::ClientPolicyKinds,
    policy::PolicyKinds,
    realm::{Features, Realm, build::BuildOptions},
};
use cambist_benches::{free::FreeProvider, world::document};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// How often each realm is built; the fastest counts.
const ROUNDS: usize = 5;

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let mut sizes = vec![1_000];
    if !has("--test") {
        sizes.push(100_000);
    }
    if has("--million") {
        sizes.push(1_000_000);
    }
    println!(
        "{:>9} {:>12} {:>13} {:>15}",
        "clients", "us a client", "bytes a client", "bytes, document"
    );
    for size in sizes {
        // Timed first, and without the profiler, which would count itself.
        let document = document(size);
        let fastest = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                let realm = build(&document);
                let took = begun.elapsed();
                drop(black_box(realm));
                took
            })
            .min()
            .unwrap_or_default();
        let (realm_bytes, _) = kept(|| build(&document));
        let (document_bytes, _) = kept(|| document.clone());
        let each = |whole: f64| whole / size as f64;
        println!(
            "{size:>9} {:>12.2} {:>13.0} {:>15.0}",
            each(fastest.as_secs_f64() * 1e6),
            each(realm_bytes as f64),
            each(document_bytes as f64)
        );
    }
}

#[expect(clippy::panic, reason = "a bench that cannot go on stops")]
fn build(document: &cambist::realm::document::RealmDocument) -> Realm {
    let options = BuildOptions {
        version: 1,
        features: Features::NONE,
        provider: &FreeProvider,
        mappers: &MapperKinds::builtin(),
        policies: &PolicyKinds::builtin(),
        client_policies: &ClientPolicyKinds::builtin(),
    };
    Realm::build(document, &options).unwrap_or_else(|error| panic!("{error}"))
}

/// What a function made, and how many bytes are allocated more after it.
fn kept<T>(make: impl FnOnce() -> T) -> (usize, T) {
    let _profiler = dhat::Profiler::builder().testing().build();
    let made = make();
    (dhat::HeapStats::get().curr_bytes, made)
}
