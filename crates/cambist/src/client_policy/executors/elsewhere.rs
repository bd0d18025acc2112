//! Executors about the registration of clients and about logins in a browser. They are known, so that a realm
//! that has them can be loaded, and have nothing to do where tokens are issued.

use alloc::{boxed::Box, vec::Vec};

use crate::client_policy::{ClientPolicyError, Executor, ExecutorKind, Settings};

pub(super) fn kinds() -> Vec<Box<dyn ExecutorKind>> {
    const NAMES: [&str; 16] = [
        "auth-flow-enforcer",
        "consent-required",
        "full-scope-disabled",
        "intent-client-bind-checker",
        "pkce-enforcer",
        "reject-implicit-grant",
        "secure-ciba-req-auth-session",
        "secure-ciba-session",
        "secure-ciba-signed-authn-req",
        "secure-client-uris",
        "secure-par-content",
        "secure-redirect-uris-enforcer",
        "secure-request-object",
        "secure-response-type",
        "secure-session",
        "secure-signature-algorithm",
    ];
    NAMES
        .into_iter()
        .map(|name| Box::new(Elsewhere(name)) as Box<dyn ExecutorKind>)
        .collect()
}

struct Elsewhere(&'static str);

impl ExecutorKind for Elsewhere {
    fn name(&self) -> &'static str {
        self.0
    }

    fn build(&self, _: &Settings<'_>) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        Ok(None)
    }
}
