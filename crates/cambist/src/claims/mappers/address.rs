//! `address`: an object made of user attributes (`oidc-address-mapper`, OpenID Connect Core section 5.1.1).

use alloc::{borrow::Cow, boxed::Box, sync::Arc};

use super::{BuiltMapper, user_attribute::first_value, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimSet, ClaimTarget, ClaimValue, ComposedClaims, ProtocolMapper},
    facts::User,
    realm::document::Attributes,
};

/// Members of the object; the setting that names the attribute; the attribute when it is absent.
const MEMBERS: [(&str, &str, &str); 6] = [
    ("street_address", "user.attribute.street", "street"),
    ("locality", "user.attribute.locality", "locality"),
    ("region", "user.attribute.region", "region"),
    ("postal_code", "user.attribute.postal_code", "postal_code"),
    ("country", "user.attribute.country", "country"),
    ("formatted", "user.attribute.formatted", "formatted"),
];

#[derive(Debug)]
struct Address {
    /// Members with the attribute that each is taken from.
    members: [(&'static str, Box<str>); 6],
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let members = MEMBERS.map(|(member, setting, default)| {
        (
            member,
            config
                .get(setting)
                .map_or(default, |attribute| attribute)
                .into(),
        )
    });
    Ok(Arc::new(Address {
        members,
        writes: Writes::read(config).not_in_response(),
    }))
}

impl ProtocolMapper for Address {
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
        let mut address = ClaimSet::new();
        for (member, attribute) in &self.members {
            if let Some(value) = first_value(user, attribute) {
                address.set(*member, ClaimValue::Text(Cow::Borrowed(value)));
            }
        }
        if !address.is_empty() {
            claims.claims.set("address", ClaimValue::Object(address));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::claims::{ClaimTarget, test_world::World};

    fn address(username: &str, settings: &[(&str, &str)]) -> Value {
        let mut all = alloc::vec![("access.token.claim", "true")];
        all.extend_from_slice(settings);
        let world = World::with_mappers("ep-claims", &[("oidc-address-mapper", &all)]);
        world.extra(username, ClaimTarget::AccessToken)
    }

    /// claims/address.
    #[test]
    fn the_members_come_from_attributes_of_their_own_names() {
        assert_eq!(
            address("pia", &[]),
            json!({ "address": {
                "street_address": "Ada Street 1",
                "locality": "Adatown",
                "region": "North",
                "postal_code": "12345",
                "country": "DE",
                "formatted": "Ada Street 1, Adatown",
            } })
        );
    }

    /// claims/addr.
    #[test]
    fn other_attributes_may_be_named() {
        assert_eq!(
            address("ada", &[("user.attribute.street", "shirt")]),
            json!({ "address": { "street_address": "red", "country": "DE" } })
        );
    }

    /// claims/address-none.
    #[test]
    fn without_an_attribute_there_is_no_address() {
        assert_eq!(address("dora", &[]), json!({}));
    }
}
