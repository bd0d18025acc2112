//! `resource` in a token request (RFC 8707 section 2), where the realm has Keycloak's `resource-indicators`.
//!
//! Exchanges pass it over: what they are for is said by `audience`.

use alloc::{borrow::Cow, boxed::Box};

use super::FlowRequest;
use crate::{realm::Feature, refusal::ResourceError};

/// The resource asked for.
pub(super) fn resource(request: &FlowRequest<'_>) -> Option<Box<str>> {
    if !request.realm.features().has(Feature::ResourceIndicators) {
        return None;
    }
    request
        .parameters
        .value("resource")
        .map(Cow::into_owned)
        .map(Box::from)
}

/// The resource of a refresh: the one that the refresh token has, which need not be named again.
pub(super) fn original_resource(
    request: &FlowRequest<'_>,
    original: Option<&str>,
) -> Result<Option<Box<str>>, ResourceError> {
    match (resource(request), original) {
        (Some(named), original) if original != Some(&*named) => Err(ResourceError::NotTheOriginal),
        (_, original) => Ok(original.map(Box::from)),
    }
}
