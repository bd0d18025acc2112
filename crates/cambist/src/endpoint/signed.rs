//! Answers as signed tokens.

use alloc::string::String;

use crate::{
    crypto::Algorithm,
    jose::{SigningHeader, compact::SigningInput},
    realm::Realm,
};

/// Signs the claims with the realm's active key of the algorithm. `None` where the realm has no such key, its
/// private half lives elsewhere, or the key fails.
pub(super) fn signed(
    realm: &Realm,
    algorithm: Algorithm,
    claims: &serde_json::Map<String, serde_json::Value>,
) -> Option<String> {
    let key = realm.keys().active(algorithm)?;
    let header = SigningHeader::new(algorithm, Some(&key.kid), Some("JWT"));
    let payload = serde_json::to_vec(claims).ok()?;
    SigningInput::new(&header, &payload)
        .sign(key.signing.as_ref()?)
        .ok()
}
