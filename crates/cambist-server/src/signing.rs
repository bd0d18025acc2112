//! Signatures off the reactor where they take long.

use std::{sync::Arc, thread};

use cambist::{
    crypto::{Algorithm, ProviderError},
    mint::UnsignedExchange,
    refusal::Refusal,
};
use cambist_http::{SigningFuture, TokenSigner};
use tokio::sync::Semaphore;

/// RSA signatures, half a millisecond each, go to the blocking threads, as many at once as there are cores.
/// All others take less time than the way there, and are made in place.
#[derive(Debug)]
pub(crate) struct OffReactor {
    running: Arc<Semaphore>,
}

impl OffReactor {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            running: Arc::new(Semaphore::new(cores)),
        }
    }
}

impl TokenSigner for OffReactor {
    fn sign(&self, exchange: UnsignedExchange) -> SigningFuture<'_> {
        if !is_slow(exchange.signing_input().algorithm) {
            return Box::pin(std::future::ready(exchange.sign()));
        }
        let running = Arc::clone(&self.running);
        Box::pin(async move {
            let unavailable = || Refusal::Provider(ProviderError::Unavailable);
            let permit = running.acquire_owned().await.map_err(|_| unavailable())?;
            tokio::task::spawn_blocking(move || {
                let _permit = permit;
                exchange.sign()
            })
            .await
            .map_err(|_| unavailable())?
        })
    }
}

fn is_slow(algorithm: Algorithm) -> bool {
    use Algorithm::{Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512)
}
