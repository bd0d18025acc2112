//! The OpenID Connect endpoints of Cambist as plain functions over [`http`] types.
//!
//! [`Service::handle`] takes the head and the bytes of a request and returns a whole answer; it spawns
//! nothing, reads no clock but through [`Clock`], and knows no web framework. A `router` for axum is
//! behind the feature of that name.
//!
//! The crate does five things: match path and method, decode headers, call the engine's steps, map what
//! comes of them to a status, add headers. No policy stands here. Paths, texts, status codes and headers
//! are Keycloak's.

pub mod base_url;
mod cors;
pub mod endpoints;
mod head;
mod headers;
mod observer;
mod outbound;
pub mod paths;
mod respond;
#[cfg(feature = "axum")]
pub mod router;
mod service;
mod signing;

pub use self::{
    base_url::{BaseUrl, BaseUrlError, BaseUrls},
    headers::{OverTls, Peer, PeerCertificate, secure},
    observer::{Observer, Outcome, Silent},
    outbound::{AskNobody, AskOutside, OutsideFuture},
    service::{Clock, EntropySource, Realms, Response, Service, ServiceBuilder},
    signing::{SignInPlace, SigningFuture, TokenSigner},
};

/// Bytes of a body that are read at most; a longer one is refused with 413. The engine refuses a form
/// earlier, at [`RequestLimits::body`](cambist::limits::RequestLimits::body).
pub const MAX_BODY_BYTES: usize = 1_024 * 1_024;
