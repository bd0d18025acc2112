//! The outcome: what to store, what happened, and an answer that opens only when it is stored.

use crate::{
    effects::{Effects, Receipt},
    event::Event,
    response::TokenResponse,
    trace::DecisionTrace,
};

/// What came of a permit.
#[derive(Debug)]
#[must_use = "an outcome whose effects are not committed has no answer"]
pub struct Outcome {
    effects: Effects,
    event: Event,
    trace: DecisionTrace,
    sealed: SealedResponse,
}

impl Outcome {
    pub(crate) fn new(
        effects: Effects,
        event: Event,
        trace: DecisionTrace,
        response: TokenResponse,
        seal: u64,
    ) -> Self {
        Self {
            effects,
            event,
            trace,
            sealed: SealedResponse { response, seal },
        }
    }

    /// What has to be stored.
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// What happened, for the log.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// How it was decided.
    #[must_use]
    pub fn trace(&self) -> &DecisionTrace {
        &self.trace
    }

    /// Takes the outcome apart: commit the effects, then open the answer with the receipt.
    pub fn into_parts(self) -> (Effects, Event, DecisionTrace, SealedResponse) {
        (self.effects, self.event, self.trace, self.sealed)
    }

    /// Commits the effects with `commit` and opens the answer: the short way for a caller that need not
    /// wait.
    ///
    /// # Errors
    ///
    /// Whatever `commit` says. The answer is dropped unread.
    pub fn commit<E>(
        self,
        commit: impl FnOnce(&Effects) -> Result<(), E>,
    ) -> Result<TokenResponse, E> {
        commit(&self.effects)?;
        let Self {
            effects, sealed, ..
        } = self;
        let _ = effects.committed();
        Ok(sealed.response)
    }
}

/// An answer that cannot be read yet.
///
/// ```compile_fail
/// # fn opened(sealed: cambist::outcome::SealedResponse) {
/// // Only a receipt opens it: the response inside is private.
/// let response = sealed.response;
/// # }
/// ```
pub struct SealedResponse {
    response: TokenResponse,
    seal: u64,
}

impl SealedResponse {
    /// Opens the answer with the receipt of its own effects.
    ///
    /// # Errors
    ///
    /// The receipt belongs to another outcome. The answer is dropped unread.
    pub fn open(self, receipt: &Receipt) -> Result<TokenResponse, WrongReceipt> {
        if receipt.seal == self.seal {
            Ok(self.response)
        } else {
            Err(WrongReceipt)
        }
    }
}

impl core::fmt::Debug for SealedResponse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SealedResponse(..)")
    }
}

/// The receipt belongs to another outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receipt belongs to another outcome")]
pub struct WrongReceipt;
