//! The slow, plain reference that the engine is compared with.
//!
//! It is written from the description of the behaviour and shares nothing with the engine but the realm
//! document, which is data: nothing is compiled, indexed or kept from one question to the next, every name
//! is looked up in the document when it is met. Where the engine and this reference differ, one of them is
//! wrong, and the recorded answers of a real Keycloak in `parity/` say which.
//!
//! * [`permissions`]: which permissions apply to a question, what their policies vote, what comes of it;
//! * [`exchange`]: an exchange as a function of plain values, to a permit or the reason against it;
//! * [`party`]: the plain values of one [`Attempt`](crate::attempt::Attempt) in one realm document.
//!
//! It knows documents that the engine builds; what it says of others means nothing.

mod conditions;
pub mod exchange;

pub mod party;
pub mod permissions;
