//! The user's groups (`oidc-group-membership-mapper`).

use alloc::{borrow::Cow, sync::Arc};

use super::{BuiltMapper, claim_rule::ClaimRule, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    facts::User,
    realm::{Realm, document::Attributes},
};

/// Always a list, of paths or of names. The groups above a group are not in it.
#[derive(Debug)]
struct GroupMembership {
    full_path: bool,
    rule: ClaimRule,
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(GroupMembership {
        full_path: config.get("full.path").is_some_and(|value| value == "true"),
        rule: ClaimRule::read(config)?.always_multivalued(),
        writes: Writes::read(config).not_in_response(),
    }))
}

impl ProtocolMapper for GroupMembership {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let (realm, user): (&'a Realm, &'a User) = (context.realm, context.user);
        let groups = user
            .groups
            .iter()
            .filter_map(|id| realm.group_by_id(id))
            .map(|group| {
                Cow::Borrowed(if self.full_path {
                    group.path()
                } else {
                    group.name()
                })
            });
        self.rule.write_texts(claims, target, None, groups);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    fn groups(username: &str, full_path: &str) -> serde_json::Value {
        let settings = [
            ("claim.name", "groups"),
            ("full.path", full_path),
            ("userinfo.token.claim", "true"),
        ];
        World::with_mappers("ep-claims", &[("oidc-group-membership-mapper", &settings)])
            .extra(username, ClaimTarget::UserInfo)
    }

    /// claims/groups-full, claims/groups-short.
    #[test]
    fn groups_are_listed_by_path_or_by_name() {
        assert_eq!(
            groups("bo", "true"),
            json!({ "groups": ["/staff/lead", "/a/b"] })
        );
        assert_eq!(groups("bo", "false"), json!({ "groups": ["lead", "a/b"] }));
    }

    #[test]
    fn a_user_without_groups_has_no_claim() {
        assert_eq!(groups("ada", "true"), json!({}));
    }
}
