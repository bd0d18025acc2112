-- Names of tables are singular. A realm, a user and a session have a number of their own, never used twice,
-- so that a renamed realm keeps what belongs to it and a deleted one takes it along.

CREATE TABLE identity (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    identity TEXT NOT NULL
) STRICT;

CREATE TABLE realm (
    no       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL UNIQUE,
    version  INTEGER NOT NULL,
    settings TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

-- Everything beside `record` is derived from it, in small letters, to be found and sorted by.
CREATE TABLE user (
    no              INTEGER PRIMARY KEY AUTOINCREMENT,
    realm           INTEGER NOT NULL REFERENCES realm (no) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    username        TEXT NOT NULL,
    email           TEXT,
    first_name      TEXT NOT NULL,
    last_name       TEXT NOT NULL,
    enabled         INTEGER NOT NULL,
    email_verified  INTEGER NOT NULL,
    service_account TEXT,
    record          TEXT NOT NULL,
    UNIQUE (realm, id),
    UNIQUE (realm, username)
) STRICT;

CREATE INDEX user_email ON user (realm, email) WHERE email IS NOT NULL;
CREATE INDEX user_service_account ON user (realm, service_account) WHERE service_account IS NOT NULL;

CREATE TABLE user_role (
    role TEXT NOT NULL,
    user INTEGER NOT NULL REFERENCES user (no) ON DELETE CASCADE,
    PRIMARY KEY (role, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_role_user ON user_role (user);

CREATE TABLE user_group (
    member_of TEXT NOT NULL,
    user      INTEGER NOT NULL REFERENCES user (no) ON DELETE CASCADE,
    PRIMARY KEY (member_of, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_group_user ON user_group (user);

CREATE TABLE login_failures (
    user   INTEGER PRIMARY KEY REFERENCES user (no) ON DELETE CASCADE,
    record TEXT NOT NULL
) STRICT;

-- kind: 0 online, 1 offline. Times are seconds since 1970.
CREATE TABLE session (
    no           INTEGER PRIMARY KEY AUTOINCREMENT,
    realm        INTEGER NOT NULL REFERENCES realm (no) ON DELETE CASCADE,
    kind         INTEGER NOT NULL,
    id           TEXT NOT NULL,
    user         INTEGER NOT NULL REFERENCES user (no) ON DELETE CASCADE,
    started      INTEGER NOT NULL,
    last_refresh INTEGER NOT NULL,
    record       TEXT NOT NULL,
    UNIQUE (realm, kind, id)
) STRICT;

CREATE INDEX session_user ON session (user, kind);
CREATE INDEX session_idle ON session (realm, kind, last_refresh);
CREATE INDEX session_old ON session (realm, kind, started);

CREATE TABLE session_client (
    session INTEGER NOT NULL REFERENCES session (no) ON DELETE CASCADE,
    client  TEXT NOT NULL,
    PRIMARY KEY (session, client)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_client_client ON session_client (client, session);

CREATE TABLE single_use (
    realm   INTEGER NOT NULL REFERENCES realm (no) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    id      TEXT NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (realm, purpose, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX single_use_until ON single_use (realm, until);

CREATE TABLE revoked (
    realm INTEGER NOT NULL REFERENCES realm (no) ON DELETE CASCADE,
    token TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (realm, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_until ON revoked (realm, until);
