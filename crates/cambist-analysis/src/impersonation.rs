//! Who can become another user.

use cambist::{
    claims::effective_roles,
    policy::{Possibility, impersonation_possibility},
    realm::Feature,
};
use serde::Serialize;

use crate::{
    Parties,
    hops::{can_ask, exchanges_by_permission},
};

/// One who can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Impersonator {
    /// A client, without any subject token.
    Client {
        /// Its `client_id`.
        client: String,
        /// Whether always.
        possibility: Possibility,
    },
    /// A user with the admin role `impersonation`, at any client that may exchange by permission.
    User {
        /// The login name.
        username: String,
    },
}

/// Everybody who can become another user of the realm. Which users can be become is a matter of the
/// permission `user-impersonated`. Users appear only where the realm's users are known; users let in by a
/// policy on `impersonate` rather than by the admin role are not listed.
#[must_use]
pub fn impersonators(parties: &Parties<'_>) -> Vec<Impersonator> {
    let realm = parties.realm();
    let asking = realm.clients().iter().filter(|client| {
        can_ask(client) && !client.is_public() && exchanges_by_permission(realm, client)
    });
    let mut found: Vec<Impersonator> = asking
        .filter_map(|client| {
            let account = parties.service_account(client);
            let possibility = impersonation_possibility(realm, client, account);
            (possibility != Possibility::Never).then(|| Impersonator::Client {
                client: client.client_id().to_owned(),
                possibility,
            })
        })
        .collect();
    let role = realm
        .client_by_id("realm-management")
        .and_then(|client| realm.client_role(client.number(), "impersonation"));
    // Without the feature nobody becomes anybody.
    let users = parties.users().unwrap_or_default();
    let users = if realm.features().has(Feature::TokenExchange) {
        users
    } else {
        &[]
    };
    found.extend(role.into_iter().flat_map(|role| {
        users
            .iter()
            .filter(|user| user.enabled && effective_roles(realm, user).contains(role.number()))
            .map(|user| Impersonator::User {
                username: user.username.clone(),
            })
    }));
    found
}
