//! Tokens of GitHub Actions jobs, those of an Enterprise server included.
//!
//! What `sub` says can be set for each repository, so that repositories of different owners can have the
//! same one. The provider's rules must therefore name a repository or an owner.

use serde_json::Value;

use super::{Presented, Preset, WorkloadError};
use crate::realm::assertion_rules::AssertionRules;

pub(super) const PRESET: Preset = Preset {
    kind: "github-actions",
    issuer_setting: "issuer",
    issuer: Some("https://token.actions.githubusercontent.com"),
    by_subject: false,
    is_issuer: |text| text.starts_with("https://"),
    keys_setting: "jwksUrl",
    keys_path: Some("/.well-known/jwks"),
    max_life: 900,
    reuse_allowed: false,
    demanded: &[
        "repository_id",
        "repository",
        "repository_owner_id",
        "repository_owner",
        "enterprise_id",
    ],
    check,
};

fn check(_: &AssertionRules, token: &Presented<'_>) -> Result<(), WorkloadError> {
    let text = |name: &str| token.claims.get(name).and_then(Value::as_str);
    let (Some(repository), Some(owner)) = (text("repository"), text("repository_owner")) else {
        return Err(WorkloadError::Contradiction("repository"));
    };
    let below = repository
        .strip_prefix(owner)
        .and_then(|rest| rest.strip_prefix('/'));
    if below.is_none_or(|name| name.is_empty() || name.contains('/')) {
        return Err(WorkloadError::Contradiction("repository_owner"));
    }
    Ok(())
}
