//! The scopes of a plan: numbers in place of borrowed scopes, so that a plan can wait.

use alloc::{string::String, vec::Vec};

use crate::{
    claims::{
        ActiveParameter, ScopeAsker, parameterized,
        scopes::{self, ActiveScopes},
    },
    facts::{Facts, User},
    realm::{Client, ClientScope, Realm, ScopeNo},
    refusal::ScopeError,
    trace::DecisionTrace,
};

/// Active client scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GrantedScopes {
    pub(super) scopes: Vec<ScopeNo>,
    pub(super) parameters: Vec<ActiveParameter>,
    pub(super) openid: bool,
    pub(super) offline: bool,
}

impl GrantedScopes {
    /// What a scope text that has been checked makes active for a user.
    pub(super) fn select(
        realm: &Realm,
        client: &Client,
        text: &str,
        asker: &ScopeAsker<'_>,
        trace: &mut DecisionTrace,
    ) -> Self {
        let active = ActiveScopes::select_for(realm, client, text, asker, Some(trace));
        Self {
            scopes: active.scopes().iter().map(|scope| scope.number()).collect(),
            parameters: active.parameters().to_vec(),
            openid: active.openid(),
            offline: active.contains(scopes::OFFLINE_ACCESS),
        }
    }

    /// The same without an offline session.
    pub(super) fn without_offline(mut self, realm: &Realm) -> Self {
        let offline = realm.scope_by_name(scopes::OFFLINE_ACCESS);
        let offline = offline.map(ClientScope::number);
        self.scopes.retain(|number| Some(*number) != offline);
        self.offline = false;
        self
    }

    /// Keeps only the scopes for which `keep` says so; `openid` stays.
    pub(super) fn retain(&mut self, realm: &Realm, keep: impl Fn(&ClientScope) -> bool) {
        self.scopes
            .retain(|number| realm.scope(*number).is_some_and(&keep));
        self.offline &= self.scopes.iter().any(|number| {
            realm
                .scope(*number)
                .is_some_and(|scope| scope.name() == scopes::OFFLINE_ACCESS)
        });
    }

    /// What the answer says of the scopes, with one more name.
    pub(super) fn answer_text(&self, realm: &Realm, more: &str) -> String {
        let active = ActiveScopes::from_numbers(realm, &self.scopes, self.openid)
            .with_parameters(&self.parameters);
        let mut text = active.token_text();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(more);
        text
    }

    /// The same for a login, where an offline session that the user may not have is refused and not passed
    /// over.
    pub(super) fn for_login(
        realm: &Realm,
        client: &Client,
        text: &str,
        asker: &ScopeAsker<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Self, ScopeError> {
        check_named(realm, client, Some(text), asker.facts)?;
        let granted = Self::select(realm, client, text, asker, trace);
        if scopes::asks_for_offline_access(realm, client, text) && !granted.offline {
            return Err(ScopeError::OfflineNotAllowed);
        }
        Ok(granted)
    }
}

/// Whether every scope shown on the consent screen has been consented to, where the client asks for consent
/// at all.
pub(super) fn consented<'s>(
    client: &Client,
    user: &User,
    mut scopes: impl Iterator<Item = &'s ClientScope>,
) -> bool {
    if !client.consent_required() {
        return true;
    }
    let given = user
        .consents
        .iter()
        .find(|consent| consent.client == client.uuid());
    let has = |id: &str| given.is_some_and(|consent| consent.scopes.iter().any(|own| own == id));
    // A consent does not say for which parameter it was given, so it covers none.
    scopes.all(|scope| match scope.parameter() {
        None => !scope.on_consent_screen() || has(scope.id()),
        Some(parameter) => !scope.on_consent_screen() && !parameter.always_needs_consent(),
    })
}

/// Checks a scope text that a client sent.
pub(super) fn check(realm: &Realm, client: &Client, text: Option<&str>) -> Result<(), ScopeError> {
    match text {
        Some(text) => scopes::check(realm, client, text)
            .map_err(|error| ScopeError::Invalid(error.text.into())),
        None => Ok(()),
    }
}

/// Checks the users whom a scope text names, once they are known.
pub(super) fn check_named(
    realm: &Realm,
    client: &Client,
    text: Option<&str>,
    facts: &Facts,
) -> Result<(), ScopeError> {
    match text {
        Some(text) => parameterized::check_named(realm, client, text, facts)
            .map_err(|error| ScopeError::Invalid(error.text.into())),
        None => Ok(()),
    }
}
