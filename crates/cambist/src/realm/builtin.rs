//! What a new realm has before anyone configures it, as Keycloak 26.7 makes it: client scopes, clients,
//! roles.

pub mod clients;
pub mod scopes;

use alloc::{
    borrow::ToOwned,
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use self::clients::{ACCOUNT, REALM_MANAGEMENT};
use super::{
    Profile,
    document::{
        ClientDocument, ClientGrant, GroupDocument, RealmDocument, RoleDocument, RoleNames,
    },
    features::{Feature, Features},
};

/// The realm whose administrators may administer every realm.
pub const MASTER: &str = "master";
/// The scope of an offline token, and the role that a user needs for one.
pub const OFFLINE_ACCESS: &str = "offline_access";
/// The realm role of `master` that comes with the administration of every realm.
pub const ADMIN: &str = "admin";
/// The realm role of `master` that allows realms to be made.
pub const CREATE_REALM: &str = "create-realm";

const UMA_AUTHORIZATION: &str = "uma_authorization";

/// The name of the realm role that every new user gets: `default-roles-` and the realm's name in small
/// letters.
#[must_use]
pub fn default_role_name(realm: &str) -> String {
    format!("default-roles-{}", realm.to_lowercase())
}

/// The client of realm `master` that holds the roles of another realm's administration.
#[must_use]
pub fn master_client_id(realm: &str) -> String {
    format!("{realm}-realm")
}

/// The client, within its own realm, that holds the roles of a realm's administration:
/// `realm-management`, in realm `master` `master-realm`.
#[must_use]
pub fn management_client_id(realm: &str) -> String {
    if realm == MASTER {
        master_client_id(realm)
    } else {
        REALM_MANAGEMENT.to_owned()
    }
}

impl RealmDocument {
    /// Adds what Keycloak adds when it makes a realm from a document. Doing it twice changes nothing more.
    ///
    /// * realm roles `offline_access`, `uma_authorization` and `default-roles-{realm}`, which comes with
    ///   those two, with `view-profile` and `manage-account` of client `account` and with
    ///   [`default_roles`](Self::default_roles); in realm `master` also `create-realm` and `admin`;
    /// * the built-in client scopes when the document has no list of its own. With a list only those in
    ///   it exist, and `offline_access`;
    /// * the built-in lists of default and optional scopes when the document has neither list nor scopes
    ///   of its own; with scopes of its own a missing list is empty. `offline_access` is optional when it
    ///   was added;
    /// * the built-in clients. One that the document has stays as it is, but the roles of the realm's
    ///   administration are made whole;
    /// * the scope `service_account`, where there is one, on clients with a service account and a list of
    ///   their own;
    /// * in profile `keycloak`, an empty list where a client has only one of its two lists of scopes;
    /// * in profile `keycloak`, roles that groups, users and scope mappings name and nobody defined.
    ///
    /// `server` are the server's features; those that the document switches are taken into account, and an
    /// unknown feature is left for the build to refuse.
    pub fn complete(&mut self, server: Features) {
        let features = self.features_over(server);
        self.complete_scopes(features);
        if self.profile == Profile::Keycloak {
            self.add_missing_lists();
        }
        self.complete_clients();
        self.complete_roles();
        if self.profile == Profile::Keycloak {
            self.add_named_roles();
        }
    }

    /// The server's features with those that this document switches.
    #[must_use]
    pub fn features_over(&self, server: Features) -> Features {
        self.features.iter().fold(server, |features, (name, on)| {
            match Feature::from_name(name) {
                Some(feature) if *on => features.with(feature),
                Some(feature) => features.without(feature),
                None => features,
            }
        })
    }

    fn complete_scopes(&mut self, features: Features) {
        let Some(given) = &mut self.client_scopes else {
            self.client_scopes = Some(scopes::all(features));
            self.default_scopes
                .get_or_insert_with(scopes::default_names);
            self.optional_scopes
                .get_or_insert_with(scopes::optional_names);
            return;
        };
        self.default_scopes.get_or_insert_default();
        let optional = self.optional_scopes.get_or_insert_default();
        if !given.iter().any(|scope| scope.name == OFFLINE_ACCESS) {
            given.push(scopes::offline_access());
            add(optional, OFFLINE_ACCESS);
        }
    }

    fn complete_clients(&mut self) {
        let known: BTreeSet<&str> = self
            .clients
            .iter()
            .map(|client| client.id.as_str())
            .collect();
        let missing: Vec<ClientDocument> = clients::all(&self.realm, self.profile)
            .into_iter()
            .filter(|client| !known.contains(client.id.as_str()))
            .collect();
        self.clients.extend(missing);
        let id = management_client_id(&self.realm);
        let name = if self.realm == MASTER {
            master_client_name(MASTER)
        } else {
            format!("${{client_{REALM_MANAGEMENT}}}")
        };
        self.complete_management(&id, &name);

        let has_service_account_scope = self
            .client_scopes
            .iter()
            .flatten()
            .any(|scope| scope.name == scopes::SERVICE_ACCOUNT);
        if has_service_account_scope {
            // Keycloak adds the scope when it makes the service account itself, not when the document
            // brings one.
            let brought: BTreeSet<&str> = self
                .users
                .iter()
                .filter_map(|user| user.service_account_of.as_deref())
                .collect();
            for client in &mut self.clients {
                if !client.grants.contains(&ClientGrant::ClientCredentials) {
                    continue;
                }
                let brought = brought.contains(client.id.as_str());
                match &mut client.default_scopes {
                    Some(own) if !brought => add(own, scopes::SERVICE_ACCOUNT),
                    // Lists of its own, so that the scope is not among them.
                    None if brought => {
                        client.default_scopes.clone_from(&self.default_scopes);
                        client.optional_scopes.clone_from(&self.optional_scopes);
                    }
                    _ => {}
                }
            }
        }
    }

    fn complete_management(&mut self, id: &str, name: &str) {
        let with_realm_admin = id == REALM_MANAGEMENT;
        if let Some(client) = self.clients.iter_mut().find(|client| client.id == id) {
            clients::add_admin_roles(client, with_realm_admin);
        } else {
            let mut client = clients::management(id, name, self.profile);
            clients::add_admin_roles(&mut client, with_realm_admin);
            self.clients.push(client);
        }
    }

    fn complete_roles(&mut self) {
        self.realm_role_or(OFFLINE_ACCESS, "${role_offline-access}");
        self.realm_role_or(UMA_AUTHORIZATION, "${role_uma_authorization}");
        let default_name = default_role_name(&self.realm);
        let mut wanted = self.default_roles.clone();
        wanted.retain(|name| *name != default_name);
        let account_roles: Vec<String> = self
            .clients
            .iter()
            .find(|client| client.id == ACCOUNT)
            .into_iter()
            .flat_map(|client| &client.roles)
            .filter(|role| matches!(role.name.as_str(), "view-profile" | "manage-account"))
            .map(|role| role.name.clone())
            .collect();
        let is_new = !self.roles.iter().any(|role| role.name == default_name);
        let role = self.realm_role_or(&default_name, "${role_default-roles}");
        if is_new {
            add(&mut role.composites.realm, OFFLINE_ACCESS);
            add(&mut role.composites.realm, UMA_AUTHORIZATION);
            if !account_roles.is_empty() {
                role.composites
                    .clients
                    .insert(ACCOUNT.to_owned(), account_roles);
            }
        }
        for name in &wanted {
            add(&mut role.composites.realm, name);
        }
        if self.realm == MASTER {
            self.realm_role_or(CREATE_REALM, "${role_create-realm}");
            let admin = self.realm_role_or(ADMIN, "${role_admin}");
            add(&mut admin.composites.realm, CREATE_REALM);
            clients::join(admin, &master_client_id(MASTER), &clients::ADMIN_ROLES);
        }
    }

    fn realm_role_or(&mut self, name: &str, description: &str) -> &mut RoleDocument {
        let place = self
            .roles
            .iter()
            .position(|role| role.name == name)
            .unwrap_or(self.roles.len());
        if place == self.roles.len() {
            self.roles.push(clients::described_role(name, description));
        }
        #[expect(
            clippy::indexing_slicing,
            reason = "the role at this place was found or pushed"
        )]
        &mut self.roles[place]
    }

    /// A client that gives one of its lists has nothing of the realm's in the other.
    fn add_missing_lists(&mut self) {
        for client in &mut self.clients {
            match (&client.default_scopes, &client.optional_scopes) {
                (Some(_), None) => client.optional_scopes = Some(Vec::new()),
                (None, Some(_)) => client.default_scopes = Some(Vec::new()),
                _ => {}
            }
        }
    }

    /// Keycloak makes a role when a group, a user or a scope mapping names one that is not there.
    fn add_named_roles(&mut self) {
        let mut named = NamedRoles::default();
        for user in &self.users {
            named.note(&user.roles);
        }
        for scope in self.client_scopes.iter().flatten() {
            named.note(&scope.scope_mappings);
        }
        for client in &self.clients {
            named.note(&client.scope_mappings);
        }
        named.note_groups(&self.groups);

        for role in &self.roles {
            named.realm.remove(&role.name);
        }
        self.roles
            .extend(named.realm.iter().map(|name| bare_role(name)));
        if named.clients.is_empty() {
            return;
        }
        for client in &mut self.clients {
            if let Some(wanted) = named.clients.get_mut(&client.id) {
                for role in &client.roles {
                    wanted.remove(&role.name);
                }
                client
                    .roles
                    .extend(wanted.iter().map(|name| bare_role(name)));
            }
        }
    }
}

/// Gives the administrators of realm `master` the administration of another realm: the client
/// `{realm}-realm` with the roles, and these in role `admin`. Doing it twice changes nothing more.
pub fn add_realm_to_master(master: &mut RealmDocument, realm: &str) {
    let id = master_client_id(realm);
    master.complete_management(&id, &master_client_name(realm));
    let admin = master.realm_role_or(ADMIN, "${role_admin}");
    clients::join(admin, &id, &clients::ADMIN_ROLES);
}

/// Takes away what [`add_realm_to_master`] gave, when the other realm is deleted.
pub fn remove_realm_from_master(master: &mut RealmDocument, realm: &str) {
    if realm == MASTER {
        return;
    }
    let id = master_client_id(realm);
    master.clients.retain(|client| client.id != id);
    for role in &mut master.roles {
        role.composites.clients.remove(&id);
    }
}

fn master_client_name(realm: &str) -> String {
    format!("{realm} Realm")
}

#[derive(Default)]
struct NamedRoles {
    realm: BTreeSet<String>,
    clients: BTreeMap<String, BTreeSet<String>>,
}

impl NamedRoles {
    fn note(&mut self, names: &RoleNames) {
        self.realm.extend(names.realm.iter().cloned());
        for (client, names) in &names.clients {
            self.clients
                .entry(client.clone())
                .or_default()
                .extend(names.iter().cloned());
        }
    }

    fn note_groups(&mut self, groups: &[GroupDocument]) {
        let mut waiting: Vec<&GroupDocument> = groups.iter().collect();
        while let Some(group) = waiting.pop() {
            self.note(&group.roles);
            waiting.extend(&group.groups);
        }
    }
}

fn bare_role(name: &str) -> RoleDocument {
    RoleDocument {
        name: name.to_owned(),
        id: None,
        description: None,
        composites: RoleNames::default(),
        attributes: BTreeMap::new(),
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;
    use crate::realm::document::{ClientScopeDocument, UserDocument};

    fn completed(realm: &str) -> RealmDocument {
        let mut document = RealmDocument::named(realm);
        document.complete(Features::default());
        document
    }

    fn client<'a>(document: &'a RealmDocument, id: &str) -> &'a ClientDocument {
        document
            .clients
            .iter()
            .find(|client| client.id == id)
            .unwrap()
    }

    fn realm_role<'a>(document: &'a RealmDocument, name: &str) -> &'a RoleDocument {
        document
            .roles
            .iter()
            .find(|role| role.name == name)
            .unwrap()
    }

    fn scope(name: &str) -> ClientScopeDocument {
        ClientScopeDocument {
            name: name.to_owned(),
            id: None,
            description: None,
            protocol: "openid-connect".to_owned(),
            scope_mappings: RoleNames::default(),
            mappers: Vec::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// Origin: `scopes_supported` of the recorded area `endpoints` (Keycloak 26.7.3).
    #[test]
    fn a_new_realm_has_the_scopes_that_keycloak_lists() {
        let document = completed("r");
        let mut names: Vec<&str> = document
            .client_scopes
            .iter()
            .flatten()
            .filter(|scope| scope.protocol == "openid-connect")
            .map(|scope| scope.name.as_str())
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "acr",
                "address",
                "basic",
                "email",
                "microprofile-jwt",
                "offline_access",
                "organization",
                "phone",
                "profile",
                "roles",
                "service_account",
                "web-origins"
            ]
        );
        assert_eq!(document.default_scopes, Some(scopes::default_names()));
        assert_eq!(document.optional_scopes, Some(scopes::optional_names()));
    }

    #[test]
    fn the_delegation_scope_comes_with_its_feature() {
        let server = Features::default().with(Feature::TokenExchangeDelegation);
        let mut document = RealmDocument::named("r");
        document.complete(server);
        assert!(
            document
                .client_scopes
                .iter()
                .flatten()
                .any(|scope| scope.name == "delegation")
        );

        let mut off = RealmDocument::named("r");
        off.features
            .insert("token-exchange-delegation".to_owned(), false);
        off.complete(server);
        assert!(
            !off.client_scopes
                .iter()
                .flatten()
                .any(|scope| scope.name == "delegation")
        );
    }

    /// Origin: case `default-roles` of the recorded area `claims`.
    #[test]
    fn default_roles_are_keycloaks() {
        let document = completed("Shop");
        let role = realm_role(&document, "default-roles-shop");
        assert_eq!(
            role.composites.realm,
            ["offline_access", "uma_authorization"]
        );
        assert_eq!(
            role.composites.clients[ACCOUNT],
            ["view-profile", "manage-account"]
        );
        let manage = client(&document, ACCOUNT)
            .roles
            .iter()
            .find(|role| role.name == "manage-account")
            .unwrap();
        assert_eq!(manage.composites.clients[ACCOUNT], ["manage-account-links"]);
    }

    #[test]
    fn own_scopes_leave_only_offline_access_beside_them() {
        let mut document = RealmDocument::named("r");
        document.client_scopes = Some(vec![scope("basic")]);
        document.default_scopes = Some(vec!["basic".to_owned()]);
        document.complete(Features::default());
        let names: Vec<&str> = document
            .client_scopes
            .iter()
            .flatten()
            .map(|scope| scope.name.as_str())
            .collect();
        assert_eq!(names, ["basic", "offline_access"]);
        assert_eq!(document.default_scopes, Some(vec!["basic".to_owned()]));
        assert_eq!(
            document.optional_scopes,
            Some(vec!["offline_access".to_owned()])
        );
    }

    #[test]
    fn an_own_offline_access_is_left_alone() {
        let mut document = RealmDocument::named("r");
        document.client_scopes = Some(vec![scope(OFFLINE_ACCESS)]);
        document.complete(Features::default());
        let scopes = document.client_scopes.unwrap();
        assert_eq!(scopes.len(), 1);
        assert!(scopes[0].scope_mappings.is_empty());
        assert_eq!(document.optional_scopes, Some(Vec::new()));
    }

    #[test]
    fn completing_twice_changes_nothing_more() {
        for (realm, profile) in [
            ("r", Profile::Strict),
            ("r", Profile::Keycloak),
            (MASTER, Profile::Keycloak),
        ] {
            let mut document = RealmDocument::named(realm);
            document.profile = profile;
            document.default_roles = vec!["buyer".to_owned()];
            document.complete(Features::default());
            let once = serde_json::to_value(&document).unwrap();
            document.complete(Features::default());
            assert_eq!(serde_json::to_value(&document).unwrap(), once);
        }
    }

    #[test]
    fn missing_administration_roles_are_added() {
        let mut document = RealmDocument::named("r");
        let mut management = ClientDocument::named(REALM_MANAGEMENT);
        management.uuid = Some("given".to_owned());
        management.roles = vec![bare_role("manage-users"), bare_role("own")];
        document.clients.push(management);
        document.complete(Features::default());
        let management = client(&document, REALM_MANAGEMENT);
        assert_eq!(management.uuid.as_deref(), Some("given"));
        assert_eq!(management.roles.len(), clients::ADMIN_ROLES.len() + 2);
        let admin = management
            .roles
            .iter()
            .find(|role| role.name == clients::REALM_ADMIN)
            .unwrap();
        assert_eq!(
            admin.composites.clients[REALM_MANAGEMENT],
            clients::ADMIN_ROLES
        );
        assert_eq!(
            document
                .clients
                .iter()
                .filter(|client| client.id == REALM_MANAGEMENT)
                .count(),
            1
        );
    }

    #[test]
    fn master_holds_the_roles_of_other_realms() {
        let mut master = completed(MASTER);
        assert!(
            !master
                .clients
                .iter()
                .any(|client| client.id == REALM_MANAGEMENT)
        );
        add_realm_to_master(&mut master, "shop");
        add_realm_to_master(&mut master, "shop");
        let roles = &client(&master, "shop-realm").roles;
        assert_eq!(roles.len(), clients::ADMIN_ROLES.len());
        let admin = realm_role(&master, ADMIN);
        assert_eq!(admin.composites.realm, [CREATE_REALM]);
        assert_eq!(admin.composites.clients["shop-realm"], clients::ADMIN_ROLES);
        assert_eq!(
            admin.composites.clients["master-realm"],
            clients::ADMIN_ROLES
        );

        remove_realm_from_master(&mut master, "shop");
        assert!(
            !master
                .clients
                .iter()
                .any(|client| client.id == "shop-realm")
        );
        assert!(
            !realm_role(&master, ADMIN)
                .composites
                .clients
                .contains_key("shop-realm")
        );
        remove_realm_from_master(&mut master, MASTER);
        assert!(
            master
                .clients
                .iter()
                .any(|client| client.id == "master-realm")
        );
    }

    #[test]
    fn service_accounts_get_their_scope() {
        let mut document = RealmDocument::named("r");
        let mut robot = ClientDocument::named("robot");
        robot.grants = vec![ClientGrant::ClientCredentials];
        robot.default_scopes = Some(vec!["basic".to_owned()]);
        document.clients.push(robot);
        document.complete(Features::default());
        assert_eq!(
            client(&document, "robot").default_scopes,
            Some(vec!["basic".to_owned(), "service_account".to_owned()])
        );
    }

    #[test]
    fn in_profile_keycloak_one_list_makes_the_other_empty() {
        let document = |profile| {
            let mut document = RealmDocument::named("r");
            document.profile = profile;
            let mut narrow = ClientDocument::named("narrow");
            narrow.grants = vec![ClientGrant::ClientCredentials];
            narrow.optional_scopes = Some(vec!["phone".to_owned()]);
            document.clients.push(narrow);
            document.complete(Features::default());
            client(&document, "narrow").default_scopes.clone()
        };
        assert_eq!(document(Profile::Strict), None);
        assert_eq!(
            document(Profile::Keycloak),
            Some(vec!["service_account".to_owned()])
        );
    }

    #[test]
    fn roles_that_are_only_named_are_made_in_profile_keycloak() {
        let mut document = RealmDocument::named("r");
        document.clients.push(ClientDocument::named("shop"));
        let mut user = UserDocument {
            username: "ann".to_owned(),
            ..UserDocument::default()
        };
        user.roles.realm.push("buyer".to_owned());
        user.roles
            .clients
            .insert("shop".to_owned(), vec!["read".to_owned()]);
        document.users.push(user);

        let mut strict = document.clone();
        strict.complete(Features::default());
        assert!(!strict.roles.iter().any(|role| role.name == "buyer"));

        document.profile = Profile::Keycloak;
        document.complete(Features::default());
        assert!(document.roles.iter().any(|role| role.name == "buyer"));
        assert_eq!(client(&document, "shop").roles[0].name, "read");
    }
}
