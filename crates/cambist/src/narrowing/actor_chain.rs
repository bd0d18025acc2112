//! Actor chain: `act` and `may_act` (RFC 8693 sections 4.1 and 4.4).

use super::{Dimension, Found, Grantor, Source, grantor};
use crate::{claims::ComposedClaims, subject::ReadToken};

const ACT: &str = "act";
const MAY_ACT: &str = "may_act";

/// A chain is never dropped: who acted stays told. And no mapper makes somebody an actor.
pub(super) fn compare(
    found: &mut Found<'_, '_>,
    token: &ReadToken,
    source: Source,
    claims: &ComposedClaims<'_>,
) {
    // Whoever acts now stands before those of the subject token; the engine writes both.
    let extended = found.comparison.scene.plan.actors.is_some();
    let told = extended || claims.claims.value(ACT).is_some();
    if source == Source::AccessToken && token.has_actor && !told {
        found.add(Dimension::ActorChain, "silence about its actors", |_| {
            Grantor::Nothing
        });
    }
    for (name, had) in [(ACT, token.has_actor), (MAY_ACT, token.has_may_act)] {
        let there = |claims: &ComposedClaims<'_>| claims.claims.value(name).is_some();
        if there(claims) && !had {
            found.add(Dimension::ActorChain, name, |found| {
                grantor::mapper(found.comparison, source, there, there).unwrap_or(Grantor::Nothing)
            });
        }
    }
}
