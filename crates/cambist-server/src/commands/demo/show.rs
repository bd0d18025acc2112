//! How the demo looks.

use std::collections::BTreeSet;

use cambist::{
    policy::{Logic, Outcome, PermissionTrace, PolicyStep, PolicyTrace, StepVote},
    trace::DecisionTrace,
};
use serde_json::{Map, Value};

use super::story::{
    ACCESS_TOKEN, EXCHANGE, PASSWORD, REALM, SCOPE, Told, USERNAME, Verified, token_path,
};
use crate::commands::say;

/// Claims in the order in which they tell the story; the others follow by name.
const FIRST: [&str; 8] = ["aud", "azp", "sub", "scope", "iss", "sid", "jti", "exp"];
const NAME_WIDTH: usize = 20;
const VALUE_WIDTH: usize = 42;

pub(super) fn part(title: &str) {
    say(format_args!("── {title}"));
}

pub(super) fn step(what: &str, call: &str, status: u16) {
    say(format_args!("   {status}  {call:<28} {what}"));
}

pub(super) fn signature(token: &Verified) {
    say(format_args!(
        "        {} by key {}\n",
        token.algorithm, token.key_id
    ));
}

/// Claims of two tokens side by side; a star where they differ.
pub(super) fn claims(before: &Map<String, Value>, after: &Map<String, Value>) {
    part("What changed");
    line(' ', "", "the token of service-a", "the new token");
    let rest: BTreeSet<&str> = before
        .keys()
        .chain(after.keys())
        .map(String::as_str)
        .filter(|name| !FIRST.contains(name))
        .collect();
    for name in FIRST.into_iter().chain(rest) {
        let (old, new) = (before.get(name), after.get(name));
        if old.is_none() && new.is_none() {
            continue;
        }
        line(
            if old == new { ' ' } else { '*' },
            name,
            &text(old),
            &text(new),
        );
    }
    say("");
}

fn line(mark: char, name: &str, old: &str, new: &str) {
    let line = format!("   {mark} {name:<NAME_WIDTH$} {old:<VALUE_WIDTH$} {new}");
    say(line.trim_end());
}

fn text(value: Option<&Value>) -> String {
    let text = match value {
        None => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(text_of).collect();
            items.join(", ")
        }
        Some(other) => other.to_string(),
    };
    if text.chars().count() <= VALUE_WIDTH {
        return text;
    }
    let mut short: String = text.chars().take(VALUE_WIDTH.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Every check, then what permissions and policies said.
pub(super) fn trace(trace: &DecisionTrace) {
    for check in &trace.checks {
        let mark = if check.passed { "yes" } else { "NO " };
        match &check.detail {
            Some(detail) => say(format_args!("   {mark}  {}: {detail}", check.name)),
            None => say(format_args!("   {mark}  {}", check.name)),
        }
    }
    for gate in &trace.gates {
        gate_trace(gate);
    }
    for widening in &trace.widenings {
        say(format_args!(
            "   +    {} gains {}, granted by {}",
            widening.dimension, widening.added, widening.granted_by
        ));
    }
    say(format_args!(
        "   {}\n",
        if trace.permitted {
            "Permitted."
        } else {
            "Denied."
        }
    ));
}

fn gate_trace(gate: &PolicyTrace) {
    say(format_args!(
        "        may {} have {} of {}? ({})",
        gate.client,
        gate.scopes.join(", "),
        gate.target,
        word(&gate.enforcement)
    ));
    let (speaking, silent): (Vec<_>, Vec<_>) = gate
        .permissions
        .iter()
        .partition(|permission| permission.outcome.is_some());
    for permission in speaking {
        permission_trace(permission);
    }
    if !silent.is_empty() {
        say(format_args!(
            "        {} further permissions ask no policy and say nothing",
            silent.len()
        ));
    }
    if let Some(opener) = &gate.opened_by {
        say(format_args!("        opened by {opener}"));
    }
    if let Some(refusal) = &gate.refusal {
        say(format_args!("        closed: {refusal}"));
    }
}

fn permission_trace(permission: &PermissionTrace) {
    let outcome = permission.outcome.map_or("says nothing", outcome);
    say(format_args!(
        "        permission {} ({}): {outcome}{}",
        permission.permission,
        word(&permission.strategy),
        decisive(permission.decisive)
    ));
    for policy in &permission.policies {
        policy_step(policy, 1);
    }
}

fn policy_step(policy: &PolicyStep, depth: usize) {
    let indent = "   ".repeat(depth);
    let turned = if policy.logic == Logic::Negative {
        ", turned round"
    } else {
        ""
    };
    let vote = match &policy.vote {
        StepVote::Grant => "says yes".to_owned(),
        StepVote::Deny => "says no".to_owned(),
        StepVote::Nothing => "says nothing".to_owned(),
        StepVote::Failed(why) => format!("failed ({why})"),
    };
    say(format_args!(
        "        {indent}policy {} ({}) {vote}{turned}: {}{}",
        policy.policy,
        policy.kind,
        outcome(policy.outcome),
        decisive(policy.decisive)
    ));
    for child in &policy.children {
        policy_step(child, depth.saturating_add(1));
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Permit => "permit",
        Outcome::Deny => "deny",
        Outcome::Unknown => "unknown",
    }
}

fn decisive(decisive: bool) -> &'static str {
    if decisive { ", decisive" } else { "" }
}

/// The word that a value has in a document.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

pub(super) fn refusal(status: u16, error: &str, description: &str) {
    say(format_args!("   {status}  {error}: {description}"));
}

/// What a reader can type to play it again.
pub(super) fn commands(told: &Told) {
    let address = format!("{}{}", told.base, token_path(REALM));
    let form = |client: &str, secret: &str| {
        format!(
            "curl -s {address} -d grant_type={EXCHANGE} -d client_id={client} -d client_secret={secret} \
             -d subject_token=$TOKEN -d requested_token_type={ACCESS_TOKEN} -d audience=service-b"
        )
    };
    part("Play it again (this server stays up until Ctrl-C)");
    say(format_args!(
        "TOKEN=$(curl -s {address} -d grant_type=password -d client_id=service-a \
         -d client_secret={} -d username={USERNAME} -d password={PASSWORD} \
         --data-urlencode 'scope={SCOPE}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n",
        told.secret_a
    ));
    say(format_args!("{}\n", form("service-a", &told.secret_a)));
    say(format_args!("{}\n", form("service-c", &told.secret_c)));
    say(format_args!(
        "curl -s {}/realms/{REALM}/protocol/openid-connect/certs",
        told.base
    ));
}
