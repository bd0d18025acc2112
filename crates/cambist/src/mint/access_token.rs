//! The payload of an access token.

use alloc::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{claims::ComposedClaims, moment::Timestamp, proof::Confirmation};

/// The claims of an access token, in the order in which they are written. What mappers wrote comes last; the
/// engine's own claims cannot be among it.
pub(super) struct AccessToken<'a> {
    pub(super) expires: Timestamp,
    pub(super) issued: Timestamp,
    pub(super) token_id: &'a str,
    pub(super) issuer: &'a str,
    pub(super) kind: &'a str,
    pub(super) authorized_party: &'a str,
    pub(super) session: Option<&'a str>,
    pub(super) scope: &'a str,
    pub(super) confirmation: Option<&'a Confirmation>,
    pub(super) composed: ComposedClaims<'a>,
}

impl Serialize for AccessToken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("exp", &self.expires)?;
        map.serialize_entry("iat", &self.issued)?;
        if let Some(not_before) = self.composed.not_before {
            map.serialize_entry("nbf", &not_before)?;
        }
        map.serialize_entry("jti", self.token_id)?;
        map.serialize_entry("iss", self.issuer)?;
        write_audience(&mut map, "aud", &self.composed.audience)?;
        if let Some(subject) = &self.composed.subject {
            map.serialize_entry("sub", subject)?;
        }
        map.serialize_entry("typ", self.kind)?;
        let party = self
            .composed
            .authorized_party
            .as_deref()
            .unwrap_or(self.authorized_party);
        map.serialize_entry("azp", party)?;
        if let Some(session) = self.session {
            map.serialize_entry("sid", session)?;
        }
        map.serialize_entry("scope", self.scope)?;
        if let Some(confirmation) = self.confirmation {
            map.serialize_entry("cnf", confirmation)?;
        }
        for (name, value) in self.composed.claims.iter() {
            let bound = name == "cnf" && self.confirmation.is_some();
            if !bound && !OWNED.contains(&name) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// Claims that the engine owns; a mapper's claim of such a name is left out. `cnf` is not among them: a mapper
/// may write it where the engine binds the token to nothing, as Keycloak lets one.
pub(super) const OWNED: [&str; 12] = [
    "exp", "iat", "nbf", "jti", "iss", "aud", "sub", "typ", "azp", "sid", "scope", "at_hash",
];

/// One value is a text, several are a list, none is no claim.
pub(super) fn write_audience<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    audience: &[Cow<'_, str>],
) -> Result<(), M::Error> {
    match audience {
        [] => Ok(()),
        [only] => map.serialize_entry(name, only),
        several => map.serialize_entry(name, several),
    }
}
