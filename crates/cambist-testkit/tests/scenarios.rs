//! Every scenario of the repository, told with real signatures; and the teller itself seen red.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cambist::{
    crypto::{
        Algorithm, CryptoProvider, Hash, HashAlgorithm, HmacKey, KeyError, ProviderError,
        SignatureMismatch, Signer, Verifier,
    },
    jose::{PrivateKey, PublicKey, SymmetricKey},
};
use cambist_ring::RingProvider;
use cambist_testkit::scenario::{
    Expectation, Mismatch, OneOrMany, Scenario, ScenarioError, Told, Values,
};
use serde_json::json;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name() != Some("realms".as_ref()) {
            files(&path, into);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            into.push(path);
        }
    }
}

fn tell(scenario: &Scenario) -> Result<Told, ScenarioError> {
    scenario.tell(Arc::new(RingProvider))
}

#[test]
fn every_scenario_of_the_folder_comes_out_as_it_says() {
    let mut found = Vec::new();
    files(Path::new(FOLDER), &mut found);
    found.sort();
    assert!(found.len() >= 10, "scenarios are missing: {found:?}");
    let mut wrong = Vec::new();
    let mut replayed = BTreeMap::<_, usize>::new();
    for path in &found {
        let name = path.strip_prefix(FOLDER).unwrap().display();
        match Scenario::read_file(path).and_then(|scenario| {
            assert!(!scenario.source.is_empty(), "{name}: where is it from?");
            tell(&scenario)
        }) {
            Ok(told) => {
                let folder = path.parent().and_then(Path::file_name);
                *replayed.entry(folder).or_default() += told.replayed;
                wrong.extend(told.mismatches.iter().map(|it| format!("{name}: {it}")));
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let of = |folder: &str| replayed.get(&Some(OsStr::new(folder))).copied();
    assert!(of("delegation") >= Some(10), "{replayed:?}");
    assert!(replayed.values().sum::<usize>() >= 50, "{replayed:?}");
}

fn guide() -> Scenario {
    Scenario::read_file(&Path::new(FOLDER).join("guide/exchange.toml")).unwrap()
}

fn places(mismatches: &[Mismatch]) -> Vec<&str> {
    mismatches.iter().map(|it| it.place.as_str()).collect()
}

/// A teller that compared nothing would pass everything: each kind of expectation is seen to fail.
#[test]
fn each_kind_of_expectation_can_fail() {
    let mut scenario = guide();
    let exchange = scenario.steps.last_mut().unwrap();
    let expect = &mut exchange.expect;
    expect.status = 400;
    expect.answer.insert("token_type".into(), json!("Mac"));
    expect.claims.insert("azp".into(), json!("service-c"));
    expect.refresh_claims.insert("typ".into(), json!("Refresh"));
    expect.id_claims.insert("typ".into(), json!("ID"));
    expect.absent.push("iss".into());
    expect.failed = Some("no such check".into());
    expect.decisive = Some(vec!["another policy".into()]);
    expect.widenings = Some(vec![]);
    expect.reason = Some("no such reason".into());
    expect.effects = Some(vec!["revoke".into()]);
    expect.asked = Some(vec!["https://nobody.example".into()]);
    let told = tell(&scenario).unwrap();
    assert_eq!(
        places(&told.mismatches),
        [
            "status",
            "answer/token_type",
            "access_token/azp",
            "refresh_token/typ",
            "id_token/typ",
            "iss",
            "trace/failed",
            "trace/reason",
            "trace/decisive",
            "trace/widenings",
            "effects",
            "asked",
        ]
    );
}

#[test]
fn a_scenario_that_cannot_be_told_says_why() {
    let mut scenario = guide();
    scenario.steps[0].change.disable_users.push("nobody".into());
    let error = tell(&scenario).unwrap_err().to_string();
    assert_eq!(error, "step login: there is no user \"nobody\" to change");

    let mut scenario = guide();
    scenario.steps.remove(0);
    let error = tell(&scenario).unwrap_err().to_string();
    assert_eq!(
        error,
        "step exchange: ${login.access_token} names nothing that an earlier step answered"
    );

    let mut scenario = guide();
    scenario.steps[0].like = Some("later".into());
    let error = tell(&scenario).unwrap_err().to_string();
    assert_eq!(error, "login is like \"later\", which is none before it");

    let unknown = "title = \"\"\nsource = []\nsteps = []\nmoment = 1\n";
    let error = Scenario::read(unknown).unwrap_err().to_string();
    assert!(error.contains("unknown field `moment`"), "{error}");
}

/// Ring, with a count of the signatures by key pairs that were checked.
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
        RingProvider.hmac(algorithm, key)
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

/// A signature is the dearest part of an exchange: each token of a request is verified once.
#[test]
fn a_delegated_exchange_verifies_subject_and_actor_once_each() {
    let path = Path::new(FOLDER).join("delegation/named-by-the-customer.toml");
    let mut scenario = Scenario::read_file(&path).unwrap();
    let count = |scenario: &Scenario| {
        let provider = Counting::default();
        let told = scenario.tell(Arc::new(provider.clone())).unwrap();
        assert_eq!(told.mismatches, []);
        provider.0.load(Ordering::Relaxed)
    };
    let exchange = scenario
        .steps
        .iter()
        .position(|step| step.form.contains_key("actor_token"));
    let exchange = exchange.unwrap();
    scenario.steps.truncate(exchange.saturating_add(1));
    let with = count(&scenario);
    scenario.steps.truncate(exchange);
    assert_eq!(with.saturating_sub(count(&scenario)), 2);
}

/// Ring, whose signers fail after a number of signatures.
#[derive(Debug)]
struct Failing(Arc<AtomicUsize>);

#[derive(Debug)]
struct Exhausted(Arc<dyn Signer>, Arc<AtomicUsize>);

impl Signer for Exhausted {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), ProviderError> {
        let left = self
            .1
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        match left {
            Ok(_) => self.0.sign(message, signature),
            Err(_) => Err(ProviderError::Signing),
        }
    }
}

impl CryptoProvider for Failing {
    fn verifier(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Arc<dyn Verifier>, KeyError> {
        RingProvider.verifier(algorithm, key)
    }

    fn hmac(&self, algorithm: Algorithm, key: &SymmetricKey) -> Result<HmacKey, KeyError> {
        RingProvider.hmac(algorithm, key)
    }

    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, KeyError> {
        let signer = RingProvider.signer(algorithm, key)?;
        Ok(Arc::new(Exhausted(signer, Arc::clone(&self.0))))
    }

    fn public_key(&self, key: &PrivateKey) -> Result<PublicKey, KeyError> {
        RingProvider.public_key(key)
    }

    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Hash {
        RingProvider.hash(algorithm, data)
    }
}

/// Of the access token of a login with an ID token, or of that one: nothing is answered, and nothing stored.
#[test]
fn t198_a_signer_that_fails_leaves_nothing_behind() {
    let mut scenario = guide();
    scenario.steps.truncate(1);
    let login = &mut scenario.steps[0];
    login
        .form
        .insert("scope".into(), OneOrMany::One("openid".into()));
    let whole = Arc::new(AtomicUsize::new(2));
    let told = scenario.tell(Arc::new(Failing(whole))).unwrap();
    assert_eq!(told.mismatches, []);

    let login = &mut scenario.steps[0];
    login.expect = Expectation {
        status: 500,
        answer: [("error".to_owned(), json!("server_error"))].into(),
        absent: vec![
            "access_token".into(),
            "id_token".into(),
            "refresh_token".into(),
        ],
        effects: Some(vec![]),
        claims: Values::new(),
        ..login.expect.clone()
    };
    for signatures in 0..2 {
        let few = Arc::new(AtomicUsize::new(signatures));
        let told = scenario.tell(Arc::new(Failing(few))).unwrap();
        assert_eq!(told.mismatches, [], "{signatures}");
    }
}
