//! One file for each endpoint.

pub(crate) mod certs;
pub(crate) mod discovery;
pub(crate) mod realm_facts;
pub(crate) mod token;
