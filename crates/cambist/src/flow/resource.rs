//! `resource` in a token request (RFC 8707 section 2), where the realm has Keycloak's `resource-indicators`.
//!
//! Exchanges pass it over: what they are for is said by `audience`.

use alloc::{borrow::Cow, boxed::Box};

use super::FlowRequest;
use crate::{realm::Feature, refusal::ResourceError};

/// An absolute URI without a fragment (RFC 8707 section 2), as far as that shows without taking it apart.
pub(crate) fn is_resource(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    named && !rest.is_empty() && rest.bytes().all(plain)
}

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
