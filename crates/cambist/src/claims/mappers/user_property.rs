//! A claim from a property of the user record (`oidc-usermodel-property-mapper`).

use alloc::{borrow::Cow, format, sync::Arc};

use super::{BuiltMapper, claim_rule::ClaimRule, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    facts::User,
    realm::document::Attributes,
};

/// The properties that there are. Another name writes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Username,
    Email,
    FirstName,
    LastName,
    Id,
    EmailVerified,
    Enabled,
    CreatedTimestamp,
    ServiceAccountClient,
}

#[derive(Debug)]
struct UserProperty {
    property: Option<Property>,
    rule: ClaimRule,
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let property = config
        .get("user.attribute")
        .and_then(|name| Property::named(name.trim()));
    Ok(Arc::new(UserProperty {
        property,
        rule: ClaimRule::read(config)?,
        writes: Writes::read(config).not_in_response(),
    }))
}

impl Property {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "username" => Self::Username,
            "email" => Self::Email,
            "firstName" => Self::FirstName,
            "lastName" => Self::LastName,
            "id" => Self::Id,
            "emailVerified" => Self::EmailVerified,
            "enabled" => Self::Enabled,
            "createdTimestamp" => Self::CreatedTimestamp,
            "serviceAccountClientLink" => Self::ServiceAccountClient,
            _ => return None,
        })
    }

    pub(super) fn of(self, user: &User) -> Option<Cow<'_, str>> {
        let flag = |value: bool| Cow::Borrowed(if value { "true" } else { "false" });
        match self {
            Self::Username => Some(Cow::Borrowed(&user.username)),
            Self::Email => user.email.as_deref().map(Cow::Borrowed),
            Self::FirstName => user.first_name.as_deref().map(Cow::Borrowed),
            Self::LastName => user.last_name.as_deref().map(Cow::Borrowed),
            Self::Id => Some(Cow::Borrowed(&user.id)),
            Self::EmailVerified => Some(flag(user.email_verified)),
            Self::Enabled => Some(flag(user.enabled)),
            Self::CreatedTimestamp => {
                let milliseconds = user.created.0.saturating_mul(1_000);
                Some(Cow::Owned(format!("{milliseconds}")))
            }
            Self::ServiceAccountClient => user.service_account_client.as_deref().map(Cow::Borrowed),
        }
    }
}

impl ProtocolMapper for UserProperty {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let user: &'a User = context.user;
        if let Some(text) = self.property.and_then(|property| property.of(user)) {
            self.rule.write_text(claims, target, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::claims::{ClaimTarget, test_world::World};

    fn claim(property: &str, json_type: &str) -> Value {
        let settings = [
            ("claim.name", "c"),
            ("access.token.claim", "true"),
            ("user.attribute", property),
            ("jsonType.label", json_type),
        ];
        let mut world = World::with_mappers(
            "ep-claims",
            &[("oidc-usermodel-property-mapper", &settings)],
        );
        world.user_mut("bo").created.0 = 1_700_000_000;
        world.extra("bo", ClaimTarget::AccessToken)["c"].clone()
    }

    /// claims/props.
    #[test]
    fn properties_are_written_as_their_type_says() {
        assert_eq!(claim("username", "String"), json!("bo"));
        assert_eq!(claim("email", "String"), json!("bo@example.com"));
        assert_eq!(claim("firstName", "String"), json!("Bo"));
        assert_eq!(claim("lastName", "String"), json!("Test"));
        assert_eq!(
            claim("id", "String"),
            json!("e1040000-0000-4000-8000-000000000082")
        );
        assert_eq!(claim("emailVerified", "boolean"), json!(true));
        assert_eq!(claim("emailVerified", "String"), json!("true"));
        assert_eq!(claim("enabled", "boolean"), json!(true));
        assert_eq!(
            claim("createdTimestamp", "long"),
            json!(1_700_000_000_000_i64)
        );
    }

    #[test]
    fn a_property_that_there_is_not_is_left_out() {
        assert_eq!(claim("password", "String"), Value::Null);
        assert_eq!(claim("serviceAccountClientLink", "String"), Value::Null);
    }
}
