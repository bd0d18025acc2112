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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    /// claims/acr-map: the client calls level 1 silver; claims/default-roles: without a name it is a number.
    #[test]
    fn a_level_has_the_name_that_the_client_gives_it() {
        let world = World::recorded("ep-claims");
        let acr = |client| {
            world
                .login(client, "bo", "")
                .written(ClaimTarget::IdToken, false)["acr"]
                .clone()
        };
        assert_eq!(acr("acr-map"), json!("silver"));
        assert_eq!(acr("seen"), json!("1"));
    }

    #[test]
    fn the_level_0_is_written_and_no_level_is_not() {
        let world = World::recorded("ep-claims");
        let mut login = world.login("acr-map", "bo", "");
        for (level, acr) in [
            (Some(0), json!("0")),
            (Some(7), json!("7")),
            (None, json!(null)),
        ] {
            login.level = level;
            assert_eq!(login.written(ClaimTarget::AccessToken, false)["acr"], acr);
        }
    }

    /// claims/acr-map: not in userinfo.
    #[test]
    fn userinfo_has_no_acr() {
        let on = [("userinfo.token.claim", "true"), ("id.token.claim", "true")];
        let world = World::with_mappers("ep-claims", &[("oidc-acr-mapper", &on)]);
        assert_eq!(world.extra("bo", ClaimTarget::UserInfo), json!({}));
        assert_eq!(
            world.extra("bo", ClaimTarget::IdToken),
            json!({ "acr": "1" })
        );
    }
}
