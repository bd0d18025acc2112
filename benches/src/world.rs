//! A realm of any size in which `client-0` may exchange to every other client.

use cambist::{
    crypto::Algorithm,
    realm::document::{KeyDocument, KeyStatus, KeyUse, RealmDocument, SecretSource},
    secret::Secret,
};
use serde_json::json;

/// A document of `clients` clients, each with a permission that asks a client policy, under the built-in
/// client scopes. One user, `user` / `password`.
///
/// # Panics
///
/// When the document cannot be made, which is a fault of the bench.
#[must_use]
pub fn document(clients: usize) -> RealmDocument {
    let client = |number: usize| {
        json!({
            "id": format!("client-{number}"),
            "secret": format!("secret-{number}"),
            "grants": ["password", "token-exchange", "standard-token-exchange"],
        })
    };
    let permission = |number: usize| {
        json!({
            "name": format!("exchange to client-{number}"),
            "action": "token-exchange",
            "client": format!("client-{number}"),
            "policies": [format!("callers-{}", number % 16)],
        })
    };
    let policy = |number: usize| {
        let callers: Vec<String> = [0, number + 1, number + 2, number + 3]
            .iter()
            .map(|n| format!("client-{n}"))
            .collect();
        json!({ "name": format!("callers-{number}"), "kind": "client", "clients": callers })
    };
    let value = json!({
        "realm": "bench",
        "profile": "keycloak",
        "clients": (0..clients).map(client).collect::<Vec<_>>(),
        "permissions": (1..clients).map(permission).collect::<Vec<_>>(),
        "policies": (0..16.min(clients)).map(policy).collect::<Vec<_>>(),
        "users": [{
            "username": "user", "password": "password", "email": "user@example.com",
            "email_verified": true, "first_name": "Bench", "last_name": "User",
        }],
    });
    #[expect(
        clippy::expect_used,
        reason = "a bench that cannot make its world has nothing to measure"
    )]
    serde_json::from_value(value).expect("the bench's realm document is well made")
}

/// A key document for this algorithm. Keys of the elliptic curves and of RSA are freshly made, but for the
/// Ed25519 one, which is the testkit's.
///
/// # Panics
///
/// When no key can be made.
#[must_use]
pub fn key(algorithm: Algorithm) -> KeyDocument {
    let secret = match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw"
                .to_owned()
        }
        Algorithm::EdDsa => {
            return cambist_testkit::world::keys()
                .into_iter()
                .next()
                .unwrap_or_else(|| no_key());
        }
        other => made(other),
    };
    KeyDocument {
        kid: Some(algorithm.name().to_lowercase()),
        algorithm: algorithm.name().into(),
        key_use: KeyUse::Signature,
        status: KeyStatus::Active,
        priority: 0,
        secret: Some(SecretSource::Text(Secret::new(secret))),
        public: None,
        certificate: None,
        provider: None,
    }
}

/// A private key as PKCS#8, base64.
#[cfg(feature = "ring")]
fn made(algorithm: Algorithm) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let key = match algorithm {
        Algorithm::Es256 => cambist_aws_lc::generate_ec_p256(),
        Algorithm::Es384 => cambist_aws_lc::generate_ec_p384(),
        _ => cambist_aws_lc::generate_rsa(2048),
    };
    let key = key.unwrap_or_else(|_| no_key());
    STANDARD.encode(key.expose_pkcs8_der())
}

#[cfg(not(feature = "ring"))]
fn made(_: Algorithm) -> String {
    no_key()
}

#[expect(clippy::panic, reason = "a bench without keys has nothing to measure")]
fn no_key() -> ! {
    panic!("no key of this algorithm can be made")
}
