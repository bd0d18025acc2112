//! One request to another server.

use std::{fmt, pin::Pin, sync::Arc};

use cambist::{outside::OutsideFailure, secret::Secret};

/// What is fetched, with `GET`.
#[derive(Clone)]
pub struct FetchRequest {
    /// Address, not checked yet.
    pub url: Arc<str>,
    /// Token sent as `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// `Accept`.
    pub accept: &'static str,
    /// Most bytes of a body.
    pub limit: usize,
}

impl fmt::Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchRequest")
            .field("url", &self.url)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// What came.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What [`Fetch::fetch`] returns.
pub type FetchFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Fetched, OutsideFailure>> + Send + 'a>>;

/// Makes requests. [`HttpFetch`](crate::HttpFetch) is the one that really does; tests bring another.
pub trait Fetch: Send + Sync {
    /// Fetches. Bounded in time and size; follows no redirect.
    fn fetch(&self, request: FetchRequest) -> FetchFuture<'_>;
}
