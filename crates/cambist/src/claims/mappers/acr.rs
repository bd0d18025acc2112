//! `acr`: how the user was authenticated (`oidc-acr-mapper`).

use alloc::{borrow::Cow, format, sync::Arc};

use super::{BuiltMapper, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ClaimValue, ComposedClaims, ProtocolMapper},
    realm::{Client, document::Attributes},
};

/// Writes the client's name of the level, or the level as a number where it has no name.
#[derive(Debug)]
struct AuthenticationContext {
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(AuthenticationContext {
        writes: Writes::read(config).only_tokens(),
    }))
}

impl ProtocolMapper for AuthenticationContext {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let client: &'a Client = context.client;
        let Some(level) = context.authentication_level else {
            return;
        };
        let named = client
            .tokens()
            .acr_levels
            .iter()
            .find(|(known, _)| *known == level);
        let text = match (named, level) {
            (Some((_, name)), _) => Cow::Borrowed(&**name),
            (None, 0) => Cow::Borrowed("0"),
            (None, 1) => Cow::Borrowed("1"),
            (None, level) => Cow::Owned(format!("{level}")),
        };
        claims.claims.set("acr", ClaimValue::Text(text));
    }
}
