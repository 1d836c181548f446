//! The view store: opening, following, reading.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Transaction;
use tokio::sync::{Mutex, broadcast, watch};
use yujian_domain::divisions::Divisions;
use yujian_eventlog::{EventLog, Item, LogError, LogPage, LogPosition};

use crate::database::{Checkpoint, Database, checkpoint, waypoint_before};
use crate::digest;
use crate::error::ViewError;
use crate::fold::{self, Batch, fold_batch};
use crate::model::{AsOf, Delta, Digest};
use crate::view::{problem, sums};

mod admission;
mod alerts;
mod conduct;
mod questions;
mod rebuild;
mod staff;

pub use rebuild::Rebuilt;

/// Records folded in one transaction, at most.
const BATCH: usize = 2_000;
/// Records that a start reads again to see whether they are still sound: some seconds of work. Older ones are `verify`'s.
const CHECKED: u64 = 500_000;
/// Deltas that a slow receiver may fall behind before it must read anew.
const DELTAS: usize = 1_024;
/// How long the follower waits after a fault of log or store before it tries again.
const RETRY: Duration = Duration::from_millis(250);

/// Progress of a rebuild, for a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuild {
    /// Records folded.
    pub done: u64,
    /// Records in the log.
    pub total: u64,
}

/// The views. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    log: Arc<dyn EventLog>,
    database: Arc<Database>,
    divisions: Arc<Divisions>,
    position: Arc<watch::Sender<LogPosition>>,
    deltas: broadcast::Sender<Arc<Delta>>,
    /// Held while a page is folded, and while a rebuild is swapped in.
    folding: Arc<Mutex<()>>,
    /// Held by the one rebuild that runs.
    rebuilding: Arc<Mutex<()>>,
}

impl Views {
    /// Opens `views.db` in `directory` (a temporary one when `None`), catches up with the log as it stands now, and
    /// reports progress. A store of another version, of another log, or ahead of the log, is rebuilt from nothing, and so
    /// is one whose log was damaged or repaired since. A catch-up that is interrupted goes on where it stopped.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`] when log or disk can't be read or written.
    pub async fn open(
        directory: Option<&Path>,
        log: Arc<dyn EventLog>,
        divisions: Arc<Divisions>,
        progress: impl Fn(Rebuild) + Send + Sync,
    ) -> Result<Self, ViewError> {
        let directory = directory.map(Path::to_path_buf);
        let database = blocking(move || Database::open(directory.as_deref())).await?;
        let origin = log.origin();
        let views = Self {
            log,
            database: Arc::new(database),
            divisions,
            position: Arc::new(watch::Sender::new(origin)),
            deltas: broadcast::Sender::new(DELTAS),
            folding: Arc::default(),
            rebuilding: Arc::default(),
        };
        let found = views.database.read(|transaction| checkpoint(transaction)).await?;
        if let Some(found) = found {
            if views.is_of_this_log(&found).await? && views.damage_is_as_folded(&found).await? {
                views.position.send_replace(found.position);
            } else {
                tracing::info!(checkpoint = %found.position, "the log is not the one that the views have folded: rebuilding");
                let database = Arc::clone(&views.database);
                blocking(move || database.clear()).await?;
            }
        }
        let total = views.log.head().borrow().number;
        loop {
            let at = *views.position.borrow();
            progress(Rebuild {
                done: at.number.min(total),
                total,
            });
            if at.number >= total {
                break;
            }
            let page = views.log.read_all(at, BATCH).await?;
            if page.items.is_empty() && page.caught_up {
                break;
            }
            views.fold(at, page, false).await?;
        }
        settle(&views.database).await?;
        Ok(views)
    }

    /// Whether the record at the checkpoint is the one that was folded.
    async fn is_of_this_log(&self, found: &Checkpoint) -> Result<bool, ViewError> {
        let head = *self.log.head().borrow();
        if found.position.epoch != head.epoch || found.position > head {
            return Ok(false);
        }
        if found.position == self.log.origin() {
            return Ok(true);
        }
        let item = self.log.item_at(found.position).await?;
        Ok(item.is_some_and(|item| fold::mark(&item) == found.mark))
    }

    /// Whether the log still has the damage that was folded, no more (a record was altered since) and no less (one was
    /// repaired). Looks at the newest [`CHECKED`] records, whose hashes the log checks as it reads them.
    async fn damage_is_as_folded(&self, found: &Checkpoint) -> Result<bool, ViewError> {
        let checkpoint = found.clone();
        let (known, first) = self
            .database
            .read(move |transaction| {
                let first = waypoint_before(transaction, &checkpoint, CHECKED)?;
                Ok((problem::damaged_records(transaction)?, first))
            })
            .await?;
        let mut met = BTreeSet::new();
        let mut at = first.unwrap_or_else(|| self.log.origin());
        while at < found.position {
            let page = self.log.read_all(at, BATCH).await?;
            for item in page.items.iter().filter(|item| item.position() <= found.position) {
                if let Item::Damaged(damage) = item {
                    let stream = damage.stream.as_ref().map_or("", |stream| stream.as_str());
                    met.insert((stream.to_owned(), damage.revision));
                }
            }
            if page.items.is_empty() {
                break;
            }
            at = page.next;
        }
        Ok(if first.is_none() {
            met == known
        } else {
            met.is_subset(&known)
        })
    }

    /// Follows the log until `stop` turns true or its sender is gone. Run it as a task. A fault of log or store (a full
    /// disk) does not end it: rows and checkpoint stay as they are, and it tries again.
    ///
    /// # Errors
    /// None at present; the type leaves room for faults that trying again can't cure.
    pub async fn follow(&self, mut stop: watch::Receiver<bool>) -> Result<(), ViewError> {
        let mut head = self.log.head();
        let mut failing = false;
        loop {
            if *stop.borrow() {
                return Ok(());
            }
            head.borrow_and_update();
            let at = *self.position.borrow();
            let folded = match self.log.read_all(at, BATCH).await {
                Ok(page) => {
                    let caught_up = page.caught_up;
                    // What another follower folded meanwhile may end before this page does: then it reads on from there.
                    self.fold(at, page, true).await.map(|folded| folded && caught_up)
                }
                Err(error) => Err(error.into()),
            };
            let wait_for_more = match folded {
                Ok(caught_up) => {
                    failing = false;
                    caught_up
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, position = %at, "the views can't follow the log; trying again");
                    }
                    failing = true;
                    false
                }
            };
            if failing {
                tokio::select! {
                    changed = stop.changed() => if changed.is_err() { return Ok(()) },
                    () = tokio::time::sleep(RETRY) => {}
                }
            } else if wait_for_more {
                tokio::select! {
                    changed = stop.changed() => if changed.is_err() { return Ok(()) },
                    changed = head.changed() => if changed.is_err() { return Ok(()) },
                }
            }
        }
    }

    /// Folds the page after `at`, then announces position and changes. All of that is one piece of work that goes on when
    /// the caller is dropped: rows, position and pushes never part. A page whose beginning is folded already is passed,
    /// which is answered with `false`.
    async fn fold(&self, at: LogPosition, page: LogPage, live: bool) -> Result<bool, ViewError> {
        let LogPage { items, next, .. } = page;
        if items.is_empty() {
            return Ok(true);
        }
        let items: Batch = items.into();
        let folding = Arc::clone(&self.folding).lock_owned().await;
        let (database, position, deltas) = (
            Arc::clone(&self.database),
            Arc::clone(&self.position),
            self.deltas.clone(),
        );
        blocking(move || {
            let _folding = folding;
            if *position.borrow() != at {
                return Ok(false);
            }
            let (changes, after) = database.write(|transaction| fold_batch(transaction, &items, next, live))?;
            position.send_replace(after.position);
            if live && let Some(recorded_time) = after.recorded_time {
                // Nobody listening is no fault.
                let _ = deltas.send(Arc::new(Delta {
                    position: after.position,
                    recorded_time,
                    changes,
                }));
            }
            Ok(true)
        })
        .await
    }

    /// Position folded so far; changes are announced.
    #[must_use]
    pub fn position(&self) -> watch::Receiver<LogPosition> {
        self.position.subscribe()
    }

    /// Deltas as they are committed. A receiver that lags must read anew.
    #[must_use]
    pub fn deltas(&self) -> broadcast::Receiver<Arc<Delta>> {
        self.deltas.subscribe()
    }

    /// Waits until the views have folded `position`.
    ///
    /// # Errors
    /// [`ViewError::ForeignPosition`] for a position of another epoch or beyond the log, at once;
    /// [`ViewError::Behind`] when `at_most` has passed.
    pub async fn wait_for(&self, position: LogPosition, at_most: Duration) -> Result<(), ViewError> {
        match self.log.reach(position).await {
            Err(LogError::BeyondHead { .. } | LogError::OtherEpoch { .. }) => {
                return Err(ViewError::ForeignPosition(position));
            }
            reached => reached?,
        }
        let mut folded = self.position.subscribe();
        let reached = tokio::time::timeout(at_most, folded.wait_for(|at| *at >= position))
            .await
            .is_ok();
        let at = *self.position.borrow();
        if reached || at >= position {
            Ok(())
        } else {
            Err(ViewError::Behind { at, wanted: position })
        }
    }

    /// Freshness.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`] when the store can't be read; so for every question below.
    pub async fn as_of(&self) -> Result<AsOf, ViewError> {
        self.ask(|_, as_of| Ok(as_of.clone())).await
    }

    /// Digest of every table: equal for equal logs, whenever it is computed.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn digest(&self) -> Result<Digest, ViewError> {
        self.ask(|transaction, as_of| {
            let (tables, total) = digest::compute(transaction)?;
            Ok(Digest {
                position: as_of.position,
                tables,
                total,
            })
        })
        .await
    }

    /// Asks in one read transaction, together with the freshness of the answer.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Transaction<'_>, &AsOf) -> Result<T, ViewError> + Send + 'static,
    ) -> Result<T, ViewError> {
        let (head, gapless) = (*self.log.head().borrow(), self.log.gapless());
        self.database
            .read(move |transaction| {
                let checkpoint = checkpoint(transaction)?;
                let position = checkpoint.as_ref().map_or(
                    LogPosition {
                        epoch: head.epoch,
                        number: 0,
                    },
                    |checkpoint| checkpoint.position,
                );
                let (damaged, unknown) = problem::counts(transaction)?;
                let ahead = head.number.saturating_sub(position.number);
                let as_of = AsOf {
                    position,
                    recorded_time: checkpoint.and_then(|checkpoint| checkpoint.recorded_time),
                    lag: if gapless { ahead } else { ahead.min(1) },
                    lag_exact: gapless,
                    damaged,
                    unknown,
                };
                question(transaction, &as_of)
            })
            .await
    }
}

/// Adds up what was folded without it.
async fn settle(database: &Arc<Database>) -> Result<(), ViewError> {
    let database = Arc::clone(database);
    blocking(move || {
        while database.write(sums::settle)? {}
        Ok(())
    })
    .await
}

/// Runs blocking work off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ViewError> + Send + 'static,
) -> Result<T, ViewError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ViewError::Unavailable(error.to_string()))?
}
