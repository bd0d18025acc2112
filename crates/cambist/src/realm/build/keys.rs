//! The realm's keys: from text to signers, verifiers and what is published.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Notes, Unique, check_name, client::resolved, client_tokens::unknown_algorithm, ids::IdSource,
    sha1::sha1,
};
use crate::{
    crypto::{Algorithm, CryptoProvider, HashAlgorithm, KeyError},
    jose::{
        self, Jwk, PrivateKey, PublicKey, SigningKey, SymmetricKey, VerificationKey, base64url,
    },
    realm::{
        document::{KeyDocument, KeyUse, RealmDocument},
        error::{At, RealmError, RealmProblem},
        keys::{Fingerprint, RealmKey, RealmKeys},
    },
};

/// Longest key, certificate or secret, in bytes of text.
pub(super) const MAX_KEY_BYTES: usize = 65_536;

pub(super) fn build(
    document: &RealmDocument,
    ids: &IdSource<'_>,
    provider: &dyn CryptoProvider,
    notes: &mut Notes,
) -> Result<RealmKeys, RealmError> {
    let list = At::Root("keys");
    let mut kids = Unique::new("key", &list, "kid", document.keys.len());
    let mut keys = Vec::with_capacity(document.keys.len());
    for (place, key) in document.keys.iter().enumerate() {
        let at = list.item(place);
        let Some(key) = KeyBuilder {
            at,
            document: key,
            ids,
            provider,
            notes,
        }
        .build(place)?
        else {
            continue;
        };
        check_name(&at.member("kid"), &key.kid)?;
        kids.add(place, String::from(&*key.kid))?;
        keys.push(key);
    }
    Ok(RealmKeys::new(keys))
}

struct KeyBuilder<'k> {
    at: At<'k>,
    document: &'k KeyDocument,
    ids: &'k IdSource<'k>,
    provider: &'k dyn CryptoProvider,
    notes: &'k mut Notes,
}

/// The two halves of a key pair, the private one only where it is here.
struct Pair {
    private: Option<PrivateKey>,
    public: PublicKey,
}

impl KeyBuilder<'_> {
    /// The key, or nothing when its algorithm is none of ours and the profile passes over that.
    fn build(mut self, place: usize) -> Result<Option<RealmKey>, RealmError> {
        if self.document.key_use == KeyUse::Encryption {
            return self.encryption(place).map(Some);
        }
        let Some(algorithm) = Algorithm::from_name(&self.document.algorithm) else {
            let problem = unknown_algorithm(&self.document.algorithm);
            self.notes
                .tolerate(self.at.member("algorithm").error(problem))?;
            return Ok(None);
        };
        if algorithm.is_symmetric() {
            return self.symmetric(algorithm, place).map(Some);
        }
        let pair = self.pair()?;
        let jwk = self.jwk(pair.public, Some(algorithm))?;
        let kid = self
            .document
            .kid
            .clone()
            .unwrap_or_else(|| jwk.thumbprint(self.provider));
        let verifier = self
            .provider
            .verifier(algorithm, &jwk.key)
            .map_err(|e| self.wrong(e))?;
        let signing = match &pair.private {
            Some(private) => Some(SigningKey {
                key_id: kid.clone(),
                algorithm,
                signer: self
                    .provider
                    .signer(algorithm, private)
                    .map_err(|e| self.wrong(e))?,
            }),
            None => None,
        };
        let mut key = self.key(&kid);
        key.verification = Some(VerificationKey {
            key_id: kid.clone(),
            algorithm,
            verifier,
        });
        key.signing = signing;
        let material = serde_json::to_vec(&jwk).unwrap_or_default();
        key.fingerprint = Fingerprint::new(self.provider, algorithm, &material);
        key.public = Some(Jwk {
            key_id: Some(kid),
            ..jwk
        });
        Ok(Some(key))
    }

    fn symmetric(&self, algorithm: Algorithm, place: usize) -> Result<RealmKey, RealmError> {
        let at = self.at.member("secret");
        let text = self.secret()?.ok_or_else(|| missing(&self.at, "secret"))?;
        let bytes = base64url::decode(text).map_err(|_| {
            at.error(RealmProblem::Shape {
                expected: "base64url without padding",
            })
        })?;
        let hmac = self
            .provider
            .hmac(algorithm, &SymmetricKey::new(bytes))
            .map_err(|error| at.error(RealmProblem::Key(error)))?;
        let fingerprint = Fingerprint::new(self.provider, algorithm, text.as_bytes());
        let kid = self.kid_or_derived(place);
        let mut key = self.key(&kid);
        key.fingerprint = fingerprint;
        key.verification = Some(VerificationKey {
            key_id: kid.clone(),
            algorithm,
            verifier: hmac.verifier,
        });
        key.signing = Some(SigningKey {
            key_id: kid,
            algorithm,
            signer: hmac.signer,
        });
        Ok(key)
    }

    /// An encryption key is published when it is a key pair that can be read, and does nothing else.
    fn encryption(&mut self, place: usize) -> Result<RealmKey, RealmError> {
        if Algorithm::from_name(&self.document.algorithm).is_some() {
            let problem = RealmProblem::Conflict {
                one: "a signature algorithm",
                other: "use enc",
            };
            return Err(self.at.member("algorithm").error(problem));
        }
        let jwk = match self.pair().and_then(|pair| self.jwk(pair.public, None)) {
            Ok(jwk) => Some(jwk),
            Err(error) => {
                self.notes.tolerate(error)?;
                None
            }
        };
        let kid = match (&self.document.kid, &jwk) {
            (Some(kid), _) => kid.clone(),
            (None, Some(jwk)) => jwk.thumbprint(self.provider),
            (None, None) => self.kid_or_derived(place),
        };
        let mut key = self.key(&kid);
        key.public = jwk.map(|jwk| Jwk {
            key_id: Some(kid),
            ..jwk
        });
        Ok(key)
    }

    fn pair(&self) -> Result<Pair, RealmError> {
        let given = self.public()?;
        let Some(text) = self.secret()? else {
            let public = given.ok_or_else(|| missing(&self.at, "secret or public"))?;
            return Ok(Pair {
                private: None,
                public,
            });
        };
        let private = private_key(text).map_err(|error| self.wrong(error))?;
        let private = match &given {
            Some(public) => private
                .with_public_key(public)
                .map_err(|error| self.wrong(error))?,
            None => private,
        };
        let public = private
            .public_key(self.provider)
            .map_err(|error| self.wrong(error))?;
        Ok(Pair {
            private: Some(private),
            public,
        })
    }

    fn public(&self) -> Result<Option<PublicKey>, RealmError> {
        let at = self.at.member("public");
        match &self.document.public {
            Some(value) => {
                let jwk = Jwk::from_value(value).map_err(|error| at.error(error.into()))?;
                Ok(Some(jwk.key))
            }
            None => Ok(None),
        }
    }

    fn secret(&self) -> Result<Option<&str>, RealmError> {
        let Some(source) = &self.document.secret else {
            return Ok(None);
        };
        let at = self.at.member("secret");
        let text = resolved(&at, source)?.expose();
        check_length(&at, text)?;
        Ok(Some(text))
    }

    fn jwk(&self, key: PublicKey, algorithm: Option<Algorithm>) -> Result<Jwk, RealmError> {
        let mut jwk = Jwk::new(key);
        jwk.algorithm = algorithm;
        jwk.key_use = Some(match self.document.key_use {
            KeyUse::Signature => jose::KeyUse::Signature,
            KeyUse::Encryption => jose::KeyUse::Encryption,
        });
        if let Some(certificate) = &self.document.certificate {
            let at = self.at.member("certificate");
            let der = certificate_der(&at, certificate)?;
            let certified = PublicKey::from_certificate_der(&der)
                .map_err(|error| at.error(RealmProblem::Key(error)))?;
            if certified != jwk.key {
                let problem = RealmProblem::Conflict {
                    one: "certificate",
                    other: "key",
                };
                return Err(at.error(problem));
            }
            let sha256 = self.provider.hash(HashAlgorithm::Sha256, &der);
            jwk.x5t = Some(base64url::encode(&sha1(&der)));
            jwk.x5t_s256 = Some(base64url::encode(sha256.as_bytes()));
            jwk.x5c = vec![STANDARD.encode(&der)];
        }
        Ok(jwk)
    }

    fn kid_or_derived(&self, place: usize) -> String {
        self.document.kid.clone().unwrap_or_else(|| {
            let origin = self.document.provider.as_deref().unwrap_or_default();
            self.ids.derive(
                "key",
                &format!("{}\0{origin}\0{place}", self.document.algorithm),
            )
        })
    }

    fn key(&self, kid: &str) -> RealmKey {
        RealmKey {
            kid: kid.into(),
            algorithm: self.document.algorithm.as_str().into(),
            key_use: self.document.key_use,
            status: self.document.status,
            priority: self.document.priority,
            verification: None,
            signing: None,
            public: None,
            fingerprint: None,
        }
    }

    fn wrong(&self, error: KeyError) -> RealmError {
        let field = if self.document.secret.is_some() {
            "secret"
        } else {
            "public"
        };
        self.at.member(field).error(RealmProblem::Key(error))
    }
}

/// PEM, or base64 of DER; PKCS#8 or PKCS#1 in either.
fn private_key(text: &str) -> Result<PrivateKey, KeyError> {
    let text = text.trim();
    if text.starts_with("-----") {
        return PrivateKey::from_pem(text);
    }
    let der = STANDARD
        .decode(without_blanks(text).as_bytes())
        .map_err(|_| KeyError::Malformed {
            reason: "neither PEM nor base64 of DER",
        })?;
    PrivateKey::from_der(&der)
}

/// Base64 of DER, with or without the lines of PEM around it.
fn certificate_der(at: &At<'_>, text: &str) -> Result<Vec<u8>, RealmError> {
    check_length(at, text)?;
    let inner = text
        .trim()
        .strip_prefix("-----BEGIN CERTIFICATE-----")
        .and_then(|rest| rest.strip_suffix("-----END CERTIFICATE-----"))
        .unwrap_or(text);
    STANDARD
        .decode(without_blanks(inner).as_bytes())
        .map_err(|_| {
            at.error(RealmProblem::Shape {
                expected: "base64 of a DER certificate",
            })
        })
}

fn without_blanks(text: &str) -> Box<str> {
    text.split_ascii_whitespace().collect::<String>().into()
}

fn check_length(at: &At<'_>, text: &str) -> Result<(), RealmError> {
    if text.len() > MAX_KEY_BYTES {
        let problem = RealmProblem::TooLong {
            bytes: text.len(),
            limit: MAX_KEY_BYTES,
        };
        return Err(at.error(problem));
    }
    Ok(())
}

fn missing(at: &At<'_>, what: &'static str) -> RealmError {
    at.error(RealmProblem::Missing { what })
}
