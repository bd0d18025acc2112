//! Users of a document: names to ids.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use hashbrown::{HashMap, HashSet};

use super::{Unique, check_name, client::resolved, settings};
use crate::{
    facts::{Consent, User},
    moment::Timestamp,
    realm::{
        Client, Profile, Realm,
        builtin::default_role_name,
        document::{ClientGrant, NewUser, RealmDocument, RoleNames, UserDocument},
        error::{At, RealmError, RealmProblem},
    },
};

/// The users that a document brings, and the service accounts it implies.
///
/// Role, group and client names become internal ids. As with Keycloak, a user of the document has no roles
/// but those it names; a client with the client credentials grant and without a service account user in the
/// document gets one, which has the realm's default role. Where the document gives no id, the user's is
/// empty and for the store to make ([`ids::assign_ids`](super::ids::assign_ids) derives one beforehand).
/// Creation time and versions are the store's as well.
///
/// `realm` must be built from the same document.
///
/// # Errors
///
/// [`RealmError`] at the first user with a name that leads nowhere, a user name or e-mail address (unless
/// the realm allows several users to share one) that another user has, or a secret that was not resolved.
pub fn users_of(document: &RealmDocument, realm: &Realm) -> Result<Vec<NewUser>, RealmError> {
    let list = At::Root("users");
    let names = Names::of(realm);
    let count = document.users.len();
    let mut usernames = Unique::new("user", &list, "username", count);
    let mut emails = Unique::new("user with the e-mail address", &list, "email", count);
    let mut ids = Unique::new("internal id", &list, "id", count);
    let mut users = Vec::with_capacity(count);
    let mut with_account = HashSet::new();
    for (place, user) in document.users.iter().enumerate() {
        let at = list.item(place);
        let new = names.user(&at, user)?;
        usernames.add(place, new.user.username.clone())?;
        if !new.user.id.is_empty() {
            ids.add(place, new.user.id.clone())?;
        }
        if let Some(email) = &new.user.email
            && !realm.login.duplicate_emails
        {
            emails.add(place, email.clone())?;
        }
        if let Some(client) = &new.user.service_account_client
            && !with_account.insert(client.clone())
        {
            let problem = RealmProblem::Taken {
                what: "service account of client",
                name: user.service_account_of.clone().unwrap_or_default(),
                by: "another user".to_owned(),
            };
            return Err(at.member("service_account_of").error(problem));
        }
        users.push(new);
    }
    for client in realm.clients() {
        if client.may(ClientGrant::ClientCredentials) && !with_account.contains(client.uuid()) {
            let user = service_account_user(realm, client);
            users.push(NewUser {
                user,
                password: None,
            });
        }
    }
    Ok(users)
}

/// The user that stands for a client in the client credentials grant, as Keycloak makes it: named
/// `service-account-` and the `client_id` in small letters, with the realm's default role. Its id is empty,
/// for the store to make.
#[must_use]
pub fn service_account_user(realm: &Realm, client: &Client) -> User {
    let default_role = realm.realm_role(&default_role_name(realm.name()));
    User {
        username: format!("service-account-{}", client.client_id().to_lowercase()),
        enabled: true,
        roles: default_role
            .map(|role| role.id().to_owned())
            .into_iter()
            .collect(),
        service_account_client: Some(client.uuid().to_owned()),
        ..User::default()
    }
}

/// Finds things of a realm by the names that documents use.
struct Names<'r> {
    realm: &'r Realm,
    groups: HashMap<&'r str, &'r str>,
    client_roles: HashMap<(&'r str, &'r str), &'r str>,
}

impl<'r> Names<'r> {
    fn of(realm: &'r Realm) -> Self {
        let groups = realm
            .groups()
            .iter()
            .map(|group| (group.path(), group.id()))
            .collect();
        let client_roles = realm
            .clients()
            .iter()
            .flat_map(|client| {
                let roles = client
                    .roles()
                    .iter()
                    .filter_map(|number| realm.role(*number));
                roles.map(|role| ((client.client_id(), role.name()), role.id()))
            })
            .collect();
        Self {
            realm,
            groups,
            client_roles,
        }
    }

    fn user(&self, at: &At<'_>, document: &UserDocument) -> Result<NewUser, RealmError> {
        check_name(&at.member("username"), &document.username)?;
        if let Some(id) = &document.id {
            check_name(&at.member("id"), id)?;
        }
        settings::check_not_before(&at.member("not_before"), document.not_before)?;
        let password = match &document.password {
            Some(source) => Some(resolved(&at.member("password"), source)?.clone()),
            None => None,
        };
        let user = User {
            id: document.id.clone().unwrap_or_default(),
            username: document.username.to_lowercase(),
            enabled: document.enabled,
            email: self.email(at, document)?,
            email_verified: document.email_verified,
            first_name: document.first_name.clone(),
            last_name: document.last_name.clone(),
            roles: self.roles(&at.member("roles"), &document.roles)?,
            groups: self.groups(&at.member("groups"), &document.groups)?,
            organizations: self.organizations(&at.member("organizations"), document)?,
            attributes: document.attributes.clone(),
            required_actions: document.required_actions.clone(),
            created: Timestamp::EPOCH,
            not_before: Timestamp(document.not_before),
            service_account_client: match &document.service_account_of {
                Some(client) => {
                    let at = at.member("service_account_of");
                    Some(self.client(&at, client)?.uuid().to_owned())
                }
                None => None,
            },
            passwords: document.credential.iter().cloned().collect(),
            federated_identities: document.federated_identities.clone(),
            consents: self.consents(&at.member("consents"), document)?,
            version: 0,
        };
        Ok(NewUser { user, password })
    }

    /// The e-mail address in small letters. An empty one is absent for Keycloak.
    fn email(&self, at: &At<'_>, document: &UserDocument) -> Result<Option<String>, RealmError> {
        let Some(email) = &document.email else {
            return Ok(None);
        };
        if email.is_empty() && self.realm.profile() == Profile::Keycloak {
            return Ok(None);
        }
        check_name(&at.member("email"), email)?;
        Ok(Some(email.to_lowercase()))
    }

    fn roles(&self, at: &At<'_>, names: &RoleNames) -> Result<Vec<String>, RealmError> {
        let mut ids = Vec::new();
        let list = at.member("realm");
        for (place, name) in names.realm.iter().enumerate() {
            let role = self.realm.realm_role(name);
            let role = role.ok_or_else(|| list.item(place).unknown("realm role", name))?;
            ids.push(role.id().to_string());
        }
        let clients = at.member("clients");
        for (client, names) in &names.clients {
            let list = clients.member(client);
            let client = self.client(&list, client)?.client_id();
            for (place, name) in names.iter().enumerate() {
                let role = self.client_roles.get(&(client, name.as_str()));
                let role = role.ok_or_else(|| list.item(place).unknown("client role", name))?;
                ids.push((*role).to_owned());
            }
        }
        Ok(ids)
    }

    fn groups(&self, list: &At<'_>, paths: &[String]) -> Result<Vec<String>, RealmError> {
        let find = |(place, path): (usize, &String)| {
            let group = self.groups.get(path.as_str());
            let group = group.ok_or_else(|| list.item(place).unknown("group", path))?;
            Ok((*group).to_owned())
        };
        paths.iter().enumerate().map(find).collect()
    }

    fn organizations(
        &self,
        list: &At<'_>,
        document: &UserDocument,
    ) -> Result<Vec<String>, RealmError> {
        let find = |(place, alias): (usize, &String)| {
            let organization = self.realm.organization(alias);
            let organization =
                organization.ok_or_else(|| list.item(place).unknown("organization", alias))?;
            Ok(organization.id().to_owned())
        };
        document
            .organizations
            .iter()
            .enumerate()
            .map(find)
            .collect()
    }

    fn consents(&self, at: &At<'_>, document: &UserDocument) -> Result<Vec<Consent>, RealmError> {
        let mut consents = Vec::with_capacity(document.consents.len());
        for (client, names) in &document.consents {
            let list = at.member(client);
            let client = self.client(&list, client)?.uuid().to_owned();
            let mut scopes = Vec::with_capacity(names.len());
            for (place, name) in names.iter().enumerate() {
                let scope = self.realm.scope_by_name(name);
                let scope = scope.ok_or_else(|| list.item(place).unknown("client scope", name))?;
                scopes.push(scope.id().to_owned());
            }
            consents.push(Consent {
                client,
                scopes,
                created: Timestamp::EPOCH,
                updated: Timestamp::EPOCH,
            });
        }
        Ok(consents)
    }

    fn client(&self, at: &At<'_>, id: &str) -> Result<&'r Client, RealmError> {
        self.realm
            .client_by_id(id)
            .ok_or_else(|| at.unknown("client", id))
    }
}
