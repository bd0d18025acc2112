//! `downscope-assertion-grant-enforcer`: an exchange gives no scope that the token exchanged has not.

use alloc::{boxed::Box, vec::Vec};

use serde_json::Value;

use crate::{
    claims::scopes::names,
    client_policy::{
        ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, NoClaims, PolicyRequest,
        Restrictions, Settings,
    },
    request::GrantType,
};

pub(super) struct DownscopeKind;

impl ExecutorKind for DownscopeKind {
    fn name(&self) -> &'static str {
        "downscope-assertion-grant-enforcer"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&[])?;
        Ok(Some(Box::new(Downscope)))
    }
}

#[derive(Debug)]
struct Downscope;

impl Executor for Downscope {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        restrictions: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        let claims = match request.claims() {
            Ok(claims) => claims,
            // A login and a refresh derive nothing from a token of somebody else.
            Err(NoClaims::NoToken) if request.grant() != GrantType::TOKEN_EXCHANGE => return Ok(()),
            Err(error) => return Err(error.refusal(ClientPolicyRefusal::UnreadableAssertion)),
        };
        // A token without `scope` has none: absent never means unlimited.
        let present: Vec<Box<str>> = match claims.get("scope") {
            Some(Value::String(text)) => names(text).map(Box::from).collect(),
            _ => Vec::new(),
        };
        let mut missing = request.requested_scopes();
        missing.retain(|scope| !present.contains(scope));
        if !missing.is_empty() {
            return Err(ClientPolicyRefusal::Scopes { missing, present });
        }
        restrictions.narrow_to(&present);
        Ok(())
    }
}
