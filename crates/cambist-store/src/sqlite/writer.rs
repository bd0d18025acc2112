//! The one writer: many requests, one disk sync.
//!
//! A disk makes about three hundred syncs a second, whatever the database. So requests queue, a thread takes
//! all that wait, runs each in a savepoint of one transaction, commits once and only then answers them all.
//! A request that meets a conflict loses its own savepoint and no one else's.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use cambist::{
    facts::{SessionId, SessionKind},
    moment::Timestamp,
};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::rows::RealmRows;
use crate::{StoreError, Unavailable, apply};

/// Requests in one transaction. More would make the first ones wait for the last ones' work.
const BATCH: usize = 512;
/// Sessions whose times of last use go into one transaction.
const TOUCHES_AT_ONCE: usize = 2_048;
/// Sessions whose times of last use may wait; more are written like anything else.
const TOUCHES_WAITING: usize = 65_536;
/// How long a time of last use waits.
const TOUCH_DELAY: Duration = Duration::from_secs(1);

/// The writer's end that requests see.
#[derive(Debug)]
pub(super) struct Writer {
    queue: SyncSender<Message>,
    status: Arc<Status>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What both ends share.
#[derive(Debug, Default)]
struct Status {
    failure: OnceLock<String>,
    queued: AtomicUsize,
    touches: Mutex<Touches>,
}

type Touches = HashMap<TouchKey, HashMap<Box<str>, Timestamp>>;

/// Realm, kind and id of a session that was used.
type TouchKey = (Box<str>, SessionKind, SessionId);

enum Message {
    Work(Box<dyn Work>),
    Flush(oneshot::Sender<Result<(), StoreError>>),
    Stop(oneshot::Sender<Result<(), StoreError>>),
}

impl Writer {
    /// Starts the thread. At most `waiting` requests wait at once.
    pub(super) fn start(connection: Connection, waiting: usize) -> std::io::Result<Self> {
        let (queue, messages) = mpsc::sync_channel(waiting.max(1));
        let status = Arc::new(Status::default());
        let worker = Worker {
            connection,
            messages,
            status: Arc::clone(&status),
            touched: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name("cambist-store-writer".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self {
            queue,
            status,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues the work, and answers with its result once that is durable.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        self.send(Message::Work(Box::new(Task {
            work: Some(work),
            result: None,
            answer,
        })))?;
        result
            .await
            .unwrap_or_else(|_| Err(Unavailable::Closed.into()))
    }

    /// Notes a use that is written behind, unless too many wait: then it says false.
    pub(super) fn touch(&self, key: TouchKey, client: &str, at: Timestamp) -> bool {
        let mut touches = self.status.touches();
        if touches.len() >= TOUCHES_WAITING && !touches.contains_key(&key) {
            return false;
        }
        let last = touches
            .entry(key)
            .or_default()
            .entry(client.into())
            .or_insert(at);
        *last = (*last).max(at);
        true
    }

    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let (answer, result) = oneshot::channel();
        self.send(Message::Flush(answer))?;
        result
            .await
            .unwrap_or_else(|_| Err(Unavailable::Closed.into()))
    }

    /// Writes what waits and ends the thread. Later requests are told that the store is closed.
    pub(super) async fn stop(&self) -> Result<(), StoreError> {
        let (answer, result) = oneshot::channel();
        match self.send(Message::Stop(answer)) {
            Err(StoreError::Unavailable(Unavailable::Closed)) => return Ok(()),
            sent => sent?,
        }
        result.await.unwrap_or(Ok(()))
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.status.failure.get().cloned()
    }

    pub(super) fn queued(&self) -> usize {
        self.status.queued.load(Ordering::Relaxed)
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.status.failure.get().is_some()
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        if self.is_read_only() && !matches!(message, Message::Stop(_)) {
            return Err(Unavailable::ReadOnly.into());
        }
        self.status.queued.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(message).map_err(|error| {
            self.status.queued.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => Unavailable::Busy.into(),
                TrySendError::Disconnected(_) => Unavailable::Closed.into(),
            }
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let (answer, _result) = oneshot::channel();
        // A full queue has room soon, and nobody can add to it any more.
        let _gone = self.queue.send(Message::Stop(answer));
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _panicked = thread.join();
        }
    }
}

impl Status {
    fn touches(&self) -> std::sync::MutexGuard<'_, Touches> {
        self.touches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes some of what waits.
    fn take_touches(&self) -> Vec<(TouchKey, HashMap<Box<str>, Timestamp>)> {
        let mut touches = self.touches();
        let keys: Vec<_> = touches.keys().take(TOUCHES_AT_ONCE).cloned().collect();
        keys.into_iter()
            .filter_map(|key| touches.remove_entry(&key))
            .collect()
    }
}

/// One request.
trait Work: Send {
    /// Does it. `Err` when its savepoint must be undone.
    fn run(&mut self, connection: &Connection) -> Result<(), Undo>;
    /// Answers: with the result, or with the reason why nothing became durable.
    fn answer(self: Box<Self>, durable: Result<(), Unavailable>);
}

/// Why a savepoint is undone.
enum Undo {
    /// A conflict, or a fault of this request alone.
    This,
    /// The disk failed: nothing of the transaction can be trusted.
    Everything(Unavailable),
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), Undo> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let result = work(connection);
        let verdict = match &result {
            Ok(_) => Ok(()),
            Err(StoreError::Unavailable(reason @ Unavailable::Disk { .. })) => {
                Err(Undo::Everything(reason.clone()))
            }
            Err(_) => Err(Undo::This),
        };
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, durable: Result<(), Unavailable>) {
        let result = match (durable, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Unavailable::Closed.into()),
            (Err(reason), _) => Err(reason.into()),
        };
        // Whoever stopped waiting needs no answer.
        let _ = self.answer.send(result);
    }
}

/// The thread.
struct Worker {
    connection: Connection,
    messages: Receiver<Message>,
    status: Arc<Status>,
    touched: Instant,
}

/// What is done in one transaction.
#[derive(Default)]
struct Batch {
    work: Vec<Box<dyn Work>>,
    flushes: Vec<oneshot::Sender<Result<(), StoreError>>>,
    stop: Option<oneshot::Sender<Result<(), StoreError>>>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let batch = match self.messages.recv_timeout(TOUCH_DELAY) {
                Ok(first) => self.collect(first),
                Err(RecvTimeoutError::Timeout) => Batch::default(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let Batch {
                work,
                flushes,
                stop,
            } = batch;
            let everything = !flushes.is_empty() || stop.is_some();
            self.commit_all(work);
            let flushed = self.write_touches(everything);
            for flush in flushes {
                let _ = flush.send(flushed.clone().map_err(StoreError::from));
            }
            if let Some(stop) = stop {
                // What is in the log is durable already; this only makes the next start quicker.
                let _ =
                    self.connection
                        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
                let _ = stop.send(flushed.map_err(StoreError::from));
                return;
            }
        }
    }

    fn collect(&self, first: Message) -> Batch {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(message) = next {
            self.status.queued.fetch_sub(1, Ordering::Relaxed);
            match message {
                Message::Work(work) => batch.work.push(work),
                Message::Flush(answer) => batch.flushes.push(answer),
                Message::Stop(answer) => {
                    batch.stop = Some(answer);
                    break;
                }
            }
            next = if batch.work.len() < BATCH {
                self.messages.try_recv().ok()
            } else {
                None
            };
        }
        batch
    }

    fn commit_all(&self, mut work: Vec<Box<dyn Work>>) {
        if work.is_empty() {
            return;
        }
        let durable = self.transaction(|connection| {
            for work in &mut work {
                connection
                    .prepare_cached("SAVEPOINT request")?
                    .execute([])?;
                match work.run(connection) {
                    Ok(()) => {}
                    Err(Undo::This) => {
                        connection
                            .prepare_cached("ROLLBACK TO request")?
                            .execute([])?;
                    }
                    Err(Undo::Everything(reason)) => return Err(reason),
                }
                connection.prepare_cached("RELEASE request")?.execute([])?;
            }
            Ok(())
        });
        for work in work {
            work.answer(durable.clone());
        }
    }

    /// Writes times of last use when their delay is over, or all of them when somebody waits for that.
    fn write_touches(&mut self, everything: bool) -> Result<(), Unavailable> {
        if !everything && self.touched.elapsed() < TOUCH_DELAY {
            return Ok(());
        }
        loop {
            let touches = self.status.take_touches();
            if touches.is_empty() {
                self.touched = Instant::now();
                return Ok(());
            }
            self.transaction(|connection| {
                for ((realm, kind, id), uses) in &touches {
                    // A realm or session that is gone needs no time of last use.
                    let Ok(mut rows) = RealmRows::find(connection, realm) else {
                        continue;
                    };
                    let uses: Vec<_> = uses.iter().map(|(client, at)| (&**client, *at)).collect();
                    let touched = apply::touch(&mut rows, id, *kind, &uses);
                    if let Err(StoreError::Unavailable(reason @ Unavailable::Disk { .. })) = touched
                    {
                        return Err(reason);
                    }
                }
                Ok(())
            })?;
            if !everything {
                return Ok(());
            }
        }
    }

    /// Runs the steps in one transaction and syncs it. When the disk fails, the store takes no more writes:
    /// after a failed sync nobody knows what is on the disk, and trying again would not tell.
    fn transaction(
        &self,
        steps: impl FnOnce(&Connection) -> Result<(), Unavailable>,
    ) -> Result<(), Unavailable> {
        if self.status.failure.get().is_some() {
            return Err(Unavailable::ReadOnly);
        }
        let statement = |sql: &str| -> Result<(), Unavailable> {
            self.connection.prepare_cached(sql)?.execute([])?;
            Ok(())
        };
        statement("BEGIN IMMEDIATE")?;
        let done = steps(&self.connection).and_then(|()| statement("COMMIT"));
        if let Err(reason) = &done {
            let _ = self.status.failure.set(reason.to_string());
            if !self.connection.is_autocommit() {
                let _ = statement("ROLLBACK");
            }
        }
        done
    }
}
