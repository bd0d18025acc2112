//! The decision: the one gate that every grant passes, and the only place where a permit is made.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use crate::{
    effects::{Effect, Effects},
    engine::Engine,
    event::Event,
    flow::{Plan, PlannedSession},
    mint::resource::audience_of,
    moment::Moment,
    narrowing,
    proof::{BindingError, Confirmation, Possession},
    realm::Realm,
    refusal::Refusal,
    subject::{LivenessError, check_session},
    trace::DecisionTrace,
};

/// What came of a request.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "moved once and consumed; a box would cost an allocation"
)]
pub enum Decision {
    /// Something may be minted.
    Permit(Grant),
    /// Nothing is minted.
    Deny(Denial),
}

/// A permit. Only the gate in this module makes one, and minting takes it by value.
///
/// ```compile_fail
/// # use std::sync::Arc;
/// # use cambist::{decision::Grant, engine::Engine, event::Event, flow::Plan, moment::Moment, realm::Realm, trace::DecisionTrace};
/// # fn forged(engine: Engine, realm: Arc<Realm>, issuer: Arc<str>, plan: Plan, moment: Moment, event: Event, trace: DecisionTrace) -> Grant {
/// // The fields are private: a permit cannot be made by hand.
/// Grant { engine, realm, issuer, plan, resource: None, confirmation: None, moment, event, trace }
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Grant {
    pub(crate) engine: Engine,
    pub(crate) realm: Arc<Realm>,
    pub(crate) issuer: Arc<str>,
    pub(crate) plan: Plan,
    /// The audience that the plan's resource stands for: the only one of the access token.
    pub(crate) resource: Option<Box<str>>,
    pub(crate) confirmation: Option<Confirmation>,
    pub(crate) moment: Moment,
    pub(crate) event: Event,
    pub(crate) trace: DecisionTrace,
}

impl Grant {
    /// What was looked at.
    #[must_use]
    pub fn trace(&self) -> &DecisionTrace {
        &self.trace
    }

    /// What is to be minted.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the result is bound to.
    #[must_use]
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }
}

/// A refusal with what it leaves behind.
#[derive(Debug)]
pub struct Denial(Box<DenialParts>);

#[derive(Debug)]
struct DenialParts {
    refusal: Refusal,
    effects: Option<Effects>,
    event: Event,
    trace: DecisionTrace,
}

impl Denial {
    pub(crate) fn new(
        refusal: Refusal,
        effects: Vec<Effect>,
        mut event: Event,
        mut trace: DecisionTrace,
    ) -> Self {
        trace.refused(&refusal);
        let effects =
            (!effects.is_empty()).then(|| Effects::new(&event.realm, effects, u64::default()));
        event.error = Some(alloc::format!("{refusal}"));
        Self(Box::new(DenialParts {
            refusal,
            effects,
            event,
            trace,
        }))
    }

    /// Why.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.0.refusal
    }

    /// What happened, for the log.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.0.event
    }

    /// What was looked at.
    #[must_use]
    pub fn trace(&self) -> &DecisionTrace {
        &self.0.trace
    }

    /// What must be stored although nothing is granted: a counted failure, the end of a client session
    /// whose refresh token was used twice. To be committed before the refusal is sent.
    #[must_use]
    pub fn take_effects(&mut self) -> Option<Effects> {
        self.0.effects.take()
    }
}

/// A refusal by a flow, with writes that happen all the same.
#[derive(Debug)]
pub struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) effects: Vec<Effect>,
}

impl Refused {
    /// A refusal with writes.
    #[must_use]
    pub fn with_effects(refusal: impl Into<Refusal>, effects: Vec<Effect>) -> Self {
        Self {
            refusal: refusal.into(),
            effects,
        }
    }
}

impl<E: Into<Refusal>> From<E> for Refused {
    fn from(refusal: E) -> Self {
        Self {
            refusal: refusal.into(),
            effects: Vec::new(),
        }
    }
}

/// Who asks, when, and with what in hand.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) engine: Engine,
    pub(crate) realm: Arc<Realm>,
    pub(crate) issuer: Arc<str>,
    pub(crate) possession: Possession,
    pub(crate) moment: Moment,
    /// What its proofs use up, whatever the answer is.
    pub(crate) used: Vec<Effect>,
}

/// Passes a plan through the gate.
///
/// Whatever a flow has checked itself, under the names that the wire has for it, is checked here again
/// under one name, so that no path can leave one out.
pub(crate) fn permit(
    asked: Asked,
    mut plan: Plan,
    mut event: Event,
    mut trace: DecisionTrace,
) -> Decision {
    let Asked {
        engine,
        realm,
        issuer,
        possession,
        moment,
        used,
    } = asked;
    // A flow leaves them out itself, before it looks at audiences; none can forget to.
    if plan.restrictions.is_narrowed() {
        let restrictions = &plan.restrictions;
        plan.scopes.retain(|number| {
            realm
                .scope(*number)
                .is_some_and(|scope| restrictions.allow(scope))
        });
    }
    let stands = alive(&realm, &plan, moment)
        .map_err(Refusal::from)
        .and_then(|()| bind(&realm, &plan, &possession).map_err(Refusal::from));
    let stands = trace.step("everything the token stands on is there", stands);
    let mut resource = None;
    let judged = stands.and_then(|confirmation| {
        let audience = audience_of(&realm, &plan, &issuer, moment, engine.crypto());
        let audience = audience.map_err(Refusal::from);
        if plan.resource.is_some() {
            resource = trace.step("the resource is in the audience", audience)?;
        }
        narrowing::bound(&realm, &mut plan);
        if plan.inputs.is_none() {
            return Ok(confirmation);
        }
        let bound = confirmation.is_some();
        let held = narrowing::hold(
            &realm,
            &plan,
            &issuer,
            bound,
            moment,
            engine.crypto(),
            &mut trace,
        );
        let held = held.map_err(Refusal::from);
        trace.step("nothing is widened without a grant", held)?;
        Ok(confirmation)
    });
    match judged {
        Ok(confirmation) => {
            trace.permitted = true;
            plan.effects.extend(used);
            event.user = Some(plan.user.id.as_str().into());
            let newest = plan
                .actors
                .as_ref()
                .and_then(|chain| chain.actors().first());
            event.derived_from = plan.lineage.ids().map(Box::from).collect();
            event.actor = newest.map(|actor| actor.subject.clone());
            if let PlannedSession::Existing { session, .. } = &plan.session {
                event.session = Some(session.id.clone());
            }
            Decision::Permit(Grant {
                engine,
                realm,
                issuer,
                plan,
                resource,
                confirmation,
                moment,
                event,
                trace,
            })
        }
        Err(refusal) => Decision::Deny(Denial::new(refusal, used, event, trace)),
    }
}

/// What the result is bound to. A binding is never lost: what client and subject demand has been shown, or
/// nothing is minted.
fn bind(
    realm: &Realm,
    plan: &Plan,
    possession: &Possession,
) -> Result<Option<Confirmation>, BindingError> {
    let mut confirmation = None;
    if let Some(client) = realm.client(plan.client) {
        possession.suffices_for(client.tokens())?;
        confirmation = possession.bind(client.tokens(), plan.bound.as_ref());
    }
    if let Some(bound) = &plan.bound {
        possession.satisfies(bound)?;
    }
    Ok(confirmation)
}

fn alive(realm: &Realm, plan: &Plan, moment: Moment) -> Result<(), LivenessError> {
    if !realm.enabled() {
        return Err(LivenessError::RealmDisabled);
    }
    for client in [plan.client, plan.target] {
        if !realm
            .client(client)
            .is_some_and(crate::realm::Client::enabled)
        {
            return Err(LivenessError::ClientDisabled);
        }
    }
    if !plan.user.enabled {
        return Err(LivenessError::UserDisabled);
    }
    if let PlannedSession::Existing { session, .. } = &plan.session {
        if session.user != plan.user.id {
            return Err(LivenessError::NoUser);
        }
        check_session(realm, session, moment.now)?;
    }
    Ok(())
}
