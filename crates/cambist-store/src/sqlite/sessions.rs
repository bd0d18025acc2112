//! Sessions in SQLite.

use std::sync::Arc;

use cambist::facts::{SessionId, SessionKind, UserSession};
use rusqlite::params;

use super::{
    SqliteStore,
    rows::{RealmRows, kind_no},
    users::limits,
};
use crate::{
    LoginFailures, Page, Sessions, StoreError, StoreFuture, apply::drop_client, lookup::View,
};

impl Sessions for SqliteStore {
    fn find_session<'a>(
        &'a self,
        realm: &'a str,
        id: &'a SessionId,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Option<Arc<UserSession>>, StoreError>> {
        self.read_soon(|connection| {
            View::session(&mut RealmRows::find(connection, realm)?, id, kind)
        })
    }

    fn user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>> {
        let user = user.to_owned();
        self.read_long_in(realm, move |rows| {
            rows.records(
                "session",
                "SELECT s.record FROM user u JOIN session s ON s.user = u.no
                 WHERE u.realm = ?1 AND u.id = ?2 AND s.kind = ?3 ORDER BY s.started, s.id",
                params![rows.realm, user, kind_no(kind)],
            )
        })
    }

    fn client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<UserSession>>, StoreError>> {
        let client = client.to_owned();
        self.read_long_in(realm, move |rows| {
            let (limit, offset) = limits(page);
            rows.records(
                "session",
                "SELECT s.record FROM session_client c JOIN session s ON s.no = c.session
                 WHERE c.client = ?1 AND s.realm = ?2 AND s.kind = ?3
                 ORDER BY s.started, s.id LIMIT ?4 OFFSET ?5",
                params![client, rows.realm, kind_no(kind), limit, offset],
            )
        })
    }

    fn count_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
        kind: SessionKind,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        let client = client.to_owned();
        self.read_long_in(realm, move |rows| {
            let count: i64 = rows
                .connection
                .prepare_cached(
                    "SELECT count(*) FROM session_client c JOIN session s ON s.no = c.session
                     WHERE c.client = ?1 AND s.realm = ?2 AND s.kind = ?3",
                )?
                .query_row(params![client, rows.realm, kind_no(kind)], |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or(0))
        })
    }

    fn end_user_sessions<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
        offline: bool,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        let user = user.to_owned();
        let last = kind_no(if offline {
            SessionKind::Offline
        } else {
            SessionKind::Online
        });
        self.write_in(realm, move |rows| {
            let Some(user) = rows.user_no(&user)? else {
                return Ok(0);
            };
            rows.execute(
                "DELETE FROM session WHERE user = ?1 AND kind <= ?2",
                params![user, last],
            )
        })
    }

    fn end_realm_sessions<'a>(
        &'a self,
        realm: &'a str,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        self.write_in(realm, |rows| {
            rows.execute(
                "DELETE FROM session WHERE realm = ?1 AND kind = ?2",
                params![rows.realm, kind_no(SessionKind::Online)],
            )
        })
    }

    fn end_client_sessions<'a>(
        &'a self,
        realm: &'a str,
        client: &'a str,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        let client = client.to_owned();
        self.write_in(realm, move |rows| {
            let sessions: Vec<Arc<UserSession>> = rows.records(
                "session",
                "SELECT s.record FROM session_client c JOIN session s ON s.no = c.session
                 WHERE c.client = ?1 AND s.realm = ?2",
                params![client, rows.realm],
            )?;
            let mut ended = 0_u64;
            for session in sessions {
                if drop_client(rows, &session, &client)? {
                    ended = ended.saturating_add(1);
                }
            }
            Ok(ended)
        })
    }

    fn login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: &'a str,
    ) -> StoreFuture<'a, Result<LoginFailures, StoreError>> {
        self.read_soon(|connection| View::failures(&mut RealmRows::find(connection, realm)?, user))
    }

    fn clear_login_failures<'a>(
        &'a self,
        realm: &'a str,
        user: Option<&'a str>,
    ) -> StoreFuture<'a, Result<(), StoreError>> {
        let user = user.map(str::to_owned);
        self.write_in(realm, move |rows| {
            rows.execute(
                "DELETE FROM login_failures WHERE user IN
                     (SELECT no FROM user WHERE realm = ?1 AND (?2 IS NULL OR id = ?2))",
                params![rows.realm, user],
            )?;
            Ok(())
        })
    }
}
