//! Scope: the names that tokens show.

use super::{Comparison, Dimension, Found, Grantor, grantor};
use crate::{
    claims::scopes::{names_in_any_form, names_scope},
    realm::{Client, ClientScope, Profile, Realm, client::EXCHANGE_ADDS_SCOPES},
    subject::ReadToken,
};

/// Each name in the new scope must be one of the subject token's. A scope that no token shows is not
/// compared by its name but by what its mappers write.
pub(super) fn compare(found: &mut Found<'_, '_>, token: &ReadToken) {
    let had = token.scope().unwrap_or_default();
    let scene = found.comparison.scene;
    for name in scene.scope_names(false) {
        if !names_scope(had, name) {
            found.add(Dimension::Scope, name, |found| {
                granted_by(found.comparison, name)
            });
        }
    }
}

fn granted_by(comparison: &Comparison<'_>, name: &str) -> Grantor {
    let target = comparison.scene.target;
    let settings = &target.tokens().exchange_adds.scopes;
    grantor::setting(comparison, EXCHANGE_ADDS_SCOPES, settings, name).unwrap_or_else(|| {
        Grantor::ClientScope {
            name: name.into(),
            client: target.client_id().into(),
        }
    })
}

/// Whether a scope that is active by default, and was not asked for, stays so in an exchange. In profile
/// `strict` one that the subject token lacks does not: nobody would have granted it. A parameterized scope is
/// never active by default.
pub(crate) fn stays(realm: &Realm, client: &Client, scope: &ClientScope, had: &str) -> bool {
    realm.profile() == Profile::Keycloak
        || !scope.in_token_scope()
        || scope.parameter().is_some()
        || names_in_any_form(had, scope)
        || client
            .tokens()
            .exchange_adds
            .scopes
            .iter()
            .any(|name| **name == *scope.name())
}
