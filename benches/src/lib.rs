//! What the benches share: a way to compare things within one run, and a world to compare them in.

pub mod decide;
pub mod rounds;
pub mod world;
