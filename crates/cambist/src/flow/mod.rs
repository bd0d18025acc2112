//! Flows: one file a grant, and for token exchange one file a kind of exchange.
//!
//! A flow reads a request ([`Flow::begin`]), says which facts it needs, and from them makes a [`Plan`]: what
//! is to be minted, for whom, in which session. It cannot mint: only the decision turns a plan into a
//! [`Grant`](crate::decision::Grant), after the gate that every grant passes.

mod client_credentials;
mod elsewhere;
mod exchange;
mod granted_scopes;
mod jwt_bearer;
mod password;
mod plan;
mod refresh_token;
pub(crate) mod resource;

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};

pub(crate) use self::exchange::IMPERSONATOR_USERNAME;
pub use self::{
    exchange::ExchangeFlow,
    plan::{IdentityAssertion, Output, Plan, PlannedSession, RefreshOutput},
};
use crate::{
    claims::ScopeAsker,
    client_auth::ClientProof,
    client_policy::Restrictions,
    crypto::CryptoProvider,
    decision::Refused,
    facts::{Facts, FactsNeeded, User},
    jose::JwsLimits,
    moment::Moment,
    outside::{Outside, OutsideNeeded},
    policy::EvaluationContext,
    proof::Possession,
    realm::{Client, Features, Realm, RoleSet},
    refusal::Refusal,
    request::{GrantType, Parameters},
    secret::Secret,
    subject::{
        ProviderKind, ReadToken, SignatureMemory, SubjectTokenError, TakenTypes, read_access_token,
        read_remembering,
    },
    trace::{DecisionTrace, RecordedToken},
};

/// What a flow sees of a request. The client is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct FlowRequest<'a> {
    /// The realm.
    pub realm: &'a Realm,
    /// The requester.
    pub client: &'a Client,
    /// The form.
    pub parameters: &'a Parameters,
    /// The realm's issuer.
    pub issuer: &'a str,
    /// Address of the caller.
    pub remote_address: Option<&'a str>,
    /// The instant of the request.
    pub moment: Moment,
    /// Signatures that held before, where the engine remembers them.
    pub(crate) signatures: Option<&'a SignatureMemory>,
    /// Bounds of tokens.
    pub jws_limits: &'a JwsLimits,
    /// Keys that the requester has shown to hold.
    pub possession: &'a Possession,
    /// Hashes for mappers that need one.
    pub provider: &'a dyn CryptoProvider,
    /// How the client has proved itself.
    pub authenticated_by: ClientProof,
    /// What the realm's client policies take from the request. Empty for a flow that asks them itself.
    pub restrictions: &'a Restrictions,
    /// In a replay or an explanation: the subject token as it was read, in the place of its text.
    pub read: Option<&'a ReadToken>,
    /// In a replay: the actor token as it was read.
    pub(crate) read_actor: Option<&'a ReadToken>,
}

impl FlowRequest<'_> {
    /// Reads a subject token of this realm ([`read_access_token`]); where the request brings one that was
    /// read before, it is that.
    ///
    /// # Errors
    ///
    /// Why it does not stand for itself.
    pub fn read_token(
        &self,
        text: &str,
        types: TakenTypes,
    ) -> Result<ReadToken, SubjectTokenError> {
        match self.read {
            Some(token) => Ok(token.clone()),
            None => read_remembering(
                self.realm,
                self.issuer,
                text,
                types,
                self.moment,
                self.jws_limits,
                self.signatures.map(|memory| (memory, self.provider)),
            ),
        }
    }

    /// The same for the subject token of an exchange, with a note of it in the trace.
    pub(crate) fn subject_token(
        &self,
        text: &str,
        trace: &mut DecisionTrace,
    ) -> Result<ReadToken, SubjectTokenError> {
        self.subject_token_of(text, TakenTypes::AccessTokens, trace)
    }

    /// The same for one of these types.
    pub(crate) fn subject_token_of(
        &self,
        text: &str,
        types: TakenTypes,
        trace: &mut DecisionTrace,
    ) -> Result<ReadToken, SubjectTokenError> {
        let token = self.read_token(text, types)?;
        if let Some(inputs) = trace.inputs.as_deref_mut() {
            inputs.subject_token = Some(RecordedToken::of(&token, text, self.provider));
        }
        Ok(token)
    }

    /// The same for an actor token.
    pub(crate) fn actor_token(
        &self,
        text: &str,
        trace: &mut DecisionTrace,
    ) -> Result<ReadToken, SubjectTokenError> {
        let token = match self.read_actor {
            Some(token) => token.clone(),
            None => read_access_token(
                self.realm,
                self.issuer,
                text,
                TakenTypes::AccessTokens,
                self.moment,
                self.jws_limits,
            )?,
        };
        if let Some(inputs) = trace.inputs.as_deref_mut() {
            inputs.actor_token = Some(RecordedToken::of(&token, text, self.provider));
        }
        Ok(token)
    }
}

impl<'a> FlowRequest<'a> {
    /// What surrounds a question to the permissions that the requester asks.
    #[must_use]
    pub fn context(&self) -> EvaluationContext<'a> {
        EvaluationContext {
            client_id: self.client.client_id(),
            remote_address: self.remote_address,
            moment: self.moment,
        }
    }

    /// For whom scopes are chosen.
    fn asker<'b>(&self, user: &'b User, roles: &'b RoleSet, facts: &'b Facts) -> ScopeAsker<'b>
    where
        'a: 'b,
    {
        ScopeAsker {
            user,
            roles,
            facts,
            context: self.context(),
        }
    }
}

/// A grant.
pub trait Flow: Send + Sync + core::fmt::Debug {
    /// The value of `grant_type` that it answers.
    fn grant_type(&self) -> GrantType;

    /// Parameters that may occur more than once. Default: none.
    fn repeatable(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether the features in force allow it. Default: always.
    fn available(&self, features: Features) -> bool {
        let _ = features;
        true
    }

    /// What is refused before the realm's client policies are asked: that nothing here takes such a request.
    /// Called only in a realm that has client policies; `begin` must refuse the same. Default: nothing.
    ///
    /// # Errors
    ///
    /// Why nothing takes it.
    fn precheck(&self, request: &FlowRequest<'_>) -> Result<(), Refusal> {
        let _ = request;
        Ok(())
    }

    /// Whether the flow asks the realm's client policies itself, as it has to believe an assertion first
    /// ([`PolicyRequest::with_assertion`](crate::client_policy::PolicyRequest::with_assertion)). What they
    /// take goes into [`Plan::restrictions`]. Default: no, they are asked before `begin`.
    fn asks_client_policies(&self) -> bool {
        false
    }

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

/// A flow that waits for facts. It is owned, so that it may wait as long as it takes.
pub trait PendingFlow: Send + Sync + core::fmt::Debug {
    /// What it waits for.
    fn facts_needed(&self) -> FactsNeeded;

    /// The subject token that it has read, where it exchanges one of this realm. Default: none, so that whoever
    /// needs it reads, and verifies, it again.
    fn subject(&self) -> Option<&ReadToken> {
        None
    }

    /// Goes on with the facts.
    ///
    /// # Errors
    ///
    /// Why nothing is granted.
    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused>;

    /// Goes on with the facts, where the flow may have to ask outside, or for more facts, before it can
    /// decide. Default: it decides.
    ///
    /// # Errors
    ///
    /// Why nothing is granted.
    fn proceed(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<NextStep, Refused> {
        self.decide(request, facts, trace)
            .map(|plan| NextStep::Plan(Box::new(plan)))
    }
}

/// What follows once a flow has its facts.
#[derive(Debug)]
pub enum NextStep {
    /// It knows what it wants.
    Plan(Box<Plan>),
    /// It needs more facts.
    Facts(Box<dyn PendingFlow>),
    /// It asks outside.
    Outside(Box<dyn AskingFlow>),
    /// It hands over a token that an identity provider gave: nothing is minted.
    Handover(Box<Handover>),
}

/// A token of an identity provider that is handed over.
#[derive(Debug)]
pub struct Handover {
    /// Requester, user and session, for the gate. Nothing is minted from it.
    pub plan: Plan,
    /// The token.
    pub token: Secret,
    /// It is an ID token.
    pub id_token: bool,
    /// Seconds that it lives; 0 when that is not known.
    pub expires_in: i64,
}

/// A flow that waits for what another server says.
pub trait AskingFlow: Send + Sync + core::fmt::Debug {
    /// What it waits for.
    fn outside_needed(&self) -> OutsideNeeded;

    /// Goes on with what came.
    ///
    /// # Errors
    ///
    /// Why nothing is granted.
    fn answer(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        outside: Outside,
        trace: &mut DecisionTrace,
    ) -> Result<NextStep, Refused>;
}

/// The built-in flows; `exchanges` are kinds of exchange of the embedder's own, asked before the built-in
/// ones; `providers` are all kinds of identity providers.
pub(crate) fn builtin(
    exchanges: Vec<Arc<dyn ExchangeFlow>>,
    providers: Arc<[Arc<dyn ProviderKind>]>,
) -> Vec<Arc<dyn Flow>> {
    let mut flows: Vec<Arc<dyn Flow>> = vec![
        Arc::new(password::Password),
        Arc::new(client_credentials::ClientCredentials),
        Arc::new(refresh_token::RefreshToken),
        Arc::new(exchange::TokenExchange::with(exchanges, providers)),
        Arc::new(jwt_bearer::JwtBearer),
    ];
    flows.extend(elsewhere::flows());
    flows
}
