//! Delegation (RFC 8693 sections 1.1, 2.1, 4.1, 4.4): somebody acts for the subject, who stays the subject.
//!
//! It is laid around every kind of exchange, in realms that take actor tokens: whatever a kind of exchange makes
//! of the subject token, the actor is judged in one place. Where nobody acts, a subject token that says who acts
//! or may act goes no further: the chain would be lost.
//!
//! Subject and actor are of one flow when the requester is party to both, so that neither token can have been
//! picked up elsewhere, and the subject has chosen the actor: the subject token is the requester's or for it, the
//! actor token was issued to the requester, and `may_act` names the actor. Where the subject names nobody, only
//! the requester itself may act, by its own service account.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde_json::{Map, Value};

use super::{Relation, too_long};
use crate::{
    decision::Refused,
    facts::{ActorQuery, Facts, FactsNeeded, User, UserQuery},
    flow::{FlowRequest, NextStep, Output, PendingFlow, Plan},
    moment::Timestamp,
    policy::{EvaluationContext, Identity, can_delegate},
    realm::{Client, Realm},
    refusal::{DelegationError, ExchangeError, Refusal},
    request::TokenType,
    subject::{Actor, ActorChain, Lineage, MayAct, ReadToken, TakenTypes},
    trace::DecisionTrace,
};

/// Reads the actor token of the request, if there is one, and lays what follows from it around an exchange.
///
/// # Errors
///
/// What is wrong with the actor token, as far as that shows without facts.
pub(super) fn delegated(
    request: &FlowRequest<'_>,
    inner: Box<dyn PendingFlow>,
    trace: &mut DecisionTrace,
) -> Result<Box<dyn PendingFlow>, Refusal> {
    let given = |name| request.parameters.value(name).is_some();
    if !given("actor_token") {
        let alone = given("actor_token_type").then_some(DelegationError::TypeAlone);
        let alone = alone.map_or(Ok(()), Err).map_err(refused);
        trace.step("nobody acts", alone)?;
        return Ok(Box::new(Delegated {
            inner,
            acting: None,
        }));
    }
    let acting = Acting::read(request, inner.subject(), trace).map_err(refused);
    let acting = trace.step(
        "the actor token stands for itself and is the client's",
        acting,
    )?;
    Ok(Box::new(Delegated {
        inner,
        acting: Some(Box::new(acting)),
    }))
}

fn refused(error: DelegationError) -> ExchangeError {
    ExchangeError::Delegation(error)
}

/// An exchange in a realm that takes actor tokens.
#[derive(Debug)]
struct Delegated {
    inner: Box<dyn PendingFlow>,
    acting: Option<Box<Acting>>,
}

impl PendingFlow for Delegated {
    fn facts_needed(&self) -> FactsNeeded {
        let mut needed = self.inner.facts_needed();
        if let Some(acting) = &self.acting {
            acting.ask(&mut needed);
        }
        needed
    }

    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let Self { inner, acting } = *self;
        let plan = inner.decide(request, facts, trace)?;
        judge(acting, request, facts, plan, trace)
    }

    fn proceed(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<NextStep, Refused> {
        let Self { inner, acting } = *self;
        match inner.proceed(request, facts, trace)? {
            NextStep::Plan(plan) => {
                let plan = judge(acting, request, facts, *plan, trace)?;
                Ok(NextStep::Plan(Box::new(plan)))
            }
            NextStep::Facts(inner) => Ok(NextStep::Facts(Box::new(Self { inner, acting }))),
            // Subjects of other issuers are not acted for, and their tokens not handed over to who acts.
            _ if acting.is_some() => Err(refused(DelegationError::With("subject_issuer")).into()),
            other => Ok(other),
        }
    }
}

fn judge(
    acting: Option<Box<Acting>>,
    request: &FlowRequest<'_>,
    facts: &Facts,
    mut plan: Plan,
    trace: &mut DecisionTrace,
) -> Result<Plan, Refused> {
    let Some(acting) = acting else {
        let subject = plan
            .inputs
            .as_ref()
            .and_then(|inputs| inputs.subject.as_ref());
        let silent = !subject.is_some_and(|token| token.has_actor || token.has_may_act);
        let silent = silent.then_some(()).ok_or(DelegationError::NobodyActs);
        trace.step(
            "the subject token leaves no actor to be named",
            silent.map_err(refused),
        )?;
        return Ok(plan);
    };
    let given = only_access_token(request, &plan).map_err(refused);
    trace.step("an access token is asked for", given)?;
    let actor = Lineage::below(&acting.actor, false);
    let (chain, expires) = acting.act(request, facts, &plan, trace)?;
    plan.expires_by = Some(plan.expires_by.map_or(expires, |bound| bound.min(expires)));
    plan.actors = Some(Box::new(chain));
    plan.lineage = core::mem::take(&mut plan.lineage)
        .joined(actor.map_err(too_long)?)
        .map_err(too_long)?;
    plan.refresh = None;
    plan.id_token = false;
    plan.issued_token_type = Some(TokenType::AccessToken);
    Ok(plan)
}

/// Nothing that outlives the moment or speaks to another party: no refresh token, no ID token.
fn only_access_token(request: &FlowRequest<'_>, plan: &Plan) -> Result<(), DelegationError> {
    let asked = request.parameters.value("requested_token_type");
    let fits = asked.is_none_or(|kind| TokenType::from_urn(&kind) == Some(TokenType::AccessToken));
    (fits && plan.output == Output::AccessToken)
        .then_some(())
        .ok_or(DelegationError::OutputType)
}

/// An actor token with the subject token that it comes with.
#[derive(Debug)]
struct Acting {
    actor: ReadToken,
    subject: ReadToken,
    /// Who acted before.
    before: Option<ActorChain>,
    may_act: Option<MayAct>,
}

impl Acting {
    fn read(
        request: &FlowRequest<'_>,
        subject: Option<&ReadToken>,
        trace: &mut DecisionTrace,
    ) -> Result<Self, DelegationError> {
        let FlowRequest {
            client,
            parameters,
            issuer,
            possession,
            ..
        } = *request;
        for name in ["requested_subject", "requested_issuer", "subject_issuer"] {
            if parameters.value(name).is_some() {
                return Err(DelegationError::With(name));
            }
        }
        let kind = parameters.value("actor_token_type");
        let kind = kind.and_then(|kind| TokenType::from_urn(&kind));
        if kind != Some(TokenType::AccessToken) {
            return Err(DelegationError::ActorTokenType);
        }
        let text = parameters.value("actor_token").unwrap_or_default();
        let actor = request
            .actor_token(&text, trace)
            .map_err(DelegationError::ActorToken)?;
        if *actor.authorized_party != *client.client_id() {
            return Err(DelegationError::OtherClient);
        }
        if actor.has_actor {
            return Err(DelegationError::ActorActs);
        }
        if let Some(bound) = actor.confirmation() {
            possession
                .satisfies(bound)
                .map_err(DelegationError::Binding)?;
        }
        let subject = match subject {
            Some(token) => token.clone(),
            None => {
                let text = parameters.value("subject_token").unwrap_or_default();
                request
                    .read_token(&text, TakenTypes::AccessTokens)
                    .map_err(DelegationError::SubjectToken)?
            }
        };
        if Relation::of(client, &subject).any().is_err() {
            return Err(DelegationError::NotAddressed);
        }
        let claims: Map<alloc::string::String, Value> =
            serde_json::from_str(&subject.payload).unwrap_or_default();
        let before = claims
            .get("act")
            .map(|claim| ActorChain::read(claim, issuer))
            .transpose()?;
        let may_act = match claims.get("may_act") {
            Some(claim) => Some(MayAct::read(claim).ok_or(DelegationError::MayAct)?),
            None => None,
        };
        Ok(Self {
            actor,
            subject,
            before,
            may_act,
        })
    }

    fn ask(&self, needed: &mut FactsNeeded) {
        needed.actor = Some(ActorQuery {
            session: self.actor.session_query(),
            user: self.actor.user_query(),
        });
        needed.revocations.extend(self.actor.revocations());
        needed.named.extend(self.earlier().iter().map(by_id));
    }

    fn earlier(&self) -> &[Actor] {
        self.before.as_ref().map_or(&[], ActorChain::actors)
    }

    /// Judges the actor, and everybody who acted before, by what is true now. The chain that the new token
    /// tells, and when the actor token ends.
    fn act(
        self,
        request: &FlowRequest<'_>,
        facts: &Facts,
        plan: &Plan,
        trace: &mut DecisionTrace,
    ) -> Result<(ActorChain, Timestamp), ExchangeError> {
        let FlowRequest {
            realm,
            client,
            issuer,
            ..
        } = *request;
        let expires = self.actor.expires;
        let own = Facts {
            session: facts.actor.session.clone(),
            subject: facts.actor.user.clone(),
            revoked: facts.revoked.clone(),
            ..Facts::default()
        };
        let actor = self
            .actor
            .clone()
            .verify_as_input(realm, &own, request.moment);
        let actor = actor.map_err(|error| refused(DelegationError::ActorToken(error)));
        let actor = trace.step("the actor's session and user are there", actor)?;
        let actor: &Arc<User> = actor.user();
        let one_flow = self
            .one_flow(client, issuer, actor, &plan.user)
            .map_err(refused);
        trace.step("subject and actor are of one flow", one_flow)?;
        let may = permitted(request, &plan.user, actor, client, trace);
        let may = may.map_err(refused);
        trace.step("a permission lets the actor act for the subject", may)?;
        let earlier = self.earlier_still_may(request, facts, &plan.user, trace);
        let earlier = earlier.map_err(refused);
        trace.step("everybody who acted before still may", earlier)?;
        let newest = Actor {
            issuer: issuer.into(),
            subject: actor.id.as_str().into(),
            client: client.client_id().into(),
        };
        let chain = ActorChain::extended(newest, self.before);
        let chain = chain.map_err(|error| refused(error.into()));
        let chain = trace.step("the chain of actors is not too long", chain)?;
        trace.passed("who acts", || {
            let actors: Vec<&str> = chain.actors().iter().map(|actor| &*actor.subject).collect();
            Some(actors.join(", before that "))
        });
        Ok((chain, expires))
    }

    fn one_flow(
        &self,
        client: &Client,
        issuer: &str,
        actor: &User,
        subject: &User,
    ) -> Result<(), DelegationError> {
        if actor.id == subject.id {
            return Err(DelegationError::SameUser);
        }
        let Some(named) = &self.may_act else {
            let itself = actor.service_account_client.as_deref() == Some(client.uuid());
            return itself.then_some(()).ok_or(DelegationError::OtherFlow);
        };
        if named
            .issuer
            .as_deref()
            .is_some_and(|named| *named != *issuer)
        {
            return Err(DelegationError::OtherIssuer);
        }
        if *named.subject != *actor.id {
            return Err(DelegationError::OtherActor);
        }
        let other = |named: &str| *named != *client.client_id();
        if named.client.as_deref().is_some_and(other) {
            return Err(DelegationError::NamedClient);
        }
        Ok(())
    }

    fn earlier_still_may(
        &self,
        request: &FlowRequest<'_>,
        facts: &Facts,
        subject: &User,
        trace: &mut DecisionTrace,
    ) -> Result<(), DelegationError> {
        let realm: &Realm = request.realm;
        for earlier in self.earlier() {
            let user = facts.named(&by_id(earlier));
            let user = user.filter(|user| {
                user.enabled
                    && *user.id == *earlier.subject
                    && self.subject.issued >= user.not_before
            });
            let client = realm
                .client_by_id(&earlier.client)
                .filter(|client| client.enabled());
            let (Some(user), Some(client)) = (user, client) else {
                return Err(DelegationError::EarlierActor);
            };
            permitted(request, subject, user, client, trace)
                .map_err(|_| DelegationError::EarlierActor)?;
        }
        Ok(())
    }
}

fn by_id(actor: &Actor) -> UserQuery {
    UserQuery::Id(actor.subject.clone())
}

fn permitted(
    request: &FlowRequest<'_>,
    subject: &User,
    actor: &User,
    client: &Client,
    trace: &mut DecisionTrace,
) -> Result<(), DelegationError> {
    let context = EvaluationContext {
        client_id: client.client_id(),
        ..request.context()
    };
    let identity = Identity::stored_user(actor);
    let recording = trace.is_recording();
    let answer = can_delegate(request.realm, subject, &identity, &context, recording);
    trace.gate(answer).map_err(DelegationError::NotPermitted)
}
