//! Who is judged, as the realm document describes them.

use std::collections::BTreeSet;

use cambist::realm::document::{
    ClientDocument, ClientGrant, GroupDocument, RealmDocument, RoleDocument, RoleNames,
    UserDocument,
};
use serde_json::{Map, Value};

/// A role: the client it belongs to, `None` for a role of the realm, and its name.
pub type RoleKey = (Option<String>, String);

/// The party that policies look at.
#[derive(Clone, Debug)]
pub struct Party<'a> {
    /// Internal id; of a client that asks, the client's.
    pub id: &'a str,
    /// Login name; a client has none.
    pub username: Option<&'a str>,
    /// The stored user: of a client, its service account.
    pub stored: Option<&'a UserDocument>,
    /// Whether a client asks.
    pub is_client: bool,
    /// The roles that count.
    pub roles: BTreeSet<RoleKey>,
    /// Claims, or the first value of each attribute.
    pub claims: Map<String, Value>,
}

impl<'a> Party<'a> {
    /// A client that asks with a subject token of this scope; `None` for no subject token. It has the roles
    /// and groups of its service account, and `scope` is all it says.
    #[must_use]
    pub fn client(document: &'a RealmDocument, client: &str, scope: Option<&str>) -> Self {
        let found = client_of(document, client);
        let stored = document.users.iter().find(|user| {
            user.service_account_of.as_deref() == Some(client)
                && found
                    .is_some_and(|client| client.grants.contains(&ClientGrant::ClientCredentials))
        });
        Self {
            id: found
                .and_then(|client| client.uuid.as_deref())
                .unwrap_or_default(),
            username: None,
            stored,
            is_client: true,
            roles: stored.map_or_else(BTreeSet::new, |user| roles_of(document, user)),
            claims: scope
                .map(|scope| ("scope".to_owned(), scope.into()))
                .into_iter()
                .collect(),
        }
    }

    /// A stored user, with attributes in place of claims.
    #[must_use]
    pub fn user(document: &'a RealmDocument, user: &'a UserDocument) -> Self {
        let first = |(name, values): (&String, &Vec<String>)| {
            Some((name.clone(), values.first()?.as_str().into()))
        };
        Self {
            id: user.id.as_deref().unwrap_or_default(),
            username: Some(&user.username),
            stored: Some(user),
            is_client: false,
            roles: roles_of(document, user),
            claims: user.attributes.iter().filter_map(first).collect(),
        }
    }
}

/// The client of this `client_id`.
#[must_use]
pub fn client_of<'a>(document: &'a RealmDocument, id: &str) -> Option<&'a ClientDocument> {
    document.clients.iter().find(|client| client.id == id)
}

/// Every role of a user: given, by a group or one above it, and by composites.
#[must_use]
pub fn roles_of(document: &RealmDocument, user: &UserDocument) -> BTreeSet<RoleKey> {
    let mut waiting = keys(&user.roles);
    for path in &user.groups {
        for group in groups_on(document, path) {
            waiting.extend(keys(&group.roles));
        }
    }
    let mut roles = BTreeSet::new();
    while let Some(key) = waiting.pop() {
        if let Some(role) = role_of(document, &key)
            && roles.insert(key)
        {
            waiting.extend(keys(&role.composites));
        }
    }
    roles
}

/// The role itself.
#[must_use]
pub fn role_of<'a>(document: &'a RealmDocument, key: &RoleKey) -> Option<&'a RoleDocument> {
    let roles = match &key.0 {
        None => &document.roles,
        Some(client) => &client_of(document, client)?.roles,
    };
    roles.iter().find(|role| role.name == key.1)
}

/// The roles that a list names.
#[must_use]
pub fn keys(names: &RoleNames) -> Vec<RoleKey> {
    let realm = names.realm.iter().map(|name| (None, name.clone()));
    let clients = names.clients.iter().flat_map(|(client, names)| {
        names
            .iter()
            .map(move |name| (Some(client.clone()), name.clone()))
    });
    realm.chain(clients).collect()
}

/// The groups on the way to this path, the outermost first.
fn groups_on<'a>(document: &'a RealmDocument, path: &str) -> Vec<&'a GroupDocument> {
    let mut found = Vec::new();
    let mut level = &document.groups;
    for name in path.trim_start_matches('/').split('/') {
        let Some(group) = level.iter().find(|group| group.name == name) else {
            break;
        };
        found.push(group);
        level = &group.groups;
    }
    found
}

/// The path of the group that is named by path or id.
#[must_use]
pub fn group_path(document: &RealmDocument, named: &str) -> Option<String> {
    let mut waiting: Vec<(String, &GroupDocument)> = document
        .groups
        .iter()
        .map(|group| (format!("/{}", group.name), group))
        .collect();
    while let Some((path, group)) = waiting.pop() {
        if path == named || group.id.as_deref() == Some(named) {
            return Some(path);
        }
        let below = group.groups.iter();
        waiting.extend(below.map(|below| (format!("{path}/{}", below.name), below)));
    }
    None
}
