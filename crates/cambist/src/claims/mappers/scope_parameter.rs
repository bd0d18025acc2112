//! Claims from what a parameterized scope was named with: the parameter itself
//! (`oidc-parameterized-scope-mapper`), or a property of the user whom it names
//! (`oidc-parameterized-scope-user-property-mapper`).
//!
//! They write only in a parameterized scope. Where it may be named more than once the claim is a list, whatever
//! `multivalued` says.

use alloc::{borrow::Cow, sync::Arc};

use super::{BuiltMapper, claim_rule::ClaimRule, user_property::Property, writes::Writes};
use crate::{
    claims::{ActiveParameter, ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::{ScopeNo, document::Attributes},
};

/// What is written of a parameter.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// The parameter.
    Parameter,
    /// A property of the user it names; a name that is no property writes nothing.
    Property(Option<Property>),
}

#[derive(Clone, Debug)]
struct ScopeParameter {
    told: Told,
    rule: ClaimRule,
    writes: Writes,
    scope: Option<ScopeNo>,
}

/// Makes `oidc-parameterized-scope-mapper`.
pub(super) fn build(config: &Attributes) -> BuiltMapper {
    read(config, Told::Parameter)
}

/// Makes `oidc-parameterized-scope-user-property-mapper`.
pub(super) fn build_for_user(config: &Attributes) -> BuiltMapper {
    let property = config
        .get("user.attribute")
        .and_then(|name| Property::named(name.trim()));
    read(config, Told::Property(property))
}

fn read(config: &Attributes, told: Told) -> BuiltMapper {
    Ok(Arc::new(ScopeParameter {
        told,
        rule: ClaimRule::read(config)?,
        writes: Writes {
            // Off unless said, whatever is said of the ID token (recorded: delegation/userinfo).
            user_info: config
                .get("userinfo.token.claim")
                .is_some_and(|value| value == "true"),
            ..Writes::read(config).not_in_response()
        },
        scope: None,
    }))
}

impl Told {
    fn of(self, parameter: &ActiveParameter) -> Option<Cow<'_, str>> {
        match self {
            Self::Parameter => Some(Cow::Borrowed(parameter.parameter())),
            Self::Property(property) => property?.of(parameter.user()?),
        }
    }
}

impl ProtocolMapper for ScopeParameter {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn standing_in(&self, scope: ScopeNo, several: bool) -> Option<Arc<dyn ProtocolMapper>> {
        Some(Arc::new(Self {
            scope: Some(scope),
            rule: self.rule.clone().multivalued(several),
            ..self.clone()
        }))
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let parameters: &'a [ActiveParameter] = context.parameters;
        let texts = parameters
            .iter()
            .filter(|parameter| Some(parameter.scope()) == self.scope)
            .filter_map(|parameter| self.told.of(parameter));
        self.rule.write_texts(claims, target, None, texts);
    }
}
