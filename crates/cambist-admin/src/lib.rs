//! Keycloak's admin REST, as far as client libraries and the token-exchange side call it.
//!
//! [`Admin::handle`] takes one request below `/admin` as plain values and gives one answer; it opens no
//! socket. Realms come from a [`RealmRegistry`], users and sessions from a
//! [`Store`](cambist_store::Store), callers from an [`AdminAuthenticator`]. A change of a realm builds the
//! next snapshot: a change that does not build changes nothing.

mod admin;
mod answer;
mod caller;
mod find;
mod references;
mod registry;
mod request;
mod resources;
mod routes;

pub use crate::{
    admin::{Admin, AdminParts},
    caller::{AdminAuthenticator, AdminCaller, CarriedRoles, Rights},
    registry::{LoadedRealm, RealmRegistry, RegistryError},
    request::AdminRequest,
    resources::explain::EXPLAIN_EXCHANGE,
};
