//! The `scope` parameter (RFC 6749 section 3.3): which client scopes it makes active, and what the tokens
//! say about them.
//!
//! A client has default scopes, always active, and optional ones, active when named. A scope bound to roles
//! is active only for a user who has one of them. `openid` is no client scope: it asks for an ID token. A
//! parameterized scope is active for each parameter that it is named with, and never by default.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::parameterized::{self, ActiveParameter, ScopeAsker};
use crate::{
    realm::{Client, ClientNo, ClientScope, Realm, Role, RoleOwner, RoleSet, ScopeNo},
    trace::DecisionTrace,
};

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

/// Whether the text names the scope, with or without a parameter.
pub(crate) fn names_in_any_form(text: &str, scope: &ClientScope) -> bool {
    names(text).any(|name| {
        let rest = name.strip_prefix(scope.name());
        rest.is_some_and(|rest| {
            rest.is_empty() || scope.organizations().is_some() && rest.starts_with(':')
        })
    })
}

/// Checks a scope text that a client sent: every name must be `openid` or a default or optional scope of the
/// client, one blank between names and none around them. Repetition is allowed, an empty text is not. Of users
/// whom parameters name nothing is known yet; [`check_named`](super::parameterized::check_named) asks for them.
///
/// # Errors
///
/// [`InvalidScopes`] with the whole text.
pub fn check(realm: &Realm, client: &Client, text: &str) -> Result<(), InvalidScopes> {
    if text
        .split(' ')
        .all(|name| name == OPENID || is_assigned(realm, client, name))
        && parameterized::repeat_rightly(realm, client, text)
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
    parameters: Vec<ActiveParameter>,
    openid: bool,
}

impl<'a> ActiveScopes<'a> {
    /// The default scopes of the client and those optional ones that `requested` names, without the scopes
    /// bound to roles of which the user has none. Names that the client does not have count for nothing;
    /// where they are to be refused, [`check`] comes first. Parameters that name users are left out: where they
    /// may matter, it is [`select_for`](Self::select_for).
    #[must_use]
    pub fn select(
        realm: &'a Realm,
        client: &Client,
        requested: &str,
        user_roles: &RoleSet,
    ) -> Self {
        Self::chosen(realm, client, requested, user_roles, |requested| {
            parameterized::active(realm, client, requested, user_roles, None, None)
        })
    }

    /// The same, with the parameters that name users.
    #[must_use]
    pub fn select_for(
        realm: &'a Realm,
        client: &Client,
        requested: &str,
        asker: &ScopeAsker<'_>,
        trace: Option<&mut DecisionTrace>,
    ) -> Self {
        Self::chosen(realm, client, requested, asker.roles, |requested| {
            parameterized::active(realm, client, requested, asker.roles, Some(asker), trace)
        })
    }

    fn chosen(
        realm: &'a Realm,
        client: &Client,
        requested: &str,
        user_roles: &RoleSet,
        parameters: impl FnOnce(&str) -> Vec<(&'a ClientScope, ActiveParameter)>,
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
        let add = |scopes: &mut Vec<&'a ClientScope>, scope: &'a ClientScope| {
            if !scopes.iter().any(|known| known.number() == scope.number()) {
                scopes.push(scope);
            }
        };
        let plain = |scope: &&ClientScope| scope.parameter().is_none();
        for scope in defaults.chain(optional).filter(plain) {
            if is_within(scope, user_roles) {
                add(&mut scopes, scope);
            }
        }
        let mut active = Vec::new();
        for (scope, parameter) in parameters(requested) {
            add(&mut scopes, scope);
            active.push(parameter);
        }
        Self {
            scopes,
            parameters: active,
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
        Self {
            scopes,
            parameters: Vec::new(),
            openid,
        }
    }

    /// The same with these parameters.
    #[must_use]
    pub fn with_parameters(mut self, parameters: &[ActiveParameter]) -> Self {
        self.parameters = parameters.to_vec();
        self
    }

    /// What the parameterized scopes among them were named with.
    #[must_use]
    pub fn parameters(&self) -> &[ActiveParameter] {
        &self.parameters
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

    /// Puts `openid` in.
    pub fn add_openid(&mut self) {
        self.openid = true;
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
            .flat_map(|scope| scope_texts(scope, &self.parameters));
        join(self.openid.then_some(OPENID).into_iter().chain(scopes))
    }
}

/// What a scope text says of an active scope: its name, or each parameter that it was named with.
pub(crate) fn scope_texts<'s>(
    scope: &'s ClientScope,
    parameters: &'s [ActiveParameter],
) -> impl Iterator<Item = &'s str> {
    let of_scope = move |parameter: &&ActiveParameter| parameter.scope() == scope.number();
    let plain = scope.parameter().is_none() && !parameters.iter().any(|one| of_scope(&one));
    let plain = plain.then(|| scope.name());
    let named = parameters
        .iter()
        .filter(of_scope)
        .map(ActiveParameter::text);
    plain.into_iter().chain(named)
}

/// Whether the user has one of the roles that the scope is bound to, where it is bound.
pub(super) fn is_within(scope: &ClientScope, roles: &RoleSet) -> bool {
    scope.role_mappings().is_empty() || scope.role_mappings().intersects(roles)
}

fn is_assigned(realm: &Realm, client: &Client, name: &str) -> bool {
    is_plain(realm, client, name) || parameterized::may_name(realm, client, name)
}

/// Whether this is the name of a scope of the client that takes no parameter.
pub(super) fn is_plain(realm: &Realm, client: &Client, name: &str) -> bool {
    realm.scope_by_name(name).is_some_and(|scope| {
        let assigned = client.default_scopes().contains(&scope.number())
            || client.optional_scopes().contains(&scope.number());
        assigned && scope.parameter().is_none()
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

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::claims::{effective_roles, test_world::World};

    fn token_text(world: &World, client: &str, username: &str, requested: &str) -> String {
        world.login(client, username, requested).scopes.token_text()
    }

    /// grants/password-scope-twice, password-only-profile, claims/scopes-colon.
    #[test]
    fn names_that_the_client_has_are_taken() {
        let world = World::recorded("ep-claims-scopes");
        let client = world.client("mixed");
        for text in [
            "openid",
            "email email",
            "hidden",
            "with:colon",
            "openid basic needs-edit",
        ] {
            assert_eq!(check(&world.realm, client, text), Ok(()), "{text:?}");
        }
    }

    /// claims/scopes-builtin-absent, grants/password-unknown-among, password-openid-case,
    /// password-scope-spaces, endpoint/empty-scope, v2-standard/scope-not-assigned.
    #[test]
    fn anything_else_is_refused_with_the_whole_text() {
        let world = World::recorded("ep-claims-scopes");
        let client = world.client("by-default");
        for text in [
            "",
            " ",
            "openid address",
            "email colour",
            "OPENID",
            "openid  email",
            "openid ",
            " openid",
            "needs-edit",
            "with:colon",
            "hidden:1",
            "openid\temail",
        ] {
            let error = check(&world.realm, client, text).unwrap_err();
            assert_eq!(&*error.text, text);
            assert_eq!(error.to_string(), alloc::format!("invalid scopes: {text}"));
        }
    }

    /// claims/scopes-hidden, scopes-optional.
    #[test]
    fn hidden_scopes_are_active_but_not_shown() {
        let world = World::recorded("ep-claims-scopes");
        let login = world.login("by-default", "ada", "hidden openid color");
        assert!(login.scopes.contains("hidden") && login.scopes.contains(OPENID));
        assert!(!login.scopes.contains("needs-read"));
        assert_eq!(login.scopes.token_text(), "openid email profile color");
        assert_eq!(
            login.scopes.full_text(),
            "openid acr basic roles email profile web-origins color hidden"
        );
    }

    /// claims/scopes-role-has, scopes-role-lacks, scopes-default-role-has, scopes-default-role-lacks.
    #[test]
    fn scopes_bound_to_roles_need_one_of_them() {
        let world = World::recorded("ep-claims-scopes");
        assert_eq!(
            token_text(&world, "mixed", "ada", "needs-read"),
            "email profile color needs-read"
        );
        assert_eq!(
            token_text(&world, "mixed", "dora", "needs-read"),
            "email profile color"
        );
        assert_eq!(
            token_text(&world, "default-needs", "ada", ""),
            "email profile needs-read needs-edit"
        );
        assert_eq!(
            token_text(&world, "default-needs", "dora", ""),
            "email profile"
        );
    }

    /// grants/password-offline-no-role: a user without the role is refused by the grant, so the question
    /// is answered without the user.
    #[test]
    fn offline_access_is_asked_for_by_name_and_assignment() {
        let world = World::recorded("ep-claims");
        let client = world.client("plain");
        assert!(asks_for_offline_access(
            &world.realm,
            client,
            "openid offline_access"
        ));
        assert!(!asks_for_offline_access(&world.realm, client, "openid"));
        let bare = world.client("no-scopes");
        assert!(!asks_for_offline_access(
            &world.realm,
            bare,
            "offline_access"
        ));
    }

    /// v1-internal/scope-absent, scope-narrower, scope-wider, scope-unknown, scope-empty, scope-twice,
    /// scope-openid-new, scope-openid-dropped, scope-bare-target, minted-scope-none.
    #[test]
    fn an_exchange_inherits_no_more_than_the_subject_has() {
        let world = World::recorded("ep-claims");
        let target = world.client("plain");
        let of = |requested, subject| inherited(&world.realm, target, requested, subject);
        assert_eq!(of(None, Some("openid email phone")), "openid email phone");
        assert_eq!(of(None, Some("email nonsense")), "email");
        assert_eq!(of(Some("email"), Some("email phone")), "email");
        assert_eq!(of(Some("phone"), Some("email profile")), "");
        assert_eq!(of(Some("nonsense"), Some("email nonsense")), "");
        assert_eq!(of(Some(""), Some("email")), "");
        assert_eq!(
            of(Some("email email  phone"), Some("email phone")),
            "email phone"
        );
        assert_eq!(of(Some("openid"), Some("email")), "");
        assert_eq!(of(Some("email"), Some("openid email")), "email");
        assert_eq!(of(Some("openid email"), None), "openid email");
        assert_eq!(of(None, None), "");
        let bare = world.client("no-scopes");
        assert_eq!(
            inherited(&world.realm, bare, None, Some("openid email")),
            "openid"
        );
    }

    /// grants/refresh-widen, refresh-add-openid, refresh-narrow.
    #[test]
    fn a_refresh_gets_nothing_that_was_not_granted() {
        assert_eq!(narrowed("openid address", "openid email"), "openid");
        assert_eq!(narrowed("openid", "email profile"), "");
        assert_eq!(
            narrowed("openid address", "address email openid phone"),
            "openid address"
        );
    }

    /// v2-standard/filter-first, filter-second, filter-realm-role: client roles of others do not hold a
    /// scope, realm roles and scopes without roles stay.
    #[test]
    fn scopes_that_serve_no_audience_are_left_out() {
        let world = World::recorded("ep-claims-scopes");
        let ada = effective_roles(&world.realm, world.user("ada"));
        let (api, other) = (world.client("api").number(), world.client("mixed").number());
        let rest = |audiences: &[ClientNo]| {
            let mut scopes = world.login("default-needs", "ada", "").scopes;
            scopes.restrict_to_audiences(&world.realm, audiences, &ada);
            scopes.token_text()
        };
        assert_eq!(rest(&[api]), "email profile needs-read needs-edit");
        assert_eq!(rest(&[other]), "email profile needs-read");
        assert_eq!(rest(&[other, api]), "email profile needs-read needs-edit");
    }

    #[test]
    fn a_selection_can_be_taken_up_again_by_its_numbers() {
        let world = World::recorded("ep-claims-scopes");
        let first = world.login("mixed", "ada", "openid hidden").scopes;
        let numbers: Vec<_> = first.scopes().iter().map(|scope| scope.number()).collect();
        let again = ActiveScopes::from_numbers(&world.realm, &numbers, first.openid());
        assert_eq!(again.full_text(), first.full_text());
        let mut less = again;
        less.retain(|scope| scope.name() != "hidden");
        less.drop_openid();
        assert_eq!(
            less.full_text(),
            first
                .full_text()
                .replace("openid ", "")
                .replace(" hidden", "")
        );
    }
}
