//! The core of Cambist, an engine for OAuth 2.0 Token Exchange (RFC 8693).
#![no_std]

extern crate alloc;

pub mod crypto;
pub mod jose;
