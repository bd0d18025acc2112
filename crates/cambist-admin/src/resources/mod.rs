//! One file a resource.

pub(crate) mod authz;
pub(crate) mod client_scopes;
pub(crate) mod clients;
pub(crate) mod consents;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod groups;
pub(crate) mod identity_providers;
pub(crate) mod management;
pub(crate) mod mappers;
pub(crate) mod partial;
pub(crate) mod partial_import;
pub(crate) mod realms;
pub(crate) mod role_mappings;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod users;
