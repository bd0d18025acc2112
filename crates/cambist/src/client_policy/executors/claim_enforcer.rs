//! `jwt-claim-enforcer`: the token exchanged has a claim, of a value that matches a pattern from its first
//! character to its last. The claim is found by its whole name; a path is not followed.

use alloc::boxed::Box;

use regex::Regex;

use crate::{
    client_policy::{
        ClientPolicyError, ClientPolicyRefusal, Executor, ExecutorKind, NoClaims, PolicyRequest,
        Restrictions, Settings, request::plain_text,
    },
    policy::kinds::java_pattern,
    request::GrantType,
};

pub(super) struct ClaimEnforcerKind;

impl ExecutorKind for ClaimEnforcerKind {
    fn name(&self) -> &'static str {
        "jwt-claim-enforcer"
    }

    fn build(
        &self,
        settings: &Settings<'_>,
    ) -> Result<Option<Box<dyn Executor>>, ClientPolicyError> {
        settings.only(&["claim-name", "allowed-value"])?;
        let allowed = settings
            .text("allowed-value")?
            .map(|pattern| {
                java_pattern::translate(pattern).and_then(|text| java_pattern::compile(&text))
            })
            .transpose()
            .map_err(|_| settings.bad("allowed-value", "a pattern that can be read"))?;
        Ok(Some(Box::new(ClaimEnforcer {
            claim: settings.required_text("claim-name")?.into(),
            allowed,
        })))
    }
}

#[derive(Debug)]
struct ClaimEnforcer {
    claim: Box<str>,
    allowed: Option<Regex>,
}

impl Executor for ClaimEnforcer {
    fn execute(
        &self,
        request: &PolicyRequest<'_>,
        _: &mut Restrictions,
    ) -> Result<(), ClientPolicyRefusal> {
        let claims = match request.claims() {
            Ok(claims) => claims,
            // A login and a refresh bring no token whose claims could be demanded.
            Err(NoClaims::NoToken) if request.grant() != GrantType::TOKEN_EXCHANGE => return Ok(()),
            Err(error) => return Err(error.refusal(ClientPolicyRefusal::UnreadableClaims)),
        };
        let Some(value) = claims.get(&*self.claim).filter(|value| !value.is_null()) else {
            return Err(ClientPolicyRefusal::ClaimMissing(self.claim.clone()));
        };
        let Some(allowed) = &self.allowed else {
            return Ok(());
        };
        match plain_text(value) {
            Some(text) if allowed.is_match(&text) => Ok(()),
            Some(_) => Err(ClientPolicyRefusal::ClaimValue(self.claim.clone())),
            None => Err(ClientPolicyRefusal::ClaimType(self.claim.clone())),
        }
    }
}
