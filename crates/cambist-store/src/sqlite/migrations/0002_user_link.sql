-- Who a user is at an identity provider: one identity leads to one user.

CREATE TABLE user_link (
    realm    INTEGER NOT NULL REFERENCES realm (no) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    identity TEXT NOT NULL,
    user     INTEGER NOT NULL REFERENCES user (no) ON DELETE CASCADE,
    PRIMARY KEY (realm, provider, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_link_user ON user_link (user);

-- Where two users share an identity already, the older one keeps it.
INSERT OR IGNORE INTO user_link (realm, provider, identity, user)
SELECT u.realm, l.value ->> 'provider', l.value ->> 'user_id', u.no
FROM user u, json_each(u.record, '$.federated_identities') l
ORDER BY u.no;
