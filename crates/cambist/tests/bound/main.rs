//! Tokens that are bound to a key (RFC 9449).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot be set up has failed"
)]

mod bench;
mod bindings;
mod certificates;
mod proofs;
mod userinfo;
