//! `cambist bench`: what decisions and exchanges of a realm cost on this machine.

mod measure;
mod scene;

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use cambist::{
    crypto::{Algorithm, CryptoProvider},
    realm::document::RealmDocument,
};
use cambist_aws_lc::AwsLcProvider;
use cambist_ring::{RingProvider, SystemEntropy};
use clap::{Args, ValueEnum};
use serde::Serialize;

use self::{
    measure::{Figures, measure},
    scene::Scene,
};
use super::{Failure, say};
use crate::loading;

/// What the bench can be told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A realm document or a Keycloak export. Its keys are not used: one is made for the algorithm. Default:
    /// a realm of 1,000 clients, each of which four may reach.
    #[arg(value_name = "REALM")]
    realm: Option<PathBuf>,

    /// Algorithm that signs the tokens, such as ES256, EdDSA, RS256 or HS256.
    #[arg(long, default_value = "ES256", value_name = "NAME")]
    algorithm: String,

    /// Library that signs.
    #[arg(long, value_enum, default_value_t = Provider::Ring)]
    provider: Provider,

    /// Seconds to measure each thing for.
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// Print one JSON object in place of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Provider {
    Ring,
    AwsLc,
}

/// What came of it. Times in nanoseconds; everything on one core.
#[derive(Debug, Serialize)]
struct Report {
    realm: String,
    clients: usize,
    algorithm: &'static str,
    provider: &'static str,
    /// A decision, without a trace.
    decision: Figures,
    /// The same, with its trace.
    traced_decision: Figures,
    /// Verifying the subject token and signing the new one, and nothing else.
    signatures: Option<Figures>,
    /// A whole exchange, from the bytes of the form to those of the answer.
    exchange: Option<Figures>,
    /// The share of an exchange that is its two signature operations.
    signature_share: Option<f64>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let algorithm = Algorithm::from_name(&arguments.algorithm)
        .ok_or_else(|| format!("unknown algorithm {:?}", arguments.algorithm))?;
    let document = match &arguments.realm {
        Some(path) => loading::read(path)?.0,
        None => scene::builtin(),
    };
    let report = report(document, algorithm, arguments)?;
    if arguments.json {
        say(serde_json::to_string_pretty(&report)?);
    } else {
        show(&report);
    }
    Ok(())
}

fn report(
    document: RealmDocument,
    algorithm: Algorithm,
    arguments: &Arguments,
) -> Result<Report, Failure> {
    let (provider, provider_name): (Arc<dyn CryptoProvider>, _) = match arguments.provider {
        Provider::Ring => (Arc::new(RingProvider), "ring"),
        Provider::AwsLc => (Arc::new(AwsLcProvider), "aws-lc"),
    };
    let time = Duration::from_secs(arguments.seconds);
    let mut progress = Progress::new(arguments.seconds);
    let mut scene = Scene::new(document, algorithm, provider)?;
    progress.step("decisions");
    let decision = measure(time, || scene.decide(false));
    progress.step("decisions with trace");
    let traced_decision = measure(time, || scene.decide(true));
    progress.step("signatures");
    let mut entropy = SystemEntropy::new();
    let signatures = scene
        .signatures(&mut entropy)?
        .map(|mut sign| measure(time, &mut sign));
    progress.step("exchanges");
    let exchange = scene
        .exchange(&mut entropy)?
        .map(|_| measure(time, || scene.exchange(&mut entropy)));
    progress.end();
    let signature_share = signatures
        .as_ref()
        .zip(exchange.as_ref())
        .map(|(signatures, exchange)| (signatures.mean / exchange.mean).min(1.0));
    Ok(Report {
        realm: scene.realm_name().to_owned(),
        clients: scene.clients(),
        algorithm: algorithm.name(),
        provider: provider_name,
        decision,
        traced_decision,
        signatures,
        exchange,
        signature_share,
    })
}

fn show(report: &Report) {
    let Report {
        realm,
        clients,
        algorithm,
        provider,
        ..
    } = report;
    say(format_args!(
        "realm {realm}, {clients} clients; {algorithm} by {provider}; one core"
    ));
    say(format_args!(
        "{:<22} {:>12} {:>12} {:>12} {:>12}",
        "", "a second", "mean", "p50", "p99"
    ));
    let rows = [
        ("decision", Some(&report.decision)),
        ("decision with trace", Some(&report.traced_decision)),
        ("signatures alone", report.signatures.as_ref()),
        ("exchange", report.exchange.as_ref()),
    ];
    for (name, figures) in rows {
        let Some(figures) = figures else { continue };
        say(format_args!(
            "{name:<22} {:>12.0} {:>9.0} ns {:>9.0} ns {:>9.0} ns",
            figures.per_second, figures.mean, figures.p50, figures.p99
        ));
    }
    match report.signature_share {
        Some(share) => say(format_args!(
            "signatures are {:.0} % of an exchange",
            share * 100.0
        )),
        None => say("no client of the realm may exchange to another, so no exchange was measured"),
    }
}

/// A bar on standard error, where a person looks at it.
struct Progress {
    seconds: u64,
    done: usize,
    shown: bool,
}

impl Progress {
    const STEPS: usize = 4;

    fn new(seconds: u64) -> Self {
        let shown = std::io::stderr().is_terminal();
        Self {
            seconds,
            done: 0,
            shown,
        }
    }

    fn step(&mut self, what: &str) {
        if self.shown {
            let rest = Self::STEPS.saturating_sub(self.done);
            let _ = write!(
                std::io::stderr(),
                "\r[{}{}] {what}, {} s\x1b[K",
                "#".repeat(self.done),
                ".".repeat(rest),
                self.seconds
            );
        }
        self.done = self.done.saturating_add(1);
    }

    fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(algorithm: &str) -> Arguments {
        Arguments {
            realm: None,
            algorithm: algorithm.to_owned(),
            provider: Provider::Ring,
            seconds: 0,
            json: true,
        }
    }

    #[test]
    fn the_realm_of_its_own_is_measured_in_every_part() {
        let document = scene::builtin();
        let report = report(document, Algorithm::EdDsa, &arguments("EdDSA")).unwrap();
        assert_eq!((report.clients, report.algorithm), (1_006, "EdDSA"));
        let figures = [
            Some(&report.decision),
            Some(&report.traced_decision),
            report.signatures.as_ref(),
            report.exchange.as_ref(),
        ];
        for figures in figures {
            let figures = figures.unwrap();
            assert!(figures.mean > 0.0 && figures.p50 <= figures.p99);
        }
    }

    #[test]
    fn a_realm_without_a_permission_has_no_exchange() {
        let document: RealmDocument =
            serde_json::from_str(r#"{ "realm": "bare", "clients": [{ "id": "a" }] }"#).unwrap();
        let report = report(document, Algorithm::Hs256, &arguments("HS256")).unwrap();
        assert!(report.exchange.is_none() && report.signature_share.is_none());
        assert!(report.decision.per_second > 0.0);
    }

    #[test]
    fn an_algorithm_that_there_is_not_is_named() {
        let error = run(&arguments("none")).unwrap_err();
        assert_eq!(error.to_string(), r#"unknown algorithm "none""#);
    }
}
