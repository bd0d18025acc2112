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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    /// claims/no-sub: the mapper is for the access token; claims/light: introspection fills it in.
    #[test]
    fn sub_is_the_id_of_the_user() {
        let kind = "oidc-sub-mapper";
        let settings = [("access.token.claim", "true"), ("id.token.claim", "true")];
        let world = World::with_mappers("ep-claims", &[(kind, &settings)]);
        let id = json!({ "sub": world.user("bo").id });
        assert_eq!(world.extra("bo", ClaimTarget::AccessToken), id);
        assert_eq!(world.extra("bo", ClaimTarget::Introspection), id);
        assert_eq!(world.extra("bo", ClaimTarget::IdToken), json!({}));
        assert_eq!(world.extra("bo", ClaimTarget::UserInfo), json!({}));
    }

    /// claims/hard-reserved: an ordinary mapper has the last word.
    #[test]
    fn sub_is_written_before_everything_else() {
        let on = ("access.token.claim", "true");
        let world = World::with_mappers(
            "ep-claims",
            &[
                (
                    "oidc-hardcoded-claim-mapper",
                    &[("claim.name", "sub"), ("claim.value", "evil"), on],
                ),
                ("oidc-sub-mapper", &[on]),
            ],
        );
        assert_eq!(
            world.extra("bo", ClaimTarget::AccessToken),
            json!({ "sub": "evil" })
        );
    }
}
