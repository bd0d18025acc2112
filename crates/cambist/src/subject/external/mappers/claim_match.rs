//! Whether claims have certain values.

use alloc::{boxed::Box, string::String, vec::Vec};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::{Settings, UnusableMapper};
use crate::{
    policy::kinds::java_regex,
    subject::external::{Evidence, claims},
};

/// A claim and what it must be.
#[derive(Debug)]
pub(super) struct ClaimMatch {
    path: Box<str>,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    Anything,
    Text(Box<str>),
    Pattern(Regex),
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

impl ClaimMatch {
    /// One claim that must have one value.
    pub(super) fn equal(path: &str, value: &str) -> Self {
        Self {
            path: path.into(),
            wanted: Wanted::Text(value.into()),
        }
    }

    /// The setting `claims`: a JSON list of keys and values, which are patterns with
    /// `are.claim.values.regex`.
    pub(super) fn list(settings: &Settings<'_>) -> Result<Vec<Self>, UnusableMapper> {
        const CLAIMS: &str = "claims";
        let text = settings.required(CLAIMS)?;
        let pairs: Vec<Pair> = serde_json::from_str(text).map_err(|_| settings.unusable(CLAIMS))?;
        let patterns = settings.is_on("are.claim.values.regex");
        let one = |pair: Pair| {
            let wanted = match (pair.value.as_str(), patterns) {
                ("", _) => Wanted::Anything,
                (text, false) => Wanted::Text(text.into()),
                (text, true) => {
                    Wanted::Pattern(java_regex(text).ok_or_else(|| settings.unusable(CLAIMS))?)
                }
            };
            Ok(Self {
                path: pair.key.into(),
                wanted,
            })
        };
        pairs.into_iter().map(one).collect()
    }

    /// Name of the claim.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The first value of the claim that is as wanted.
    pub(super) fn found(&self, evidence: &Evidence) -> Option<String> {
        let takes = |text: &String| match &self.wanted {
            Wanted::Anything => true,
            Wanted::Text(wanted) => **wanted == **text,
            Wanted::Pattern(pattern) => pattern.is_match(text),
        };
        match evidence.find(&self.path)? {
            Value::Array(items) => items.iter().filter_map(claims::as_text).find(takes),
            value => claims::as_text(value).filter(takes),
        }
    }
}
