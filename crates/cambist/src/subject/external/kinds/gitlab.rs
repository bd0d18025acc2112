//! `gitlab`: access tokens of GitLab, or of a GitLab of one's own at `baseUrl`.

use super::{
    super::{BrokeredIdentity, Evidence, ExternalTokenError, claims},
    ProviderKind, Route, access_token_only, below,
};
use crate::realm::IdentityProvider;

const BASE: &str = "https://gitlab.com";

#[derive(Debug)]
pub(super) struct GitLab;

impl ProviderKind for GitLab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError> {
        access_token_only(declared)?;
        let base = provider.setting("baseUrl").unwrap_or(BASE);
        Ok(Route::ask(below(base, "/api/v4/user")))
    }

    fn identity(
        &self,
        _: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError> {
        let user = evidence.names().ok_or(ExternalTokenError::NoIdentity)?;
        let mut identity = BrokeredIdentity {
            id: claims::text(user, "id").ok_or(ExternalTokenError::MissingClaim("id"))?,
            username: claims::text(user, "username"),
            email: claims::text(user, "email"),
            ..BrokeredIdentity::default()
        };
        identity.set_full_name(claims::text(user, "name"));
        Ok(identity)
    }
}
