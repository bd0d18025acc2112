//! Randomness of the operating system.

use cambist::crypto::{Entropy, ProviderError};
use ring::rand::{SecureRandom, SystemRandom};

/// The random number generator of the operating system.
#[derive(Debug, Clone)]
pub struct SystemEntropy {
    random: SystemRandom,
}

impl SystemEntropy {
    /// The generator; making one costs nothing.
    pub fn new() -> Self {
        Self {
            random: SystemRandom::new(),
        }
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ProviderError> {
        self.random.fill(bytes).map_err(|_| ProviderError::Entropy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let mut entropy = SystemEntropy::new();
        let [mut first, mut second] = [[0; 32]; 2];
        entropy.fill(&mut first).unwrap();
        entropy.fill(&mut second).unwrap();
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
