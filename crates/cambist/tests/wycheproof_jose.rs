//! Project Wycheproof's tests of signed tokens and keys, with ring.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod wycheproof;

use cambist_ring::RingProvider;

#[test]
fn t053_t055_t056_signatures_of_wycheproof() {
    wycheproof::signatures(&RingProvider);
}

#[test]
fn t046_t054_key_sets_of_wycheproof() {
    wycheproof::keys(&RingProvider);
}

#[test]
fn signatures_and_encryption_mixed() {
    wycheproof::signatures_and_encryption_mixed(&RingProvider);
}
