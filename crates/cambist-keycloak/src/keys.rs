//! `ComponentRepresentation` of key providers: the realm's keys.

use std::collections::BTreeMap;

use cambist::{
    realm::document::{KeyDocument, KeyStatus, KeyUse, SecretSource},
    secret::Secret,
};

use crate::{
    error::{ImportError, Loss, Report},
    identity_provider::MASK,
    members::Members,
    writer::{Json, Writer},
};

/// The kind of component that holds keys.
pub const KEY_PROVIDER: &str = "org.keycloak.keys.KeyProvider";

/// Reads `components`. Anything but keys is noted, and so is a key whose private half is not in the document:
/// the server then makes one of its own.
///
/// # Errors
///
/// [`ImportError`] for a wrong type.
pub fn read_components(
    mut components: Members,
    report: &mut Report,
) -> Result<Vec<KeyDocument>, ImportError> {
    let mut keys = Vec::new();
    for provider in components.objects(KEY_PROVIDER)?.unwrap_or_default() {
        keys.extend(read(provider, report)?);
    }
    let others: Vec<String> = components.names().map(str::to_owned).collect();
    for other in others {
        let path = components.at(&other);
        if components
            .objects(&other)?
            .is_some_and(|list| !list.is_empty())
        {
            report.note(path, Loss::Dropped);
        }
    }
    Ok(keys)
}

fn read(mut members: Members, report: &mut Report) -> Result<Option<KeyDocument>, ImportError> {
    let name = members.text("name")?.unwrap_or_default();
    let provider = members.required_text("providerId")?;
    let path = members.path().to_owned();
    let mut config = Config {
        values: members.value_map("config")?.unwrap_or_default(),
        path: members.at("config"),
    };
    // Keycloak's ids of components lead nowhere else.
    for derived in ["id", "providerType", "parentId", "subType"] {
        members.value(derived);
    }
    members.finish(&["subComponents"], report);
    let Some(kind) = Kind::of(&provider) else {
        report.note(path, Loss::Dropped);
        return Ok(None);
    };
    let Some(secret) = config
        .take(kind.secret_member())
        .filter(|secret| secret != MASK)
    else {
        report.note(path, Loss::Dropped);
        return Ok(None);
    };
    let curve = config.take("ecdsaEllipticCurveKey");
    let algorithm = config
        .take("algorithm")
        .unwrap_or_else(|| kind.algorithm(curve.as_deref()).to_owned());
    let status = match (config.flag("enabled")?, config.flag("active")?) {
        (Some(false), _) => KeyStatus::Disabled,
        (_, Some(false)) => KeyStatus::Passive,
        _ => KeyStatus::Active,
    };
    let key_use = match config.take("keyUse") {
        Some(word) if word.eq_ignore_ascii_case("enc") => KeyUse::Encryption,
        _ if kind == Kind::RsaEncryption => KeyUse::Encryption,
        _ => KeyUse::Signature,
    };
    let key = KeyDocument {
        kid: config.take("kid"),
        algorithm,
        key_use,
        status,
        priority: config.integer("priority")?.unwrap_or(0),
        secret: Some(SecretSource::Text(Secret::new(secret))),
        public: None,
        certificate: config.take("certificate"),
        provider: Some(format!("{provider}:{name}")),
    };
    config.finish(report);
    Ok(Some(key))
}

/// The realm's keys as `components`; `None` when there is none.
#[must_use]
pub fn to_components(keys: &[KeyDocument]) -> Option<Json> {
    let list: Vec<Json> = keys.iter().filter_map(to_json).collect();
    (!list.is_empty()).then(|| Writer::new().with(KEY_PROVIDER, list).into())
}

fn to_json(key: &KeyDocument) -> Option<Json> {
    let Some(SecretSource::Text(secret)) = &key.secret else {
        return None;
    };
    let (provider, name) = match key
        .provider
        .as_deref()
        .and_then(|text| text.split_once(':'))
    {
        Some((provider, name)) => (provider.to_owned(), name.to_owned()),
        None => (provider_for(key).to_owned(), key.algorithm.clone()),
    };
    let kind = Kind::of(&provider)?;
    let one = |text: &str| vec![text.to_owned()];
    let (enabled, active) = match key.status {
        KeyStatus::Active => ("true", "true"),
        KeyStatus::Passive => ("true", "false"),
        KeyStatus::Disabled => ("false", "false"),
    };
    let config = Writer::new()
        .with("priority", one(&key.priority.to_string()))
        .with("enabled", one(enabled))
        .with("active", one(active))
        .with("algorithm", one(&key.algorithm))
        .with(kind.secret_member(), one(secret.expose()))
        .with_some("kid", key.kid.as_deref().map(one))
        .with_some("certificate", key.certificate.as_deref().map(one));
    Some(
        Writer::new()
            .with("name", name)
            .with("providerId", provider)
            .with("subComponents", Writer::new())
            .with("config", config)
            .into(),
    )
}

fn provider_for(key: &KeyDocument) -> &'static str {
    match (key.algorithm.get(..2), key.key_use) {
        (_, KeyUse::Encryption) => "rsa-enc",
        (Some("HS"), _) => "hmac-generated",
        (Some("ES"), _) => "ecdsa-generated",
        (Some("Ed"), _) => "eddsa-generated",
        _ => "rsa",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    RsaEncryption,
    Hmac,
    Ecdsa,
    Eddsa,
}

impl Kind {
    fn of(provider: &str) -> Option<Self> {
        Some(match provider {
            "rsa" | "rsa-generated" => Self::Rsa,
            "rsa-enc" | "rsa-enc-generated" => Self::RsaEncryption,
            "hmac-generated" => Self::Hmac,
            "ecdsa-generated" => Self::Ecdsa,
            "eddsa-generated" => Self::Eddsa,
            _ => return None,
        })
    }

    const fn secret_member(self) -> &'static str {
        match self {
            Self::Rsa | Self::RsaEncryption => "privateKey",
            Self::Hmac => "secret",
            Self::Ecdsa => "ecdsaPrivateKey",
            Self::Eddsa => "eddsaPrivateKey",
        }
    }

    fn algorithm(self, curve: Option<&str>) -> &'static str {
        match self {
            Self::Rsa => "RS256",
            Self::RsaEncryption => "RSA-OAEP",
            Self::Hmac => "HS512",
            Self::Ecdsa => match curve {
                Some("P-384") => "ES384",
                Some("P-521") => "ES512",
                _ => "ES256",
            },
            Self::Eddsa => "EdDSA",
        }
    }
}

/// The configuration of a component: every value is a list, of which the first counts.
struct Config {
    values: BTreeMap<String, Vec<String>>,
    path: String,
}

impl Config {
    fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)?.into_iter().next()
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, ImportError> {
        self.parsed(name, "true or false", |text| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
    }

    fn integer(&mut self, name: &str) -> Result<Option<i64>, ImportError> {
        self.parsed(name, "a whole number", |text| text.parse().ok())
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ImportError> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        parse(text.trim())
            .map(Some)
            .ok_or_else(|| ImportError::WrongType {
                path: format!("{}.{name}", self.path),
                expected,
                found: "a text",
            })
    }

    /// Public halves and sizes follow from the private key.
    fn finish(self, report: &mut Report) {
        const DERIVED: [&str; 8] = [
            "keySize",
            "secretSize",
            "ecdsaPublicKey",
            "eddsaPublicKey",
            "eddsaEllipticCurveKey",
            "ecGenerateCertificate",
            "publicKey",
            "ecdhAlgorithm",
        ];
        for name in self.values.into_keys() {
            if !DERIVED.contains(&name.as_str()) {
                report.note(format!("{}.{name}", self.path), Loss::Dropped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cambist::realm::document::{KeyStatus, KeyUse};
    use serde_json::json;

    use super::{read_components, to_components};
    use crate::{error::Report, members::Members};

    #[test]
    fn keys_come_back_as_they_were() {
        let json = json!({"org.keycloak.keys.KeyProvider": [
            {"name": "own", "providerId": "rsa", "config": {
                "privateKey": ["MII"], "priority": ["200"], "enabled": ["true"], "active": ["false"], "algorithm": ["RS384"]}},
            {"name": "h", "providerId": "hmac-generated", "config": {"secret": ["c2Vj"], "kid": ["k"]}},
            {"name": "e", "providerId": "ecdsa-generated", "config": {"ecdsaPrivateKey": ["MIG"], "ecdsaPublicKey": ["x"],
                "ecdsaEllipticCurveKey": ["P-384"]}},
            {"name": "x", "providerId": "rsa-enc-generated", "config": {"privateKey": ["MII"], "enabled": ["false"]}}
        ]});
        let mut report = Report::default();
        let keys = read_components(Members::new("components", json).unwrap(), &mut report).unwrap();
        assert_eq!(report.entries(), []);
        let seen: Vec<_> = keys
            .iter()
            .map(|key| {
                (
                    key.algorithm.as_str(),
                    key.status,
                    key.key_use,
                    key.priority,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("RS384", KeyStatus::Passive, KeyUse::Signature, 200),
                ("HS512", KeyStatus::Active, KeyUse::Signature, 0),
                ("ES384", KeyStatus::Active, KeyUse::Signature, 0),
                ("RSA-OAEP", KeyStatus::Disabled, KeyUse::Encryption, 0),
            ]
        );
        let written = to_components(&keys).unwrap();
        let again = read_components(
            Members::new("components", written.clone().into()).unwrap(),
            &mut report,
        )
        .unwrap();
        assert_eq!(to_components(&again), Some(written));
        assert_eq!(report.entries(), []);
    }

    #[test]
    fn what_is_no_key_or_has_no_secret_is_noted() {
        let json = json!({
            "org.keycloak.keys.KeyProvider": [
                {"name": "a", "providerId": "rsa-generated", "config": {"priority": ["100"]}},
                {"name": "b", "providerId": "rsa", "config": {"privateKey": ["**********"]}},
                {"name": "c", "providerId": "aes-generated", "config": {"secret": ["x"]}}
            ],
            "org.keycloak.userprofile.UserProfileProvider": [{"providerId": "declarative-user-profile"}],
            "org.keycloak.storage.UserStorageProvider": []
        });
        let mut report = Report::default();
        assert!(
            read_components(Members::new("components", json).unwrap(), &mut report)
                .unwrap()
                .is_empty()
        );
        let paths: Vec<&str> = report
            .entries()
            .iter()
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "components.org.keycloak.keys.KeyProvider[0]",
                "components.org.keycloak.keys.KeyProvider[1]",
                "components.org.keycloak.keys.KeyProvider[2]",
                "components.org.keycloak.userprofile.UserProfileProvider",
            ]
        );
    }
}
