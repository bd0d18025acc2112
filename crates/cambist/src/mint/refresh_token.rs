//! The payload of a refresh token.

use alloc::{borrow::Cow, boxed::Box};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::access_token::{DERIVED_FROM, write_audience};
use crate::{facts::SessionKind, moment::Timestamp, proof::Confirmation, subject::Lineage};

/// The claims of a refresh token: for this realm alone, so `aud` is the issuer.
pub(super) struct RefreshToken<'a> {
    pub(super) expires: Option<Timestamp>,
    pub(super) issued: Timestamp,
    pub(super) token_id: &'a str,
    pub(super) issuer: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) kind: SessionKind,
    pub(super) authorized_party: &'a str,
    pub(super) nonce: Option<&'a str>,
    pub(super) session: Option<&'a str>,
    pub(super) scope: &'a str,
    pub(super) reuse_id: Option<&'a str>,
    /// `None`: the realm does not record it.
    pub(super) lineage: Option<&'a Lineage>,
    pub(super) confirmation: Option<&'a Confirmation>,
    pub(super) access_token_audience: &'a [Cow<'a, str>],
    pub(super) requested_audiences: &'a [Box<str>],
    pub(super) resource: Option<&'a str>,
    pub(super) organization: Option<&'a str>,
}

impl Serialize for RefreshToken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(expires) = self.expires {
            map.serialize_entry("exp", &expires)?;
        }
        map.serialize_entry("iat", &self.issued)?;
        map.serialize_entry("jti", self.token_id)?;
        map.serialize_entry("iss", self.issuer)?;
        map.serialize_entry("aud", self.issuer)?;
        if let Some(subject) = self.subject {
            map.serialize_entry("sub", subject)?;
        }
        let kind = match self.kind {
            SessionKind::Online => "Refresh",
            SessionKind::Offline => "Offline",
        };
        map.serialize_entry("typ", kind)?;
        map.serialize_entry("azp", self.authorized_party)?;
        if let Some(nonce) = self.nonce {
            map.serialize_entry("nonce", nonce)?;
        }
        if let Some(session) = self.session {
            map.serialize_entry("sid", session)?;
        }
        map.serialize_entry("scope", self.scope)?;
        if let Some(reuse_id) = self.reuse_id {
            map.serialize_entry("reuse_id", reuse_id)?;
        }
        if let Some(lineage) = self.lineage.filter(|lineage| !lineage.is_empty()) {
            map.serialize_entry(DERIVED_FROM, lineage)?;
        }
        if let Some(confirmation) = self.confirmation {
            map.serialize_entry("cnf", confirmation)?;
        }
        map.serialize_entry("prov", "default")?;
        write_audience(&mut map, "aud_x", self.access_token_audience)?;
        if !self.requested_audiences.is_empty() {
            map.serialize_entry("req-aud", self.requested_audiences)?;
        }
        if let Some(organization) = self.organization {
            map.serialize_entry("organization", organization)?;
        }
        if let Some(resource) = self.resource {
            map.serialize_entry("resource", resource)?;
        }
        map.end()
    }
}
