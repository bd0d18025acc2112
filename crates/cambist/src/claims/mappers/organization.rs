//! `organization`: the organizations of the user that the scope names (`oidc-organization-membership-mapper`).
//!
//! A list of aliases; where the type is `JSON` an object that has an object for each, with what the settings
//! `addOrganizationId` and `addOrganizationAttributes` put there; the first alias where `multivalued` is off.

use alloc::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};

use super::{
    BuiltMapper,
    claim_rule::{ClaimRule, JsonType},
    writes::Writes,
};
use crate::{
    claims::{
        ClaimContext, ClaimTarget, ClaimValue, ComposedClaims, ProtocolMapper, organizations::told,
    },
    realm::{Organization, Realm, document::Attributes},
};

#[derive(Debug)]
struct Membership {
    rule: ClaimRule,
    writes: Writes,
    as_object: bool,
    with_id: bool,
    with_attributes: bool,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let is_on = |name: &str| config.get(name).is_some_and(|value| value == "true");
    Ok(Arc::new(Membership {
        rule: ClaimRule::read(config)?,
        writes: Writes::read(config).not_in_response(),
        as_object: JsonType::read(config) == JsonType::Json && is_on("multivalued"),
        with_id: is_on("addOrganizationId"),
        with_attributes: is_on("addOrganizationAttributes"),
    }))
}

impl Membership {
    fn object(&self, organization: &Organization) -> Value {
        let mut members = Map::new();
        if self.with_attributes {
            for (name, values) in organization.attributes() {
                members.insert(name.clone(), values.clone().into());
            }
        }
        if self.with_id {
            members.insert("id".into(), organization.id().into());
        }
        Value::Object(members)
    }
}

impl ProtocolMapper for Membership {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let realm: &'a Realm = context.realm;
        let told = told(realm, context.user, context.scopes, context.parameters);
        if told.is_empty() {
            return;
        }
        if self.as_object {
            let objects: Map<_, _> = told
                .iter()
                .map(|organization| (organization.alias().into(), self.object(organization)))
                .collect();
            let value = ClaimValue::Json(Value::Object(objects));
            self.rule.write_value(claims, target, value);
        } else {
            let aliases = told
                .iter()
                .map(|organization| Cow::Borrowed(organization.alias()));
            self.rule.write_texts(claims, target, None, aliases);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use serde_json::{Value, json};

    use super::*;
    use crate::claims::{scopes::check, test_world::World};

    fn organization(alias: &str, enabled: bool) -> Organization {
        Organization {
            id: format!("id-{alias}").into(),
            alias: alias.into(),
            enabled,
            attributes: [("tier".into(), vec!["gold".into()])].into(),
        }
    }

    /// Ada is in `acme`, Dora in none.
    fn told(username: &str, scope: &str) -> Value {
        let world = World::recorded("ep-claims-org");
        let login = world.login("plain", username, scope);
        login.written(ClaimTarget::AccessToken, false)["organization"].clone()
    }

    /// claims/organization, organization-alias, organization-none.
    #[test]
    fn the_scope_says_which_organizations_are_told() {
        for (username, scope, organizations) in [
            ("ada", "openid organization", json!(["acme"])),
            ("ada", "organization:acme", json!(["acme"])),
            ("ada", "organization:*", json!(["acme"])),
            ("ada", "openid", json!(null)),
            ("dora", "organization", json!(null)),
            ("dora", "organization:*", json!(null)),
            ("dora", "organization:acme", json!(null)),
        ] {
            assert_eq!(told(username, scope), organizations, "{username} {scope}");
        }
    }

    #[test]
    fn of_several_organizations_none_is_chosen_and_a_disabled_one_is_not_told_of() {
        let mut world = World::recorded("ep-claims-org");
        for (alias, enabled) in [("globex", true), ("asleep", false)] {
            world.realm.organizations.add(organization(alias, enabled));
        }
        let acme = world.realm.organization("acme").unwrap().id().into();
        for (ids, scope, organizations) in [
            (vec![acme, "id-globex".into()], "organization", json!(null)),
            (vec!["id-globex".into()], "organization", json!(["globex"])),
            (vec!["id-asleep".into()], "organization", json!(null)),
            (
                vec!["id-globex".into(), "id-asleep".into(), "id-gone".into()],
                "organization:*",
                json!(["globex"]),
            ),
            (vec!["id-asleep".into()], "organization:asleep", json!(null)),
        ] {
            world.user_mut("ada").organizations = ids;
            let login = world.login("plain", "ada", scope);
            let written = login.written(ClaimTarget::AccessToken, false);
            assert_eq!(written["organization"], organizations, "{scope}");
        }
    }

    #[test]
    fn an_object_tells_more_where_the_mapper_says_so() {
        for (settings, expected) in [
            (&[][..], json!({})),
            (&["addOrganizationId"], json!({"id": "id-globex"})),
            (
                &["addOrganizationId", "addOrganizationAttributes"],
                json!({"id": "id-globex", "tier": ["gold"]}),
            ),
        ] {
            let on = |name: &str| settings.contains(&name);
            let mapper = Membership {
                rule: ClaimRule::read(&Attributes::new()).unwrap(),
                writes: Writes::read(&Attributes::new()),
                as_object: true,
                with_id: on("addOrganizationId"),
                with_attributes: on("addOrganizationAttributes"),
            };
            assert_eq!(mapper.object(&organization("globex", true)), expected);
        }
    }

    #[test]
    fn a_text_names_one_organization_that_is_there() {
        let world = World::recorded("ep-claims-org");
        let client = world.client("plain");
        for (text, right) in [
            ("organization", true),
            ("organization organization", true),
            ("organization:acme", true),
            ("organization:*", true),
            ("organization:ACME", false),
            ("organization:nobody", false),
            ("organization:", false),
            ("organization organization:acme", false),
            ("organization:* organization:acme", false),
        ] {
            assert_eq!(check(&world.realm, client, text).is_ok(), right, "{text}");
        }
    }

    /// claims/organization-alias: the text of the scope is the one that was asked for.
    #[test]
    fn the_scope_is_told_as_it_was_named() {
        let world = World::recorded("ep-claims-org");
        for (scope, text) in [
            ("organization", "profile email organization"),
            ("organization:acme", "profile email organization:acme"),
        ] {
            let login = world.login("plain", "ada", scope);
            assert_eq!(login.scopes.token_text(), text);
        }
        let stranger = world.login("plain", "dora", "organization:acme");
        assert_eq!(stranger.scopes.token_text(), "profile email");
    }
}
