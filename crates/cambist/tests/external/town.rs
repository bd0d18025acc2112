//! A realm with one identity provider of each kind, and an outside that answers by address.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    crypto::{Algorithm, CryptoProvider},
    decision::{Decision, Denial},
    effects::Effect,
    engine::{AuthenticatedRequest, Engine, Progress, TokenRequest},
    facts::User,
    jose::{Jwk, JwkSet, PrivateKey, SigningHeader, SigningKey, compact::SigningInput},
    moment::Moment,
    outcome::Outcome,
    outside::{IssuerKeys, Outside, OutsideFailure, OutsideNeeded, Resource},
    realm::{Profile, document::RealmDocument},
    request::Envelope,
};
use cambist_ring::RingProvider;
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example/realms/town";
pub(crate) const BANK: &str = "https://bank.example";
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub(crate) const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

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

/// The bank's key.
pub(crate) fn bank() -> SigningKey {
    key(BANK_KEY, "k1")
}

/// A key of the forge, under the very id that the bank's key has.
pub(crate) fn stranger() -> SigningKey {
    key(STRANGE_KEY, "k1")
}

fn published(text: &str) -> String {
    let private = PrivateKey::from_pkcs8_der(&STANDARD.decode(text).unwrap()).unwrap();
    let mut key = Jwk::new(RingProvider.public_key(&private).unwrap());
    key.key_id = Some("k1".to_owned());
    serde_json::to_string(&JwkSet::new(vec![key]).unwrap()).unwrap()
}

/// Claims of a good token of the bank, with some of them changed; null takes one out.
pub(crate) fn claims(changed: Value) -> Value {
    let mut claims = json!({
        "iss": BANK, "sub": "b-1", "aud": "us-at-bank", "typ": "Bearer",
        "iat": NOW - 5, "exp": NOW + 300, "preferred_username": "Bea",
    });
    for (name, value) in changed.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

pub(crate) fn signed(claims: &Value, key: &SigningKey) -> String {
    let header = SigningHeader::new(key.algorithm, Some(&key.key_id), Some("JWT"));
    SigningInput::new(&header, claims.to_string().as_bytes())
        .sign(key)
        .unwrap()
}

fn provider(alias: &str, kind: &str, config: Value) -> Value {
    let mut config = config;
    config["clientId"] = json!(format!("us-at-{alias}"));
    json!({"alias": alias, "kind": kind, "config": config})
}

fn document(change: impl FnOnce(&mut Value)) -> RealmDocument {
    let keyed = |issuer: &str, at: &str| json!({"issuer": issuer, "jwksUrl": at, "validateSignature": "true", "useJwksUrl": "true"});
    let mut providers = vec![
        provider("bank", "oidc", keyed(BANK, "https://bank.example/keys")),
        provider(
            "forge",
            "oidc",
            keyed("https://forge.example", "https://forge.example/keys"),
        ),
        provider(
            "asked",
            "oidc",
            json!({"issuer": "https://asked.example", "validateSignature": "false",
                   "userInfoUrl": "https://asked.example/me"}),
        ),
        provider(
            "both",
            "oidc",
            json!({"issuer": "https://both.example", "validateSignature": "true",
                   "useJwksUrl": "true", "jwksUrl": "https://bank.example/keys",
                   "userInfoUrl": "https://both.example/me"}),
        ),
        provider(
            "realm",
            "keycloak-oidc",
            keyed("https://other.example", "https://bank.example/keys"),
        ),
        provider("google", "google", json!({})),
        provider(
            "github",
            "github",
            json!({"apiUrl": "https://git.example/api/v3/"}),
        ),
        provider(
            "gitlab",
            "gitlab",
            json!({"baseUrl": "https://lab.example"}),
        ),
        provider("microsoft", "microsoft", json!({})),
        provider(
            "plain",
            "oauth2",
            json!({"userInfoUrl": "https://plain.example/me", "userIDClaim": "data.id",
                   "userNameClaim": "data.nick"}),
        ),
        provider("saml", "saml", json!({})),
    ];
    let permissions: Vec<Value> = providers
        .iter()
        .map(|provider| {
            json!({"name": format!("from {}", provider["alias"].as_str().unwrap()),
                   "action": "token-exchange", "provider": provider["alias"], "policies": ["desk"]})
        })
        .collect();
    let mut off = provider(
        "off",
        "oidc",
        keyed("https://off.example", "https://bank.example/keys"),
    );
    off["enabled"] = json!(false);
    providers.push(off);
    let mut document = json!({
        "realm": "town",
        "clients": [
            {"id": "desk", "secret": "s", "grants": ["token-exchange"]},
            {"id": "other", "secret": "s", "grants": ["token-exchange"]},
            {"id": "shop", "secret": "s"}
        ],
        "identity_providers": providers,
        "policies": [{"name": "desk", "kind": "client", "clients": ["desk"]}],
        "permissions": permissions,
        "users": [
            {"username": "lena", "federated_identities": [{"provider": "bank", "user_id": "b-lena"}]},
            {"username": "shut", "enabled": false,
             "federated_identities": [{"provider": "bank", "user_id": "b-shut"}]},
            {"username": "dora", "email": "dora@example.org"}
        ]
    });
    change(&mut document);
    serde_json::from_value(document).unwrap()
}

/// What the outside answers: a status and a document, by address and token.
type Answers = BTreeMap<(&'static str, String), (u16, Value)>;

pub(crate) struct Town {
    engine: Engine,
    pub(crate) world: World,
    answers: Answers,
    keys_fail: bool,
    /// Whoever is linked is locked out.
    pub(crate) locked_out: bool,
    /// Addresses that were asked, with the token sent.
    asked: Mutex<Vec<(String, Option<String>)>>,
}

impl Town {
    pub(crate) fn new(profile: Profile) -> Self {
        Self::changed(profile, |_| ())
    }

    pub(crate) fn changed(profile: Profile, change: impl FnOnce(&mut Value)) -> Self {
        let mut document = document(change);
        document.profile = profile;
        Self {
            engine: Engine::builder(Arc::new(RingProvider)).build(),
            world: World::new(document, &RingProvider).unwrap(),
            answers: BTreeMap::new(),
            keys_fail: false,
            locked_out: false,
            asked: Mutex::default(),
        }
    }

    /// The realm with one setting of a provider changed.
    pub(crate) fn with(profile: Profile, alias: &str, setting: &str, value: &str) -> Self {
        Self::changed(profile, |document| {
            let list = document["identity_providers"].as_array_mut().unwrap();
            let provider = list.iter_mut().find(|one| one["alias"] == alias).unwrap();
            provider["config"][setting] = json!(value);
        })
    }

    /// Lets an address answer to a token.
    pub(crate) fn saying(
        mut self,
        url: &'static str,
        token: &str,
        status: u16,
        body: Value,
    ) -> Self {
        self.answers.insert((url, token.to_owned()), (status, body));
        self
    }

    pub(crate) fn without_keys(mut self) -> Self {
        self.keys_fail = true;
        self
    }

    pub(crate) fn asked(&self) -> Vec<(String, Option<String>)> {
        self.asked.lock().unwrap().clone()
    }

    fn outside(&self, needed: &OutsideNeeded) -> Outside {
        let mut log = self.asked.lock().unwrap();
        match needed {
            OutsideNeeded::Keys(needed) => {
                log.push((needed.url.to_string(), None));
                if self.keys_fail {
                    return Outside::Failed(OutsideFailure::Unreachable);
                }
                let set = match &*needed.url {
                    "https://forge.example/keys" => published(STRANGE_KEY),
                    _ => published(BANK_KEY),
                };
                Outside::Keys(Arc::new(IssuerKeys::parse(&set, &RingProvider).unwrap()))
            }
            OutsideNeeded::Resource(needed) => {
                let token = needed.bearer.expose().to_owned();
                log.push((needed.url.to_string(), Some(token.clone())));
                let found = self
                    .answers
                    .iter()
                    .find(|((url, known), _)| *url == &*needed.url && *known == token);
                let (status, body) = found.map_or((401, Value::Null), |(_, said)| said.clone());
                Outside::Resource(Resource {
                    status,
                    body: body.to_string(),
                })
            }
        }
    }

    /// Asks for an exchange as `client`.
    pub(crate) fn ask_as(&self, client: &str, form: &[(&str, &str)]) -> Result<Outcome, Denial> {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        let own = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("client_id", client),
            ("client_secret", "s"),
        ];
        let body: Vec<_> = own
            .iter()
            .chain(form)
            .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")))
            .collect();
        let pending = self
            .engine
            .receive(
                Arc::clone(&self.world.realm),
                &envelope,
                body.join("&").as_bytes(),
                Moment::utc(NOW),
            )
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)?;
        let mut progress = Progress::Facts(pending);
        loop {
            progress = match progress {
                Progress::Facts(pending) => {
                    let mut facts = self.world.facts(&pending.facts_needed());
                    if let Some(link) = &mut facts.link {
                        link.locked_out = self.locked_out;
                    }
                    pending.proceed(&facts)
                }
                Progress::Outside(asking) => {
                    let outside = self.outside(&asking.outside_needed());
                    asking.answer(outside)
                }
                Progress::HandedOver(outcome) => return Ok(outcome),
                Progress::Decided(Decision::Deny(denial)) => return Err(denial),
                Progress::Decided(Decision::Permit(grant)) => {
                    return Ok(grant
                        .prepare(&mut FixedEntropy::new(1))
                        .unwrap()
                        .sign()
                        .unwrap());
                }
            };
        }
    }

    pub(crate) fn ask(&self, form: &[(&str, &str)]) -> Result<Outcome, Denial> {
        self.ask_as("desk", form)
    }

    /// Brings a token of a provider.
    pub(crate) fn bring(&self, alias: &str, kind: &str, token: &str) -> Result<Outcome, Denial> {
        self.ask(&[
            ("subject_token", token),
            ("subject_token_type", kind),
            ("subject_issuer", alias),
        ])
    }

    /// The status, the code and the words of the refusal, which must be one.
    pub(crate) fn refused(&self, alias: &str, kind: &str, token: &str) -> String {
        told(self.bring(alias, kind, token))
    }

    /// The user that an exchange made.
    pub(crate) fn made(&self, alias: &str, kind: &str, token: &str) -> User {
        made(&self.bring(alias, kind, token).unwrap())
    }
}

/// The user that is made with an answer.
pub(crate) fn made(outcome: &Outcome) -> User {
    let mut effects = outcome.effects().list().iter();
    let made = effects.find_map(|effect| match effect {
        Effect::CreateUser(user) => Some(User::clone(user)),
        _ => None,
    });
    made.unwrap()
}

/// What the wire says of a refusal.
pub(crate) fn told(answer: Result<Outcome, Denial>) -> String {
    let Err(denial) = answer else {
        panic!("the token is taken");
    };
    let wire = denial.refusal().wire();
    format!(
        "{} {}: {}",
        wire.status,
        wire.code.as_str(),
        wire.description.unwrap_or_default()
    )
}
