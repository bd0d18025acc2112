//! What went wrong elsewhere, and what this engine is held to: the threats and regressions of
//! `docs/threat-model.md`, one test a row, under the row's id; and the one gate that every grant passes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

#[path = "../jwt_grant/bank.rs"]
#[expect(dead_code, reason = "another test uses the rest")]
mod bank;
mod client_policies;
mod gate;
mod hostile;
mod lineage;
mod requests;
mod rows;
mod shop;
mod strict;
