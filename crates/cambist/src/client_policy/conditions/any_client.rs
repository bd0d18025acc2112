//! `any-client`: every client.

use alloc::boxed::Box;

use crate::client_policy::{
    ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings,
};

pub(super) struct AnyClientKind;

impl ConditionKind for AnyClientKind {
    fn name(&self) -> &'static str {
        "any-client"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&[])?;
        Ok(Box::new(AnyClient))
    }
}

#[derive(Debug)]
struct AnyClient;

impl Condition for AnyClient {
    fn matches(&self, _: &PolicyRequest<'_>) -> Match {
        Match::Yes
    }
}
