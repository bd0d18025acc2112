//! Where in the claims a mapper writes: names with dots, and the names that belong to the engine.

use alloc::{
    borrow::{Cow, ToOwned},
    boxed::Box,
    string::String,
    vec,
    vec::Vec,
};

use serde_json::Value;

use super::MapperError;
use crate::claims::{ClaimSet, ClaimTarget, ClaimValue, ComposedClaims};

/// Stands for the client whose roles are written.
const CLIENT_ID: &str = "${client_id}";

/// Claims of a token that no mapper writes. `sub`, `azp`, `nbf` and `aud` have rules of their own.
const OWNED_IN_TOKENS: &[&str] = &[
    "iss",
    "exp",
    "iat",
    "jti",
    "typ",
    "scope",
    "nonce",
    "sid",
    "session_state",
];

/// Members of the token response that no mapper writes.
const OWNED_IN_RESPONSE: &[&str] = &[
    "access_token",
    "expires_in",
    "id_token",
    "issued_token_type",
    "not-before-policy",
    "refresh_expires_in",
    "refresh_token",
    "scope",
    "session_state",
    "token_type",
];

/// The name of a claim, split at its dots: `a.b` is member `b` of the object `a`. A backslash takes the
/// character behind it as it is, so `a\.b` is one name with a dot in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Box<[Box<str>]>);

impl ClaimPath {
    /// The most parts a name may have.
    pub const MAX_PARTS: usize = 32;

    /// Splits a name. An empty name has no place anywhere: nothing is written.
    ///
    /// # Errors
    ///
    /// [`MapperError::ClaimTooDeep`] when there are more than [`MAX_PARTS`](Self::MAX_PARTS) parts.
    pub fn parse(name: &str) -> Result<Self, MapperError> {
        let mut parts: Vec<Box<str>> = Vec::new();
        let mut rest = name;
        while !rest.is_empty() {
            let (part, after) = first_part(rest);
            parts.push(part);
            if parts.len() > Self::MAX_PARTS {
                return Err(MapperError::ClaimTooDeep {
                    limit: Self::MAX_PARTS,
                });
            }
            rest = after;
        }
        Ok(Self(parts.into_boxed_slice()))
    }

    /// Writes a value there. With `merge` a list that is there takes the value's items in.
    ///
    /// What belongs to the engine is left as it is. A place below something that is no object is left too.
    pub fn write<'a>(
        &'a self,
        claims: &mut ComposedClaims<'a>,
        target: ClaimTarget,
        value: ClaimValue<'a>,
        merge: bool,
    ) {
        self.write_for(claims, target, None, value, merge);
    }

    /// The same, with the client's id in place of `${client_id}`.
    pub fn write_for<'a>(
        &'a self,
        claims: &mut ComposedClaims<'a>,
        target: ClaimTarget,
        client_id: Option<&Cow<'a, str>>,
        value: ClaimValue<'a>,
        merge: bool,
    ) {
        let [first, below @ ..] = &*self.0 else {
            return;
        };
        let first = filled_in(first, client_id);
        if target == ClaimTarget::TokenResponse {
            if !OWNED_IN_RESPONSE.contains(&&*first) {
                put(&mut claims.claims, first, below, client_id, value, merge);
            }
            return;
        }
        match &*first {
            "sub" => {
                if let Some(text) = text_at_top(below, value) {
                    claims.subject = Some(text);
                }
            }
            "azp" => {
                if let Some(text) = text_at_top(below, value) {
                    claims.authorized_party = Some(text);
                }
            }
            "acr" => {
                if let Some(text) = text_at_top(below, value) {
                    claims.claims.set(first, ClaimValue::Text(text));
                }
            }
            "auth_time" => {
                if let Some(number) = number_at_top(below, &value) {
                    claims.claims.set(first, ClaimValue::Number(number));
                }
            }
            "nbf" => {
                if let Some(number) = number_at_top(below, &value) {
                    claims.not_before = Some(number);
                }
            }
            "aud" if below.is_empty() => claims.replace_audience(texts(value)),
            "aud" => {}
            owned if OWNED_IN_TOKENS.contains(&owned) => {}
            _ => put(&mut claims.claims, first, below, client_id, value, merge),
        }
    }
}

/// The first part and what follows its dot. A dot that stands first parts nothing: the whole rest is then
/// one name, as in Keycloak.
fn first_part(text: &str) -> (Box<str>, &str) {
    let mut part = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped)) => part.push(escaped),
                None => part.push('\\'),
            },
            '.' if place > 0 => return (part.into_boxed_str(), characters.as_str()),
            '.' => return (unescaped(text), ""),
            other => part.push(other),
        }
    }
    (part.into_boxed_str(), "")
}

fn unescaped(text: &str) -> Box<str> {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next().unwrap_or('\\')),
            other => plain.push(other),
        }
    }
    plain.into_boxed_str()
}

fn filled_in<'a>(part: &'a str, client_id: Option<&Cow<'a, str>>) -> Cow<'a, str> {
    match client_id {
        Some(client_id) if part == CLIENT_ID => client_id.clone(),
        Some(client_id) if part.contains(CLIENT_ID) => {
            Cow::Owned(part.replace(CLIENT_ID, client_id))
        }
        _ => Cow::Borrowed(part),
    }
}

fn put<'a>(
    set: &mut ClaimSet<'a>,
    name: Cow<'a, str>,
    below: &'a [Box<str>],
    client_id: Option<&Cow<'a, str>>,
    value: ClaimValue<'a>,
    merge: bool,
) {
    let [next, deeper @ ..] = below else {
        match set.value_mut(&name) {
            Some(old) if merge => merge_into(old, value),
            Some(old) => *old = value,
            None => set.set(name, value),
        }
        return;
    };
    let next = filled_in(next, client_id);
    match set.value_mut(&name) {
        Some(ClaimValue::Object(inner)) => put(inner, next, deeper, client_id, value, merge),
        Some(ClaimValue::Json(Value::Object(inner))) => {
            put_json(inner, &next, deeper, client_id, value);
        }
        Some(_) => {}
        None => {
            let mut inner = ClaimSet::new();
            put(&mut inner, next, deeper, client_id, value, merge);
            set.set(name, ClaimValue::Object(inner));
        }
    }
}

/// Writes below an object that another mapper gave as JSON.
fn put_json<'a>(
    object: &mut serde_json::Map<String, Value>,
    name: &str,
    below: &'a [Box<str>],
    client_id: Option<&Cow<'a, str>>,
    value: ClaimValue<'a>,
) {
    let [next, deeper @ ..] = below else {
        if let Ok(value) = serde_json::to_value(&value) {
            object.insert(name.to_owned(), value);
        }
        return;
    };
    let inner = object
        .entry(name)
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Value::Object(inner) = inner {
        put_json(inner, &filled_in(next, client_id), deeper, client_id, value);
    }
}

/// Adds the items of `value` to what is there, each only once.
fn merge_into<'a>(old: &mut ClaimValue<'a>, value: ClaimValue<'a>) {
    if let (ClaimValue::Texts(known), ClaimValue::Texts(new)) = (&mut *old, &value) {
        for text in new {
            if !known.contains(text) {
                known.push(text.clone());
            }
        }
        return;
    }
    let mut known = items(core::mem::replace(old, ClaimValue::Bool(false)));
    for item in items(value) {
        if !known.contains(&item) {
            known.push(item);
        }
    }
    *old = ClaimValue::List(known);
}

fn items(value: ClaimValue<'_>) -> Vec<ClaimValue<'_>> {
    match value {
        ClaimValue::Texts(texts) => texts.into_iter().map(ClaimValue::Text).collect(),
        ClaimValue::List(items) => items,
        ClaimValue::Json(Value::Array(items)) => items.into_iter().map(ClaimValue::Json).collect(),
        single => vec![single],
    }
}

/// A claim that is one text: other scalars are written out; a list or an object is no text.
fn text_at_top<'a>(below: &[Box<str>], value: ClaimValue<'a>) -> Option<Cow<'a, str>> {
    if !below.is_empty() {
        return None;
    }
    match value {
        ClaimValue::Text(text) => Some(text),
        ClaimValue::Number(number) => Some(Cow::Owned(alloc::format!("{number}"))),
        ClaimValue::Bool(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
        ClaimValue::Json(Value::String(text)) => Some(Cow::Owned(text)),
        ClaimValue::Texts(_)
        | ClaimValue::List(_)
        | ClaimValue::Object(_)
        | ClaimValue::Json(_) => None,
    }
}

fn number_at_top(below: &[Box<str>], value: &ClaimValue<'_>) -> Option<i64> {
    if !below.is_empty() {
        return None;
    }
    match value {
        ClaimValue::Number(number) => Some(*number),
        ClaimValue::Text(text) => text.parse().ok(),
        ClaimValue::Json(number) => number.as_i64(),
        _ => None,
    }
}

fn texts(value: ClaimValue<'_>) -> Vec<Cow<'_, str>> {
    items(value)
        .into_iter()
        .filter_map(|item| text_at_top(&[], item))
        .collect()
}
