//! `confidential-client`: no public clients.

use alloc::boxed::Box;

use crate::client_policy::{
    ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, PolicyRequest, Restrictions,
    Settings,
};

pub(super) struct ConfidentialClientKind;

impl ExecutorKind for ConfidentialClientKind {
    fn name(&self) -> &'static str {
        "confidential-client"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&[])?;
        Ok(Some(Box::new(ConfidentialClient)))
    }
}

#[derive(Debug)]
struct ConfidentialClient;

impl Executor for ConfidentialClient {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        if request.client().is_public() {
            return Err(ClientPolicyRefusal::PublicClient);
        }
        Ok(())
    }
}
