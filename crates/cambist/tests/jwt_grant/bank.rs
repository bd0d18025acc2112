//! A realm that takes the assertions of a bank, and a bank that signs them.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    crypto::{Algorithm, CryptoProvider},
    decision::{Decision, Denial},
    effects::Effect,
    engine::{AuthenticatedRequest, Engine, PendingRequest, TokenRequest},
    jose::{
        Jwk, JwkSet, PrivateKey, SigningHeader, SigningKey, SymmetricKey, compact::SigningInput,
    },
    moment::Moment,
    outcome::Outcome,
    realm::{Profile, document::RealmDocument},
    refusal::{JwtGrantError, Refusal},
    request::Envelope,
};
use cambist_ring::RingProvider;
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example/realms/shop";
pub(crate) const BANK: &str = "https://bank.example";
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const BANK_KEY: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
const STRANGE_KEY: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";

fn key(text: &str, key_id: &str) -> SigningKey {
    let private = PrivateKey::from_pkcs8_der(&STANDARD.decode(text).unwrap()).unwrap();
    SigningKey {
        key_id: key_id.to_owned(),
        algorithm: Algorithm::EdDsa,
        signer: RingProvider.signer(Algorithm::EdDsa, &private).unwrap(),
    }
}

pub(crate) fn bank_key() -> SigningKey {
    key(BANK_KEY, "bank")
}

/// A key that the bank does not publish, under an id that it does.
pub(crate) fn strange_key() -> SigningKey {
    key(STRANGE_KEY, "bank")
}

/// The bank's published keys, as the attacker of an algorithm confusion would use them: as a secret.
pub(crate) fn published_as_secret() -> SigningKey {
    let secret = SymmetricKey::new(published().into_bytes());
    SigningKey {
        key_id: "bank".to_owned(),
        algorithm: Algorithm::Hs256,
        signer: RingProvider.hmac(Algorithm::Hs256, &secret).unwrap().signer,
    }
}

/// The bank's keys as a key set.
pub(crate) fn published() -> String {
    let private = PrivateKey::from_pkcs8_der(&STANDARD.decode(BANK_KEY).unwrap()).unwrap();
    let mut key = Jwk::new(RingProvider.public_key(&private).unwrap());
    key.key_id = Some("bank".to_owned());
    serde_json::to_string(&JwkSet::new(vec![key]).unwrap()).unwrap()
}

pub(crate) fn claims() -> Value {
    json!({"iss": BANK, "sub": "bank-alice", "aud": ISSUER, "jti": "one", "iat": NOW, "exp": NOW + 120})
}

/// The claims with one of them changed; null takes it out.
pub(crate) fn with(member: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(members.remove(member)),
        value => drop(members.insert(member.to_owned(), value)),
    }
    claims
}

pub(crate) fn sign(claims: &Value, key: &SigningKey, header_type: &str) -> String {
    let header = SigningHeader::new(key.algorithm, Some(&key.key_id), Some(header_type));
    SigningInput::new(&header, claims.to_string().as_bytes())
        .sign(key)
        .unwrap()
}

/// Signed by the bank.
pub(crate) fn signed(claims: &Value) -> String {
    sign(claims, &bank_key(), "JWT")
}

/// An ID-JAG of the bank for `bot`.
pub(crate) fn id_jag(claims: &Value) -> String {
    let mut claims = claims.clone();
    claims["client_id"] = json!("bot");
    sign(&claims, &bank_key(), "oauth-id-jag+jwt")
}

/// The realm as a document; `change` may do to it what it likes.
pub(crate) fn document(change: impl FnOnce(&mut Value)) -> RealmDocument {
    let attributes = json!({"oauth2.jwt.authorization.grant.idp": "bank"});
    let mut document = json!({
        "realm": "shop",
        "features": {"identity-assertion-jwt": true},
        "identity_providers": [{
            "alias": "bank",
            "kind": "oidc",
            "config": {
                "issuer": BANK,
                "jwtAuthorizationGrantEnabled": "true",
                "publicKeySignatureVerifier": published(),
                "clientId": "shop-at-bank"
            }
        }],
        "clients": [
            {"id": "bot", "secret": "bot-secret", "grants": ["jwt-bearer"], "attributes": attributes},
            {"id": "careful", "secret": "bot-secret", "grants": ["jwt-bearer"],
             "consent_required": true, "attributes": attributes},
            {"id": "stranger", "secret": "bot-secret", "grants": ["jwt-bearer"]},
            {"id": "other", "secret": "bot-secret", "attributes": attributes},
            {"id": "open", "public": true, "grants": ["jwt-bearer"], "attributes": attributes}
        ],
        "users": [
            {"username": "alice", "email": "alice@example.org",
             "federated_identities": [{"provider": "bank", "user_id": "bank-alice"}]},
            {"username": "bob", "enabled": false,
             "federated_identities": [{"provider": "bank", "user_id": "bank-bob"}]},
            {"username": "carl", "required_actions": ["UPDATE_PASSWORD"],
             "federated_identities": [{"provider": "bank", "user_id": "bank-carl"}]}
        ]
    });
    change(&mut document);
    serde_json::from_value(document).unwrap()
}

pub(crate) struct Shop {
    pub(crate) engine: Engine,
    pub(crate) world: World,
}

impl Shop {
    pub(crate) fn new(profile: Profile) -> Self {
        Self::changed(profile, |_| ())
    }

    pub(crate) fn changed(profile: Profile, change: impl FnOnce(&mut Value)) -> Self {
        let mut document = document(change);
        document.profile = profile;
        Self {
            engine: Engine::builder(Arc::new(RingProvider)).build(),
            world: World::new(document, &RingProvider).unwrap(),
        }
    }

    /// The same with settings of the bank changed.
    pub(crate) fn with_bank(profile: Profile, settings: &[(&str, &str)]) -> Self {
        Self::changed(profile, |document| {
            for (name, value) in settings {
                document["identity_providers"][0]["config"][*name] = json!(value);
            }
        })
    }

    pub(crate) fn pending(
        &self,
        client: &str,
        form: &[(&str, &str)],
    ) -> Result<PendingRequest, Denial> {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let own = [
            ("grant_type", GRANT),
            ("client_id", client),
            ("client_secret", "bot-secret"),
        ];
        let secret = usize::from(client != "open").saturating_add(2);
        let body: Vec<_> = own
            .iter()
            .take(secret)
            .chain(form)
            .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")))
            .collect();
        self.engine
            .receive(
                Arc::clone(&self.world.realm),
                &envelope,
                body.join("&").as_bytes(),
                Moment::utc(NOW),
            )
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)
    }

    pub(crate) fn ask(&self, client: &str, form: &[(&str, &str)]) -> Result<Outcome, Denial> {
        let pending = self.pending(client, form)?;
        let facts = self.world.facts(&pending.facts_needed());
        match pending.decide(&facts) {
            Decision::Permit(grant) => Ok(grant
                .prepare(&mut FixedEntropy::new(1))
                .unwrap()
                .sign()
                .unwrap()),
            Decision::Deny(denial) => Err(denial),
        }
    }

    pub(crate) fn bring(&self, assertion: &str) -> Result<Outcome, Denial> {
        self.ask("bot", &[("assertion", assertion)])
    }

    pub(crate) fn refused(&self, assertion: &str) -> JwtGrantError {
        told(self.bring(assertion))
    }
}

pub(crate) fn told(answer: Result<Outcome, Denial>) -> JwtGrantError {
    match answer {
        Ok(_) => panic!("the assertion is taken"),
        Err(denial) => match denial.refusal() {
            Refusal::JwtGrant(error) => error.clone(),
            other => panic!("{other}"),
        },
    }
}

/// The effects of a refusal.
pub(crate) fn left(answer: Result<Outcome, Denial>) -> Vec<Effect> {
    let mut denial = answer.err().unwrap();
    denial
        .take_effects()
        .map_or_else(Vec::new, |effects| effects.list().to_vec())
}
