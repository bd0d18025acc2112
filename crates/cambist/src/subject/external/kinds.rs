//! The kinds of identity providers, one file each, under Keycloak's names.

mod github;
mod gitlab;
mod google;
mod keycloak_oidc;
mod microsoft;
mod oauth2;
mod oidc;

use alloc::{sync::Arc, vec, vec::Vec};

use super::{BrokeredIdentity, Evidence, ExternalTokenError};
use crate::realm::{IdentityProvider, Profile};

/// A kind of identity provider: which tokens it takes, and how it is known whose they are. An embedder's
/// own goes to [`EngineBuilder::identity_provider`](crate::engine::EngineBuilder::identity_provider).
pub trait ProviderKind: Send + Sync + core::fmt::Debug {
    /// Its name, the `kind` of providers.
    fn name(&self) -> &'static str;

    /// Whether it takes tokens at all. Default: yes.
    fn intake(&self, profile: Profile) -> Intake {
        let _ = profile;
        Intake::Takes
    }

    /// Whether a provider of the kind is found by the `iss` of a token, among its issuers. Default: no, only
    /// by its alias.
    fn found_by_issuer(&self) -> bool {
        false
    }

    /// The way of a token of this declared type; `None`: none was declared.
    ///
    /// # Errors
    ///
    /// It does not take such tokens.
    fn route(
        &self,
        provider: &IdentityProvider,
        declared: Option<&str>,
    ) -> Result<Route, ExternalTokenError>;

    /// Who the token belongs to, once its way is done.
    ///
    /// # Errors
    ///
    /// Nothing says so.
    fn identity(
        &self,
        provider: &IdentityProvider,
        evidence: &Evidence,
    ) -> Result<BrokeredIdentity, ExternalTokenError>;
}

/// Whether a kind takes tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It does.
    Takes,
    /// It does not, and the permission is asked all the same.
    AsksPermission,
}

/// The way of a token, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(pub Vec<RouteStep>);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteStep {
    /// The signature must hold, then the claims.
    Signature,
    /// The claims must hold; the signature is not looked at.
    Claims,
    /// The provider is asked who the token belongs to.
    Ask {
        /// Where.
        url: Arc<str>,
        /// `Accept`.
        accept: &'static str,
    },
}

impl Route {
    /// Asks the provider, and nothing else.
    #[must_use]
    pub fn ask(url: impl Into<Arc<str>>) -> Self {
        Self(vec![RouteStep::Ask {
            url: url.into(),
            accept: "application/json",
        }])
    }
}

/// The built-in kinds. A new one is a file beside this one and a line here.
pub(crate) fn builtin() -> Vec<Arc<dyn ProviderKind>> {
    vec![
        Arc::new(oidc::Oidc),
        Arc::new(keycloak_oidc::KeycloakOidc),
        Arc::new(google::Google),
        Arc::new(github::GitHub),
        Arc::new(gitlab::GitLab),
        Arc::new(microsoft::Microsoft),
        Arc::new(oauth2::OAuth2),
    ]
}

/// An access token, declared or not.
fn access_token_only(declared: Option<&str>) -> Result<(), ExternalTokenError> {
    match declared {
        None | Some("urn:ietf:params:oauth:token-type:access_token") => Ok(()),
        Some(_) => Err(ExternalTokenError::DeclaredType),
    }
}

/// The address below a base address.
fn below(base: &str, path: &str) -> Arc<str> {
    [base.trim_end_matches('/'), path].concat().into()
}
