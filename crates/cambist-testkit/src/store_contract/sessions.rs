//! Sessions: begun, changed, used, ended.

use cambist::{
    effects::Effect,
    facts::{SessionKind, UserSession},
    moment::Timestamp,
    realm::{document::RealmDocument, settings::SessionSettings},
};
use cambist_store::{CommitError, Conflict, Page};

use super::{
    Kept,
    bench::{
        Bench, NOW, RACERS, client_session, end, put, session, session_id, start, touch,
        with_clients,
    },
    holds, promises, same,
};

promises![
    a_session_is_kept_as_it_began,
    a_taken_session_id_conflicts,
    online_and_offline_are_apart,
    a_session_needs_its_user,
    a_client_session_is_added_and_replaced,
    a_client_session_needs_its_user_session,
    a_stale_version_conflicts,
    racers_with_one_version_have_one_winner,
    racers_without_a_version_lose_nothing,
    an_ended_session_is_not_brought_back,
    racing_ends_beat_late_writes,
    ending_twice_is_no_error,
    the_last_client_session_takes_the_session_along,
    times_of_last_use_move_forward_only,
    a_use_of_an_ended_session_is_nothing,
    sessions_of_a_user_are_listed_and_ended,
    sessions_of_a_realm_are_ended,
    sessions_of_a_client_are_listed_and_ended,
    a_sweep_keeps_live_sessions,
    a_sweep_ends_old_sessions,
];

fn offline(id: &str) -> UserSession {
    UserSession {
        kind: SessionKind::Offline,
        ..session(id)
    }
}

fn refused(conflict: Conflict) -> Result<(), CommitError> {
    Err(conflict.into())
}

async fn a_session_is_kept_as_it_began(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let mut begun = with_clients(session("s"), &["a", "b"]);
    begun.notes.insert("note".into(), "quote \" and é\0".into());
    begun.started = Timestamp(NOW.0 - 5);
    bench.apply("r", &[start(begun.clone())]).await?;
    same!(
        bench.online("r", "s").await?,
        UserSession {
            version: 1,
            ..begun
        },
        "the session"
    );
    Ok(())
}

async fn a_taken_session_id_conflicts(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    bench.apply("r", &[start(session("s"))]).await?;
    same!(
        bench.apply("r", &[start(session("s"))]).await,
        refused(Conflict::SessionTaken),
        "a second"
    );
    same!(
        bench.apply("r", &[start(session("S"))]).await,
        Ok(()),
        "another letter case"
    );
    same!(
        bench.apply("other", &[start(session("s"))]).await,
        Ok(()),
        "another realm"
    );
    Ok(())
}

async fn online_and_offline_are_apart(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply("r", &[start(session("s")), start(offline("s"))])
        .await?;
    bench
        .apply("r", &[put("s", "a", Some(1)), end("s")])
        .await?;
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the online session"
    );
    let kept = bench.session("r", "s", SessionKind::Offline).await?;
    same!(
        kept,
        Some(UserSession {
            version: 1,
            ..offline("s")
        }),
        "the offline session"
    );
    Ok(())
}

async fn a_session_needs_its_user(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let of_nobody = UserSession {
        user: "nobody".into(),
        ..session("s")
    };
    same!(
        bench.apply("r", &[start(of_nobody)]).await,
        refused(Conflict::UserGone),
        "no user"
    );
    bench.store.delete_user("r", "u1").await?;
    same!(
        bench.apply("r", &[start(session("s"))]).await,
        refused(Conflict::UserGone),
        "deleted"
    );
    Ok(())
}

async fn a_client_session_is_added_and_replaced(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply("r", &[start(with_clients(session("s"), &["a"]))])
        .await?;
    bench.apply("r", &[put("s", "b", Some(1))]).await?;
    let later = Effect::PutClientSession {
        session: session_id("s"),
        kind: SessionKind::Online,
        client: "a".into(),
        state: Box::new(client_session("profile")),
        refreshed: Some(NOW.after(7)),
        expect: Some(2),
    };
    bench.apply("r", &[later]).await?;
    let mut promised = session("s");
    promised
        .clients
        .insert("a".into(), client_session("profile"));
    promised.clients.insert("b".into(), client_session("put"));
    promised.last_refresh = NOW.after(7);
    promised.version = 3;
    same!(bench.online("r", "s").await?, promised, "the session");
    Ok(())
}

async fn a_client_session_needs_its_user_session(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[start(offline("s"))]).await?;
    same!(
        bench.apply("r", &[put("s", "a", None)]).await,
        refused(Conflict::SessionGone),
        "no session"
    );
    Ok(())
}

async fn a_stale_version_conflicts(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[start(session("s"))]).await?;
    bench.apply("r", &[put("s", "a", Some(1))]).await?;
    for expected in [0, 1, 3, u64::MAX] {
        let late = bench.apply("r", &[put("s", "b", Some(expected))]).await;
        same!(
            late,
            refused(Conflict::Version { expected, found: 2 }),
            "expecting {expected}"
        );
    }
    same!(
        bench.apply("r", &[put("s", "b", None)]).await,
        Ok(()),
        "expecting nothing"
    );
    Ok(())
}

async fn racers_with_one_version_have_one_winner(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[start(session("s"))]).await?;
    let rounds = bench
        .race(20, |store, racer, round| async move {
            let version = u64::try_from(round).unwrap_or(u64::MAX).saturating_add(1);
            let list = [put("s", &racer.to_string(), Some(version))];
            store.apply("r", &list, NOW).await.is_ok()
        })
        .await?;
    for (number, round) in rounds.iter().enumerate() {
        same!(
            round.iter().filter(|won| **won).count(),
            1,
            "winners of round {number}"
        );
    }
    same!(bench.online("r", "s").await?.version, 21, "the version");
    Ok(())
}

async fn racers_without_a_version_lose_nothing(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[start(session("s"))]).await?;
    let rounds = bench
        .race(20, |store, racer, round| async move {
            store
                .apply("r", &[put("s", &format!("{round}-{racer}"), None)], NOW)
                .await
        })
        .await?;
    holds!(
        rounds.iter().flatten().all(Result::is_ok),
        "a write was refused: {rounds:?}"
    );
    let seen = bench.online("r", "s").await?;
    same!(seen.clients.len(), RACERS * 20, "client sessions");
    same!(seen.version, 1 + 8 * 20, "the version");
    Ok(())
}

async fn an_ended_session_is_not_brought_back(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply(
            "r",
            &[
                start(with_clients(session("s"), &["a"])),
                touch("s", "a", NOW.after(1)),
            ],
        )
        .await?;
    bench.apply("r", &[touch("s", "a", NOW.after(5))]).await?;
    bench.apply("r", &[end("s")]).await?;
    same!(
        bench.apply("r", &[put("s", "a", None)]).await,
        refused(Conflict::SessionGone),
        "a late write"
    );
    bench.store.flush().await?;
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the session"
    );
    Ok(())
}

async fn racing_ends_beat_late_writes(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    for round in 0..20 {
        bench
            .apply("r", &[start(session(&round.to_string()))])
            .await?;
    }
    bench
        .race(20, |store, racer, round| async move {
            let id = round.to_string();
            let effect = if racer == 0 {
                end(&id)
            } else {
                put(&id, &racer.to_string(), None)
            };
            store.apply("r", &[effect], NOW).await.is_ok()
        })
        .await?;
    for round in 0..20 {
        let seen = bench
            .session("r", &round.to_string(), SessionKind::Online)
            .await?;
        same!(seen, None, "the session that ended in round {round}");
    }
    Ok(())
}

async fn ending_twice_is_no_error(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[start(session("s"))]).await?;
    same!(
        bench.apply("r", &[end("s"), end("s")]).await,
        Ok(()),
        "ending"
    );
    same!(
        bench.apply("r", &[end("s"), end("never")]).await,
        Ok(()),
        "ending again"
    );
    Ok(())
}

async fn the_last_client_session_takes_the_session_along(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let end_client = |id: &str, client: &str, end_empty| Effect::EndClientSession {
        session: session_id(id),
        kind: SessionKind::Online,
        client: client.into(),
        end_empty,
    };
    let clients = ["a", "b"];
    bench
        .apply(
            "r",
            &[
                start(with_clients(session("s"), &clients)),
                start(with_clients(session("t"), &clients)),
            ],
        )
        .await?;
    bench
        .apply(
            "r",
            &[end_client("s", "a", true), end_client("t", "a", false)],
        )
        .await?;
    same!(
        bench
            .online("r", "s")
            .await?
            .clients
            .keys()
            .collect::<Vec<_>>(),
        ["b"],
        "client sessions"
    );
    same!(bench.online("r", "s").await?.version, 2, "the version");
    bench.apply("r", &[end_client("s", "never", true)]).await?;
    bench
        .apply(
            "r",
            &[end_client("s", "b", true), end_client("t", "b", false)],
        )
        .await?;
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the empty session that ends"
    );
    holds!(
        bench.online("r", "t").await?.clients.is_empty(),
        "the empty session that stays"
    );
    same!(
        bench.apply("r", &[end_client("s", "b", true)]).await,
        Ok(()),
        "ending it again"
    );
    Ok(())
}

async fn times_of_last_use_move_forward_only(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply("r", &[start(with_clients(session("s"), &["a", "b"]))])
        .await?;
    let (early, late) = (NOW.after(30), NOW.after(60));
    bench.apply("r", &[touch("s", "a", late)]).await?;
    bench
        .apply("r", &[touch("s", "a", early), touch("s", "b", early)])
        .await?;
    bench.apply("r", &[touch("s", "never", early)]).await?;
    bench.store.flush().await?;
    let seen = bench.online("r", "s").await?;
    same!(seen.last_refresh, late, "last use of the session");
    let uses: Vec<_> = seen
        .clients
        .values()
        .map(|client| client.last_refresh)
        .collect();
    same!(uses, [late, early], "last uses of the client sessions");
    same!(
        bench.apply("r", &[put("s", "c", Some(1))]).await,
        Ok(()),
        "a write that expects version 1"
    );
    Ok(())
}

async fn a_use_of_an_ended_session_is_nothing(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    same!(
        bench.apply("r", &[touch("s", "a", NOW)]).await,
        Ok(()),
        "the use"
    );
    bench.store.flush().await?;
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the session"
    );
    Ok(())
}

async fn sessions_of_a_user_are_listed_and_ended(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let at = |id: &str, started| UserSession {
        started: NOW.after(started),
        ..session(id)
    };
    let of_noor = UserSession {
        user: "u2".into(),
        ..session("n")
    };
    bench
        .apply(
            "r",
            &[
                start(at("c", 1)),
                start(at("a", 2)),
                start(at("b", 1)),
                start(offline("o")),
                start(of_noor),
            ],
        )
        .await?;
    let store = &bench.store;
    let listed = store.user_sessions("r", "u1", SessionKind::Online).await?;
    let ids: Vec<_> = listed.iter().map(|session| session.id.as_str()).collect();
    same!(ids, ["b", "c", "a"], "online sessions, oldest first");
    same!(
        store.end_user_sessions("r", "u1", false).await?,
        3,
        "ended online sessions"
    );
    same!(
        store
            .user_sessions("r", "u1", SessionKind::Offline)
            .await?
            .len(),
        1,
        "offline sessions"
    );
    same!(
        store.end_user_sessions("r", "u1", true).await?,
        1,
        "ended offline sessions"
    );
    same!(
        store.end_user_sessions("r", "nobody", true).await?,
        0,
        "sessions of nobody"
    );
    bench.online("r", "n").await?;
    Ok(())
}

async fn sessions_of_a_realm_are_ended(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("other").await?;
    bench
        .apply(
            "r",
            &[
                start(session("a")),
                start(session("b")),
                start(offline("a")),
            ],
        )
        .await?;
    bench.apply("other", &[start(session("a"))]).await?;
    same!(
        bench.store.end_realm_sessions("r").await?,
        2,
        "ended sessions"
    );
    holds!(
        bench
            .session("r", "a", SessionKind::Offline)
            .await?
            .is_some(),
        "the offline session is gone"
    );
    bench.online("other", "a").await?;
    same!(
        bench.apply("r", &[put("a", "c", None)]).await,
        refused(Conflict::SessionGone),
        "a late write"
    );
    Ok(())
}

async fn sessions_of_a_client_are_listed_and_ended(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let at = |id: &str, started, clients: &[&str]| {
        start(with_clients(
            UserSession {
                started: NOW.after(started),
                ..session(id)
            },
            clients,
        ))
    };
    bench
        .apply(
            "r",
            &[
                at("1", 3, &["a", "b"]),
                at("2", 2, &["a"]),
                at("3", 1, &["b"]),
                at("4", 1, &[]),
            ],
        )
        .await?;
    bench
        .apply(
            "r",
            &[
                put("4", "a", None),
                start(with_clients(offline("5"), &["a"])),
            ],
        )
        .await?;
    let store = &bench.store;
    let online = SessionKind::Online;
    let ids = |listed: Vec<std::sync::Arc<UserSession>>| -> Vec<String> {
        listed
            .iter()
            .map(|session| session.id.to_string())
            .collect()
    };
    same!(
        ids(store.client_sessions("r", "a", online, Page::ALL).await?),
        ["4", "2", "1"],
        "sessions"
    );
    let page = Page {
        first: 1,
        max: Some(1),
    };
    same!(
        ids(store.client_sessions("r", "a", online, page).await?),
        ["2"],
        "the second page"
    );
    let past = Page {
        first: 9,
        max: None,
    };
    same!(
        ids(store.client_sessions("r", "a", online, past).await?).len(),
        0,
        "a page past the end"
    );
    same!(
        store.count_client_sessions("r", "a", online).await?,
        3,
        "how many"
    );
    same!(
        store
            .count_client_sessions("r", "a", SessionKind::Offline)
            .await?,
        1,
        "how many offline"
    );
    same!(
        store.end_client_sessions("r", "a").await?,
        4,
        "ended client sessions"
    );
    same!(
        store.count_client_sessions("r", "a", online).await?,
        0,
        "how many are left"
    );
    same!(
        store.count_client_sessions("r", "b", online).await?,
        2,
        "how many of the other client"
    );
    same!(
        bench
            .online("r", "1")
            .await?
            .clients
            .keys()
            .collect::<Vec<_>>(),
        ["b"],
        "what is left in one"
    );
    Ok(())
}

async fn settled(bench: &Bench) -> Kept {
    let sessions = SessionSettings {
        idle: 1_000,
        max: 10_000,
        offline_idle: 100_000,
        offline_max_enabled: true,
        offline_max: 200_000,
        ..SessionSettings::default()
    };
    bench
        .realm_of(RealmDocument {
            sessions,
            ..RealmDocument::named("r")
        })
        .await
}

async fn a_sweep_keeps_live_sessions(bench: &Bench) -> Kept {
    settled(bench).await?;
    let online = UserSession {
        last_refresh: NOW.after(9_500),
        ..session("s")
    };
    let offline = UserSession {
        last_refresh: NOW.after(150_000),
        ..offline("s")
    };
    bench.apply("r", &[start(online), start(offline)]).await?;
    bench.store.sweep(NOW.after(10_000)).await?;
    bench.online("r", "s").await?;
    bench.store.sweep(NOW.after(200_000)).await?;
    holds!(
        bench
            .session("r", "s", SessionKind::Offline)
            .await?
            .is_some(),
        "a live offline session is gone"
    );
    Ok(())
}

async fn a_sweep_ends_old_sessions(bench: &Bench) -> Kept {
    settled(bench).await?;
    let used = UserSession {
        last_refresh: NOW.after(86_000),
        ..session("used")
    };
    bench
        .apply(
            "r",
            &[start(session("idle")), start(used), start(offline("o"))],
        )
        .await?;
    bench
        .apply(
            "r",
            &[start(UserSession {
                started: NOW.after(86_000),
                last_refresh: NOW.after(86_000),
                ..session("young")
            })],
        )
        .await?;
    let swept = bench.store.sweep(NOW.after(86_400)).await?;
    same!(swept.sessions, 2, "swept sessions");
    bench.online("r", "young").await?;
    let swept = bench.store.sweep(NOW.after(10_000_000)).await?;
    same!(swept.sessions, 2, "swept sessions, much later");
    Ok(())
}
