//! Test support for those who build on Cambist.
//!
//! * [`world`]: a realm with users and sessions in memory, to drive the engine without a store;
//! * [`fixed_entropy`]: ids that are the same in every run;
//! * [`worthless_crypto`]: a provider that costs nothing, for fuzzing and exhaustive runs;
//! * [`prover`]: a client's key for DPoP proofs, good and bad ones;
//! * [`attempt`], [`trial`]: one exchange as plain values, carried out in any realm document;
//! * [`generate`]: realms and exchanges at random, as proptest strategies and for fuzzing;
//! * [`mod@reference`]: a slow, plain evaluator that the engine is compared with;
//! * [`universe`]: that comparison over everything that is small enough to be enumerated;
//! * [`scenario`]: whole exchanges as data;
//! * [`store_contract`]: holds a store to what the traits of `cambist-store` promise.

pub mod attempt;
pub mod fixed_entropy;
pub mod generate;
pub mod prover;
pub mod reference;
pub mod scenario;
pub mod store_contract;
pub mod trial;
pub mod universe;
pub mod world;
pub mod worthless_crypto;
