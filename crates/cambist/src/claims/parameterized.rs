//! Parameterized scopes in a scope text: `level:5` names the client scope `level` with the parameter `5`.
//!
//! Whether a text may name them at all is judged twice: before any fact is known, by kind, number and client,
//! and once the users are known whom parameters name. What then becomes of them depends on the user whom the
//! token is for: a parameter that names that very user, or somebody who may not act for them, is left out in
//! silence, as Keycloak does.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::scopes::{InvalidScopes, is_plain, is_within, names};
use crate::{
    facts::{Facts, User, UserQuery},
    policy::{EvaluationContext, can_be_acted_for, can_view},
    realm::{
        Client, ClientScope, Organization, Realm, RoleSet, ScopeNo,
        parameter::{ParameterKind, ScopeParameter},
    },
    trace::DecisionTrace,
};

/// Most users that the parameters of one scope text may name; a text with more is refused.
pub const MAX_NAMED_USERS: usize = 16;

/// A parameterized scope that is active, with one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveParameter {
    scope: ScopeNo,
    text: Box<str>,
    user: Option<Arc<User>>,
}

impl ActiveParameter {
    /// The scope.
    #[must_use]
    pub fn scope(&self) -> ScopeNo {
        self.scope
    }

    /// Scope and parameter as a scope text says them, such as `level:5`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameter, such as `5`.
    #[must_use]
    pub fn parameter(&self) -> &str {
        self.text
            .split_once(':')
            .map_or("", |(_, parameter)| parameter)
    }

    /// The user whom the parameter names, where claims may tell of them.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }
}

/// For whom scopes are chosen, and what is known of the users whom their parameters name.
#[derive(Clone, Copy, Debug)]
pub struct ScopeAsker<'a> {
    /// The user whom the token is for.
    pub user: &'a User,
    /// The roles of that user.
    pub roles: &'a RoleSet,
    /// Holds the users that were named.
    pub facts: &'a Facts,
    /// For the permissions that are asked.
    pub context: EvaluationContext<'a>,
}

/// The users whom the parameters of this text name, where the client has the scopes: what a decision needs to
/// know beside the text.
#[must_use]
pub fn named_users(realm: &Realm, client: &Client, text: &str) -> Vec<UserQuery> {
    let mut users = Vec::new();
    for (_, kind, parameter) in parameters(realm, client, text) {
        let query = query(parameter);
        if kind.names_user() && !users.contains(&query) && users.len() < MAX_NAMED_USERS {
            users.push(query);
        }
    }
    users
}

/// Refuses a text that names a user who is not there or disabled.
///
/// # Errors
///
/// [`InvalidScopes`] with the whole text.
pub fn check_named(
    realm: &Realm,
    client: &Client,
    text: &str,
    facts: &Facts,
) -> Result<(), InvalidScopes> {
    let known = parameters(realm, client, text)
        .filter(|(_, kind, _)| kind.names_user())
        .all(|(_, _, parameter)| {
            facts
                .named(&query(parameter))
                .is_some_and(|user| user.enabled)
        });
    if known {
        Ok(())
    } else {
        Err(InvalidScopes { text: text.into() })
    }
}

/// Whether the client may name the scope with this parameter, as far as that shows before anything is known of
/// users.
pub(super) fn may_name(realm: &Realm, client: &Client, name: &str) -> bool {
    parameter_of(realm, client, name).is_some_and(|(_, kind, parameter)| {
        kind.takes(parameter)
            && organization_is_there(realm, kind, parameter)
            && (client.consent_required() || !kind.always_needs_consent())
    })
}

/// Whether no scope is named with more parameters than it takes, and not too many users are named. The same
/// parameter twice is one.
pub(super) fn repeat_rightly(realm: &Realm, client: &Client, text: &str) -> bool {
    if !text.contains(':') {
        return true;
    }
    let mut single: Vec<(ScopeNo, &str)> = Vec::new();
    let mut users: Vec<&str> = Vec::new();
    for (scope, kind, parameter) in parameters(realm, client, text) {
        // With and without a parameter is more than one, too.
        if scope.organizations().is_some() && names(text).any(|name| name == scope.name()) {
            return false;
        }
        if kind.names_user() && !users.contains(&parameter) {
            users.push(parameter);
        }
        if kind.is_repeatable() {
            continue;
        }
        match single.iter().find(|(known, _)| *known == scope.number()) {
            Some((_, first)) if *first != parameter => return false,
            Some(_) => {}
            None => single.push((scope.number(), parameter)),
        }
    }
    users.len() <= MAX_NAMED_USERS
}

/// The parameters of the text that become active, without those of scopes bound to roles that the user lacks.
/// Whatever [`super::scopes::check`] or [`check_named`] would refuse is left out. Without an `asker` no
/// parameter that names a user is active.
pub(super) fn active<'r>(
    realm: &'r Realm,
    client: &Client,
    text: &str,
    roles: &RoleSet,
    asker: Option<&ScopeAsker<'_>>,
    mut trace: Option<&mut DecisionTrace>,
) -> Vec<(&'r ClientScope, ActiveParameter)> {
    let mut chosen: Vec<(&'r ClientScope, ActiveParameter)> = Vec::new();
    if !text.contains(':') {
        return chosen;
    }
    for name in names(text) {
        let Some((scope, kind, parameter)) = parameter_of(realm, client, name) else {
            continue;
        };
        let known = |chosen: &[(_, ActiveParameter)]| {
            chosen.iter().any(|(_, active)| {
                &*active.text == name || !kind.is_repeatable() && active.scope == scope.number()
            })
        };
        if !may_name(realm, client, name) || !is_within(scope, roles) || known(&chosen) {
            continue;
        }
        if !is_member(realm, asker, kind, parameter) {
            continue;
        }
        let user = if kind.names_user() {
            let Some(asker) = asker else { continue };
            match named(realm, asker, kind, parameter, trace.as_deref_mut()) {
                Some(user) => user,
                None => continue,
            }
        } else {
            None
        };
        chosen.push((
            scope,
            ActiveParameter {
                scope: scope.number(),
                text: name.into(),
                user,
            },
        ));
    }
    chosen
}

/// The parameter that stands for all organizations of the user.
pub(super) const ALL_ORGANIZATIONS: &str = "*";

/// Where the parameter is to name an organization: whether it names one that tokens may tell of.
fn organization_is_there(realm: &Realm, kind: &ScopeParameter, parameter: &str) -> bool {
    !matches!(kind.kind(), ParameterKind::Organization)
        || parameter == ALL_ORGANIZATIONS
        || realm
            .organization(parameter)
            .is_some_and(Organization::enabled)
}

/// Where the parameter names an organization: whether the user is in it.
fn is_member(
    realm: &Realm,
    asker: Option<&ScopeAsker<'_>>,
    kind: &ScopeParameter,
    parameter: &str,
) -> bool {
    if !matches!(kind.kind(), ParameterKind::Organization) || parameter == ALL_ORGANIZATIONS {
        return true;
    }
    let organization = realm.organization(parameter);
    organization
        .zip(asker)
        .is_some_and(|(organization, asker)| asker.user.is_in(organization))
}

/// The user named, as far as claims may tell of them; `None` where the scope is left out.
#[expect(
    clippy::option_option,
    reason = "left out, in without a user to tell of, in with one"
)]
fn named(
    realm: &Realm,
    asker: &ScopeAsker<'_>,
    kind: &ScopeParameter,
    parameter: &str,
    trace: Option<&mut DecisionTrace>,
) -> Option<Option<Arc<User>>> {
    let user = asker.facts.named(&query(parameter))?;
    if !user.enabled || user.id == asker.user.id {
        return None;
    }
    let recording = trace.as_ref().is_some_and(|trace| trace.is_recording());
    let (answer, policies) = match kind.kind() {
        ParameterKind::Delegation => {
            can_be_acted_for(realm, asker.user, user, &asker.context, recording)
        }
        _ if kind.opens_user_data() => (Ok(()), None),
        _ => can_view(realm, asker.user, user, &asker.context, recording),
    };
    if let Some(trace) = trace {
        trace.gates.extend(policies);
    }
    if answer.is_err() && matches!(kind.kind(), ParameterKind::Delegation) {
        return None;
    }
    // Claims are written of a user who is named by user name; an e-mail address only passes the check.
    let by_name = user.username == parameter.to_lowercase();
    Some((answer.is_ok() && by_name).then(|| Arc::clone(user)))
}

/// The parameterized scopes of the client that the text names.
fn parameters<'r, 't>(
    realm: &'r Realm,
    client: &'r Client,
    text: &'t str,
) -> impl Iterator<Item = (&'r ClientScope, &'r ScopeParameter, &'t str)> {
    names(text).filter_map(move |name| parameter_of(realm, client, name))
}

fn parameter_of<'r, 't>(
    realm: &'r Realm,
    client: &Client,
    name: &'t str,
) -> Option<(&'r ClientScope, &'r ScopeParameter, &'t str)> {
    // A scope whose own name has a colon goes first.
    let (base, parameter) = name
        .split_once(':')
        .filter(|_| !is_plain(realm, client, name))?;
    let scope = realm.scope_by_name(base)?;
    let assigned = client.default_scopes().contains(&scope.number())
        || client.optional_scopes().contains(&scope.number());
    let kind = scope.parameter().or(scope.organizations());
    let kind = kind.filter(|_| assigned)?;
    Some((scope, kind, parameter))
}

fn query(parameter: &str) -> UserQuery {
    UserQuery::Login(parameter.to_lowercase().into())
}
