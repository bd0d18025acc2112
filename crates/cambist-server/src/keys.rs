//! Keys for realms that have none.

use std::{collections::BTreeSet, thread};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cambist::{
    crypto::{Algorithm, Entropy},
    jose::{PrivateKey, base64url},
    moment::Timestamp,
    realm::document::{KeyDocument, KeyStatus, KeyUse, RealmDocument, SecretSource},
    secret::Secret,
};
use cambist_admin::RegistryError;
use cambist_aws_lc as maker;
use cambist_ring::SystemEntropy;

const RSA_BITS: usize = 2_048;
/// That of Keycloak's own providers.
const PRIORITY: i64 = 100;
/// Keycloak's certificates live ten years.
const CERTIFICATE_SECONDS: i64 = 10 * 365 * 24 * 3_600;
const ENCRYPTION: &str = "RSA-OAEP";

/// What there is to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Signature(Algorithm),
    Encryption,
}

/// Adds the keys that the realm's settings call for and the document does not have: one for the realm's
/// algorithm, for HS512 (refresh tokens) and for the algorithms that clients ask for; in a document without
/// any key also one for RS256 and one to encrypt to. Takes a tenth of a second for each RSA key: not for an
/// asynchronous thread.
pub(crate) fn complete(document: &mut RealmDocument, now: Timestamp) -> Result<(), RegistryError> {
    let missing = missing(document);
    let realm = document.realm.as_str();
    let made = thread::scope(|scope| {
        let making: Vec<_> = missing
            .into_iter()
            .map(|wanted| scope.spawn(move || make(wanted, realm, now)))
            .collect();
        making
            .into_iter()
            .map(|maker| {
                maker
                    .join()
                    .unwrap_or_else(|_| Err(failed("the maker of a key has died")))
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    document.keys.extend(made);
    Ok(())
}

fn missing(document: &RealmDocument) -> BTreeSet<Wanted> {
    const CLIENT_ALGORITHMS: [&str; 2] = [
        "access.token.signed.response.alg",
        "id.token.signed.response.alg",
    ];
    let of_clients = document
        .clients
        .iter()
        .flat_map(|client| {
            CLIENT_ALGORITHMS
                .iter()
                .filter_map(|name| client.attributes.get(*name))
        })
        .filter_map(|name| Algorithm::from_name(name));
    let of_realm = Algorithm::from_name(&document.tokens.signature_algorithm);
    let mut wanted: BTreeSet<Wanted> = of_clients
        .chain(of_realm)
        .chain([Algorithm::Hs512])
        .map(Wanted::Signature)
        .collect();
    if document.keys.is_empty() {
        wanted.extend([Wanted::Signature(Algorithm::Rs256), Wanted::Encryption]);
    }
    wanted.retain(|wanted| {
        let (name, key_use) = match wanted {
            Wanted::Signature(algorithm) => (algorithm.name(), KeyUse::Signature),
            Wanted::Encryption => (ENCRYPTION, KeyUse::Encryption),
        };
        !document.keys.iter().any(|key| {
            key.status == KeyStatus::Active && key.key_use == key_use && key.algorithm == name
        })
    });
    wanted
}

fn make(wanted: Wanted, realm: &str, now: Timestamp) -> Result<KeyDocument, RegistryError> {
    match wanted {
        Wanted::Signature(algorithm) if algorithm.is_symmetric() => {
            let secret = maker::generate_hmac_secret().map_err(failed)?;
            let text = base64url::encode(secret.expose_secret());
            let key = document(algorithm.name(), KeyUse::Signature, text, "hmac-generated");
            Ok(KeyDocument {
                kid: Some(random_id()?),
                ..key
            })
        }
        Wanted::Signature(algorithm) => {
            let (private, provider) = match algorithm {
                Algorithm::Es256 => (maker::generate_ec_p256(), "ecdsa-generated"),
                Algorithm::Es384 => (maker::generate_ec_p384(), "ecdsa-generated"),
                Algorithm::EdDsa => (maker::generate_ed25519(), "eddsa-generated"),
                _ => {
                    return rsa(
                        algorithm.name(),
                        KeyUse::Signature,
                        "rsa-generated",
                        realm,
                        now,
                    );
                }
            };
            let text = encoded(&private.map_err(failed)?);
            Ok(document(
                algorithm.name(),
                KeyUse::Signature,
                text,
                provider,
            ))
        }
        Wanted::Encryption => rsa(
            ENCRYPTION,
            KeyUse::Encryption,
            "rsa-enc-generated",
            realm,
            now,
        ),
    }
}

/// An RSA key with a certificate that it signed itself, as Keycloak publishes it.
fn rsa(
    algorithm: &str,
    key_use: KeyUse,
    provider: &str,
    realm: &str,
    now: Timestamp,
) -> Result<KeyDocument, RegistryError> {
    let private = maker::generate_rsa(RSA_BITS).map_err(failed)?;
    let until = now.after(CERTIFICATE_SECONDS);
    let mut entropy = SystemEntropy::new();
    let certificate = maker::self_signed_certificate(&private, realm, now.0, until.0, &mut entropy)
        .map_err(failed)?;
    let key = document(algorithm, key_use, encoded(&private), provider);
    Ok(KeyDocument {
        certificate: Some(STANDARD.encode(certificate)),
        ..key
    })
}

fn document(algorithm: &str, key_use: KeyUse, secret: String, provider: &str) -> KeyDocument {
    KeyDocument {
        kid: None,
        algorithm: algorithm.to_owned(),
        key_use,
        status: KeyStatus::Active,
        priority: PRIORITY,
        secret: Some(SecretSource::Text(Secret::new(secret))),
        public: None,
        certificate: None,
        provider: Some(provider.to_owned()),
    }
}

fn encoded(key: &PrivateKey) -> String {
    STANDARD.encode(key.expose_pkcs8_der())
}

/// A random UUID (RFC 9562 section 5.4), Keycloak's key id of a secret.
pub(crate) fn random_id() -> Result<String, RegistryError> {
    let mut bytes = [0_u8; 16];
    SystemEntropy::new().fill(&mut bytes).map_err(failed)?;
    let number =
        u128::from_be_bytes(bytes) & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let mut id = String::with_capacity(36);
    for (place, digit) in hex.chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    Ok(id)
}

fn failed(reason: impl std::fmt::Display) -> RegistryError {
    RegistryError::Keys {
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn algorithms(document: &RealmDocument) -> Vec<&str> {
        let mut names: Vec<&str> = document
            .keys
            .iter()
            .map(|key| key.algorithm.as_str())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_realm_without_keys_gets_those_of_keycloak_once() {
        let mut document = RealmDocument::named("a");
        complete(&mut document, Timestamp(1_700_000_000)).unwrap();
        assert_eq!(algorithms(&document), ["HS512", "RS256", "RSA-OAEP"]);
        let certified = document
            .keys
            .iter()
            .filter(|key| key.certificate.is_some())
            .count();
        assert_eq!(certified, 2);
        complete(&mut document, Timestamp(1_700_000_001)).unwrap();
        assert_eq!(document.keys.len(), 3);
    }

    #[test]
    fn what_settings_ask_for_is_made_as_well() {
        let mut document = RealmDocument::named("a");
        document.tokens.signature_algorithm = "ES256".to_owned();
        document.keys = vec![self::document(
            "RS256",
            KeyUse::Signature,
            "x".to_owned(),
            "rsa",
        )];
        complete(&mut document, Timestamp(1_700_000_000)).unwrap();
        assert_eq!(algorithms(&document), ["ES256", "HS512", "RS256"]);
    }
}
