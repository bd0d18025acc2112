//! Roles: of the realm and of clients, wherever the token tells them.
//!
//! The places are `realm_access`, `resource_access` and every other claim that a role mapper of the new
//! token's writes. Each text there must stand at the same place in the subject token. A subject token without
//! such a claim has no role, be it that its client shows none: what is absent never counts as unlimited.

use alloc::{borrow::Cow, collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{Comparison, Dimension, Found, Grantor, Source, grantor};
use crate::{
    claims::{ClaimValue, ComposedClaims, MapperInstance},
    realm::client::EXCHANGE_ADDS_ROLES,
    subject::ReadToken,
};

const REALM_ACCESS: &str = "realm_access";
const RESOURCE_ACCESS: &str = "resource_access";

pub(super) fn compare(
    found: &mut Found<'_, '_>,
    token: &ReadToken,
    source: Source,
    claims: &ComposedClaims<'_>,
) {
    let mut held = None;
    for place in places(found.comparison) {
        let Some(value) = claims.claims.value(&place) else {
            continue;
        };
        let mut texts = Vec::new();
        texts_of(value, &mut Vec::new(), &mut texts);
        for (path, text) in texts {
            let held = held.get_or_insert_with(|| Held::read(found.comparison, token));
            if !held.has(&place, &path, text) {
                let role = Told {
                    place: &place,
                    path: &path,
                    text,
                };
                let name = role.name();
                found.add(Dimension::Roles, &name, |found| {
                    granted_by(found, source, &role, &name)
                });
            }
        }
    }
}

/// The claims that tell roles.
fn places<'a>(comparison: &Comparison<'a>) -> Vec<Cow<'a, str>> {
    let mut places = alloc::vec![Cow::Borrowed(REALM_ACCESS), Cow::Borrowed(RESOURCE_ACCESS)];
    let scene = comparison.scene;
    let scopes = scene.scopes.iter().flat_map(|scope| scope.mappers());
    let role_mappers = scopes
        .chain(scene.target.mappers())
        .filter(|mapper| tells_roles(mapper));
    for mapper in role_mappers {
        let Some(name) = mapper.config().get("claim.name") else {
            continue;
        };
        let place = first_part(name);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn tells_roles(mapper: &MapperInstance) -> bool {
    matches!(
        mapper.kind(),
        "oidc-usermodel-realm-role-mapper" | "oidc-usermodel-client-role-mapper"
    )
}

/// The part of a claim name before its first dot; a dot behind a backslash is a letter of the name.
fn first_part(name: &str) -> Cow<'_, str> {
    let mut escaped = false;
    let end = name.char_indices().find_map(|(place, letter)| {
        let ends = letter == '.' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends.then_some(place)
    });
    let part = end.and_then(|end| name.get(..end)).unwrap_or(name);
    if part.contains("\\.") {
        Cow::Owned(part.replace("\\.", "."))
    } else {
        Cow::Borrowed(part)
    }
}

/// Every text below a value, with the names of the members that lead there. Items of a list stand where the
/// list stands.
fn texts_of<'v>(
    value: &'v ClaimValue<'_>,
    path: &mut Vec<&'v str>,
    texts: &mut Vec<(Vec<&'v str>, &'v str)>,
) {
    match value {
        ClaimValue::Text(text) => texts.push((path.clone(), text)),
        ClaimValue::Texts(items) => {
            texts.extend(items.iter().map(|text| (path.clone(), &**text)));
        }
        ClaimValue::List(items) => {
            for item in items {
                texts_of(item, path, texts);
            }
        }
        ClaimValue::Object(members) => {
            for (name, member) in members.iter() {
                path.push(name);
                texts_of(member, path, texts);
                path.pop();
            }
        }
        ClaimValue::Json(json) => texts_of_json(json, path, texts),
        ClaimValue::Bool(_) | ClaimValue::Number(_) => {}
    }
}

fn texts_of_json<'v>(
    value: &'v Value,
    path: &mut Vec<&'v str>,
    texts: &mut Vec<(Vec<&'v str>, &'v str)>,
) {
    match value {
        Value::String(text) => texts.push((path.clone(), text)),
        Value::Array(items) => {
            for item in items {
                texts_of_json(item, path, texts);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                path.push(name);
                texts_of_json(member, path, texts);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A role as a token tells it.
struct Told<'a> {
    place: &'a str,
    path: &'a [&'a str],
    text: &'a str,
}

impl Told<'_> {
    /// `role` of the realm, `client/role`, or the text as it stands at another place.
    fn name(&self) -> String {
        match (self.place, self.path) {
            (RESOURCE_ACCESS, [client, "roles"]) => alloc::format!("{client}/{}", self.text),
            _ => self.text.into(),
        }
    }

    /// Whether the lists of roles, from which role mappers write, have it.
    fn listed(&self, claims: &ComposedClaims<'_>) -> bool {
        match (self.place, self.path) {
            (REALM_ACCESS, ["roles"]) => claims.realm_roles.iter().any(|role| role == self.text),
            (RESOURCE_ACCESS, [client, "roles"]) => claims
                .client_roles
                .iter()
                .filter(|(owner, _)| owner == client)
                .any(|(_, roles)| roles.iter().any(|role| role == self.text)),
            _ => false,
        }
    }

    /// Whether the claims have it at its place.
    fn written(&self, claims: &ComposedClaims<'_>) -> bool {
        let mut texts = Vec::new();
        if let Some(value) = claims.claims.value(self.place) {
            texts_of(value, &mut Vec::new(), &mut texts);
        }
        texts
            .iter()
            .any(|(path, text)| *path == self.path && *text == self.text)
    }
}

fn granted_by(found: &Found<'_, '_>, source: Source, role: &Told<'_>, name: &str) -> Grantor {
    let comparison = found.comparison;
    let settings = &comparison.scene.target.tokens().exchange_adds.roles;
    if let Some(setting) = grantor::setting(comparison, EXCHANGE_ADDS_ROLES, settings, name) {
        return setting;
    }
    let says = |claims: &ComposedClaims<'_>| role.listed(claims) || role.written(claims);
    match grantor::mapper(comparison, source, says, |claims| role.written(claims)) {
        Some(mapper @ Grantor::Mapper { fixed: true, .. }) => mapper,
        other => found.impersonation().or(other).unwrap_or(Grantor::Nothing),
    }
}

/// What the subject token has at the places of roles.
struct Held(BTreeMap<String, Value>);

impl Held {
    fn read(comparison: &Comparison<'_>, token: &ReadToken) -> Self {
        let places = places(comparison);
        let mut reader = serde_json::Deserializer::from_str(&token.payload);
        // The payload was read once when the token was verified; what cannot be read now holds nothing.
        Self(Picked(&places).deserialize(&mut reader).unwrap_or_default())
    }

    fn has(&self, place: &str, path: &[&str], text: &str) -> bool {
        let mut value = self.0.get(place);
        for name in path {
            value = value.and_then(|value| value.get(name));
        }
        value.is_some_and(|value| says(value, text))
    }
}

fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::String(known) => known == text,
        Value::Array(items) => items.iter().any(|item| says(item, text)),
        _ => false,
    }
}

/// Reads only the members of these names.
struct Picked<'p>(&'p [Cow<'p, str>]);

impl<'de> DeserializeSeed<'de> for Picked<'_> {
    type Value = BTreeMap<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Picked<'_> {
    type Value = BTreeMap<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = BTreeMap::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if self.0.contains(&name) {
                picked.insert(name.into_owned(), map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(picked)
    }
}
