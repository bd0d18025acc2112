//! Test support for those who build on Cambist.
//!
//! [`store_contract`] holds a store to what the traits of `cambist-store` promise.

pub mod store_contract;
