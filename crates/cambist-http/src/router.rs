//! The service as an [`axum::Router`].
//!
//! ```no_run
//! # async fn serve(service: cambist_http::Service) -> std::io::Result<()> {
//! use std::net::SocketAddr;
//!
//! let app = cambist_http::router::router(service);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
//! # }
//! ```

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::Response as AxumResponse,
    routing::any,
};
use http::request::Parts;

use crate::{MAX_BODY_BYTES, Peer, Service};

/// All paths under `/realms`. Serve it with connect info of [`SocketAddr`], so that callers have addresses;
/// without it every caller counts as foreign, and a realm that wants HTTPS for foreign callers refuses all.
///
/// Paths are matched by [`Service::handle`] itself, since axum would decide about slashes and methods
/// otherwise than Keycloak does.
pub fn router(service: Service) -> Router {
    Router::new()
        .route("/realms", any(serve))
        .route("/realms/{*rest}", any(serve))
        .with_state(service)
}

/// Answers one request. Fit as a fallback of a router with further paths.
pub async fn serve(State(service): State<Service>, request: Request) -> AxumResponse {
    let (mut head, body) = request.into_parts();
    add_peer(&mut head);
    let response = match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => service.handle(&head, &body).await,
        Err(_) => service.body_too_large(),
    };
    response.map(Body::from)
}

/// Carries axum's connect info over to the extension that the service reads.
pub fn add_peer(head: &mut Parts) {
    if let Some(ConnectInfo(address)) = head.extensions.get::<ConnectInfo<SocketAddr>>() {
        let peer = Peer(*address);
        head.extensions.insert(peer);
    }
}
