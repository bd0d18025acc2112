//! Remembers that a token's signature held, for tokens that come more than once.
//!
//! A caller of many services exchanges one subject token many times, and checking its signature is most of
//! what that costs. What is remembered is this alone: these very bytes held under this very key. Whether the
//! key is still the realm's, and everything that the token says, is judged each time.

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    crypto::{CryptoProvider, HashAlgorithm},
    realm::keys::Fingerprint,
};

/// A bounded table of signatures that held; of use to many threads at once, and never waiting.
///
/// An entry is the SHA-256 over the SHA-256 of the whole token, signature and all, and the fingerprint of the
/// key. Only a token whose signature held enters, so who holds no good token cannot fill the table. A new
/// entry takes the place of one of four others.
pub(crate) struct SignatureMemory {
    sets: Box<[Set]>,
}

/// Four entries, any of which may hold a token that belongs here.
#[derive(Default)]
struct Set {
    entries: [Entry; WAYS],
    /// How many entries were written, so that the oldest one is next.
    written: AtomicU64,
}

/// A hash in four words. Another thread may see some words of one hash and some of the next; it then knows
/// neither token, since no token has a hash so made up.
#[derive(Default)]
struct Entry([AtomicU64; 4]);

const WAYS: usize = 4;

/// What a token and a key are remembered under.
#[derive(Clone, Copy)]
pub(crate) struct Remembered([u64; 4]);

impl SignatureMemory {
    /// Most tokens that can be remembered: 40 MiB.
    pub(crate) const MAX_TOKENS: usize = 1 << 20;

    /// Room for about so many tokens, at most [`MAX_TOKENS`](Self::MAX_TOKENS).
    pub(crate) fn new(tokens: usize) -> Self {
        let sets = tokens.min(Self::MAX_TOKENS).div_ceil(WAYS).max(1);
        let sets: Vec<Set> = core::iter::repeat_with(Set::default).take(sets).collect();
        Self { sets: sets.into() }
    }

    pub(crate) fn knows(&self, token: Remembered) -> bool {
        self.set(token)
            .is_some_and(|set| set.entries.iter().any(|entry| entry.is(token)))
    }

    pub(crate) fn remember(&self, token: Remembered) {
        let Some(set) = self.set(token) else {
            return;
        };
        let written = set.written.fetch_add(1, Ordering::Relaxed);
        let place = usize::try_from(written % 4).unwrap_or_default();
        if let Some(entry) = set.entries.get(place) {
            entry.set(token);
        }
    }

    fn set(&self, Remembered([first, ..]): Remembered) -> Option<&Set> {
        let sets = u64::try_from(self.sets.len()).ok()?;
        let place = first.checked_rem(sets)?;
        self.sets.get(usize::try_from(place).ok()?)
    }
}

impl Entry {
    fn is(&self, Remembered(words): Remembered) -> bool {
        self.0
            .iter()
            .zip(words)
            .all(|(own, word)| own.load(Ordering::Relaxed) == word)
    }

    fn set(&self, Remembered(words): Remembered) {
        for (own, word) in self.0.iter().zip(words) {
            own.store(word, Ordering::Relaxed);
        }
    }
}

impl Remembered {
    /// This token under this key; `None` when the provider has no SHA-256.
    pub(crate) fn of(
        token: &str,
        key: &Fingerprint,
        provider: &dyn CryptoProvider,
    ) -> Option<Self> {
        let token = provider.hash(HashAlgorithm::Sha256, token.as_bytes());
        let mut both = [0_u8; 64];
        let (first, second) = both.split_at_mut(32);
        first.copy_from_slice(token.as_bytes().get(..32)?);
        second.copy_from_slice(key.as_bytes());
        let hash = provider.hash(HashAlgorithm::Sha256, &both);
        let (words, _) = hash.as_bytes().as_chunks::<8>();
        let words: [[u8; 8]; 4] = words.try_into().ok()?;
        Some(Self(words.map(u64::from_le_bytes)))
    }
}

impl fmt::Debug for SignatureMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureMemory")
            .field("tokens", &self.sets.len().saturating_mul(WAYS))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: u64) -> Remembered {
        Remembered([number, number ^ 1, number ^ 2, number ^ 3])
    }

    #[test]
    fn what_was_remembered_is_known_and_nothing_else() {
        let memory = SignatureMemory::new(64);
        assert!(!memory.knows(token(7)));
        memory.remember(token(7));
        assert!(memory.knows(token(7)));
        for word in 0..4 {
            let Remembered(mut words) = token(7);
            words[word] ^= 1 << 40;
            assert!(!memory.knows(Remembered(words)), "word {word} counts");
        }
    }

    #[test]
    fn the_table_never_grows() {
        let memory = SignatureMemory::new(8);
        let tokens = || (1..1_000).map(token);
        tokens().for_each(|token| memory.remember(token));
        assert_eq!(tokens().filter(|token| memory.knows(*token)).count(), 8);
        assert!(memory.knows(token(999)), "the newest is there");
        assert_eq!(SignatureMemory::new(0).sets.len(), 1);
        assert_eq!(
            SignatureMemory::new(usize::MAX).sets.len() * WAYS,
            SignatureMemory::MAX_TOKENS
        );
    }
}
