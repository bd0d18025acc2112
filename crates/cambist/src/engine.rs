//! The engine: the entry, and the typed path of one request.
//!
//! Each step consumes the value before it, so none can be skipped, repeated or reordered. Values that wait
//! (for facts, for a signature, for a commit) are owned, `Send` and `'static`.

mod client_keys;
mod explain;
mod replay;

use alloc::{boxed::Box, sync::Arc, vec::Vec};

pub use self::{
    explain::{ExplainError, ExplainRequest, PendingExplanation},
    replay::ReplayError,
};
use crate::{
    client_auth::{self, ClientAuthMethod, ClientProof, Presentation, ShownCertificate},
    client_policy::{PolicyRequest, Restrictions},
    crypto::{CryptoProvider, Entropy},
    decision::{Asked, Decision, Denial, Refused, permit},
    effects::Effect,
    event::Event,
    facts::{Facts, FactsNeeded},
    flow::{
        self, AskingFlow, ExchangeFlow, Flow, FlowRequest, Handover, NextStep, PendingFlow, Plan,
    },
    jose::JwsLimits,
    limits::RequestLimits,
    moment::Moment,
    outcome::Outcome,
    outside::{IssuerKeys, Outside, OutsideNeeded},
    proof::{self, Nonces, Possession, ProofCheck},
    realm::{Client, ClientNo, Feature, Realm},
    refusal::Refusal,
    request::{Envelope, Form, GrantType, Parameters, PresentedCredentials, RequestError},
    subject::{ProviderKind, ReadToken, SignatureMemory, builtin_kinds},
    trace::{DecisionTrace, RecordedFacts, RecordedInputs},
};

/// The token endpoint, below the issuer.
const TOKEN_PATH: &str = "/protocol/openid-connect/token";

/// The engine. Cheap to clone; it holds no realm, and no state but the signatures that it may
/// [remember](EngineBuilder::remember_signatures).
#[derive(Clone, Debug)]
pub struct Engine(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    provider: Arc<dyn CryptoProvider>,
    flows: Vec<Arc<dyn Flow>>,
    limits: RequestLimits,
    jws_limits: JwsLimits,
    tracing: bool,
    signatures: Option<SignatureMemory>,
}

/// Builds an [`Engine`].
#[derive(Debug)]
pub struct EngineBuilder {
    provider: Arc<dyn CryptoProvider>,
    flows: Vec<Arc<dyn Flow>>,
    exchanges: Vec<Arc<dyn ExchangeFlow>>,
    providers: Vec<Arc<dyn ProviderKind>>,
    limits: RequestLimits,
    jws_limits: JwsLimits,
    tracing: bool,
    remembered_signatures: usize,
}

impl EngineBuilder {
    /// Adds a grant of the embedder's own. One with the grant type of a built-in grant takes its place.
    #[must_use]
    pub fn flow(mut self, flow: Arc<dyn Flow>) -> Self {
        self.flows.push(flow);
        self
    }

    /// Adds a kind of token exchange of the embedder's own, asked before the built-in ones.
    #[must_use]
    pub fn exchange(mut self, kind: Arc<dyn ExchangeFlow>) -> Self {
        self.exchanges.push(kind);
        self
    }

    /// Adds a kind of identity provider of the embedder's own. One with the name of a built-in kind takes
    /// its place.
    #[must_use]
    pub fn identity_provider(mut self, kind: Arc<dyn ProviderKind>) -> Self {
        self.providers.push(kind);
        self
    }

    /// Bounds of requests. Default: Keycloak's.
    #[must_use]
    pub fn limits(mut self, limits: RequestLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Bounds of presented tokens.
    #[must_use]
    pub fn jws_limits(mut self, limits: JwsLimits) -> Self {
        self.jws_limits = limits;
        self
    }

    /// Whether decisions are traced. Default: no, so that a decision allocates nothing for it.
    #[must_use]
    pub fn tracing(mut self, tracing: bool) -> Self {
        self.tracing = tracing;
        self
    }

    /// Remembers of about so many subject tokens that their signature held, so that a token that is exchanged
    /// again costs one signature operation instead of two. Default: 0, none; at most 1,048,576, which takes
    /// 40 MiB.
    ///
    /// Only that signature is remembered, under the whole token and the very key. Expiry, revocation, session,
    /// user and whether the key is still the realm's are judged each time.
    #[must_use]
    pub fn remember_signatures(mut self, tokens: usize) -> Self {
        self.remembered_signatures = tokens;
        self
    }

    /// The engine.
    #[must_use]
    pub fn build(self) -> Engine {
        let Self {
            provider,
            mut flows,
            exchanges,
            mut providers,
            limits,
            jws_limits,
            tracing,
            remembered_signatures,
        } = self;
        providers.extend(builtin_kinds());
        flows.extend(flow::builtin(exchanges, providers.into()));
        Engine(Arc::new(Parts {
            provider,
            flows,
            limits,
            jws_limits,
            tracing,
            signatures: (remembered_signatures > 0)
                .then(|| SignatureMemory::new(remembered_signatures)),
        }))
    }
}

impl Engine {
    /// An engine with the built-in grants and default limits.
    #[must_use]
    pub fn new(provider: Arc<dyn CryptoProvider>) -> Self {
        Self::builder(provider).build()
    }

    /// A builder with the built-in grants and default limits.
    #[must_use]
    pub fn builder(provider: Arc<dyn CryptoProvider>) -> EngineBuilder {
        EngineBuilder {
            provider,
            flows: Vec::new(),
            exchanges: Vec::new(),
            providers: Vec::new(),
            limits: RequestLimits::default(),
            jws_limits: JwsLimits::default(),
            tracing: false,
            remembered_signatures: 0,
        }
    }

    /// The crypto provider.
    #[must_use]
    pub fn provider(&self) -> Arc<dyn CryptoProvider> {
        Arc::clone(&self.0.provider)
    }

    /// The crypto provider, borrowed.
    pub(crate) fn crypto(&self) -> &dyn CryptoProvider {
        &*self.0.provider
    }

    /// The grants that are answered, those that are always refused among them; one that an embedder has put
    /// in the place of another is there twice.
    pub fn grants(&self) -> impl Iterator<Item = GrantType> + '_ {
        self.0.flows.iter().map(|flow| flow.grant_type())
    }

    /// Bounds of requests.
    #[must_use]
    pub fn limits(&self) -> &RequestLimits {
        &self.0.limits
    }

    /// Bounds of presented tokens.
    #[must_use]
    pub fn jws_limits(&self) -> &JwsLimits {
        &self.0.jws_limits
    }

    /// Reads a request at the token endpoint: transport, realm, form, grant.
    ///
    /// # Errors
    ///
    /// The first of these that is wrong.
    pub fn receive(
        &self,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
    ) -> Result<TokenRequest, Denial> {
        match self.read(&realm, envelope, body) {
            Ok((flow, parameters)) => {
                let trace = DecisionTrace::new(&realm, self.0.tracing);
                Ok(TokenRequest {
                    credentials: PresentedCredentials::read(
                        envelope.authorization,
                        parameters.form(),
                    ),
                    client_keys: envelope.client_keys.map(Arc::clone),
                    core: Core {
                        engine: self.clone(),
                        event: Event::new(realm.name(), Some(flow.grant_type())),
                        realm,
                        flow,
                        parameters,
                        issuer: envelope.issuer.into(),
                        origin: envelope.origin.map(Box::from),
                        remote_address: envelope.remote_address.map(Box::from),
                        proof: envelope.proof.map(Box::from),
                        certificate: envelope
                            .certificate
                            .map(|shown| ShownCertificate::of(shown, self.crypto())),
                        possession: Possession::default(),
                        moment,
                        trace,
                        used: Vec::new(),
                        authenticated_by: ClientProof {
                            method: ClientAuthMethod::None,
                            algorithm: None,
                        },
                        restrictions: Restrictions::NONE,
                        read: None,
                        read_actor: None,
                    },
                })
            }
            Err(error) => Err(Denial::new(
                error.into(),
                Vec::new(),
                Event::new(realm.name(), None),
                DecisionTrace::new(&realm, false),
            )),
        }
    }

    fn read(
        &self,
        realm: &Realm,
        envelope: &Envelope<'_>,
        body: &[u8],
    ) -> Result<(Arc<dyn Flow>, Parameters), RequestError> {
        if !envelope.is_secure_for(realm) {
            return Err(RequestError::HttpsRequired);
        }
        if !realm.enabled() {
            return Err(RequestError::RealmDisabled);
        }
        let limits = &self.0.limits;
        let form = Form::parse(envelope.form_of(body), limits.body, limits.parameters)?;
        let parameters = Parameters::new(form);
        let grant = parameters
            .value("grant_type")
            .ok_or(RequestError::Missing("grant_type"))?;
        let flow = self
            .0
            .flows
            .iter()
            .find(|flow| flow.grant_type().as_str() == grant)
            .filter(|flow| flow.available(*realm.features()))
            .ok_or(RequestError::UnsupportedGrant)?;
        let flow = Arc::clone(flow);
        drop(grant);
        Ok((flow, parameters))
    }

    /// All steps in one call, for an embedder who holds the facts already and signs with the realm's own
    /// keys. What is left is to commit the outcome's effects and to open its answer.
    ///
    /// # Errors
    ///
    /// A denial, or keys or entropy that fail.
    pub fn handle(
        &self,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
        entropy: &mut dyn Entropy,
        facts: impl FnOnce(&FactsNeeded) -> Facts,
    ) -> Result<Outcome, HandleError> {
        let pending = self
            .receive(realm, envelope, body, moment)
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)?;
        let facts = facts(&pending.facts_needed());
        match pending.decide(&facts) {
            Decision::Permit(grant) => Ok(grant.prepare(entropy)?.sign()?),
            Decision::Deny(denial) => Err(HandleError::Denied(Box::new(denial))),
        }
    }
}

/// Why [`Engine::handle`] gave no outcome.
#[derive(Debug)]
pub enum HandleError {
    /// A denial.
    Denied(Box<Denial>),
    /// A permit that could not be minted.
    Failed(Refusal),
}

impl From<Denial> for HandleError {
    fn from(denial: Denial) -> Self {
        Self::Denied(Box::new(denial))
    }
}

impl From<Refusal> for HandleError {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(refusal)
    }
}

/// What every step of one request carries on.
#[derive(Debug)]
struct Core {
    engine: Engine,
    realm: Arc<Realm>,
    flow: Arc<dyn Flow>,
    parameters: Parameters,
    issuer: Arc<str>,
    origin: Option<Box<str>>,
    remote_address: Option<Box<str>>,
    proof: Option<Box<str>>,
    certificate: Option<ShownCertificate>,
    possession: Possession,
    moment: Moment,
    event: Event,
    trace: DecisionTrace,
    /// What the client's assertion and proof use up, whatever the answer is.
    used: Vec<Effect>,
    /// How the client has proved itself.
    authenticated_by: ClientProof,
    /// What client policies take, once they have been asked.
    restrictions: Restrictions,
    /// The subject token, where it was read before.
    read: Option<Box<ReadToken>>,
    /// The same of the actor token.
    read_actor: Option<Box<ReadToken>>,
}

impl Core {
    fn denied(self, refusal: impl Into<Refusal>) -> Denial {
        Denial::new(refusal.into(), self.used, self.event, self.trace)
    }

    /// Reads the proof of possession, then whether the client has shown what its tokens must be bound to.
    fn prove_possession(&mut self, client: &Client) -> Result<(), Refusal> {
        let proof = self.proof.take();
        if let Some(proof) = proof.filter(|_| self.realm.features().has(Feature::Dpop)) {
            let address = [&*self.issuer, TOKEN_PATH].concat();
            let check = ProofCheck {
                method: "POST",
                address: &address,
                access_token: None,
                nonces: Nonces::of(&self.realm, &self.issuer)?,
                now: self.moment.now,
                provider: self.engine.crypto(),
            };
            let proved = proof::verify(&proof, &check);
            let proved = self.trace.step("the proof of possession is good", proved)?;
            self.possession.key = Some(proved.key);
            self.used.push(proved.used);
        }
        self.possession.certificate = self
            .certificate
            .as_ref()
            .map(|shown| shown.thumbprint.clone());
        let shown = self.possession.suffices_for(client.tokens());
        self.trace
            .step("what the client's tokens are bound to is shown", shown)?;
        Ok(())
    }

    fn next(self, client: ClientNo, next: Result<NextStep, Refused>) -> Progress {
        match next {
            Ok(NextStep::Facts(pending)) => Progress::Facts(PendingRequest {
                core: self,
                client,
                pending,
            }),
            Ok(NextStep::Outside(asking)) => Progress::Outside(AskingRequest {
                core: self,
                client,
                asking,
            }),
            Ok(NextStep::Handover(handover)) => {
                let Handover {
                    plan,
                    token,
                    id_token,
                    expires_in,
                } = *handover;
                match self.decided(Ok(plan)) {
                    Decision::Permit(grant) => {
                        Progress::HandedOver(grant.hand_over(&token, id_token, expires_in))
                    }
                    denied => Progress::Decided(denied),
                }
            }
            Ok(NextStep::Plan(plan)) => Progress::Decided(self.decided(Ok(*plan))),
            Err(refused) => Progress::Decided(self.decided(Err(refused))),
        }
    }

    fn decided(self, decided: Result<Plan, Refused>) -> Decision {
        let Self {
            engine,
            realm,
            issuer,
            possession,
            moment,
            event,
            used,
            trace,
            restrictions,
            ..
        } = self;
        match decided {
            Ok(mut plan) => {
                plan.restrictions.add(&restrictions);
                let asked = Asked {
                    engine,
                    realm,
                    issuer,
                    possession,
                    moment,
                    used,
                };
                permit(asked, plan, event, trace)
            }
            Err(Refused {
                refusal,
                mut effects,
            }) => {
                effects.extend(used);
                Decision::Deny(Denial::new(refusal, effects, event, trace))
            }
        }
    }

    /// Before a grant looks at its tokens: no grant is without them. One that must believe an assertion
    /// first asks them itself.
    fn ask_client_policies(&mut self, client: &Client) -> Result<Restrictions, Refusal> {
        let mut trace = self.trace.take();
        let request = self.flow_request(client);
        let asked = self.flow.precheck(&request).and_then(|()| {
            if self.flow.asks_client_policies() {
                return Ok(Restrictions::NONE);
            }
            let request = PolicyRequest::new(&request, self.flow.grant_type());
            let enforced = self.realm.client_policies().enforce(&request);
            Ok(trace.step("the realm's client policies let it pass", enforced)?)
        });
        self.trace = trace;
        asked
    }

    fn flow_request<'a>(&'a self, client: &'a Client) -> FlowRequest<'a> {
        FlowRequest {
            realm: &self.realm,
            client,
            parameters: &self.parameters,
            issuer: &self.issuer,
            remote_address: self.remote_address.as_deref(),
            moment: self.moment,
            signatures: self.engine.0.signatures.as_ref(),
            jws_limits: self.engine.jws_limits(),
            possession: &self.possession,
            provider: self.engine.crypto(),
            authenticated_by: self.authenticated_by,
            restrictions: &self.restrictions,
            read: self.read.as_deref(),
            read_actor: self.read_actor.as_deref(),
        }
    }

    /// Keeps what is judged, where decisions are traced.
    fn record_inputs(&mut self, client: &Client) {
        if self.trace.is_recording() {
            let inputs = RecordedInputs::of(&self.flow_request(client), self.trace.checks.len());
            self.trace.inputs = Some(Box::new(inputs));
        }
    }

    /// Keeps the facts, where decisions are traced.
    fn record_facts(&mut self, facts: &Facts) {
        if let Some(inputs) = self.trace.inputs.as_deref_mut() {
            inputs.facts = Some(RecordedFacts::of(facts, self.engine.crypto()));
        }
    }
}

/// A request that is a form and names a known grant.
#[derive(Debug)]
#[must_use]
pub struct TokenRequest {
    core: Core,
    credentials: PresentedCredentials,
    client_keys: Option<Arc<IssuerKeys>>,
}

impl TokenRequest {
    /// The grant asked for.
    #[must_use]
    pub fn grant_type(&self) -> GrantType {
        self.core.flow.grant_type()
    }

    /// Authenticates the client, then checks what may only be checked with a client: origin, repeated and
    /// over-long parameters.
    ///
    /// # Errors
    ///
    /// The first of these that fails.
    pub fn authenticate(self) -> Result<AuthenticatedRequest, Denial> {
        let Self {
            mut core,
            credentials,
            client_keys,
        } = self;
        let proved = client_auth::authenticate(
            &core.realm,
            &Presentation {
                credentials: &credentials,
                certificate: core.certificate.as_ref(),
                fetched_keys: client_keys.as_deref(),
                issuer: &core.issuer,
                moment: core.moment,
                limits: core.engine.jws_limits(),
                provider: core.engine.crypto(),
            },
        );
        let (number, proof) = match core.trace.step("the client is who it says", proved) {
            Ok(proved) => proved,
            Err(error) => return Err(core.denied(error)),
        };
        core.used.extend(proof.used);
        core.authenticated_by = ClientProof {
            method: proof.method,
            algorithm: proof.algorithm,
        };
        let realm = Arc::clone(&core.realm);
        let Some(client) = realm.client(number) else {
            return Err(core.denied(client_auth::ClientAuthError::Unknown));
        };
        core.event.client = Some(client.client_id().into());
        if !client.admits_origin(core.origin.as_deref(), &core.issuer) {
            return Err(core.denied(RequestError::InvalidOrigin));
        }
        let repeatable = core.flow.repeatable();
        let checked = core.parameters.check(repeatable, core.engine.limits());
        if let Err(error) = core.trace.step("the form is well made", checked) {
            return Err(core.denied(error));
        }
        if let Err(refusal) = core.prove_possession(client) {
            return Err(core.denied(refusal));
        }
        Ok(AuthenticatedRequest {
            core,
            client: number,
        })
    }
}

/// A request whose client is known.
#[derive(Debug)]
#[must_use]
pub struct AuthenticatedRequest {
    core: Core,
    client: ClientNo,
}

impl AuthenticatedRequest {
    /// The requester.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        self.core.realm.client(self.client)
    }

    /// How it proved who it is.
    #[must_use]
    pub fn method(&self) -> ClientAuthMethod {
        self.core.authenticated_by.method
    }

    /// Lets the flow read the request.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as far as that shows without facts.
    pub fn begin(self) -> Result<PendingRequest, Denial> {
        let Self {
            mut core,
            client: number,
        } = self;
        let realm = Arc::clone(&core.realm);
        let flow = Arc::clone(&core.flow);
        if let Some(client) = realm.client(number) {
            core.record_inputs(client);
        }
        if let Some(client) = realm.client(number)
            && !realm.client_policies().is_empty()
        {
            match core.ask_client_policies(client) {
                Ok(restrictions) => core.restrictions = restrictions,
                Err(refusal) => return Err(core.denied(refusal)),
            }
        }
        let mut trace = core.trace.take();
        let begun = match realm.client(number) {
            Some(client) => flow.begin(&core.flow_request(client), &mut trace),
            None => Err(client_auth::ClientAuthError::Unknown.into()),
        };
        core.trace = trace;
        match begun {
            Ok(pending) => Ok(PendingRequest {
                core,
                client: number,
                pending,
            }),
            Err(refusal) => Err(core.denied(refusal)),
        }
    }
}

/// A request that waits for facts.
#[derive(Debug)]
#[must_use]
pub struct PendingRequest {
    core: Core,
    client: ClientNo,
    pending: Box<dyn PendingFlow>,
}

impl PendingRequest {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        self.pending.facts_needed()
    }

    /// Name of the realm, for whoever loads the facts.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.core.realm
    }

    /// Decides, for a caller who asks nobody outside: a request that would have to is denied. See
    /// [`proceed`](Self::proceed).
    #[must_use]
    pub fn decide(self, facts: &Facts) -> Decision {
        let Self {
            mut core,
            client: number,
            pending,
        } = self;
        core.record_facts(facts);
        let realm = Arc::clone(&core.realm);
        let mut trace = core.trace.take();
        let decided = match realm.client(number) {
            Some(client) => pending.decide(&core.flow_request(client), facts, &mut trace),
            None => Err(Refused::from(client_auth::ClientAuthError::Unknown)),
        };
        core.trace = trace;
        core.decided(decided)
    }

    /// Goes on with the facts: decides, or says what it needs besides.
    pub fn proceed(self, facts: &Facts) -> Progress {
        let Self {
            mut core,
            client: number,
            pending,
        } = self;
        core.record_facts(facts);
        let realm = Arc::clone(&core.realm);
        let mut trace = core.trace.take();
        let next = match realm.client(number) {
            Some(client) => pending.proceed(&core.flow_request(client), facts, &mut trace),
            None => Err(Refused::from(client_auth::ClientAuthError::Unknown)),
        };
        core.trace = trace;
        core.next(number, next)
    }
}

/// Where a request stands that was given its facts.
#[derive(Debug)]
#[must_use]
#[expect(
    clippy::large_enum_variant,
    reason = "moved once and consumed; a box would cost an allocation"
)]
pub enum Progress {
    /// It is decided.
    Decided(Decision),
    /// It needs more facts.
    Facts(PendingRequest),
    /// It needs something from outside.
    Outside(AskingRequest),
    /// It is decided and nothing is minted: the answer holds a token of an identity provider.
    HandedOver(Outcome),
}

/// A request that waits for what another server says.
#[derive(Debug)]
#[must_use]
pub struct AskingRequest {
    core: Core,
    client: ClientNo,
    asking: Box<dyn AskingFlow>,
}

impl AskingRequest {
    /// What it waits for.
    #[must_use]
    pub fn outside_needed(&self) -> OutsideNeeded {
        self.asking.outside_needed()
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.core.realm
    }

    /// Goes on with what came, be it a failure.
    pub fn answer(self, outside: Outside) -> Progress {
        let Self {
            mut core,
            client: number,
            asking,
        } = self;
        let realm = Arc::clone(&core.realm);
        let mut trace = core.trace.take();
        let next = match realm.client(number) {
            Some(client) => asking.answer(&core.flow_request(client), outside, &mut trace),
            None => Err(Refused::from(client_auth::ClientAuthError::Unknown)),
        };
        core.trace = trace;
        core.next(number, next)
    }
}

const _: () = {
    const fn owned<T: Send + 'static>() {}
    owned::<TokenRequest>();
    owned::<AuthenticatedRequest>();
    owned::<PendingRequest>();
    owned::<AskingRequest>();
    owned::<Decision>();
    owned::<crate::mint::UnsignedExchange>();
    owned::<Outcome>();
};
