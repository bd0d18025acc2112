//! External to internal: a token of an identity provider becomes one of this realm.
//!
//! The order is recorded in the parity area `external`: provider, permission, token, user, and only then
//! what every permission-based exchange asks of its targets. Nothing is asked of the provider before the
//! requester is permitted to exchange its tokens.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec::Vec};

use super::{
    ExchangeFlow,
    impersonation::joined,
    permission_based::{Asker, output, saml, targets},
};
use crate::{
    claims::{roles::effective_roles, scopes::inherited},
    decision::Refused,
    facts::{Facts, FactsNeeded, LinkQuery, SessionKind, UserQuery},
    flow::{
        AskingFlow, FlowRequest, NextStep, PendingFlow, Plan, PlannedSession, RefreshOutput,
        granted_scopes::GrantedScopes,
    },
    jose::UnverifiedJws,
    outside::{Outside, OutsideFailure, OutsideNeeded},
    policy::{EvaluationContext, ExchangeQuestion, can_exchange_to_provider},
    realm::{Client, Feature, Features, IdentityProvider, Profile, Realm, document::ClientGrant},
    refusal::{ExchangeError, Refusal},
    request::TokenType,
    secret::Secret,
    subject::{
        Admitted, BrokerError, Examination, Examined, GrantCode, Identified, Intake, ProviderKind,
        admit, link_query,
    },
    trace::DecisionTrace,
};

/// External to internal.
#[derive(Debug)]
pub(super) struct External {
    kinds: Arc<[Arc<dyn ProviderKind>]>,
}

impl External {
    pub(super) fn with(kinds: Arc<[Arc<dyn ProviderKind>]>) -> Self {
        Self { kinds }
    }

    /// The kind of a provider; the embedder's own come first.
    fn kind(&self, provider: &IdentityProvider) -> Option<&Arc<dyn ProviderKind>> {
        self.kinds
            .iter()
            .find(|kind| kind.name() == provider.kind())
    }

    /// The provider of this alias, else the one among whose issuers the name is. A disabled one is none.
    fn find<'r>(
        &self,
        realm: &'r Realm,
        named: &str,
    ) -> Option<(usize, &'r IdentityProvider, &Arc<dyn ProviderKind>)> {
        let all = || realm.identity_providers().iter().enumerate();
        let by_alias = all().find(|(_, provider)| provider.alias() == named);
        let found = by_alias.or_else(|| {
            all().find(|(_, provider)| {
                let issuers = &provider.trust().issuers;
                provider.enabled()
                    && issuers.iter().any(|issuer| **issuer == *named)
                    && self
                        .kind(provider)
                        .is_some_and(|kind| kind.found_by_issuer())
            })
        });
        let (number, provider) = found.filter(|(_, provider)| provider.enabled())?;
        Some((number, provider, self.kind(provider)?))
    }
}

impl ExchangeFlow for External {
    fn name(&self) -> &'static str {
        "external to internal exchange"
    }

    fn available(&self, features: Features) -> bool {
        features.has(Feature::TokenExchange)
    }

    fn supports(&self, request: &FlowRequest<'_>) -> Result<(), &'static str> {
        let registered = request.realm.admits_to_exchange(request.client);
        let foreign = issuer_of(request).is_some_and(|issuer| *issuer != *request.issuer);
        (registered && foreign)
            .then_some(())
            .ok_or("the subject token is of no other issuer")
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let FlowRequest {
            realm,
            client,
            parameters,
            ..
        } = *request;
        let named = issuer_of(request).unwrap_or_default();
        let found = self.find(realm, &named).ok_or(ExchangeError::SubjectIssuer);
        let (provider, _, kind) =
            trace.step("an enabled identity provider issues such tokens", found)?;
        let token = parameters.value("subject_token");
        let token = token.ok_or(ExchangeError::NoSubject)?;
        let audiences: Vec<Box<str>> = parameters
            .values("audience")
            .map(|value| value.into())
            .collect();
        Ok(Box::new(Asked {
            kind: Arc::clone(kind),
            token: Secret::new(token),
            declared: parameters.value("subject_token_type").map(Cow::into_owned),
            rest: Wanted {
                provider,
                requested_type: parameters
                    .value("requested_token_type")
                    .map(Cow::into_owned),
                audiences,
                scope: parameters.value("scope").map(Cow::into_owned),
                // Policies look at the service account of the requester; without one there is nobody.
                service_account: client
                    .may(ClientGrant::ClientCredentials)
                    .then(|| UserQuery::ServiceAccount(client.uuid().into())),
            },
        }))
    }
}

/// The issuer that a request names: by parameter, else by the token itself, whose word is not believed but
/// followed.
fn issuer_of(request: &FlowRequest<'_>) -> Option<String> {
    let parameters = request.parameters;
    if let Some(named) = parameters.value("subject_issuer") {
        return Some(named.into_owned());
    }
    let declared = parameters.value("subject_token_type")?;
    if TokenType::from_urn(&declared) != Some(TokenType::Jwt) {
        return None;
    }
    let token = parameters.value("subject_token")?;
    let jws = UnverifiedJws::parse(&token, request.jws_limits).ok()?;
    jws.peek_issuer().ok()?.filter(|issuer| !issuer.is_empty())
}

/// What is wanted beside the token.
#[derive(Debug)]
struct Wanted {
    /// Place of the provider among the realm's.
    provider: usize,
    requested_type: Option<String>,
    audiences: Vec<Box<str>>,
    scope: Option<String>,
    service_account: Option<UserQuery>,
}

impl Wanted {
    fn provider<'r>(&self, realm: &'r Realm) -> Result<&'r IdentityProvider, ExchangeError> {
        let provider = realm.identity_providers().get(self.provider);
        provider.ok_or(ExchangeError::SubjectIssuer)
    }
}

/// Whoever asks nobody outside cannot decide such an exchange.
fn not_asked() -> Refused {
    ExchangeError::Outside(OutsideFailure::NotAsked).into()
}

/// A request that is to be permitted.
#[derive(Debug)]
struct Asked {
    kind: Arc<dyn ProviderKind>,
    token: Secret,
    declared: Option<String>,
    rest: Wanted,
}

impl PendingFlow for Asked {
    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            service_account: self.rest.service_account.clone(),
            ..FactsNeeded::default()
        }
    }

    fn decide(
        self: Box<Self>,
        _: &FlowRequest<'_>,
        _: &Facts,
        _: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        Err(not_asked())
    }

    fn proceed(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<NextStep, Refused> {
        let Self {
            kind,
            token,
            declared,
            rest,
        } = *self;
        let provider = rest.provider(request.realm)?;
        permitted(request, facts, provider, trace)?;
        if kind.intake(request.realm.profile()) == Intake::AsksPermission {
            return Err(ExchangeError::SubjectIssuer.into());
        }
        let begun = Examination::begin(kind, provider, token.expose(), declared.as_deref())
            .and_then(|examination| examination.advance(provider, request));
        examined(begun, rest, provider, request, trace)
    }
}

pub(super) fn permitted(
    request: &FlowRequest<'_>,
    facts: &Facts,
    provider: &IdentityProvider,
    trace: &mut DecisionTrace,
) -> Result<(), ExchangeError> {
    let question = ExchangeQuestion {
        requester: request.client,
        service_account: facts.service_account.as_deref(),
        subject_scope: None,
    };
    let context = EvaluationContext {
        client_id: request.client.client_id(),
        remote_address: request.remote_address,
        moment: request.moment,
    };
    let recording = trace.is_recording();
    let answer = can_exchange_to_provider(request.realm, &question, provider, &context, recording);
    let granted = trace
        .gate(answer)
        .map_err(|reason| ExchangeError::NotPermitted {
            target: provider.alias().into(),
            reason,
        });
    trace.step(
        "a permission on the identity provider grants the exchange",
        granted,
    )
}

fn examined(
    examined: Result<Examined, crate::subject::ExternalTokenError>,
    rest: Wanted,
    provider: &IdentityProvider,
    request: &FlowRequest<'_>,
    trace: &mut DecisionTrace,
) -> Result<NextStep, Refused> {
    match examined {
        Ok(Examined::Asks(examination, needed)) => Ok(NextStep::Outside(Box::new(Asking {
            examination,
            needed,
            rest,
        }))),
        Ok(Examined::Identified(mut identified)) => {
            trace.passed("the token stands for somebody at the provider", || None);
            if let Some(bound) = identified.confirmation() {
                let shown = request.possession.satisfies(&bound);
                let shown = shown.map_err(ExchangeError::Binding);
                trace.step("what the subject token is bound to is shown", shown)?;
            }
            let link = link_query(request, provider, &mut identified);
            Ok(NextStep::Facts(Box::new(Linking {
                identified,
                link,
                rest,
            })))
        }
        Err(error) => {
            let refused: Result<(), _> = Err(ExchangeError::ExternalToken(error));
            match trace.step("the token stands for somebody at the provider", refused) {
                Ok(()) => Err(not_asked()),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// A token about which another server is asked.
#[derive(Debug)]
struct Asking {
    examination: Examination,
    needed: OutsideNeeded,
    rest: Wanted,
}

impl AskingFlow for Asking {
    fn outside_needed(&self) -> OutsideNeeded {
        self.needed.clone()
    }

    fn answer(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        outside: Outside,
        trace: &mut DecisionTrace,
    ) -> Result<NextStep, Refused> {
        let Self {
            examination, rest, ..
        } = *self;
        let provider = rest.provider(request.realm)?;
        let answered = examination.answered(provider, request, outside);
        examined(answered, rest, provider, request, trace)
    }
}

/// Somebody at a provider, whose user is looked for.
#[derive(Debug)]
struct Linking {
    identified: Box<Identified>,
    link: LinkQuery,
    rest: Wanted,
}

impl PendingFlow for Linking {
    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            link: Some(self.link.clone()),
            service_account: self.rest.service_account.clone(),
            ..FactsNeeded::default()
        }
    }

    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let provider = self.rest.provider(request.realm)?;
        let bound = self.identified.confirmation();
        // Facts that say nothing of the link would make a user who may be there already.
        let found = facts.link.as_ref();
        let found = found.ok_or(ExchangeError::Broker(BrokerError::NotLookedUp))?;
        let admitted = admit(request, provider, &self.identified, found);
        let admitted = admitted.map_err(ExchangeError::Broker);
        let admitted = trace.step("there is a user for it, or one is made", admitted)?;
        let effects = admitted.effects.clone();
        self.rest
            .plan(request, facts, admitted, trace)
            .map(|plan| Plan { bound, ..plan })
            .map_err(|mut refused| {
                // The user is there before anything is asked about targets, and stays (recorded:
                // requested-id-token). By hand nobody is made for a refusal.
                if request.realm.profile() == Profile::Keycloak {
                    refused.effects.extend(effects);
                }
                refused
            })
    }
}

impl Wanted {
    fn plan(
        &self,
        request: &FlowRequest<'_>,
        facts: &Facts,
        admitted: Admitted,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let FlowRequest { realm, client, .. } = *request;
        let wanted = output(self.requested_type.as_deref());
        let wanted = trace.step("the requested token type can be given", wanted)?;
        let found = targets(realm, client, &self.audiences);
        let found = trace.step("every audience is a client that may be a target", found)?;
        let asker = Asker {
            request,
            subject: None,
            facts,
        };
        for target in &found {
            asker.may_reach(target, trace)?;
        }
        let target = found.first().copied().unwrap_or(client);
        if wanted == TokenType::Saml2 {
            return Err(saml(target).into());
        }
        self.planned(request, facts, admitted, target, wanted, trace)
    }

    fn planned(
        &self,
        request: &FlowRequest<'_>,
        facts: &Facts,
        admitted: Admitted,
        target: &Client,
        wanted: TokenType,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let FlowRequest { realm, client, .. } = *request;
        let Admitted {
            user,
            effects,
            notes,
            expires,
        } = admitted;
        let roles = effective_roles(realm, &user);
        let text = inherited(realm, target, self.scope.as_deref(), None);
        let asker = request.asker(&user, &roles, facts);
        let active = GrantedScopes::for_login(realm, target, &text, &asker, trace)?;
        let refresh = wanted == TokenType::RefreshToken && client.tokens().use_refresh_tokens;
        let issued = if refresh {
            TokenType::RefreshToken
        } else {
            TokenType::AccessToken
        };
        Ok(Plan {
            target: target.number(),
            openid: active.openid,
            id_token: active.openid,
            scopes: active.scopes,
            parameters: active.parameters,
            refresh: refresh.then(RefreshOutput::default),
            issued_token_type: Some(issued),
            authentication_level: Some(1),
            expires_by: expires.filter(|_| realm.profile() == Profile::Strict),
            effects,
            ..Plan::new(
                client.number(),
                user,
                PlannedSession::New {
                    kind: SessionKind::Online,
                    method: "external-exchange",
                    join: joined(client, target),
                    notes,
                },
                GrantCode::None,
            )
        })
    }
}
