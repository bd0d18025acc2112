//! Lifetime: `exp`.

use super::{Dimension, Found, Grantor};
use crate::subject::ReadToken;

/// The new token must not end after the subject token. In profile `strict` the plan is bounded beforehand
/// ([`bound`](super::bound)), so that this finds nothing.
pub(super) fn compare(found: &mut Found<'_, '_>, token: &ReadToken) {
    let comparison = found.comparison;
    let expires = comparison.scene.expiry(comparison.now);
    if expires > token.expires {
        let more = expires.since(token.expires);
        found.add(Dimension::Lifetime, &alloc::format!("{more} s"), |found| {
            Grantor::Lifespan {
                client: found.comparison.scene.target.client_id().into(),
            }
        });
    }
}
