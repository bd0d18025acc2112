//! What a token demands of whoever brings it, and what a requester has shown.

use alloc::boxed::Box;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use thiserror::Error;

use crate::realm::client::ClientTokenSettings;

/// `cnf` with the thumbprint of a key (RFC 9449 section 6).
const KEY: &str = "jkt";

/// Keycloak's note on what kind of proof the key needs.
const KEY_KIND: &str = "kc-jkt-type";

/// `cnf` with the thumbprint of a certificate (RFC 8705 section 3.1).
const CERTIFICATE: &str = "x5t#S256";

/// What a token is bound to: its claim `cnf` (RFC 7800 section 3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    key: Option<Box<str>>,
    certificate: Option<Box<str>>,
    /// There is something in it that is not understood, or nothing at all.
    unknown: bool,
}

impl Confirmation {
    /// Reads the claim. Whatever is not understood makes a confirmation that nothing satisfies.
    #[must_use]
    pub fn read(claim: &Value) -> Self {
        let mut confirmation = Self::default();
        for (name, value) in claim.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                (KEY, Value::String(text)) => confirmation.key = Some(text.as_str().into()),
                (CERTIFICATE, Value::String(text)) => {
                    confirmation.certificate = Some(text.as_str().into());
                }
                (KEY_KIND, Value::String(_)) => {}
                _ => confirmation.unknown = true,
            }
        }
        confirmation.unknown |= confirmation.key.is_none() && confirmation.certificate.is_none();
        confirmation
    }

    /// Thumbprint of the key that a proof must be signed with (RFC 7638, SHA-256, base64url).
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Thumbprint of the client certificate (SHA-256 of its DER, base64url).
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }
}

impl Serialize for Confirmation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(key) = &self.key {
            map.serialize_entry(KEY, key)?;
            map.serialize_entry(KEY_KIND, "DPoP")?;
        }
        if let Some(certificate) = &self.certificate {
            map.serialize_entry(CERTIFICATE, certificate)?;
        }
        map.end()
    }
}

/// What a requester has shown to hold. Made only from a proof that was verified and from a certificate
/// that the transport vouches for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Possession {
    pub(crate) key: Option<Box<str>>,
    pub(crate) certificate: Option<Box<str>>,
}

impl Possession {
    /// Thumbprint of the key that signed the proof.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Thumbprint of the client certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Whether everything that a token demands has been shown.
    ///
    /// # Errors
    ///
    /// The first thing that has not.
    pub fn satisfies(&self, demanded: &Confirmation) -> Result<(), BindingError> {
        if demanded.unknown {
            return Err(BindingError::Unknown);
        }
        if demanded.certificate.is_some() && demanded.certificate != self.certificate {
            return Err(BindingError::Certificate);
        }
        match (&demanded.key, &self.key) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(BindingError::ProofMissing),
            (Some(demanded), Some(shown)) if demanded == shown => Ok(()),
            (Some(_), Some(_)) => Err(BindingError::OtherKey),
        }
    }

    /// What a client with these settings must show for every token.
    ///
    /// # Errors
    ///
    /// The first thing that it has not shown.
    pub fn suffices_for(&self, client: &ClientTokenSettings) -> Result<(), BindingError> {
        if client.dpop_bound && self.key.is_none() {
            return Err(BindingError::ProofMissing);
        }
        if client.certificate_bound && self.certificate.is_none() {
            return Err(BindingError::CertificateMissing);
        }
        Ok(())
    }

    /// What a token is bound to that is made for this requester: always to the key of a proof; to the
    /// certificate where the client wants that, or where the subject token was.
    #[must_use]
    pub fn bind(
        &self,
        client: &ClientTokenSettings,
        subject: Option<&Confirmation>,
    ) -> Option<Confirmation> {
        let inherited = subject.is_some_and(|subject| subject.certificate.is_some());
        let certificate = self
            .certificate
            .as_ref()
            .filter(|_| client.certificate_bound || inherited);
        let bound = Confirmation {
            key: self.key.clone(),
            certificate: certificate.cloned(),
            unknown: false,
        };
        (bound.key.is_some() || bound.certificate.is_some()).then_some(bound)
    }
}

/// Why what was shown does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BindingError {
    /// The token is bound to a key, or the client's tokens must be, and there is no proof.
    #[error("there is no proof of the key")]
    ProofMissing,
    /// The proof is by another key.
    #[error("the proof is by another key than the token is bound to")]
    OtherKey,
    /// The token is bound to a certificate that was not shown.
    #[error("the token is bound to a client certificate that was not shown")]
    Certificate,
    /// The client's tokens must be bound to a certificate, and there is none.
    #[error("there is no client certificate")]
    CertificateMissing,
    /// The token is bound in a way that is not understood.
    #[error("the token is bound in a way that is not understood")]
    Unknown,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(key: Option<&str>, certificate: Option<&str>) -> Possession {
        Possession {
            key: key.map(Box::from),
            certificate: certificate.map(Box::from),
        }
    }

    #[test]
    fn only_the_very_key_and_certificate_satisfy() {
        let both = Confirmation::read(&json!({"jkt": "k", "x5t#S256": "c"}));
        for (possession, judged) in [
            (shown(Some("k"), Some("c")), Ok(())),
            (shown(Some("k"), None), Err(BindingError::Certificate)),
            (shown(Some("k"), Some("d")), Err(BindingError::Certificate)),
            (shown(None, Some("c")), Err(BindingError::ProofMissing)),
            (shown(Some("l"), Some("c")), Err(BindingError::OtherKey)),
        ] {
            assert_eq!(possession.satisfies(&both), judged, "{possession:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_never_satisfied() {
        for claim in [
            json!({}),
            json!({"kid": "a"}),
            json!({"jkt": 1}),
            json!({"jkt": "k", "jwk": {}}),
            json!({"kc-jkt-type": "DPoP"}),
            json!({"jkt": "k", "kc-jkt-type": 1}),
        ] {
            let judged = shown(Some("k"), Some("c")).satisfies(&Confirmation::read(&claim));
            assert_eq!(judged, Err(BindingError::Unknown), "{claim}");
        }
    }

    #[test]
    fn a_confirmation_is_written_as_it_is_read() {
        let claim = json!({"jkt": "k", "kc-jkt-type": "DPoP", "x5t#S256": "c"});
        let read = Confirmation::read(&claim);
        assert_eq!(serde_json::to_value(&read).unwrap(), claim);
    }

    #[test]
    fn a_certificate_binds_where_client_or_subject_want_it() {
        let possession = shown(None, Some("c"));
        let plain = ClientTokenSettings::default();
        let wanting = ClientTokenSettings {
            certificate_bound: true,
            ..ClientTokenSettings::default()
        };
        let subject = Confirmation::read(&json!({"x5t#S256": "c"}));
        assert_eq!(possession.bind(&plain, None), None);
        assert_eq!(possession.bind(&wanting, None).as_ref(), Some(&subject));
        assert_eq!(possession.bind(&plain, Some(&subject)), Some(subject));
    }
}
