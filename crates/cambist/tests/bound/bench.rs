//! A realm with clients that may, must and need not prove a key, and two keys.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    crypto::Algorithm,
    decision::{Decision, Denial},
    effects::{Effect, SingleUse},
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    jose::{JwsLimits, PrivateKey, UnverifiedJws},
    moment::Moment,
    realm::{Profile, document::RealmDocument},
    refusal::Refusal,
    request::{ClientCertificate, Envelope},
    response::TokenResponse,
};
use cambist_ring::RingProvider;
use cambist_testkit::{fixed_entropy::FixedEntropy, prover::Prover, world::World};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example/realms/bound";
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const OWN_KEY: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
const STRANGE_KEY: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";

fn prover(text: &str) -> Prover {
    let key = PrivateKey::from_pkcs8_der(&STANDARD.decode(text).unwrap()).unwrap();
    Prover::new(Algorithm::EdDsa, &key, &RingProvider).unwrap()
}

/// A realm and two keys.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) world: World,
    pub(crate) own: Prover,
    pub(crate) strange: Prover,
    /// What the connection has.
    pub(crate) certificate: Option<ClientCertificate>,
    drawn: u64,
    told: u64,
}

impl Bench {
    pub(crate) fn new(profile: Profile) -> Self {
        Self::with(profile, &json!({}))
    }

    pub(crate) fn with(profile: Profile, tokens: &Value) -> Self {
        let names = ["shop", "other", "must", "card", "app"];
        let mappers: Vec<Value> = names
            .iter()
            .map(|name| {
                json!({"name": format!("to {name}"), "kind": "oidc-audience-mapper",
                       "config": {"included.client.audience": name, "access.token.claim": "true"}})
            })
            .collect();
        let client = |name: &str, attributes: Value| {
            json!({
                "id": name, "secret": "s3cret", "mappers": mappers, "attributes": attributes,
                "grants": ["password", "client-credentials", "token-exchange",
                           "standard-token-exchange"],
            })
        };
        let refreshing =
            json!({"standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION"});
        let mut carded = refreshing.clone();
        carded["tls.client.certificate.bound.access.tokens"] = "true".into();
        let mut bound = refreshing.clone();
        bound["dpop.bound.access.tokens"] = "true".into();
        let mut document: RealmDocument = serde_json::from_value(json!({
            "realm": "bound",
            "tokens": tokens,
            "clients": [
                client("shop", refreshing.clone()),
                client("other", refreshing),
                client("must", bound),
                client("card", carded),
                {"id": "app", "public": true, "grants": ["password"], "mappers": mappers},
                {"id": "till", "secret": "s3cret"},
            ],
            "policies": [{"name": "all", "kind": "client", "clients": ["shop", "other", "must", "card"]}],
            "permissions": [{"name": "to till", "action": "token-exchange", "client": "till",
                             "policies": ["all"]}],
            "users": [{
                "username": "ada", "password": "engine", "email": "ada@example.com",
                "first_name": "Ada", "last_name": "Lovelace",
            }],
        }))
        .unwrap();
        document.profile = profile;
        Self {
            engine: Engine::new(Arc::new(RingProvider)),
            world: World::new(document, &RingProvider).unwrap(),
            own: prover(OWN_KEY),
            strange: prover(STRANGE_KEY),
            certificate: None,
            drawn: 0,
            told: 0,
        }
    }

    /// A good proof by this key that nobody has used.
    pub(crate) fn fresh(&mut self, prover: &Prover) -> String {
        self.told += 1;
        prover
            .prove(&Prover::claims(ISSUER, NOW, &self.told.to_string()))
            .unwrap()
    }

    pub(crate) fn ask(&mut self, form: &str, proof: Option<&str>) -> Result<Issued, Denial> {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            proof,
            certificate: self.certificate.as_ref(),
            ..Envelope::default()
        };
        let moment = Moment::utc(NOW);
        let pending = self
            .engine
            .receive(
                Arc::clone(&self.world.realm),
                &envelope,
                form.as_bytes(),
                moment,
            )
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)?;
        let facts = self.world.facts(&pending.facts_needed());
        match pending.decide(&facts) {
            Decision::Deny(denial) => Err(denial),
            Decision::Permit(grant) => {
                self.drawn += 1_000;
                let entropy = &mut FixedEntropy::new(self.drawn);
                let outcome = grant.prepare(entropy).unwrap().sign().unwrap();
                let effects = outcome.effects().list().to_vec();
                let response = outcome.commit(|effects| {
                    self.world.apply(effects);
                    Ok::<(), core::convert::Infallible>(())
                });
                let Ok(response) = response;
                Ok(Issued { response, effects })
            }
        }
    }

    pub(crate) fn refusal(&mut self, form: &str, proof: Option<&str>) -> Refusal {
        match self.ask(form, proof) {
            Ok(_) => panic!("permitted: {form}"),
            Err(denial) => denial.refusal().clone(),
        }
    }

    /// Logs ada in.
    pub(crate) fn login(&mut self, client: &str, prover: Option<&Prover>) -> TokenResponse {
        let proof = prover.map(|prover| self.fresh(prover));
        self.ask(&login(client), proof.as_deref()).unwrap().response
    }
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) response: TokenResponse,
    pub(crate) effects: Vec<Effect>,
}

fn credentials(client: &str) -> String {
    match client {
        "app" => "client_id=app".to_owned(),
        _ => format!("client_id={client}&client_secret=s3cret"),
    }
}

pub(crate) fn login(client: &str) -> String {
    let credentials = credentials(client);
    format!("grant_type=password&{credentials}&username=ada&password=engine&scope=openid")
}

pub(crate) fn refresh(client: &str, token: &str) -> String {
    let credentials = credentials(client);
    format!("grant_type=refresh_token&{credentials}&refresh_token={token}")
}

pub(crate) fn standard(client: &str, subject: &str) -> String {
    let credentials = credentials(client);
    format!("{EXCHANGE}&{credentials}&subject_token={subject}&subject_token_type={ACCESS_TOKEN}")
}

/// With a parameter that only the permission-based exchange takes.
pub(crate) fn permission_based(client: &str, subject: &str) -> String {
    let issuer = format!("{}&subject_issuer={ISSUER}", standard(client, subject));
    format!("{issuer}&audience=till")
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let jws = UnverifiedJws::parse(token, &JwsLimits::default()).unwrap();
    drop(jws);
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&cambist::jose::base64url::decode(payload).unwrap()).unwrap()
}

/// What an access token is bound to, with what must agree with it.
pub(crate) fn bound_to(response: &TokenResponse) -> Option<String> {
    let claims = claims(&response.access_token);
    let key = claims["cnf"]["jkt"].as_str().map(str::to_owned);
    let kind = if key.is_some() { "DPoP" } else { "Bearer" };
    assert_eq!(claims["typ"], kind);
    assert_eq!(response.token_type, kind);
    assert_eq!(claims.get("cnf").is_some(), key.is_some());
    key
}

pub(crate) fn uses_a_proof_up(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::UseOnce {
            purpose: SingleUse::DpopProof,
            ..
        }
    )
}
