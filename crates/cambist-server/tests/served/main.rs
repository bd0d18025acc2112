//! A served instance, asked over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics, also in what its tests share"
)]

mod admin;
mod bad_input;
mod caller;
mod canary;
mod certificates;
mod cors;
mod envelope;
mod external;
mod identity_assertions;
mod instance;
mod program;
mod restart;
