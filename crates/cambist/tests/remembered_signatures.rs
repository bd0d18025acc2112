//! An engine that remembers signatures refuses whatever any other would: only the signature operation is left
//! out, and only for the very same token under the very same key.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cambist::{
    crypto::{
        Algorithm, CryptoProvider, Hash, HashAlgorithm, HmacKey, KeyError, SignatureMismatch,
        Signer, Verifier,
    },
    decision::Decision,
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    facts::Facts,
    jose::{JwsError, PrivateKey, PublicKey, SymmetricKey},
    moment::Moment,
    realm::document::{KeyDocument, KeyStatus, RealmDocument, SecretSource},
    refusal::{ExchangeError, Refusal},
    request::Envelope,
    secret::Secret,
    subject::{LivenessError, SubjectTokenError},
};
use cambist_ring::RingProvider;
use cambist_testkit::{fixed_entropy::FixedEntropy, world};
use serde_json::json;

const ISSUER: &str = "https://id.example/realms/again";
const NOW: i64 = 1_800_000_000;
const OTHER_KEY: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";

/// Ring, with a count of the signatures that were checked.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

#[derive(Debug)]
struct Counted(Arc<dyn Verifier>, Arc<AtomicUsize>);

impl Verifier for Counted {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureMismatch> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.verify(message, signature)
    }
}

impl CryptoProvider for Counting {
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Arc<dyn Verifier>, KeyError> {
        let verifier = RingProvider.verifier(algorithm, key)?;
        Ok(Arc::new(Counted(verifier, Arc::clone(&self.0))))
    }

    fn hmac(&self, algorithm: Algorithm, key: &SymmetricKey) -> Result<HmacKey, KeyError> {
        let HmacKey { signer, verifier } = RingProvider.hmac(algorithm, key)?;
        let verifier = Arc::new(Counted(verifier, Arc::clone(&self.0)));
        Ok(HmacKey { signer, verifier })
    }

    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, KeyError> {
        RingProvider.signer(algorithm, key)
    }

    fn public_key(&self, key: &PrivateKey) -> Result<PublicKey, KeyError> {
        RingProvider.public_key(key)
    }

    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Hash {
        RingProvider.hash(algorithm, data)
    }
}

/// A realm in which `caller` may exchange its own tokens, and a user's token.
struct Scene {
    engine: Engine,
    provider: Counting,
    world: world::World,
    token: String,
}

fn document(keys: Vec<KeyDocument>) -> RealmDocument {
    let mut document: RealmDocument = serde_json::from_value(json!({
        "realm": "again",
        "profile": "keycloak",
        "clients": [{
            "id": "caller", "secret": "secret",
            "grants": ["password", "token-exchange", "standard-token-exchange"],
        }],
        "users": [{
            "username": "user", "password": "password", "email": "user@example.com",
            "first_name": "A", "last_name": "User",
        }],
    }))
    .unwrap();
    document.keys = keys;
    document.tokens.signature_algorithm = "EdDSA".into();
    document
}

impl Scene {
    fn remembering(tokens: usize) -> Self {
        let provider = Counting::default();
        let world = world::World::new(document(world::keys()), &provider).unwrap();
        let engine = Engine::builder(Arc::new(provider.clone()))
            .remember_signatures(tokens)
            .build();
        let mut scene = Self {
            engine,
            provider,
            world,
            token: String::new(),
        };
        scene.token = scene.login(1);
        scene
    }

    fn login(&mut self, seed: u64) -> String {
        let body = "grant_type=password&client_id=caller&client_secret=secret&username=user&password=password";
        let pending = self.request(body, NOW).unwrap();
        let facts = self.world.facts(&pending.facts_needed());
        let grant = match pending.decide(&facts) {
            Decision::Permit(grant) => grant,
            Decision::Deny(denial) => panic!("{}", denial.refusal()),
        };
        let outcome = grant.prepare(&mut FixedEntropy::new(seed)).unwrap().sign();
        let (effects, _, _, sealed) = outcome.unwrap().into_parts();
        self.world.apply(&effects);
        sealed.open(&effects.committed()).unwrap().access_token
    }

    fn request(&self, body: &str, now: i64) -> Result<cambist::engine::PendingRequest, Refusal> {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let realm = Arc::clone(&self.world.realm);
        self.engine
            .receive(realm, &envelope, body.as_bytes(), Moment::utc(now))
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)
            .map_err(|denial| denial.refusal().clone())
    }

    /// Exchanges a token, after a change of what the store says.
    fn exchange(
        &self,
        token: &str,
        now: i64,
        change: impl FnOnce(&mut Facts),
    ) -> Result<(), Refusal> {
        let body = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=caller\
             &client_secret=secret&subject_token={token}\
             &subject_token_type=urn:ietf:params:oauth:token-type:access_token"
        );
        let pending = self.request(&body, now)?;
        let mut facts = self.world.facts(&pending.facts_needed());
        change(&mut facts);
        match pending.decide(&facts) {
            Decision::Permit(_) => Ok(()),
            Decision::Deny(denial) => Err(denial.refusal().clone()),
        }
    }

    fn exchange_now(&self) -> Result<(), Refusal> {
        self.exchange(&self.token, NOW, |_| ())
    }

    /// The same engine and store under another set of keys.
    fn with_keys(&mut self, keys: Vec<KeyDocument>) {
        let other = world::World::new(document(keys), &self.provider).unwrap();
        self.world.realm = other.realm;
    }

    fn checks(&self) -> usize {
        self.provider.0.load(Ordering::Relaxed)
    }
}

fn refused(result: Result<(), Refusal>) -> SubjectTokenError {
    match result {
        Err(Refusal::Exchange(ExchangeError::SubjectToken(error))) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_that_comes_again_is_not_checked_again() {
    let mut scene = Scene::remembering(100);
    for _ in 0..3 {
        scene.exchange_now().unwrap();
    }
    assert_eq!(scene.checks(), 1);
    scene.token = scene.login(2);
    for _ in 0..3 {
        scene.exchange_now().unwrap();
    }
    assert_eq!(scene.checks(), 2, "another token is another one");
}

#[test]
fn nothing_is_remembered_unless_asked_for() {
    let scene = Scene::remembering(0);
    for _ in 0..3 {
        scene.exchange_now().unwrap();
    }
    assert_eq!(scene.checks(), 3);
}

#[test]
fn what_is_true_of_the_token_is_judged_each_time() {
    let scene = Scene::remembering(100);
    scene.exchange_now().unwrap();
    let late = scene.exchange(&scene.token, NOW + 100_000, |_| ());
    assert!(matches!(refused(late), SubjectTokenError::Expired { .. }));
    let revoked = scene.exchange(&scene.token, NOW, |facts| {
        let (_, rest) = scene.token.split_once('.').unwrap();
        let (payload, _) = rest.split_once('.').unwrap();
        let claims = cambist::jose::base64url::decode(payload).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        facts.revoked.push(claims["jti"].as_str().unwrap().into());
    });
    assert_eq!(refused(revoked), SubjectTokenError::Revoked);
    let ended = scene.exchange(&scene.token, NOW, |facts| facts.session = None);
    assert_eq!(
        refused(ended),
        SubjectTokenError::Liveness(LivenessError::NoSession)
    );
    let disabled = scene.exchange(&scene.token, NOW, |facts| {
        let user = Arc::make_mut(facts.subject.as_mut().unwrap());
        user.enabled = false;
    });
    assert_eq!(
        refused(disabled),
        SubjectTokenError::Liveness(LivenessError::UserDisabled)
    );
    assert_eq!(scene.checks(), 1);
}

#[test]
fn a_forged_signature_is_checked_and_not_remembered() {
    let scene = Scene::remembering(100);
    scene.exchange_now().unwrap();
    let (input, _) = scene.token.rsplit_once('.').unwrap();
    let forged = format!("{input}.{}", "A".repeat(86));
    for _ in 0..2 {
        let error = refused(scene.exchange(&forged, NOW, |_| ()));
        assert_eq!(error, SubjectTokenError::Jws(JwsError::SignatureMismatch));
    }
    assert_eq!(scene.checks(), 3);
}

#[test]
fn t196_a_key_that_is_gone_or_disabled_takes_its_tokens_along() {
    let mut scene = Scene::remembering(100);
    scene.exchange_now().unwrap();
    let mut disabled = world::keys();
    disabled[0].status = KeyStatus::Disabled;
    scene.with_keys(disabled);
    assert_eq!(refused(scene.exchange_now()), SubjectTokenError::UnknownKey);
    scene.with_keys(world::keys().split_off(1));
    assert_eq!(refused(scene.exchange_now()), SubjectTokenError::UnknownKey);
    // The very key, back again: what held under it holds.
    scene.with_keys(world::keys());
    scene.exchange_now().unwrap();
    assert_eq!(scene.checks(), 1);
}

#[test]
fn another_key_of_the_same_id_is_another_key() {
    let mut scene = Scene::remembering(100);
    scene.exchange_now().unwrap();
    let mut replaced = world::keys();
    replaced[0].secret = Some(SecretSource::Text(Secret::new(OTHER_KEY)));
    scene.with_keys(replaced);
    assert_eq!(
        refused(scene.exchange_now()),
        SubjectTokenError::Jws(JwsError::SignatureMismatch)
    );
}
