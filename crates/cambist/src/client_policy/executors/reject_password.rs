//! `reject-ropc-grant`: refuses the password grant.

use alloc::boxed::Box;

use crate::{
    client_policy::{
        ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, PolicyRequest,
        Restrictions, Settings,
    },
    request::GrantType,
};

pub(super) struct RejectPasswordKind;

impl ExecutorKind for RejectPasswordKind {
    fn name(&self) -> &'static str {
        "reject-ropc-grant"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&["auto-configure"])?;
        Ok(Some(Box::new(RejectPassword)))
    }
}

#[derive(Debug)]
struct RejectPassword;

impl Executor for RejectPassword {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        if request.grant() == GrantType::PASSWORD {
            return Err(ClientPolicyRefusal::PasswordGrant);
        }
        Ok(())
    }
}
