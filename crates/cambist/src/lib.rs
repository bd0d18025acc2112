//! The core of Cambist, an engine for OAuth 2.0 Token Exchange (RFC 8693).
#![no_std]

extern crate alloc;

pub mod claims;
pub mod client_auth;
pub mod crypto;
pub mod decision;
pub mod effects;
pub mod endpoint;
pub mod engine;
pub mod event;
pub mod facts;
pub mod flow;
pub mod jose;
pub mod limits;
pub mod mint;
pub mod moment;
pub mod outcome;
pub mod policy;
pub mod realm;
pub mod refusal;
pub mod request;
pub mod response;
pub mod secret;
pub mod subject;
pub mod trace;
