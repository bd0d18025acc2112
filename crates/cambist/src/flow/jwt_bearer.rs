//! JWT authorization grant (RFC 7523 section 2.1): a token for the user whom an identity provider names in a
//! signed assertion, by the link between the two. No login, no new user, no session that is stored.
//!
//! The checks, their order and their words are Keycloak's (recorded areas `jwt-grant`, `jwt-grant-default`
//! and `id-jag`). Where the provider's keys are published at an address, the request asks for them after
//! everything that can be refused without; nothing of the assertion is looked up before its signature holds.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use super::{
    AskingFlow, Flow, FlowRequest, NextStep, PendingFlow, Plan, PlannedSession,
    granted_scopes::{GrantedScopes, check, check_named, consented},
};
use crate::{
    claims::{parameterized::named_users, roles::effective_roles},
    client_policy::{ClientPolicyRefusal, PolicyRequest, Restrictions},
    decision::Refused,
    effects::Effect,
    facts::{Facts, FactsNeeded, LinkQuery, User, UserQuery},
    outside::{IssuerKeys, KeysNeeded, Outside, OutsideNeeded},
    realm::{
        Feature, Features, IdentityProvider, Profile, assertion_rules::AssertionRules,
        document::ClientGrant, identity_provider::ProviderKeys,
    },
    refusal::{JwtGrantError, Refusal},
    request::GrantType,
    subject::{AssertionClass, GrantCode, UnverifiedAssertion, VerifiedAssertion},
    trace::DecisionTrace,
};

/// The JWT authorization grant.
#[derive(Debug)]
pub(super) struct JwtBearer;

impl Flow for JwtBearer {
    fn grant_type(&self) -> GrantType {
        GrantType::JWT_BEARER
    }

    fn available(&self, features: Features) -> bool {
        features.has(Feature::JwtAuthorizationGrant)
    }

    fn asks_client_policies(&self) -> bool {
        true
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        trace.flow = Some("jwt-authorization-grant".into());
        let assertion = read(request);
        let assertion = trace.step("the assertion can be read", assertion)?;
        trace.step("the client may bring it", may_bring(request, &assertion))?;
        let provider = assertion.provider(request.realm);
        let (provider, rules) = trace.step("an identity provider vouches for it", provider)?;
        let allowed = request.client.assertions().allows(provider.alias());
        let allowed = allowed
            .then_some(())
            .ok_or(JwtGrantError::ProviderNotAllowed);
        trace.step("the client may bring what that provider signs", allowed)?;
        let algorithm = assertion.check_algorithm(rules);
        trace.step("the assertion's algorithm is taken", algorithm)?;
        let alias = Arc::from(provider.alias());
        Ok(match rules.keys() {
            ProviderKeys::None => return Err(JwtGrantError::Signature.into()),
            ProviderKeys::Inline(keys) => {
                Box::new(believe(request, rules, alias, &assertion, keys, trace)?)
            }
            ProviderKeys::At(url) => Box::new(WithoutKeys {
                assertion,
                provider: alias,
                url: Arc::clone(url),
            }),
        })
    }
}

fn read(request: &FlowRequest<'_>) -> Result<UnverifiedAssertion, JwtGrantError> {
    let text = request
        .parameters
        .value("assertion")
        .ok_or(JwtGrantError::Missing)?;
    let identity_assertions = request.realm.features().has(Feature::IdentityAssertionJwt);
    UnverifiedAssertion::read(&text, identity_assertions, request.jws_limits)
}

fn may_bring(
    request: &FlowRequest<'_>,
    assertion: &UnverifiedAssertion,
) -> Result<(), JwtGrantError> {
    let client = request.client;
    if client.is_public() {
        return Err(JwtGrantError::PublicClient);
    }
    if !client.may(ClientGrant::JwtBearer) {
        return Err(JwtGrantError::GrantNotAllowed);
    }
    let named = assertion.client_id.as_deref();
    if assertion.class == AssertionClass::IdentityAssertion && named != Some(client.client_id()) {
        return Err(JwtGrantError::OtherClient {
            named: named.map(Box::from),
            presenter: client.client_id().into(),
        });
    }
    Ok(())
}

fn believe(
    request: &FlowRequest<'_>,
    rules: &AssertionRules,
    provider: Arc<str>,
    assertion: &UnverifiedAssertion,
    keys: &IssuerKeys,
    trace: &mut DecisionTrace,
) -> Result<Believed, JwtGrantError> {
    let FlowRequest {
        realm,
        client,
        parameters,
        moment,
        jws_limits,
        ..
    } = *request;
    let verified = assertion.verify(rules, keys, realm.profile(), moment.now, jws_limits);
    let assertion = trace.step("signature, times and id of the assertion hold", verified)?;
    let scope = parameters.value("scope");
    Ok(Believed {
        provider,
        assertion,
        named: scope
            .as_deref()
            .map(|scope| named_users(realm, client, scope))
            .unwrap_or_default(),
    })
}

/// An assertion whose provider publishes its keys elsewhere.
#[derive(Debug)]
struct WithoutKeys {
    assertion: UnverifiedAssertion,
    provider: Arc<str>,
    url: Arc<str>,
}

impl PendingFlow for WithoutKeys {
    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded::default()
    }

    /// Whoever asks nobody outside has no key to check it with.
    fn decide(
        self: Box<Self>,
        _: &FlowRequest<'_>,
        _: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let unknown: Result<Plan, _> = Err(JwtGrantError::Signature);
        Ok(trace.step("the provider's keys are at hand", unknown)?)
    }

    fn proceed(
        self: Box<Self>,
        _: &FlowRequest<'_>,
        _: &Facts,
        _: &mut DecisionTrace,
    ) -> Result<NextStep, Refused> {
        Ok(NextStep::Outside(self))
    }
}

impl AskingFlow for WithoutKeys {
    fn outside_needed(&self) -> OutsideNeeded {
        OutsideNeeded::Keys(KeysNeeded {
            url: Arc::clone(&self.url),
            key_id: self.assertion.key_id().map(Box::from),
        })
    }

    fn answer(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        outside: Outside,
        trace: &mut DecisionTrace,
    ) -> Result<NextStep, Refused> {
        let keys = match outside {
            Outside::Keys(keys) => Ok(keys),
            Outside::Failed(failure) => Err(failure.to_string()),
            Outside::Resource(_) => Err(String::from("a document came in place of keys")),
        };
        let keys = trace.step("the provider's keys are at hand", keys);
        let keys = keys.map_err(|_| JwtGrantError::Signature)?;
        let (_, rules) = self.assertion.provider(request.realm)?;
        let Self {
            assertion,
            provider,
            ..
        } = *self;
        let believed = believe(request, rules, provider, &assertion, &keys, trace)?;
        Ok(NextStep::Facts(Box::new(believed)))
    }
}

/// An assertion that holds, of somebody who is yet to be found.
#[derive(Debug)]
struct Believed {
    provider: Arc<str>,
    assertion: VerifiedAssertion,
    /// Whom the scopes asked for name.
    named: Vec<UserQuery>,
}

impl PendingFlow for Believed {
    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            link: Some(LinkQuery {
                provider: Box::from(&*self.provider),
                user_id: self.assertion.subject.clone(),
                username: Box::default(),
                email: None,
            }),
            named: self.named.clone(),
            ..FactsNeeded::default()
        }
    }

    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        // Used up by now, whatever comes of it.
        let used: Vec<Effect> = self.assertion.used.iter().cloned().collect();
        match self.plan(request, facts, trace) {
            Ok(mut plan) => {
                plan.effects.extend(used);
                Ok(plan)
            }
            Err(refusal) => Err(Refused::with_effects(refusal, used)),
        }
    }
}

impl Believed {
    fn plan(
        &self,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refusal> {
        let FlowRequest {
            realm,
            client,
            parameters,
            ..
        } = *request;
        let user = facts.link.as_ref().and_then(|link| link.user.as_ref());
        let user = trace.step(
            "a user is linked to the assertion's subject",
            user.ok_or(JwtGrantError::NoUser),
        )?;
        trace.step("the user is enabled and set up", ready(user))?;
        let text = parameters.value("scope");
        let known = check(realm, client, text.as_deref());
        trace.step("the client has the scopes asked for", known)?;
        let there = check_named(realm, client, text.as_deref(), facts);
        trace.step("the users named in scopes are there", there)?;
        let roles = effective_roles(realm, user);
        let asker = request.asker(user, &roles, facts);
        let text = text.as_deref().unwrap_or_default();
        // An offline session is not to be had without a login, and passed over.
        let mut scopes =
            GrantedScopes::select(realm, client, text, &asker, trace).without_offline(realm);
        let active = scopes
            .scopes
            .iter()
            .filter_map(|number| realm.scope(*number));
        let granted = consented(client, user, active);
        let granted = granted
            .then_some(())
            .ok_or_else(|| JwtGrantError::ConsentMissing(client.client_id().into()));
        trace.step("the user has consented", granted)?;
        let rules = realm
            .provider_by_issuer(&self.assertion.issuer)
            .and_then(IdentityProvider::assertion_rules)
            .ok_or(JwtGrantError::UnknownIssuer)?;
        let restrictions = self.restrictions(request);
        let restrictions = trace.step("the realm's client policies let it pass", restrictions)?;
        let named = restrictions.is_narrowed().then(|| scopes.scopes.clone());
        scopes.scopes.retain(|number| {
            realm
                .scope(*number)
                .is_some_and(|scope| restrictions.allow(scope))
        });
        trace.step(
            "the assertion is made for us",
            self.audience(request, rules),
        )?;
        let resource = parameters.value("resource").is_some();
        if resource && realm.features().has(Feature::ResourceIndicators) {
            return Err(JwtGrantError::Resource.into());
        }
        let capped = rules.limits_access_token() || realm.profile() == Profile::Strict;
        Ok(Plan {
            openid: scopes.openid,
            // With parameterized scopes the scope text goes on naming what client policies have taken.
            text_scopes: named.filter(|_| realm.features().has(Feature::ParameterizedScopes)),
            id_token: scopes.openid,
            scopes: scopes.scopes,
            parameters: scopes.parameters,
            authentication_level: Some(1),
            bound: self.assertion.confirmation.clone(),
            expires_by: capped.then_some(self.assertion.expires),
            restrictions,
            ..Plan::new(
                client.number(),
                Arc::clone(user),
                PlannedSession::Transient { notes: Vec::new() },
                GrantCode::JwtBearer,
            )
        })
    }

    /// Asked here and not before the flow, as only now it is known whose assertion it is.
    fn restrictions(&self, request: &FlowRequest<'_>) -> Result<Restrictions, ClientPolicyRefusal> {
        let policies = request.realm.client_policies();
        if policies.is_empty() {
            return Ok(Restrictions::NONE);
        }
        let claims = self.assertion.claims();
        let asked = PolicyRequest::new(request, GrantType::JWT_BEARER);
        policies.enforce(&asked.with_assertion(&self.provider, &claims))
    }

    /// The client's own audiences for the provider, else our client id there where the provider is set to
    /// it, else the realm and its token endpoint.
    fn audience(
        &self,
        request: &FlowRequest<'_>,
        rules: &AssertionRules,
    ) -> Result<(), JwtGrantError> {
        let accepted = request.client.assertions();
        let mut own = accepted.audiences(&self.provider).peekable();
        if own.peek().is_some() {
            let own: Vec<&str> = own.collect();
            return self
                .assertion
                .check_audience(|audience| own.contains(&audience));
        }
        self.assertion
            .check_audience(|audience| match rules.own_audience() {
                Some(ours) => !ours.is_empty() && audience == ours,
                None => audience
                    .strip_prefix(request.issuer)
                    .is_some_and(|rest| matches!(rest, "" | "/protocol/openid-connect/token")),
            })
    }
}

/// A login is not asked for, so whatever a login would ask of the user first cannot be done.
fn ready(user: &User) -> Result<(), JwtGrantError> {
    if !user.enabled {
        return Err(JwtGrantError::UserDisabled);
    }
    if !user.required_actions.is_empty() {
        return Err(JwtGrantError::NotSetUp);
    }
    Ok(())
}
