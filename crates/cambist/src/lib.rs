//! The core of Cambist, an engine for OAuth 2.0 Token Exchange (RFC 8693).
#![no_std]

extern crate alloc;

pub mod claims;
pub mod client_auth;
pub mod crypto;
pub mod effects;
pub mod facts;
pub mod jose;
pub mod moment;
pub mod policy;
pub mod realm;
pub mod secret;
