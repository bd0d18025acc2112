//! What one policy says by itself, before its logic.

use cambist::{
    policy::Vote,
    realm::document::{ClientDocument, PolicyDocument, RealmDocument},
};
use serde_json::Value;

use super::{
    party::{RoleKey, client_of, group_path, role_of},
    permissions::Question,
};

/// The vote of a policy that is no aggregate.
pub(super) fn vote(
    document: &RealmDocument,
    policy: &PolicyDocument,
    question: &Question<'_>,
) -> Vote {
    match policy.kind.as_str() {
        "client" => client(document, policy, question),
        "user" => user(policy, question),
        "role" => role(document, policy, question),
        "group" => group(document, policy, question),
        "client-scope" => client_scope(document, policy, question),
        "time" => time(policy, question),
        "regex" => regex(policy, question),
        _ => Vote::Failed("a kind of policy that the reference does not know"),
    }
}

fn client(document: &RealmDocument, policy: &PolicyDocument, question: &Question<'_>) -> Vote {
    let listed = |client: &ClientDocument| {
        let mut named = policy.clients.iter().flatten();
        named.any(|named| *named == client.id || Some(named) == client.uuid.as_ref())
    };
    match client_of(document, question.client_id) {
        Some(asks) if document.clients.iter().any(listed) => said(listed(asks)),
        _ => Vote::Nothing,
    }
}

fn user(policy: &PolicyDocument, question: &Question<'_>) -> Vote {
    let listed: Vec<&String> = policy.users.iter().flatten().collect();
    if listed.is_empty() {
        return Vote::Nothing;
    }
    let party = question.party;
    said(listed.iter().any(|named| {
        // An entry in the form of a UUID is an id, never a name.
        let by_name = !is_uuid(named) && party.username == Some(&*named.to_lowercase());
        **named == party.id || by_name
    }))
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    lengths == [8, 4, 4, 4, 12] && text.split('-').all(digits)
}

fn role(document: &RealmDocument, policy: &PolicyDocument, question: &Question<'_>) -> Vote {
    let stored = policy.config.get("fetchRoles").is_some_and(is_true);
    walk(
        entries(policy, "roles", "required")
            .into_iter()
            .filter_map(|(name, required)| {
                let key = role_key(document, &name)?;
                Some((key, required))
            }),
        // A client is no stored user: nothing is known of the roles it has there.
        |key| (!stored || !question.party.is_client).then(|| question.party.roles.contains(key)),
    )
}

/// A realm role by name or id, a client role as `client/role` or by id.
fn role_key(document: &RealmDocument, named: &str) -> Option<RoleKey> {
    let realm = document.roles.iter().map(|role| (None, role));
    let clients = document.clients.iter().flat_map(|client| {
        let roles = client.roles.iter();
        roles.map(|role| (Some(client.id.clone()), role))
    });
    let by_id = realm
        .chain(clients)
        .find(|(_, role)| role.id.as_deref() == Some(named));
    if let Some((owner, role)) = by_id {
        return Some((owner, role.name.clone()));
    }
    let key = (None, named.to_owned());
    if role_of(document, &key).is_some() {
        return Some(key);
    }
    let (client, role) = named.split_once('/')?;
    let key = (Some(client.to_owned()), role.to_owned());
    role_of(document, &key).map(|_| key.clone())
}

/// Missing things are passed over, a required one that is not held ends the walk, one that is held grants.
fn walk<T>(wanted: impl Iterator<Item = (T, bool)>, held: impl Fn(&T) -> Option<bool>) -> Vote {
    let mut vote = Vote::Nothing;
    for (thing, required) in wanted {
        match held(&thing) {
            None => return Vote::Nothing,
            Some(true) => vote = Vote::Grant,
            Some(false) if required => return Vote::Deny,
            Some(false) if vote == Vote::Nothing => vote = Vote::Deny,
            Some(false) => {}
        }
    }
    vote
}

fn group(document: &RealmDocument, policy: &PolicyDocument, question: &Question<'_>) -> Vote {
    let Some(stored) = question.party.stored else {
        return Vote::Failed("a group policy and nobody who could be in a group");
    };
    let wanted: Vec<(String, bool)> = entries(policy, "groups", "extendChildren")
        .into_iter()
        .filter_map(|(named, below)| Some((group_path(document, &named)?, below)))
        .collect();
    if wanted.is_empty() {
        return Vote::Nothing;
    }
    said(wanted.iter().any(|(path, below)| {
        let mut groups = stored.groups.iter();
        groups.any(|own| own == path || (*below && own.starts_with(&format!("{path}/"))))
    }))
}

fn client_scope(
    document: &RealmDocument,
    policy: &PolicyDocument,
    question: &Question<'_>,
) -> Vote {
    let Some(scope) = question.party.claims.get("scope").and_then(Value::as_str) else {
        return Vote::Failed("a client-scope policy and no scope to look at");
    };
    let known = |named: &str| {
        let mut scopes = document.client_scopes.iter().flatten();
        scopes
            .find(|scope| scope.name == named || scope.id.as_deref() == Some(named))
            .map(|scope| scope.name.clone())
    };
    let wanted = entries(policy, "clientScopes", "required").into_iter();
    walk(
        wanted.filter_map(|(named, required)| Some((known(&named)?, required))),
        |name| Some(scope.split(' ').any(|held| held == name)),
    )
}

/// All that is configured must hold. Ranges are inclusive and do not wrap; an end without a beginning is not
/// looked at.
fn time(policy: &PolicyDocument, question: &Question<'_>) -> Vote {
    const UNREADABLE: Vote = Vote::Failed("a time policy that cannot be read");
    let local = question.now.saturating_add(question.offset);
    let Ok(local) = time::OffsetDateTime::from_unix_timestamp(local) else {
        return UNREADABLE;
    };
    let (year, month, day) = (
        local.year().into(),
        u8::from(local.month()).into(),
        local.day().into(),
    );
    let (hour, minute) = (local.hour().into(), local.minute().into());
    let now = ([year, month, day], [hour, minute, local.second().into()]);
    for (key, early) in [("nbf", true), ("noa", false)] {
        let Some(text) = text(policy, key) else {
            continue;
        };
        let Some(bound) = instant(&text) else {
            return UNREADABLE;
        };
        if if early { now < bound } else { now > bound } {
            return Vote::Deny;
        }
    }
    for (key, value) in [
        ("dayMonth", day),
        ("month", month),
        ("year", year),
        ("hour", hour),
        ("minute", minute),
    ] {
        let Some(first) = text(policy, key) else {
            continue;
        };
        let last = text(policy, &format!("{key}End")).unwrap_or_else(|| first.clone());
        let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) else {
            return UNREADABLE;
        };
        if !(first..=last).contains(&value) {
            return Vote::Deny;
        }
    }
    Vote::Grant
}

/// `yyyy-MM-dd`, perhaps with ` HH:mm:ss` behind.
fn instant(text: &str) -> Option<([i64; 3], [i64; 3])> {
    let parts = |text: &str, by: char| -> Option<[i64; 3]> {
        let numbers: Result<Vec<i64>, _> = text.split(by).map(str::parse).collect();
        numbers.ok()?.try_into().ok()
    };
    match text.split_once(' ') {
        Some((date, clock)) => Some((parts(date, '-')?, parts(clock, ':')?)),
        None => Some((parts(text, '-')?, [0; 3])),
    }
}

/// The whole value must match, the first one of several; numbers and truth values count as text. Context
/// attributes are never reached: all of them have dots in their names, and a dot begins a path.
fn regex(policy: &PolicyDocument, question: &Question<'_>) -> Vote {
    let (Some(target), Some(pattern)) = (text(policy, "targetClaim"), text(policy, "pattern"))
    else {
        return Vote::Failed("a regex policy without claim or pattern");
    };
    let Ok(pattern) = regex::Regex::new(&format!(r"\A(?:{pattern})\z")) else {
        return Vote::Failed("a regex policy whose pattern cannot be read");
    };
    if policy
        .config
        .get("targetContextAttributes")
        .is_some_and(is_true)
    {
        return Vote::Nothing;
    }
    let mut names = target.split('.');
    let claim = names
        .next()
        .and_then(|name| question.party.claims.get(name));
    let value = claim.and_then(|claim| names.try_fold(claim, |value, name| value.get(name)));
    let first = match value {
        Some(Value::Array(list)) => list.first(),
        other => other,
    };
    let text = match first {
        None | Some(Value::Null | Value::Array(_)) => return Vote::Nothing,
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    said(pattern.is_match(&text))
}

fn said(yes: bool) -> Vote {
    if yes { Vote::Grant } else { Vote::Deny }
}

fn is_true(value: &Value) -> bool {
    value == &Value::Bool(true) || value == "true"
}

fn text(policy: &PolicyDocument, key: &str) -> Option<String> {
    match policy.config.get(key)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of names, or of objects with a name and a flag; also as a text that holds such a list.
fn entries(policy: &PolicyDocument, key: &str, flag: &str) -> Vec<(String, bool)> {
    let list = match policy.config.get(key) {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(list) => list.clone(),
        None => Value::Null,
    };
    let entry = |entry: &Value| {
        let name = ["id", "path"].iter().find_map(|key| entry.get(key));
        let name = name.unwrap_or(entry).as_str()?.to_owned();
        Some((name, entry.get(flag).is_some_and(is_true)))
    };
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(entry)
        .collect()
}
