//! The payload of an access token.

use alloc::{borrow::Cow, vec::Vec};

use serde::ser::SerializeMap;

use crate::{
    claims::ComposedClaims,
    jose::json_writer::ObjectWriter,
    moment::Timestamp,
    proof::Confirmation,
    subject::{ActorChain, Lineage},
};

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
    pub(super) actors: Option<&'a ActorChain>,
    /// `None`: the realm does not record it.
    pub(super) lineage: Option<&'a Lineage>,
    pub(super) composed: ComposedClaims<'a>,
}

impl AccessToken<'_> {
    /// The payload.
    ///
    /// # Errors
    ///
    /// A value that JSON has no form for.
    pub(super) fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        // Room for a usual token, so that the list does not grow.
        let mut object = ObjectWriter::with_capacity(1_000);
        object.number("exp", self.expires.0);
        object.number("iat", self.issued.0);
        if let Some(not_before) = self.composed.not_before {
            object.number("nbf", not_before);
        }
        object.text("jti", self.token_id);
        object.text("iss", self.issuer);
        match &self.composed.audience[..] {
            [] => {}
            [only] => object.text("aud", only),
            several => object.texts("aud", several.iter().map(|value| &**value)),
        }
        if let Some(subject) = &self.composed.subject {
            object.text("sub", subject);
        }
        object.text("typ", self.kind);
        let party = self
            .composed
            .authorized_party
            .as_deref()
            .unwrap_or(self.authorized_party);
        object.text("azp", party);
        if let Some(session) = self.session {
            object.text("sid", session);
        }
        object.text("scope", self.scope);
        if let Some(confirmation) = self.confirmation {
            object.value("cnf", confirmation)?;
        }
        if let Some(actors) = self.actors {
            object.value("act", actors)?;
        }
        if let Some(lineage) = self.lineage.filter(|lineage| !lineage.is_empty()) {
            object.value(DERIVED_FROM, lineage)?;
        }
        for (name, value) in self.composed.claims.iter() {
            let bound = name == "cnf" && self.confirmation.is_some();
            let recorded = name == DERIVED_FROM && self.lineage.is_some();
            if !bound && !recorded && !is_owned(name) {
                object.claim(name, value)?;
            }
        }
        Ok(object.finish())
    }
}

/// What the token was made from. The engine's own where the realm records it.
pub(super) const DERIVED_FROM: &str = "derived_from";

/// Whether the engine owns the claim; a mapper's claim of such a name is left out. `cnf` is not among them: a mapper
/// may write it where the engine binds the token to nothing, as Keycloak lets one.
pub(super) fn is_owned(name: &str) -> bool {
    matches!(
        name,
        "exp"
            | "iat"
            | "nbf"
            | "jti"
            | "iss"
            | "aud"
            | "sub"
            | "typ"
            | "azp"
            | "sid"
            | "scope"
            | "at_hash"
    )
}

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
