//! `client-attributes`: the client has every one of these attributes, with these values.

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::client_policy::{
    ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings,
};

pub(super) struct AttributesKind;

impl ConditionKind for AttributesKind {
    fn name(&self) -> &'static str {
        "client-attributes"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&["attributes"])?;
        Ok(Box::new(Attributes(settings.pairs("attributes")?)))
    }
}

#[derive(Debug)]
struct Attributes(Vec<(String, String)>);

impl Condition for Attributes {
    fn matches(&self, request: &PolicyRequest<'_>) -> Match {
        let has =
            |(key, value): &(String, String)| request.client().attributes().get(key) == Some(value);
        (!self.0.is_empty() && self.0.iter().all(has)).into()
    }
}
