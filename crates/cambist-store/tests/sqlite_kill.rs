//! An acknowledged write survives `kill -9`, and no list of effects is ever found half.
//!
//! The test starts itself again as a child that writes under load and says on its standard output what was
//! acknowledged; kills it at a random time; opens the file and compares.
#![cfg(all(unix, feature = "sqlite"))]
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test may panic"
)]

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use cambist::{
    effects::{Effect, SingleUse},
    facts::{SessionId, SessionKind, User, UserSession},
    moment::Timestamp,
    realm::document::RealmDocument,
};
use cambist_store::{EffectSink as _, RealmSource as _, SqliteStore};

const KILLS: usize = 24;
const WRITERS: usize = 16;
const STORE: &str = "CAMBIST_KILL_STORE";
const ROUND: &str = "CAMBIST_KILL_ROUND";
const NOW: Timestamp = Timestamp(1_800_000_000);

#[test]
fn an_acknowledged_write_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    prepare(&path);
    let mut random = Random::of_now();
    println!("seed {}", random.0);
    let started = Instant::now();
    let mut said = Said::default();
    let mut kills = 0;
    while kills < KILLS {
        let delay = Duration::from_micros(random.below(120_000));
        let before = said.begun.len();
        run_and_kill(&path, kills, delay, &mut said);
        drop(SqliteStore::open(&path).unwrap());
        said.compare(&path);
        assert!(
            said.begun.len() > before,
            "nothing was acknowledged before kill {kills}"
        );
        kills += 1;
    }
    let begun = said.begun.len();
    println!(
        "{kills} kills, {begun} acknowledged lists, none lost, {:?}",
        started.elapsed()
    );
}

/// Not a test: what the child does. Without the variable it does nothing.
#[test]
fn child() {
    let (Ok(path), Ok(round)) = (std::env::var(STORE), std::env::var(ROUND)) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(PathBuf::from(path)).unwrap());
        let next = Arc::new(AtomicU64::new(0));
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let (store, next, round) = (Arc::clone(&store), Arc::clone(&next), round.clone());
                tokio::spawn(async move {
                    for _ in 0..1_000_000 {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        write_one(&store, &format!("{round}-{number}"), number).await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn write_one(store: &SqliteStore, id: &str, number: u64) {
    let begin = [
        claim(id),
        Effect::StartSession(Box::new(session(id))),
        Effect::Revoke {
            token: id.into(),
            until: NOW,
        },
    ];
    store.apply("r", &begin, NOW).await.unwrap();
    say(&format!("begun {id}"));
    // A list that conflicts at its end must never be seen.
    let never = [
        Effect::StartSession(Box::new(session(&format!("never-{id}")))),
        claim(id),
    ];
    store.apply("r", &never, NOW).await.unwrap_err();
    if number.is_multiple_of(3) {
        say(&format!("ending {id}"));
        let end = Effect::EndSession {
            session: SessionId(id.into()),
            kind: SessionKind::Online,
        };
        store.apply("r", &[end], NOW).await.unwrap();
        say(&format!("ended {id}"));
    }
}

/// One line, with one write, as a pipe keeps it whole.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn claim(id: &str) -> Effect {
    Effect::UseOnce {
        purpose: SingleUse::DpopProof,
        id: id.into(),
        until: NOW.after(60),
    }
}

fn session(id: &str) -> UserSession {
    UserSession {
        id: SessionId(id.into()),
        kind: SessionKind::Online,
        user: "u".into(),
        started: NOW,
        last_refresh: NOW,
        method: "openid-connect".into(),
        notes: Default::default(),
        clients: Default::default(),
        version: 0,
    }
}

fn prepare(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let user = User {
        id: "u".into(),
        username: "u".into(),
        ..User::default()
    };
    let insert = store.insert_realm(RealmDocument::named("r"), vec![user]);
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(insert)
        .unwrap();
}

fn run_and_kill(path: &Path, round: usize, delay: Duration, said: &mut Said) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(STORE, path)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let mut killer = None;
    loop {
        line.clear();
        if lines.read_line(&mut line).unwrap() == 0 {
            break;
        }
        said.hear(&line);
        if killer.is_none() && line.starts_with("begun ") {
            let process = child.id();
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(delay);
                let status = Command::new("kill")
                    .args(["-9", &process.to_string()])
                    .status();
                assert!(status.unwrap().success());
            }));
        }
    }
    killer.unwrap().join().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9),
        "{status}"
    );
}

/// What the children said.
#[derive(Default)]
struct Said {
    begun: BTreeSet<String>,
    ending: BTreeSet<String>,
    ended: BTreeSet<String>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        // What was cut off by the kill was not said.
        let Some(line) = line.strip_suffix('\n') else {
            return;
        };
        let Some((word, id)) = line.split_once(' ') else {
            return;
        };
        let heard = match word {
            "begun" => &mut self.begun,
            "ending" => &mut self.ending,
            "ended" => &mut self.ended,
            _ => return,
        };
        heard.insert(id.to_owned());
    }

    fn compare(&self, path: &Path) {
        let file = rusqlite::Connection::open(path).unwrap();
        let ids = |sql: &str| -> BTreeSet<String> {
            let mut statement = file.prepare(sql).unwrap();
            statement
                .query_map([], |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        };
        let marks = ids("SELECT id FROM single_use");
        let revoked = ids("SELECT token FROM revoked");
        let sessions = ids("SELECT id FROM session");
        let lost: Vec<_> = self.begun.difference(&marks).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        assert_eq!(marks, revoked, "a list was kept half");
        assert!(
            sessions.is_subset(&marks),
            "a list was kept half, or a refused one was kept"
        );
        let must_be: BTreeSet<_> = marks.difference(&self.ending).cloned().collect();
        let missing: Vec<_> = must_be.difference(&sessions).collect();
        assert!(missing.is_empty(), "sessions lost: {missing:?}");
        let back: Vec<_> = self.ended.intersection(&sessions).collect();
        assert!(back.is_empty(), "ended sessions that are back: {back:?}");
    }
}

/// Good enough for choosing when to kill.
struct Random(u64);

impl Random {
    fn of_now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self(now.as_secs() ^ u64::from(now.subsec_nanos()))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
