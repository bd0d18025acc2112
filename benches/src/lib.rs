//! What the benches share: a way to compare things within one run, and a world to compare them in.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "a bench computes with small numbers of its own"
)]

pub mod decide;
pub mod exchange;
pub mod free;
pub mod rounds;
pub mod world;
