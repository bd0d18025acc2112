//! One realm inside one transaction or snapshot.

use std::sync::Arc;

use cambist::{
    effects::SingleUse,
    facts::{SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
    realm::settings::BruteForce,
};
use rusqlite::{Connection, OptionalExtension as _, Params, params};

use super::{
    failure::{from_text, to_text},
    users,
};
use crate::{
    Conflict, LoginFailures, StoreError, apply::Rows, lookup::View, settings::StoreSettings,
};

/// A realm's rows, found by its number.
pub(super) struct RealmRows<'c> {
    pub(super) connection: &'c Connection,
    pub(super) realm: i64,
}

impl<'c> RealmRows<'c> {
    pub(super) fn find(connection: &'c Connection, name: &str) -> Result<Self, StoreError> {
        let realm = connection
            .prepare_cached("SELECT no FROM realm WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        match realm {
            Some(realm) => Ok(Self { connection, realm }),
            None => Err(StoreError::UnknownRealm {
                realm: name.to_owned(),
            }),
        }
    }

    /// Runs a statement and says how many rows it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<u64, StoreError> {
        let changed = self.connection.prepare_cached(sql)?.execute(params)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// The one text that the statement selects.
    fn text(&self, sql: &str, params: impl Params) -> Result<Option<String>, StoreError> {
        let text = self
            .connection
            .prepare_cached(sql)?
            .query_row(params, |row| row.get(0));
        Ok(text.optional()?)
    }

    /// The one record that the statement selects.
    pub(super) fn record<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<Arc<T>>, StoreError> {
        self.text(sql, params)?
            .map(|text| from_text(what, &text).map(Arc::new))
            .transpose()
    }

    /// All records that the statement selects.
    pub(super) fn records<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<Arc<T>>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(Arc::new(from_text(
                what,
                row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?,
            )?));
        }
        Ok(records)
    }

    /// Number of a user.
    pub(super) fn user_no(&self, id: &str) -> Result<Option<i64>, StoreError> {
        let no = self
            .connection
            .prepare_cached("SELECT no FROM user WHERE realm = ?1 AND id = ?2")?
            .query_row(params![self.realm, id], |row| row.get(0));
        Ok(no.optional()?)
    }
}

/// How a kind of session is stored.
pub(super) const fn kind_no(kind: SessionKind) -> i64 {
    match kind {
        SessionKind::Online => 0,
        SessionKind::Offline => 1,
    }
}

fn session_record(
    rows: &RealmRows<'_>,
    id: &SessionId,
    kind: SessionKind,
) -> Result<Option<Arc<UserSession>>, StoreError> {
    rows.record(
        "session",
        "SELECT record FROM session WHERE realm = ?1 AND kind = ?2 AND id = ?3",
        params![rows.realm, kind_no(kind), id.as_str()],
    )
}

fn failures_record(rows: &RealmRows<'_>, user: &str) -> Result<LoginFailures, StoreError> {
    let record = rows.record(
        "record of login failures",
        "SELECT f.record FROM login_failures f JOIN user u ON u.no = f.user
         WHERE u.realm = ?1 AND u.id = ?2",
        params![rows.realm, user],
    )?;
    Ok(record.map(|record| *record).unwrap_or_default())
}

fn settings_record(rows: &RealmRows<'_>) -> Result<StoreSettings, StoreError> {
    match rows.text("SELECT settings FROM realm WHERE no = ?1", [rows.realm])? {
        Some(text) => from_text("settings", &text),
        None => Err(Conflict::RealmGone.into()),
    }
}

impl View for RealmRows<'_> {
    fn settings(&mut self) -> Result<StoreSettings, StoreError> {
        settings_record(self)
    }

    fn user_by_id(&mut self, id: &str) -> Result<Option<Arc<User>>, StoreError> {
        self.record(
            "user",
            "SELECT record FROM user WHERE realm = ?1 AND id = ?2",
            params![self.realm, id],
        )
    }

    fn user_by_name(&mut self, username: &str) -> Result<Option<Arc<User>>, StoreError> {
        self.record(
            "user",
            "SELECT record FROM user WHERE realm = ?1 AND username = ?2",
            params![self.realm, username],
        )
    }

    fn user_by_email(&mut self, email: &str) -> Result<Option<Arc<User>>, StoreError> {
        let mut users = self.records(
            "user",
            "SELECT record FROM user WHERE realm = ?1 AND email = ?2 LIMIT 2",
            params![self.realm, email],
        )?;
        Ok(if users.len() == 1 { users.pop() } else { None })
    }

    fn user_by_link(
        &mut self,
        provider: &str,
        identity: &str,
    ) -> Result<Option<Arc<User>>, StoreError> {
        self.record(
            "user",
            "SELECT u.record FROM user_link l JOIN user u ON u.no = l.user
             WHERE l.realm = ?1 AND l.provider = ?2 AND l.identity = ?3",
            params![self.realm, provider, identity],
        )
    }

    fn email_is_taken(&mut self, email: &str) -> Result<bool, StoreError> {
        let taken = self
            .connection
            .prepare_cached("SELECT 1 FROM user WHERE realm = ?1 AND email = ?2")?
            .exists(params![self.realm, email])?;
        Ok(taken)
    }

    fn service_account(&mut self, client: &str) -> Result<Option<Arc<User>>, StoreError> {
        self.record(
            "user",
            "SELECT record FROM user WHERE realm = ?1 AND service_account = ?2",
            params![self.realm, client],
        )
    }

    fn session(
        &mut self,
        id: &SessionId,
        kind: SessionKind,
    ) -> Result<Option<Arc<UserSession>>, StoreError> {
        session_record(self, id, kind)
    }

    fn is_revoked(&mut self, token: &str, now: Timestamp) -> Result<bool, StoreError> {
        let revoked = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM revoked WHERE realm = ?1 AND token = ?2 AND until >= ?3",
            )?
            .exists(params![self.realm, token, now.0])?;
        Ok(revoked)
    }

    fn failures(&mut self, user: &str) -> Result<LoginFailures, StoreError> {
        failures_record(self, user)
    }
}

impl Rows for RealmRows<'_> {
    fn claim(
        &mut self,
        purpose: &SingleUse,
        id: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let purpose = to_text("purpose", purpose)?;
        let claimed = self.execute(
            "INSERT INTO single_use (realm, purpose, id, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET until = excluded.until WHERE single_use.until < ?5",
            params![self.realm, purpose, id, until.0, now.0],
        )?;
        Ok(claimed > 0)
    }

    fn session(
        &mut self,
        id: &SessionId,
        kind: SessionKind,
    ) -> Result<Option<Arc<UserSession>>, StoreError> {
        session_record(self, id, kind)
    }

    fn put_session(&mut self, session: UserSession) -> Result<(), StoreError> {
        let Some(user) = self.user_no(&session.user)? else {
            return Err(Conflict::UserGone.into());
        };
        let no: i64 = self
            .connection
            .prepare_cached(
                "INSERT INTO session (realm, kind, id, user, started, last_refresh, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (realm, kind, id) DO UPDATE SET
                     started = excluded.started,
                     last_refresh = excluded.last_refresh,
                     record = excluded.record
                 RETURNING no",
            )?
            .query_row(
                params![
                    self.realm,
                    kind_no(session.kind),
                    session.id.as_str(),
                    user,
                    session.started.0,
                    session.last_refresh.0,
                    to_text("session", &session)?,
                ],
                |row| row.get(0),
            )?;
        for client in session.clients.keys() {
            self.execute(
                "INSERT OR IGNORE INTO session_client (session, client) VALUES (?1, ?2)",
                params![no, client],
            )?;
        }
        let links: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM session_client WHERE session = ?1")?
            .query_row([no], |row| row.get(0))?;
        if usize::try_from(links) != Ok(session.clients.len()) {
            self.execute("DELETE FROM session_client WHERE session = ?1", [no])?;
            for client in session.clients.keys() {
                self.execute(
                    "INSERT INTO session_client (session, client) VALUES (?1, ?2)",
                    params![no, client],
                )?;
            }
        }
        Ok(())
    }

    fn remove_session(&mut self, id: &SessionId, kind: SessionKind) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM session WHERE realm = ?1 AND kind = ?2 AND id = ?3",
            params![self.realm, kind_no(kind), id.as_str()],
        )?;
        Ok(())
    }

    fn user_exists(&mut self, id: &str) -> Result<bool, StoreError> {
        Ok(self.user_no(id)?.is_some())
    }

    fn create_user(&mut self, user: User) -> Result<(), StoreError> {
        users::insert(self, user).map(drop)
    }

    fn put_user(&mut self, user: User, expected: u64) -> Result<(), StoreError> {
        users::update(self, user, expected).map(drop)
    }

    fn revoke(&mut self, token: &str, until: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO revoked (realm, token, until) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
            params![self.realm, token, until.0],
        )?;
        Ok(())
    }

    fn brute_force(&mut self) -> Result<BruteForce, StoreError> {
        Ok(settings_record(self)?.brute_force)
    }

    fn failures(&mut self, user: &str) -> Result<LoginFailures, StoreError> {
        failures_record(self, user)
    }

    fn put_failures(&mut self, user: &str, failures: LoginFailures) -> Result<(), StoreError> {
        let Some(no) = self.user_no(user)? else {
            return Ok(());
        };
        if failures == LoginFailures::default() {
            self.execute("DELETE FROM login_failures WHERE user = ?1", [no])?;
        } else {
            self.execute(
                "INSERT INTO login_failures (user, record) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET record = excluded.record",
                params![no, to_text("record of login failures", &failures)?],
            )?;
        }
        Ok(())
    }
}
