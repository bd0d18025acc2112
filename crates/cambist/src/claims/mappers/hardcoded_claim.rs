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
