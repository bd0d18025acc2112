//! Users: names, versions, lists.

use std::{collections::BTreeMap, sync::Arc};

use cambist::{
    effects::Effect,
    facts::{FederatedIdentity, SessionKind, User, UserQuery},
    realm::{
        document::RealmDocument,
        settings::{BruteForce, LoginSettings},
    },
};
use cambist_store::{Conflict, Page, StoreError, UserSearch};

use super::{
    Broken, Kept,
    bench::{Bench, NOW, session, start, user},
    holds, promises, same,
};

promises![
    a_user_is_kept_whole_with_names_in_small_letters,
    taken_ids_and_names_conflict,
    names_are_free_in_another_realm,
    an_email_address_may_be_shared_where_the_realm_says_so,
    a_shared_email_address_names_nobody,
    an_update_needs_the_version,
    an_update_keeps_names_apart,
    a_new_name_frees_the_old_one,
    racing_inserts_of_one_name_have_one_winner,
    racing_updates_have_one_winner,
    a_deleted_user_takes_everything_along,
    a_search_finds_as_keycloak_does,
    a_search_takes_signs_as_they_are,
    a_search_looks_into_records,
    a_search_is_sorted_and_paged,
    service_accounts_are_found_when_asked_for,
    members_of_groups_and_roles_are_listed,
    users_of_no_realm_are_an_error,
];

fn mail(id: &str, username: &str, email: &str) -> User {
    User {
        email: Some(email.into()),
        ..user(id, username)
    }
}

fn refused<T>(conflict: Conflict) -> Result<T, StoreError> {
    Err(conflict.into())
}

fn names(users: Vec<Arc<User>>) -> Vec<String> {
    users.iter().map(|user| user.username.clone()).collect()
}

async fn by_id(bench: &Bench, id: &str) -> Result<Option<User>, Broken> {
    let found = bench
        .store
        .find_user("r", &UserQuery::Id(id.into()))
        .await?;
    Ok(found.map(|user| User::clone(&user)))
}

async fn a_user_is_kept_whole_with_names_in_small_letters(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let new = User {
        email_verified: true,
        first_name: Some("Ünal".into()),
        roles: vec!["r1".into(), "r2".into()],
        groups: vec!["g1".into()],
        attributes: [("team".to_owned(), vec!["a".to_owned(), "b".to_owned()])].into(),
        required_actions: vec!["UPDATE_PASSWORD".into()],
        created: NOW,
        version: 77,
        ..mail("x", "ÜNAL", "Ünal@Example.ORG")
    };
    let kept = bench.store.insert_user("r", new.clone()).await?;
    let promised = User {
        username: "ünal".into(),
        email: Some("ünal@example.org".into()),
        version: 1,
        ..new
    };
    same!(*kept, promised, "what insert returns");
    same!(by_id(bench, "x").await?, Some(promised), "what is found");
    Ok(())
}

async fn taken_ids_and_names_conflict(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let store = &bench.store;
    store
        .insert_user("r", mail("a", "ada", "ada@example.org"))
        .await?;
    let cases = [
        (user("a", "new"), Conflict::UserIdTaken),
        (user("b", "ada"), Conflict::UsernameTaken),
        (user("b", "ADA"), Conflict::UsernameTaken),
        (mail("b", "new", "ada@example.org"), Conflict::EmailTaken),
        (mail("b", "new", "Ada@Example.org"), Conflict::EmailTaken),
    ];
    for (new, conflict) in cases {
        let shown = format!("{} {} {:?}", new.id, new.username, new.email);
        same!(
            store.insert_user("r", new).await,
            refused(conflict),
            "{shown}"
        );
    }
    same!(by_id(bench, "b").await?, None, "a refused user");
    store.insert_user("r", mail("b", "new", "")).await?;
    store.insert_user("r", mail("c", "newer", "")).await?;
    Ok(())
}

async fn names_are_free_in_another_realm(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    let store = &bench.store;
    for realm in ["r", "other"] {
        store
            .insert_user(realm, mail("a", "ada", "ada@example.org"))
            .await?;
    }
    let changed = User {
        enabled: false,
        ..mail("a", "ada", "ada@example.org")
    };
    store.update_user("other", changed, 1).await?;
    same!(
        by_id(bench, "a").await?.map(|user| user.version),
        Some(1),
        "the version in the first realm"
    );
    store.delete_user("other", "a").await?;
    holds!(
        by_id(bench, "a").await?.is_some(),
        "the user of the first realm is gone"
    );
    Ok(())
}

async fn sharing(bench: &Bench) -> Kept {
    let login = LoginSettings {
        with_email: true,
        duplicate_emails: true,
        ..LoginSettings::default()
    };
    bench
        .realm_of(RealmDocument {
            login,
            ..RealmDocument::named("r")
        })
        .await?;
    bench
        .store
        .insert_user("r", mail("a", "ada", "both@example.org"))
        .await?;
    bench
        .store
        .insert_user("r", mail("b", "bea", "both@example.org"))
        .await?;
    Ok(())
}

async fn an_email_address_may_be_shared_where_the_realm_says_so(bench: &Bench) -> Kept {
    sharing(bench).await?;
    bench
        .store
        .replace_realm("r", RealmDocument::named("r"), 1)
        .await?;
    let third = bench
        .store
        .insert_user("r", mail("c", "cleo", "both@example.org"))
        .await;
    same!(
        third,
        refused(Conflict::EmailTaken),
        "a third, once the realm says otherwise"
    );
    Ok(())
}

async fn a_shared_email_address_names_nobody(bench: &Bench) -> Kept {
    sharing(bench).await?;
    let query = UserQuery::Login("both@example.org".into());
    same!(bench.store.find_user("r", &query).await?, None, "the user");
    bench.store.delete_user("r", "a").await?;
    let found = bench
        .store
        .find_user("r", &query)
        .await?
        .map(|user| user.id.clone());
    same!(
        found.as_deref(),
        Some("b"),
        "the user once it is shared no more"
    );
    Ok(())
}

async fn an_update_needs_the_version(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let store = &bench.store;
    let changed = || User {
        first_name: Some("Mira".into()),
        ..user("u1", "mira")
    };
    same!(
        store.update_user("r", changed(), 1).await?.version,
        2,
        "the next version"
    );
    for expected in [0, 1, 3] {
        let late = store.update_user("r", user("u1", "mira"), expected).await;
        same!(
            late,
            refused(Conflict::Version { expected, found: 2 }),
            "expecting {expected}"
        );
    }
    same!(
        by_id(bench, "u1").await?,
        Some(User {
            version: 2,
            ..changed()
        }),
        "the user"
    );
    let gone = store.update_user("r", user("nobody", "nobody"), 1).await;
    same!(gone, refused(Conflict::UserGone), "an update of nobody");
    Ok(())
}

async fn an_update_keeps_names_apart(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let store = &bench.store;
    store
        .insert_user("r", mail("a", "ada", "ada@example.org"))
        .await?;
    let renamed = store.update_user("r", user("u1", "ADA"), 1).await;
    same!(
        renamed,
        refused(Conflict::UsernameTaken),
        "the name of another"
    );
    let moved = store
        .update_user("r", mail("u1", "mira", "ada@example.org"), 1)
        .await;
    same!(
        moved,
        refused(Conflict::EmailTaken),
        "the address of another"
    );
    let own = store
        .update_user("r", mail("a", "Ada", "ADA@example.org"), 1)
        .await
        .map(|user| user.version);
    same!(own, Ok(2), "an update that keeps the own names");
    Ok(())
}

async fn a_new_name_frees_the_old_one(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let store = &bench.store;
    store
        .update_user("r", mail("u1", "mirabel", "m@example.org"), 1)
        .await?;
    let by_name = |name: &'static str| async move {
        let query = UserQuery::Login(name.into());
        let found = store.find_user("r", &query).await?;
        Ok::<_, Broken>(found.map(|user| user.id.clone()))
    };
    same!(by_name("mira").await?, None, "the old name");
    same!(
        by_name("mirabel").await?.as_deref(),
        Some("u1"),
        "the new name"
    );
    store.update_user("r", user("u1", "mirabel"), 2).await?;
    same!(by_name("m@example.org").await?, None, "the old address");
    store
        .insert_user("r", mail("new", "mira", "m@example.org"))
        .await?;
    Ok(())
}

async fn racing_inserts_of_one_name_have_one_winner(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let rounds = bench
        .race(20, |store, racer, round| async move {
            let name = if racer % 2 == 0 {
                format!("name{round}")
            } else {
                format!("NAME{round}")
            };
            store
                .insert_user("r", user(&format!("{round}-{racer}"), &name))
                .await
                .map(|_| ())
        })
        .await?;
    for (number, round) in rounds.iter().enumerate() {
        same!(
            round.iter().filter(|result| result.is_ok()).count(),
            1,
            "winners of round {number}"
        );
        let losers = round
            .iter()
            .filter(|result| **result == refused(Conflict::UsernameTaken))
            .count();
        same!(losers, 7, "losers of round {number}");
    }
    Ok(())
}

async fn racing_updates_have_one_winner(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let rounds = bench
        .race(20, |store, racer, round| async move {
            let version = u64::try_from(round).unwrap_or(u64::MAX).saturating_add(1);
            let changed = User {
                first_name: Some(racer.to_string()),
                ..user("u1", "mira")
            };
            store.update_user("r", changed, version).await.is_ok()
        })
        .await?;
    for (number, round) in rounds.iter().enumerate() {
        same!(
            round.iter().filter(|won| **won).count(),
            1,
            "winners of round {number}"
        );
    }
    same!(
        by_id(bench, "u1").await?.map(|user| user.version),
        Some(21),
        "the version"
    );
    Ok(())
}

async fn a_deleted_user_takes_everything_along(bench: &Bench) -> Kept {
    let brute_force = BruteForce {
        enabled: true,
        ..BruteForce::default()
    };
    bench
        .realm_of(RealmDocument {
            brute_force,
            ..RealmDocument::named("r")
        })
        .await?;
    let store = &bench.store;
    let grouped = User {
        groups: vec!["g".into()],
        roles: vec!["p".into()],
        ..user("u1", "mira")
    };
    store.update_user("r", grouped, 1).await?;
    bench
        .apply(
            "r",
            &[
                start(session("s")),
                Effect::LoginFailed {
                    user: "u1".into(),
                    at: NOW,
                },
            ],
        )
        .await?;
    same!(
        store.delete_user("r", "u1").await?,
        true,
        "whether there was one"
    );
    same!(
        store.delete_user("r", "u1").await?,
        false,
        "whether there was one, again"
    );
    same!(by_id(bench, "u1").await?, None, "the user");
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the session"
    );
    same!(
        store.group_members("r", "g", Page::ALL).await?.len(),
        0,
        "members of the group"
    );
    store.insert_user("r", user("u1", "mira")).await?;
    same!(
        store.login_failures("r", "u1").await?.count,
        0,
        "failures of the next user with that id"
    );
    same!(
        store
            .user_sessions("r", "u1", SessionKind::Online)
            .await?
            .len(),
        0,
        "sessions of that user"
    );
    same!(
        store.role_users("r", "p", Page::ALL).await?.len(),
        0,
        "users with the role"
    );
    Ok(())
}

async fn searchable(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let store = &bench.store;
    let ada = User {
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        email_verified: true,
        attributes: BTreeMap::from([(
            "team".to_owned(),
            vec!["blue".to_owned(), "red".to_owned()],
        )]),
        federated_identities: vec![FederatedIdentity {
            provider: "corp".into(),
            user_id: "77".into(),
            username: "al".into(),
            token: None,
        }],
        ..mail("a", "countess", "ada@example.org")
    };
    let adam = User {
        enabled: false,
        first_name: Some("Adam".into()),
        attributes: BTreeMap::from([("team".to_owned(), vec!["Blue".to_owned()])]),
        ..mail("b", "adam_1%", "adam@other.example")
    };
    store.insert_user("r", ada).await?;
    store.insert_user("r", adam).await?;
    bench.realm("other").await?;
    store
        .insert_user("other", user("z", "ada-elsewhere"))
        .await?;
    Ok(())
}

/// Searches, and holds the count to the list.
async fn search(bench: &Bench, search: UserSearch) -> Result<String, Broken> {
    let found = names(bench.store.search_users("r", &search, Page::ALL).await?);
    let count = bench.store.count_users("r", &search).await?;
    if u64::try_from(found.len()) != Ok(count) {
        return Err(Broken(format!(
            "{count} counted where {} are listed",
            found.len()
        )));
    }
    Ok(found.join(" "))
}

async fn a_search_finds_as_keycloak_does(bench: &Bench) -> Kept {
    searchable(bench).await?;
    let all = UserSearch::default;
    let words = |words: &str| UserSearch {
        search: Some(words.into()),
        ..all()
    };
    let cases = [
        (all(), "adam_1% countess mira noor"),
        (words("ADA"), "adam_1% countess"),
        (words("ada*"), "adam_1% countess"),
        (words("\"ada\""), "countess"),
        (words("\"ADA@example.org\""), "countess"),
        (words("love"), "countess"),
        (words("lace"), ""),
        (words("*lace"), "countess"),
        (words("l*e*c"), "countess"),
        (words("ada love"), "countess"),
        (words("ada zoe"), ""),
        (words("  "), "adam_1% countess mira noor"),
        (
            UserSearch {
                username: Some("OU".into()),
                ..all()
            },
            "countess",
        ),
        (
            UserSearch {
                username: Some("ou".into()),
                exact: true,
                ..all()
            },
            "",
        ),
        (
            UserSearch {
                username: Some("Countess".into()),
                exact: true,
                ..all()
            },
            "countess",
        ),
        (
            UserSearch {
                email: Some("example".into()),
                ..all()
            },
            "adam_1% countess",
        ),
        (
            UserSearch {
                email: Some("example".into()),
                enabled: Some(true),
                ..all()
            },
            "countess",
        ),
        (
            UserSearch {
                email_verified: Some(true),
                ..all()
            },
            "countess",
        ),
        (
            UserSearch {
                enabled: Some(false),
                ..all()
            },
            "adam_1%",
        ),
        (
            UserSearch {
                first_name: Some("ada".into()),
                ..all()
            },
            "adam_1% countess",
        ),
        (
            UserSearch {
                first_name: Some("ada".into()),
                exact: true,
                ..all()
            },
            "countess",
        ),
        (
            UserSearch {
                last_name: Some("LOVE".into()),
                ..all()
            },
            "countess",
        ),
        (
            UserSearch {
                username: Some("".into()),
                ..all()
            },
            "adam_1% countess mira noor",
        ),
    ];
    for (asked, promised) in cases {
        let shown = format!("{asked:?}");
        same!(search(bench, asked).await?, promised, "{shown}");
    }
    Ok(())
}

async fn a_search_takes_signs_as_they_are(bench: &Bench) -> Kept {
    searchable(bench).await?;
    let long = "x".repeat(60_000);
    let cases = [
        ("%", "adam_1%"),
        ("_", "adam_1%"),
        ("m_1%", "adam_1%"),
        ("a_a", ""),
        ("\\", ""),
        ("'", ""),
        ("*", ""),
        (&long, ""),
    ];
    for (text, promised) in cases {
        let by_name = UserSearch {
            username: Some(text.into()),
            ..UserSearch::default()
        };
        same!(
            search(bench, by_name).await?,
            promised,
            "user name {:.10}",
            text
        );
        if text != "*" {
            let by_word = UserSearch {
                search: Some(format!("*{text}")),
                ..UserSearch::default()
            };
            same!(search(bench, by_word).await?, promised, "word {:.10}", text);
        }
    }
    Ok(())
}

async fn a_search_looks_into_records(bench: &Bench) -> Kept {
    searchable(bench).await?;
    let team = |team: &str| UserSearch {
        attributes: BTreeMap::from([("team".to_owned(), team.to_owned())]),
        ..UserSearch::default()
    };
    same!(
        search(bench, team("blue")).await?,
        "countess",
        "one value of an attribute"
    );
    same!(
        search(bench, team("red")).await?,
        "countess",
        "another value of it"
    );
    same!(search(bench, team("lue")).await?, "", "a part of a value");
    let both = UserSearch {
        search: Some("adam".into()),
        ..team("blue")
    };
    same!(search(bench, both).await?, "", "an attribute and a word");
    let linked = |provider: Option<&str>, user: Option<&str>| UserSearch {
        provider: provider.map(Into::into),
        provider_user: user.map(Into::into),
        ..UserSearch::default()
    };
    same!(
        search(bench, linked(Some("corp"), None)).await?,
        "countess",
        "a link"
    );
    same!(
        search(bench, linked(Some("corp"), Some("77"))).await?,
        "countess",
        "a link as a user"
    );
    same!(
        search(bench, linked(Some("corp"), Some("78"))).await?,
        "",
        "a link as another user"
    );
    Ok(())
}

async fn a_search_is_sorted_and_paged(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    for number in [3, 1, 2] {
        bench
            .store
            .insert_user("r", user(&format!("id{number}"), &format!("page{number}")))
            .await?;
    }
    let page = UserSearch {
        username: Some("page".into()),
        ..UserSearch::default()
    };
    let cases = [
        (0, None, "page1 page2 page3"),
        (0, Some(2), "page1 page2"),
        (2, Some(2), "page3"),
        (1, Some(1), "page2"),
        (3, Some(1), ""),
        (0, Some(0), ""),
        (u64::MAX, Some(u64::MAX), ""),
    ];
    for (first, max, promised) in cases {
        let found = names(
            bench
                .store
                .search_users("r", &page, Page { first, max })
                .await?,
        )
        .join(" ");
        same!(found, promised, "first {first}, max {max:?}");
    }
    Ok(())
}

async fn service_accounts_are_found_when_asked_for(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let account = User {
        service_account_client: Some("c".into()),
        ..user("sa", "service-account-c")
    };
    bench.store.insert_user("r", account).await?;
    same!(
        search(bench, UserSearch::default()).await?,
        "mira noor",
        "people"
    );
    let all = UserSearch {
        service_accounts: true,
        ..UserSearch::default()
    };
    same!(
        search(bench, all).await?,
        "mira noor service-account-c",
        "all"
    );
    Ok(())
}

async fn members_of_groups_and_roles_are_listed(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    let store = &bench.store;
    let with = |id: &str, name: &str, groups: &[&str], roles: &[&str]| User {
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        ..user(id, name)
    };
    store
        .update_user("r", with("u2", "noor", &["g1"], &["r1", "r2"]), 1)
        .await?;
    store
        .update_user("r", with("u1", "mira", &["g1", "g2"], &["r1"]), 1)
        .await?;
    store
        .update_user("other", with("u1", "mira", &["g1"], &["r1"]), 1)
        .await?;
    same!(
        names(store.group_members("r", "g1", Page::ALL).await?),
        ["mira", "noor"],
        "group g1"
    );
    same!(
        names(store.group_members("r", "g2", Page::ALL).await?),
        ["mira"],
        "group g2"
    );
    let second = Page {
        first: 1,
        max: Some(5),
    };
    same!(
        names(store.role_users("r", "r1", second).await?),
        ["noor"],
        "role r1, second page"
    );
    store
        .update_user("r", with("u2", "noor", &[], &["r2"]), 2)
        .await?;
    same!(
        names(store.group_members("r", "g1", Page::ALL).await?),
        ["mira"],
        "group g1 after leaving"
    );
    same!(
        names(store.role_users("r", "r1", Page::ALL).await?),
        ["mira"],
        "role r1 after leaving"
    );
    same!(
        names(store.role_users("r", "r2", Page::ALL).await?),
        ["noor"],
        "role r2"
    );
    Ok(())
}

async fn users_of_no_realm_are_an_error(bench: &Bench) -> Kept {
    let unknown = || StoreError::UnknownRealm { realm: "r".into() };
    let store = &bench.store;
    same!(
        store.insert_user("r", user("a", "a")).await,
        Err(unknown()),
        "insert"
    );
    same!(
        store.update_user("r", user("a", "a"), 1).await,
        Err(unknown()),
        "update"
    );
    same!(store.delete_user("r", "a").await, Err(unknown()), "delete");
    same!(
        store.find_user("r", &UserQuery::Id("a".into())).await,
        Err(unknown()),
        "find"
    );
    same!(
        store.count_users("r", &UserSearch::default()).await,
        Err(unknown()),
        "count"
    );
    Ok(())
}
