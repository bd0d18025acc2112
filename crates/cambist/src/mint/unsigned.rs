//! Signing: by the realm's own signers, or outside, one input at a time.

use alloc::{
    boxed::Box,
    string::String,
    sync::Arc,
    vec::{self, Vec},
};

use super::id_token::access_token_hash;
use crate::{
    crypto::Algorithm,
    effects::{Effect, Effects},
    engine::Engine,
    event::Event,
    jose::SigningInput,
    outcome::Outcome,
    realm::{HeaderType, MintingKey},
    refusal::Refusal,
    response::TokenResponse,
    trace::DecisionTrace,
};

/// A token whose payload stands.
#[derive(Debug)]
pub(super) struct Prepared {
    key: Arc<MintingKey>,
    input: SigningInput,
}

impl Prepared {
    pub(super) fn new(key: Arc<MintingKey>, header_type: HeaderType, payload: &[u8]) -> Self {
        let input = SigningInput::new(key.header(header_type), payload);
        Self { key, input }
    }
}

/// A token that comes after the access token.
#[derive(Debug)]
pub(super) enum PreparedToken {
    Refresh(Prepared),
    /// The ID token waits for the access token's signature: it carries its hash.
    Id {
        key: Arc<MintingKey>,
        payload: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Access,
    Refresh,
    Id,
}

/// An answer whose tokens are not signed yet. It is owned and may wait for a signer elsewhere.
#[derive(Debug)]
#[must_use = "nothing is minted before it is signed"]
pub struct UnsignedExchange {
    place: Place,
    token: Prepared,
    rest: Rest,
}

/// What is to be signed, and with which key.
#[derive(Clone, Copy, Debug)]
pub struct SigningRequest<'a> {
    /// Id of the realm's key.
    pub key_id: &'a str,
    /// Algorithm of that key. ECDSA signatures are expected in the fixed form of RFC 7518 section 3.4.
    pub algorithm: Algorithm,
    /// The bytes to sign (RFC 7515 section 5.1).
    pub input: &'a [u8],
}

/// What comes after a signature.
#[derive(Debug)]
pub enum Signing {
    /// There is more to sign.
    More(UnsignedExchange),
    /// All is signed.
    Done(Outcome),
}

impl UnsignedExchange {
    pub(super) fn new(access_token: Prepared, rest: Rest) -> Self {
        Self {
            place: Place::Access,
            token: access_token,
            rest,
        }
    }

    /// What is to be signed next.
    #[must_use]
    pub fn signing_input(&self) -> SigningRequest<'_> {
        SigningRequest {
            key_id: &self.token.key.kid,
            algorithm: self.token.input.algorithm(),
            input: self.token.input.as_bytes(),
        }
    }

    /// Attaches a signature over [`signing_input`](Self::signing_input), made anywhere. Whether it holds is
    /// the signer's business: a wrong one makes a token that nobody takes.
    #[must_use]
    pub fn attach(self, signature: &[u8]) -> Signing {
        let Self { place, token, rest } = self;
        rest.placed(place, token.input.attach(signature))
    }

    /// Signs everything with the realm's own signers.
    ///
    /// # Errors
    ///
    /// A signer that fails, or a key whose private half lives elsewhere.
    pub fn sign(self) -> Result<Outcome, Refusal> {
        let mut unsigned = self;
        loop {
            let Self {
                place,
                token: Prepared { key, input },
                rest,
            } = unsigned;
            let signer = key
                .signing
                .as_ref()
                .ok_or(Refusal::NoSigningKey(input.algorithm().name()))?;
            let token = input.sign(signer)?;
            match rest.placed(place, token) {
                Signing::More(more) => unsigned = more,
                Signing::Done(outcome) => return Ok(outcome),
            }
        }
    }
}

/// Everything but the token in hand.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) engine: Engine,
    pub(super) realm: Box<str>,
    pub(super) waiting: vec::IntoIter<PreparedToken>,
    pub(super) response: TokenResponse,
    pub(super) effects: Vec<Effect>,
    pub(super) seal: u64,
    pub(super) event: Event,
    pub(super) trace: DecisionTrace,
}

impl Rest {
    fn placed(mut self, place: Place, token: String) -> Signing {
        match place {
            Place::Access => self.response.access_token = token,
            Place::Refresh => self.response.refresh_token = Some(token),
            Place::Id => self.response.id_token = Some(token),
        }
        let current = match self.waiting.next() {
            None => {
                let effects = Effects::new(&self.realm, self.effects, self.seal);
                let outcome =
                    Outcome::new(effects, self.event, self.trace, self.response, self.seal);
                return Signing::Done(outcome);
            }
            Some(PreparedToken::Refresh(prepared)) => (Place::Refresh, prepared),
            Some(PreparedToken::Id { key, mut payload }) => {
                let hash = access_token_hash(
                    &*self.engine.provider(),
                    key.header(HeaderType::Jwt).algorithm(),
                    &self.response.access_token,
                );
                if payload.pop().is_some() {
                    payload.extend_from_slice(b",\"at_hash\":\"");
                    payload.extend_from_slice(hash.as_bytes());
                    payload.extend_from_slice(b"\"}");
                }
                (Place::Id, Prepared::new(key, HeaderType::Jwt, &payload))
            }
        };
        let (place, token) = current;
        Signing::More(UnsignedExchange {
            place,
            token,
            rest: self,
        })
    }
}
