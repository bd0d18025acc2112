//! A claim with a fixed value (`oidc-hardcoded-claim-mapper`).

use alloc::{borrow::Cow, boxed::Box, sync::Arc};

use super::{BuiltMapper, claim_rule::ClaimRule, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

#[derive(Debug)]
struct HardcodedClaim {
    value: Option<Box<str>>,
    rule: ClaimRule,
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(HardcodedClaim {
        value: config.get("claim.value").map(|value| value.as_str().into()),
        rule: ClaimRule::read(config)?,
        writes: Writes::read(config),
    }))
}

impl ProtocolMapper for HardcodedClaim {
    fn is_fixed(&self) -> bool {
        true
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.value.is_some() && self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        if let Some(value) = &self.value {
            self.rule
                .write_text(claims, target, Cow::Borrowed(&**value));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    const KIND: &str = "oidc-hardcoded-claim-mapper";

    /// claims/hard-response.
    #[test]
    fn a_claim_may_go_into_the_token_response() {
        let settings = [
            ("claim.name", "in-response"),
            ("claim.value", "1"),
            ("access.tokenResponse.claim", "true"),
        ];
        let world = World::with_mappers("ep-claims", &[(KIND, &settings)]);
        assert_eq!(
            world.extra("bo", ClaimTarget::TokenResponse),
            json!({ "in-response": "1" })
        );
        assert_eq!(world.extra("bo", ClaimTarget::AccessToken), json!({}));
    }

    /// claims/hard-aud: what is there goes, what comes later is added.
    #[test]
    fn aud_is_replaced() {
        let on = ("access.token.claim", "true");
        let world = World::with_mappers(
            "ep-claims",
            &[
                (
                    "oidc-audience-mapper",
                    &[("included.client.audience", "first"), on],
                ),
                (KIND, &[("claim.name", "aud"), ("claim.value", "evil"), on]),
                ("oidc-audience-resolve-mapper", &[on]),
            ],
        );
        let login = world.login("extra", "bo", "");
        let composed = login.compose(ClaimTarget::AccessToken, false);
        assert_eq!(composed.audience, ["evil", "api"]);
        assert!(composed.audience_replaced);
    }

    #[test]
    fn without_a_value_nothing_is_written() {
        let settings = [("claim.name", "c"), ("access.token.claim", "true")];
        let world = World::with_mappers("ep-claims", &[(KIND, &settings)]);
        assert_eq!(world.extra("bo", ClaimTarget::AccessToken), json!({}));
    }
}
