//! Questions to other servers.

use cambist::outside::OutsideNeeded;
use cambist_http::{AskOutside, OutsideFuture};
use cambist_outbound::Outbound;

/// Lets the endpoints ask.
#[derive(Debug)]
pub(crate) struct AskByNetwork(pub(crate) Outbound);

impl AskOutside for AskByNetwork {
    fn ask<'a>(&'a self, needed: &'a OutsideNeeded) -> OutsideFuture<'a> {
        Box::pin(self.0.ask(needed))
    }
}
