//! Clients that prove themselves by a token they signed (RFC 7523 section 2.2).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::Arc;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use cambist::{
    client_auth::{AssertionError, AssertionKind, ClientAuthError, ClientAuthMethod, JWT_BEARER},
    crypto::{Algorithm, CryptoProvider},
    decision::{Decision, Denial},
    effects::{Effect, SingleUse},
    engine::{AuthenticatedRequest, Engine, TokenRequest},
    jose::{
        Jwk, JwkSet, PrivateKey, SigningHeader, SigningKey, SymmetricKey, compact::SigningInput,
    },
    moment::{Moment, Timestamp},
    outside::{IssuerKeys, KeysNeeded},
    realm::{Profile, document::RealmDocument},
    refusal::Refusal,
    request::Envelope,
};
use cambist_ring::RingProvider;
use cambist_testkit::{fixed_entropy::FixedEntropy, world::World};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example/realms/machines";
const NOW: i64 = 1_800_000_000;
const AFAR: &str = "https://afar.example/keys";
const SHARED: &str = "a secret of at least thirty-two bytes";
const OWN_KEY: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
const STRANGE_KEY: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";

fn private_key(text: &str) -> PrivateKey {
    PrivateKey::from_pkcs8_der(&STANDARD.decode(text).unwrap()).unwrap()
}

fn signing_key(text: &str, key_id: &str) -> SigningKey {
    SigningKey {
        key_id: key_id.to_owned(),
        algorithm: Algorithm::EdDsa,
        signer: RingProvider
            .signer(Algorithm::EdDsa, &private_key(text))
            .unwrap(),
    }
}

fn shared_key(secret: &str) -> SigningKey {
    let secret = SymmetricKey::new(secret.as_bytes().to_vec());
    SigningKey {
        key_id: String::new(),
        algorithm: Algorithm::Hs256,
        signer: RingProvider.hmac(Algorithm::Hs256, &secret).unwrap().signer,
    }
}

struct Machines {
    engine: Engine,
    world: World,
}

impl Machines {
    fn new() -> Self {
        Self::of(Profile::Keycloak)
    }

    fn of(profile: Profile) -> Self {
        let mut key = Jwk::new(private_key(OWN_KEY).public_key(&RingProvider).unwrap());
        key.key_id = Some("own".to_owned());
        let keys = serde_json::to_string(&JwkSet::new(vec![key]).unwrap()).unwrap();
        let mut document: RealmDocument = serde_json::from_value(json!({
            "realm": "machines",
            "clients": [
                {"id": "robot", "authenticator": "client-jwt", "grants": ["client-credentials"],
                 "attributes": {"use.jwks.string": "true", "jwks.string": keys}},
                {"id": "bare", "authenticator": "client-jwt", "grants": ["client-credentials"]},
                {"id": "only-ps256", "authenticator": "client-jwt", "grants": ["client-credentials"],
                 "attributes": {"use.jwks.string": "true", "jwks.string": keys,
                                "token.endpoint.auth.signing.alg": "PS256"}},
                {"id": "elsewhere", "authenticator": "client-jwt",
                 "attributes": {"use.jwks.string": "true", "jwks.string": keys,
                                "token.endpoint.auth.signing.alg": "ES256K"}},
                {"id": "mac", "authenticator": "client-secret-jwt", "secret": SHARED,
                 "grants": ["client-credentials"]},
                {"id": "afar", "authenticator": "client-jwt", "grants": ["client-credentials"],
                 "attributes": {"use.jwks.url": "true", "jwks.url": AFAR,
                                "use.jwks.string": "true", "jwks.string": keys}},
                {"id": "below", "authenticator": "client-jwt", "root_url": "https://below.example/app",
                 "attributes": {"use.jwks.url": "true", "jwks.url": "/keys"}},
                {"id": "afar-ps256", "authenticator": "client-jwt",
                 "attributes": {"use.jwks.url": "true", "jwks.url": AFAR,
                                "token.endpoint.auth.signing.alg": "PS256"}},
                {"id": "afar-asleep", "authenticator": "client-jwt", "enabled": false,
                 "attributes": {"use.jwks.url": "true", "jwks.url": AFAR}},
                {"id": "till", "secret": "till-secret", "grants": ["client-credentials"]},
                {"id": "app", "public": true}
            ]
        }))
        .unwrap();
        document.profile = profile;
        if profile == Profile::Strict {
            // Says what is not known here, which is an error there.
            document.clients.retain(|client| client.id != "elsewhere");
        }
        Self {
            engine: Engine::builder(Arc::new(RingProvider)).build(),
            world: World::new(document, &RingProvider).unwrap(),
        }
    }

    fn authenticate(&self, form: &[(&str, &str)]) -> Result<AuthenticatedRequest, Denial> {
        self.authenticate_with(form, None)
    }

    fn authenticate_with(
        &self,
        form: &[(&str, &str)],
        client_keys: Option<&Arc<IssuerKeys>>,
    ) -> Result<AuthenticatedRequest, Denial> {
        let envelope = Envelope {
            client_keys,
            ..envelope()
        };
        let body = body(form);
        self.engine
            .receive(
                Arc::clone(&self.world.realm),
                &envelope,
                body.as_bytes(),
                Moment::utc(NOW),
            )
            .and_then(TokenRequest::authenticate)
    }

    fn keys_needed(&self, form: &[(&str, &str)]) -> Option<KeysNeeded> {
        let body = body(form);
        self.engine
            .client_keys_needed(&self.world.realm, &envelope(), body.as_bytes())
    }

    fn refused(&self, form: &[(&str, &str)]) -> ClientAuthError {
        match self.authenticate(form) {
            Ok(_) => panic!("the client is believed"),
            Err(denial) => match denial.refusal() {
                Refusal::Client(error) => *error,
                other => panic!("{other}"),
            },
        }
    }

    fn refused_assertion(&self, assertion: &str) -> ClientAuthError {
        self.refused(&with(assertion))
    }
}

fn envelope() -> Envelope<'static> {
    Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    }
}

fn body(form: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        text.replace('%', "%25")
            .replace('+', "%2B")
            .replace('&', "%26")
    };
    let pairs: Vec<_> = form
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    pairs.join("&")
}

fn with(assertion: &str) -> [(&str, &str); 3] {
    [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ]
}

fn claims(client: &str) -> Value {
    json!({"iss": client, "sub": client, "aud": ISSUER, "jti": "one", "exp": NOW + 300, "iat": NOW})
}

fn changed(client: &str, member: &str, value: Value) -> Value {
    let mut claims = claims(client);
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(member)),
        value => drop(
            claims
                .as_object_mut()
                .unwrap()
                .insert(member.to_owned(), value),
        ),
    }
    claims
}

fn signed(claims: &Value, key: &SigningKey) -> String {
    let key_id = Some(&*key.key_id).filter(|id| !id.is_empty());
    let header = SigningHeader::new(key.algorithm, key_id, Some("JWT"));
    SigningInput::new(&header, claims.to_string().as_bytes())
        .sign(key)
        .unwrap()
}

fn own(claims: &Value) -> String {
    signed(claims, &signing_key(OWN_KEY, "own"))
}

fn used(client: &str, until: i64) -> Effect {
    Effect::UseOnce {
        purpose: SingleUse::ClientAssertion(client.into()),
        id: "one".into(),
        until: Timestamp(until),
    }
}

fn assertion_error(error: AssertionError) -> ClientAuthError {
    ClientAuthError::Assertion(error)
}

#[test]
fn both_methods_prove_a_client_and_use_the_assertion_up() {
    let machines = Machines::new();
    for (client, assertion, method) in [
        (
            "robot",
            own(&claims("robot")),
            ClientAuthMethod::PrivateKeyJwt,
        ),
        (
            "mac",
            signed(&claims("mac"), &shared_key(SHARED)),
            ClientAuthMethod::ClientSecretJwt,
        ),
    ] {
        let request = machines.authenticate(&with(&assertion)).unwrap();
        assert_eq!(request.client().unwrap().client_id(), client);
        assert_eq!(request.method(), method);
        let pending = request.begin().unwrap();
        let facts = machines.world.facts(&pending.facts_needed());
        let Decision::Permit(grant) = pending.decide(&facts) else {
            panic!("{client} is denied");
        };
        let outcome = grant
            .prepare(&mut FixedEntropy::new(1))
            .unwrap()
            .sign()
            .unwrap();
        // Its `iat` makes it worthless long before its `exp`, so it need not be remembered until then.
        assert!(outcome.effects().list().contains(&used(client, NOW + 61)));
    }
}

#[test]
fn a_refusal_uses_the_assertion_up_too() {
    let machines = Machines::new();
    let assertion = own(&claims("robot"));
    let mut form = with(&assertion).to_vec();
    form.push(("scope", "no-such-scope"));
    let denied = machines.authenticate(&form).and_then(|request| {
        let pending = request.begin()?;
        let facts = machines.world.facts(&pending.facts_needed());
        match pending.decide(&facts) {
            Decision::Permit(_) => panic!("permitted"),
            Decision::Deny(denial) => Err::<(), _>(denial),
        }
    });
    let effects = denied.unwrap_err().take_effects().unwrap();
    assert_eq!(effects.list(), [used("robot", NOW + 61)]);

    // The same where the request ends before any grant is looked at.
    form.push(("scope", "twice"));
    let effects = machines.authenticate(&form).unwrap_err().take_effects();
    assert_eq!(effects.unwrap().list(), [used("robot", NOW + 61)]);

    let envelope = Envelope {
        issuer: ISSUER,
        content_type: Some("application/x-www-form-urlencoded"),
        ..Envelope::default()
    };
    let realm = Arc::clone(&machines.world.realm);
    let body = body(&with(&assertion));
    let answer = machines
        .engine
        .introspect(realm, &envelope, body.as_bytes(), Moment::utc(NOW))
        .unwrap_err();
    let (effects, open) = answer.into_parts();
    assert_eq!(effects.list(), [used("robot", NOW + 61)]);
    assert_eq!(open(effects.committed()).status, 400);
}

#[test]
fn what_is_wrong_is_told() {
    let machines = Machines::new();
    let changed = |member: &str, value: Value| own(&changed("robot", member, value));
    let token_endpoint = format!("{ISSUER}/protocol/openid-connect/token");
    for (assertion, error) in [
        (
            changed("aud", json!("https://other.example")),
            AssertionError::Audience,
        ),
        (
            changed("aud", json!(format!("{ISSUER}/other"))),
            AssertionError::Audience,
        ),
        (changed("aud", Value::Null), AssertionError::Audience),
        (
            changed("aud", json!([ISSUER, "https://other.example"])),
            AssertionError::SeveralAudiences,
        ),
        (
            changed("aud", json!([ISSUER, token_endpoint])),
            AssertionError::SeveralAudiences,
        ),
        (changed("exp", Value::Null), AssertionError::ExpiryMissing),
        (changed("exp", json!(NOW)), AssertionError::NotActive),
        (changed("nbf", json!(NOW + 16)), AssertionError::NotActive),
        (changed("iat", Value::Null), AssertionError::ExpiryTooFar),
        (
            changed("iat", json!(NOW + 16)),
            AssertionError::IssuedInFuture,
        ),
        (
            changed("iat", json!(NOW - 61)),
            AssertionError::IssuedTooLongAgo,
        ),
        (changed("jti", Value::Null), AssertionError::IdMissing),
        (changed("jti", json!("")), AssertionError::IdMissing),
        (
            signed(&claims("robot"), &signing_key(STRANGE_KEY, "own")),
            AssertionError::Signature(AssertionKind::PrivateKey),
        ),
        (
            signed(&claims("robot"), &signing_key(STRANGE_KEY, "strange")),
            AssertionError::UnknownKey,
        ),
        (
            signed(&claims("robot"), &shared_key(SHARED)),
            AssertionError::Algorithm,
        ),
        (own(&claims("bare")), AssertionError::UnknownKey),
        (own(&claims("only-ps256")), AssertionError::Algorithm),
        (own(&claims("mac")), AssertionError::PublicKeyAlgorithm),
        (
            signed(
                &claims("mac"),
                &shared_key("another secret of thirty-two bytes"),
            ),
            AssertionError::Signature(AssertionKind::ClientSecret),
        ),
    ] {
        assert_eq!(
            machines.refused_assertion(&assertion),
            assertion_error(error)
        );
    }
}

#[test]
fn times_at_their_limits_are_taken() {
    let machines = Machines::new();
    for (member, value) in [
        ("exp", json!(NOW + 1)),
        ("nbf", json!(NOW + 15)),
        ("iat", json!(NOW + 15)),
        ("iat", json!(NOW - 60)),
        ("aud", json!([ISSUER])),
        (
            "aud",
            json!(format!("{ISSUER}/protocol/openid-connect/token/introspect")),
        ),
    ] {
        let assertion = own(&changed("robot", member, value));
        assert!(machines.authenticate(&with(&assertion)).is_ok(), "{member}");
    }
    let mut claims = changed("robot", "iat", Value::Null);
    claims["exp"] = json!(NOW + 60);
    assert!(machines.authenticate(&with(&own(&claims))).is_ok());
}

#[test]
fn a_key_needs_no_id_where_the_algorithm_finds_it() {
    let machines = Machines::new();
    let unnamed = signed(&claims("robot"), &signing_key(OWN_KEY, ""));
    assert!(machines.authenticate(&with(&unnamed)).is_ok());
}

/// Threat T027: the method registered is the method taken, in both directions.
#[test]
fn t027_no_other_method_than_the_registered_one_is_taken() {
    let machines = Machines::new();
    let secret = |client: &'static str, secret: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", secret),
        ]
    };
    assert!(
        machines
            .authenticate(&secret("till", "till-secret"))
            .is_ok()
    );
    for client in ["robot", "mac", "bare"] {
        assert!(machines.authenticate(&secret(client, SHARED)).is_err());
    }
    for (client, key) in [
        ("till", signing_key(OWN_KEY, "own")),
        (
            "till",
            shared_key("till-secret of thirty-two bytes and more"),
        ),
        ("robot", shared_key(SHARED)),
        ("mac", signing_key(OWN_KEY, "own")),
    ] {
        let assertion = signed(&claims(client), &key);
        assert!(
            machines.authenticate(&with(&assertion)).is_err(),
            "{client}"
        );
    }
}

/// Threat T043: the registered key says no algorithm. Its kind does, and a token's header never.
#[test]
fn t043_the_algorithm_of_a_key_without_one_follows_from_its_kind() {
    let machines = Machines::new();
    let registered = private_key(OWN_KEY).public_key(&RingProvider).unwrap();
    let published = serde_json::to_string(&Jwk::new(registered)).unwrap();
    assert!(!published.contains("alg"), "{published}");
    let good = own(&claims("robot"));
    assert!(machines.authenticate(&with(&good)).is_ok());
    let (_, payload) = good.split_once('.').unwrap();
    for algorithm in [
        "HS256", "HS512", "RS256", "PS256", "ES256", "ES384", "ES256K", "Ed25519", "eddsa", "none",
    ] {
        let header = json!({"alg": algorithm, "kid": "own", "typ": "JWT"}).to_string();
        let header = URL_SAFE_NO_PAD.encode(header);
        let renamed = format!("{header}.{payload}");
        assert!(
            machines.authenticate(&with(&renamed)).is_err(),
            "{algorithm}"
        );
    }
    // As secrets its public bytes are nothing, in any writing.
    for secret in [published.as_str(), OWN_KEY] {
        let mut key = shared_key(secret);
        key.key_id = "own".to_owned();
        let forged = signed(&claims("robot"), &key);
        assert!(machines.authenticate(&with(&forged)).is_err(), "{secret}");
    }
}

#[test]
fn an_unsigned_assertion_proves_nothing() {
    let machines = Machines::new();
    let own = own(&claims("robot"));
    let (unsigned, _) = own.rsplit_once('.').unwrap();
    let (_, payload) = unsigned.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0";
    let signature = AssertionError::Signature(AssertionKind::PrivateKey);
    for (assertion, error) in [
        (format!("{none}.{payload}."), AssertionError::Algorithm),
        (format!("{none}.{payload}.AAAA"), AssertionError::Algorithm),
        (format!("{unsigned}."), signature),
        (unsigned.to_owned(), signature),
    ] {
        assert_eq!(
            machines.refused_assertion(&assertion),
            assertion_error(error)
        );
    }
}

#[test]
fn an_assertion_names_only_clients_that_are_registered_for_it() {
    let machines = Machines::new();
    for client in ["till", "app", "nobody"] {
        let assertion = own(&claims(client));
        assert_eq!(
            machines.refused_assertion(&assertion),
            ClientAuthError::Missing
        );
    }
    for (member, value) in [
        ("iss", json!("till")),
        ("iss", Value::Null),
        ("sub", Value::Null),
    ] {
        let assertion = own(&changed("robot", member, value));
        assert_eq!(
            machines.refused_assertion(&assertion),
            ClientAuthError::Missing
        );
    }
    assert_eq!(machines.refused_assertion("abc"), ClientAuthError::Missing);
    // An algorithm that is not known here fails closed.
    let assertion = own(&claims("elsewhere"));
    assert_eq!(
        machines.refused_assertion(&assertion),
        ClientAuthError::Missing
    );
}

#[test]
fn what_stands_beside_the_assertion_never_weakens_it() {
    let machines = Machines::new();
    let assertion = own(&claims("robot"));
    let form = |more: &[(&'static str, &'static str)]| {
        let mut form = with(&assertion).to_vec();
        form.extend_from_slice(more);
        form
    };
    // The named client counts, and it is not the one that signed.
    let till = form(&[("client_id", "till")]);
    assert_eq!(machines.refused(&till), ClientAuthError::WrongSecret);
    let bare = form(&[("client_id", "bare")]);
    assert_eq!(
        machines.refused(&bare),
        assertion_error(AssertionError::OtherClient)
    );
    // A secret is no substitute.
    let secret = [
        ("grant_type", "client_credentials"),
        ("client_id", "mac"),
        ("client_secret", SHARED),
    ];
    assert_eq!(
        machines.refused(&secret),
        assertion_error(AssertionError::TypeMissing)
    );
    let typed = [
        ("grant_type", "client_credentials"),
        ("client_id", "mac"),
        ("client_assertion_type", JWT_BEARER),
    ];
    assert_eq!(
        machines.refused(&typed),
        assertion_error(AssertionError::Missing)
    );
    let other_type = [
        ("grant_type", "client_credentials"),
        ("client_id", "robot"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        ),
        ("client_assertion", &assertion),
    ];
    assert_eq!(
        machines.refused(&other_type),
        assertion_error(AssertionError::WrongType)
    );
    let unreadable = [
        ("grant_type", "client_credentials"),
        ("client_id", "robot"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", "abc"),
    ];
    assert_eq!(
        machines.refused(&unreadable),
        assertion_error(AssertionError::Unreadable)
    );
}

/// The key set that holds the public half of this key.
fn published(key: &str, key_id: &str) -> Arc<IssuerKeys> {
    let mut key = Jwk::new(private_key(key).public_key(&RingProvider).unwrap());
    key.key_id = Some(key_id.to_owned());
    let set = serde_json::to_string(&JwkSet::new(vec![key]).unwrap()).unwrap();
    Arc::new(IssuerKeys::parse(&set, &RingProvider).unwrap())
}

/// client-auth/sign-url, sign-url-stranger.
#[test]
fn a_client_is_believed_by_the_keys_at_the_address_that_it_registered() {
    let machines = Machines::new();
    let assertion = own(&claims("afar"));
    let form = with(&assertion);
    let needed = KeysNeeded {
        url: AFAR.into(),
        key_id: Some("own".into()),
    };
    assert_eq!(machines.keys_needed(&form), Some(needed));

    let keys = published(OWN_KEY, "own");
    let request = machines.authenticate_with(&form, Some(&keys)).unwrap();
    assert_eq!(request.client().unwrap().client_id(), "afar");
    assert_eq!(request.method(), ClientAuthMethod::PrivateKeyJwt);

    // Not without them, and not by the keys that stand in its attributes beside the address.
    let unknown = assertion_error(AssertionError::UnknownKey);
    assert_eq!(machines.refused_assertion(&assertion), unknown);
    for (keys, error) in [
        (published(OWN_KEY, "other"), AssertionError::UnknownKey),
        (
            published(STRANGE_KEY, "own"),
            AssertionError::Signature(AssertionKind::PrivateKey),
        ),
    ] {
        let refused = machines.authenticate_with(&form, Some(&keys)).unwrap_err();
        let Refusal::Client(refused) = refused.refusal() else {
            panic!("{}", refused.refusal());
        };
        assert_eq!(*refused, assertion_error(error));
    }

    // Keys that were fetched for one client say nothing of another.
    let robot = own(&claims("robot"));
    let strange = published(STRANGE_KEY, "own");
    assert!(
        machines
            .authenticate_with(&with(&robot), Some(&strange))
            .is_ok()
    );
    let bare = own(&claims("bare"));
    assert!(
        machines
            .authenticate_with(&with(&bare), Some(&keys))
            .is_err()
    );
}

#[test]
fn keys_are_asked_for_only_where_they_decide_and_never_where_a_token_says() {
    let machines = Machines::new();
    let below = own(&claims("below"));
    let needed = machines.keys_needed(&with(&below)).unwrap();
    assert_eq!(&*needed.url, "https://below.example/app/keys");

    let bent = r#"{"alg":"EdDSA","kid":"own","jku":"https://evil.example/keys"}"#;
    let afar = own(&claims("afar"));
    let rest = afar.split_once('.').unwrap().1;
    let bent = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(bent));
    let needless = [
        ("a key set named by the token", bent),
        ("keys at hand", own(&claims("robot"))),
        ("no client", own(&claims("nobody"))),
        ("a disabled client", own(&claims("afar-asleep"))),
        ("an algorithm of another client", own(&claims("afar-ps256"))),
        ("a secret", signed(&claims("afar"), &shared_key(SHARED))),
        (
            "another issuer",
            own(&changed("afar", "iss", json!("robot"))),
        ),
        ("no token", "rubbish".to_owned()),
    ];
    for (what, assertion) in &needless {
        assert_eq!(machines.keys_needed(&with(assertion)), None, "{what}");
        let mut named = with(assertion).to_vec();
        named.push(("client_id", "till"));
        assert_eq!(machines.keys_needed(&named), None, "{what}");
    }
    let [grant, _, assertion] = with(&afar);
    assert_eq!(machines.keys_needed(&[grant, assertion]), None);
    assert_eq!(machines.keys_needed(&[grant, ("client_id", "afar")]), None);
}

/// client-auth/mac-hs512.
#[test]
fn a_secret_of_32_bytes_serves_any_hash_in_profile_keycloak_only() {
    for algorithm in [Algorithm::Hs384, Algorithm::Hs512] {
        // What HMAC makes of a key that is shorter than its block.
        let mut secret = SHARED.as_bytes().to_vec();
        secret.resize(64, 0);
        let secret = SymmetricKey::new(secret);
        let key = SigningKey {
            key_id: String::new(),
            algorithm,
            signer: RingProvider.hmac(algorithm, &secret).unwrap().signer,
        };
        let assertion = signed(&claims("mac"), &key);
        let request = Machines::new().authenticate(&with(&assertion)).unwrap();
        assert_eq!(request.method(), ClientAuthMethod::ClientSecretJwt);
        assert_eq!(
            Machines::of(Profile::Strict).refused_assertion(&assertion),
            assertion_error(AssertionError::Signature(AssertionKind::ClientSecret))
        );
    }
}
