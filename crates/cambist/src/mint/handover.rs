//! From a permit to an answer that holds a token of an identity provider. Nothing is minted.

use alloc::string::{String, ToString};

use crate::{
    crypto::HashAlgorithm, decision::Grant, effects::Effects, outcome::Outcome, request::TokenType,
    response::TokenResponse, secret::Secret,
};

impl Grant {
    pub(crate) fn hand_over(self, token: &Secret, id_token: bool, expires_in: i64) -> Outcome {
        let text = token.expose().to_string();
        // The seal ties the answer to the commit of its own effects; no randomness is at hand here.
        let hash = self
            .engine
            .crypto()
            .hash(HashAlgorithm::Sha256, text.as_bytes());
        let seal = hash
            .as_bytes()
            .iter()
            .take(8)
            .fold(0, |seal: u64, byte| seal << 8 | u64::from(*byte));
        let (access_token, id_token) = match id_token {
            true => (String::new(), Some(text)),
            false => (text, None),
        };
        let kind = match id_token {
            Some(_) => TokenType::IdToken,
            None => TokenType::AccessToken,
        };
        let response = TokenResponse {
            access_token,
            expires_in,
            refresh_expires_in: 0,
            refresh_token: None,
            token_type: "",
            id_token,
            not_before_policy: 0,
            session_state: None,
            scope: String::new(),
            issued_token_type: Some(kind),
            foreign: true,
            further: serde_json::Map::new(),
        };
        let effects = Effects::new(self.realm.name(), self.plan.effects, seal);
        Outcome::new(effects, self.event, self.trace, response, seal)
    }
}
