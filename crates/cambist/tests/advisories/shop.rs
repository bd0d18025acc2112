//! A realm small enough to be read at one glance, and everything an attacker may try on it.

use std::sync::Arc;

use cambist::{
    crypto::Algorithm,
    decision::{Decision, Denial},
    endpoint::{AnswerBody, EndpointAnswer, SealedAnswer},
    engine::{AuthenticatedRequest, Engine, EngineBuilder, PendingRequest, TokenRequest},
    jose::{JwsLimits, SigningHeader, UnverifiedJws, compact::SigningInput},
    moment::Moment,
    realm::{Profile, document::RealmDocument},
    refusal::Refusal,
    request::Envelope,
    response::TokenResponse,
};
use cambist_ring::RingProvider;
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::{Map, Value, json};

pub(crate) const ISSUER: &str = "https://id.example/realms/shop";
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(crate) const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
const FORM: &str = "application/x-www-form-urlencoded";

/// A realm, its users and sessions, and the time.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) document: RealmDocument,
    pub(crate) world: World,
    pub(crate) engine: Engine,
    pub(crate) now: i64,
    entropy: FixedEntropy,
}

/// `till` logs users in, `stock` exchanges what `till` got (standard exchange, and by permission to `office`),
/// `loner` is in nobody's audience. Everything is in profile `keycloak` unless a test says otherwise.
pub(crate) fn document() -> RealmDocument {
    let mut document: RealmDocument = serde_json::from_value(json!({
        "realm": "shop",
        "tokens": {"revoke_refresh_token": true},
        "roles": [{"name": "clerk"}],
        "clients": [
            {
                "id": "till", "secret": "till-secret", "grants": ["password", "token-exchange"],
                "mappers": [{
                    "name": "for stock", "kind": "oidc-audience-mapper",
                    "config": {"included.client.audience": "stock", "access.token.claim": "true"}
                }]
            },
            {
                "id": "stock", "secret": "stock-secret",
                "grants": ["client-credentials", "token-exchange", "standard-token-exchange"],
                "attributes": {"standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION"},
                "mappers": [{
                    "name": "for ledger", "kind": "oidc-audience-mapper",
                    "config": {"included.client.audience": "ledger", "access.token.claim": "true"}
                }]
            },
            {"id": "ledger", "secret": "ledger-secret", "grants": ["standard-token-exchange"]},
            {"id": "office", "secret": "office-secret"},
            {"id": "loner", "secret": "loner-secret", "grants": ["token-exchange", "standard-token-exchange"]},
            {"id": "app", "public": true, "grants": ["password", "token-exchange", "standard-token-exchange"]}
        ],
        "policies": [{"name": "stock only", "kind": "client", "clients": ["stock"]}],
        "permissions": [{
            "name": "to office", "action": "token-exchange", "client": "office", "policies": ["stock only"]
        }],
        "users": [
            {
                "username": "ada", "password": "engine", "email": "ada@example.com",
                "first_name": "Ada", "last_name": "Lovelace", "roles": {"realm": ["clerk"]}
            },
            {
                "username": "bob", "password": "builder", "email": "bob@example.com",
                "first_name": "Bob", "last_name": "Noble"
            }
        ]
    }))
    .unwrap();
    document.profile = Profile::Keycloak;
    document
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::of(document())
    }

    pub(crate) fn strict() -> Self {
        let mut document = document();
        document.profile = Profile::Strict;
        Self::of(document)
    }

    /// The shop with a change to its document.
    pub(crate) fn with(change: impl FnOnce(&mut RealmDocument)) -> Self {
        let mut document = document();
        change(&mut document);
        Self::of(document)
    }

    pub(crate) fn of(document: RealmDocument) -> Self {
        Self::built(document, Engine::builder(Arc::new(RingProvider)))
    }

    pub(crate) fn built(document: RealmDocument, builder: EngineBuilder) -> Self {
        Self {
            world: World::new(document.clone(), &RingProvider).unwrap(),
            document,
            engine: builder.build(),
            now: NOW,
            entropy: FixedEntropy::new(7),
        }
    }

    /// An administrator changes the realm; sessions and revocations stay.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut RealmDocument)) {
        change(&mut self.document);
        let old = std::mem::replace(
            &mut self.world,
            World::new(self.document.clone(), &RingProvider).unwrap(),
        );
        self.world.sessions = old.sessions;
        self.world.revoked = old.revoked;
        self.world.users = old.users;
    }

    pub(crate) fn user(&self, name: &str) -> &cambist::facts::User {
        self.world
            .users
            .values()
            .find(|user| user.username == name)
            .unwrap()
    }

    pub(crate) fn change_user(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut cambist::facts::User),
    ) {
        let user = self
            .world
            .users
            .values_mut()
            .find(|user| user.username == name)
            .unwrap();
        change(Arc::make_mut(user));
    }

    pub(crate) fn begin(&self, form: &[(&str, &str)]) -> Result<PendingRequest, Denial> {
        self.begin_body(&encode(form))
    }

    pub(crate) fn begin_body(&self, body: &str) -> Result<PendingRequest, Denial> {
        self.engine
            .receive(
                Arc::clone(&self.world.realm),
                &self.envelope(),
                body.as_bytes(),
                Moment::utc(self.now),
            )
            .and_then(TokenRequest::authenticate)
            .and_then(AuthenticatedRequest::begin)
    }

    pub(crate) fn envelope(&self) -> Envelope<'static> {
        Envelope {
            issuer: ISSUER,
            content_type: Some(FORM),
            ..Envelope::default()
        }
    }

    /// The whole path; effects are applied, those of a refusal as well.
    pub(crate) fn ask(&mut self, form: &[(&str, &str)]) -> Result<TokenResponse, Refusal> {
        match self.begin(form) {
            Ok(pending) => self.decide(pending),
            Err(denial) => Err(self.refused(denial)),
        }
    }

    pub(crate) fn decide(&mut self, pending: PendingRequest) -> Result<TokenResponse, Refusal> {
        let facts = self.world.facts(&pending.facts_needed());
        match pending.decide(&facts) {
            Decision::Permit(grant) => {
                let outcome = grant.prepare(&mut self.entropy)?.sign()?;
                let world = &mut self.world;
                outcome.commit(|effects| {
                    world.apply(effects);
                    Ok(())
                })
            }
            Decision::Deny(denial) => Err(self.refused(denial)),
        }
    }

    fn refused(&mut self, mut denial: Denial) -> Refusal {
        if let Some(effects) = denial.take_effects() {
            self.world.apply(&effects);
        }
        denial.refusal().clone()
    }

    /// `ada` logs in at `till`.
    pub(crate) fn login(&mut self) -> TokenResponse {
        self.log_in("till", "ada", "engine", &[]).unwrap()
    }

    pub(crate) fn log_in(
        &mut self,
        client: &str,
        user: &str,
        password: &str,
        more: &[(&str, &str)],
    ) -> Result<TokenResponse, Refusal> {
        let secret = format!("{client}-secret");
        let mut form = vec![
            ("grant_type", "password"),
            ("client_id", client),
            ("client_secret", &secret),
            ("username", user),
            ("password", password),
        ];
        form.extend_from_slice(more);
        self.ask(&form)
    }

    /// An exchange by `client`; `more` may name audience, scope and what else.
    pub(crate) fn exchange(
        &mut self,
        client: &str,
        subject: &str,
        more: &[(&str, &str)],
    ) -> Result<TokenResponse, Refusal> {
        let secret = format!("{client}-secret");
        let form = exchange_form(client, &secret, subject, more);
        self.ask(&form)
    }

    pub(crate) fn refresh(&mut self, client: &str, token: &str) -> Result<TokenResponse, Refusal> {
        self.ask(&[
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("client_secret", &format!("{client}-secret")),
            ("refresh_token", token),
        ])
    }

    /// The answer of the introspection endpoint, as `client` is told.
    pub(crate) fn introspect(&self, client: &str, token: &str) -> Value {
        let body = encode(&[
            ("client_id", client),
            ("client_secret", &format!("{client}-secret")),
            ("token", token),
        ]);
        let pending = self
            .engine
            .introspect(
                Arc::clone(&self.world.realm),
                &self.envelope(),
                body.as_bytes(),
                Moment::utc(self.now),
            )
            .unwrap();
        let facts = self.world.facts(&pending.facts_needed());
        json_of(opened(pending.answer(&facts)))
    }

    pub(crate) fn is_active(&self, client: &str, token: &str) -> bool {
        self.introspect(client, token)["active"] == json!(true)
    }

    pub(crate) fn revoke(&mut self, client: &str, token: &str) -> EndpointAnswer {
        let body = encode(&[
            ("client_id", client),
            ("client_secret", &format!("{client}-secret")),
            ("token", token),
        ]);
        let pending = match self.engine.revoke(
            Arc::clone(&self.world.realm),
            &self.envelope(),
            body.as_bytes(),
            Moment::utc(self.now),
        ) {
            Ok(pending) => pending,
            Err(answer) => return opened(answer),
        };
        let facts = self.world.facts(&pending.facts_needed());
        let (effects, open) = pending.answer(&facts).into_parts();
        self.world.apply(&effects);
        open(effects.committed())
    }

    /// A token with these claims, signed by the realm's own key: what a thief of a claim would wish for.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as("JWT", claims)
    }

    pub(crate) fn sign_as(&self, header_type: &str, claims: &Value) -> String {
        let key = self.world.realm.keys().active(Algorithm::EdDsa).unwrap();
        let header = SigningHeader::new(Algorithm::EdDsa, Some(&key.kid), Some(header_type));
        let payload = serde_json::to_vec(claims).unwrap();
        SigningInput::new(&header, &payload)
            .sign(key.signing.as_ref().unwrap())
            .unwrap()
    }

    /// The claims of a token of this realm, its signature checked.
    pub(crate) fn claims(&self, token: &str) -> Map<String, Value> {
        let jws = UnverifiedJws::parse(token, &JwsLimits::default()).unwrap();
        let key = self
            .world
            .realm
            .keys()
            .verifier(jws.key_id().unwrap())
            .unwrap();
        serde_json::from_str(jws.verify(key).unwrap().payload()).unwrap()
    }

    /// The token with some of its claims changed, signed anew; `Value::Null` takes one out.
    pub(crate) fn altered(&self, token: &str, changes: &[(&str, Value)]) -> String {
        let mut claims = self.claims(token);
        for (name, value) in changes {
            if value.is_null() {
                claims.remove(*name);
            } else {
                claims.insert((*name).to_owned(), value.clone());
            }
        }
        self.sign(&Value::Object(claims))
    }
}

pub(crate) fn exchange_form<'a>(
    client: &'a str,
    secret: &'a str,
    subject: &'a str,
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("grant_type", EXCHANGE),
        ("client_id", client),
        ("client_secret", secret),
        ("subject_token", subject),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    form.extend_from_slice(more);
    form
}

pub(crate) fn encode(form: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        text.replace('%', "%25")
            .replace('+', "%2B")
            .replace('&', "%26")
            .replace('=', "%3D")
            .replace(' ', "+")
    };
    let pairs: Vec<_> = form
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    pairs.join("&")
}

/// The status, `error` and `error_description` of a refusal.
pub(crate) fn told(refused: Result<TokenResponse, Refusal>) -> (u16, String, String) {
    let wire = refused
        .map(|_| panic!("a token was issued"))
        .unwrap_or_else(|refusal| refusal.wire());
    (
        wire.status,
        wire.code.as_str().to_owned(),
        wire.description.unwrap_or_default().into_owned(),
    )
}

fn opened(answer: SealedAnswer) -> EndpointAnswer {
    let (effects, open) = answer.into_parts();
    open(effects.committed())
}

fn json_of(answer: EndpointAnswer) -> Value {
    match answer.body {
        AnswerBody::Json(text) => serde_json::from_slice(text.as_ref()).unwrap(),
        _ => panic!("no JSON"),
    }
}
