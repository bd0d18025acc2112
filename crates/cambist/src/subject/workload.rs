//! Workload identities: tokens that a platform gives to what runs on it, taken as assertions.
//!
//! A preset is a kind of identity provider that knows what the tokens of one platform look like: where its
//! keys are, how long its tokens are good, and what must be true of them beside signature, times and
//! audience. One file a preset, and one line in [`PRESETS`].

mod github_actions;
mod kubernetes;
mod spiffe;

use alloc::{boxed::Box, string::String};

use serde_json::{Map, Value};

pub(crate) use self::spiffe::trust_domain;
use crate::{crypto::Algorithm, realm::assertion_rules::AssertionRules};

/// What one platform's tokens are like.
#[derive(Debug)]
pub(crate) struct Preset {
    /// The `kind` of identity provider.
    pub(crate) kind: &'static str,
    /// The setting that holds the issuer.
    pub(crate) issuer_setting: &'static str,
    /// The issuer, where there is a usual one.
    pub(crate) issuer: Option<&'static str>,
    /// A token is the provider's by its subject, and need not have `iss`.
    pub(crate) by_subject: bool,
    /// Whether a text can be the issuer.
    pub(crate) is_issuer: fn(&str) -> bool,
    /// The setting that holds the address of its keys.
    pub(crate) keys_setting: &'static str,
    /// Where they are below the issuer, where there is a usual place.
    pub(crate) keys_path: Option<&'static str>,
    /// Seconds that a token is good for, counted from `iat`.
    pub(crate) max_life: i64,
    /// Whether a token may be used more than once: platforms hand the same one out until it ends.
    pub(crate) reuse_allowed: bool,
    /// Claims of which the provider's own rules must demand one.
    pub(crate) demanded: &'static [&'static str],
    /// What must be true of a token whose signature and times hold.
    pub(crate) check: fn(&AssertionRules, &Presented<'_>) -> Result<(), WorkloadError>,
}

/// The presets.
pub(crate) const PRESETS: [&Preset; 3] = [
    &spiffe::PRESET,
    &kubernetes::PRESET,
    &github_actions::PRESET,
];

/// A token whose signature and times hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented<'a> {
    pub(crate) header_type: Option<&'a str>,
    pub(crate) algorithm: Algorithm,
    pub(crate) subject: &'a str,
    pub(crate) claims: &'a Map<String, Value>,
}

/// What is wrong with a workload's token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkloadError {
    /// Its header is not that of such a token.
    #[error("the header is not that of such a token")]
    Header,
    /// Its subject is not of the platform's form, or not of its domain.
    #[error("the subject is not one of the platform's")]
    Subject,
    /// A claim contradicts the subject, or is not there.
    #[error("claim `{0}` does not fit the subject")]
    Contradiction(&'static str),
    /// A claim is not what the provider's rules demand.
    #[error("claim `{0}` is not what is demanded")]
    Demanded(Box<str>),
}

/// Whether the claims are what `required` says: of an object, each member; of a list, one of the items;
/// anything else, the value itself. A claim that is a list is not looked into.
pub(crate) fn demanded(
    required: &Map<String, Value>,
    claims: &Map<String, Value>,
) -> Result<(), WorkloadError> {
    for (name, rule) in required {
        if !claims.get(name).is_some_and(|value| fits(rule, value)) {
            return Err(WorkloadError::Demanded(name.as_str().into()));
        }
    }
    Ok(())
}

fn fits(rule: &Value, value: &Value) -> bool {
    match rule {
        Value::Object(members) => value.as_object().is_some_and(|value| {
            let member = |(name, rule): (&String, &Value)| {
                value.get(name).is_some_and(|value| fits(rule, value))
            };
            members.iter().all(member)
        }),
        Value::Array(items) => items.iter().any(|rule| fits(rule, value)),
        exact => exact == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    #[test]
    fn rules_say_each_member_one_item_or_the_value() {
        use serde_json::json;
        let claims = object(json!({
            "ref": "refs/heads/main",
            "run": 7,
            "kubernetes.io": {"namespace": "shop", "pod": {"name": "a"}},
            "groups": ["a", "b"]
        }));
        for rule in [
            json!({}),
            json!({"ref": "refs/heads/main", "run": 7}),
            json!({"ref": ["refs/heads/main", "refs/heads/next"]}),
            json!({"kubernetes.io": {"namespace": ["till", "shop"]}}),
            json!({"kubernetes.io": {}}),
        ] {
            assert_eq!(demanded(&object(rule.clone()), &claims), Ok(()), "{rule}");
        }
        for rule in [
            json!({"ref": "refs/heads/Main"}),
            json!({"ref": []}),
            json!({"ref": null}),
            json!({"missing": null}),
            json!({"run": "7"}),
            json!({"kubernetes.io": {"namespace": "shop", "node": {}}}),
            json!({"kubernetes.io": "shop"}),
            json!({"ref": {}}),
            // A list is not each of its items: whoever writes one of them has not written the list.
            json!({"groups": "a"}),
        ] {
            assert!(demanded(&object(rule.clone()), &claims).is_err(), "{rule}");
        }
    }
}
