//! Holding what came to what must come.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Expectation, Values};

/// Something came out otherwise than the scenario says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The step.
    pub step: String,
    /// Where in the answer, the tokens, the trace or the effects: `claims/aud`.
    pub place: String,
    /// What the scenario says.
    pub expected: Value,
    /// What came; `Null` where nothing did.
    pub came: Value,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            place,
            expected,
            came,
        } = self;
        write!(f, "step {step}, {place}: {expected} expected, {came} came")
    }
}

/// What came of a request.
#[derive(Debug, Default)]
pub(super) struct Came {
    pub(super) status: u16,
    pub(super) answer: Value,
    /// The decision trace, as its JSON; `Null` where the request was none to decide on.
    pub(super) trace: Value,
    pub(super) effects: Vec<String>,
    /// Addresses of other servers.
    pub(super) asked: Vec<String>,
}

/// Compares, and tells each difference.
pub(super) fn compare(step: &str, expected: &Expectation, came: &Came) -> Vec<Mismatch> {
    let mut found = Comparison {
        step,
        mismatches: Vec::new(),
    };
    found.equal("status", &json!(expected.status), &json!(came.status));
    found.members("answer", &expected.answer, &came.answer);
    for (token, claims) in [
        ("access_token", &expected.claims),
        ("refresh_token", &expected.refresh_claims),
        ("id_token", &expected.id_claims),
    ] {
        if !claims.is_empty() {
            found.members(token, claims, &claims_of(&came.answer, token));
        }
    }
    let claims = claims_of(&came.answer, "access_token");
    for name in &expected.absent {
        let there = claims.get(name).or_else(|| came.answer.get(name));
        if let Some(value) = there {
            found.mismatch(name.clone(), &Value::Null, value);
        }
    }
    if let Some(check) = &expected.failed {
        found.equal("trace/failed", &json!(check), &failed_check(&came.trace));
    }
    if let Some(reason) = &expected.reason {
        let came = came.trace.pointer("/refusal/reason");
        let came = came.unwrap_or(&Value::Null);
        found.equal("trace/reason", &json!(reason), came);
    }
    if let Some(policies) = &expected.decisive {
        found.equal("trace/decisive", &json!(policies), &decisive(&came.trace));
    }
    if let Some(widenings) = &expected.widenings {
        let came = came.trace.get("widenings").unwrap_or(&Value::Null);
        found.contains("trace/widenings".to_owned(), &json!(widenings), came);
    }
    if let Some(effects) = &expected.effects {
        found.equal("effects", &json!(effects), &json!(came.effects));
    }
    if let Some(asked) = &expected.asked {
        found.equal("asked", &json!(asked), &json!(came.asked));
    }
    found.mismatches
}

struct Comparison<'a> {
    step: &'a str,
    mismatches: Vec<Mismatch>,
}

impl Comparison<'_> {
    fn equal(&mut self, place: &str, expected: &Value, came: &Value) {
        if expected != came {
            self.mismatch(place.to_owned(), expected, came);
        }
    }

    fn members(&mut self, place: &str, expected: &Values, came: &Value) {
        for (name, value) in expected {
            let came = came.get(name).unwrap_or(&Value::Null);
            self.contains(format!("{place}/{name}"), value, came);
        }
    }

    /// A table may hold more than is expected of it, a list may not.
    fn contains(&mut self, place: String, expected: &Value, came: &Value) {
        match (expected, came) {
            (Value::Object(expected), Value::Object(came)) => {
                for (name, value) in expected {
                    let came = came.get(name).unwrap_or(&Value::Null);
                    self.contains(format!("{place}/{name}"), value, came);
                }
            }
            (Value::Array(expected), Value::Array(came)) if expected.len() == came.len() => {
                for (at, (expected, came)) in expected.iter().zip(came).enumerate() {
                    self.contains(format!("{place}/{at}"), expected, came);
                }
            }
            _ => self.equal(&place, expected, came),
        }
    }

    fn mismatch(&mut self, place: String, expected: &Value, came: &Value) {
        self.mismatches.push(Mismatch {
            step: self.step.to_owned(),
            place,
            expected: expected.clone(),
            came: came.clone(),
        });
    }
}

fn claims_of(answer: &Value, token: &str) -> Value {
    let claims = || {
        let payload = answer.get(token)?.as_str()?.split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    };
    claims().unwrap_or_default()
}

fn failed_check(trace: &Value) -> Value {
    let checks = trace.get("checks").and_then(Value::as_array);
    checks
        .into_iter()
        .flatten()
        .find(|check| check.get("passed") == Some(&Value::Bool(false)))
        .and_then(|check| check.get("name").cloned())
        .unwrap_or_default()
}

/// The names of the decisive policies of decisive permissions, aggregates before their children.
fn decisive(trace: &Value) -> Value {
    fn collect(policies: Option<&Value>, into: &mut Vec<Value>) {
        for policy in policies.and_then(Value::as_array).into_iter().flatten() {
            if is_decisive(policy) {
                into.extend(policy.get("policy").cloned());
                collect(policy.get("children"), into);
            }
        }
    }
    fn is_decisive(step: &Value) -> bool {
        step.get("decisive") == Some(&Value::Bool(true))
    }
    let mut names = Vec::new();
    let gates = trace.get("gates").and_then(Value::as_array);
    for gate in gates.into_iter().flatten() {
        let permissions = gate.get("permissions").and_then(Value::as_array);
        for permission in permissions
            .into_iter()
            .flatten()
            .filter(|it| is_decisive(it))
        {
            collect(permission.get("policies"), &mut names);
        }
    }
    Value::Array(names)
}
