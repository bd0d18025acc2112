//! Subject: `sub`.

use super::{Dimension, Found, Grantor, Source, grantor};
use crate::{claims::ComposedClaims, subject::ReadToken};

const PAIRWISE: &str = "oidc-sha256-pairwise-sub-mapper";

/// The user must be that of the subject token. An impersonation without a subject token gains its user as
/// well: nobody's token spoke for them.
pub(super) fn compare_user(found: &mut Found<'_, '_>) {
    let user = &found.comparison.scene.plan.user;
    let before = found.comparison.inputs.user.as_deref();
    if before.is_some_and(|before| before.id == user.id) {
        return;
    }
    let id = user.id.clone();
    found.add(Dimension::Subject, &id, |found| {
        found.impersonation().unwrap_or(Grantor::Nothing)
    });
}

/// A mapper must not write the name of somebody else.
pub(super) fn compare_claim(
    found: &mut Found<'_, '_>,
    token: &ReadToken,
    source: Source,
    claims: &ComposedClaims<'_>,
) {
    let Some(written) = claims.subject.as_deref() else {
        return;
    };
    let user = &found.comparison.scene.plan.user;
    let known = *written == *user.id || token.subject.as_deref() == Some(written);
    if known {
        return;
    }
    found.add(Dimension::Subject, written, |found| {
        let there = |claims: &ComposedClaims<'_>| {
            claims.subject.as_deref().is_some_and(|sub| sub == written)
        };
        match grantor::mapper(found.comparison, source, there, there) {
            Some(Grantor::Mapper { name, mapper, .. }) if mapper == PAIRWISE => {
                Grantor::Pairwise { name }
            }
            other => other.unwrap_or(Grantor::Nothing),
        }
    });
}
