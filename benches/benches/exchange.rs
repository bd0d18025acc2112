//! A whole exchange against the two signature operations in it, over the very same bytes, in one run.
//!
//! `cargo bench -p cambist-benches --bench exchange [-- --quick]`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot run says so, and prints"
)]

use std::{sync::Arc, time::Duration};

use cambist::{
    crypto::Algorithm,
    decision::Decision,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    facts::Facts,
    moment::Moment,
    request::Envelope,
    response::TokenResponse,
};
use cambist_benches::{
    rounds::{Contender, compare},
    world::{document, key},
};
use cambist_ring::{RingProvider, SystemEntropy};
use cambist_testkit::world::World;

const ISSUER: &str = "https://id.example/realms/bench";
const NOW: i64 = 1_800_000_000;
const CLIENTS: usize = 1_000;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let (rounds, batch) = if quick {
        (5, Duration::from_micros(500))
    } else {
        (101, Duration::from_millis(2))
    };
    println!("exchange, {CLIENTS} clients, ring, {rounds} rounds; microseconds");
    println!(
        "{:<8} {:>14} {:>10} {:>10} {:>7}",
        "", "raw sign+verify", "exchange", "over raw", "ratio"
    );
    let mut over = Vec::new();
    for algorithm in [
        Algorithm::Hs256,
        Algorithm::EdDsa,
        Algorithm::Es256,
        Algorithm::Rs256,
    ] {
        let setting = Setting::new(algorithm);
        let (raw, exchange) = (setting.raw(), || setting.exchange());
        let measured = compare(
            vec![
                Contender::new("raw", raw),
                Contender::new("exchange", exchange),
            ],
            rounds,
            batch,
        );
        let [raw, exchange] = &measured[..] else {
            continue;
        };
        println!(
            "{:<8} {:>14.2} {:>10.2} {:>10.2} {:>7.3}",
            algorithm.name(),
            raw.micros,
            exchange.micros,
            exchange.over_first,
            exchange.ratio
        );
        if algorithm != Algorithm::Rs256 {
            over.push(exchange.over_first);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "three values")]
    let mean = over.iter().sum::<f64>() / over.len() as f64;
    println!("mean over raw of HS256, EdDSA, ES256: {mean:.2} us");
}

/// Everything an exchange needs, kept between calls as a server would keep it.
struct Setting {
    engine: Engine,
    world: World,
    body: String,
    facts: Facts,
    algorithm: Algorithm,
    subject: String,
}

impl Setting {
    fn new(algorithm: Algorithm) -> Self {
        let mut document = document(CLIENTS);
        document.keys = vec![key(algorithm), key(Algorithm::Hs512)];
        document.tokens.signature_algorithm = algorithm.name().into();
        let mut world = World::new(document, &RingProvider).expect("the bench's realm builds");
        let engine = Engine::new(Arc::new(RingProvider));
        let login = "grant_type=password&client_id=client-0&client_secret=secret-0&username=user\
                     &password=password&scope=profile+email";
        let subject = {
            let pending = begin(&engine, &world, login);
            let facts = world.facts(&pending.facts_needed());
            finish(&mut world, pending.decide(&facts)).access_token
        };
        let body = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
             &client_id=client-0&client_secret=secret-0&subject_token={subject}\
             &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
             &audience=client-{}",
            CLIENTS / 2
        );
        // Once for the client sessions, so that what is measured creates nothing.
        let pending = begin(&engine, &world, &body);
        let facts = world.facts(&pending.facts_needed());
        let _ = finish(&mut world, pending.decide(&facts));
        let facts = world.facts(&begin(&engine, &world, &body).facts_needed());
        Self {
            engine,
            world,
            body,
            facts,
            algorithm,
            subject,
        }
    }

    fn exchange(&self) -> TokenResponse {
        let pending = begin(&self.engine, &self.world, &self.body);
        let _ = pending.facts_needed();
        let Decision::Permit(grant) = pending.decide(&self.facts) else {
            unreachable_bench()
        };
        let outcome = grant
            .prepare(&mut SystemEntropy::new())
            .expect("ids and keys are there")
            .sign()
            .expect("ring signs");
        let (effects, _, _, sealed) = outcome.into_parts();
        sealed
            .open(&effects.committed())
            .expect("the receipt is its own")
    }

    /// Verifies the subject token and signs the signing input of a token minted from it.
    fn raw(&self) -> impl FnMut() -> Vec<u8> + '_ {
        let minted = self.exchange().access_token;
        let (input, _) = minted.rsplit_once('.').expect("a compact JWS");
        let input = input.to_owned();
        let (subject, signature) = self.subject.rsplit_once('.').expect("a compact JWS");
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
            out.clone()
        }
    }
}

fn begin(engine: &Engine, world: &World, body: &str) -> cambist::engine::PendingRequest {
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

fn finish(world: &mut World, decision: Decision) -> TokenResponse {
    let Decision::Permit(grant) = decision else {
        unreachable_bench()
    };
    let outcome = grant
        .prepare(&mut SystemEntropy::new())
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
fn unreachable_bench() -> ! {
    panic!("the bench's request was denied")
}
