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
