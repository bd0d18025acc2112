//! `google`: access tokens of Google, asked about at Google's user info.
//!
//! `hostedDomain` restricts to the users of Google Workspace domains. `userInfoUrl` is for a stand-in.

use alloc::sync::Arc;

use super::{
    super::{BrokeredIdentity, Evidence, ExternalTokenError},
    ProviderKind, Route, access_token_only, oidc,
};
use crate::realm::IdentityProvider;

const USER_INFO: &str = "https://openidconnect.googleapis.com/v1/userinfo";

#[derive(Debug)]
pub(super) struct Google;

impl ProviderKind for Google {
    fn name(&self) -> &'static str {
        "google"
    }

    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError> {
        access_token_only(declared)?;
        let configured = provider.trust().user_info.clone();
        Ok(Route::ask(
            configured.unwrap_or_else(|| Arc::from(USER_INFO)),
        ))
    }

    fn identity(
        &self,
        _: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError> {
        oidc::standard(evidence)
    }
}
