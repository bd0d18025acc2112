//! A whole exchange, from the bytes of the form to the opened answer, ready to be repeated.

use std::sync::Arc;

use cambist::{
    crypto::{Algorithm, CryptoProvider, Entropy},
    decision::Decision,
    engine::{AuthenticatedRequest, Engine, PendingRequest, TokenRequest},
    facts::Facts,
    moment::Moment,
    request::Envelope,
    response::TokenResponse,
};
use cambist_testkit::world::World;

use crate::world::{document, key};

const ISSUER: &str = "https://id.example/realms/bench";
const NOW: i64 = 1_800_000_000;

/// Which kind of exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A permission on the target decides.
    PermissionBased,
    /// The requester's scopes and the subject's audience decide; no permission is asked.
    Standard,
}

/// Everything that exchanges need, kept between them as a server would keep it.
#[derive(Debug)]
pub struct Setting {
    engine: Engine,
    /// One that remembers signatures.
    remembering: Engine,
    world: World,
    requests: Vec<(String, Facts)>,
    next: usize,
    algorithm: Algorithm,
    subject: String,
}

impl Setting {
    /// A realm of so many clients with a key of this algorithm, and requests for `targets` of them, all with
    /// one subject token.
    ///
    /// # Panics
    ///
    /// When the realm is refused or a request denied, which is a fault of the bench.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a bench that cannot run says so")]
    pub fn new(
        kind: Kind,
        algorithm: Algorithm,
        provider: Arc<dyn CryptoProvider>,
        entropy: &mut dyn Entropy,
        clients: usize,
        targets: usize,
    ) -> Self {
        let mut document = document(clients);
        document.keys = vec![key(algorithm), key(Algorithm::Hs512)];
        document.tokens.signature_algorithm = algorithm.name().into();
        let mut world = World::new(document, &*provider).expect("the bench's realm builds");
        let engine = Engine::new(Arc::clone(&provider));
        let remembering = Engine::builder(provider).remember_signatures(64).build();
        let login = "grant_type=password&client_id=client-0&client_secret=secret-0&username=user\
                     &password=password&scope=profile+email";
        let subject = {
            let pending = begin(&engine, &world, login);
            let facts = world.facts(&pending.facts_needed());
            finish(&mut world, pending.decide(&facts), entropy).access_token
        };
        let targets = targets.clamp(1, clients.saturating_sub(1));
        let requests = (0..targets)
            .map(|place| {
                // Spread over the whole realm, never the requester itself.
                let target = 1 + place * (clients - 1) / targets;
                request(&engine, &world, &subject, kind, target, entropy)
            })
            .collect();
        Self {
            engine,
            remembering,
            world,
            requests,
            next: 0,
            algorithm,
            subject,
        }
    }

    /// One exchange, of the next request in turn.
    ///
    /// # Panics
    ///
    /// When it is denied.
    pub fn exchange(&mut self, entropy: &mut dyn Entropy) -> TokenResponse {
        let place = self.turn();
        self.exchange_at(&self.engine, place, entropy)
    }

    /// The same by an engine that remembers that the subject token's signature held.
    ///
    /// # Panics
    ///
    /// When it is denied.
    pub fn exchange_of_known(&mut self, entropy: &mut dyn Entropy) -> TokenResponse {
        let place = self.turn();
        self.exchange_at(&self.remembering, place, entropy)
    }

    fn turn(&mut self) -> usize {
        let place = self.next;
        self.next = (place + 1) % self.requests.len();
        place
    }

    #[expect(clippy::expect_used, reason = "a bench that cannot run says so")]
    fn exchange_at(
        &self,
        engine: &Engine,
        place: usize,
        entropy: &mut dyn Entropy,
    ) -> TokenResponse {
        let (body, facts) = self.requests.get(place).expect("there is a request");
        let pending = begin(engine, &self.world, body);
        let _ = pending.facts_needed();
        let Decision::Permit(grant) = pending.decide(facts) else {
            denied()
        };
        let outcome = grant
            .prepare(entropy)
            .and_then(cambist::mint::UnsignedExchange::sign)
            .expect("ids and keys are there");
        let (effects, _, _, sealed) = outcome.into_parts();
        sealed
            .open(&effects.committed())
            .expect("the receipt is its own")
    }

    /// Verifies the subject token and signs the signing input of a token minted from it, and nothing else.
    ///
    /// # Panics
    ///
    /// When the realm has no key of the algorithm.
    #[expect(clippy::expect_used, reason = "a bench that cannot run says so")]
    pub fn raw(&self, entropy: &mut dyn Entropy) -> impl FnMut() -> usize + use<> {
        let minted = self.exchange_at(&self.engine, 0, entropy).access_token;
        let (input, _) = minted.rsplit_once('.').expect("a compact JWS");
        let input = input.to_owned();
        let (subject, signature) = self.subject.rsplit_once('.').expect("a compact JWS");
        let subject = subject.to_owned();
        let signature = cambist::jose::base64url::decode(signature).expect("base64url");
        let keys = self.world.realm.keys();
        let key = keys.active(self.algorithm).expect("the realm's key");
        let (verifier, signer) = (
            Arc::clone(&key.verification.as_ref().expect("it verifies").verifier),
            Arc::clone(&key.signing.as_ref().expect("it signs").signer),
        );
        let mut out = Vec::new();
        move || {
            verifier
                .verify(subject.as_bytes(), &signature)
                .expect("it verifies");
            signer.sign(input.as_bytes(), &mut out).expect("it signs");
            out.len()
        }
    }
}

/// The body of a request for this target, and the facts for it, in a session in which nothing is missing, so
/// that the exchange writes nothing.
fn request(
    engine: &Engine,
    world: &World,
    subject: &str,
    kind: Kind,
    target: usize,
    entropy: &mut dyn Entropy,
) -> (String, Facts) {
    let mut body = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &client_id=client-0&client_secret=secret-0&subject_token={subject}\
         &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
    );
    match kind {
        Kind::PermissionBased => body.push_str(&format!("&audience=client-{target}")),
        Kind::Standard => body.push_str(
            "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
        ),
    }
    let mut of_target = world.clone();
    let pending = begin(engine, &of_target, &body);
    let facts = of_target.facts(&pending.facts_needed());
    let _ = finish(&mut of_target, pending.decide(&facts), entropy);
    let facts = of_target.facts(&begin(engine, &of_target, &body).facts_needed());
    (body, facts)
}

#[expect(clippy::expect_used, reason = "a bench that cannot run says so")]
fn begin(engine: &Engine, world: &World, body: &str) -> PendingRequest {
    let envelope = Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    engine
        .receive(
            Arc::clone(&world.realm),
            &envelope,
            body.as_bytes(),
            Moment::utc(NOW),
        )
        .and_then(TokenRequest::authenticate)
        .and_then(AuthenticatedRequest::begin)
        .expect("the bench's request is well made")
}

#[expect(clippy::expect_used, reason = "a bench that cannot run says so")]
fn finish(world: &mut World, decision: Decision, entropy: &mut dyn Entropy) -> TokenResponse {
    let Decision::Permit(grant) = decision else {
        denied()
    };
    let outcome = grant
        .prepare(entropy)
        .and_then(cambist::mint::UnsignedExchange::sign)
        .expect("ids and keys are there");
    let (effects, _, _, sealed) = outcome.into_parts();
    world.apply(&effects);
    sealed
        .open(&effects.committed())
        .expect("the receipt is its own")
}

#[expect(
    clippy::panic,
    reason = "a bench whose request is denied measures nothing"
)]
fn denied() -> ! {
    panic!("the bench's request was denied")
}
