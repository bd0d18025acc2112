//! Signatures, hashes and randomness for Cambist, on [`ring`].
//!
//! Signers keep their keys parsed, and verifiers keep theirs ready, so an exchange parses no key.
//!
//! ring makes no RSA keys and has no P-521; it takes RSA keys of 2048 to 8192 bits for verifying and
//! up to 4096 for signing.

mod entropy;
mod provider;
mod signer;
mod verifier;

pub use entropy::SystemEntropy;
pub use provider::RingProvider;
