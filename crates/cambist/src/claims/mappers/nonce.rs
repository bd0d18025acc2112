//! `nonce` in access tokens too, as older clients expect it (`oidc-nonce-backwards-compatible-mapper`).

use alloc::{borrow::Cow, sync::Arc};

use super::BuiltMapper;
use crate::{
    claims::{ClaimContext, ClaimTarget, ClaimValue, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

#[derive(Debug)]
struct Nonce;

pub(super) fn build(_config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(Nonce))
}

impl ProtocolMapper for Nonce {
    fn writes(&self, target: ClaimTarget, _lightweight: bool) -> bool {
        matches!(
            target,
            ClaimTarget::AccessToken | ClaimTarget::Introspection
        )
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        if let Some(nonce) = context.nonce {
            claims
                .claims
                .set("nonce", ClaimValue::Text(Cow::Borrowed(nonce)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    #[test]
    fn the_nonce_of_the_login_goes_into_the_access_token() {
        let world = World::with_mappers(
            "ep-claims",
            &[("oidc-nonce-backwards-compatible-mapper", &[])],
        );
        assert_eq!(
            world.extra("bo", ClaimTarget::AccessToken),
            json!({ "nonce": "n-1" })
        );
        assert_eq!(world.extra("bo", ClaimTarget::UserInfo), json!({}));
    }
}
