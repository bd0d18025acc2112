//! `sub`: the internal id of the user (`oidc-sub-mapper`).

use alloc::{borrow::Cow, sync::Arc};

use super::{BuiltMapper, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

#[derive(Debug)]
struct Subject {
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(Subject {
        writes: Writes::read(config).only_access_token(),
    }))
}

impl ProtocolMapper for Subject {
    fn priority(&self) -> i32 {
        -10
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        claims.subject = Some(Cow::Borrowed(&context.user.id));
    }
}
