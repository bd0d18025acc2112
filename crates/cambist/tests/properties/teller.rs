//! Runs a case through the engine and keeps what came of each request.

use std::sync::Arc;

use cambist::{
    crypto::CryptoProvider,
    decision::{Decision, Grant},
    effects::Effect,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    flow::Plan,
    jose::{JwsLimits, UnverifiedJws},
    mint::Signing,
    moment::Moment,
    outcome::Outcome,
    request::Envelope,
    response::TokenResponse,
    trace::DecisionTrace,
};
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::Value;

use crate::cases::{Asked, Case, Request};

/// Midnight, UTC.
const TODAY: i64 = 1_800_057_600;
const ISSUER: &str = "https://id.example/realms/small";

/// Names and values, not encoded yet.
pub(crate) type Form = Vec<(&'static str, String)>;

/// An engine, a realm and the sessions of its users, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    pub(crate) world: World,
    pub(crate) now: i64,
    engine: Engine,
    seed: u64,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Came {
    Minted(Box<Minted>),
    Refused {
        status: u16,
        body: String,
        effects: Vec<Effect>,
    },
}

/// A permit, carried out.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) plan: Plan,
    pub(crate) trace: DecisionTrace,
    pub(crate) answer: TokenResponse,
}

/// A request with what stood before it and what came of it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) before: Teller,
    pub(crate) request: Option<Request>,
    pub(crate) form: Form,
    /// The subject token; empty where the request has none.
    pub(crate) subject: String,
    pub(crate) came: Came,
}

impl Step {
    /// The permits of exchanges.
    pub(crate) fn exchanged(&self) -> Option<&Minted> {
        match &self.came {
            Came::Minted(minted) if self.is_exchange() => Some(minted),
            _ => None,
        }
    }

    pub(crate) fn is_exchange(&self) -> bool {
        let asked = self.request.as_ref().map(|request| request.asked);
        asked == Some(Asked::Exchange)
    }
}

impl Teller {
    pub(crate) fn new(document: &Value, provider: Arc<dyn CryptoProvider>, now: i64) -> Self {
        let document = serde_json::from_value(document.clone()).unwrap();
        Self {
            world: World::new(document, &*provider).unwrap(),
            now,
            engine: Engine::builder(provider).tracing(true).build(),
            seed: 1,
        }
    }

    /// The same moment and sessions in a realm built from another document.
    pub(crate) fn moved_to(&self, document: &Value) -> Self {
        let mut moved = Self::new(document, self.engine.provider(), self.now);
        moved.world.sessions.clone_from(&self.world.sessions);
        moved.world.revoked.clone_from(&self.world.revoked);
        moved.seed = self.seed;
        moved
    }

    pub(crate) fn decide(&self, form: &Form) -> Decision {
        self.decide_body(&encoded(form))
    }

    /// Decides on a form as it comes over the wire.
    pub(crate) fn decide_body(&self, body: &str) -> Decision {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let realm = Arc::clone(&self.world.realm);
        let pending = self
            .engine
            .receive(realm, &envelope, body.as_bytes(), Moment::utc(self.now))
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin);
        match pending {
            Ok(pending) => {
                let facts = self.world.facts(&pending.facts_needed());
                pending.decide(&facts)
            }
            Err(denial) => Decision::Deny(denial),
        }
    }

    /// Decides and mints, and stores what has to be stored.
    pub(crate) fn answer(&mut self, form: &Form) -> Came {
        let grant = match self.decide(form) {
            Decision::Permit(grant) => grant,
            Decision::Deny(mut denial) => {
                let wire = denial.refusal().wire();
                let effects = denial.take_effects().map(|effects| {
                    self.world.apply(&effects);
                    effects.list().to_vec()
                });
                return Came::Refused {
                    status: wire.status,
                    body: wire.body(),
                    effects: effects.unwrap_or_default(),
                };
            }
        };
        let plan = grant.plan().clone();
        let (_, outcome) = self.signed(grant);
        self.seed += 100;
        let (effects, _, trace, sealed) = outcome.into_parts();
        self.world.apply(&effects);
        let answer = sealed.open(&effects.committed()).unwrap();
        Came::Minted(Box::new(Minted {
            plan,
            trace,
            answer,
        }))
    }

    /// Everything that is signed, in order, and the outcome.
    pub(crate) fn signed(&self, grant: Grant) -> (Vec<Vec<u8>>, Outcome) {
        let mut inputs = Vec::new();
        let mut unsigned = grant.prepare(&mut FixedEntropy::new(self.seed)).unwrap();
        loop {
            let request = unsigned.signing_input();
            inputs.push(request.input.to_vec());
            let mut keys = self.world.realm.keys().all().iter();
            let key = keys.find(|key| &*key.kid == request.key_id).unwrap();
            let mut signature = Vec::new();
            let signer = &key.signing.as_ref().unwrap().signer;
            signer.sign(request.input, &mut signature).unwrap();
            match unsigned.attach(&signature) {
                Signing::More(more) => unsigned = more,
                Signing::Done(outcome) => return (inputs, outcome),
            }
        }
    }

    /// The claims of a token of this realm.
    pub(crate) fn claims(&self, token: &str) -> Value {
        let jws = UnverifiedJws::parse(token, &JwsLimits::default()).unwrap();
        let key = self
            .world
            .realm
            .keys()
            .verifier(jws.key_id().unwrap())
            .unwrap();
        serde_json::from_str(jws.verify(key).unwrap().payload()).unwrap()
    }
}

/// The login, then each request; its subject token is the latest access token.
pub(crate) fn walk(case: &Case, provider: Arc<dyn CryptoProvider>) -> Vec<Step> {
    let mut teller = Teller::new(&case.document, provider, TODAY + case.time_of_day);
    let mut latest: Option<TokenResponse> = None;
    let login = login_form(case, "right");
    let mut steps = Vec::new();
    for request in std::iter::once(None).chain(case.requests.iter().map(Some)) {
        teller.now += request.map_or(0, |request| request.after);
        let mut subject = String::new();
        let form = match (request, &latest) {
            (None, _) => login.clone(),
            (Some(request), Some(latest)) => match request.asked {
                Asked::WrongPassword => login_form(case, "wrong"),
                Asked::Refresh => refresh_form(request, latest),
                Asked::Exchange => {
                    subject.clone_from(&latest.access_token);
                    exchange_form(request, &subject)
                }
            },
            // The login failed: there is nothing to go on with.
            (Some(_), None) => break,
        };
        let before = teller.clone();
        let came = teller.answer(&form);
        if let Came::Minted(minted) = &came {
            latest = Some(minted.answer.clone());
        }
        steps.push(Step {
            before,
            request: request.cloned(),
            form,
            subject,
            came,
        });
    }
    steps
}

fn login_form(case: &Case, password: &str) -> Form {
    let mut form = by_client("password", 0);
    form.push(("username", "u0".into()));
    form.push(("password", password.into()));
    if !case.login_scope.is_empty() {
        form.push(("scope", case.login_scope.join(" ")));
    }
    form
}

fn refresh_form(request: &Request, latest: &TokenResponse) -> Form {
    let mut form = by_client("refresh_token", request.requester);
    let token = latest.refresh_token.as_deref().unwrap_or("none");
    form.push(("refresh_token", token.into()));
    form
}

fn exchange_form(request: &Request, subject: &str) -> Form {
    let mut form = by_client(
        "urn:ietf:params:oauth:grant-type:token-exchange",
        request.requester,
    );
    form.push(("subject_token", subject.into()));
    form.push(("requested_token_type", request.token_type.into()));
    if request.typed {
        let kind = "urn:ietf:params:oauth:token-type:access_token";
        form.push(("subject_token_type", kind.into()));
    }
    for audience in &request.audiences {
        form.push(("audience", format!("c{audience}")));
    }
    if let Some(scope) = &request.scope {
        form.push(("scope", scope.join(" ")));
    }
    if let Some(user) = request.requested_subject {
        form.push(("requested_subject", format!("u{user}")));
    }
    form
}

fn by_client(grant: &str, client: usize) -> Form {
    vec![
        ("grant_type", grant.into()),
        ("client_id", format!("c{client}")),
        ("client_secret", "secret".into()),
    ]
}

/// The form as it goes over the wire.
pub(crate) fn encoded(form: &Form) -> String {
    let pairs: Vec<String> = form
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value.as_bytes())))
        .collect();
    pairs.join("&")
}

/// Every byte but letters, digits and the underscore as an escape.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => char::from(*byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
