//! Links to identity providers, and users that outcomes make.

use cambist::{
    effects::Effect,
    facts::{FactsNeeded, FederatedIdentity, LinkFacts, LinkQuery, User, UserQuery, UserSession},
    moment::Timestamp,
    realm::{
        document::RealmDocument,
        settings::{BruteForce, LoginSettings},
    },
};
use cambist_store::{CommitError, Conflict};

use super::{
    Broken, Kept,
    bench::{Bench, NOW, session, start, user},
    holds, promises, same,
};

promises![
    a_link_leads_to_its_user,
    a_link_is_of_its_realm_and_provider,
    facts_of_a_link_say_which_names_are_taken,
    facts_of_a_link_say_who_is_locked_out,
    a_user_is_made_with_its_session_in_one_list,
    a_made_user_conflicts_as_an_inserted_one,
    a_put_user_needs_the_version,
    a_conflict_undoes_users_made_before,
    a_conflict_undoes_links_changed_before,
    a_removed_link_leads_nowhere,
    racing_first_exchanges_make_one_user,
];

fn linked(id: &str, username: &str, identity: &str) -> User {
    User {
        federated_identities: vec![FederatedIdentity {
            provider: "partner".into(),
            user_id: identity.into(),
            username: username.into(),
            token: None,
        }],
        ..user(id, username)
    }
}

fn query(provider: &str, identity: &str) -> LinkQuery {
    LinkQuery {
        provider: provider.into(),
        user_id: identity.into(),
        username: "free".into(),
        email: None,
    }
}

async fn find(bench: &Bench, realm: &str, link: LinkQuery) -> Result<LinkFacts, Broken> {
    let needed = FactsNeeded {
        link: Some(link),
        ..FactsNeeded::default()
    };
    let facts = bench.facts(realm, &needed, NOW).await?;
    facts
        .link
        .ok_or_else(|| Broken("facts of a link are not there".to_owned()))
}

async fn leads_to(
    bench: &Bench,
    realm: &str,
    provider: &str,
    identity: &str,
) -> Result<Option<String>, Broken> {
    let found = find(bench, realm, query(provider, identity)).await?;
    Ok(found.user.map(|user| user.id.clone()))
}

fn create(user: User) -> Effect {
    Effect::CreateUser(Box::new(user))
}

fn refused(conflict: Conflict) -> Result<(), CommitError> {
    Err(conflict.into())
}

async fn a_link_leads_to_its_user(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .store
        .insert_user("r", linked("u3", "olga", "O-1"))
        .await?;
    same!(
        leads_to(bench, "r", "partner", "O-1").await?.as_deref(),
        Some("u3"),
        "the user of a link"
    );
    same!(
        leads_to(bench, "r", "partner", "o-1").await?,
        None,
        "letter case of an identity counts"
    );
    Ok(())
}

async fn a_link_is_of_its_realm_and_provider(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench.realm("s").await?;
    bench
        .store
        .insert_user("r", linked("u3", "olga", "O-1"))
        .await?;
    same!(
        leads_to(bench, "s", "partner", "O-1").await?,
        None,
        "a link of another realm"
    );
    same!(
        leads_to(bench, "r", "other", "O-1").await?,
        None,
        "a link of another provider"
    );
    Ok(())
}

async fn facts_of_a_link_say_which_names_are_taken(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let shared = RealmDocument {
        login: LoginSettings {
            duplicate_emails: true,
            ..LoginSettings::default()
        },
        ..RealmDocument::named("s")
    };
    bench.realm_of(shared).await?;
    for realm in ["r", "s"] {
        let mail = User {
            email: Some("olga@example.org".into()),
            ..user("u3", "olga")
        };
        bench.store.insert_user(realm, mail).await?;
        let asked = LinkQuery {
            username: "OLGA".into(),
            email: Some("Olga@Example.org".into()),
            ..query("partner", "x")
        };
        let found = find(bench, realm, asked).await?;
        holds!(found.user.is_none(), "nobody is linked");
        holds!(found.username_taken, "the login name is taken in {realm}");
        same!(found.email_taken, realm == "r", "the address in {realm}");
        let free = find(bench, realm, query("partner", "x")).await?;
        holds!(
            !free.username_taken && !free.email_taken,
            "free names are free"
        );
    }
    Ok(())
}

async fn facts_of_a_link_say_who_is_locked_out(bench: &Bench) -> Kept {
    let strict = RealmDocument {
        brute_force: BruteForce {
            enabled: true,
            failure_factor: 1,
            wait_increment: 600,
            quick_login_check_millis: 0,
            ..BruteForce::default()
        },
        ..RealmDocument::named("r")
    };
    bench.realm_of(strict).await?;
    bench
        .store
        .insert_user("r", linked("u3", "olga", "O-1"))
        .await?;
    let before = find(bench, "r", query("partner", "O-1")).await?;
    holds!(!before.locked_out, "nobody failed yet");
    let failed = Effect::LoginFailed {
        user: "u3".into(),
        at: Timestamp(NOW.0),
    };
    bench.apply("r", &[failed]).await?;
    let after = find(bench, "r", query("partner", "O-1")).await?;
    holds!(after.locked_out, "one failure locks out here");
    Ok(())
}

async fn a_user_is_made_with_its_session_in_one_list(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let begun = UserSession {
        user: "u3".into(),
        ..session("s1")
    };
    let made = linked("u3", "OLGA", "O-1");
    bench.apply("r", &[create(made), start(begun)]).await?;
    same!(
        bench.online("r", "s1").await?.user.as_str(),
        "u3",
        "the user of the session"
    );
    let found = bench
        .store
        .find_user("r", &UserQuery::Username("olga".into()))
        .await?;
    same!(
        found.map(|user| user.version),
        Some(1),
        "the version of a new user"
    );
    Ok(())
}

async fn a_made_user_conflicts_as_an_inserted_one(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let first = User {
        email: Some("olga@example.org".into()),
        ..linked("u3", "olga", "O-1")
    };
    bench.apply("r", &[create(first)]).await?;
    for (other, conflict) in [
        (user("u3", "else"), Conflict::UserIdTaken),
        (user("u4", "Olga"), Conflict::UsernameTaken),
        (
            User {
                email: Some("OLGA@example.org".into()),
                ..user("u4", "else")
            },
            Conflict::EmailTaken,
        ),
        (linked("u4", "else", "O-1"), Conflict::LinkTaken),
    ] {
        same!(
            bench.apply("r", &[create(other)]).await,
            refused(conflict.clone()),
            "a made user that meets {conflict:?}"
        );
    }
    Ok(())
}

async fn a_put_user_needs_the_version(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let put = |expect| Effect::PutUser {
        user: Box::new(linked("u1", "mira", "M-1")),
        expect,
    };
    same!(
        bench.apply("r", &[put(7)]).await,
        refused(Conflict::Version {
            expected: 7,
            found: 1
        }),
        "a user of another version"
    );
    bench.apply("r", &[put(1)]).await?;
    same!(
        leads_to(bench, "r", "partner", "M-1").await?.as_deref(),
        Some("u1"),
        "the new link"
    );
    let gone = Effect::PutUser {
        user: Box::new(user("u9", "nobody")),
        expect: 1,
    };
    same!(
        bench.apply("r", &[gone]).await,
        refused(Conflict::UserGone),
        "a user who is not there"
    );
    Ok(())
}

async fn a_conflict_undoes_users_made_before(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let list = [
        create(linked("u3", "olga", "O-1")),
        create(user("u4", "mira")),
    ];
    same!(
        bench.apply("r", &list).await,
        refused(Conflict::UsernameTaken),
        "a list with a taken name"
    );
    same!(
        leads_to(bench, "r", "partner", "O-1").await?,
        None,
        "the link of a user that was undone"
    );
    bench
        .store
        .insert_user("r", linked("u5", "olga", "O-1"))
        .await?;
    Ok(())
}

async fn a_conflict_undoes_links_changed_before(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .store
        .update_user("r", linked("u1", "mira", "M-1"), 1)
        .await?;
    let list = [
        Effect::PutUser {
            user: Box::new(linked("u1", "moved", "M-2")),
            expect: 2,
        },
        create(user("u4", "noor")),
    ];
    same!(
        bench.apply("r", &list).await,
        refused(Conflict::UsernameTaken),
        "a list with a taken name"
    );
    same!(
        leads_to(bench, "r", "partner", "M-1").await?.as_deref(),
        Some("u1"),
        "the old link"
    );
    same!(
        leads_to(bench, "r", "partner", "M-2").await?,
        None,
        "the link that was undone"
    );
    let found = bench
        .store
        .find_user("r", &UserQuery::Username("mira".into()))
        .await?;
    same!(found.map(|user| user.version), Some(2), "the old record");
    Ok(())
}

async fn a_removed_link_leads_nowhere(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    bench
        .store
        .update_user("r", linked("u1", "mira", "M-1"), 1)
        .await?;
    bench.store.update_user("r", user("u1", "mira"), 2).await?;
    same!(
        leads_to(bench, "r", "partner", "M-1").await?,
        None,
        "a link that was taken away"
    );
    bench
        .store
        .update_user("r", linked("u2", "noor", "M-1"), 1)
        .await?;
    bench.store.delete_user("r", "u2").await?;
    same!(
        leads_to(bench, "r", "partner", "M-1").await?,
        None,
        "the link of a deleted user"
    );
    Ok(())
}

async fn racing_first_exchanges_make_one_user(bench: &Bench) -> Kept {
    bench.realm("r").await?;
    let rounds = bench
        .race(8, |store, racer, round| async move {
            let made = linked(
                &format!("n{round}-{racer}"),
                &format!("name-{round}-{racer}"),
                &format!("race-{round}"),
            );
            store.apply("r", &[create(made)], NOW).await
        })
        .await?;
    for results in rounds {
        let winners = results.iter().filter(|result| result.is_ok()).count();
        same!(winners, 1, "users made for one identity");
        let other = results
            .iter()
            .filter(|result| result.is_err())
            .find(|result| **result != refused(Conflict::LinkTaken));
        holds!(other.is_none(), "a loser was told {other:?}");
    }
    Ok(())
}
