//! Paired rounds: things to compare run in turn, so that whatever slows the machine hits all alike.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// One thing to compare.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Contender<'a> {
    /// Something that takes one unit of time a call. What it returns is kept from the optimiser.
    pub fn new<T>(name: &'static str, mut run: impl FnMut() -> T + 'a) -> Self {
        Self {
            name,
            run: Box::new(move || drop(black_box(run()))),
        }
    }
}

impl std::fmt::Debug for Contender<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What came of one contender.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its name.
    pub name: &'static str,
    /// Median over the rounds, microseconds a call.
    pub micros: f64,
    /// Median over the rounds of the difference to the first contender, microseconds.
    pub over_first: f64,
    /// Median over the rounds of the ratio to the first contender.
    pub ratio: f64,
}

/// Runs all contenders in turn, `rounds` times, in batches of about `batch` each.
pub fn compare(
    mut contenders: Vec<Contender<'_>>,
    rounds: usize,
    batch: Duration,
) -> Vec<Measured> {
    let batches: Vec<u32> = contenders
        .iter_mut()
        .map(|one| calibrate(one, batch))
        .collect();
    let mut times: Vec<Vec<f64>> = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for ((one, calls), times) in contenders.iter_mut().zip(&batches).zip(&mut times) {
            let begun = Instant::now();
            for _ in 0..*calls {
                (one.run)();
            }
            times.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(*calls));
        }
    }
    let first = times.first().cloned().unwrap_or_default();
    contenders
        .iter()
        .zip(times)
        .map(|(one, times)| Measured {
            name: one.name,
            over_first: median(times.iter().zip(&first).map(|(a, b)| a - b).collect()),
            ratio: median(times.iter().zip(&first).map(|(a, b)| a / b).collect()),
            micros: median(times),
        })
        .collect()
}

fn calibrate(one: &mut Contender<'_>, batch: Duration) -> u32 {
    let begun = Instant::now();
    let mut calls = 0_u32;
    while begun.elapsed() < Duration::from_millis(30) {
        (one.run)();
        calls = calls.saturating_add(1);
    }
    let each = begun.elapsed().as_secs_f64() / f64::from(calls.max(1));
    let wanted = (batch.as_secs_f64() / each).max(1.0);
    // The cast saturates; a batch of four thousand million calls is not wanted by anybody.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is at least 1"
    )]
    let wanted = wanted as u32;
    wanted
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
