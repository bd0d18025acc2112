//! Project Wycheproof's tests of signed tokens and keys, with AWS-LC.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../cambist/tests/wycheproof/mod.rs"]
mod wycheproof;

use cambist_aws_lc::AwsLcProvider;

#[test]
fn signatures() {
    wycheproof::signatures(&AwsLcProvider);
}

#[test]
fn keys() {
    wycheproof::keys(&AwsLcProvider);
}

#[test]
fn signatures_and_encryption_mixed() {
    wycheproof::signatures_and_encryption_mixed(&AwsLcProvider);
}
