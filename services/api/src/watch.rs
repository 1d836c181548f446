//! Changes for watchers: a ring of what was folded lately, filled by one task, read by each watcher at its own pace. A watcher
//! that is older than the ring, or too slow for it, is told to begin anew from queries.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Duration, Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use yujian_eventlog::LogPosition;
use yujian_proto::supervision::v1::watch_reply::Event;
use yujian_proto::supervision::v1::{self as pb, WatchReply};
use yujian_views::{Change, Delta, Scope};

use crate::convert::supervision::change;
use crate::error::{ApiReason, refuse};
use crate::limits::{WATCH_BATCH, WATCH_KEPT_CHANGES};

/// What a watcher wants to see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// What the caller may see.
    pub scope: Scope,
    /// Division code.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<uuid::Uuid>,
}

impl Filter {
    fn admits(&self, change: &Change) -> bool {
        let within = |area: &Option<String>| area.as_deref().is_none_or(|area| lies_within(&change.region, area));
        let domestic = change.region.as_bytes().first().is_some_and(u8::is_ascii_digit);
        (domestic || !self.scope.domestic_only)
            && within(&self.scope.jurisdiction)
            && within(&self.region)
            && self
                .scope
                .organisation
                .as_deref()
                .is_none_or(|own| change.organisation.as_deref() == Some(own))
            && self.institution.is_none_or(|id| id == change.institution)
            && (self.scope.organisation.is_none() || !change.regulator_only)
    }
}

/// Whether a division code is `area` or lies in it: Chinese codes nest by prefix, foreign ones by path.
fn lies_within(code: &str, area: &str) -> bool {
    match code.strip_prefix(area) {
        Some("") => true,
        Some(rest) => area.as_bytes().first().is_some_and(u8::is_ascii_digit) || rest.starts_with('/'),
        None => false,
    }
}

struct Ring {
    deltas: VecDeque<Arc<Delta>>,
    changes: usize,
    /// Everything after this position is in the ring.
    floor: LogPosition,
}

/// What a delta takes up in the ring: one without changes is kept too, since it moves the end.
fn weight(delta: &Delta) -> usize {
    delta.changes.len().max(1)
}

/// What a watcher gets next.
enum Next {
    /// The ring has nothing newer.
    Nothing,
    /// The ring begins later than the cursor; go on from here.
    Lost(LogPosition),
    /// These came.
    Deltas(Vec<Arc<Delta>>),
}

impl Ring {
    fn end(&self) -> LogPosition {
        self.deltas.back().map_or(self.floor, |delta| delta.position)
    }

    fn push(&mut self, delta: Arc<Delta>) {
        if delta.position <= self.end() {
            return;
        }
        self.changes += weight(&delta);
        self.deltas.push_back(delta);
        while self.changes > WATCH_KEPT_CHANGES && self.deltas.len() > 1 {
            if let Some(oldest) = self.deltas.pop_front() {
                self.changes -= weight(&oldest);
                self.floor = oldest.position;
            }
        }
    }

    fn restart(&mut self, floor: LogPosition) {
        self.deltas.clear();
        self.changes = 0;
        self.floor = floor;
    }

    fn after(&self, cursor: LogPosition) -> Next {
        if cursor < self.floor {
            return Next::Lost(self.end());
        }
        let mut found = Vec::new();
        let mut changes = 0;
        let from = self.deltas.partition_point(|delta| delta.position <= cursor);
        for delta in self.deltas.range(from..) {
            if changes > WATCH_BATCH {
                break;
            }
            changes += delta.changes.len();
            found.push(Arc::clone(delta));
        }
        if found.is_empty() {
            Next::Nothing
        } else {
            Next::Deltas(found)
        }
    }
}

/// The ring with its announcements. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub {
    ring: Arc<Mutex<Ring>>,
    end: watch::Receiver<LogPosition>,
}

impl Hub {
    /// Starts the task that fills the ring. `deltas` must have been subscribed to before `position` was read.
    pub(crate) fn start(
        mut deltas: broadcast::Receiver<Arc<Delta>>,
        position: LogPosition,
        stop: CancellationToken,
    ) -> Self {
        let ring = Arc::new(Mutex::new(Ring {
            deltas: VecDeque::new(),
            changes: 0,
            floor: position,
        }));
        let (announce, end) = watch::channel(position);
        let filled = Arc::clone(&ring);
        tokio::spawn(async move {
            let mut lost = false;
            loop {
                let received = tokio::select! {
                    () = stop.cancelled() => return,
                    received = deltas.recv() => received,
                };
                let mut ring = lock(&filled);
                match received {
                    // What was lost lies before this delta, so that nobody may resume from before it.
                    Ok(delta) if lost => {
                        lost = false;
                        ring.restart(delta.position);
                    }
                    Ok(delta) => ring.push(delta),
                    Err(RecvError::Lagged(_)) => lost = true,
                    Err(RecvError::Closed) => return,
                }
                announce.send_replace(ring.end());
            }
        });
        Self { ring, end }
    }

    /// Sends to a watcher until it goes, or until the server stops. `after` is where it resumes.
    pub(crate) async fn serve(
        self,
        after: Option<LogPosition>,
        filter: Filter,
        out: mpsc::Sender<Result<WatchReply, Status>>,
        heartbeat: Duration,
        stop: CancellationToken,
    ) {
        tokio::select! {
            // In order: the ring closes with the same signal, and the watcher must hear why its stream ends.
            biased;
            () = stop.cancelled() => {
                // A watcher that does not read is not waited for.
                let _ = out.try_send(Err(refuse(ApiReason::ShuttingDown)));
            }
            () = out.closed() => {}
            _ = self.send_all(after, &filter, &out, heartbeat) => {}
        }
    }

    /// Ends with `Err` when the watcher has gone, or `Ok` when nothing will come any more.
    async fn send_all(
        mut self,
        after: Option<LogPosition>,
        filter: &Filter,
        out: &mpsc::Sender<Result<WatchReply, Status>>,
        heartbeat: Duration,
    ) -> Result<(), mpsc::error::SendError<Result<WatchReply, Status>>> {
        let mut cursor = match after {
            Some(cursor) => cursor,
            None => {
                let end = lock(&self.ring).end();
                out.send(Ok(reply(end, Event::Snapshot(pb::WatchSnapshot {})))).await?;
                end
            }
        };
        let mut due = Instant::now() + heartbeat;
        loop {
            self.end.borrow_and_update();
            let next = lock(&self.ring).after(cursor);
            match next {
                Next::Lost(end) => {
                    cursor = end;
                    out.send(Ok(reply(end, Event::Snapshot(pb::WatchSnapshot {})))).await?;
                    due = Instant::now() + heartbeat;
                }
                Next::Deltas(deltas) => {
                    for message in messages(&deltas, filter, &mut cursor) {
                        out.send(Ok(message)).await?;
                        due = Instant::now() + heartbeat;
                    }
                }
                Next::Nothing => match timeout_at(due, self.end.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return Ok(()),
                    Err(_) => {
                        out.send(Ok(reply(cursor, Event::Heartbeat(pb::WatchHeartbeat {}))))
                            .await?;
                        due = Instant::now() + heartbeat;
                    }
                },
            }
        }
    }
}

/// Messages of at most [`WATCH_BATCH`] changes. A message that ends within a delta keeps the resume point before it, so that
/// a watcher that breaks off there sees the delta again rather than half of it.
fn messages(deltas: &[Arc<Delta>], filter: &Filter, cursor: &mut LogPosition) -> Vec<WatchReply> {
    let mut messages = Vec::new();
    let mut pending = Vec::new();
    for delta in deltas {
        for admitted in delta.changes.iter().filter(|change| filter.admits(change)) {
            if pending.len() == WATCH_BATCH {
                messages.push(reply(
                    *cursor,
                    Event::Changes(pb::WatchChanges {
                        changes: std::mem::take(&mut pending),
                    }),
                ));
            }
            pending.push(change(admitted));
        }
        *cursor = delta.position;
    }
    if !pending.is_empty() {
        messages.push(reply(*cursor, Event::Changes(pb::WatchChanges { changes: pending })));
    }
    messages
}

fn reply(position: LogPosition, event: Event) -> WatchReply {
    WatchReply {
        position: position.to_string(),
        event: Some(event),
    }
}

fn lock(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    // Nothing that holds the lock can leave the ring half changed.
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
