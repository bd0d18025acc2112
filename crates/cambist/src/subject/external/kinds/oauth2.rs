//! `oauth2`: a plain OAuth 2.0 provider with a document about its users at `userInfoUrl`.
//!
//! Keycloak takes no tokens from such a provider, so neither does profile `keycloak`. In profile `strict`
//! access tokens are taken; which members of the document say what is configured as for a login there.

use super::{
    super::{BrokeredIdentity, Evidence, ExternalTokenError, claims},
    Intake, ProviderKind, Route, access_token_only,
};
use crate::realm::{IdentityProvider, Profile};

#[derive(Debug)]
pub(super) struct OAuth2;

impl ProviderKind for OAuth2 {
    fn name(&self) -> &'static str {
        "oauth2"
    }

    fn intake(&self, profile: Profile) -> Intake {
        match profile {
            Profile::Strict => Intake::Takes,
            Profile::Keycloak => Intake::AsksPermission,
        }
    }

    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError> {
        access_token_only(declared)?;
        let url = provider.trust().user_info.clone();
        Ok(Route::ask(url.ok_or(ExternalTokenError::NoUserInfo)?))
    }

    fn identity(
        &self,
        provider: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError> {
        let member = |setting: &str, default: &str| {
            let path = provider.setting(setting).unwrap_or(default);
            evidence
                .find(path)
                .and_then(claims::as_text)
                .filter(|text| !text.is_empty())
        };
        let id = member("userIDClaim", "sub").ok_or(ExternalTokenError::NoIdentity)?;
        let email = member("emailClaim", "email");
        let username = member("userNameClaim", "preferred_username");
        let mut identity = BrokeredIdentity {
            username: username
                .or_else(|| email.clone())
                .or_else(|| Some(id.clone())),
            id,
            email,
            first_name: member("givenNameClaim", "given_name"),
            last_name: member("familyNameClaim", "family_name"),
            local_username: None,
        };
        if identity.first_name.is_none() && identity.last_name.is_none() {
            identity.set_full_name(member("fullNameClaim", "name"));
        }
        Ok(identity)
    }
}
