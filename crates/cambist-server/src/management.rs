//! Health and metrics, on a listener of their own.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use cambist_store::Store;
use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use serde_json::json;

use crate::{metrics::Metrics, registry::Registry};

/// What the management listener tells about.
#[derive(Debug)]
pub(crate) struct Management {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) store: StoreHandle,
    /// Set while the server stops: it is alive and takes no new work.
    pub(crate) stopping: AtomicBool,
}

/// A store with a blank `Debug`.
pub(crate) struct StoreHandle(pub(crate) Arc<dyn Store>);

impl std::fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}

impl Management {
    /// Answers `/health/live`, `/health/ready` and `/metrics`, and 404 to all else.
    pub(crate) fn answer(&self, request: &Parts) -> Response<Bytes> {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return text(
                StatusCode::METHOD_NOT_ALLOWED,
                "application/json",
                "{}".to_owned(),
            );
        }
        match request.uri.path() {
            "/health/live" => health(true, None),
            "/health/ready" => self.ready(),
            "/metrics" => {
                self.metrics
                    .gauge("cambist_realms", number(self.registry.len()));
                self.metrics.gauge(
                    "cambist_store_queued_writes",
                    number(self.store.0.health().queued),
                );
                text(
                    StatusCode::OK,
                    "text/plain; version=0.0.4",
                    self.metrics.render(),
                )
            }
            _ => text(StatusCode::NOT_FOUND, "application/json", "{}".to_owned()),
        }
    }

    fn ready(&self) -> Response<Bytes> {
        let store = self.store.0.health();
        if self.stopping.load(Ordering::Relaxed) {
            return health(false, Some("stopping".to_owned()));
        }
        health(store.writable, store.failure)
    }
}

fn health(up: bool, reason: Option<String>) -> Response<Bytes> {
    let (status, word) = if up {
        (StatusCode::OK, "UP")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "DOWN")
    };
    let body = match reason {
        Some(reason) => json!({ "status": word, "reason": reason }),
        None => json!({ "status": word }),
    };
    text(status, "application/json", body.to_string())
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge need not count beyond 2^52"
)]
fn number(count: usize) -> f64 {
    count as f64
}
