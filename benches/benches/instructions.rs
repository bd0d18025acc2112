//! Instructions of one exchange and of one decision, counted by valgrind: the same on a busy machine.
//!
//! `cargo bench --profile exhaustive -p cambist-benches --no-default-features --bench instructions` prints them and
//! compares with `benches/instructions.txt`; `-- --update` writes that file anew; `-- --only NAME COUNT` does the work so
//! often and no more, for a profile.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot run says so, and prints"
)]

use std::{
    env,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::Arc,
};

use cambist::crypto::Algorithm;
use cambist_benches::{
    decide,
    exchange::{Kind, Setting},
    free::FreeProvider,
};
use cambist_testkit::fixed_entropy::FixedEntropy;

/// What is counted.
const NAMES: [&str; 4] = [
    "permission-based",
    "standard",
    "decision",
    "traced-decision",
];

/// The count of one run and of another, so that their difference has nothing of the start in it.
const RUNS: (u64, u64) = (64, 256);

/// By how much a figure may exceed the recorded one, as a share of it.
const TOLERANCE: f64 = 0.03;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let only = arguments
        .windows(3)
        .find(|words| words.first().is_some_and(|word| word == "--only"));
    if let Some([_, name, count]) = only {
        work(name, count.parse().expect("a count"));
        return ExitCode::SUCCESS;
    }
    if has("--test") {
        NAMES.iter().for_each(|name| work(name, 2));
        return ExitCode::SUCCESS;
    }
    let counted: Vec<(&str, u64)> = NAMES.iter().map(|name| (*name, count(name))).collect();
    let compiler = compiler();
    if has("--update") {
        let mut text = format!("compiler {compiler}\n");
        for (name, instructions) in &counted {
            text.push_str(&format!("{name} {instructions}\n"));
        }
        std::fs::write(baseline(), text).expect("the baseline is written");
    }
    report(&counted, &compiler)
}

/// Prints every figure beside the recorded one, and fails when one is higher.
fn report(counted: &[(&str, u64)], compiler: &str) -> ExitCode {
    let recorded = std::fs::read_to_string(baseline()).unwrap_or_default();
    let of = |name: &str| {
        recorded
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    };
    println!("instructions each, without cryptography; {compiler}");
    let mut risen = false;
    for (name, instructions) in counted {
        let before = of(name).and_then(|value| value.parse::<f64>().ok());
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let ratio = before.map_or(f64::NAN, |before| *instructions as f64 / before);
        let word = match ratio {
            ratio if ratio > 1.0 + TOLERANCE => "HIGHER",
            ratio if ratio < 1.0 - TOLERANCE => "lower: record it with -- --update",
            ratio if ratio.is_nan() => "not recorded",
            _ => "as recorded",
        };
        risen |= ratio > 1.0 + TOLERANCE;
        println!("{name:<18} {instructions:>8} {ratio:>7.3} {word}");
    }
    if !risen {
        return ExitCode::SUCCESS;
    }
    if of("compiler").as_deref() != Some(compiler) {
        println!("recorded with another compiler, so this is no failure");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

fn baseline() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| {
            String::from_utf8_lossy(&output.stdout)
                .split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        },
    )
}

/// Instructions of one.
fn count(name: &str) -> u64 {
    let (few, many) = (counted(name, RUNS.0), counted(name, RUNS.1));
    let more = many.saturating_sub(few);
    more.checked_div(RUNS.1.saturating_sub(RUNS.0))
        .unwrap_or_default()
}

/// Instructions of the whole program when it does the work so often.
fn counted(name: &str, times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("the program's own path"))
        .args(["--only", name, &times.to_string()])
        .output()
        .expect("valgrind is installed (Debian: apt-get install valgrind)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .expect("valgrind says what it collected")
}

fn work(name: &str, times: u64) {
    let kind = match name {
        "permission-based" => Kind::PermissionBased,
        "standard" => Kind::Standard,
        _ => return decisions(times, name == "traced-decision"),
    };
    let mut entropy = FixedEntropy::new(1);
    let provider = Arc::new(FreeProvider);
    let mut setting = Setting::new(kind, Algorithm::EdDsa, provider, &mut entropy, 256, 16);
    for _ in 0..times {
        black_box(setting.exchange(&mut entropy));
    }
}

fn decisions(times: u64, record: bool) {
    let world = decide::World::new(1_000);
    let questions = world.questions(64);
    for question in questions
        .iter()
        .cycle()
        .take(usize::try_from(times).unwrap_or(usize::MAX))
    {
        let _ = black_box(world.ask(question, record));
    }
}
