//! Grants of logins in a browser and of user-managed access. Nothing here begins one, so nobody can bring what
//! one ends with; each is refused in the words that Keycloak has for that.

use alloc::{boxed::Box, sync::Arc};

use super::{Flow, FlowRequest, PendingFlow};
use crate::{
    refusal::{ElsewhereError, Refusal},
    request::GrantType,
    trace::DecisionTrace,
};

/// A grant that is always refused.
#[derive(Debug)]
struct Elsewhere {
    grant: GrantType,
    refusal: fn(&FlowRequest<'_>) -> ElsewhereError,
}

/// Each of them.
pub(super) fn flows() -> [Arc<dyn Flow>; 3] {
    let flow = |grant, refusal| Arc::new(Elsewhere { grant, refusal }) as Arc<dyn Flow>;
    [
        flow(GrantType::AUTHORIZATION_CODE, code),
        flow(GrantType::DEVICE_CODE, |_| ElsewhereError::Device),
        flow(GrantType::UMA_TICKET, |_| ElsewhereError::Permissions),
    ]
}

fn code(request: &FlowRequest<'_>) -> ElsewhereError {
    match request.parameters.value("code") {
        None => ElsewhereError::CodeMissing,
        Some(_) => ElsewhereError::Code,
    }
}

impl Flow for Elsewhere {
    fn grant_type(&self) -> GrantType {
        self.grant
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let refused = Err((self.refusal)(request));
        Ok(trace.step("the grant is given here", refused)?)
    }
}
