//! The `scope` parameter (RFC 6749 section 3.3): which client scopes it makes active, and what the tokens
//! say about them.
//!
//! A client has default scopes, always active, and optional ones, active when named. A scope bound to roles
//! is active only for a user who has one of them. `openid` is no client scope: it asks for an ID token.

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::realm::{Client, ClientNo, ClientScope, Realm, Role, RoleOwner, RoleSet, ScopeNo};

/// The scope that asks for an ID token (OpenID Connect Core section 3.1.2.1).
pub const OPENID: &str = "openid";

/// The scope that asks for an offline session (OpenID Connect Core section 11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scope text names what the client does not have, or is not one blank between names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid scopes: {text}")]
pub struct InvalidScopes {
    /// The whole text, as it came.
    pub text: Box<str>,
}

/// The names in a scope text, in order. Repeated names stay, blanks too many are passed over.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|name| !name.is_empty())
}

/// Whether the text names this scope.
#[must_use]
pub fn names_scope(text: &str, name: &str) -> bool {
    names(text).any(|known| known == name)
}

/// Checks a scope text that a client sent: every name must be `openid` or a default or optional scope of the
/// client, one blank between names and none around them. Repetition is allowed, an empty text is not.
///
/// # Errors
///
/// [`InvalidScopes`] with the whole text.
pub fn check(realm: &Realm, client: &Client, text: &str) -> Result<(), InvalidScopes> {
    if text
        .split(' ')
        .all(|name| name == OPENID || is_assigned(realm, client, name))
    {
        Ok(())
    } else {
        Err(InvalidScopes { text: text.into() })
    }
}

/// Whether the text asks for an offline session and the client may ask for one. The user's roles do not
/// count here: a user without the role for it is to be refused, not given less.
#[must_use]
pub fn asks_for_offline_access(realm: &Realm, client: &Client, text: &str) -> bool {
    names_scope(text, OFFLINE_ACCESS) && is_assigned(realm, client, OFFLINE_ACCESS)
}

/// The scope text of a permission-based exchange: what the subject token has, no more than was asked for,
/// and of that what the target knows.
///
/// | requested | subject | result |
/// |---|---|---|
/// | no | yes | the subject's, as far as the target has them |
/// | yes | yes | those in both, as far as the target has them |
/// | yes | no | as requested |
/// | no | no | none |
///
/// Unknown and excessive names are dropped in silence, `openid` needs no assignment. The default scopes of
/// the target come in later, with [`ActiveScopes::select`].
#[must_use]
pub fn inherited(
    realm: &Realm,
    target: &Client,
    requested: Option<&str>,
    subject: Option<&str>,
) -> String {
    let known = |name: &&str| *name == OPENID || is_assigned(realm, target, name);
    match (requested, subject) {
        (None, None) => String::new(),
        (Some(requested), None) => join(names(requested)),
        (None, Some(subject)) => join(names(subject).filter(known)),
        (Some(requested), Some(subject)) => join(
            names(requested)
                .filter(|name| names_scope(subject, name))
                .filter(known),
        ),
    }
}

/// The names of `requested` that `granted` has too: what a refresh that names scopes gets.
#[must_use]
pub fn narrowed(requested: &str, granted: &str) -> String {
    join(names(requested).filter(|name| names_scope(granted, name)))
}

/// The client scopes active for one token.
#[derive(Clone, Debug)]
pub struct ActiveScopes<'a> {
    scopes: Vec<&'a ClientScope>,
    openid: bool,
}

impl<'a> ActiveScopes<'a> {
    /// The default scopes of the client and those optional ones that `requested` names, without the scopes
    /// bound to roles of which the user has none. Names that the client does not have count for nothing;
    /// where they are to be refused, [`check`] comes first.
    #[must_use]
    pub fn select(
        realm: &'a Realm,
        client: &Client,
        requested: &str,
        user_roles: &RoleSet,
    ) -> Self {
        let mut scopes: Vec<&'a ClientScope> = Vec::new();
        let defaults = client
            .default_scopes()
            .iter()
            .filter_map(|number| realm.scope(*number));
        let optional = client
            .optional_scopes()
            .iter()
            .filter_map(|number| realm.scope(*number))
            .filter(|scope| names_scope(requested, scope.name()));
        for scope in defaults.chain(optional) {
            let permitted =
                scope.role_mappings().is_empty() || scope.role_mappings().intersects(user_roles);
            if permitted && !scopes.iter().any(|known| known.number() == scope.number()) {
                scopes.push(scope);
            }
        }
        Self {
            scopes,
            openid: names_scope(requested, OPENID),
        }
    }

    /// The scopes of these numbers, as an earlier selection found them. Numbers that the realm does not
    /// have are passed over.
    #[must_use]
    pub fn from_numbers(realm: &'a Realm, numbers: &[ScopeNo], openid: bool) -> Self {
        let scopes = numbers
            .iter()
            .filter_map(|number| realm.scope(*number))
            .collect();
        Self { scopes, openid }
    }

    /// The scopes, default ones first.
    #[must_use]
    pub fn scopes(&self) -> &[&'a ClientScope] {
        &self.scopes
    }

    /// Whether `openid` was asked for.
    #[must_use]
    pub fn openid(&self) -> bool {
        self.openid
    }

    /// Whether the scope of this name is active; `openid` counts as one.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        (self.openid && name == OPENID) || self.scopes.iter().any(|scope| scope.name() == name)
    }

    /// Keeps only the scopes for which `keep` says so; `openid` stays.
    pub fn retain(&mut self, mut keep: impl FnMut(&ClientScope) -> bool) {
        self.scopes.retain(|scope| keep(scope));
    }

    /// Takes `openid` out.
    pub fn drop_openid(&mut self) {
        self.openid = false;
    }

    /// Leaves out what serves none of these audiences: a scope bound to roles stays only when the user has
    /// one of its roles that is a realm role or belongs to one of the audiences.
    pub fn restrict_to_audiences(
        &mut self,
        realm: &Realm,
        audiences: &[ClientNo],
        user_roles: &RoleSet,
    ) {
        let serves = |role: &Role| match role.owner() {
            RoleOwner::Realm => true,
            RoleOwner::Client(owner) => audiences.contains(&owner),
        };
        self.scopes.retain(|scope| {
            scope.role_mappings().is_empty()
                || scope
                    .role_mappings()
                    .iter()
                    .filter(|role| user_roles.contains(*role))
                    .filter_map(|role| realm.role(role))
                    .any(serves)
        });
    }

    /// What `scope` of an access token and of the answer says: `openid` first, then the scopes that want to
    /// be seen there.
    #[must_use]
    pub fn token_text(&self) -> String {
        self.text(|scope| scope.in_token_scope())
    }

    /// What `scope` of a refresh token says: all scopes, so that a refresh finds each again.
    #[must_use]
    pub fn full_text(&self) -> String {
        self.text(|_| true)
    }

    fn text(&self, shown: impl Fn(&ClientScope) -> bool) -> String {
        let scopes = self
            .scopes
            .iter()
            .filter(|scope| shown(scope))
            .map(|scope| scope.name());
        join(self.openid.then_some(OPENID).into_iter().chain(scopes))
    }
}

fn is_assigned(realm: &Realm, client: &Client, name: &str) -> bool {
    realm.scope_by_name(name).is_some_and(|scope| {
        client.default_scopes().contains(&scope.number())
            || client.optional_scopes().contains(&scope.number())
    })
}

/// Names with one blank between them, each only once.
fn join<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut text = String::new();
    for name in names {
        if names_scope(&text, name) {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(name);
    }
    text
}
