//! Asking other servers, for whoever lets the engine do so.

use std::pin::Pin;

use cambist::outside::{Outside, OutsideFailure, OutsideNeeded};

/// What comes from outside, once it is there.
pub type OutsideFuture<'a> = Pin<Box<dyn Future<Output = Outside> + Send + 'a>>;

/// Asks other servers: for the keys of an issuer, for user info. The crate `cambist-outbound` has one that
/// guards against forged addresses; whoever brings another has to bound time and size, keep to the address
/// named, and follow no redirect.
pub trait AskOutside: Send + Sync {
    /// Asks. Never fails but in what it returns.
    fn ask<'a>(&'a self, needed: &'a OutsideNeeded) -> OutsideFuture<'a>;
}

/// Asks nobody: tokens of identity providers whose keys are not configured are refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct AskNobody;

impl AskOutside for AskNobody {
    fn ask<'a>(&'a self, _: &'a OutsideNeeded) -> OutsideFuture<'a> {
        Box::pin(std::future::ready(Outside::Failed(
            OutsideFailure::NotAsked,
        )))
    }
}
