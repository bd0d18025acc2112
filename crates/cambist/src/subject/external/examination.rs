//! One token on the way that its provider's kind laid out.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{
    BrokeredIdentity, Evidence, ExternalTokenError, ProviderKind, RouteStep, gate,
    jwt::{self, Rules},
};
use crate::{
    flow::FlowRequest,
    outside::{KeysNeeded, Outside, OutsideNeeded, ResourceNeeded},
    proof::Confirmation,
    realm::{IdentityProvider, ProviderKeys},
    request::TokenType,
    secret::Secret,
};

/// A token that is being examined. It is owned and may wait.
#[derive(Debug)]
pub(crate) struct Examination {
    kind: Arc<dyn ProviderKind>,
    token: Secret,
    id_token: bool,
    steps: Vec<RouteStep>,
    done: usize,
    evidence: Evidence,
}

/// How far an examination came.
#[derive(Debug)]
pub(crate) enum Examined {
    /// Another server has to be asked.
    Asks(Examination, OutsideNeeded),
    /// It is known who the token belongs to.
    Identified(Box<Identified>),
}

/// A token and whoever it belongs to.
#[derive(Debug)]
pub(crate) struct Identified {
    pub(crate) token: Secret,
    pub(crate) identity: BrokeredIdentity,
    pub(crate) evidence: Evidence,
    /// It was declared to be an ID token.
    pub(crate) id_token: bool,
}

impl Identified {
    /// What the token is bound to (RFC 7800): whoever exchanges it must show that.
    pub(crate) fn confirmation(&self) -> Option<Confirmation> {
        let claim = self.evidence.claims.as_ref()?.get("cnf")?;
        Some(Confirmation::read(claim))
    }
}

impl Examination {
    /// Begins with a token of this declared type.
    pub(crate) fn begin(
        kind: Arc<dyn ProviderKind>,
        provider: &IdentityProvider,
        token: &str,
        declared: Option<&str>,
    ) -> Result<Self, ExternalTokenError> {
        let route = kind.route(provider, declared)?;
        Ok(Self {
            kind,
            token: Secret::new(token),
            id_token: declared == Some(TokenType::IdToken.urn()),
            steps: route.0,
            done: 0,
            evidence: Evidence::default(),
        })
    }

    /// Goes as far as it can.
    pub(crate) fn advance(
        mut self,
        provider: &IdentityProvider,
        request: &FlowRequest<'_>,
    ) -> Result<Examined, ExternalTokenError> {
        while let Some(step) = self.steps.get(self.done) {
            match step {
                RouteStep::Signature => match &provider.trust().keys {
                    ProviderKeys::None => return Err(ExternalTokenError::NoKeys),
                    ProviderKeys::Inline(keys) => {
                        let rules = self.rules(provider, request);
                        let claims = jwt::verify(self.token.expose(), keys, &rules)?;
                        self.evidence.claims = Some(claims);
                    }
                    ProviderKeys::At(url) => {
                        let rules = self.rules(provider, request);
                        let key_id = jwt::key_id(self.token.expose(), &rules)?;
                        let needed = KeysNeeded {
                            url: Arc::clone(url),
                            key_id: key_id.map(Into::into),
                        };
                        return Ok(Examined::Asks(self, OutsideNeeded::Keys(needed)));
                    }
                },
                RouteStep::Claims => {
                    let rules = self.rules(provider, request);
                    jwt::check_unsigned(self.token.expose(), &rules)?;
                }
                RouteStep::Ask { url, accept } => {
                    let needed = ResourceNeeded {
                        url: Arc::clone(url),
                        bearer: self.token.clone(),
                        accept,
                    };
                    return Ok(Examined::Asks(self, OutsideNeeded::Resource(needed)));
                }
            }
            self.done = self.done.saturating_add(1);
        }
        let identity = self.kind.identity(provider, &self.evidence)?;
        let identity = gate::pass(provider, &self.evidence, identity)?;
        Ok(Examined::Identified(Box::new(Identified {
            token: self.token,
            identity,
            evidence: self.evidence,
            id_token: self.id_token,
        })))
    }

    /// Takes what came, and goes on.
    pub(crate) fn answered(
        mut self,
        provider: &IdentityProvider,
        request: &FlowRequest<'_>,
        outside: Outside,
    ) -> Result<Examined, ExternalTokenError> {
        match (self.steps.get(self.done), outside) {
            (Some(RouteStep::Signature), Outside::Keys(keys)) => {
                let rules = self.rules(provider, request);
                let claims = jwt::verify(self.token.expose(), &keys, &rules)?;
                self.evidence.claims = Some(claims);
            }
            (Some(RouteStep::Signature), Outside::Failed(failure)) => {
                return Err(ExternalTokenError::KeysUnavailable(failure));
            }
            (Some(RouteStep::Ask { .. }), Outside::Resource(resource)) => {
                let profile = resource.object();
                let profile = profile.ok_or(ExternalTokenError::UserInfoRefused {
                    status: resource.status,
                })?;
                self.evidence.profile = Some(profile);
            }
            (Some(RouteStep::Ask { .. }), Outside::Failed(failure)) => {
                return Err(ExternalTokenError::UserInfoUnavailable(failure));
            }
            _ => return Err(ExternalTokenError::WrongAnswer),
        }
        self.done = self.done.saturating_add(1);
        self.advance(provider, request)
    }

    fn rules<'a>(&self, provider: &'a IdentityProvider, request: &FlowRequest<'a>) -> Rules<'a> {
        Rules {
            provider,
            profile: request.realm.profile(),
            id_token: self.id_token,
            moment: request.moment,
            limits: request.jws_limits,
        }
    }
}
