//! A claim from an attribute of the user or of the user's groups (`oidc-usermodel-attribute-mapper`).

use alloc::{borrow::Cow, boxed::Box, sync::Arc, vec::Vec};

use super::{BuiltMapper, claim_rule::ClaimRule, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    facts::User,
    realm::{Group, Realm, document::Attributes},
};

#[derive(Debug)]
struct UserAttribute {
    attribute: Box<str>,
    aggregate: bool,
    rule: ClaimRule,
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    Ok(Arc::new(UserAttribute {
        attribute: config
            .get("user.attribute")
            .map_or("", |name| name.trim())
            .into(),
        aggregate: config
            .get("aggregate.attrs")
            .is_some_and(|value| value == "true"),
        rule: ClaimRule::read(config)?,
        writes: Writes::read(config).not_in_response(),
    }))
}

impl ProtocolMapper for UserAttribute {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        if self.aggregate {
            let values = aggregated(context.realm, context.user, &self.attribute);
            self.rule
                .write_texts(claims, target, None, values.into_iter());
        } else if context.user.groups.is_empty() {
            let values = own_values(context.user, &self.attribute).map(Cow::Borrowed);
            self.rule.write_texts(claims, target, None, values);
        } else {
            let values = first_found(context.realm, context.user, &self.attribute);
            self.rule.write_texts(claims, target, None, values);
        }
    }
}

/// The first value of an attribute of the user, where login name, e-mail address and names count as
/// attributes too. Groups are not asked.
pub(super) fn first_value<'a>(user: &'a User, attribute: &str) -> Option<&'a str> {
    own_values(user, attribute).next()
}

/// The user's own values, else those of the first group that has any, else of the groups above it.
fn first_found<'a>(
    realm: &'a Realm,
    user: &'a User,
    attribute: &str,
) -> impl Iterator<Item = Cow<'a, str>> {
    let mut own = own_values(user, attribute).peekable();
    let inherited: &'a [_] = if own.peek().is_some() {
        &[]
    } else {
        groups_upwards(realm, user)
            .filter_map(|group| group.attributes().get(attribute))
            .find(|values| !values.is_empty())
            .map_or(&[], |values| values.as_slice())
    };
    own.chain(inherited.iter().map(|value| &**value))
        .map(Cow::Borrowed)
}

/// The values of the user, of all groups and of all groups above them, each once.
fn aggregated<'a>(realm: &'a Realm, user: &'a User, attribute: &str) -> Vec<Cow<'a, str>> {
    let inherited = groups_upwards(realm, user)
        .filter_map(|group| group.attributes().get(attribute))
        .flatten()
        .map(|value| &**value);
    let mut values: Vec<Cow<'a, str>> = Vec::new();
    for value in own_values(user, attribute).chain(inherited) {
        if !values.iter().any(|known| known == value) {
            values.push(Cow::Borrowed(value));
        }
    }
    values
}

fn own_values<'a>(user: &'a User, attribute: &str) -> impl Iterator<Item = &'a str> {
    let (single, listed) = match attribute {
        "username" => (Some(&*user.username), None),
        "email" => (user.email.as_deref(), None),
        "firstName" => (user.first_name.as_deref(), None),
        "lastName" => (user.last_name.as_deref(), None),
        other => (None, user.attributes.get(other)),
    };
    single
        .into_iter()
        .chain(listed.into_iter().flatten().map(|value| &**value))
}

/// Each group of the user, followed by the groups above it.
fn groups_upwards<'a>(realm: &'a Realm, user: &'a User) -> impl Iterator<Item = &'a Group> {
    user.groups
        .iter()
        .filter_map(|id| realm.group_by_id(id))
        .flat_map(|group| core::iter::successors(Some(group), |below| realm.group(below.parent()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::claims::{ClaimTarget, test_world::World};

    fn claim(username: &str, settings: &[(&str, &str)]) -> Value {
        let mut all = alloc::vec![("claim.name", "c"), ("access.token.claim", "true")];
        all.extend_from_slice(settings);
        let world = World::with_mappers("ep-claims", &[("oidc-usermodel-attribute-mapper", &all)]);
        world.extra(username, ClaimTarget::AccessToken)["c"].clone()
    }

    /// claims/attrs.
    #[test]
    fn the_first_value_or_all_are_written() {
        assert_eq!(claim("ada", &[("user.attribute", "shirt")]), json!("red"));
        assert_eq!(
            claim(
                "ada",
                &[("user.attribute", "shirt"), ("multivalued", "true")]
            ),
            json!(["red", "blue"])
        );
        assert_eq!(claim("ada", &[("user.attribute", "empty")]), json!(""));
        assert_eq!(claim("ada", &[("user.attribute", "missing")]), Value::Null);
        assert_eq!(
            claim(
                "ada",
                &[("user.attribute", "missing"), ("multivalued", "true")]
            ),
            Value::Null
        );
        assert_eq!(claim("ada", &[]), Value::Null);
    }

    /// claims/attrs-group: the user's own value hides that of the group, the nearest group that of its
    /// parent; aggregation takes all of them.
    #[test]
    fn groups_are_asked_from_the_bottom_up() {
        let bo = |settings: &[_]| claim("bo", settings);
        assert_eq!(bo(&[("user.attribute", "desk")]), json!("d2"));
        let list = ("multivalued", "true");
        let all = ("aggregate.attrs", "true");
        assert_eq!(bo(&[("user.attribute", "desk"), list]), json!(["d2"]));
        assert_eq!(
            bo(&[("user.attribute", "desk"), list, all]),
            json!(["d2", "d1"])
        );
        assert_eq!(
            bo(&[("user.attribute", "shirt"), list]),
            json!(["own-shirt"])
        );
        assert_eq!(
            bo(&[("user.attribute", "shirt"), list, all]),
            json!(["own-shirt", "group-shirt"])
        );
    }

    /// claims/props: names and address are attributes too, the internal id is not.
    #[test]
    fn some_properties_are_attributes() {
        assert_eq!(claim("bo", &[("user.attribute", "username")]), json!("bo"));
        assert_eq!(
            claim("bo", &[("user.attribute", "email")]),
            json!("bo@example.com")
        );
        assert_eq!(claim("bo", &[("user.attribute", "id")]), Value::Null);
        assert_eq!(
            claim("bo", &[("user.attribute", "emailVerified")]),
            Value::Null
        );
    }

    /// What a user may have written into an attribute does not pass for what the record says.
    #[test]
    fn an_attribute_does_not_stand_in_for_a_property() {
        let settings = [
            ("claim.name", "c"),
            ("access.token.claim", "true"),
            ("user.attribute", "username"),
            ("multivalued", "true"),
        ];
        let mut world = World::with_mappers(
            "ep-claims",
            &[("oidc-usermodel-attribute-mapper", &settings)],
        );
        let forged = alloc::vec!["admin".into()];
        world
            .user_mut("bo")
            .attributes
            .insert("username".into(), forged);
        assert_eq!(
            world.extra("bo", ClaimTarget::AccessToken)["c"],
            json!(["bo"])
        );
    }

    #[test]
    fn a_group_that_is_gone_is_passed_over() {
        let settings = [
            ("claim.name", "c"),
            ("access.token.claim", "true"),
            ("user.attribute", "desk"),
        ];
        let mut world = World::with_mappers(
            "ep-claims",
            &[("oidc-usermodel-attribute-mapper", &settings)],
        );
        world.user_mut("bo").groups.insert(0, "gone".into());
        assert_eq!(
            world.extra("bo", ClaimTarget::AccessToken)["c"],
            json!("d2")
        );
    }
}
