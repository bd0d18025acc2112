//! `identity-provider-alias`: the request brings an assertion of one of these identity providers. It is not
//! asked where there is no assertion.

use alloc::{boxed::Box, vec::Vec};

use crate::client_policy::{
    ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings,
};

pub(super) struct IdentityProviderKind;

impl ConditionKind for IdentityProviderKind {
    fn name(&self) -> &'static str {
        "identity-provider-alias"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&["identity_provider_aliases"])?;
        let aliases = settings.texts("identity_provider_aliases")?;
        Ok(Box::new(Provider(aliases)))
    }
}

#[derive(Debug)]
struct Provider(Vec<Box<str>>);

impl Condition for Provider {
    fn matches(&self, request: &PolicyRequest<'_>) -> Match {
        match request.identity_provider() {
            None => Match::NotAsked,
            Some(alias) => self.0.iter().any(|name| **name == *alias).into(),
        }
    }
}
