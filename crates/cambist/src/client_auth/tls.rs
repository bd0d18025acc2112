//! `tls_client_auth` and `self_signed_tls_client_auth`: a client that proves itself in the TLS handshake
//! (RFC 8705 section 2).

use alloc::{boxed::Box, string::String, vec::Vec};

use regex::Regex;

use super::{ClientAuthError, ClientAuthMethod, Proof, distinguished_name::DistinguishedName};
use crate::{
    crypto::{CryptoProvider, HashAlgorithm},
    jose::{JwkSet, base64url},
    policy::full_match,
    request::{AlternativeName, ClientCertificate},
};

/// Which certificate is a client's.
#[derive(Clone, Debug)]
pub struct CertificateRule(Rule);

#[derive(Clone, Debug)]
enum Rule {
    /// One of a trusted authority with this subject.
    Subject(DistinguishedName),
    /// One of a trusted authority whose subject, as Java writes it, the pattern matches as a whole.
    Pattern(Regex),
    /// One of a trusted authority with this name among its others.
    Alternative(AlternativeName),
    /// One of these, by thumbprint, whoever has signed it.
    Registered(Box<[Box<str>]>),
}

impl CertificateRule {
    /// `tls_client_auth` by the subject's distinguished name, in the form of RFC 4514. `None`: that is no
    /// such name.
    #[must_use]
    pub fn subject(name: &str) -> Option<Self> {
        DistinguishedName::parse(name).map(|name| Self(Rule::Subject(name)))
    }

    /// `tls_client_auth` by a pattern for the whole of the subject's distinguished name, with a blank after each
    /// comma as Java writes it. `None`: no such pattern, or one that holds nobody off, as it matches nothing at all.
    #[must_use]
    pub(crate) fn pattern(pattern: &str) -> Option<Self> {
        let pattern = full_match(pattern)?;
        (!pattern.is_match("")).then_some(Self(Rule::Pattern(pattern)))
    }

    /// `tls_client_auth` by a subject alternative name.
    #[must_use]
    pub fn alternative(name: AlternativeName) -> Self {
        Self(Rule::Alternative(name))
    }

    /// `self_signed_tls_client_auth`: the certificates that the keys of the set say are theirs, by `x5c` or
    /// `x5t#S256`.
    #[must_use]
    pub fn registered(set: &JwkSet, provider: &dyn CryptoProvider) -> Self {
        let mut thumbprints = Vec::new();
        for key in set.keys() {
            thumbprints.extend(key.x5t_s256.as_deref().map(Box::from));
            let first = key.x5c.first().and_then(|text| der(text));
            thumbprints.extend(first.map(|der| thumbprint(&der, provider)));
        }
        Self(Rule::Registered(thumbprints.into()))
    }

    /// How a client with this rule proves itself.
    #[must_use]
    pub const fn method(&self) -> ClientAuthMethod {
        match self.0 {
            Rule::Registered(_) => ClientAuthMethod::SelfSignedCertificate,
            Rule::Subject(_) | Rule::Pattern(_) | Rule::Alternative(_) => {
                ClientAuthMethod::Certificate
            }
        }
    }

    pub(super) fn verify(
        &self,
        shown: Option<&ShownCertificate>,
    ) -> Result<Proof, ClientAuthError> {
        let shown = shown.ok_or(ClientAuthError::CertificateMissing)?;
        let own = match &self.0 {
            Rule::Subject(name) => {
                shown.trusted && DistinguishedName::parse(&shown.subject).as_ref() == Some(name)
            }
            Rule::Pattern(pattern) => {
                let subject = as_java_writes(&shown.subject);
                shown.trusted && subject.is_some_and(|subject| pattern.is_match(&subject))
            }
            Rule::Alternative(name) => shown.trusted && shown.alternatives.contains(name),
            Rule::Registered(thumbprints) => thumbprints.contains(&shown.thumbprint),
        };
        if own {
            Ok(Proof::lasting(self.method()))
        } else {
            Err(ClientAuthError::OtherCertificate)
        }
    }
}

/// What is kept of a certificate that came with a request.
#[derive(Clone, Debug)]
pub(crate) struct ShownCertificate {
    /// SHA-256 of the DER, base64url (RFC 8705 section 3.1).
    pub(crate) thumbprint: Box<str>,
    subject: Box<str>,
    alternatives: Vec<AlternativeName>,
    trusted: bool,
}

impl ShownCertificate {
    pub(crate) fn of(certificate: &ClientCertificate, provider: &dyn CryptoProvider) -> Self {
        Self {
            thumbprint: thumbprint(&certificate.der, provider),
            subject: certificate.subject.clone(),
            alternatives: certificate.alternatives.clone(),
            trusted: certificate.trusted,
        }
    }
}

/// The subject as `X500Name.toString` has it: a blank after each comma. `None` where a value would be quoted there.
fn as_java_writes(subject: &str) -> Option<String> {
    let plain = !subject.contains(['\\', '"', '+', '#', '<', '>', ';']);
    let parts = subject.split(',').map(str::trim);
    plain.then(|| parts.collect::<Vec<_>>().join(", "))
}

fn thumbprint(der: &[u8], provider: &dyn CryptoProvider) -> Box<str> {
    let hash = provider.hash(HashAlgorithm::Sha256, der);
    base64url::encode(hash.as_bytes()).into()
}

/// `x5c` is plain base64 (RFC 7517 section 4.7).
fn der(text: &str) -> Option<Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text).ok()
}
