//! `grant-type`: the request is for one of these grants.

use alloc::{boxed::Box, vec::Vec};

use crate::client_policy::{
    ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings,
};

pub(super) struct GrantTypeKind;

impl ConditionKind for GrantTypeKind {
    fn name(&self) -> &'static str {
        "grant-type"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&["grant_types"])?;
        Ok(Box::new(Grant(settings.texts("grant_types")?)))
    }
}

#[derive(Debug)]
struct Grant(Vec<Box<str>>);

impl Condition for Grant {
    fn matches(&self, request: &PolicyRequest<'_>) -> Match {
        let grant = request.grant().as_str();
        self.0.iter().any(|name| **name == *grant).into()
    }
}
