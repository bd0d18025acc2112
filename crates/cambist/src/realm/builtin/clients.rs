//! The clients of a new realm, as Keycloak 26.7 makes them, and the roles of its administration.

use alloc::{borrow::ToOwned, collections::BTreeMap, format, vec, vec::Vec};

use super::scopes::{mapper, texts, user_value};
use crate::realm::{
    Profile,
    document::{ClientDocument, ClientGrant, RoleDocument, RoleNames},
};

/// The client that users see their account with; its roles say what they may do there.
pub const ACCOUNT: &str = "account";
/// The public client of the command line and of the admin client libraries.
pub const ADMIN_CLI: &str = "admin-cli";
/// The client that holds the roles of a realm's administration.
pub const REALM_MANAGEMENT: &str = "realm-management";
/// The role of `realm-management` that comes with all the others.
pub const REALM_ADMIN: &str = "realm-admin";

/// The roles of a realm's administration.
pub const ADMIN_ROLES: [&str; 21] = [
    "create-client",
    "view-realm",
    "view-users",
    "view-clients",
    "view-events",
    "view-identity-providers",
    "view-authorization",
    "view-organizations",
    "manage-realm",
    "manage-users",
    "manage-clients",
    "manage-events",
    "manage-identity-providers",
    "manage-authorization",
    "manage-organizations",
    "query-users",
    "query-clients",
    "query-realms",
    "query-groups",
    "query-organizations",
    "impersonation",
];

/// What a role of the administration comes with.
const ADMIN_COMPOSITES: [(&str, &[&str]); 3] = [
    ("view-users", &["query-users", "query-groups"]),
    ("view-clients", &["query-clients"]),
    ("view-organizations", &["query-organizations"]),
];

/// The clients of a new realm, without the one that holds the roles of its administration.
pub(super) fn all(realm: &str, profile: Profile) -> Vec<ClientDocument> {
    let mut clients = vec![
        account(realm),
        account_console(realm),
        admin_cli(),
        broker(),
        admin_console(realm),
    ];
    if profile == Profile::Keycloak {
        for client in &mut clients {
            client.grants.push(ClientGrant::TokenExchange);
        }
    }
    clients
}

/// The client `id` that holds the roles of one realm's administration, without the roles.
pub(super) fn management(id: &str, name: &str, profile: Profile) -> ClientDocument {
    let mut client = builtin(id);
    client.name = Some(name.to_owned());
    client.bearer_only = true;
    client.grants = vec![ClientGrant::AuthorizationCode];
    if profile == Profile::Keycloak {
        client.grants.push(ClientGrant::TokenExchange);
    }
    client.attributes = texts(&[("realm_client", "true"), ("post.logout.redirect.uris", "+")]);
    client
}

/// Adds the administration roles that are missing to the client that holds them. Those that were added
/// also join `realm-admin`, when the client has one (`with_realm_admin`).
pub(super) fn add_admin_roles(client: &mut ClientDocument, with_realm_admin: bool) {
    let mut added = Vec::new();
    for name in ADMIN_ROLES {
        if !client.roles.iter().any(|role| role.name == name) {
            client.roles.push(role(name));
            added.push(name);
        }
    }
    for (name, parts) in ADMIN_COMPOSITES {
        if let Some(role) = client.roles.iter_mut().find(|role| role.name == name) {
            join(role, &client.id, parts);
        }
    }
    if !with_realm_admin {
        return;
    }
    if !client.roles.iter().any(|role| role.name == REALM_ADMIN) {
        client.roles.push(role(REALM_ADMIN));
    }
    if let Some(admin) = client
        .roles
        .iter_mut()
        .find(|role| role.name == REALM_ADMIN)
    {
        let parts = if admin.composites.is_empty() {
            ADMIN_ROLES.to_vec()
        } else {
            added
        };
        join(admin, &client.id, &parts);
    }
}

/// Makes roles of the client `owner` part of a role; those that are part of it already stay as they are.
pub(super) fn join(role: &mut RoleDocument, owner: &str, parts: &[&str]) {
    if parts.is_empty() {
        return;
    }
    let known = role.composites.clients.entry(owner.to_owned()).or_default();
    for part in parts {
        if !known.iter().any(|name| name == part) {
            known.push((*part).to_owned());
        }
    }
}

pub(super) fn role(name: &str) -> RoleDocument {
    described_role(name, &format!("${{role_{name}}}"))
}

pub(super) fn described_role(name: &str, description: &str) -> RoleDocument {
    RoleDocument {
        name: name.to_owned(),
        id: None,
        description: Some(description.to_owned()),
        composites: RoleNames::default(),
        attributes: BTreeMap::new(),
    }
}

fn account(realm: &str) -> ClientDocument {
    let mut client = account_pages(ACCOUNT, realm);
    client.attributes = texts(&[
        ("realm_client", "false"),
        ("post.logout.redirect.uris", "+"),
    ]);
    client.roles = [
        "view-profile",
        "manage-account",
        "manage-account-links",
        "view-applications",
        "view-consent",
        "manage-consent",
        "view-groups",
        "delete-account",
    ]
    .map(role)
    .into();
    for role in &mut client.roles {
        match role.name.as_str() {
            "manage-account" => join(role, ACCOUNT, &["manage-account-links"]),
            "manage-consent" => join(role, ACCOUNT, &["view-consent"]),
            _ => {}
        }
    }
    client
}

fn account_console(realm: &str) -> ClientDocument {
    let mut client = account_pages("account-console", realm);
    client.attributes = texts(&[
        ("realm_client", "false"),
        ("post.logout.redirect.uris", "+"),
        ("pkce.code.challenge.method", "S256"),
    ]);
    client.mappers = vec![mapper(
        "audience resolve",
        "oidc-audience-resolve-mapper",
        0,
        &[],
    )];
    client.scope_mappings.clients.insert(
        ACCOUNT.to_owned(),
        vec!["manage-account".to_owned(), "view-groups".to_owned()],
    );
    client
}

fn account_pages(id: &str, realm: &str) -> ClientDocument {
    let mut client = builtin(id);
    client.public = true;
    client.grants = vec![ClientGrant::AuthorizationCode];
    client.root_url = Some("${authBaseUrl}".to_owned());
    client.base_url = Some(format!("/realms/{realm}/account/"));
    client.redirect_uris = vec![format!("/realms/{realm}/account/*")];
    client
}

fn admin_cli() -> ClientDocument {
    let mut client = builtin(ADMIN_CLI);
    client.public = true;
    client.full_scope_allowed = true;
    client.grants = vec![ClientGrant::Password];
    client.attributes = texts(&[
        ("realm_client", "false"),
        ("client.use.lightweight.access.token.enabled", "true"),
        ("post.logout.redirect.uris", "+"),
    ]);
    client
}

fn broker() -> ClientDocument {
    let mut client = builtin("broker");
    client.bearer_only = true;
    client.grants = vec![ClientGrant::AuthorizationCode];
    client.attributes = texts(&[("realm_client", "true"), ("post.logout.redirect.uris", "+")]);
    client.roles = vec![role("read-token")];
    client
}

fn admin_console(realm: &str) -> ClientDocument {
    let mut client = builtin("security-admin-console");
    client.public = true;
    client.full_scope_allowed = true;
    client.grants = vec![ClientGrant::AuthorizationCode];
    client.root_url = Some("${authAdminUrl}".to_owned());
    client.base_url = Some(format!("/admin/{realm}/console/"));
    client.redirect_uris = vec![format!("/admin/{realm}/console/*")];
    client.web_origins = vec!["+".to_owned()];
    client.attributes = texts(&[
        ("realm_client", "false"),
        ("client.use.lightweight.access.token.enabled", "true"),
        ("post.logout.redirect.uris", "+"),
        ("pkce.code.challenge.method", "S256"),
    ]);
    client.mappers = vec![user_value(
        "locale",
        "oidc-usermodel-attribute-mapper",
        "locale",
        "locale",
        "String",
    )];
    client
}

fn builtin(id: &str) -> ClientDocument {
    let mut client = ClientDocument::named(id);
    client.name = Some(format!("${{client_{id}}}"));
    client.full_scope_allowed = false;
    client
}
