//! Telling a scenario to the engine.

use std::{borrow::Cow, sync::Arc};

use cambist::{
    crypto::CryptoProvider,
    decision::{Decision, Denial},
    effects::{Effect, Effects},
    endpoint::{AnswerBody, EndpointAnswer, SealedAnswer},
    engine::{AuthenticatedRequest, Engine, PendingRequest, Progress, TokenRequest},
    moment::Moment,
    outcome::Outcome,
    outside::{IssuerKeys, Outside, OutsideNeeded},
    realm::document::{RealmDocument, SecretSource},
    refusal::Refusal,
    request::Envelope,
    trace::DecisionTrace,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Change, Endpoint, Mismatch, Scenario, ScenarioError, StandIn, Step,
    expectation::{Came, compare},
    words::{Answers, fill},
};
use crate::{fixed_entropy::FixedEntropy, world::World};

/// What came of a scenario.
#[derive(Debug)]
pub struct Told {
    /// How many requests were sent.
    pub steps: usize,
    /// How many decisions on an exchange were made again from their trace, and came out the same.
    pub replayed: usize,
    /// What came out otherwise.
    pub mismatches: Vec<Mismatch>,
}

impl Scenario {
    /// Sends the requests in order and compares. A step that comes out otherwise does not keep the later ones
    /// from being told, unless they build on it.
    ///
    /// # Errors
    ///
    /// The scenario cannot be told.
    pub fn tell(&self, provider: Arc<dyn CryptoProvider>) -> Result<Told, ScenarioError> {
        let servers = self.stand_in(&*provider)?;
        let cryptography = Arc::clone(&provider);
        self.tell_asking(provider, &servers, &|needed| {
            servers.answer(needed, &*cryptography)
        })
    }

    /// The other servers that the scenario has.
    ///
    /// # Errors
    ///
    /// Tokens that it names cannot be signed.
    pub fn stand_in(&self, provider: &dyn CryptoProvider) -> Result<StandIn, ScenarioError> {
        StandIn::new(self, provider)
    }

    /// As [`tell`](Self::tell), and asks the other servers in a way of the caller's own.
    ///
    /// # Errors
    ///
    /// The scenario cannot be told.
    pub fn tell_asking(
        &self,
        provider: Arc<dyn CryptoProvider>,
        servers: &StandIn,
        ask: &dyn Fn(&OutsideNeeded) -> Outside,
    ) -> Result<Told, ScenarioError> {
        let document = self.realm.as_deref().ok_or(ScenarioError::RealmMissing)?;
        let mut teller = Teller {
            world: World::new(document.clone(), &*provider)?,
            document: document.clone(),
            issuer: format!("https://id.example/realms/{}", document.realm),
            engine: Engine::builder(Arc::clone(&provider)).tracing(true).build(),
            provider,
            now: self.at,
            answers: servers.tokens.clone(),
            ask,
            asked: Vec::new(),
            used: Vec::new(),
            seed: 0,
        };
        let mut mismatches = Vec::new();
        let mut replayed = 0_usize;
        let mut told = Vec::new();
        for step in &self.steps {
            let step = step.clone().after(&told)?;
            teller.now = teller.now.saturating_add(step.after.into());
            teller.change(&step)?;
            let mut came = teller.ask(&step)?;
            came.asked = core::mem::take(&mut teller.asked);
            mismatches.extend(compare(&step.name, &step.expect, &came));
            match teller.replay(&came.trace) {
                Replayed::Not => {}
                Replayed::Same => replayed = replayed.saturating_add(1),
                Replayed::Otherwise(again) => mismatches.push(Mismatch {
                    step: step.name.clone(),
                    place: "replay".to_owned(),
                    expected: came.trace,
                    came: again,
                }),
            }
            teller.answers.insert(step.name.clone(), came.answer);
            told.push(step);
        }
        Ok(Told {
            steps: self.steps.len(),
            replayed,
            mismatches,
        })
    }
}

/// What came of a decision made again from its trace.
enum Replayed {
    /// It cannot be made again.
    Not,
    Same,
    /// The trace of something else.
    Otherwise(Value),
}

struct Teller<'a> {
    world: World,
    document: RealmDocument,
    issuer: String,
    engine: Engine,
    provider: Arc<dyn CryptoProvider>,
    now: i64,
    answers: Answers,
    ask: &'a dyn Fn(&OutsideNeeded) -> Outside,
    /// Addresses that were asked in this step.
    asked: Vec<String>,
    /// What was good once, and was used.
    used: Vec<Effect>,
    seed: u64,
}

impl Teller<'_> {
    fn change(&mut self, step: &Step) -> Result<(), ScenarioError> {
        let Change {
            disable_users,
            leave_organizations,
            disable_clients,
            remove_permissions,
            end_sessions,
        } = &step.change;
        let missing = |what, name: &String| ScenarioError::Change {
            step: step.name.clone(),
            what,
            name: name.clone(),
        };
        for name in disable_users.iter().chain(leave_organizations) {
            let user = self
                .world
                .users
                .values_mut()
                .find(|it| it.username == *name);
            let user = Arc::make_mut(user.ok_or_else(|| missing("user", name))?);
            if disable_users.contains(name) {
                user.enabled = false;
            }
            if leave_organizations.contains(name) {
                user.organizations.clear();
            }
        }
        for name in disable_clients {
            let client = self.document.clients.iter_mut().find(|it| it.id == *name);
            client.ok_or_else(|| missing("client", name))?.enabled = false;
        }
        for name in remove_permissions {
            let place = self
                .document
                .permissions
                .iter()
                .position(|it| it.name == *name);
            let place = place.ok_or_else(|| missing("permission", name))?;
            self.document.permissions.remove(place);
        }
        if !disable_clients.is_empty() || !remove_permissions.is_empty() {
            self.world.realm = World::new(self.document.clone(), &*self.provider)?.realm;
        }
        if *end_sessions {
            self.world.sessions.clear();
        }
        Ok(())
    }

    fn ask(&mut self, step: &Step) -> Result<Came, ScenarioError> {
        let body = self.body(step)?;
        let authorization = step.authorization.as_ref();
        let authorization = authorization
            .map(|text| self.fill(step, text))
            .transpose()?;
        let issuer = self.issuer.clone();
        let envelope = Envelope {
            issuer: &issuer,
            authorization: authorization.as_deref(),
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let keys = self.client_keys(&envelope, body.as_bytes());
        let envelope = Envelope {
            client_keys: keys.as_ref(),
            ..envelope
        };
        Ok(match step.to.unwrap_or(Endpoint::Token) {
            Endpoint::Token => self.token(&envelope, body.as_bytes()),
            other => self.sibling(other, &envelope, body.as_bytes()),
        })
    }

    /// Keys that the client needs to be believed, where somebody publishes them.
    fn client_keys(&mut self, envelope: &Envelope<'_>, body: &[u8]) -> Option<Arc<IssuerKeys>> {
        let realm = &self.world.realm;
        let needed = self.engine.client_keys_needed(realm, envelope, body)?;
        self.asked.push(needed.url.to_string());
        match (self.ask)(&OutsideNeeded::Keys(needed)) {
            Outside::Keys(keys) => Some(keys),
            _ => None,
        }
    }

    fn token(&mut self, envelope: &Envelope<'_>, body: &[u8]) -> Came {
        let realm = Arc::clone(&self.world.realm);
        let settled = self
            .engine
            .receive(realm, envelope, body, Moment::utc(self.now))
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)
            .map_or_else(
                |denial| Settled::Decided(Decision::Deny(denial)),
                |pending| self.settle(pending),
            );
        match settled {
            Settled::HandedOver(outcome) => self.permitted(outcome),
            Settled::Decided(Decision::Deny(denial)) => self.denied(denial),
            Settled::Decided(Decision::Permit(grant)) => {
                self.seed = self.seed.wrapping_add(1_000);
                let outcome = grant
                    .prepare(&mut FixedEntropy::new(self.seed))
                    .and_then(cambist::mint::UnsignedExchange::sign);
                match outcome {
                    Ok(outcome) => self.permitted(outcome),
                    Err(refusal) => told(&refusal),
                }
            }
        }
    }

    /// Makes a decision again from its trace alone, in the realm as it is.
    fn replay(&self, trace: &Value) -> Replayed {
        let Ok(trace) = DecisionTrace::deserialize(trace) else {
            return Replayed::Not;
        };
        match self.engine.replay(&trace, Arc::clone(&self.world.realm)) {
            Err(_) => Replayed::Not,
            Ok(again) if trace.agrees_with(&again) => Replayed::Same,
            Ok(again) => Replayed::Otherwise(serde_json::to_value(&again).unwrap_or_default()),
        }
    }

    /// Brings facts, and what other servers say, until the request is decided.
    fn settle(&mut self, pending: PendingRequest) -> Settled {
        let mut progress = Progress::Facts(pending);
        loop {
            progress = match progress {
                Progress::Decided(decision) => return Settled::Decided(decision),
                Progress::HandedOver(outcome) => return Settled::HandedOver(outcome),
                Progress::Facts(pending) => {
                    let facts = self.world.facts(&pending.facts_needed());
                    pending.proceed(&facts)
                }
                Progress::Outside(asking) => {
                    let needed = asking.outside_needed();
                    self.asked.push(match &needed {
                        OutsideNeeded::Keys(keys) => keys.url.to_string(),
                        OutsideNeeded::Resource(resource) => resource.url.to_string(),
                    });
                    asking.answer((self.ask)(&needed))
                }
            };
        }
    }

    fn permitted(&mut self, outcome: Outcome) -> Came {
        let trace = serde_json::to_value(outcome.trace()).unwrap_or_default();
        let effects = kinds(outcome.effects());
        let committed = outcome.commit(|effects| self.apply(effects));
        match committed {
            Ok(response) => Came {
                status: 200,
                answer: json(&response.body()),
                trace,
                effects,
                ..Came::default()
            },
            Err(UsedBefore) => Came {
                trace,
                effects,
                ..used_before()
            },
        }
    }

    fn denied(&mut self, mut denial: Denial) -> Came {
        let trace = serde_json::to_value(denial.trace()).unwrap_or_default();
        let mut came = told(denial.refusal());
        let mut stored = Vec::new();
        if let Some(effects) = denial.take_effects() {
            stored = kinds(&effects);
            if self.apply(&effects).is_err() {
                came = used_before();
            }
        }
        Came {
            trace,
            effects: stored,
            ..came
        }
    }

    /// All of the effects, or none where one of them uses up what was used before.
    fn apply(&mut self, effects: &Effects) -> Result<(), UsedBefore> {
        let once = |effect: &&Effect| matches!(effect, Effect::UseOnce { .. });
        let uses: Vec<Effect> = effects.list().iter().filter(once).cloned().collect();
        if uses
            .iter()
            .any(|it| self.used.iter().any(|known| same_use(known, it)))
        {
            return Err(UsedBefore);
        }
        self.used.extend(uses);
        self.world.apply(effects);
        Ok(())
    }

    fn sibling(&mut self, to: Endpoint, envelope: &Envelope<'_>, body: &[u8]) -> Came {
        let (realm, moment) = (Arc::clone(&self.world.realm), Moment::utc(self.now));
        let engine = &self.engine;
        let sealed = match to {
            Endpoint::Introspect => {
                engine
                    .introspect(realm, envelope, body, moment)
                    .map(|pending| {
                        let facts = self.world.facts(&pending.facts_needed());
                        pending.answer(&facts)
                    })
            }
            Endpoint::Revoke => engine.revoke(realm, envelope, body, moment).map(|pending| {
                let facts = self.world.facts(&pending.facts_needed());
                pending.answer(&facts)
            }),
            Endpoint::Logout => engine
                .log_out(realm, envelope, body, moment)
                .map(|pending| {
                    let facts = self.world.facts(&pending.facts_needed());
                    pending.answer(&facts)
                }),
            Endpoint::Userinfo | Endpoint::Token => engine
                .user_info(realm, envelope, body, moment)
                .map(|pending| {
                    let facts = self.world.facts(&pending.facts_needed());
                    pending.answer(&facts)
                }),
        };
        self.commit(sealed.unwrap_or_else(|refused| refused))
    }

    fn commit(&mut self, sealed: SealedAnswer) -> Came {
        let (effects, open) = sealed.into_parts();
        self.world.apply(&effects);
        let kinds = kinds(&effects);
        answered(&open(effects.committed()), kinds)
    }

    /// The form with the client's id and secret.
    fn body(&self, step: &Step) -> Result<String, ScenarioError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if let Some(client) = &step.client {
            form.append_pair("client_id", client);
            if let Some(secret) = self.secret(step, client)? {
                form.append_pair("client_secret", &secret);
            }
        }
        for (name, values) in &step.form {
            for value in values.values() {
                form.append_pair(name, &self.fill(step, value)?);
            }
        }
        Ok(form.finish())
    }

    fn secret<'a>(
        &'a self,
        step: &'a Step,
        client: &str,
    ) -> Result<Option<Cow<'a, str>>, ScenarioError> {
        if let Some(secret) = &step.secret {
            return self.fill(step, secret).map(|secret| Some(secret.into()));
        }
        let known = self.document.clients.iter().find(|it| it.id == client);
        match known.and_then(|client| client.secret.as_ref()) {
            None => Ok(None),
            Some(SecretSource::Text(secret)) => Ok(Some(secret.expose().into())),
            Some(_) => Err(ScenarioError::Secret {
                step: step.name.clone(),
                client: client.to_owned(),
            }),
        }
    }

    fn fill(&self, step: &Step, text: &str) -> Result<String, ScenarioError> {
        fill(text, &self.answers).map_err(|word| ScenarioError::Word {
            step: step.name.clone(),
            word,
        })
    }
}

/// What a request comes to.
#[expect(clippy::large_enum_variant, reason = "moved once and consumed at once")]
enum Settled {
    /// Something may be minted, or nothing.
    Decided(Decision),
    /// A token of an identity provider is handed over.
    HandedOver(Outcome),
}

/// What was good once was used before.
struct UsedBefore;

/// What a server says then.
fn used_before() -> Came {
    Came {
        status: 400,
        answer: serde_json::json!({
            "error": "invalid_grant",
            "error_description": "Token reuse detected",
        }),
        ..Came::default()
    }
}

/// Whether both use up the same, until whenever.
fn same_use(one: &Effect, other: &Effect) -> bool {
    match (one, other) {
        (
            Effect::UseOnce { purpose, id, .. },
            Effect::UseOnce {
                purpose: other_purpose,
                id: other_id,
                ..
            },
        ) => purpose == other_purpose && id == other_id,
        _ => false,
    }
}

fn told(refusal: &Refusal) -> Came {
    let wire = refusal.wire();
    Came {
        status: wire.status,
        answer: json(wire.body().as_bytes()),
        ..Came::default()
    }
}

fn answered(answer: &EndpointAnswer, effects: Vec<String>) -> Came {
    Came {
        status: answer.status,
        answer: match &answer.body {
            AnswerBody::Json(body) => json(body),
            _ => Value::Null,
        },
        effects,
        ..Came::default()
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The names of effects as they are stored: `start-session`.
fn kinds(effects: &Effects) -> Vec<String> {
    let kind = |effect| match serde_json::to_value(effect) {
        Ok(Value::Object(members)) => members.into_iter().next().map(|(name, _)| name),
        Ok(Value::String(name)) => Some(name),
        _ => None,
    };
    effects.list().iter().filter_map(kind).collect()
}
