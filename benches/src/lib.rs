//! Worlds that the benches share.
