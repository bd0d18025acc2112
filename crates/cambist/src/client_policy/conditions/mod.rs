//! Conditions. One file a kind, one line in [`builtin`].

mod access_type;
mod any_client;
mod attributes;
mod client_roles;
mod client_scopes;
mod grant_type;
mod identity_provider;
mod registration;

use alloc::{boxed::Box, vec::Vec};

use super::ConditionKind;

/// Keycloak's conditions.
pub(super) fn builtin() -> Vec<Box<dyn ConditionKind>> {
    let mut kinds: Vec<Box<dyn ConditionKind>> = alloc::vec![
        Box::new(any_client::AnyClientKind),
        Box::new(access_type::AccessTypeKind),
        Box::new(attributes::AttributesKind),
        Box::new(client_roles::ClientRolesKind),
        Box::new(client_scopes::ClientScopesKind),
        Box::new(grant_type::GrantTypeKind),
        Box::new(identity_provider::IdentityProviderKind),
    ];
    kinds.extend(registration::kinds());
    kinds
}
