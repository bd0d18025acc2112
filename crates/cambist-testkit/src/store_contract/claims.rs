//! Single use: an id is used up once.

use cambist::effects::SingleUse;

use super::{
    Kept,
    bench::{Bench, NOW, claim, claim_as, used_before},
    holds, promises, same,
};

promises![
    a_second_claim_conflicts,
    eight_racers_for_one_id_have_one_winner,
    racing_lists_leave_nothing_of_the_losers,
    purposes_never_meet,
    one_list_cannot_use_an_id_twice,
    ids_are_compared_as_they_are,
    a_mark_lives_through_its_last_second,
    a_mark_is_over_after_its_last_second,
    a_sweep_keeps_live_marks,
    a_reclaimed_mark_lives_as_long_as_the_new_claim,
];

async fn a_second_claim_conflicts(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[claim("1")]).await?;
    same!(
        bench.apply("r", &[claim("1")]).await,
        used_before(),
        "the second claim"
    );
    bench.apply("r", &[claim("2")]).await?;
    Ok(())
}

async fn eight_racers_for_one_id_have_one_winner(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let rounds = bench
        .race(40, |store, _, round| async move {
            store.apply("r", &[claim(&round.to_string())], NOW).await
        })
        .await?;
    for (number, round) in rounds.into_iter().enumerate() {
        let winners = round.iter().filter(|result| result.is_ok()).count();
        same!(winners, 1, "winners of round {number}");
        for result in round {
            holds!(
                result.is_ok() || result == used_before(),
                "a loser was told {result:?}"
            );
        }
    }
    Ok(())
}

async fn racing_lists_leave_nothing_of_the_losers(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let rounds = bench
        .race(20, |store, racer, round| async move {
            let own = format!("{round} own {racer}");
            let list = [claim(&own), claim(&format!("{round} shared"))];
            (own, store.apply("r", &list, NOW).await.is_ok())
        })
        .await?;
    for (number, round) in rounds.into_iter().enumerate() {
        let winners = round.iter().filter(|(_, won)| *won).count();
        same!(winners, 1, "winners of round {number}");
        for (own, won) in round {
            let free = bench.apply("r", &[claim(&own)]).await.is_ok();
            same!(free, !won, "whether {own:?} is free");
        }
    }
    Ok(())
}

async fn purposes_never_meet(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("s").await?;
    let purposes = [
        SingleUse::ClientAssertion("a".into()),
        SingleUse::ClientAssertion("b".into()),
        SingleUse::ClientAssertion("".into()),
        SingleUse::JwtGrant("a".into()),
        SingleUse::IdentityAssertion("a".into()),
        SingleUse::DpopProof,
    ];
    for realm in ["r", "s"] {
        for purpose in &purposes {
            let claimed = bench
                .apply(realm, &[claim_as(purpose.clone(), "1", NOW.after(60))])
                .await;
            same!(
                claimed,
                Ok(()),
                "the first claim in {realm} for {purpose:?}"
            );
        }
    }
    // A text that joins name and id must not be mistaken for another pair.
    bench
        .apply(
            "r",
            &[claim_as(
                SingleUse::JwtGrant("x".into()),
                "y:z",
                NOW.after(60),
            )],
        )
        .await?;
    bench
        .apply(
            "r",
            &[claim_as(
                SingleUse::JwtGrant("x:y".into()),
                "z",
                NOW.after(60),
            )],
        )
        .await?;
    Ok(())
}

async fn one_list_cannot_use_an_id_twice(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    same!(
        bench.apply("r", &[claim("1"), claim("1")]).await,
        used_before(),
        "the list"
    );
    same!(
        bench.apply("r", &[claim("1")]).await,
        Ok(()),
        "a claim after the refused list"
    );
    Ok(())
}

async fn ids_are_compared_as_they_are(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let long = "x".repeat(4_000);
    let longer = "x".repeat(4_001);
    let ids = [
        "a", "A", " a", "a ", "é", "e\u{301}", "", "%", "_", "a\0b", "a\0c", &long, &longer,
    ];
    for id in ids {
        same!(
            bench.apply("r", &[claim(id)]).await,
            Ok(()),
            "the first claim of {id:?}"
        );
    }
    for id in ids {
        same!(
            bench.apply("r", &[claim(id)]).await,
            used_before(),
            "the second claim of {id:?}"
        );
    }
    Ok(())
}

async fn a_mark_lives_through_its_last_second(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[claim("1")]).await?;
    let last = NOW.after(300);
    bench.store.sweep(last).await?;
    let again = bench.store.apply("r", &[claim("1")], last).await;
    same!(again, used_before(), "a claim in the last second");
    Ok(())
}

async fn a_mark_is_over_after_its_last_second(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.apply("r", &[claim("1")]).await?;
    let later = bench.store.apply("r", &[claim("1")], NOW.after(301)).await;
    same!(later, Ok(()), "a claim after the last second");
    Ok(())
}

async fn a_sweep_keeps_live_marks(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let purpose = || SingleUse::ClientAssertion("c".into());
    let marks: Vec<_> = (0..600)
        .map(|life| claim_as(purpose(), &life.to_string(), NOW.after(life)))
        .collect();
    bench.apply("r", &marks).await?;
    let then = NOW.after(300);
    bench.store.sweep(then).await?;
    for life in 300..600 {
        let again = bench
            .store
            .apply("r", &[claim(&life.to_string())], then)
            .await;
        same!(
            again,
            used_before(),
            "a claim of the mark that lives until {life}"
        );
    }
    Ok(())
}

async fn a_reclaimed_mark_lives_as_long_as_the_new_claim(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let purpose = || SingleUse::ClientAssertion("c".into());
    bench
        .apply("r", &[claim_as(purpose(), "1", NOW.after(10))])
        .await?;
    let second = claim_as(purpose(), "1", NOW.after(500));
    bench.store.apply("r", &[second], NOW.after(11)).await?;
    bench.store.sweep(NOW.after(400)).await?;
    let third = bench.store.apply("r", &[claim("1")], NOW.after(400)).await;
    same!(third, used_before(), "a claim while the second mark lives");
    Ok(())
}
