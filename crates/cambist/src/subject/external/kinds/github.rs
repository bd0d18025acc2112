//! `github`: opaque tokens of GitHub, or of a GitHub Enterprise whose API is at `apiUrl`.

use super::{
    super::{BrokeredIdentity, Evidence, ExternalTokenError, claims},
    ProviderKind, Route, RouteStep, access_token_only, below,
};
use crate::realm::IdentityProvider;

const API: &str = "https://api.github.com";

#[derive(Debug)]
pub(super) struct GitHub;

impl ProviderKind for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError> {
        access_token_only(declared)?;
        let url = below(provider.setting("apiUrl").unwrap_or(API), "/user");
        Ok(Route(alloc::vec![RouteStep::Ask {
            url,
            accept: "application/vnd.github+json",
        }]))
    }

    fn identity(
        &self,
        _: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError> {
        let user = evidence.names().ok_or(ExternalTokenError::NoIdentity)?;
        // The number, not the name: a name may be given up and taken by somebody else.
        let mut identity = BrokeredIdentity {
            id: claims::text(user, "id").ok_or(ExternalTokenError::MissingClaim("id"))?,
            username: claims::text(user, "login"),
            email: claims::text(user, "email"),
            ..BrokeredIdentity::default()
        };
        identity.set_full_name(claims::text(user, "name"));
        Ok(identity)
    }
}
