//! `secure-client-authenticator`: a confidential client proves itself in one of these ways. What counts is the
//! way that has held, not what a request offers or an unverified header says.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    client_auth::ClientAuthMethod,
    client_policy::{
        ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, PolicyRequest,
        Restrictions, Settings,
    },
};

pub(super) struct ClientAuthenticatorKind;

impl ExecutorKind for ClientAuthenticatorKind {
    fn name(&self) -> &'static str {
        "secure-client-authenticator"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&[
            "allowed-client-authenticators",
            "default-client-authenticator",
        ])?;
        let allowed = settings.texts("allowed-client-authenticators")?;
        Ok(Some(Box::new(ClientAuthenticator(allowed))))
    }
}

#[derive(Debug)]
struct ClientAuthenticator(Vec<Box<str>>);

impl Executor for ClientAuthenticator {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        let method = request.method();
        // A public client has no way to choose; `confidential-client` is what refuses it.
        if method == ClientAuthMethod::None {
            return Ok(());
        }
        let name = method.authenticator();
        if self.0.iter().any(|allowed| **allowed == *name) {
            Ok(())
        } else {
            Err(ClientPolicyRefusal::ClientAuthentication)
        }
    }
}
