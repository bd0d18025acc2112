//! Realms: documents, versions, and what belongs to them.

use cambist::{
    effects::Effect,
    facts::{SessionKind, UserQuery},
    realm::document::{ClientDocument, RealmDocument, UserDocument},
};
use cambist_store::{Conflict, Page, StoreError, UserSearch};

use super::{
    Broken, Kept,
    bench::{Bench, NOW, claim, revoke, session, start, used_before, user, with_clients},
    holds, promises, same,
};

promises![
    a_realm_is_kept_whole,
    names_are_sorted_and_compared_as_they_are,
    a_taken_name_conflicts,
    racing_inserts_of_one_realm_have_one_winner,
    a_replacement_needs_the_version,
    a_replacement_keeps_users_and_sessions,
    racing_replacements_have_one_winner,
    a_renamed_realm_keeps_everything,
    a_deleted_realm_takes_everything_along,
    a_realm_with_bad_users_is_not_kept,
    a_loaded_realm_holds_no_users,
    realms_never_mix,
];

async fn load(bench: &Bench, name: &str) -> Result<(RealmDocument, u64), Broken> {
    match bench.store.load_realm(name).await? {
        Some(stored) => Ok((RealmDocument::clone(&stored.document), stored.version)),
        None => Err(Broken(format!("realm {name} is not found"))),
    }
}

async fn a_realm_is_kept_whole(bench: &Bench) -> Kept {
    let mut document = RealmDocument::named("r");
    document.display_name = Some("Ä \"quoted\"".into());
    document.clients.push(ClientDocument::named("service-a"));
    document.attributes.insert("key".into(), "value".into());
    same!(
        bench.store.insert_realm(document.clone(), vec![]).await?,
        1,
        "the version"
    );
    let (seen, version) = load(bench, "r").await?;
    same!(version, 1, "the stored version");
    same!(
        bench.store.realm_version("r").await?,
        Some(1),
        "the version alone"
    );
    same!(format!("{seen:?}"), format!("{document:?}"), "the document");
    same!(
        bench.store.realm_version("other").await?,
        None,
        "the version of no realm"
    );
    holds!(
        bench.store.load_realm("other").await?.is_none(),
        "a realm that nobody made"
    );
    Ok(())
}

async fn names_are_sorted_and_compared_as_they_are(bench: &Bench) -> Kept {
    same!(
        bench.store.realm_names().await?.len(),
        0,
        "names in an empty store"
    );
    for name in ["b", "a", "B", "a b"] {
        bench.realm(name).await?;
    }
    same!(
        bench.store.realm_names().await?,
        ["B", "a", "a b", "b"],
        "names"
    );
    holds!(
        bench.store.load_realm("A").await?.is_none(),
        "a name in another letter case"
    );
    Ok(())
}

async fn a_taken_name_conflicts(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let again = bench
        .store
        .insert_realm(RealmDocument::named("r"), vec![user("x", "x")])
        .await;
    same!(
        again,
        Err(Conflict::RealmExists.into()),
        "a second realm of the name"
    );
    let query = UserQuery::Id("x".into());
    same!(
        bench.store.find_user("r", &query).await?,
        None,
        "a user of the refused realm"
    );
    Ok(())
}

async fn racing_inserts_of_one_realm_have_one_winner(bench: &Bench) -> Kept {
    let rounds = bench
        .race(10, |store, racer, round| async move {
            let document = RealmDocument::named(round.to_string());
            let users = vec![user(&racer.to_string(), "name")];
            store.insert_realm(document, users).await.is_ok()
        })
        .await?;
    for (number, round) in rounds.iter().enumerate() {
        same!(
            round.iter().filter(|won| **won).count(),
            1,
            "winners of round {number}"
        );
        let users = bench
            .store
            .count_users(&number.to_string(), &UserSearch::default())
            .await?;
        same!(users, 1, "users of realm {number}");
    }
    Ok(())
}

async fn a_replacement_needs_the_version(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let store = &bench.store;
    let next = RealmDocument {
        enabled: false,
        ..RealmDocument::named("r")
    };
    same!(
        store.replace_realm("r", next, 1).await?,
        2,
        "the next version"
    );
    for expected in [0, 1, 3] {
        let late = store
            .replace_realm("r", RealmDocument::named("r"), expected)
            .await;
        same!(
            late,
            Err(Conflict::Version { expected, found: 2 }.into()),
            "expecting {expected}"
        );
    }
    let (seen, version) = load(bench, "r").await?;
    same!((seen.enabled, version), (false, 2), "what is stored");
    let unknown = store
        .replace_realm("other", RealmDocument::named("other"), 1)
        .await;
    same!(
        unknown,
        Err(StoreError::UnknownRealm {
            realm: "other".into()
        }),
        "replacing no realm"
    );
    Ok(())
}

async fn a_replacement_keeps_users_and_sessions(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply(
            "r",
            &[start(session("s")), claim("1"), revoke("t", NOW.after(60))],
        )
        .await?;
    bench
        .store
        .replace_realm("r", RealmDocument::named("r"), 1)
        .await?;
    bench.online("r", "s").await?;
    same!(
        bench.store.count_users("r", &UserSearch::default()).await?,
        2,
        "users"
    );
    same!(
        bench.apply("r", &[claim("1")]).await,
        used_before(),
        "a used id"
    );
    holds!(
        bench.is_revoked("r", "t", NOW).await?,
        "the revocation is gone"
    );
    Ok(())
}

async fn racing_replacements_have_one_winner(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let rounds = bench
        .race(10, |store, _, round| async move {
            let version = u64::try_from(round).unwrap_or(u64::MAX).saturating_add(1);
            store
                .replace_realm("r", RealmDocument::named("r"), version)
                .await
                .is_ok()
        })
        .await?;
    for (number, round) in rounds.iter().enumerate() {
        same!(
            round.iter().filter(|won| **won).count(),
            1,
            "winners of round {number}"
        );
    }
    Ok(())
}

async fn a_renamed_realm_keeps_everything(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("taken").await?;
    bench.apply("r", &[start(session("s")), claim("1")]).await?;
    let store = &bench.store;
    let onto = store
        .replace_realm("r", RealmDocument::named("taken"), 1)
        .await;
    same!(
        onto,
        Err(Conflict::RealmExists.into()),
        "a name that is taken"
    );
    same!(
        store
            .replace_realm("r", RealmDocument::named("new"), 1)
            .await?,
        2,
        "the version"
    );
    holds!(
        store.load_realm("r").await?.is_none(),
        "the old name is still there"
    );
    same!(
        load(bench, "new").await?.0.realm,
        "new",
        "the name in the document"
    );
    bench.online("new", "s").await?;
    same!(
        bench.apply("new", &[claim("1")]).await,
        used_before(),
        "a used id"
    );
    bench.realm("r").await?;
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the session under the old name"
    );
    Ok(())
}

async fn a_deleted_realm_takes_everything_along(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    let everything = || {
        [
            start(with_clients(session("s"), &["c"])),
            claim("1"),
            revoke("t", NOW.after(60)),
            Effect::LoginFailed {
                user: "u1".into(),
                at: NOW,
            },
        ]
    };
    bench.apply("r", &everything()).await?;
    bench.apply("other", &everything()).await?;
    let store = &bench.store;
    same!(store.delete_realm("r").await?, true, "whether it was there");
    same!(
        store.delete_realm("r").await?,
        false,
        "whether it was there, again"
    );
    same!(store.realm_names().await?, ["other"], "names");
    store
        .insert_realm(RealmDocument::named("r"), vec![])
        .await?;
    same!(
        store.realm_version("r").await?,
        Some(1),
        "the version of the new realm"
    );
    same!(
        store.count_users("r", &UserSearch::default()).await?,
        0,
        "users of the new realm"
    );
    let sessions = store
        .client_sessions("r", "c", SessionKind::Online, Page::ALL)
        .await?;
    same!(sessions.len(), 0, "sessions of the new realm");
    holds!(
        !bench.is_revoked("r", "t", NOW).await?,
        "a revocation in the new realm"
    );
    same!(
        bench.apply("r", &[claim("1")]).await,
        Ok(()),
        "an id in the new realm"
    );
    bench.online("other", "s").await?;
    same!(
        bench.apply("other", &[claim("1")]).await,
        used_before(),
        "a used id of the other realm"
    );
    Ok(())
}

async fn a_realm_with_bad_users_is_not_kept(bench: &Bench) -> Kept {
    let twice = vec![user("a", "ada"), user("b", "Ada")];
    let refused = bench
        .store
        .insert_realm(RealmDocument::named("r"), twice)
        .await;
    same!(
        refused,
        Err(Conflict::UsernameTaken.into()),
        "two users of one name"
    );
    holds!(
        bench.store.load_realm("r").await?.is_none(),
        "the realm is there"
    );
    bench.realm("r").await?;
    same!(
        bench.store.count_users("r", &UserSearch::default()).await?,
        2,
        "users of the realm made later"
    );
    Ok(())
}

async fn a_loaded_realm_holds_no_users(bench: &Bench) -> Kept {
    let ada = UserDocument {
        username: "ada".into(),
        ..UserDocument::default()
    };
    let document = RealmDocument {
        users: vec![ada],
        ..RealmDocument::named("r")
    };
    bench.store.insert_realm(document.clone(), vec![]).await?;
    same!(
        load(bench, "r").await?.0.users.len(),
        0,
        "users of the new document"
    );
    bench.store.replace_realm("r", document, 1).await?;
    same!(
        load(bench, "r").await?.0.users.len(),
        0,
        "users of the replaced document"
    );
    Ok(())
}

async fn realms_never_mix(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    let store = &bench.store;
    bench
        .apply(
            "r",
            &[
                start(with_clients(session("s"), &["c"])),
                claim("1"),
                revoke("t", NOW.after(60)),
            ],
        )
        .await?;
    store.insert_user("r", user("only", "only")).await?;
    let online = SessionKind::Online;
    same!(
        bench.session("other", "s", online).await?,
        None,
        "the session"
    );
    same!(
        store.user_sessions("other", "u1", online).await?.len(),
        0,
        "sessions of the user"
    );
    same!(
        store.count_client_sessions("other", "c", online).await?,
        0,
        "sessions of the client"
    );
    same!(
        store.end_user_sessions("other", "u1", true).await?,
        0,
        "ended sessions of the user"
    );
    same!(
        store.end_client_sessions("other", "c").await?,
        0,
        "ended sessions of the client"
    );
    same!(
        store
            .find_user("other", &UserQuery::Username("only".into()))
            .await?,
        None,
        "the user"
    );
    same!(
        store.delete_user("other", "only").await?,
        false,
        "deleting the user"
    );
    holds!(
        !bench.is_revoked("other", "t", NOW).await?,
        "the revocation"
    );
    same!(
        bench.apply("other", &[claim("1")]).await,
        Ok(()),
        "the used id"
    );
    bench.online("r", "s").await?;
    Ok(())
}
