//! Times one thing over and over.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use serde::Serialize;

/// Least time of one sample: reading the clock must not count.
const SAMPLE: Duration = Duration::from_micros(20);

/// Most samples that are kept.
const MOST_SAMPLES: usize = 1_000_000;

/// What came of it, in nanoseconds each.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Figures {
    /// How many a second.
    pub(super) per_second: f64,
    /// The mean.
    pub(super) mean: f64,
    /// The median of the samples. Quick things are timed by the batch, and a sample is the batch's mean.
    pub(super) p50: f64,
    /// The slowest hundredth.
    pub(super) p99: f64,
}

/// Runs it for that long, at least once.
pub(super) fn measure<T>(time: Duration, mut run: impl FnMut() -> T) -> Figures {
    let batch = batch(&mut run);
    let mut samples = Vec::new();
    let begun = Instant::now();
    while samples.is_empty() || (begun.elapsed() < time && samples.len() < MOST_SAMPLES) {
        samples.push(timed(&mut run, batch));
    }
    figures(&mut samples)
}

/// How many make a sample.
fn batch<T>(run: &mut impl FnMut() -> T) -> u32 {
    timed(run, 1);
    let mut batch = 1_u32;
    while timed(run, batch) * f64::from(batch) < nanoseconds(SAMPLE) && batch < 1 << 20 {
        batch = batch.saturating_mul(2);
    }
    batch
}

/// Nanoseconds each.
fn timed<T>(run: &mut impl FnMut() -> T, times: u32) -> f64 {
    let begun = Instant::now();
    for _ in 0..times {
        black_box(run());
    }
    nanoseconds(begun.elapsed()) / f64::from(times)
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

fn figures(samples: &mut [f64]) -> Figures {
    samples.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let at = |hundredths: usize| {
        let place = samples.len().saturating_mul(hundredths) / 100;
        samples
            .get(place.min(samples.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    };
    Figures {
        per_second: 1e9 / mean,
        mean,
        p50: at(50),
        p99: at(99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_hundredth_is_told() {
        let mut samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let figures = figures(&mut samples);
        assert_eq!(
            (figures.p50, figures.p99, figures.mean),
            (51.0, 100.0, 50.5)
        );
    }

    #[test]
    fn even_without_time_it_runs_once() {
        let mut runs = 0_u32;
        let figures = measure(Duration::ZERO, || {
            runs = runs.wrapping_add(1);
            std::thread::sleep(SAMPLE);
        });
        assert!(runs > 0 && figures.mean >= nanoseconds(SAMPLE));
    }
}
