//! `regex`: a claim matches a pattern, from its first character to its last.

use alloc::{
    borrow::{Cow, ToOwned},
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};

use regex::Regex;
use serde_json::Value;

use super::{
    BuildContext, Condition, Evaluation, HangsOn, PolicyKind, Settings, Vote,
    java_pattern::{self, PatternError},
};
use crate::{
    policy::{PolicyError, identity::IdentityClaim},
    realm::document::PolicyDocument,
};

pub(super) struct RegexKind;

impl PolicyKind for RegexKind {
    fn name(&self) -> &'static str {
        "regex"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        const UNUSABLE: &str = "a regex condition whose pattern cannot be read";
        let settings = Settings::new(
            document,
            context,
            &["targetClaim", "pattern", "targetContextAttributes"],
        )?;
        let owner = || document.name.as_str().into();
        let missing = |key| PolicyError::MissingSetting {
            owner: owner(),
            key,
        };
        let Some(target) = settings.text("targetClaim")? else {
            return context.unusable(missing("targetClaim"), UNUSABLE);
        };
        let Some(pattern) = settings.text("pattern")? else {
            return context.unusable(missing("pattern"), UNUSABLE);
        };
        let pattern = match java_pattern::translate(&pattern)
            .and_then(|pattern| java_pattern::compile(&pattern))
        {
            Ok(pattern) => pattern,
            Err(PatternError::Unsupported { reason, place }) => {
                return Err(PolicyError::Pattern {
                    policy: owner(),
                    reason,
                    place,
                });
            }
            Err(PatternError::Malformed) => {
                return context.unusable(settings.bad("pattern", "a regular expression"), UNUSABLE);
            }
        };
        Ok(Box::new(RegexCondition {
            target: Path::new(&target),
            pattern,
            from_context: settings.flag("targetContextAttributes")?,
        }))
    }
}

/// A name and the way further into its value, such as `userinfo.tenants[0]`.
#[derive(Debug)]
struct Path {
    name: String,
    steps: Box<[Step]>,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Entry(usize),
    /// Not an index at all: leads nowhere.
    Nowhere,
}

impl Path {
    fn new(text: &str) -> Self {
        let mut names = text.split('.');
        let mut steps = Vec::new();
        let (name, entries) = indices(names.next().unwrap_or_default());
        steps.extend(entries);
        for part in names {
            let (name, entries) = indices(part);
            steps.push(Step::Member(name.to_owned()));
            steps.extend(entries);
        }
        Self {
            name: name.to_owned(),
            steps: steps.into_boxed_slice(),
        }
    }

    fn follow<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(value, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Entry(place) => value.get(place),
            Step::Nowhere => None,
        })
    }
}

/// `name[0][1]` as the name and its indices.
fn indices(part: &str) -> (&str, Vec<Step>) {
    let Some((name, rest)) = part.split_once('[') else {
        return (part, Vec::new());
    };
    let steps = rest.split('[').map(|index| {
        index
            .strip_suffix(']')
            .and_then(|digits| digits.parse().ok())
            .map_or(Step::Nowhere, Step::Entry)
    });
    (name, steps.collect())
}

#[derive(Debug)]
struct RegexCondition {
    target: Path,
    pattern: Regex,
    from_context: bool,
}

impl Condition for RegexCondition {
    fn hangs_on(&self) -> HangsOn {
        HangsOn::TOKEN
    }

    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        // Every context attribute has dots in its name, and a name here ends at the first dot.
        if self.from_context {
            return Vote::Nothing;
        }
        let Some(claim) = evaluation.identity.claim(&self.target.name) else {
            return Vote::Nothing;
        };
        let text = match &claim {
            IdentityClaim::Text(text) if self.target.steps.is_empty() => Some(Cow::Borrowed(*text)),
            IdentityClaim::Text(_) => None,
            IdentityClaim::Json(value) => self.target.follow(value).and_then(first_text),
        };
        match text {
            None => Vote::Nothing,
            Some(text) if self.pattern.is_match(&text) => Vote::Grant,
            Some(_) => Vote::Deny,
        }
    }
}

/// The value as text; of a list, its first entry.
fn first_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Array(list) => match list.first()? {
            Value::Array(_) => None,
            first => first_text(first),
        },
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(Cow::Owned(value.to_string())),
    }
}
