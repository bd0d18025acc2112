//! Executors. One file a kind, one line in [`builtin`].

mod bound_tokens;
mod claim_enforcer;
mod client_authenticator;
mod confidential_client;
mod downscope;
mod elsewhere;
mod reject_password;
mod reject_request;
mod signed_assertion;

use alloc::{boxed::Box, vec::Vec};

use super::ExecutorKind;

/// Keycloak's executors.
pub(super) fn builtin() -> Vec<Box<dyn ExecutorKind>> {
    let mut kinds: Vec<Box<dyn ExecutorKind>> = alloc::vec![
        Box::new(reject_request::RejectRequestKind),
        Box::new(reject_password::RejectPasswordKind),
        Box::new(downscope::DownscopeKind),
        Box::new(claim_enforcer::ClaimEnforcerKind),
        Box::new(client_authenticator::ClientAuthenticatorKind),
        Box::new(confidential_client::ConfidentialClientKind),
        Box::new(signed_assertion::SignedAssertionKind),
        Box::new(bound_tokens::KeyKind),
        Box::new(bound_tokens::CertificateKind),
    ];
    kinds.extend(elsewhere::kinds());
    kinds
}
