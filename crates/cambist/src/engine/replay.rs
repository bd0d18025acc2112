//! Replay: a decision made again from its trace alone.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{AuthenticatedRequest, Core, Engine};
use crate::{
    client_auth::{ClientAuthMethod, ClientProof},
    client_policy::Restrictions,
    decision::Decision,
    event::Event,
    moment::Moment,
    proof::Possession,
    realm::{ClientNo, Realm},
    request::{Form, GrantType, Parameters},
    subject::ReadToken,
    trace::{DecisionTrace, FORMAT, RecordedInputs, RecordedToken},
};

/// Why a decision cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The trace has another form than this version reads.
    #[error("the trace has form {format}, and this version reads form {FORMAT}")]
    Format {
        /// Its form.
        format: u32,
    },
    /// The request ended at a check that stands on credentials, and a trace keeps none.
    #[error("the request ended at a check of credentials, of which a trace keeps none")]
    EndedEarly,
    /// Only token exchanges are made again.
    #[error("only a token exchange can be replayed")]
    NotAnExchange,
    /// The decision stood on a token of another issuer, or on what another server said.
    #[error("the decision stood on what was read outside the realm")]
    Outside,
    /// The realm has another name.
    #[error("the trace is of realm `{recorded}`, not of `{given}`")]
    OtherRealm {
        /// Its realm.
        recorded: Box<str>,
        /// The realm given.
        given: Box<str>,
    },
    /// The requester is not in the realm any more.
    #[error("the realm has no client `{client}`")]
    NoClient {
        /// Its `client_id`.
        client: Box<str>,
    },
    /// What was recorded cannot be read.
    #[error("the recorded {0} cannot be read")]
    Unreadable(&'static str),
}

impl Engine {
    /// Makes a recorded decision again, in this snapshot of the realm, from what the trace recorded and
    /// nothing else. In the snapshot of the trace's own version the new trace
    /// [agrees](DecisionTrace::agrees_with) with the old one; in a changed one it says what the change does.
    ///
    /// What stood on credentials is taken as recorded: that the requester was who it said, and that the
    /// subject token was signed by the realm. Nothing is minted.
    ///
    /// # Errors
    ///
    /// Why this decision cannot be made again.
    pub fn replay(
        &self,
        trace: &DecisionTrace,
        realm: Arc<Realm>,
    ) -> Result<DecisionTrace, ReplayError> {
        if trace.format != FORMAT {
            return Err(ReplayError::Format {
                format: trace.format,
            });
        }
        if trace.realm != realm.name() {
            return Err(ReplayError::OtherRealm {
                recorded: trace.realm.as_str().into(),
                given: realm.name().into(),
            });
        }
        let inputs = trace.inputs.as_deref().ok_or(ReplayError::EndedEarly)?;
        let request = self.recorded_request(inputs, realm)?;
        let pending = match request.begin() {
            Ok(pending) => pending,
            Err(denial) => return Ok(denial.trace().clone()),
        };
        let facts = inputs.facts.as_ref().ok_or(ReplayError::EndedEarly)?;
        Ok(match pending.decide(&facts.facts()) {
            Decision::Permit(grant) => grant.trace().clone(),
            Decision::Deny(denial) => denial.trace().clone(),
        })
    }

    fn recorded_request(
        &self,
        inputs: &RecordedInputs,
        realm: Arc<Realm>,
    ) -> Result<AuthenticatedRequest, ReplayError> {
        let pairs: Vec<(&str, &str)> = inputs
            .parameters
            .iter()
            .map(|parameter| {
                let value = parameter.value.as_deref().or(parameter.sha256.as_deref());
                (&*parameter.name, value.unwrap_or_default())
            })
            .collect();
        let parameters = Parameters::new(Form::of(pairs));
        let exchange = GrantType::TOKEN_EXCHANGE;
        if parameters.value("grant_type").as_deref() != Some(exchange.as_str()) {
            return Err(ReplayError::NotAnExchange);
        }
        let read = match &inputs.subject_token {
            Some(token) => Some(read_again(&realm, token, "subject token")?),
            None if parameters.raw("subject_token").is_none() => None,
            None if parameters.raw("subject_issuer").is_some() => return Err(ReplayError::Outside),
            None => return Err(ReplayError::EndedEarly),
        };
        let read_actor = match &inputs.actor_token {
            Some(token) => Some(read_again(&realm, token, "actor token")?),
            // It was refused, or the request ended before it.
            None if parameters.raw("actor_token").is_some() && realm.takes_actors() => {
                return Err(ReplayError::EndedEarly);
            }
            None => None,
        };
        let client = realm
            .client_by_id(&inputs.requester)
            .ok_or_else(|| ReplayError::NoClient {
                client: inputs.requester.as_str().into(),
            })?
            .number();
        let proof = inputs.client_proof();
        let proof = proof.ok_or(ReplayError::Unreadable("client authentication"))?;
        let said = self.taken_as_said(realm, client, parameters, &inputs.issuer, inputs.moment);
        let mut said = said.ok_or(ReplayError::NotAnExchange)?;
        said.core.remote_address = inputs.remote_address.as_deref().map(Box::from);
        said.core.possession = inputs.possession();
        said.core.authenticated_by = proof;
        said.core.read = read.map(Box::new);
        said.core.read_actor = read_actor.map(Box::new);
        Ok(said)
    }

    /// A request for an exchange whose requester is taken as said. It is traced. `None`: the engine answers
    /// no exchanges, or the realm has no such client.
    pub(super) fn taken_as_said(
        &self,
        realm: Arc<Realm>,
        client: ClientNo,
        parameters: Parameters,
        issuer: &str,
        moment: Moment,
    ) -> Option<AuthenticatedRequest> {
        let flow = self.exchange_flow()?;
        let mut event = Event::new(realm.name(), Some(GrantType::TOKEN_EXCHANGE));
        event.client = Some(realm.client(client)?.client_id().into());
        Some(AuthenticatedRequest {
            client,
            core: Core {
                engine: self.clone(),
                trace: DecisionTrace::new(&realm, true),
                realm,
                flow,
                parameters,
                issuer: issuer.into(),
                origin: None,
                remote_address: None,
                proof: None,
                certificate: None,
                possession: Possession::default(),
                moment,
                event,
                used: Vec::new(),
                authenticated_by: ClientProof {
                    method: ClientAuthMethod::ClientSecret,
                    algorithm: None,
                },
                restrictions: Restrictions::NONE,
                read: None,
                read_actor: None,
            },
        })
    }

    /// The flow that answers token exchanges.
    fn exchange_flow(&self) -> Option<Arc<dyn super::Flow>> {
        let mut flows = self.0.flows.iter();
        flows
            .find(|flow| flow.grant_type() == GrantType::TOKEN_EXCHANGE)
            .cloned()
    }
}

fn read_again(
    realm: &Realm,
    token: &RecordedToken,
    what: &'static str,
) -> Result<ReadToken, ReplayError> {
    let unreadable = ReplayError::Unreadable(what);
    let claims = serde_json::to_string(&token.claims).map_err(|_| unreadable.clone())?;
    ReadToken::of_claims(realm, &claims).map_err(|_| unreadable)
}
