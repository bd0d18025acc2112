//! `aud` from the settings (`oidc-audience-mapper`).

use alloc::{borrow::Cow, boxed::Box, sync::Arc};

use super::{BuiltMapper, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

/// Adds one value: the client when one is named, else the free text. A client that is disabled or does not
/// exist is added all the same.
#[derive(Debug)]
struct Audience {
    value: Option<Box<str>>,
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let set = |setting| config.get(setting).filter(|value| !value.is_empty());
    let value = set("included.client.audience").or_else(|| set("included.custom.audience"));
    Ok(Arc::new(Audience {
        value: value.map(|value| value.as_str().into()),
        writes: Writes::read(config).only_tokens(),
    }))
}

impl ProtocolMapper for Audience {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.value.is_some() && self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        if let Some(value) = &self.value {
            claims.add_audience(Cow::Borrowed(&**value));
        }
    }
}
