//! The answer of the token endpoint.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{jose::json_writer::ObjectWriter, request::TokenType};

/// The answer (RFC 6749 section 5.1, RFC 8693 section 2.2.1), with Keycloak's further members.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenResponse {
    /// The token that was asked for.
    pub access_token: String,
    /// Seconds that it lives.
    pub expires_in: i64,
    /// Seconds that the refresh token lives; 0 when there is none, or when it does not run out.
    pub refresh_expires_in: i64,
    /// A refresh token.
    pub refresh_token: Option<String>,
    /// `Bearer`, or `bearer` for a client that wants it so.
    pub token_type: &'static str,
    /// An ID token.
    pub id_token: Option<String>,
    /// The latest not-before of realm, client and user.
    pub not_before_policy: i64,
    /// The session, when the token has one.
    pub session_state: Option<Box<str>>,
    /// Scopes that the token has.
    pub scope: String,
    /// What was really issued; an exchange only.
    pub issued_token_type: Option<TokenType>,
    /// The tokens are of an identity provider. What is known of tokens of the realm only is not told then.
    pub foreign: bool,
    /// What mappers write into the answer itself; never one of the members above.
    pub further: serde_json::Map<String, serde_json::Value>,
}

impl TokenResponse {
    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.written().unwrap_or_default()
    }

    fn written(&self) -> Result<Vec<u8>, serde_json::Error> {
        let tokens = [
            Some(&self.access_token),
            self.refresh_token.as_ref(),
            self.id_token.as_ref(),
        ];
        let length = tokens.iter().flatten().map(|token| token.len());
        let mut object = ObjectWriter::with_capacity(length.sum::<usize>().saturating_add(512));
        if !self.foreign || !self.access_token.is_empty() {
            object.text("access_token", &self.access_token);
        }
        object.number("expires_in", self.expires_in);
        object.number("refresh_expires_in", self.refresh_expires_in);
        if let Some(token) = &self.refresh_token {
            object.text("refresh_token", token);
        }
        if !self.foreign {
            object.text("token_type", self.token_type);
        }
        if let Some(token) = &self.id_token {
            object.text("id_token", token);
        }
        object.number("not-before-policy", self.not_before_policy);
        if let Some(session) = &self.session_state {
            object.text("session_state", session);
        }
        if !self.foreign {
            object.text("scope", &self.scope);
        }
        if let Some(kind) = self.issued_token_type {
            object.text("issued_token_type", kind.urn());
        }
        for (name, value) in &self.further {
            object.value(name, value)?;
        }
        Ok(object.finish())
    }
}

impl Serialize for TokenResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.foreign || !self.access_token.is_empty() {
            map.serialize_entry("access_token", &self.access_token)?;
        }
        map.serialize_entry("expires_in", &self.expires_in)?;
        map.serialize_entry("refresh_expires_in", &self.refresh_expires_in)?;
        if let Some(token) = &self.refresh_token {
            map.serialize_entry("refresh_token", token)?;
        }
        if !self.foreign {
            map.serialize_entry("token_type", self.token_type)?;
        }
        if let Some(token) = &self.id_token {
            map.serialize_entry("id_token", token)?;
        }
        map.serialize_entry("not-before-policy", &self.not_before_policy)?;
        if let Some(session) = &self.session_state {
            map.serialize_entry("session_state", session)?;
        }
        if !self.foreign {
            map.serialize_entry("scope", &self.scope)?;
        }
        if let Some(kind) = self.issued_token_type {
            map.serialize_entry("issued_token_type", kind.urn())?;
        }
        for (name, value) in &self.further {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .field("issued_token_type", &self.issued_token_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_serde_json_makes_of_the_answer() {
        let mut answer = TokenResponse {
            access_token: "a.b.c".into(),
            expires_in: 300,
            refresh_expires_in: 0,
            refresh_token: None,
            token_type: "Bearer",
            id_token: None,
            not_before_policy: 0,
            session_state: None,
            scope: String::new(),
            issued_token_type: None,
            foreign: false,
            further: serde_json::Map::new(),
        };
        assert_eq!(answer.body(), serde_json::to_vec(&answer).unwrap());
        answer.refresh_token = Some("d.e.f".into());
        answer.id_token = Some("g.h.i".into());
        answer.session_state = Some("s\"1".into());
        answer.scope = "email profile".into();
        answer.issued_token_type = Some(TokenType::RefreshToken);
        answer
            .further
            .insert("more".into(), serde_json::json!([1, { "x": null }]));
        assert_eq!(answer.body(), serde_json::to_vec(&answer).unwrap());
    }
}
