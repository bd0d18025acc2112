//! An ID token becomes an ID-JAG: an assertion of this realm, about its user, for another authorization server,
//! where the JWT authorization grant takes it (draft-ietf-oauth-identity-assertion-authz-grant).
//!
//! Behind a switch of the realm: Keycloak 26.7.3 issues none (recorded: `id-jag`). Checks, order and words are those
//! of Keycloak's development. Beyond them a `resource` is looked at, an ID token that says who acts goes no further,
//! and in profile `strict` the assertion ends with the ID token.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec::Vec};

use serde_json::{Map, Value};

use super::{ExchangeFlow, too_long};
use crate::{
    claims::{roles::effective_roles, scopes::ActiveScopes},
    decision::Refused,
    facts::{Facts, FactsNeeded},
    flow::{
        FlowRequest, IdentityAssertion, Output, PendingFlow, Plan, PlannedSession,
        granted_scopes::consented, resource::is_resource,
    },
    jose::UnverifiedJws,
    realm::{Feature, Features, Profile, assertion_rules::IssuedAssertions},
    refusal::{ExchangeError, IdentityAssertionError, Refusal},
    request::{Parameters, TokenType},
    subject::{GrantCode, Lineage, ReadToken, SubjectTokenError, TakenTypes},
    trace::DecisionTrace,
};

/// Issuing ID-JAGs.
#[derive(Debug)]
pub(super) struct IdentityAssertions;

impl ExchangeFlow for IdentityAssertions {
    fn name(&self) -> &'static str {
        "identity assertion"
    }

    fn available(&self, features: Features) -> bool {
        features.has(Feature::IdentityAssertionJwt)
    }

    fn reads_resource(&self) -> bool {
        true
    }

    fn supports(&self, request: &FlowRequest<'_>) -> Result<(), &'static str> {
        let wanted = request.parameters.value("requested_token_type");
        let wanted = wanted.and_then(|kind| TokenType::from_urn(&kind));
        (request.realm.issues_identity_assertions() && wanted == Some(TokenType::IdentityAssertion))
            .then_some(())
            .ok_or("no identity assertion is asked for")
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let asked = Asked::read(request).map_err(refused);
        let asked = trace.step("the client may have such an assertion", asked)?;
        let token = read(request, trace).map_err(refused);
        let token = trace.step("the subject token is an ID token of the client", token)?;
        let scope = asked.scope(request.parameters).map_err(refused);
        let scope = trace.step("the scopes asked for may be in it", scope)?;
        let email = serde_json::from_str::<Map<String, Value>>(&token.payload).ok();
        let email = email.and_then(|claims| claims.get("email")?.as_str().map(Box::from));
        Ok(Box::new(Pending {
            token,
            assertion: Box::new(IdentityAssertion {
                audience: asked.audience,
                client_id: asked
                    .rules
                    .client_id()
                    .unwrap_or(request.client.client_id())
                    .into(),
                resource: asked.resource,
                scope,
                email,
            }),
        }))
    }
}

fn refused(error: IdentityAssertionError) -> ExchangeError {
    ExchangeError::IdentityAssertion(error)
}

/// What the form asks for.
struct Asked<'a> {
    rules: &'a IssuedAssertions,
    audience: Box<str>,
    resource: Option<Box<str>>,
}

impl<'a> Asked<'a> {
    fn read(request: &FlowRequest<'a>) -> Result<Self, IdentityAssertionError> {
        use IdentityAssertionError as Error;
        let FlowRequest {
            client, parameters, ..
        } = *request;
        if client.is_public() {
            return Err(Error::PublicClient);
        }
        let rules = client.assertions().issued().ok_or(Error::NotAllowed)?;
        if parameters.value("subject_token").is_none() {
            return Err(Error::Missing("subject_token"));
        }
        let declared = parameters.value("subject_token_type");
        if declared.and_then(|kind| TokenType::from_urn(&kind)) != Some(TokenType::IdToken) {
            return Err(Error::SubjectTokenType);
        }
        let audience = single(parameters, "audience")?.ok_or(Error::Missing("audience"))?;
        if !rules.audiences().iter().any(|known| **known == *audience) {
            return Err(Error::Audience);
        }
        let resource = single(parameters, "resource")?;
        if resource.as_deref().is_some_and(|text| !is_resource(text)) {
            return Err(Error::Resource);
        }
        Ok(Self {
            rules,
            audience: audience.into(),
            resource: resource.map(Box::from),
        })
    }

    /// The scopes asked for, as one text.
    fn scope(&self, parameters: &Parameters) -> Result<Option<Box<str>>, IdentityAssertionError> {
        let text = parameters.value("scope").unwrap_or_default();
        let names: Vec<&str> = text.split_ascii_whitespace().collect();
        let allowed = self.rules.scopes();
        let other = names
            .iter()
            .find(|name| !allowed.is_empty() && !allowed.iter().any(|known| **known == ***name));
        match other {
            Some(name) => Err(IdentityAssertionError::Scope((*name).into())),
            None if names.is_empty() => Ok(None),
            None => Ok(Some(names.join(" ").into())),
        }
    }
}

fn single<'p>(
    parameters: &'p Parameters,
    name: &'static str,
) -> Result<Option<Cow<'p, str>>, IdentityAssertionError> {
    let mut values = parameters.values(name);
    let first = values.next();
    match values.next() {
        Some(_) => Err(IdentityAssertionError::Several(name)),
        None => Ok(first),
    }
}

fn read(
    request: &FlowRequest<'_>,
    trace: &mut DecisionTrace,
) -> Result<ReadToken, IdentityAssertionError> {
    use IdentityAssertionError as Error;
    let text = request
        .parameters
        .value("subject_token")
        .unwrap_or_default();
    let foreign = UnverifiedJws::parse(&text, request.jws_limits)
        .ok()
        .and_then(|jws| jws.peek_issuer().ok().flatten())
        .is_some_and(|issuer| *issuer != *request.issuer);
    if foreign {
        return Err(Error::Issuer);
    }
    let token = request.subject_token_of(&text, TakenTypes::Any, trace);
    let token = token.map_err(|error| match error {
        SubjectTokenError::Issuer => Error::Issuer,
        other => Error::SubjectToken(other),
    })?;
    if *token.kind != *"ID" {
        return Err(Error::NoIdToken);
    }
    if *token.authorized_party != *request.client.client_id() {
        return Err(Error::OtherClient);
    }
    if token.has_actor || token.has_may_act {
        return Err(Error::Actor);
    }
    Ok(token)
}

#[derive(Debug)]
struct Pending {
    token: ReadToken,
    assertion: Box<IdentityAssertion>,
}

impl PendingFlow for Pending {
    fn subject(&self) -> Option<&ReadToken> {
        Some(&self.token)
    }

    fn facts_needed(&self) -> FactsNeeded {
        self.token.facts_needed()
    }

    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let FlowRequest {
            realm,
            client,
            moment,
            ..
        } = *request;
        let subject = self.token.verify_as_input(realm, facts, moment);
        let subject = subject.map_err(|error| refused(IdentityAssertionError::SubjectToken(error)));
        let subject = trace.step("the subject's session and user are there", subject)?;
        let user = Arc::clone(subject.user());
        let roles = effective_roles(realm, &user);
        let asker = request.asker(&user, &roles, facts);
        let active = ActiveScopes::select_for(realm, client, "", &asker, None);
        let granted = consented(client, &user, active.scopes().iter().copied());
        let granted = granted
            .then_some(())
            .ok_or_else(|| ExchangeError::ConsentMissing(client.client_id().into()));
        trace.step("the user has consented", granted)?;
        let session = match subject.session() {
            None => PlannedSession::Transient { notes: Vec::new() },
            Some(session) => PlannedSession::Existing {
                session: Arc::clone(session),
                kind: session.kind,
                join: Vec::new(),
                transient_client: true,
                named: false,
            },
        };
        let mut expires = moment.now.after(IdentityAssertion::LIFETIME);
        if realm.profile() == Profile::Strict {
            expires = expires.min(subject.token().expires());
        }
        let scope = self.assertion.scope.as_deref();
        Ok(Plan {
            issued_token_type: Some(TokenType::IdentityAssertion),
            bound: subject.token().confirmation().cloned(),
            expires_by: Some(expires),
            lineage: Lineage::below(subject.token(), false).map_err(too_long)?,
            answer_scope: Some(scope.unwrap_or_default().into()),
            output: Output::IdentityAssertion(self.assertion),
            ..Plan::new(client.number(), user, session, GrantCode::StandardExchange)
        })
    }
}
