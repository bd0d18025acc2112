//! What a realm can ever allow, from its configuration alone.
//!
//! * [`Reach`]: which client can come to a token for which other, by any number of exchanges;
//! * [`impersonators`]: who can become another user;
//! * [`Difference`]: what a change of configuration newly allows, and what it no longer does;
//! * [`findings`]: settings that a person should know of.
//!
//! Answers are upper bounds: what is not told cannot happen. What is told hangs, where it says so, on the
//! token, the moment or the user. Nothing is signed and nothing is asked but the realm and its users.
//!
//! What is not seen: policies of an embedder's own kind (they count as "it depends"), mappers of an
//! embedder's own kind (what they add to an audience is not known), exchange flows of an embedder's own, and
//! tokens of other issuers.

mod audiences;
mod difference;
mod findings;
mod hops;
mod impersonation;
mod parties;
mod reach;

pub use self::{
    difference::{Change, Difference},
    findings::{Finding, FindingKind, findings},
    hops::{Hop, Way},
    impersonation::{Impersonator, impersonators},
    parties::Parties,
    reach::{Path, Reach},
};
