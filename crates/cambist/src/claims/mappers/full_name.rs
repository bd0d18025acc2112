//! `name`: given name and family name (`oidc-full-name-mapper`).

use alloc::{borrow::Cow, format, sync::Arc};

use super::{BuiltMapper, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ClaimValue, ComposedClaims, ProtocolMapper},
    facts::User,
    realm::document::Attributes,
};

#[derive(Debug)]
struct FullName {
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(FullName {
        writes: Writes::read(config).not_in_response(),
    }))
}

impl ProtocolMapper for FullName {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let user: &'a User = context.user;
        let first = user.first_name.as_deref().filter(|name| !name.is_empty());
        let last = user.last_name.as_deref().filter(|name| !name.is_empty());
        let name = match (first, last) {
            (Some(first), Some(last)) => Cow::Owned(format!("{first} {last}")),
            (Some(name), None) | (None, Some(name)) => Cow::Borrowed(name),
            (None, None) => return,
        };
        claims.claims.set("name", ClaimValue::Text(name));
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use serde_json::{Value, json};

    use crate::claims::{ClaimTarget, test_world::World};

    fn name(first: Option<&str>, last: Option<&str>) -> Value {
        let on = [("access.token.claim", "true")];
        let mut world = World::with_mappers("ep-claims", &[("oidc-full-name-mapper", &on)]);
        let user = world.user_mut("bo");
        user.first_name = first.map(String::from);
        user.last_name = last.map(String::from);
        world.extra("bo", ClaimTarget::AccessToken)
    }

    /// claims/profile.
    #[test]
    fn names_that_are_there_are_joined() {
        assert_eq!(name(Some("Bo"), Some("Test")), json!({ "name": "Bo Test" }));
        assert_eq!(name(Some("Bo"), None), json!({ "name": "Bo" }));
        assert_eq!(name(Some(""), Some("Test")), json!({ "name": "Test" }));
        assert_eq!(name(None, Some("")), json!({}));
    }
}
