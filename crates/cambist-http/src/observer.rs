//! What the adapter tells the program about each token request.

use std::fmt;

use cambist::{event::Event, refusal::Refusal};
use cambist_store::{CommitError, StoreError};

/// What came of a token request. Holds no token and no secret.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// Tokens were issued.
    Issued,
    /// The request was refused.
    Refused(&'a Refusal),
    /// Facts could not be loaded.
    FactsMissing(&'a StoreError),
    /// The effects could not be committed; nothing left the server.
    NotCommitted(&'a CommitError),
}

/// Hears of every token request: for logs, audits, metrics.
pub trait Observer: Send + Sync + fmt::Debug {
    /// One request was answered. `event` is absent when it ended before the engine had one to give.
    fn token_request(&self, outcome: Outcome<'_>, event: Option<&Event>);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn token_request(&self, _: Outcome<'_>, _: Option<&Event>) {}
}
