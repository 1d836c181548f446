//! Around the official client, what it can't do for itself: every call ends in time, a client that is of no use any more
//! is replaced by a new one, and what goes wrong inside it stays inside.
//!
//! The client never leaves a node that has gone, is dead for good after a failed discovery, knows no time limit of its own
//! and panics on messages that it does not know. So each client lives in a room of its own: a runtime with one thread, on
//! which all of its work runs. Giving a room up ends everything that hangs in it, and a panic is an answer like another.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kurrentdb::{Client, ClientSettings};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::address::{Address, AddressError};
use crate::fault::{Connection, Fault, sort};

/// Wait before the second new client in a row; doubles up to [`SLOWEST`].
const FASTEST: Duration = Duration::from_millis(50);
/// Longest wait between two new clients.
const SLOWEST: Duration = Duration::from_secs(5);
/// Calls in a row without an answer in time after which a connection counts as lost.
const SILENT_CALLS: u32 = 2;
/// Calls in a row that met no leader after which a new client asks the whole cluster.
const MOVING_CALLS: u32 = 5;
/// Without a good answer for so long the log counts as out of reach.
const OUT_OF_REACH: Duration = Duration::from_secs(5);

/// What has happened so far, for tests and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Clients made.
    pub clients: u64,
    /// Appends tried whose outcome was not known at first.
    pub ambiguous: u64,
    /// Appends that were found stored by an earlier try.
    pub found_stored: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    clients: AtomicU64,
    pub(crate) ambiguous: AtomicU64,
    pub(crate) found_stored: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> Counted {
        Counted {
            clients: self.clients.load(Ordering::Relaxed),
            ambiguous: self.ambiguous.load(Ordering::Relaxed),
            found_stored: self.found_stored.load(Ordering::Relaxed),
        }
    }
}

/// One client with the thread on which it works.
struct Room {
    number: u64,
    client: Client,
    handle: Handle,
    /// `None` once it was given up.
    runtime: Mutex<Option<Runtime>>,
    silent: AtomicU32,
    moving: AtomicU32,
}

impl Room {
    /// Ends everything that hangs in it, also while its callers still hold it.
    fn close(&self) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Dropping a runtime waits for its tasks, and may not be done on an async thread.
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.close();
    }
}

/// A call whose caller went away does not go on in its room.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct State {
    room: Option<Arc<Room>>,
    /// Clients made in a row that never answered.
    failures: u32,
    /// Before then no new client is made.
    not_before: Instant,
    /// Since when it does not answer; `None`: it does.
    unreachable_since: Option<Instant>,
    reason: String,
}

pub(crate) struct Supervisor {
    settings: ClientSettings,
    state: Mutex<State>,
    pub(crate) counters: Counters,
}

impl Supervisor {
    pub(crate) fn new(address: &Address) -> Result<Self, AddressError> {
        let settings = address
            .for_client()
            .parse()
            .map_err(|error: kurrentdb::ClientSettingsParseError| AddressError::Client(error.message().to_owned()))?;
        let now = Instant::now();
        Ok(Self {
            settings,
            state: Mutex::new(State {
                room: None,
                failures: 0,
                not_before: now,
                unreachable_since: Some(now),
                reason: "it has not been reached yet".to_owned(),
            }),
            counters: Counters::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the server counts as out of reach, if it does.
    pub(crate) fn out_of_reach(&self) -> Option<String> {
        let state = self.state();
        let since = state.unreachable_since?;
        (since.elapsed() >= OUT_OF_REACH).then(|| state.reason.clone())
    }

    /// Runs one call on the present client, a new one if need be, for at most `patience`.
    pub(crate) async fn call<T, F>(&self, patience: Duration, work: impl FnOnce(Client) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, kurrentdb::Error>> + Send + 'static,
    {
        let until = Instant::now() + patience;
        let room = loop {
            match self.room() {
                Ok(room) => break room,
                Err(wait) if Instant::now() + wait >= until => {
                    tokio::time::sleep_until(until.into()).await;
                    return Err(Fault::NotDone(self.state().reason.clone()));
                }
                Err(wait) => tokio::time::sleep(wait).await,
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        let task = room.handle.spawn(work(room.client.clone()));
        let _abort = AbortOnDrop(task.abort_handle());
        let (fault, connection) = match tokio::time::timeout(left, task).await {
            Ok(Ok(Ok(done))) => {
                self.answered(&room);
                return Ok(done);
            }
            Ok(Ok(Err(error))) => sort(error),
            Ok(Err(broken)) if broken.is_panic() => {
                (Fault::Unclear("the client broke off".to_owned()), Connection::Lost)
            }
            Ok(Err(_)) => (
                Fault::Unclear("the connection was given up".to_owned()),
                Connection::Lost,
            ),
            Err(_) => (Fault::Unclear("no answer in time".to_owned()), Connection::Silent),
        };
        self.note(&room, &fault, connection);
        Err(fault)
    }

    fn note(&self, room: &Arc<Room>, fault: &Fault, connection: Connection) {
        if connection != Connection::Sound {
            self.unanswered(fault);
        }
        let lost = match connection {
            Connection::Sound => {
                self.answered(room);
                false
            }
            Connection::Moving => room.moving.fetch_add(1, Ordering::Relaxed) + 1 >= MOVING_CALLS,
            Connection::Silent => room.silent.fetch_add(1, Ordering::Relaxed) + 1 >= SILENT_CALLS,
            Connection::Lost => true,
        };
        if lost {
            self.give_up(room.number, fault);
        }
    }

    /// A call has been answered: the server is there.
    fn answered(&self, room: &Room) {
        room.silent.store(0, Ordering::Relaxed);
        room.moving.store(0, Ordering::Relaxed);
        let mut state = self.state();
        if std::mem::take(&mut state.failures) > 0 {
            tracing::info!(client = room.number, "KurrentDB answers again");
        }
        state.unreachable_since = None;
    }

    /// A call was not answered: perhaps the server is out of reach from now on.
    fn unanswered(&self, fault: &Fault) {
        let mut state = self.state();
        if state.unreachable_since.is_none() {
            state.unreachable_since = Some(Instant::now());
            state.reason = reason(fault);
        }
    }

    /// Drops a client that is of no use any more, with everything that hangs in it.
    fn give_up(&self, number: u64, fault: &Fault) {
        let mut state = self.state();
        if state.room.as_ref().is_none_or(|room| room.number != number) {
            return;
        }
        state.reason = reason(fault);
        if state.failures == 0 {
            tracing::warn!(
                client = number,
                reason = state.reason,
                "KurrentDB does not answer; trying again with a new client"
            );
        }
        state.not_before = Instant::now() + back_off(state.failures);
        state.failures = state.failures.saturating_add(1);
        if let Some(room) = state.room.take() {
            room.close();
        }
    }

    /// The present client, or a new one; else how long to wait for the next try.
    fn room(&self) -> Result<Arc<Room>, Duration> {
        let mut state = self.state();
        if let Some(room) = &state.room {
            return Ok(Arc::clone(room));
        }
        let wait = state.not_before.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            return Err(wait);
        }
        match self.make() {
            Ok(room) => {
                let room = Arc::new(room);
                state.room = Some(Arc::clone(&room));
                Ok(room)
            }
            Err(reason) => {
                tracing::warn!(reason, "no client of KurrentDB could be made");
                state.reason = reason;
                let wait = back_off(state.failures).max(FASTEST);
                state.failures = state.failures.saturating_add(1);
                state.not_before = Instant::now() + wait;
                Err(wait)
            }
        }
    }

    fn make(&self) -> Result<Room, String> {
        let number = self.counters.clients.fetch_add(1, Ordering::Relaxed) + 1;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("kurrentdb")
            .enable_all()
            .build()
            .map_err(|error| format!("a thread: {error}"))?;
        let (handle, settings) = (runtime.handle().clone(), self.settings.clone());
        // It reads certificate files here, and panics where one is not as it should be.
        let made = std::thread::scope(|scope| {
            scope
                .spawn(move || Client::with_runtime_handle(handle, settings).map_err(|error| error.to_string()))
                .join()
                .unwrap_or_else(|_| Err("the client can't read its certificates: see tlsCaFile".to_owned()))
        });
        match made {
            Ok(client) => Ok(Room {
                number,
                client,
                handle: runtime.handle().clone(),
                runtime: Mutex::new(Some(runtime)),
                silent: AtomicU32::new(0),
                moving: AtomicU32::new(0),
            }),
            Err(reason) => {
                runtime.shutdown_background();
                Err(reason)
            }
        }
    }
}

fn reason(fault: &Fault) -> String {
    match fault {
        Fault::NotDone(reason) | Fault::Unclear(reason) => reason.clone(),
        other => format!("{other:?}"),
    }
}

/// How long to wait after so many clients that never answered.
fn back_off(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        more => SLOWEST.min(FASTEST.saturating_mul(1 << (more - 1).min(7))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_clients_come_at_once_then_ever_more_slowly() {
        let waits: Vec<_> = (0..10).map(|failures| back_off(failures).as_millis()).collect();
        assert_eq!(waits, [0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
