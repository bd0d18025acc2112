//! What effects mean, once for every store.
//!
//! A store brings [`Rows`], its view of one realm inside one transaction; this file decides what is read,
//! demanded and written.

use std::sync::Arc;

use cambist::{
    effects::{Effect, SingleUse},
    facts::{ClientSession, SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
    realm::settings::{BruteForce, SessionSettings},
};

use crate::{Conflict, LoginFailures, StoreError};

/// One realm inside one transaction.
pub(crate) trait Rows {
    /// Marks the id until `until`, and says whether it was free: unmarked, or marked until before `now`.
    fn claim(
        &mut self,
        purpose: &SingleUse,
        id: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    fn session(
        &mut self,
        id: &SessionId,
        kind: SessionKind,
    ) -> Result<Option<Arc<UserSession>>, StoreError>;

    /// Makes or replaces.
    fn put_session(&mut self, session: UserSession) -> Result<(), StoreError>;

    fn remove_session(&mut self, id: &SessionId, kind: SessionKind) -> Result<(), StoreError>;

    fn user_exists(&mut self, id: &str) -> Result<bool, StoreError>;

    /// Keeps a new user, as [`UserDirectory::insert_user`](crate::UserDirectory::insert_user).
    fn create_user(&mut self, user: User) -> Result<(), StoreError>;

    /// Replaces a user, as [`UserDirectory::update_user`](crate::UserDirectory::update_user).
    fn put_user(&mut self, user: User, expected: u64) -> Result<(), StoreError>;

    /// Marks the token id as revoked until the later of `until` and the mark that is there.
    fn revoke(&mut self, token: &str, until: Timestamp) -> Result<(), StoreError>;

    fn brute_force(&mut self) -> Result<BruteForce, StoreError>;

    fn failures(&mut self, user: &str) -> Result<LoginFailures, StoreError>;

    /// Keeps the record, or drops it when it is all zero.
    fn put_failures(&mut self, user: &str, failures: LoginFailures) -> Result<(), StoreError>;
}

/// Applies the list in its order. After an error the caller undoes what was done.
pub(crate) fn apply(
    rows: &mut impl Rows,
    effects: &[Effect],
    now: Timestamp,
) -> Result<(), StoreError> {
    effects
        .iter()
        .try_for_each(|effect| apply_one(rows, effect, now))
}

fn apply_one(rows: &mut impl Rows, effect: &Effect, now: Timestamp) -> Result<(), StoreError> {
    match effect {
        Effect::UseOnce { purpose, id, until } => {
            if rows.claim(purpose, id, *until, now)? {
                Ok(())
            } else {
                Err(Conflict::UsedBefore {
                    purpose: purpose.clone(),
                }
                .into())
            }
        }
        Effect::StartSession(session) => start(rows, session),
        Effect::PutClientSession {
            session,
            kind,
            client,
            state,
            refreshed,
            expect,
        } => {
            let mut next = existing(rows, session, *kind)?;
            if let Some(expected) = *expect
                && expected != next.version
            {
                return Err(Conflict::Version {
                    expected,
                    found: next.version,
                }
                .into());
            }
            if let Some(at) = *refreshed {
                next.last_refresh = at;
            }
            next.clients
                .insert(client.as_ref().to_owned(), ClientSession::clone(state));
            put_next(rows, next)
        }
        Effect::TouchSession {
            session,
            kind,
            client,
            at,
        } => touch(rows, session, *kind, &[(client, *at)]),
        Effect::EndClientSession {
            session,
            kind,
            client,
            end_empty,
        } => {
            let Some(stored) = rows.session(session, *kind)? else {
                return Ok(());
            };
            let mut next = UserSession::clone(&stored);
            if next.clients.remove(client.as_ref()).is_none() {
                return Ok(());
            }
            if next.clients.is_empty() && *end_empty {
                return rows.remove_session(session, *kind);
            }
            put_next(rows, next)
        }
        Effect::EndSession { session, kind } => rows.remove_session(session, *kind),
        Effect::Revoke { token, until } => rows.revoke(token, *until),
        Effect::CreateUser(user) => rows.create_user(User::clone(user)),
        Effect::PutUser { user, expect } => rows.put_user(User::clone(user), *expect),
        Effect::LoginFailed { user, at } => {
            if !rows.user_exists(user)? {
                return Ok(());
            }
            let settings = rows.brute_force()?;
            let failures = rows.failures(user)?;
            let counted = failures.counted(&settings, *at);
            if counted == failures {
                Ok(())
            } else {
                rows.put_failures(user, counted)
            }
        }
        Effect::LoginSucceeded { user } => {
            if rows.failures(user)? == LoginFailures::default() {
                return Ok(());
            }
            rows.put_failures(user, LoginFailures::default())
        }
        other => Err(crate::Unavailable::Failed {
            reason: format!("this store does not know the effect {}", name_of(other)),
        }
        .into()),
    }
}

/// Moves the times of last use on, never back, for a session that is still there. The version stays: a time
/// of last use stands in no one's way.
pub(crate) fn touch(
    rows: &mut impl Rows,
    id: &SessionId,
    kind: SessionKind,
    uses: &[(&str, Timestamp)],
) -> Result<(), StoreError> {
    let Some(stored) = rows.session(id, kind)? else {
        return Ok(());
    };
    let mut next = UserSession::clone(&stored);
    for (client, at) in uses {
        next.last_refresh = next.last_refresh.max(*at);
        if let Some(client) = next.clients.get_mut(*client) {
            client.last_refresh = client.last_refresh.max(*at);
        }
    }
    if next == *stored {
        Ok(())
    } else {
        rows.put_session(next)
    }
}

/// Takes one client out of a session, as when the client is deleted. Says whether it was in.
pub(crate) fn drop_client(
    rows: &mut impl Rows,
    stored: &UserSession,
    client: &str,
) -> Result<bool, StoreError> {
    let mut next = stored.clone();
    if next.clients.remove(client).is_none() {
        return Ok(false);
    }
    put_next(rows, next)?;
    Ok(true)
}

/// The instants before which a session of this kind must have been refreshed last, or have begun, to be
/// past its time. A little later than the rules say, because judging is not the business of a sweep.
pub(crate) fn session_limits(
    settings: &SessionSettings,
    kind: SessionKind,
    now: Timestamp,
) -> (Timestamp, Option<Timestamp>) {
    const SLACK: i64 = 600;
    let (idle, max) = match kind {
        SessionKind::Online => (settings.idle, Some(settings.max)),
        SessionKind::Offline => (
            settings.offline_idle,
            settings.offline_max_enabled.then_some(settings.offline_max),
        ),
    };
    let before = |life: i64| now.after(life.saturating_add(SLACK).saturating_neg());
    (before(idle), max.map(before))
}

fn start(rows: &mut impl Rows, session: &UserSession) -> Result<(), StoreError> {
    if rows.session(&session.id, session.kind)?.is_some() {
        return Err(Conflict::SessionTaken.into());
    }
    if !rows.user_exists(&session.user)? {
        return Err(Conflict::UserGone.into());
    }
    rows.put_session(UserSession {
        version: 1,
        ..session.clone()
    })
}

fn existing(
    rows: &mut impl Rows,
    id: &SessionId,
    kind: SessionKind,
) -> Result<UserSession, StoreError> {
    match rows.session(id, kind)? {
        Some(session) => Ok(UserSession::clone(&session)),
        None => Err(Conflict::SessionGone.into()),
    }
}

fn put_next(rows: &mut impl Rows, mut session: UserSession) -> Result<(), StoreError> {
    session.version = session.version.saturating_add(1);
    rows.put_session(session)
}

fn name_of(effect: &Effect) -> String {
    let shown = format!("{effect:?}");
    shown
        .split([' ', '('])
        .next()
        .unwrap_or_default()
        .to_owned()
}
