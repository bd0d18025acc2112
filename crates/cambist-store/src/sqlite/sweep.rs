//! Forgetting what is over, a little at a time, so that no one waits long behind it.

use cambist::{facts::SessionKind, moment::Timestamp};
use rusqlite::params;

use super::{
    SqliteStore,
    failure::from_text,
    rows::{RealmRows, kind_no},
};
use crate::{
    LoginFailures, RealmSource as _, StoreError, Swept, apply::session_limits, lookup::View,
};

/// Rows of each kind in one transaction.
const AT_ONCE: i64 = 2_000;

pub(super) async fn sweep(store: &SqliteStore, now: Timestamp) -> Result<Swept, StoreError> {
    let mut total = Swept::default();
    for realm in store.realm_names().await? {
        loop {
            let swept = match store
                .write_in(&realm, move |rows| sweep_some(rows, now))
                .await
            {
                Err(StoreError::UnknownRealm { .. }) => break,
                swept => swept?,
            };
            total.single_use = total.single_use.saturating_add(swept.single_use);
            total.revocations = total.revocations.saturating_add(swept.revocations);
            total.sessions = total.sessions.saturating_add(swept.sessions);
            total.failures = total.failures.saturating_add(swept.failures);
            let most = [swept.single_use, swept.revocations, swept.sessions];
            if most.iter().all(|removed| *removed < AT_ONCE.unsigned_abs()) {
                break;
            }
        }
    }
    Ok(total)
}

fn sweep_some(rows: &mut RealmRows<'_>, now: Timestamp) -> Result<Swept, StoreError> {
    let settings = rows.settings()?;
    let realm = rows.realm;
    let mut swept = Swept {
        single_use: rows.execute(
            "DELETE FROM single_use WHERE (realm, purpose, id) IN
                 (SELECT realm, purpose, id FROM single_use WHERE realm = ?1 AND until < ?2 LIMIT ?3)",
            params![realm, now.0, AT_ONCE],
        )?,
        revocations: rows.execute(
            "DELETE FROM revoked WHERE (realm, token) IN
                 (SELECT realm, token FROM revoked WHERE realm = ?1 AND until < ?2 LIMIT ?3)",
            params![realm, now.0, AT_ONCE],
        )?,
        ..Swept::default()
    };
    for kind in [SessionKind::Online, SessionKind::Offline] {
        let (idle, max) = session_limits(&settings.sessions, kind, now);
        let removed = rows.execute(
            "DELETE FROM session WHERE no IN
                 (SELECT no FROM session WHERE realm = ?1 AND kind = ?2 AND last_refresh < ?3
                  UNION
                  SELECT no FROM session WHERE realm = ?1 AND kind = ?2 AND started < ?4 LIMIT ?5)",
            params![realm, kind_no(kind), idle.0, max.map(|max| max.0), AT_ONCE],
        )?;
        swept.sessions = swept.sessions.saturating_add(removed);
    }
    swept.failures = sweep_failures(rows, now)?;
    Ok(swept)
}

/// Only users with wrong passwords have such a record, so all are looked at.
fn sweep_failures(rows: &mut RealmRows<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let settings = rows.settings()?.brute_force;
    let mut statement = rows.connection.prepare_cached(
        "SELECT f.user, f.record FROM login_failures f JOIN user u ON u.no = f.user
         WHERE u.realm = ?1",
    )?;
    let records: Vec<(i64, String)> = statement
        .query_map([rows.realm], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut removed = 0_u64;
    for (user, text) in records {
        let failures: LoginFailures = from_text("record of login failures", &text)?;
        if failures.forgotten(&settings, now) {
            let gone = rows.execute("DELETE FROM login_failures WHERE user = ?1", [user])?;
            removed = removed.saturating_add(gone);
        }
    }
    Ok(removed)
}
