//! What an endpoint answers.

use alloc::{boxed::Box, string::String, vec::Vec};

use serde_json::json;

use crate::{
    effects::{Effect, Effects, Receipt},
    refusal::Refusal,
};

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Vec<u8>),
    /// A signed token (RFC 7519): `application/jwt`.
    Jwt(Box<str>),
}

/// An answer that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointAnswer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: AnswerBody,
    /// `WWW-Authenticate`, for userinfo.
    pub challenge: Option<String>,
    /// `client_id` of the client whose web origins may read the answer.
    pub client: Option<Box<str>>,
}

impl EndpointAnswer {
    pub(super) fn json(status: u16, value: &impl serde::Serialize) -> Self {
        // Texts, numbers and maps with text keys cannot fail to serialise.
        let body = AnswerBody::Json(serde_json::to_vec(value).unwrap_or_default());
        Self {
            status,
            body,
            challenge: None,
            client: None,
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            body: AnswerBody::Empty,
            challenge: None,
            client: None,
        }
    }

    pub(super) fn readable_by(mut self, client: &str) -> Self {
        self.client = Some(client.into());
        self
    }

    pub(super) fn error(status: u16, code: &str, description: &str) -> Self {
        Self::json(
            status,
            &json!({ "error": code, "error_description": description }),
        )
    }
}

impl From<&Refusal> for EndpointAnswer {
    fn from(refusal: &Refusal) -> Self {
        let wire = refusal.wire();
        Self {
            status: wire.status,
            body: AnswerBody::Json(wire.body().into_bytes()),
            challenge: None,
            client: None,
        }
    }
}

/// An answer that rests on writes.
#[derive(Debug)]
#[must_use = "effects that are not committed have no answer"]
pub struct SealedAnswer {
    effects: Effects,
    answer: EndpointAnswer,
}

impl SealedAnswer {
    pub(super) fn new(realm: &str, effects: Vec<Effect>, answer: EndpointAnswer) -> Self {
        Self {
            effects: Effects::new(realm, effects, 0),
            answer,
        }
    }

    /// What has to be stored, and the answer that opens with the receipt for it.
    pub fn into_parts(self) -> (Effects, impl FnOnce(Receipt) -> EndpointAnswer) {
        let Self { effects, answer } = self;
        (effects, move |_: Receipt| answer)
    }
}
