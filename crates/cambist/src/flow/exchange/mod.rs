//! Token exchange (RFC 8693): the kinds of exchange, and which of them takes a request.

mod delegation;
mod external;
mod identity_assertion;
mod impersonation;
mod outward;
mod permission_based;
mod standard;

pub(crate) use self::impersonation::IMPERSONATOR_USERNAME;
use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{Flow, FlowRequest, PendingFlow};
use crate::{
    realm::{Client, Feature, Features, Profile, Realm, document::ClientGrant},
    refusal::{ExchangeError, Refusal},
    request::GrantType,
    subject::{LineageError, ProviderKind, ReadToken},
    trace::DecisionTrace,
};

/// One kind of exchange.
pub trait ExchangeFlow: Send + Sync + core::fmt::Debug {
    /// Its name in the trace.
    fn name(&self) -> &'static str;

    /// Whether the features in force allow it.
    fn available(&self, features: Features) -> bool;

    /// Whether it reads `resource` (RFC 8707). Default: no, and in profile `strict` a request that brings one is refused.
    fn reads_resource(&self) -> bool {
        false
    }

    /// Whether it takes the request.
    ///
    /// # Errors
    ///
    /// Why it does not; the last such reason is told when nobody takes the request.
    fn supports(&self, request: &FlowRequest<'_>) -> Result<(), &'static str>;

    /// Reads the request.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as far as that shows without facts.
    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal>;
}

/// The token exchange grant: asks its kinds in order, the first that takes the request has it.
#[derive(Debug)]
pub(super) struct TokenExchange {
    kinds: Vec<Arc<dyn ExchangeFlow>>,
}

impl TokenExchange {
    /// These kinds, then the built-in ones.
    pub(super) fn with(
        mut kinds: Vec<Arc<dyn ExchangeFlow>>,
        providers: Arc<[Arc<dyn ProviderKind>]>,
    ) -> Self {
        kinds.push(Arc::new(identity_assertion::IdentityAssertions));
        kinds.push(Arc::new(standard::Standard));
        kinds.push(Arc::new(external::External::with(Arc::clone(&providers))));
        kinds.push(Arc::new(outward::Outward::with(providers)));
        kinds.push(Arc::new(permission_based::PermissionBased));
        Self { kinds }
    }
}

impl Flow for TokenExchange {
    fn grant_type(&self) -> GrantType {
        GrantType::TOKEN_EXCHANGE
    }

    fn repeatable(&self) -> &'static [&'static str] {
        &["audience", "resource"]
    }

    fn available(&self, features: Features) -> bool {
        features.has(Feature::TokenExchange) || features.has(Feature::TokenExchangeStandard)
    }

    fn precheck(&self, request: &FlowRequest<'_>) -> Result<(), Refusal> {
        registered(request)?;
        heeded(self.kind_for(request)?, request)?;
        Ok(())
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        trace.step(
            "the client may use the token exchange grant",
            registered(request),
        )?;
        let kind = self.kind_for(request)?;
        trace.step(
            "nothing is asked for that is not read",
            heeded(kind, request),
        )?;
        trace.flow = Some(kind.name().into());
        let pending = kind.begin(request, trace)?;
        if request.realm.takes_actors() {
            return delegation::delegated(request, pending, trace);
        }
        Ok(pending)
    }
}

impl TokenExchange {
    /// The first kind that takes the request; the reason of the last one asked when none does.
    fn kind_for(&self, request: &FlowRequest<'_>) -> Result<&dyn ExchangeFlow, ExchangeError> {
        let mut reason = "No token exchange provider available";
        for kind in self
            .kinds
            .iter()
            .filter(|kind| kind.available(*request.realm.features()))
        {
            match kind.supports(request) {
                Ok(()) => return Ok(&**kind),
                Err(unsupported) => reason = unsupported,
            }
        }
        Err(ExchangeError::Unsupported(reason))
    }
}

/// Profile `keycloak` lets every client come; what a client may then do is asked later.
fn registered(request: &FlowRequest<'_>) -> Result<(), ExchangeError> {
    let registered = request.realm.admits_to_exchange(request.client)
        || request.client.may(ClientGrant::StandardTokenExchange);
    registered
        .then_some(())
        .ok_or(ExchangeError::GrantNotAllowed)
}

/// Where `resource` (RFC 8707) is not read Keycloak passes it over; profile `strict` gives nobody a token for more than was
/// asked.
fn heeded(kind: &dyn ExchangeFlow, request: &FlowRequest<'_>) -> Result<(), ExchangeError> {
    let mut resources = request.parameters.form().all("resource");
    let asked = resources.any(|value| !value.is_empty());
    if asked && !kind.reads_resource() && request.realm.profile() == Profile::Strict {
        return Err(ExchangeError::Resource);
    }
    Ok(())
}

/// The clients that `audience` names, in order; every one must exist.
fn named_clients<'r>(
    realm: &'r Realm,
    audiences: &[Box<str>],
) -> Result<Vec<&'r Client>, ExchangeError> {
    audiences
        .iter()
        .map(|name| {
            realm
                .client_by_id(name)
                .ok_or_else(|| ExchangeError::UnknownAudience(name.clone()))
        })
        .collect()
}

/// A disabled client is no target.
fn all_enabled(targets: &[&Client]) -> Result<(), ExchangeError> {
    match targets.iter().find(|target| !target.enabled()) {
        Some(target) => Err(ExchangeError::TargetDisabled(target.client_id().into())),
        None => Ok(()),
    }
}

/// What would stem from more tokens than one may.
fn too_long(error: LineageError) -> ExchangeError {
    ExchangeError::SubjectToken(error.into())
}

/// How a requester stands to a subject token.
#[derive(Clone, Copy, Debug)]
struct Relation {
    /// The token was issued to it.
    holder: bool,
    /// The token's `aud` names it.
    in_audience: bool,
}

impl Relation {
    fn of(client: &Client, token: &ReadToken) -> Self {
        Self {
            holder: *token.authorized_party == *client.client_id(),
            in_audience: token
                .audience
                .iter()
                .any(|value| **value == *client.client_id()),
        }
    }

    /// Either will do.
    fn any(self) -> Result<(), ExchangeError> {
        (self.holder || self.in_audience)
            .then_some(())
            .ok_or(ExchangeError::NotInAudience)
    }
}
