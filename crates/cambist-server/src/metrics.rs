//! Counters and times, and the log line of each token request.

use std::{fmt, time::Duration};

use cambist::event::Event;
use cambist_http::{Observer, Outcome};
use http::StatusCode;
use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

/// Upper bounds of the buckets of times, in seconds.
const BUCKETS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];
const METADATA: Metadata<'static> = Metadata::new("cambist", Level::INFO, None);

/// The metrics of one server. There is no global recorder, so several servers may live in one process.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

/// What was asked for, as a label: few and fixed, whatever callers send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Surface {
    Realms,
    Admin,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
            .build_recorder();
        let handle = recorder.handle();
        recorder.describe_counter(
            "cambist_token_requests_total".into(),
            None,
            "Token requests by grant and outcome".into(),
        );
        recorder.describe_histogram(
            "cambist_http_request_seconds".into(),
            None,
            "Time from the whole request to the whole answer".into(),
        );
        Ok(Self { recorder, handle })
    }

    pub(crate) fn http_request(&self, surface: Surface, status: StatusCode, took: Duration) {
        let surface = match surface {
            Surface::Realms => "realms",
            Surface::Admin => "admin",
        };
        let labels = vec![
            Label::from_static_parts("surface", surface),
            Label::new("status", status.as_str().to_owned()),
        ];
        let key = Key::from_parts("cambist_http_request_seconds", labels);
        self.recorder
            .register_histogram(&key, &METADATA)
            .record(took.as_secs_f64());
    }

    pub(crate) fn gauge(&self, name: &'static str, value: f64) {
        self.recorder
            .register_gauge(&Key::from_static_name(name), &METADATA)
            .set(value);
    }

    /// The text that Prometheus reads.
    pub(crate) fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }

    fn token_request(&self, grant: &'static str, outcome: &'static str) {
        let labels = vec![
            Label::from_static_parts("grant", grant),
            Label::from_static_parts("outcome", outcome),
        ];
        let key = Key::from_parts("cambist_token_requests_total", labels);
        self.recorder.register_counter(&key, &METADATA).increment(1);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

/// Logs and counts token requests.
#[derive(Debug)]
pub(crate) struct TokenRequests(pub(crate) std::sync::Arc<Metrics>);

impl Observer for TokenRequests {
    fn token_request(&self, outcome: Outcome<'_>, event: Option<&Event>) {
        let grant = event.and_then(|event| event.grant).unwrap_or("none");
        let name = match outcome {
            Outcome::Issued => "issued",
            Outcome::Refused(refusal) => refusal.wire().code.as_str(),
            Outcome::FactsMissing(_) => "facts_missing",
            Outcome::NotCommitted(_) => "not_committed",
        };
        self.0.token_request(grant, name);
        log(grant, name, outcome, event);
    }
}

/// Texts that callers may have had a hand in are logged as strings, which the formats escape.
fn log(grant: &str, name: &str, outcome: Outcome<'_>, event: Option<&Event>) {
    let realm = event.map(|event| &*event.realm);
    let client = event.and_then(|event| event.client.as_deref());
    match outcome {
        Outcome::Issued if tracing::enabled!(target: "cambist::token", tracing::Level::INFO) => {
            let user = event.and_then(|event| event.user.as_deref());
            let targets = event.map(|event| event.targets.join(" "));
            let targets = targets.as_deref().filter(|targets| !targets.is_empty());
            let token = event.and_then(|event| event.token.as_deref());
            let from = event.map(|event| event.derived_from.join(" "));
            let derived_from = from.as_deref().filter(|from| !from.is_empty());
            tracing::info!(
                target: "cambist::token",
                grant, realm, client, user, targets, token, derived_from, "issued"
            );
        }
        Outcome::Issued => {}
        Outcome::Refused(refusal) => {
            let reason = refusal.to_string();
            let reason = reason.as_str();
            tracing::info!(target: "cambist::token", grant, realm, client, error = name, reason, "refused");
        }
        Outcome::FactsMissing(error) => {
            tracing::error!(target: "cambist::token", grant, realm, client, %error, "facts could not be loaded");
        }
        Outcome::NotCommitted(error) => {
            tracing::error!(target: "cambist::token", grant, realm, client, %error, "effects could not be committed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = Metrics::new().unwrap();
        metrics.token_request("password", "issued");
        metrics.token_request("password", "issued");
        metrics.http_request(Surface::Realms, StatusCode::OK, Duration::from_millis(1));
        metrics.gauge("cambist_realms", 2.0);
        let text = metrics.render();
        assert!(
            text.contains("cambist_token_requests_total{grant=\"password\",outcome=\"issued\"} 2"),
            "{text}"
        );
        assert!(
            text.contains("cambist_http_request_seconds_bucket"),
            "{text}"
        );
        assert!(text.contains("cambist_realms 2"), "{text}");
    }
}
