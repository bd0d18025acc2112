//! Facts: what is found, and how.

use std::sync::Arc;

use cambist::{
    effects::Effect,
    facts::{
        Facts, FactsNeeded, LoginFacts, LoginQuery, SessionKind, SessionQuery, SessionSearch, User,
        UserQuery, UserSession,
    },
    moment::Timestamp,
    realm::{
        document::RealmDocument,
        settings::{BruteForce, LoginSettings},
    },
    secret::Secret,
};
use cambist_store::{StoreError, passwords};

use super::{
    Broken, Kept,
    bench::{Bench, NOW, revoke, session, session_id, start, user},
    holds, promises, same,
};

promises![
    what_is_not_asked_for_is_absent,
    what_is_not_found_is_absent,
    a_session_brings_its_user,
    a_session_is_looked_for_where_it_was_said,
    a_user_is_found_in_the_order_that_was_said,
    a_service_account_is_found_by_its_client,
    a_right_password_matches,
    a_login_by_email_address_follows_the_realm,
    a_revoked_token_is_revoked_through_its_last_second,
    a_shorter_revocation_changes_nothing,
    a_sweep_keeps_live_revocations,
    wrong_passwords_lock_out_for_a_time,
    wrong_passwords_are_forgotten_after_a_right_one,
    wrong_passwords_can_be_forgiven,
    a_realm_that_counts_nothing_locks_nobody_out,
    facts_of_no_realm_are_an_error,
];

fn id_of(user: Option<Arc<User>>) -> Option<String> {
    user.map(|user| user.id.clone())
}

async fn what_is_not_asked_for_is_absent(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let facts = bench.facts("r", &FactsNeeded::default(), NOW).await?;
    let Facts {
        session,
        subject,
        login,
        requested,
        service_account,
        named,
        actor,
        revoked,
        ..
    } = facts;
    holds!(
        named.is_empty() && actor.session.is_none() && actor.user.is_none(),
        "something is there"
    );
    holds!(
        session.is_none() && subject.is_none() && login.is_none(),
        "something is there"
    );
    holds!(
        requested.is_none() && service_account.is_none() && revoked.is_empty(),
        "something is there"
    );
    Ok(())
}

async fn what_is_not_found_is_absent(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let nobody = || Some(UserQuery::Id("nobody".into()));
    let needed = FactsNeeded {
        session: Some(SessionQuery {
            id: session_id("never"),
            search: SessionSearch::Either,
        }),
        subject: nobody(),
        requested: nobody(),
        service_account: nobody(),
        revocations: vec!["never".into()],
        ..FactsNeeded::default()
    };
    let facts = bench.facts("r", &needed, NOW).await?;
    holds!(
        facts.session.is_none() && facts.subject.is_none(),
        "session or subject is there"
    );
    holds!(
        facts.requested.is_none() && facts.service_account.is_none(),
        "a user is there"
    );
    holds!(facts.revoked.is_empty(), "a revocation is there");
    Ok(())
}

async fn a_session_brings_its_user(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    let of_noor = UserSession {
        user: "u2".into(),
        ..session("s")
    };
    bench.apply("r", &[start(of_noor.clone())]).await?;
    let needed = FactsNeeded {
        session: Some(SessionQuery {
            id: session_id("s"),
            search: SessionSearch::Online,
        }),
        ..FactsNeeded::default()
    };
    let facts = bench.facts("r", &needed, NOW).await?;
    same!(
        facts.session.as_deref(),
        Some(&UserSession {
            version: 1,
            ..of_noor
        }),
        "the session"
    );
    same!(
        facts.subject.as_deref(),
        Some(&User {
            version: 1,
            ..user("u2", "noor")
        }),
        "its user"
    );
    let elsewhere = bench.facts("other", &needed, NOW).await?;
    holds!(
        elsewhere.session.is_none(),
        "the session is found in another realm"
    );
    Ok(())
}

async fn a_session_is_looked_for_where_it_was_said(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let offline = |id| UserSession {
        kind: SessionKind::Offline,
        ..session(id)
    };
    bench
        .apply(
            "r",
            &[
                start(session("both")),
                start(offline("both")),
                start(offline("off")),
            ],
        )
        .await?;
    let cases = [
        ("both", SessionSearch::Online, Some(SessionKind::Online)),
        ("both", SessionSearch::Offline, Some(SessionKind::Offline)),
        ("both", SessionSearch::Either, Some(SessionKind::Online)),
        ("off", SessionSearch::Online, None),
        ("off", SessionSearch::Offline, Some(SessionKind::Offline)),
        ("off", SessionSearch::Either, Some(SessionKind::Offline)),
    ];
    for (id, search, promised) in cases {
        let query = SessionQuery {
            id: session_id(id),
            search,
        };
        let needed = FactsNeeded {
            session: Some(query),
            ..FactsNeeded::default()
        };
        let found = bench
            .facts("r", &needed, NOW)
            .await?
            .session
            .map(|session| session.kind);
        same!(found, promised, "{id} looked for {search:?}");
    }
    Ok(())
}

async fn a_user_is_found_in_the_order_that_was_said(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    // The id of one is the name of another.
    bench.store.insert_user("r", user("mira", "trap")).await?;
    let email = User {
        email: Some("Mira@Example.org".into()),
        ..user("u3", "ola")
    };
    bench.store.insert_user("r", email).await?;
    let either = |id: Option<&str>, username: Option<&str>| UserQuery::IdOrUsername {
        id: id.map(Into::into),
        username: username.map(Into::into),
    };
    let cases = [
        (UserQuery::Id("u1".into()), Some("u1")),
        (UserQuery::Id("U1".into()), None),
        (UserQuery::Id("noor".into()), None),
        (UserQuery::Username("NOOR".into()), Some("u2")),
        (UserQuery::Username("u2".into()), None),
        (UserQuery::Login("Noor".into()), Some("u2")),
        (UserQuery::Login("MIRA@example.org".into()), Some("u3")),
        (UserQuery::UsernameOrId("mira".into()), Some("u1")),
        (UserQuery::UsernameOrId("u2".into()), Some("u2")),
        (either(Some("mira"), Some("noor")), Some("mira")),
        (either(Some("gone"), Some("noor")), Some("u2")),
        (either(None, Some("Noor")), Some("u2")),
        (either(Some("gone"), None), None),
        (either(None, None), None),
    ];
    for (query, promised) in cases {
        let found = id_of(bench.store.find_user("r", &query).await?);
        same!(found.as_deref(), promised, "{query:?}");
        let needed = FactsNeeded {
            subject: Some(query.clone()),
            requested: Some(query.clone()),
            ..FactsNeeded::default()
        };
        let facts = bench.facts("r", &needed, NOW).await?;
        same!(
            id_of(facts.subject).as_deref(),
            promised,
            "subject {query:?}"
        );
        same!(
            id_of(facts.requested).as_deref(),
            promised,
            "requested {query:?}"
        );
    }
    Ok(())
}

async fn a_service_account_is_found_by_its_client(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let account = User {
        service_account_client: Some("client-1".into()),
        ..user("sa", "service-account-a")
    };
    let kept = bench.store.insert_user("r", account).await?;
    let query = |client: &str| FactsNeeded {
        service_account: Some(UserQuery::ServiceAccount(client.into())),
        ..FactsNeeded::default()
    };
    let found = bench
        .facts("r", &query("client-1"), NOW)
        .await?
        .service_account;
    same!(id_of(found).as_deref(), Some("sa"), "the account");
    holds!(
        bench
            .facts("r", &query("client-2"), NOW)
            .await?
            .service_account
            .is_none(),
        "of another client"
    );
    let moved = User {
        service_account_client: Some("client-2".into()),
        ..User::clone(&kept)
    };
    bench.store.update_user("r", moved, 1).await?;
    holds!(
        bench
            .facts("r", &query("client-1"), NOW)
            .await?
            .service_account
            .is_none(),
        "of its old client"
    );
    let found = bench
        .facts("r", &query("client-2"), NOW)
        .await?
        .service_account;
    same!(
        id_of(found).as_deref(),
        Some("sa"),
        "the account of its new client"
    );
    Ok(())
}

/// A user `p` called `pia` with the password `right`.
async fn with_password(bench: &Bench) -> Kept {
    let credential = passwords::hash(&Secret::new("right"), [9; passwords::SALT_LEN], NOW)
        .map_err(|error| Broken(error.to_string()))?;
    let pia = User {
        email: Some("pia@example.org".into()),
        passwords: vec![credential],
        ..user("p", "pia")
    };
    bench.store.insert_user("r", pia).await?;
    Ok(())
}

async fn login(
    bench: &Bench,
    username: &str,
    password: &str,
    now: Timestamp,
) -> Result<LoginFacts, Broken> {
    let query = LoginQuery {
        username: username.into(),
        password: Secret::new(password),
    };
    let needed = FactsNeeded {
        login: Some(query),
        ..FactsNeeded::default()
    };
    let facts = bench.facts("r", &needed, now).await?;
    facts
        .login
        .ok_or_else(|| Broken("the login is absent".to_owned()))
}

async fn a_right_password_matches(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    with_password(bench).await?;
    let cases = [
        ("pia", "right", Some("p"), true),
        ("PIA", "right", Some("p"), true),
        ("pia", "Right", Some("p"), false),
        ("pia", "", Some("p"), false),
        ("mira", "right", Some("u1"), false),
        ("p", "right", None, false),
        ("", "right", None, false),
    ];
    for (username, password, promised, matches) in cases {
        let seen = login(bench, username, password, NOW).await?;
        same!(
            id_of(seen.user).as_deref(),
            promised,
            "the user for {username:?}"
        );
        same!(
            seen.password_matches,
            matches,
            "whether {password:?} of {username:?} matches"
        );
        holds!(
            !seen.locked_out && seen.failures == 0,
            "{username:?} is locked out"
        );
    }
    Ok(())
}

async fn a_login_by_email_address_follows_the_realm(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    with_password(bench).await?;
    bench
        .store
        .insert_user("r", user("odd", "odd@example.org"))
        .await?;
    let seen = login(bench, "Pia@Example.org", "right", NOW).await?;
    holds!(
        seen.password_matches,
        "the address does not name the user where it may"
    );
    let odd = login(bench, "odd@example.org", "x", NOW).await?;
    same!(
        id_of(odd.user).as_deref(),
        Some("odd"),
        "a name that looks like an address"
    );
    let without = LoginSettings {
        with_email: false,
        ..LoginSettings::default()
    };
    let document = RealmDocument {
        login: without,
        ..RealmDocument::named("r")
    };
    bench.store.replace_realm("r", document, 1).await?;
    let seen = login(bench, "pia@example.org", "right", NOW).await?;
    holds!(
        seen.user.is_none(),
        "the address names the user where it may not"
    );
    holds!(!seen.password_matches, "a password matches nobody");
    Ok(())
}

async fn a_revoked_token_is_revoked_through_its_last_second(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    bench.apply("r", &[revoke("t", NOW.after(60))]).await?;
    holds!(bench.is_revoked("r", "t", NOW).await?, "at once");
    holds!(
        bench.is_revoked("r", "t", NOW.after(60)).await?,
        "in its last second"
    );
    holds!(
        !bench.is_revoked("r", "T", NOW).await?,
        "in another letter case"
    );
    holds!(
        !bench.is_revoked("other", "t", NOW).await?,
        "in another realm"
    );
    Ok(())
}

async fn a_shorter_revocation_changes_nothing(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply(
            "r",
            &[revoke("t", NOW.after(60)), revoke("t", NOW.after(30))],
        )
        .await?;
    bench.apply("r", &[revoke("t", NOW.after(10))]).await?;
    bench.store.sweep(NOW.after(50)).await?;
    holds!(
        bench.is_revoked("r", "t", NOW.after(50)).await?,
        "the longer revocation is gone"
    );
    bench.apply("r", &[revoke("t", NOW.after(90))]).await?;
    holds!(
        bench.is_revoked("r", "t", NOW.after(90)).await?,
        "a still longer one counts"
    );
    Ok(())
}

async fn a_sweep_keeps_live_revocations(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let revocations: Vec<_> = (0..100)
        .map(|life| revoke(&life.to_string(), NOW.after(life)))
        .collect();
    bench.apply("r", &revocations).await?;
    bench.store.sweep(NOW.after(50)).await?;
    for life in 50..100 {
        let token = life.to_string();
        holds!(
            bench.is_revoked("r", &token, NOW.after(50)).await?,
            "revocation {life} is gone"
        );
    }
    Ok(())
}

async fn counting(bench: &Bench) -> Kept {
    let brute_force = BruteForce {
        enabled: true,
        failure_factor: 3,
        ..BruteForce::default()
    };
    bench
        .realm_of(RealmDocument {
            brute_force,
            ..RealmDocument::named("r")
        })
        .await?;
    with_password(bench).await?;
    let failed = |after| Effect::LoginFailed {
        user: "p".into(),
        at: NOW.after(after),
    };
    bench
        .apply("r", &[failed(0), failed(10), failed(20)])
        .await?;
    Ok(())
}

async fn wrong_passwords_lock_out_for_a_time(bench: &Bench) -> Kept {
    counting(bench).await?;
    let locked = login(bench, "pia", "right", NOW.after(79)).await?;
    holds!(
        locked.locked_out && locked.password_matches,
        "not locked out after three failures"
    );
    same!(locked.failures, 3, "failures");
    let later = login(bench, "pia", "right", NOW.after(80)).await?;
    holds!(!later.locked_out, "still locked out after the wait");
    holds!(
        !login(bench, "noor", "x", NOW.after(30)).await?.locked_out,
        "another user is locked out"
    );
    same!(
        bench
            .apply(
                "r",
                &[Effect::LoginFailed {
                    user: "nobody".into(),
                    at: NOW
                }]
            )
            .await,
        Ok(()),
        "nobody"
    );
    Ok(())
}

async fn wrong_passwords_are_forgotten_after_a_right_one(bench: &Bench) -> Kept {
    counting(bench).await?;
    bench
        .apply("r", &[Effect::LoginSucceeded { user: "p".into() }])
        .await?;
    holds!(
        !login(bench, "pia", "x", NOW.after(30)).await?.locked_out,
        "locked out after a success"
    );
    same!(
        bench.store.login_failures("r", "p").await?.count,
        0,
        "failures"
    );
    Ok(())
}

async fn wrong_passwords_can_be_forgiven(bench: &Bench) -> Kept {
    counting(bench).await?;
    bench
        .apply(
            "r",
            &[Effect::LoginFailed {
                user: "u1".into(),
                at: NOW,
            }],
        )
        .await?;
    let store = &bench.store;
    same!(store.login_failures("r", "p").await?.count, 3, "failures");
    store.clear_login_failures("r", Some("p")).await?;
    same!(
        store.login_failures("r", "p").await?.count,
        0,
        "failures after forgiving"
    );
    same!(
        store.login_failures("r", "u1").await?.count,
        1,
        "failures of another user"
    );
    store.clear_login_failures("r", None).await?;
    same!(
        store.login_failures("r", "u1").await?.count,
        0,
        "failures after forgiving all"
    );
    Ok(())
}

async fn a_realm_that_counts_nothing_locks_nobody_out(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    for _ in 0..40 {
        bench
            .apply(
                "r",
                &[Effect::LoginFailed {
                    user: "u1".into(),
                    at: NOW,
                }],
            )
            .await?;
    }
    holds!(
        !login(bench, "mira", "x", NOW).await?.locked_out,
        "locked out"
    );
    Ok(())
}

async fn facts_of_no_realm_are_an_error(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    for realm in ["R", "", "other"] {
        let seen = bench
            .facts(realm, &FactsNeeded::default(), NOW)
            .await
            .map(|_| ());
        same!(
            seen,
            Err(StoreError::UnknownRealm {
                realm: realm.into()
            }),
            "facts of {realm:?}"
        );
    }
    Ok(())
}
