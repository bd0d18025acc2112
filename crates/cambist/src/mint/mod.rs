//! Minting: from a permit to signed tokens.
//!
//! Ids are drawn here and nowhere else, payloads are written here, and signatures are made by the realm's
//! signers or brought in from outside, one signing input at a time.

mod access_token;
mod handover;
mod id_token;
mod identity_assertion;
mod ids;
mod lifetimes;
mod prepare;
mod refresh_token;
pub(crate) mod resource;
pub(crate) mod scene;
mod unsigned;

pub use self::{
    lifetimes::{SessionTimes, access_token_expiry, refresh_token_expiry},
    unsigned::{Signing, SigningRequest, UnsignedExchange},
};
