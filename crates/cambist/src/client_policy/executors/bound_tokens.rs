//! `dpop-bind-enforcer` and `holder-of-key-enforcer`: tokens are bound to a key or a certificate of the client.

use alloc::boxed::Box;

use crate::client_policy::{
    ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, PolicyRequest, Restrictions,
    Settings,
};

/// `dpop-bind-enforcer` (RFC 9449).
pub(super) struct KeyKind;

impl ExecutorKind for KeyKind {
    fn name(&self) -> &'static str {
        "dpop-bind-enforcer"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&[
            "auto-configure",
            "enforce-authorization-code-binding-to-dpop",
            "allow-only-refresh-token-binding",
        ])?;
        Ok(Some(Box::new(Bound(ClientPolicyRefusal::ProofRequired))))
    }
}

/// `holder-of-key-enforcer` (RFC 8705).
pub(super) struct CertificateKind;

impl ExecutorKind for CertificateKind {
    fn name(&self) -> &'static str {
        "holder-of-key-enforcer"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&["auto-configure"])?;
        let refusal = ClientPolicyRefusal::CertificateRequired;
        Ok(Some(Box::new(Bound(refusal))))
    }
}

/// Nothing binds a token yet, so whoever must have a bound one gets none.
#[derive(Debug)]
struct Bound(ClientPolicyRefusal);

impl Executor for Bound {
    fn execute(
        &self,
        _: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        Err(self.0.clone())
    }
}
