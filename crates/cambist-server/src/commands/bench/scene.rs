//! The realm that is measured, a user who is logged in, and a client that may exchange.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    claims::MapperKinds,
    client_policy::ClientPolicyKinds,
    crypto::{Algorithm, CryptoProvider, Entropy},
    decision::Decision,
    effects::Effect,
    engine::{AuthenticatedRequest, Engine, PendingRequest, TokenRequest},
    facts::{Facts, LoginFacts, User, UserSession},
    jose::base64url,
    moment::Moment,
    policy::{Answer, EvaluationContext, ExchangeQuestion, PolicyKinds, can_exchange_to},
    realm::{
        Client, ClientNo, Features, Realm,
        build::BuildOptions,
        document::{ClientGrant, KeyDocument, KeyStatus, KeyUse, RealmDocument, SecretSource},
    },
    request::Envelope,
    secret::Secret,
};
use cambist_aws_lc as maker;

use super::Failure;

const ISSUER: &str = "https://bench.invalid/realms/bench";
const SECRET: &str = "bench";
const NOW: i64 = 1_800_000_000;

/// Most pairs of clients that are asked about in turn.
const PAIRS: usize = 65_536;

/// Most pairs that are asked about to find one that may exchange.
const SEARCHED: usize = 4_000_000;

/// A realm of 1,000 clients, each of which four others may reach.
pub(super) fn builtin() -> RealmDocument {
    const CLIENTS: usize = 1_000;
    let client = |number: usize| serde_json::json!({ "id": format!("client-{number}") });
    let policy = |number: usize| {
        let callers: Vec<String> = (1..=4)
            .map(|step| format!("client-{}", number.wrapping_add(step) % CLIENTS))
            .collect();
        serde_json::json!({ "name": format!("callers of {number}"), "kind": "client", "clients": callers })
    };
    let permission = |number: usize| {
        serde_json::json!({
            "name": format!("exchange to {number}"),
            "action": "token-exchange",
            "client": format!("client-{number}"),
            "policies": [format!("callers of {number}")],
        })
    };
    let document = serde_json::json!({
        "realm": "bench",
        "profile": "keycloak",
        "clients": (0..CLIENTS).map(client).collect::<Vec<_>>(),
        "policies": (0..CLIENTS).map(policy).collect::<Vec<_>>(),
        "permissions": (0..CLIENTS).map(permission).collect::<Vec<_>>(),
    });
    serde_json::from_value(document).unwrap_or_else(|_| RealmDocument::named("bench"))
}

/// A realm, the pairs of its clients that are asked about, and an exchange that may be.
pub(super) struct Scene {
    engine: Engine,
    realm: Arc<Realm>,
    algorithm: Algorithm,
    pairs: Vec<(ClientNo, ClientNo)>,
    next: usize,
    exchange: Option<Exchange>,
}

struct Exchange {
    body: String,
    subject: String,
    facts: Facts,
}

impl Scene {
    pub(super) fn new(
        mut document: RealmDocument,
        algorithm: Algorithm,
        provider: Arc<dyn CryptoProvider>,
    ) -> Result<Self, Failure> {
        document.complete(Features::default());
        document.keys = vec![key(algorithm)?, key(Algorithm::Hs512)?];
        algorithm
            .name()
            .clone_into(&mut document.tokens.signature_algorithm);
        for client in &mut document.clients {
            client.attributes.remove("access.token.signed.response.alg");
        }
        let mut realm = Arc::new(build(&document, &*provider)?);
        let pair = permitted(&realm);
        if let Some((requester, _)) = pair
            && let Some(id) = realm
                .client(requester)
                .map(|client| client.client_id().to_owned())
        {
            // The client logs a user in and proves itself with a secret that is known here.
            for client in document.clients.iter_mut().filter(|client| client.id == id) {
                client.public = false;
                client.bearer_only = false;
                "client-secret".clone_into(&mut client.authenticator);
                client.secret = Some(SecretSource::Text(Secret::new(SECRET)));
                for grant in [ClientGrant::Password, ClientGrant::TokenExchange] {
                    if !client.grants.contains(&grant) {
                        client.grants.push(grant);
                    }
                }
            }
            realm = Arc::new(build(&document, &*provider)?);
        }
        let mut scene = Self {
            engine: Engine::new(provider),
            pairs: pairs(&realm).take(PAIRS).collect(),
            realm,
            algorithm,
            next: 0,
            exchange: None,
        };
        if let Some((requester, target)) = pair {
            scene.exchange = Some(scene.prepared(requester, target)?);
        }
        Ok(scene)
    }

    pub(super) fn realm_name(&self) -> &str {
        self.realm.name()
    }

    pub(super) fn clients(&self) -> usize {
        self.realm.clients().len()
    }

    /// Asks about the next pair.
    pub(super) fn decide(&mut self, record: bool) -> Option<Answer> {
        let pair = self.pairs.get(self.next).copied();
        self.next = self.next.wrapping_add(1);
        if self.next >= self.pairs.len() {
            self.next = 0;
        }
        let (requester, target) = pair?;
        Some(ask(
            &self.realm,
            self.realm.client(requester)?,
            target,
            record,
        ))
    }

    /// One exchange, down to the bytes of the answer; nothing where none is permitted.
    pub(super) fn exchange(
        &self,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<(String, Vec<u8>)>, Failure> {
        let Some(Exchange { body, facts, .. }) = &self.exchange else {
            return Ok(None);
        };
        let pending = self.begin(body)?;
        let _ = pending.facts_needed();
        let (_, token, answer) = finish(pending.decide(facts), entropy)?;
        Ok(Some((token, answer)))
    }

    /// Verifies the subject token and signs the bytes of a new one.
    pub(super) fn signatures(
        &self,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<impl FnMut() -> bool + use<>>, Failure> {
        let (Some(exchange), Some((token, _))) = (&self.exchange, self.exchange(entropy)?) else {
            return Ok(None);
        };
        let key = self.realm.keys().active(self.algorithm);
        let (Some(verifier), Some(signer)) = (
            key.and_then(|key| key.verification.clone()),
            key.and_then(|key| key.signing.clone()),
        ) else {
            return Ok(None);
        };
        let split = |token: &str| {
            let (input, signature) = token.rsplit_once('.')?;
            Some((input.to_owned(), base64url::decode(signature).ok()?))
        };
        let (Some((subject, signature)), Some((input, _))) =
            (split(&exchange.subject), split(&token))
        else {
            return Ok(None);
        };
        let mut made = Vec::new();
        Ok(Some(move || {
            let held = verifier.verifier.verify(subject.as_bytes(), &signature);
            let signed = signer.signer.sign(input.as_bytes(), &mut made);
            held.is_ok() && signed.is_ok()
        }))
    }

    /// Logs a user in at the requester and exchanges once, so that what is measured creates nothing.
    fn prepared(&self, requester: ClientNo, target: ClientNo) -> Result<Exchange, Failure> {
        let id = |number: ClientNo| self.realm.client(number).map(Client::client_id);
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let requester = encode(id(requester).unwrap_or_default());
        let target = encode(id(target).unwrap_or_default());
        let user = Arc::new(User {
            id: "00000000-0000-4000-8000-000000000001".to_owned(),
            username: "bench".to_owned(),
            enabled: true,
            email: Some("bench@example.com".to_owned()),
            email_verified: true,
            first_name: Some("Bench".to_owned()),
            last_name: Some("User".to_owned()),
            ..User::default()
        });
        let login = Facts {
            login: Some(LoginFacts {
                user: Some(Arc::clone(&user)),
                password_matches: true,
                locked_out: false,
                failures: 0,
            }),
            ..Facts::default()
        };
        let entropy = &mut cambist_ring::SystemEntropy::new();
        let body = format!(
            "grant_type=password&client_id={requester}&client_secret={SECRET}&username=bench&password=x"
        );
        let (effects, subject, _) = finish(self.begin(&body)?.decide(&login), entropy)?;
        let started = effects.into_iter().find_map(|effect| match effect {
            Effect::StartSession(session) => Some(*session),
            _ => None,
        });
        let mut session: UserSession = started.ok_or("the login started no session")?;
        let body = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
             &client_id={requester}&client_secret={SECRET}&subject_token={subject}\
             &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
             &audience={target}"
        );
        let facts = |session: &UserSession| Facts {
            session: Some(Arc::new(session.clone())),
            subject: Some(Arc::clone(&user)),
            ..Facts::default()
        };
        let (effects, _, _) = finish(self.begin(&body)?.decide(&facts(&session)), entropy)?;
        for effect in effects {
            if let Effect::PutClientSession { client, state, .. } = effect {
                session.clients.insert(client.into(), *state);
            }
        }
        Ok(Exchange {
            facts: facts(&session),
            body,
            subject,
        })
    }

    fn begin(&self, body: &str) -> Result<PendingRequest, Failure> {
        let envelope = Envelope {
            issuer: ISSUER,
            content_type: Some("application/x-www-form-urlencoded"),
            ..Envelope::default()
        };
        self.engine
            .receive(
                Arc::clone(&self.realm),
                &envelope,
                body.as_bytes(),
                Moment::utc(NOW),
            )
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)
            .map_err(|denial| denial.refusal().to_string().into())
    }
}

/// Mints and signs: what is to be written, the access token, and the bytes of the answer.
fn finish(
    decision: Decision,
    entropy: &mut dyn Entropy,
) -> Result<(Vec<Effect>, String, Vec<u8>), Failure> {
    let grant = match decision {
        Decision::Permit(grant) => grant,
        Decision::Deny(denial) => return Err(denial.refusal().to_string().into()),
    };
    let outcome = grant
        .prepare(entropy)
        .and_then(cambist::mint::UnsignedExchange::sign)
        .map_err(|refusal| refusal.to_string())?;
    let (effects, _, _, sealed) = outcome.into_parts();
    let list = effects.list().to_vec();
    let response = sealed.open(&effects.committed())?;
    let answer = response.body();
    Ok((list, response.access_token, answer))
}

fn build(document: &RealmDocument, provider: &dyn CryptoProvider) -> Result<Realm, Failure> {
    let options = BuildOptions {
        version: 1,
        features: Features::default(),
        provider,
        mappers: &MapperKinds::builtin(),
        policies: &PolicyKinds::builtin(),
        client_policies: &ClientPolicyKinds::builtin(),
    };
    Ok(Realm::build(document, &options)?)
}

/// Pairs of clients, near ones in turn with far ones, so that no part of a large realm is left out.
fn pairs(realm: &Realm) -> impl Iterator<Item = (ClientNo, ClientNo)> + '_ {
    let clients = realm.clients();
    (0..clients.len()).flat_map(move |distance| {
        clients
            .iter()
            .enumerate()
            .filter_map(move |(place, requester)| {
                let place = place.wrapping_add(distance).checked_rem(clients.len())?;
                Some((requester.number(), clients.get(place)?.number()))
            })
    })
}

/// The first pair of which one may exchange to the other.
fn permitted(realm: &Realm) -> Option<(ClientNo, ClientNo)> {
    pairs(realm).take(SEARCHED).find(|(requester, target)| {
        let (Some(requester), Some(target)) = (realm.client(*requester), realm.client(*target))
        else {
            return false;
        };
        requester.number() != target.number()
            && [requester, target]
                .iter()
                .all(|client| client.enabled() && !client.is_saml() && !client.consent_required())
            && ask(realm, requester, target.number(), false).0.is_ok()
    })
}

fn ask(realm: &Realm, requester: &Client, target: ClientNo, record: bool) -> Answer {
    let question = ExchangeQuestion {
        requester,
        service_account: None,
        subject_scope: Some("openid"),
    };
    let context = EvaluationContext {
        client_id: requester.client_id(),
        remote_address: None,
        moment: Moment::utc(NOW),
    };
    can_exchange_to(realm, &question, target, &context, record)
}

fn key(algorithm: Algorithm) -> Result<KeyDocument, Failure> {
    let secret = match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
            base64url::encode(maker::generate_hmac_secret()?.expose_secret())
        }
        Algorithm::Es256 => STANDARD.encode(maker::generate_ec_p256()?.expose_pkcs8_der()),
        Algorithm::Es384 => STANDARD.encode(maker::generate_ec_p384()?.expose_pkcs8_der()),
        Algorithm::EdDsa => STANDARD.encode(maker::generate_ed25519()?.expose_pkcs8_der()),
        _ => STANDARD.encode(maker::generate_rsa(2048)?.expose_pkcs8_der()),
    };
    Ok(KeyDocument {
        kid: Some(algorithm.name().to_lowercase()),
        algorithm: algorithm.name().to_owned(),
        key_use: KeyUse::Signature,
        status: KeyStatus::Active,
        priority: 0,
        secret: Some(SecretSource::Text(Secret::new(secret))),
        public: None,
        certificate: None,
        provider: None,
    })
}
