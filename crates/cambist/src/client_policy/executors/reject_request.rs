//! `reject-request`: refuses.

use alloc::boxed::Box;

use crate::client_policy::{
    ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, PolicyRequest, Restrictions,
    Settings,
};

pub(super) struct RejectRequestKind;

impl ExecutorKind for RejectRequestKind {
    fn name(&self) -> &'static str {
        "reject-request"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&[])?;
        Ok(Some(Box::new(RejectRequest)))
    }
}

#[derive(Debug)]
struct RejectRequest;

impl Executor for RejectRequest {
    fn execute(
        &self,
        _: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        Err(ClientPolicyRefusal::Rejected)
    }
}
