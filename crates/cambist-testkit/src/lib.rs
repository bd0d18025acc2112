//! Test support for those who build on Cambist.
//!
//! * [`world`]: a realm with users and sessions in memory, to drive the engine without a store;
//! * [`fixed_entropy`]: ids that are the same in every run;
//! * [`worthless_crypto`]: a provider that costs nothing, for fuzzing and exhaustive runs;
//! * [`prover`]: a client's key for DPoP proofs, good and bad ones;
//! * [`scenario`]: whole exchanges as data;
//! * [`store_contract`]: holds a store to what the traits of `cambist-store` promise.

pub mod fixed_entropy;
pub mod prover;
pub mod scenario;
pub mod store_contract;
pub mod world;
pub mod worthless_crypto;
