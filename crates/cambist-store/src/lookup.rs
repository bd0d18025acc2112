//! How users are found and facts are gathered, once for every store.

use std::sync::Arc;

use cambist::{
    facts::{
        ActorFacts, ActorQuery, Facts, FactsNeeded, LinkFacts, LinkQuery, LoginFacts, SessionId,
        SessionKind, SessionQuery, SessionSearch, User, UserQuery, UserSession,
    },
    moment::Timestamp,
};

use crate::{LoginFailures, StoreError, passwords::PasswordVerifier, settings::StoreSettings};

/// One realm inside one snapshot.
pub(crate) trait View {
    fn settings(&mut self) -> Result<StoreSettings, StoreError>;
    fn user_by_id(&mut self, id: &str) -> Result<Option<Arc<User>>, StoreError>;
    /// The name is in small letters.
    fn user_by_name(&mut self, username: &str) -> Result<Option<Arc<User>>, StoreError>;
    /// The address is in small letters. `None` also when several users share it.
    fn user_by_email(&mut self, email: &str) -> Result<Option<Arc<User>>, StoreError>;
    fn user_by_link(
        &mut self,
        provider: &str,
        identity: &str,
    ) -> Result<Option<Arc<User>>, StoreError>;
    /// Whether anybody has the address, which is in small letters.
    fn email_is_taken(&mut self, email: &str) -> Result<bool, StoreError>;
    fn service_account(&mut self, client: &str) -> Result<Option<Arc<User>>, StoreError>;
    fn session(
        &mut self,
        id: &SessionId,
        kind: SessionKind,
    ) -> Result<Option<Arc<UserSession>>, StoreError>;
    fn is_revoked(&mut self, token: &str, now: Timestamp) -> Result<bool, StoreError>;
    fn failures(&mut self, user: &str) -> Result<LoginFailures, StoreError>;
}

/// Finds one user.
pub(crate) fn find_user(
    view: &mut impl View,
    query: &UserQuery,
) -> Result<Option<Arc<User>>, StoreError> {
    match query {
        UserQuery::Id(id) => view.user_by_id(id),
        UserQuery::Username(name) => view.user_by_name(&name.to_lowercase()),
        UserQuery::Login(name) => login_user(view, name),
        UserQuery::UsernameOrId(text) => match view.user_by_name(&text.to_lowercase())? {
            Some(user) => Ok(Some(user)),
            None => view.user_by_id(text),
        },
        UserQuery::IdOrUsername { id, username } => {
            if let Some(id) = id
                && let Some(user) = view.user_by_id(id)?
            {
                return Ok(Some(user));
            }
            match username {
                Some(name) => view.user_by_name(&name.to_lowercase()),
                None => Ok(None),
            }
        }
        UserQuery::ServiceAccount(client) => view.service_account(client),
    }
}

/// Facts whose login still waits for the check of its password.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) facts: Facts,
}

/// Reads everything but the outcome of the password check.
pub(crate) fn gather(
    view: &mut impl View,
    needed: &FactsNeeded,
    now: Timestamp,
) -> Result<Gathered, StoreError> {
    let mut facts = Facts::default();
    if let Some(query) = &needed.session {
        facts.session = find_session(view, query)?;
        if let Some(session) = &facts.session {
            facts.subject = view.user_by_id(&session.user)?;
        }
    }
    if facts.session.is_none()
        && let Some(query) = &needed.subject
    {
        facts.subject = find_user(view, query)?;
    }
    if let Some(query) = &needed.requested {
        facts.requested = find_user(view, query)?;
    }
    if let Some(query) = &needed.service_account {
        facts.service_account = find_user(view, query)?;
    }
    if let Some(query) = &needed.link {
        facts.link = Some(find_link(view, query, now)?);
    }
    for query in &needed.named {
        if let Some(user) = find_user(view, query)? {
            facts.named.push((query.clone(), user));
        }
    }
    if let Some(query) = &needed.actor {
        facts.actor = find_actor(view, query)?;
    }
    for token in &needed.revocations {
        if view.is_revoked(token, now)? {
            facts.revoked.push(token.clone());
        }
    }
    if let Some(login) = &needed.login {
        let user = login_user(view, &login.username)?;
        let (locked_out, failures) = match &user {
            Some(user) => {
                let settings = view.settings()?.brute_force;
                let failures = view.failures(&user.id)?;
                (failures.locked_out(&settings, now), failures.count)
            }
            None => (false, 0),
        };
        facts.login = Some(LoginFacts {
            user,
            password_matches: false,
            locked_out,
            failures,
        });
    }
    Ok(Gathered { facts })
}

/// Checks the password of the login, if there is one.
pub(crate) async fn settle(
    gathered: Gathered,
    needed: &FactsNeeded,
    verifier: &PasswordVerifier,
) -> Result<Facts, StoreError> {
    let mut facts = gathered.facts;
    if let (Some(login), Some(query)) = (&mut facts.login, &needed.login) {
        login.password_matches = verifier
            .verify(login.user.clone(), query.password.clone())
            .await?;
    }
    Ok(facts)
}

fn find_actor(view: &mut impl View, query: &ActorQuery) -> Result<ActorFacts, StoreError> {
    let session = match &query.session {
        Some(session) => find_session(view, session)?,
        None => None,
    };
    let user = match (&session, &query.user) {
        (Some(session), _) => view.user_by_id(&session.user)?,
        (None, Some(user)) => find_user(view, user)?,
        (None, None) => None,
    };
    Ok(ActorFacts { session, user })
}

fn find_link(
    view: &mut impl View,
    query: &LinkQuery,
    now: Timestamp,
) -> Result<LinkFacts, StoreError> {
    let user = view.user_by_link(&query.provider, &query.user_id)?;
    let settings = view.settings()?;
    let locked_out = match &user {
        Some(user) => view
            .failures(&user.id)?
            .locked_out(&settings.brute_force, now),
        None => false,
    };
    let email_taken = match &query.email {
        Some(email) if !settings.login.duplicate_emails => {
            view.email_is_taken(&email.to_lowercase())?
        }
        _ => false,
    };
    let username_taken = view.user_by_name(&query.username.to_lowercase())?.is_some();
    Ok(LinkFacts {
        user,
        locked_out,
        username_taken,
        email_taken,
    })
}

fn login_user(view: &mut impl View, name: &str) -> Result<Option<Arc<User>>, StoreError> {
    let name = name.to_lowercase();
    let settings = view.settings()?;
    if settings.login.with_email
        && name.contains('@')
        && let Some(user) = view.user_by_email(&name)?
    {
        return Ok(Some(user));
    }
    view.user_by_name(&name)
}

fn find_session(
    view: &mut impl View,
    query: &SessionQuery,
) -> Result<Option<Arc<UserSession>>, StoreError> {
    match query.search {
        SessionSearch::Online => view.session(&query.id, SessionKind::Online),
        SessionSearch::Offline => view.session(&query.id, SessionKind::Offline),
        SessionSearch::Either => match view.session(&query.id, SessionKind::Online)? {
            Some(session) => Ok(Some(session)),
            None => view.session(&query.id, SessionKind::Offline),
        },
    }
}
