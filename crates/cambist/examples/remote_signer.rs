//! The story of `token_exchange.rs`, where the realm's private key is not in this process: a key service
//! signs. Compare the two files: what differs is marked with `REMOTE` (the key in the realm document, the
//! service that holds the other half, and the lines that stood where `sign()` stands there).
//!
//! Run it with `cargo run -p cambist --example remote_signer`.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, sync::Arc, time::SystemTime};

use cambist::{
    crypto::{Algorithm, CryptoProvider, ProviderError, Signer},
    decision::Decision,
    engine::Engine,
    jose::{JwsLimits, PrivateKey, UnverifiedJws},
    mint::{Signing, SigningRequest},
    moment::Moment,
    realm::document::RealmDocument,
    request::Envelope,
    response::TokenResponse,
};
use cambist_ring::{RingProvider, SystemEntropy};
use cambist_testkit::world::World;

/// REMOTE: of the key that signs access tokens the realm has the public half only (that of RFC 8037
/// appendix A). The secret of refresh tokens, which only this realm reads, may stay here.
const REALM: &str = r#"{
    "realm": "token-exchange-demo",
    "tokens": {"signature_algorithm": "EdDSA"},
    "keys": [
        {"kid": "in the key service", "algorithm": "EdDSA", "public": {
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        }},
        {"kid": "refresh", "algorithm": "HS512", "secret":
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw"}
    ],
    "clients": [
        {"id": "service-a", "secret": "a-secret", "grants": ["password", "token-exchange"]},
        {"id": "service-b"}
    ],
    "policies": [
        {"name": "service-a-client-policy", "kind": "client", "clients": ["service-a"]}
    ],
    "permissions": [{
        "name": "exchange to service-b", "action": "token-exchange", "client": "service-b",
        "policies": ["service-a-client-policy"], "strategy": "unanimous"
    }],
    "users": [{
        "username": "testuser", "password": "password123", "email": "testuser@example.com",
        "email_verified": true, "first_name": "Test", "last_name": "User"
    }]
}"#;

/// REMOTE: the service, here a key in memory. A real one is asked over the network, and the exchange waits
/// for it: the value that waits is owned, `Send` and `'static`.
struct KeyService(Arc<dyn Signer>);

impl KeyService {
    fn open() -> Result<Self, Box<dyn Error>> {
        let key = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
        let key = PrivateKey::from_pem(key)?;
        Ok(Self(RingProvider.signer(Algorithm::EdDsa, &key)?))
    }

    fn sign(&self, request: &SigningRequest<'_>) -> Result<Vec<u8>, ProviderError> {
        println!(
            "the key service signs {} bytes with `{}`",
            request.input.len(),
            request.key_id
        );
        let mut signature = Vec::new();
        self.0.sign(request.input, &mut signature)?;
        Ok(signature)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let document: RealmDocument = serde_json::from_str(REALM)?;
    let mut world = World::new(document, &RingProvider)?;
    let engine = Engine::new(Arc::new(RingProvider));
    let service = KeyService::open()?;

    let login = ask(
        &engine,
        &mut world,
        &service,
        "grant_type=password&client_id=service-a&client_secret=a-secret\
         &username=testuser&password=password123&scope=openid+profile+email",
    )?;
    println!("logged in at service-a:\n{}", claims(&world, &login)?);

    let form = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &client_id=service-a&client_secret=a-secret\
         &subject_token={}\
         &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
         &audience=service-b",
        login.access_token
    );
    let exchanged = ask(&engine, &mut world, &service, &form)?;
    println!("exchanged for service-b:\n{}", claims(&world, &exchanged)?);
    Ok(())
}

/// One request at the token endpoint, step by step. Each step takes the value before it, so none can be
/// skipped; between any two of them a server may wait.
fn ask(
    engine: &Engine,
    world: &mut World,
    service: &KeyService,
    form: &str,
) -> Result<TokenResponse, Box<dyn Error>> {
    let envelope = Envelope {
        issuer: "https://id.example/realms/token-exchange-demo",
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let moment = Moment::utc(i64::try_from(now.as_secs())?);

    let request = engine.receive(Arc::clone(&world.realm), &envelope, form.as_bytes(), moment);
    let pending = request
        .and_then(|request| request.authenticate())
        .and_then(|request| request.begin())
        .map_err(|denial| denial.refusal().to_string())?;

    let facts = world.facts(&pending.facts_needed());
    let grant = match pending.decide(&facts) {
        Decision::Permit(grant) => grant,
        Decision::Deny(mut denial) => {
            // A refusal may write too: a wrong password is counted.
            if let Some(effects) = denial.take_effects() {
                world.apply(&effects);
            }
            return Err(denial.refusal().to_string().into());
        }
    };

    // REMOTE: one signing input after the other, until all are signed. The ID token comes last, because it
    // holds a hash of the signed access token.
    let mut unsigned = grant.prepare(&mut SystemEntropy::new())?;
    let outcome = loop {
        let request = unsigned.signing_input();
        let mut keys = world.realm.keys().all().iter();
        let here = keys.find(|key| *key.kid == *request.key_id);
        let signature = match here.and_then(|key| key.signing.as_ref()) {
            Some(key) => {
                let mut signature = Vec::new();
                key.signer.sign(request.input, &mut signature)?;
                signature
            }
            None => service.sign(&request)?,
        };
        match unsigned.attach(&signature) {
            Signing::More(more) => unsigned = more,
            Signing::Done(outcome) => break outcome,
        }
    };
    // The answer opens once its effects are stored.
    outcome.commit(|effects| {
        world.apply(effects);
        Ok(())
    })
}

/// The claims, once the signature holds: what a resource server does with the keys of `certs`.
fn claims(world: &World, answer: &TokenResponse) -> Result<String, Box<dyn Error>> {
    let token = UnverifiedJws::parse(&answer.access_token, &JwsLimits::default())?;
    let key = token
        .key_id()
        .and_then(|id| world.realm.keys().verifier(id))
        .ok_or("no such key")?;
    let claims: serde_json::Value = serde_json::from_str(token.verify(key)?.payload())?;
    Ok(serde_json::to_string_pretty(&claims)?)
}
