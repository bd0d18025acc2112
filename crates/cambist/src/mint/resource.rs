//! What a token says that is for one resource alone (RFC 8707 section 2): which audience a resource stands for.

use alloc::{borrow::Cow, boxed::Box};

use super::scene::Scene;
use crate::{
    crypto::CryptoProvider,
    flow::{Plan, resource::is_resource},
    moment::Moment,
    realm::Realm,
    refusal::ResourceError,
};

/// Names a client by its id.
const CLIENT: &str = "urn:client:";

/// The attribute of a client that names the resource behind it.
const RESOURCE_URL: &str = "resource_url";

/// The audience that the plan's resource stands for, of those that the token would have: a client named by id, or
/// the address that one of them has registered. `None`: the plan asks for no resource.
///
/// # Errors
///
/// [`ResourceError::Unknown`]: nothing in the audience is it. What is no absolute URI, or has a fragment, is
/// nobody's.
pub(crate) fn audience_of(
    realm: &Realm,
    plan: &Plan,
    issuer: &str,
    moment: Moment,
    crypto: &dyn CryptoProvider,
) -> Result<Option<Box<str>>, ResourceError> {
    let Some(resource) = plan.resource.as_deref() else {
        return Ok(None);
    };
    let scene = Scene::of(realm, plan).ok_or(ResourceError::Unknown)?;
    let context = scene.context(issuer, None, moment, crypto);
    let audience = scene.access_claims(&context).audience;
    let found = match resource.strip_prefix(CLIENT) {
        Some(client) => named(&audience, client).then_some(client),
        None => audience
            .iter()
            .filter_map(|value| realm.client_by_id(value))
            .filter_map(|client| client.attributes().get(RESOURCE_URL))
            .any(|url| url == resource && is_resource(url))
            .then_some(resource),
    };
    found
        .map(|audience| Some(audience.into()))
        .ok_or(ResourceError::Unknown)
}

fn named(audience: &[Cow<'_, str>], client: &str) -> bool {
    audience.iter().any(|value| *value == client)
}
