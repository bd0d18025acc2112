//! `client-access-type`: the client is confidential, public or bearer-only.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    client_policy::{ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings},
    realm::ClientAccess,
};

pub(super) struct AccessTypeKind;

impl ConditionKind for AccessTypeKind {
    fn name(&self) -> &'static str {
        "client-access-type"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&["type"])?;
        let types = settings.texts("type")?;
        let types = types.iter().map(|name| match &**name {
            "confidential" => Ok(ClientAccess::Confidential),
            "public" => Ok(ClientAccess::Public),
            "bearer-only" => Ok(ClientAccess::BearerOnly),
            _ => Err(settings.bad("type", "a list of confidential, public and bearer-only")),
        });
        Ok(Box::new(AccessType(types.collect::<Result<_, _>>()?)))
    }
}

#[derive(Debug)]
struct AccessType(Vec<ClientAccess>);

impl Condition for AccessType {
    fn matches(&self, request: &PolicyRequest<'_>) -> Match {
        self.0.contains(&request.client().access()).into()
    }
}
