//! Kubernetes service-account tokens: those bound to an audience and a time, as a projected volume or the
//! TokenRequest interface gives them. The old ones that never end are refused as they have no `exp`.

use serde_json::Value;

use super::{Presented, Preset, WorkloadError};
use crate::realm::assertion_rules::AssertionRules;

pub(super) const PRESET: Preset = Preset {
    kind: "kubernetes",
    issuer_setting: "issuer",
    issuer: None,
    by_subject: false,
    is_issuer: |text| text.starts_with("https://"),
    keys_setting: "jwksUrl",
    keys_path: Some("/openid/v1/jwks"),
    max_life: 3_600,
    reuse_allowed: true,
    demanded: &[],
    check,
};

/// The claim that says where the token's service account and pod are.
const BOUND: &str = "kubernetes.io";

fn check(_: &AssertionRules, token: &Presented<'_>) -> Result<(), WorkloadError> {
    let mut parts = token.subject.split(':');
    let (Some("system"), Some("serviceaccount"), Some(namespace), Some(name), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(WorkloadError::Subject);
    };
    if namespace.is_empty() || name.is_empty() {
        return Err(WorkloadError::Subject);
    }
    let bound = token.claims.get(BOUND);
    let text = |pointer: &str| {
        bound
            .and_then(|bound| bound.pointer(pointer))
            .and_then(Value::as_str)
    };
    if text("/namespace") != Some(namespace) || text("/serviceaccount/name") != Some(name) {
        return Err(WorkloadError::Contradiction(BOUND));
    }
    Ok(())
}
