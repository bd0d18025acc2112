//! Key binding: `cnf` (RFC 7800).

use super::{Dimension, Found, Grantor, Source};
use crate::subject::ReadToken;

/// What is made from a bound token is bound.
pub(super) fn compare(found: &mut Found<'_, '_>, token: &ReadToken, source: Source) {
    // An ID token is shown to its client and opens nothing.
    if source == Source::IdToken || !token.is_bound() {
        return;
    }
    if !found.comparison.is_bound {
        found.add(Dimension::KeyBinding, "freedom from its key", |_| {
            Grantor::Nothing
        });
    }
}
