//! `keycloak-oidc`: another realm, of this server or of a Keycloak. Its access tokens are JWTs, so every
//! token is checked by its signature, whatever it is declared to be.

use super::{
    super::{BrokeredIdentity, Evidence, ExternalTokenError},
    ProviderKind, Route, oidc,
};
use crate::{realm::IdentityProvider, request::TokenType};

#[derive(Debug)]
pub(super) struct KeycloakOidc;

impl ProviderKind for KeycloakOidc {
    fn name(&self) -> &'static str {
        "keycloak-oidc"
    }

    fn found_by_issuer(&self) -> bool {
        true
    }

    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError> {
        let id_token = declared == Some(TokenType::IdToken.urn());
        oidc::signed(provider, id_token)
    }

    fn identity(
        &self,
        _: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError> {
        oidc::standard(evidence)
    }
}
