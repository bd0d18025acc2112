//! `secure-signature-algorithm-signed-jwt`: a client that proves itself by a token it signed has signed it with an
//! algorithm that only the client's private key can make, and not an old one. What counts is the signature that
//! has held; what a header says of itself is not looked at.

use alloc::boxed::Box;

use crate::{
    client_auth::ClientAuthMethod,
    client_policy::{
        ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, PolicyRequest,
        Restrictions, Settings,
    },
    crypto::Algorithm,
};

pub(super) struct SignedAssertionKind;

impl ExecutorKind for SignedAssertionKind {
    fn name(&self) -> &'static str {
        "secure-signature-algorithm-signed-jwt"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&["require-client-assertion"])?;
        Ok(Some(Box::new(SignedAssertion {
            required: settings.flag("require-client-assertion")?,
        })))
    }
}

#[derive(Debug)]
struct SignedAssertion {
    required: bool,
}

impl Executor for SignedAssertion {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        let signed = matches!(
            request.method(),
            ClientAuthMethod::PrivateKeyJwt
                | ClientAuthMethod::ClientSecretJwt
                | ClientAuthMethod::FederatedJwt
        );
        let good = match request.assertion_algorithm() {
            Some(
                Algorithm::Ps256
                | Algorithm::Ps384
                | Algorithm::Ps512
                | Algorithm::Es256
                | Algorithm::Es384
                | Algorithm::EdDsa,
            ) => true,
            Some(_) | None => !signed && !self.required,
        };
        if good {
            Ok(())
        } else {
            Err(ClientPolicyRefusal::AssertionAlgorithm)
        }
    }
}
