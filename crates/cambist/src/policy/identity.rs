//! Who is judged, and in what surroundings.

use alloc::{borrow::Cow, string::String};

use serde_json::Value;

use crate::{
    facts::{User, Values},
    moment::Moment,
    realm::{Client, GroupNo, Realm, RoleNo, RoleSet},
};

/// Claims of a verified token, as conditions read them.
pub trait ClaimSource {
    /// The claim of this name, when the token has it.
    fn claim(&self, name: &str) -> Option<Cow<'_, Value>>;
}

impl ClaimSource for serde_json::Map<String, Value> {
    fn claim(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.get(name).map(Cow::Borrowed)
    }
}

/// The value of a claim or an attribute.
#[derive(Clone, Debug)]
pub enum IdentityClaim<'a> {
    /// A text.
    Text(&'a str),
    /// Any JSON value.
    Json(Cow<'a, Value>),
}

/// The party whose id, roles, groups and claims conditions look at.
///
/// Who that is depends on the question: for an exchange it is the requesting *client*, not the user of the
/// subject token.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    id: &'a str,
    username: Option<&'a str>,
    /// The stored user: of a client identity, its service account.
    user: Option<&'a User>,
    /// `None`: all roles that the stored user has.
    roles: Option<&'a RoleSet>,
    claims: Claims<'a>,
    client: bool,
}

#[derive(Clone, Copy)]
enum Claims<'a> {
    /// A client sees one claim only: the scope of the subject token, when there is one.
    Scope(Option<&'a str>),
    Token(&'a dyn ClaimSource),
    Attributes(&'a Values),
}

impl core::fmt::Debug for Identity<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Identity")
            .field("id", &self.id)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl<'a> Identity<'a> {
    /// A client that asks. Its id is the client's internal id; roles and groups are those of its service
    /// account, when it has one; its only claim is `scope`, that of the subject token.
    #[must_use]
    pub fn client(
        client: &'a Client,
        service_account: Option<&'a User>,
        subject_scope: Option<&'a str>,
    ) -> Self {
        Self {
            id: client.uuid(),
            username: None,
            user: service_account,
            roles: None,
            claims: Claims::Scope(subject_scope),
            client: true,
        }
    }

    /// The user of a token: `roles` are those that count for the token, `claims` what the token says.
    #[must_use]
    pub fn token_user(user: &'a User, roles: &'a RoleSet, claims: &'a dyn ClaimSource) -> Self {
        Self {
            id: &user.id,
            username: Some(&user.username),
            user: Some(user),
            roles: Some(roles),
            claims: Claims::Token(claims),
            client: false,
        }
    }

    /// A stored user, such as the one to become: all of its roles, and its attributes in place of claims.
    #[must_use]
    pub fn stored_user(user: &'a User) -> Self {
        Self {
            id: &user.id,
            username: Some(&user.username),
            user: Some(user),
            roles: None,
            claims: Claims::Attributes(&user.attributes),
            client: false,
        }
    }

    /// Internal id: of the user, or of the client where a client asks.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// Login name; a client has none, not even with a service account.
    #[must_use]
    pub fn username(&self) -> Option<&'a str> {
        self.username
    }

    /// Whether a client asks.
    #[must_use]
    pub fn is_client(&self) -> bool {
        self.client
    }

    /// The stored user, or the service account of the client.
    #[must_use]
    pub fn user(&self) -> Option<&'a User> {
        self.user
    }

    /// Whether the role counts for this identity.
    #[must_use]
    pub fn has_role(&self, realm: &Realm, role: RoleNo) -> bool {
        match self.roles {
            Some(roles) => roles.contains(role),
            None => self.user.is_some_and(|user| holds(realm, user, role)),
        }
    }

    /// Whether the stored user has the role, whatever the token says. `None` when no stored user goes by
    /// this identity's id, which is so for every client.
    #[must_use]
    pub fn stored_role(&self, realm: &Realm, role: RoleNo) -> Option<bool> {
        let user = self.user.filter(|_| !self.client)?;
        Some(holds(realm, user, role))
    }

    /// The groups the stored user is in; `None` when there is no stored user.
    pub fn groups<'r>(
        &self,
        realm: &'r Realm,
    ) -> Option<impl Iterator<Item = GroupNo> + use<'a, 'r>> {
        let user = self.user?;
        Some(
            user.groups
                .iter()
                .filter_map(|id| realm.group_by_id(id))
                .map(crate::realm::Group::number),
        )
    }

    /// The claim or attribute of this name.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<IdentityClaim<'a>> {
        match self.claims {
            Claims::Scope(scope) => scope.filter(|_| name == "scope").map(IdentityClaim::Text),
            Claims::Token(claims) => claims.claim(name).map(IdentityClaim::Json),
            Claims::Attributes(values) => values
                .get(name)?
                .first()
                .map(|value| IdentityClaim::Text(value)),
        }
    }

    /// The claim `scope`.
    #[must_use]
    pub fn scope(&self) -> Option<Cow<'a, str>> {
        match self.claim("scope")? {
            IdentityClaim::Text(text) => Some(Cow::Borrowed(text)),
            IdentityClaim::Json(Cow::Borrowed(Value::String(text))) => Some(Cow::Borrowed(text)),
            IdentityClaim::Json(Cow::Owned(Value::String(text))) => Some(Cow::Owned(text)),
            IdentityClaim::Json(_) => None,
        }
    }
}

/// Whether a stored user has a role: given, by composite, or by a group.
fn holds(realm: &Realm, user: &User, role: RoleNo) -> bool {
    // Mostly the role itself is given, and comparing a few ids costs less than hashing them.
    let given = realm
        .role(role)
        .is_some_and(|role| user.roles.iter().any(|id| *id == *role.id()));
    given
        || user
            .roles
            .iter()
            .filter_map(|id| realm.role_by_id(id))
            .any(|held| held.closure().contains(role))
        || user
            .groups
            .iter()
            .filter_map(|id| realm.group_by_id(id))
            .any(|group| group.roles().contains(role))
}

/// What surrounds the question: Keycloak's `kc.*` context attributes.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationContext<'a> {
    /// `kc.client.id`: the requester, or the client a token was issued to.
    pub client_id: &'a str,
    /// `kc.client.network.ip_address`, when the caller knows it.
    pub remote_address: Option<&'a str>,
    /// The instant of the request, for time policies.
    pub moment: Moment,
}
