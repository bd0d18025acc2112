//! A realm with what is known of its users.

use std::collections::BTreeMap;

use cambist::{
    facts::User,
    policy::ServiceAccount,
    realm::{Client, Realm},
};

/// Clients that every realm has, by `client_id`. They serve its own administration.
const BUILT_IN: [&str; 6] = [
    "account",
    "account-console",
    "admin-cli",
    "broker",
    "realm-management",
    "security-admin-console",
];

/// A realm, and its users as far as they are known.
#[derive(Clone, Debug)]
pub struct Parties<'a> {
    realm: &'a Realm,
    users: Option<&'a [User]>,
    accounts: BTreeMap<&'a str, &'a User>,
}

impl<'a> Parties<'a> {
    /// A realm of whose users nothing is known: service accounts may have any roles and groups.
    #[must_use]
    pub const fn of(realm: &'a Realm) -> Self {
        Self {
            realm,
            users: None,
            accounts: BTreeMap::new(),
        }
    }

    /// A realm with all of its users, service accounts among them.
    #[must_use]
    pub fn with_users(realm: &'a Realm, users: &'a [User]) -> Self {
        let account = |user: &'a User| Some((user.service_account_client.as_deref()?, user));
        Self {
            realm,
            users: Some(users),
            accounts: users.iter().filter_map(account).collect(),
        }
    }

    /// The realm.
    #[must_use]
    pub const fn realm(&self) -> &'a Realm {
        self.realm
    }

    /// Its users; `None` where they are not known.
    #[must_use]
    pub const fn users(&self) -> Option<&'a [User]> {
        self.users
    }

    /// Whether every realm has this client, for its own administration.
    #[must_use]
    pub fn is_built_in(client_id: &str) -> bool {
        BUILT_IN.contains(&client_id)
    }

    pub(crate) fn service_account(&self, client: &Client) -> ServiceAccount<'a> {
        if self.users.is_none() {
            return ServiceAccount::Unknown;
        }
        ServiceAccount::Is(self.accounts.get(client.uuid()).copied())
    }
}
