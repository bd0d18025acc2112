//! Which certificate is a client's (`tls_client_auth`, `self_signed_tls_client_auth`).

use alloc::string::ToString;

use super::{BuildOptions, Notes, client_tokens::read_flag};
use crate::{
    client_auth::{CertificateRule, ClientCredential},
    jose::{JwkSet, JwkSetLimits},
    realm::{
        document::ClientDocument,
        error::{At, RealmError, RealmProblem},
    },
    request::AlternativeName,
};

/// Keycloak's attribute for the subject.
const SUBJECT: &str = "x509.subjectdn";

/// Keycloak's switch: the subject is a pattern. In profile `strict` a subject is written down.
const PATTERN: &str = "x509.allow.regex.pattern.comparison";

type Named = fn(alloc::boxed::Box<str>) -> AlternativeName;

/// The names of RFC 8705 section 2.1.2.
const ALTERNATIVES: [(&str, Named); 4] = [
    ("tls_client_auth_san_dns", AlternativeName::Dns),
    ("tls_client_auth_san_uri", AlternativeName::Uri),
    ("tls_client_auth_san_ip", AlternativeName::Address),
    ("tls_client_auth_san_email", AlternativeName::Email),
];

/// Of a trusted authority, by exactly one name (RFC 8705 section 2.1.2). Anything else leaves the client
/// without a way to prove itself.
pub(super) fn issued(
    at: &At<'_>,
    document: &ClientDocument,
    notes: &mut Notes,
) -> Result<ClientCredential, RealmError> {
    let at = at.member("attributes");
    let unusable = ClientCredential::Other(document.authenticator.as_str().into());
    let by_pattern = read_flag(&at, &document.attributes, PATTERN, false, notes)?;
    if by_pattern {
        let problem = RealmProblem::NotOneOf {
            value: "true".to_string(),
            allowed: "false".into(),
        };
        notes.tolerate(at.member(PATTERN).error(problem))?;
    }
    let by_subject = match by_pattern {
        true => CertificateRule::pattern,
        false => CertificateRule::subject,
    };
    let attribute = |key: &str| {
        let value = document.attributes.get(key)?;
        (!value.trim().is_empty()).then_some(value.as_str())
    };
    let mut rules = ALTERNATIVES
        .iter()
        .filter_map(|(key, named)| Some((*key, named(attribute(key)?.into()))))
        .map(|(key, name)| (key, CertificateRule::alternative(name)));
    let first = match attribute(SUBJECT).map(by_subject) {
        Some(Some(rule)) => Some((SUBJECT, rule)),
        Some(None) => {
            let problem = RealmProblem::Shape {
                expected: match by_pattern {
                    true => "a pattern that somebody's distinguished name does not match",
                    false => "a distinguished name as in RFC 4514, such as CN=till,O=shop",
                },
            };
            notes.tolerate(at.member(SUBJECT).error(problem))?;
            return Ok(unusable);
        }
        None => rules.next(),
    };
    match (first, rules.next()) {
        (Some((one, _)), Some((other, _))) => {
            notes.tolerate(at.error(RealmProblem::Conflict { one, other }))?;
            Ok(unusable)
        }
        (Some((_, rule)), None) => Ok(ClientCredential::Certificate(rule)),
        (None, _) => Ok(unusable),
    }
}

/// Registered with the client's own keys (RFC 8705 section 2.2).
pub(super) fn self_signed(
    at: &At<'_>,
    document: &ClientDocument,
    options: &BuildOptions<'_>,
    notes: &mut Notes,
) -> Result<ClientCredential, RealmError> {
    let at = at.member("attributes");
    let set = match document.attributes.get("jwks.string") {
        Some(text) => match JwkSet::parse(text, &JwkSetLimits::DEFAULT) {
            Ok(set) => set,
            Err(reason) => {
                let problem = RealmProblem::KeySet(reason);
                notes.tolerate(at.member("jwks.string").error(problem))?;
                JwkSet::default()
            }
        },
        None => JwkSet::default(),
    };
    let rule = CertificateRule::registered(&set, options.provider);
    Ok(ClientCredential::Certificate(rule))
}
