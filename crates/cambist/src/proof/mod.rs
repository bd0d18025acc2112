//! Proof of possession: keys that a requester shows to hold, and tokens that are bound to them.
//!
//! A proof (DPoP, RFC 9449) comes in as the text of a header, a client certificate (RFC 8705) as the bytes
//! that an adapter took from the TLS connection. What is shown becomes a [`Possession`]; what a token
//! demands is its [`Confirmation`]. A result is bound to what its requester showed, and a binding of the
//! subject token is never lost on the way: whoever exchanges a bound token shows its key first.

mod confirmation;
mod dpop;
mod nonce;
mod target;

pub use self::{
    confirmation::{BindingError, Confirmation, Possession},
    dpop::{
        CLOCK_SKEW, MAX_PROOF_BYTES, PROOF_LIFETIME, ProofCheck, ProofError, VerifiedProof, verify,
    },
    nonce::Nonces,
};
