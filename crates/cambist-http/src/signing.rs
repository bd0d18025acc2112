//! Where signatures are made.

use std::{fmt, future::ready, pin::Pin};

use cambist::{mint::UnsignedExchange, outcome::Outcome, refusal::Refusal};

/// What [`TokenSigner::sign`] returns.
pub type SigningFuture<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Refusal>> + Send + 'a>>;

/// Signs what was prepared: at once, on threads of its own, or with a key service
/// ([`UnsignedExchange::signing_input`] out, [`UnsignedExchange::attach`] back).
pub trait TokenSigner: Send + Sync + fmt::Debug {
    /// Signs everything.
    ///
    /// # Errors
    ///
    /// A signer that fails or cannot be reached.
    fn sign(&self, exchange: UnsignedExchange) -> SigningFuture<'_>;
}

/// Signs at once, with the realm's own keys, on the calling thread. Right for symmetric and elliptic keys;
/// an RSA signature takes half a millisecond, which an asynchronous caller may want elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignInPlace;

impl TokenSigner for SignInPlace {
    fn sign(&self, exchange: UnsignedExchange) -> SigningFuture<'_> {
        Box::pin(ready(exchange.sign()))
    }
}
