//! Audience and resource: who is to take the token.

use super::{Comparison, Dimension, Found, Grantor, Source, grantor};
use crate::{claims::ComposedClaims, realm::client::EXCHANGE_ADDS_AUDIENCES, subject::ReadToken};

/// Each value of the new `aud` must be one of the subject token's, or the party it was issued to.
pub(super) fn compare(
    found: &mut Found<'_, '_>,
    token: &ReadToken,
    source: Source,
    claims: &ComposedClaims<'_>,
) {
    let scene = found.comparison.scene;
    // An ID token is for the client it is issued to, before any mapper.
    let own = source == Source::IdToken && !claims.audience_replaced;
    let own = own.then(|| scene.target.client_id());
    for value in own
        .into_iter()
        .chain(claims.audience.iter().map(|value| &**value))
    {
        let had = token.audience.iter().any(|known| **known == *value)
            || *token.authorized_party == *value;
        if had {
            continue;
        }
        let dimension = match scene.realm.client_by_id(value) {
            Some(_) => Dimension::Audience,
            None => Dimension::Resource,
        };
        found.add(dimension, value, |found| granted_by(found, source, value));
    }
}

fn granted_by(found: &Found<'_, '_>, source: Source, value: &str) -> Grantor {
    let comparison: &Comparison<'_> = found.comparison;
    let scene = comparison.scene;
    if comparison.inputs.target_permitted && *value == *scene.target.client_id() {
        return grantor::exchange_permission(found.trace, value);
    }
    let settings = &scene.target.tokens().exchange_adds.audiences;
    if let Some(setting) = grantor::setting(comparison, EXCHANGE_ADDS_AUDIENCES, settings, value) {
        return setting;
    }
    let there = |claims: &ComposedClaims<'_>| claims.audience.iter().any(|known| known == value);
    match grantor::mapper(comparison, source, there, there) {
        Some(mapper @ Grantor::Mapper { fixed: true, .. }) => mapper,
        other => found.impersonation().or(other).unwrap_or(Grantor::Nothing),
    }
}
