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
        Ok(Some(Box::new(Key)))
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
        Ok(Some(Box::new(Certificate)))
    }
}

#[derive(Debug)]
struct Key;

impl Executor for Key {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        // Whoever shows a key gets tokens that are bound to it.
        match request.possession().key() {
            Some(_) => Ok(()),
            None => Err(ClientPolicyRefusal::ProofRequired),
        }
    }
}

#[derive(Debug)]
struct Certificate;

impl Executor for Certificate {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        // A certificate binds the tokens of those clients that are set to it.
        let binds = request.client().tokens().certificate_bound;
        match request.possession().certificate() {
            Some(_) if binds => Ok(()),
            _ => Err(ClientPolicyRefusal::CertificateRequired),
        }
    }
}
