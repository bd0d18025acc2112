//! The payload of an ID token (OpenID Connect Core section 2).

use alloc::{borrow::Cow, string::String, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::access_token::{DERIVED_FROM, is_owned, write_audience};
use crate::{
    claims::ComposedClaims,
    crypto::{Algorithm, CryptoProvider},
    jose::base64url,
    moment::Timestamp,
    subject::Lineage,
};

/// The claims of an ID token but `at_hash`, which is known only when the access token is signed.
pub(super) struct IdToken<'a> {
    pub(super) expires: Timestamp,
    pub(super) issued: Timestamp,
    pub(super) token_id: &'a str,
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) subject: &'a str,
    pub(super) authorized_party: &'a str,
    pub(super) nonce: Option<&'a str>,
    pub(super) session: Option<&'a str>,
    /// `None`: the realm does not record it.
    pub(super) lineage: Option<&'a Lineage>,
    pub(super) composed: ComposedClaims<'a>,
}

impl Serialize for IdToken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("exp", &self.expires)?;
        map.serialize_entry("iat", &self.issued)?;
        map.serialize_entry("jti", self.token_id)?;
        map.serialize_entry("iss", self.issuer)?;
        // A hardcoded mapper may put its own audience in place of the client.
        let mut audience: Vec<Cow<'_, str>> = Vec::new();
        if !self.composed.audience_replaced {
            audience.push(Cow::Borrowed(self.audience));
        }
        for value in &self.composed.audience {
            if !audience.contains(value) {
                audience.push(value.clone());
            }
        }
        write_audience(&mut map, "aud", &audience)?;
        map.serialize_entry(
            "sub",
            self.composed.subject.as_deref().unwrap_or(self.subject),
        )?;
        map.serialize_entry("typ", "ID")?;
        let party = self
            .composed
            .authorized_party
            .as_deref()
            .unwrap_or(self.authorized_party);
        map.serialize_entry("azp", party)?;
        if let Some(nonce) = self.nonce {
            map.serialize_entry("nonce", nonce)?;
        }
        if let Some(session) = self.session {
            map.serialize_entry("sid", session)?;
        }
        if let Some(lineage) = self.lineage.filter(|lineage| !lineage.is_empty()) {
            map.serialize_entry(DERIVED_FROM, lineage)?;
        }
        for (name, value) in self.composed.claims.iter() {
            let recorded = name == DERIVED_FROM && self.lineage.is_some();
            if !recorded && !is_owned(name) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// `at_hash`: the left half of the access token's hash, base64url (OpenID Connect Core section 3.1.3.6).
pub(super) fn access_token_hash(
    provider: &dyn CryptoProvider,
    algorithm: Algorithm,
    access_token: &str,
) -> String {
    let hash = provider.hash(algorithm.hash(), access_token.as_bytes());
    let bytes = hash.as_bytes();
    base64url::encode(bytes.get(..bytes.len() / 2).unwrap_or_default())
}
