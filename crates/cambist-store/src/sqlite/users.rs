//! Users in SQLite.

use std::sync::Arc;

use cambist::facts::{User, UserQuery};
use rusqlite::{params, params_from_iter, types::Value};

use super::{
    SqliteStore,
    failure::{from_text, to_text},
    rows::RealmRows,
};
use crate::{
    Conflict, Page, StoreError, StoreFuture, UserDirectory, UserSearch,
    directory::{SearchPlan, Word, normalise},
    lookup::{self, View as _},
};

impl UserDirectory for SqliteStore {
    fn insert_user<'a>(
        &'a self,
        realm: &'a str,
        user: User,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>> {
        self.write_in(realm, move |rows| insert(rows, user))
    }

    fn update_user<'a>(
        &'a self,
        realm: &'a str,
        user: User,
        expected: u64,
    ) -> StoreFuture<'a, Result<Arc<User>, StoreError>> {
        self.write_in(realm, move |rows| update(rows, user, expected))
    }

    fn delete_user<'a>(
        &'a self,
        realm: &'a str,
        id: &'a str,
    ) -> StoreFuture<'a, Result<bool, StoreError>> {
        let id = id.to_owned();
        self.write_in(realm, move |rows| {
            let deleted = rows.execute(
                "DELETE FROM user WHERE realm = ?1 AND id = ?2",
                params![rows.realm, id],
            )?;
            Ok(deleted > 0)
        })
    }

    fn find_user<'a>(
        &'a self,
        realm: &'a str,
        query: &'a UserQuery,
    ) -> StoreFuture<'a, Result<Option<Arc<User>>, StoreError>> {
        self.read_soon(|connection| {
            lookup::find_user(&mut RealmRows::find(connection, realm)?, query)
        })
    }

    fn search_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        let search = search.clone();
        self.read_long_in(realm, move |rows| {
            let plan = search.plan();
            let Condition { sql, values, exact } = Condition::of(&plan, rows.realm);
            if exact {
                let (limit, offset) = limits(page);
                return rows.records(
                    "user",
                    &format!(
                        "SELECT record FROM user WHERE {sql} ORDER BY username LIMIT {limit} OFFSET {offset}"
                    ),
                    params_from_iter(values),
                );
            }
            let mut found = Vec::new();
            each_match(rows, &plan, &sql, values, |user| found.push(user))?;
            Ok(page.of(found.into_iter()))
        })
    }

    fn count_users<'a>(
        &'a self,
        realm: &'a str,
        search: &'a UserSearch,
    ) -> StoreFuture<'a, Result<u64, StoreError>> {
        let search = search.clone();
        self.read_long_in(realm, move |rows| {
            let plan = search.plan();
            let Condition { sql, values, exact } = Condition::of(&plan, rows.realm);
            if exact {
                let count: i64 = rows
                    .connection
                    .prepare_cached(&format!("SELECT count(*) FROM user WHERE {sql}"))?
                    .query_row(params_from_iter(values), |row| row.get(0))?;
                return Ok(u64::try_from(count).unwrap_or(0));
            }
            let mut count = 0_u64;
            each_match(rows, &plan, &sql, values, |_| {
                count = count.saturating_add(1)
            })?;
            Ok(count)
        })
    }

    fn group_members<'a>(
        &'a self,
        realm: &'a str,
        group: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        let group = group.to_owned();
        self.read_long_in(realm, move |rows| {
            let (limit, offset) = limits(page);
            rows.records(
                "user",
                "SELECT u.record FROM user_group g JOIN user u ON u.no = g.user
                 WHERE g.member_of = ?1 AND u.realm = ?2 ORDER BY u.username LIMIT ?3 OFFSET ?4",
                params![group, rows.realm, limit, offset],
            )
        })
    }

    fn role_users<'a>(
        &'a self,
        realm: &'a str,
        role: &'a str,
        page: Page,
    ) -> StoreFuture<'a, Result<Vec<Arc<User>>, StoreError>> {
        let role = role.to_owned();
        self.read_long_in(realm, move |rows| {
            let (limit, offset) = limits(page);
            rows.records(
                "user",
                "SELECT u.record FROM user_role r JOIN user u ON u.no = r.user
                 WHERE r.role = ?1 AND u.realm = ?2 ORDER BY u.username LIMIT ?3 OFFSET ?4",
                params![role, rows.realm, limit, offset],
            )
        })
    }
}

pub(super) fn insert(rows: &mut RealmRows<'_>, mut user: User) -> Result<Arc<User>, StoreError> {
    normalise(&mut user);
    if rows.user_no(&user.id)?.is_some() {
        return Err(Conflict::UserIdTaken.into());
    }
    check_names(rows, &user)?;
    check_links(rows, &user)?;
    user.version = 1;
    let no: i64 = rows
        .connection
        .prepare_cached(
            "INSERT INTO user (realm, id, username, email, first_name, last_name, enabled,
                               email_verified, service_account, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING no",
        )?
        .query_row(
            params![
                rows.realm,
                user.id,
                user.username,
                user.email,
                small(user.first_name.as_deref()),
                small(user.last_name.as_deref()),
                user.enabled,
                user.email_verified,
                user.service_account_client,
                to_text("user", &user)?,
            ],
            |row| row.get(0),
        )?;
    attach(rows, no, &user)?;
    link(rows, no, &user)?;
    Ok(Arc::new(user))
}

pub(super) fn update(
    rows: &mut RealmRows<'_>,
    mut user: User,
    expected: u64,
) -> Result<Arc<User>, StoreError> {
    normalise(&mut user);
    let Some(stored) = rows.user_by_id(&user.id)? else {
        return Err(Conflict::UserGone.into());
    };
    let found = stored.version;
    if found != expected {
        return Err(Conflict::Version { expected, found }.into());
    }
    check_names(rows, &user)?;
    let links_change = stored.federated_identities != user.federated_identities;
    if links_change {
        check_links(rows, &user)?;
    }
    user.version = found.saturating_add(1);
    let no: i64 = rows
        .connection
        .prepare_cached(
            "UPDATE user SET username = ?3, email = ?4, first_name = ?5, last_name = ?6, enabled = ?7,
                             email_verified = ?8, service_account = ?9, record = ?10
             WHERE realm = ?1 AND id = ?2 RETURNING no",
        )?
        .query_row(
            params![
                rows.realm,
                user.id,
                user.username,
                user.email,
                small(user.first_name.as_deref()),
                small(user.last_name.as_deref()),
                user.enabled,
                user.email_verified,
                user.service_account_client,
                to_text("user", &user)?,
            ],
            |row| row.get(0),
        )?;
    if stored.roles != user.roles || stored.groups != user.groups {
        rows.execute("DELETE FROM user_role WHERE user = ?1", [no])?;
        rows.execute("DELETE FROM user_group WHERE user = ?1", [no])?;
        attach(rows, no, &user)?;
    }
    if links_change {
        rows.execute("DELETE FROM user_link WHERE user = ?1", [no])?;
        link(rows, no, &user)?;
    }
    Ok(Arc::new(user))
}

/// The one writer makes this check and the write after it one step.
fn check_names(rows: &mut RealmRows<'_>, user: &User) -> Result<(), StoreError> {
    let taken = |sql: &str, value: &str| -> Result<bool, StoreError> {
        let mut statement = rows.connection.prepare_cached(sql)?;
        Ok(statement.exists(params![rows.realm, value, user.id])?)
    };
    if taken(
        "SELECT 1 FROM user WHERE realm = ?1 AND username = ?2 AND id <> ?3",
        &user.username,
    )? {
        return Err(Conflict::UsernameTaken.into());
    }
    if let Some(email) = &user.email
        && taken(
            "SELECT 1 FROM user WHERE realm = ?1 AND email = ?2 AND id <> ?3",
            email,
        )?
        && !rows.settings()?.login.duplicate_emails
    {
        return Err(Conflict::EmailTaken.into());
    }
    Ok(())
}

/// One identity at a provider leads to one user.
fn check_links(rows: &RealmRows<'_>, user: &User) -> Result<(), StoreError> {
    let mut statement = rows.connection.prepare_cached(
        "SELECT 1 FROM user_link l JOIN user u ON u.no = l.user
         WHERE l.realm = ?1 AND l.provider = ?2 AND l.identity = ?3 AND u.id <> ?4",
    )?;
    for link in &user.federated_identities {
        if statement.exists(params![rows.realm, link.provider, link.user_id, user.id])? {
            return Err(Conflict::LinkTaken.into());
        }
    }
    Ok(())
}

fn link(rows: &RealmRows<'_>, no: i64, user: &User) -> Result<(), StoreError> {
    for link in &user.federated_identities {
        rows.execute(
            "INSERT OR REPLACE INTO user_link (realm, provider, identity, user)
             VALUES (?1, ?2, ?3, ?4)",
            params![rows.realm, link.provider, link.user_id, no],
        )?;
    }
    Ok(())
}

fn attach(rows: &RealmRows<'_>, no: i64, user: &User) -> Result<(), StoreError> {
    for role in &user.roles {
        rows.execute(
            "INSERT OR IGNORE INTO user_role (role, user) VALUES (?1, ?2)",
            params![role, no],
        )?;
    }
    for group in &user.groups {
        rows.execute(
            "INSERT OR IGNORE INTO user_group (member_of, user) VALUES (?1, ?2)",
            params![group, no],
        )?;
    }
    Ok(())
}

fn small(text: Option<&str>) -> String {
    text.unwrap_or_default().to_lowercase()
}

/// `LIMIT` and `OFFSET`; -1 is no limit.
pub(super) fn limits(page: Page) -> (i64, i64) {
    let limit = page
        .max
        .map_or(-1, |max| i64::try_from(max).unwrap_or(i64::MAX));
    (limit, i64::try_from(page.first).unwrap_or(i64::MAX))
}

/// What of a search SQL can say.
struct Condition {
    sql: String,
    values: Vec<Value>,
    /// Whether it says all.
    exact: bool,
}

/// SQLite refuses longer patterns.
const LONGEST_PATTERN: usize = 10_000;

impl Condition {
    fn of(plan: &SearchPlan<'_>, realm: i64) -> Self {
        let search = plan.search;
        let mut condition = Self {
            sql: "realm = ?".to_owned(),
            values: vec![Value::Integer(realm)],
            exact: !plan.needs_record(),
        };
        if !search.service_accounts {
            condition.sql.push_str(" AND service_account IS NULL");
        }
        let flags = [
            ("enabled", search.enabled),
            ("email_verified", search.email_verified),
        ];
        for (column, wanted) in flags {
            if let Some(wanted) = wanted {
                condition.and(&format!("{column} = ?"), Value::Integer(i64::from(wanted)));
            }
        }
        let parts = [
            ("username", &plan.username),
            ("ifnull(email, '')", &plan.email),
            ("first_name", &plan.first_name),
            ("last_name", &plan.last_name),
        ];
        for (column, wanted) in parts {
            let Some(wanted) = wanted else { continue };
            let test = if search.exact {
                format!("{column} = ?")
            } else {
                format!("(instr({column}, ?) > 0)")
            };
            condition.and(&test, Value::Text(wanted.clone()));
        }
        for word in &plan.words {
            condition.word(word);
        }
        condition
    }

    fn and(&mut self, test: &str, value: Value) {
        self.sql.push_str(" AND ");
        self.sql.push_str(test);
        self.values.push(value);
    }

    fn word(&mut self, word: &Word) {
        let (operator, operand) = match word {
            Word::Whole(whole) => ("= ?", whole.clone()),
            Word::Pieces(pieces) => ("LIKE ? ESCAPE '\\'", pattern(pieces)),
        };
        if operand.len() > LONGEST_PATTERN {
            self.exact = false;
            return;
        }
        let columns = ["username", "ifnull(email, '')", "first_name", "last_name"];
        let tests: Vec<_> = columns
            .iter()
            .map(|column| format!("{column} {operator}"))
            .collect();
        self.sql.push_str(&format!(" AND ({})", tests.join(" OR ")));
        self.values
            .extend(columns.iter().map(|_| Value::Text(operand.clone())));
    }
}

/// Pieces between stars as a pattern of `LIKE`; anything may follow.
fn pattern(pieces: &[String]) -> String {
    let mut pattern = String::new();
    for piece in pieces {
        for letter in piece.chars() {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('%');
    }
    pattern
}

/// Walks the users that SQL found and the whole search matches, by login name.
fn each_match(
    rows: &RealmRows<'_>,
    plan: &SearchPlan<'_>,
    sql: &str,
    values: Vec<Value>,
    mut found: impl FnMut(Arc<User>),
) -> Result<(), StoreError> {
    let mut statement = rows.connection.prepare_cached(&format!(
        "SELECT record FROM user WHERE {sql} ORDER BY username"
    ))?;
    let mut records = statement.query(params_from_iter(values))?;
    while let Some(row) = records.next()? {
        let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let user: User = from_text("user", text)?;
        if plan.matches(&user) {
            found(Arc::new(user));
        }
    }
    Ok(())
}
