//! A whole exchange against the two signature operations in it, over the very same bytes, in one run.
//!
//! `cargo bench -p cambist-benches --bench exchange [-- --quick]`
#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::{cell::RefCell, sync::Arc, time::Duration};

use cambist::crypto::Algorithm;
use cambist_benches::{
    exchange::{Kind, Setting},
    rounds::{Contender, compare},
};
use cambist_ring::{RingProvider, SystemEntropy};

/// Sizes of the realm, and how many different targets are asked for in turn.
const SIZES: [(usize, usize); 2] = [(1_000, 64), (100_000, 4_096)];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let (rounds, batch) = if quick {
        (5, Duration::from_micros(500))
    } else {
        (101, Duration::from_millis(2))
    };
    let sizes = SIZES.get(..if quick { 1 } else { 2 }).unwrap_or(&SIZES);
    for (clients, targets) in sizes {
        println!("exchange, {clients} clients, ring, {rounds} rounds; microseconds");
        println!(
            "{:<8} {:>14} {:>10} {:>10} {:>7} {:>12}",
            "", "raw sign+verify", "exchange", "over raw", "ratio", "known token"
        );
        let mut over = Vec::new();
        for algorithm in [
            Algorithm::Hs256,
            Algorithm::EdDsa,
            Algorithm::Es256,
            Algorithm::Rs256,
        ] {
            let provider = Arc::new(RingProvider);
            let mut entropy = SystemEntropy::new();
            let setting = Setting::new(
                Kind::PermissionBased,
                algorithm,
                provider,
                &mut entropy,
                *clients,
                *targets,
            );
            let raw = setting.raw(&mut entropy);
            let setting = RefCell::new((setting, entropy));
            let exchange = || {
                let (setting, entropy) = &mut *setting.borrow_mut();
                setting.exchange(entropy)
            };
            let known = || {
                let (setting, entropy) = &mut *setting.borrow_mut();
                setting.exchange_of_known(entropy)
            };
            let measured = compare(
                vec![
                    Contender::new("raw", raw),
                    Contender::new("exchange", exchange),
                    Contender::new("exchange of a known token", known),
                ],
                rounds,
                batch,
            );
            let [raw, exchange, known] = &measured[..] else {
                continue;
            };
            println!(
                "{:<8} {:>14.2} {:>10.2} {:>10.2} {:>7.3} {:>12.2}",
                algorithm.name(),
                raw.micros,
                exchange.micros,
                exchange.over_first,
                exchange.ratio,
                known.micros
            );
            if algorithm != Algorithm::Rs256 {
                over.push(exchange.over_first);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "three values")]
        let mean = over.iter().sum::<f64>() / over.len() as f64;
        println!("mean over raw of HS256, EdDSA, ES256: {mean:.2} us\n");
    }
}
