//! Entropy that is none: the same bytes each time.

use cambist::crypto::{Entropy, ProviderError};

/// Counts upwards. Two of them with one seed give the same ids, so that a whole exchange can be compared
/// byte by byte. Never for anything but tests.
#[derive(Clone, Debug)]
pub struct FixedEntropy(u64);

impl FixedEntropy {
    /// Begins at this number.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Entropy for FixedEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ProviderError> {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(1);
            // A bijection that spreads the counter over the bytes (SplitMix64's finalizer).
            let mut mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            for (byte, value) in chunk.iter_mut().zip(mixed.to_le_bytes()) {
                *byte = value;
            }
        }
        Ok(())
    }
}

/// Entropy that always fails, for the path on which it does.
#[derive(Clone, Copy, Debug)]
pub struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), ProviderError> {
        Err(ProviderError::Entropy)
    }
}
