//! All or nothing: the effects of one outcome.

use cambist::{
    effects::Effect,
    facts::SessionKind,
    moment::Timestamp,
    realm::{document::RealmDocument, settings::BruteForce},
};
use cambist_store::{CommitError, Conflict};

use super::{
    Kept,
    bench::{
        Bench, NOW, RACERS, claim, end, put, revoke, session, session_id, start, touch,
        used_before, with_clients,
    },
    holds, promises, same,
};

promises![
    an_empty_list_commits,
    a_conflict_undoes_what_came_before,
    a_conflict_keeps_what_comes_after_from_happening,
    a_refused_list_brings_back_what_it_ended,
    a_refused_list_leaves_the_version,
    a_refused_list_shortens_no_revocation,
    a_refused_list_forgets_no_login_failure,
    a_later_effect_sees_an_earlier_one,
    a_conflict_harms_no_list_beside_it,
    effects_in_a_realm_that_is_gone_conflict,
    what_was_answered_is_seen_at_once,
];

async fn an_empty_list_commits(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    same!(bench.apply("r", &[]).await, Ok(()), "the empty list");
    Ok(())
}

async fn a_conflict_undoes_what_came_before(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[claim("taken")]).await?;
    let list = [
        start(session("s")),
        put("s", "c", None),
        revoke("t", NOW.after(60)),
        claim("free"),
        claim("taken"),
    ];
    same!(bench.apply("r", &list).await, used_before(), "the list");
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the session of the refused list"
    );
    holds!(
        !bench.is_revoked("r", "t", NOW).await?,
        "the refused list revoked a token"
    );
    same!(
        bench.apply("r", &[claim("free")]).await,
        Ok(()),
        "the mark of the refused list"
    );
    Ok(())
}

async fn a_conflict_keeps_what_comes_after_from_happening(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[claim("taken")]).await?;
    let list = [
        claim("taken"),
        start(session("s")),
        revoke("t", NOW.after(60)),
    ];
    same!(bench.apply("r", &list).await, used_before(), "the list");
    same!(
        bench.session("r", "s", SessionKind::Online).await?,
        None,
        "the session of the refused list"
    );
    holds!(
        !bench.is_revoked("r", "t", NOW).await?,
        "the refused list revoked a token"
    );
    Ok(())
}

async fn a_refused_list_brings_back_what_it_ended(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let begun = with_clients(session("s"), &["a", "b"]);
    bench.apply("r", &[claim("taken"), start(begun)]).await?;
    let before = bench.online("r", "s").await?;
    let end_client = Effect::EndClientSession {
        session: session_id("s"),
        kind: SessionKind::Online,
        client: "a".into(),
        end_empty: true,
    };
    same!(
        bench
            .apply("r", &[end_client, end("s"), claim("taken")])
            .await,
        used_before(),
        "the list"
    );
    same!(bench.online("r", "s").await?, before, "the session");
    let by_client = bench
        .store
        .count_client_sessions("r", "a", SessionKind::Online)
        .await?;
    same!(
        by_client,
        1,
        "sessions of the client whose session the refused list ended"
    );
    Ok(())
}

async fn a_refused_list_leaves_the_version(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply("r", &[claim("taken"), start(session("s"))])
        .await?;
    let list = [
        put("s", "a", None),
        touch("s", "a", NOW.after(9)),
        claim("taken"),
    ];
    same!(bench.apply("r", &list).await, used_before(), "the list");
    bench.store.flush().await?;
    same!(
        bench.online("r", "s").await?,
        cambist::facts::UserSession {
            version: 1,
            ..session("s")
        },
        "the session"
    );
    same!(
        bench.apply("r", &[put("s", "a", Some(1))]).await,
        Ok(()),
        "a write that expects version 1"
    );
    Ok(())
}

async fn a_refused_list_shortens_no_revocation(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .apply("r", &[claim("taken"), revoke("t", NOW.after(60))])
        .await?;
    let list = [revoke("t", NOW.after(600)), claim("taken")];
    same!(bench.apply("r", &list).await, used_before(), "the list");
    holds!(
        bench.is_revoked("r", "t", NOW.after(60)).await?,
        "the older revocation is gone"
    );
    Ok(())
}

async fn a_refused_list_forgets_no_login_failure(bench: &Bench) -> Kept {
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
    bench
        .apply(
            "r",
            &[
                claim("taken"),
                Effect::LoginFailed {
                    user: "u1".into(),
                    at: NOW,
                },
            ],
        )
        .await?;
    let forget = [Effect::LoginSucceeded { user: "u1".into() }, claim("taken")];
    same!(bench.apply("r", &forget).await, used_before(), "the list");
    same!(
        bench.store.login_failures("r", "u1").await?.count,
        1,
        "failures"
    );
    Ok(())
}

async fn a_later_effect_sees_an_earlier_one(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let list = [
        start(session("s")),
        put("s", "a", Some(1)),
        put("s", "b", Some(2)),
    ];
    bench.apply("r", &list).await?;
    let seen = bench.online("r", "s").await?;
    same!(
        (seen.version, seen.clients.len()),
        (3, 2),
        "version and client sessions"
    );
    let list = [end("s"), start(session("s")), put("s", "a", Some(1))];
    same!(
        bench.apply("r", &list).await,
        Ok(()),
        "ending and starting in one list"
    );
    same!(
        bench.online("r", "s").await?.version,
        2,
        "the version of the new session"
    );
    Ok(())
}

async fn a_conflict_harms_no_list_beside_it(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[claim("taken")]).await?;
    let rounds = bench
        .race(20, |store, racer, round| async move {
            let id = format!("{round}-{racer}");
            let mut list = vec![start(session(&id)), claim(&id)];
            if racer % 2 == 0 {
                list.push(claim("taken"));
            }
            (id, store.apply("r", &list, NOW).await)
        })
        .await?;
    for (racer, (id, result)) in rounds
        .into_iter()
        .flat_map(|round| round.into_iter().enumerate())
    {
        let promised = if racer % 2 == 0 {
            used_before()
        } else {
            Ok(())
        };
        same!(result, promised, "the list of racer {racer} of {RACERS}");
        let there = bench
            .session("r", &id, SessionKind::Online)
            .await?
            .is_some();
        same!(there, promised.is_ok(), "whether session {id} is there");
    }
    Ok(())
}

async fn effects_in_a_realm_that_is_gone_conflict(bench: &Bench) -> Kept {
    let gone: Result<(), CommitError> = Err(Conflict::RealmGone.into());
    same!(
        bench.apply("r", &[claim("1")]).await,
        gone,
        "a realm that never was"
    );
    bench.realm("r").await?;
    bench.store.delete_realm("r").await?;
    same!(
        bench.apply("r", &[start(session("s"))]).await,
        gone,
        "a deleted realm"
    );
    Ok(())
}

async fn what_was_answered_is_seen_at_once(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    for number in 0..40 {
        let id = number.to_string();
        bench
            .apply("r", &[start(session(&id)), revoke(&id, NOW.after(60))])
            .await?;
        bench.online("r", &id).await?;
        holds!(
            bench.is_revoked("r", &id, NOW).await?,
            "revocation {id} is not seen"
        );
        bench.apply("r", &[end(&id)]).await?;
        same!(
            bench.session("r", &id, SessionKind::Online).await?,
            None,
            "the ended session"
        );
    }
    holds!(
        !bench.is_revoked("r", "other", Timestamp(0)).await?,
        "a token nobody revoked"
    );
    Ok(())
}
