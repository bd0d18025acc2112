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

/// Claims of a token that no mapper writes. `sub`, `azp`, `nbf` and `aud` have rules of their own. A `cnf` or an
/// `act` that a mapper wrote would speak of a proof or of an actor that nobody has seen.
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
    "cnf",
    "act",
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

    /// The name at the top: the claim itself.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(|part| &**part)
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
            // The answer of userinfo has no place for these.
            "azp" | "acr" | "auth_time" | "nbf" if target == ClaimTarget::UserInfo => {}
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

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec::Vec};

    use serde_json::json;

    use super::*;

    fn parts(name: &str) -> Vec<String> {
        ClaimPath::parse(name)
            .unwrap()
            .0
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// What comes of writing texts under these names, one after the other.
    fn written(target: ClaimTarget, names: &[(&str, ClaimValue<'static>, bool)]) -> Value {
        let paths: Vec<_> = names
            .iter()
            .map(|(name, ..)| ClaimPath::parse(name).unwrap())
            .collect();
        let mut claims = ComposedClaims::default();
        for (path, (_, value, merge)) in paths.iter().zip(names) {
            path.write(&mut claims, target, value.clone(), *merge);
        }
        let mut all = serde_json::to_value(&claims.claims).unwrap();
        let object = all.as_object_mut().unwrap();
        if let Some(subject) = claims.subject {
            object.insert("sub".into(), subject.into_owned().into());
        }
        if let Some(party) = claims.authorized_party {
            object.insert("azp".into(), party.into_owned().into());
        }
        if let Some(instant) = claims.not_before {
            object.insert("nbf".into(), instant.into());
        }
        if claims.audience_replaced || !claims.audience.is_empty() {
            object.insert(
                "aud".into(),
                serde_json::to_value(&claims.audience).unwrap(),
            );
        }
        all
    }

    fn text(value: &'static str) -> ClaimValue<'static> {
        ClaimValue::Text(value.into())
    }

    /// claims/hard-dots.
    #[test]
    fn a_dot_parts_and_a_backslash_keeps_it() {
        assert_eq!(parts("a.b.c"), ["a", "b", "c"]);
        assert_eq!(parts(r"x\.y"), ["x.y"]);
        assert_eq!(parts(r"p.q\.r.s"), ["p", "q.r", "s"]);
        assert_eq!(parts(r"a\\.b"), [r"a\", "b"]);
    }

    #[test]
    fn odd_names_are_split_as_keycloak_does() {
        assert_eq!(parts(""), [""; 0]);
        assert_eq!(parts("a."), ["a"]);
        assert_eq!(parts(".a.b"), [".a.b"]);
        assert_eq!(parts("a..b.c"), ["a", ".b.c"]);
        assert_eq!(parts(r"a\"), [r"a\"]);
        assert_eq!(parts(r".\."), [".."]);
        assert_eq!(parts("ü.é"), ["ü", "é"]);
    }

    #[test]
    fn a_name_with_too_many_parts_is_refused() {
        let most = "a.".repeat(ClaimPath::MAX_PARTS);
        assert!(ClaimPath::parse(&most).is_ok());
        assert_eq!(
            ClaimPath::parse(&(most + "a")),
            Err(MapperError::ClaimTooDeep {
                limit: ClaimPath::MAX_PARTS
            })
        );
    }

    /// claims/hard-dots: two claims below one object.
    #[test]
    fn claims_below_one_object_stand_side_by_side() {
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[
                    ("a.b.c", text("deep"), false),
                    ("a.b.d", text("beside"), false)
                ]
            ),
            json!({ "a": { "b": { "c": "deep", "d": "beside" } } })
        );
    }

    /// claims/hard-clash, where Keycloak answers 500: here the member goes into the object.
    #[test]
    fn a_claim_goes_into_an_object_given_as_json() {
        let object = ClaimValue::Json(json!({ "a": 1 }));
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[("obj", object, false), ("obj.b.c", text("2"), false)]
            ),
            json!({ "obj": { "a": 1, "b": { "c": "2" } } })
        );
    }

    #[test]
    fn a_claim_below_a_text_is_left_out() {
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[("a", text("x"), false), ("a.b", text("y"), false)]
            ),
            json!({ "a": "x" })
        );
    }

    /// claims/hard-reserved, hard-times.
    #[test]
    fn claims_of_the_engine_are_not_written() {
        for name in [
            "iss",
            "exp",
            "iat",
            "jti",
            "typ",
            "scope",
            "nonce",
            "sid",
            "session_state",
            "iss.x",
            "scope.a.b",
        ] {
            for target in [
                ClaimTarget::AccessToken,
                ClaimTarget::IdToken,
                ClaimTarget::UserInfo,
                ClaimTarget::Introspection,
            ] {
                assert_eq!(
                    written(target, &[(name, text("evil"), false)]),
                    json!({}),
                    "{name}"
                );
            }
        }
    }

    /// claims/hard-response: members of their own may be added to the answer, the answer's may not change.
    #[test]
    fn members_of_the_token_response_are_not_written() {
        for name in OWNED_IN_RESPONSE {
            let evil = [(*name, text("evil"), false)];
            assert_eq!(
                written(ClaimTarget::TokenResponse, &evil),
                json!({}),
                "{name}"
            );
        }
        assert_eq!(
            written(
                ClaimTarget::TokenResponse,
                &[("in-response", text("1"), false)]
            ),
            json!({ "in-response": "1" })
        );
    }

    /// claims/hard-reserved: `sub` and `azp` are set; claims/hard-aud: `aud` is replaced; `nbf` is set.
    #[test]
    fn four_claims_have_their_own_place() {
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[
                    ("sub", text("a"), false),
                    ("azp", text("b"), false),
                    ("aud", text("c"), false),
                    ("nbf", ClaimValue::Number(7), false),
                ]
            ),
            json!({ "sub": "a", "azp": "b", "aud": ["c"], "nbf": 7 })
        );
    }

    #[test]
    fn what_does_not_fit_such_a_claim_is_left_out() {
        let list = || ClaimValue::Texts(vec!["x".into()]);
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[
                    ("sub", list(), false),
                    ("azp.x", text("b"), false),
                    ("acr", ClaimValue::Object(ClaimSet::new()), false),
                    ("auth_time", text("never"), false),
                    ("nbf", ClaimValue::Bool(true), false),
                    ("aud.x", text("c"), false),
                ]
            ),
            json!({})
        );
    }

    /// claims/hard-roles: `acr` stays a text and `auth_time` a number.
    #[test]
    fn acr_is_a_text_and_auth_time_a_number() {
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[
                    ("acr", ClaimValue::Number(9), false),
                    ("auth_time", text("5"), false)
                ]
            ),
            json!({ "acr": "9", "auth_time": 5 })
        );
    }

    /// claims/hard-roles: userinfo shows neither; claims/hard-aud: it shows `aud`.
    #[test]
    fn userinfo_says_nothing_about_the_token() {
        let claims =
            ["acr", "auth_time", "azp", "nbf"].map(|name| (name, ClaimValue::Number(1), false));
        assert_eq!(written(ClaimTarget::UserInfo, &claims), json!({}));
        assert_eq!(
            written(ClaimTarget::UserInfo, &[("aud", text("evil"), false)]),
            json!({ "aud": ["evil"] })
        );
    }

    #[test]
    fn lists_are_joined_where_asked_and_replaced_where_not() {
        let list = |items: &[&'static str]| {
            ClaimValue::Texts(items.iter().map(|item| (*item).into()).collect())
        };
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[
                    ("l", list(&["a", "b"]), true),
                    ("l", list(&["b", "c"]), true)
                ]
            ),
            json!({ "l": ["a", "b", "c"] })
        );
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[("l", list(&["a", "b"]), false), ("l", list(&["c"]), false)]
            ),
            json!({ "l": ["c"] })
        );
        assert_eq!(
            written(
                ClaimTarget::AccessToken,
                &[
                    ("l", ClaimValue::Json(json!(["a"])), false),
                    ("l", ClaimValue::List(vec![ClaimValue::Number(1)]), true),
                ]
            ),
            json!({ "l": ["a", 1] })
        );
    }

    /// The default claim of client roles, for a client whose id has a dot in it.
    #[test]
    fn the_client_id_is_one_part_whatever_is_in_it() {
        let path = ClaimPath::parse("resource_access.${client_id}.roles").unwrap();
        let inside = ClaimPath::parse("of-${client_id}").unwrap();
        let mut claims = ComposedClaims::default();
        let client_id = Cow::Borrowed(r"my.app\x");
        for path in [&path, &inside] {
            path.write_for(
                &mut claims,
                ClaimTarget::AccessToken,
                Some(&client_id),
                ClaimValue::Bool(true),
                false,
            );
        }
        assert_eq!(
            serde_json::to_value(&claims.claims).unwrap(),
            json!({ "resource_access": { r"my.app\x": { "roles": true } }, r"of-my.app\x": true })
        );
    }
}
