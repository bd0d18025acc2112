//! `oidc`: any OpenID Connect provider.

use alloc::{vec, vec::Vec};

use super::{
    super::{BrokeredIdentity, Evidence, ExternalTokenError, claims},
    ProviderKind, Route, RouteStep,
};
use crate::{realm::IdentityProvider, request::TokenType};

#[derive(Debug)]
pub(super) struct Oidc;

impl ProviderKind for Oidc {
    fn name(&self) -> &'static str {
        "oidc"
    }

    fn found_by_issuer(&self) -> bool {
        true
    }

    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError> {
        match declared.map(TokenType::from_urn) {
            None | Some(Some(TokenType::AccessToken)) => {
                let mut route = vec![asked(provider)?];
                if provider.trust().access_tokens_are_jwts {
                    route.push(RouteStep::Signature);
                }
                Ok(Route(route))
            }
            Some(Some(TokenType::Jwt)) => signed(provider, false),
            Some(Some(TokenType::IdToken)) => signed(provider, true),
            Some(_) => Err(ExternalTokenError::DeclaredType),
        }
    }

    fn identity(
        &self,
        _: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError> {
        standard(evidence)
    }
}

/// The way of a token that carries its claims. Without signatures the provider vouches for it; an ID token
/// must then still be a good one by its claims.
pub(super) fn signed(
    provider: &IdentityProvider,
    id_token: bool,
) -> Result<Route, ExternalTokenError> {
    if !provider.trust().signature {
        let mut route = vec![asked(provider)?];
        if id_token {
            route.push(RouteStep::Claims);
        }
        return Ok(Route(route));
    }
    let mut route: Vec<RouteStep> = vec![RouteStep::Signature];
    // User info takes access tokens, so it is not asked about an ID token.
    if !id_token && provider.trust().user_info.is_some() {
        route.push(asked(provider)?);
    }
    Ok(Route(route))
}

/// The step of asking user info.
fn asked(provider: &IdentityProvider) -> Result<RouteStep, ExternalTokenError> {
    let url = provider.trust().user_info.clone();
    Ok(RouteStep::Ask {
        url: url.ok_or(ExternalTokenError::NoUserInfo)?,
        accept: "application/json",
    })
}

/// `sub` of the token, else of user info, and the standard claims.
pub(super) fn standard(evidence: &Evidence) -> Result<BrokeredIdentity, ExternalTokenError> {
    let source = evidence.claims.as_ref().or(evidence.profile.as_ref());
    let id = source
        .and_then(|members| claims::text(members, "sub"))
        .ok_or(ExternalTokenError::MissingClaim("sub"))?;
    let names = evidence.names().ok_or(ExternalTokenError::NoIdentity)?;
    Ok(BrokeredIdentity::from_standard_claims(id, names))
}
