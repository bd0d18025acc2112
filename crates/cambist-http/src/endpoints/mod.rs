//! One file for each endpoint.

pub(crate) mod authzen;
pub(crate) mod certs;
pub(crate) mod discovery;
pub(crate) mod introspection;
pub(crate) mod logout;
mod nonce;
pub(crate) mod realm_facts;
pub(crate) mod revocation;
mod sibling;
pub(crate) mod token;
pub(crate) mod userinfo;
