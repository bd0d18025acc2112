//! Which organizations of a user a token may tell of: what the scope with their mapper was named with.
//!
//! | named | told |
//! |---|---|
//! | `organization` | the only one that the user is in; of several none, for nobody has chosen one |
//! | `organization:acme` | that one, when the user is in it |
//! | `organization:*` | all that the user is in |
//!
//! A disabled organization is never told of.

use alloc::vec::Vec;

use super::parameterized::{ALL_ORGANIZATIONS, ActiveParameter};
use crate::{
    facts::User,
    realm::{ClientScope, Organization, Realm},
};

/// The organizations that a token with these scopes tells of.
pub(crate) fn told<'r>(
    realm: &'r Realm,
    user: &User,
    scopes: &[&ClientScope],
    parameters: &[ActiveParameter],
) -> Vec<&'r Organization> {
    let Some(scope) = scopes.iter().find(|scope| scope.organizations().is_some()) else {
        return Vec::new();
    };
    let named = parameters
        .iter()
        .find(|parameter| parameter.scope() == scope.number())
        .map(ActiveParameter::parameter);
    let ids = user.organizations.iter();
    let mut told: Vec<&Organization> = ids.filter_map(|id| realm.organization_by_id(id)).collect();
    match named {
        Some(ALL_ORGANIZATIONS) => {}
        Some(alias) => told.retain(|organization| organization.alias() == alias),
        None if told.len() == 1 => {}
        None => told.clear(),
    }
    told.retain(|organization| organization.enabled());
    told
}
