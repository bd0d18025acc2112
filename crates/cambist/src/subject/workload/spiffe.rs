//! SPIFFE JWT-SVIDs (SPIFFE JWT-SVID specification, sections 2 and 3).
//!
//! The issuer is the trust domain. Such a token need not have `iss`: its provider is found by the domain of
//! its subject.

use super::{Presented, Preset, WorkloadError};
use crate::{crypto::Algorithm, realm::assertion_rules::AssertionRules};

pub(super) const PRESET: Preset = Preset {
    kind: "spiffe",
    issuer_setting: "trustDomain",
    issuer: None,
    by_subject: true,
    is_issuer: |text| trust_domain(text) == Some(text),
    keys_setting: "bundleEndpoint",
    keys_path: None,
    max_life: 300,
    reuse_allowed: true,
    demanded: &[],
    check,
};

/// Longest SPIFFE id, in bytes (SPIFFE-ID section 2.3).
const MAX_ID_BYTES: usize = 2_048;

/// Longest name of a trust domain, in bytes (SPIFFE-ID section 2.3).
const MAX_DOMAIN_BYTES: usize = 255;

/// The trust domain of a SPIFFE id, with its scheme: `spiffe://example.org`. `None` for anything that is no
/// SPIFFE id.
pub(crate) fn trust_domain(id: &str) -> Option<&str> {
    let rest = id.strip_prefix("spiffe://")?;
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) => (domain, Some(path)),
        None => (rest, None),
    };
    let fine = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
    };
    let named = !domain.is_empty() && domain.len() <= MAX_DOMAIN_BYTES && domain.bytes().all(fine);
    let path_fine = path.is_none_or(|path| path.split('/').all(segment));
    if !named || !path_fine || id.len() > MAX_ID_BYTES {
        return None;
    }
    id.get(.."spiffe://".len().saturating_add(domain.len()))
}

/// A part of a path: never empty, and never a step up.
fn segment(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && !matches!(text, "." | "..") && text.bytes().all(fine)
}

fn check(rules: &AssertionRules, token: &Presented<'_>) -> Result<(), WorkloadError> {
    let named = token
        .header_type
        .is_none_or(|kind| matches!(kind, "JWT" | "JOSE"));
    // Section 2.1 has a closed list of algorithms.
    if !named || token.algorithm.is_symmetric() || token.algorithm == Algorithm::EdDsa {
        return Err(WorkloadError::Header);
    }
    // The id of a trust domain itself is no workload's.
    let workload = token.subject != rules.issuer();
    if trust_domain(token.subject) != Some(rules.issuer()) || !workload {
        return Err(WorkloadError::Subject);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::trust_domain;

    #[test]
    fn only_spiffe_ids_have_a_trust_domain() {
        for (id, domain) in [
            (
                "spiffe://example.org/shop/till",
                Some("spiffe://example.org"),
            ),
            ("spiffe://example.org", Some("spiffe://example.org")),
            ("spiffe://a_b-c.d/Till_1.x", Some("spiffe://a_b-c.d")),
            ("spiffe://example.org/", None),
            ("spiffe://example.org//till", None),
            ("spiffe://example.org/shop/", None),
            ("spiffe://example.org/../till", None),
            ("spiffe://example.org/./till", None),
            ("spiffe://example.org/a%2fb", None),
            ("spiffe://example.org/a?b", None),
            ("spiffe://Example.org/till", None),
            ("spiffe://example.org:8080/till", None),
            ("spiffe://user@example.org/till", None),
            ("spiffe:///till", None),
            ("SPIFFE://example.org/till", None),
            ("https://example.org/till", None),
            ("", None),
        ] {
            assert_eq!(trust_domain(id), domain, "{id}");
        }
        let long = alloc::format!("spiffe://{}/a", "d".repeat(256));
        assert_eq!(trust_domain(&long), None);
        let long = alloc::format!("spiffe://d/{}", "a".repeat(2_048));
        assert_eq!(trust_domain(&long), None);
    }
}
