//! `microsoft`: access tokens for Microsoft Graph, asked about there. `apiUrl` names the Graph of a national
//! cloud.

use super::{
    super::{BrokeredIdentity, Evidence, ExternalTokenError, claims},
    ProviderKind, Route, access_token_only, below,
};
use crate::realm::IdentityProvider;

const GRAPH: &str = "https://graph.microsoft.com";

#[derive(Debug)]
pub(super) struct Microsoft;

impl ProviderKind for Microsoft {
    fn name(&self) -> &'static str {
        "microsoft"
    }

    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError> {
        access_token_only(declared)?;
        let base = provider.setting("apiUrl").unwrap_or(GRAPH);
        Ok(Route::ask(below(base, "/v1.0/me/")))
    }

    fn identity(
        &self,
        _: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError> {
        let user = evidence.names().ok_or(ExternalTokenError::NoIdentity)?;
        let id = claims::text(user, "id").ok_or(ExternalTokenError::MissingClaim("id"))?;
        // Not everybody has a mailbox; the principal name looks like an address and may be none.
        let principal = claims::text(user, "userPrincipalName");
        let email = claims::text(user, "mail").or_else(|| principal.clone());
        Ok(BrokeredIdentity {
            username: email.clone().or_else(|| Some(id.clone())),
            id,
            email,
            first_name: claims::text(user, "givenName"),
            last_name: claims::text(user, "surname"),
            local_username: None,
        })
    }
}
