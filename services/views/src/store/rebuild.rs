//! A rebuild beside the live views: built from the log in a file of its own while they go on answering and following,
//! then put in their place in one transaction.
//!
//! The new rows are copied page by page into the live file rather than renamed over it: a reader in the middle of a
//! question finishes on the old rows, a program that has the file open sees the new ones with its next question, and a
//! crash at any moment leaves either all of the old or all of the new. Folding waits while the pages are copied;
//! questions do not.

use std::ops::ControlFlow;
use std::sync::Arc;

use yujian_eventlog::LogPosition;

use super::{BATCH, Rebuild, Views, blocking, settle};
use crate::database::{Database, Snapshot, checkpoint};
use crate::digest;
use crate::error::ViewError;
use crate::fold::{Batch, fold_batch};

/// What a rebuild came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Position at which the views were swapped.
    pub position: LogPosition,
    /// Digest of all tables as they stood there before, SHA-256 in hex.
    pub before: String,
    /// The same of the rows built anew; another one only where the old rows were not what the log says.
    pub after: String,
}

/// Rounds of catching up with what came meanwhile, at most, before the live views wait for the rest: when as much comes as
/// is folded, more rounds would not bring it nearer.
const ROUNDS: usize = 3;

/// Views that are being built.
struct Built<'a> {
    aside: &'a Arc<Database>,
    at: LogPosition,
    records: u64,
}

/// The rows of one position, before and after.
struct Swapped {
    position: LogPosition,
    before: Snapshot,
    after: Snapshot,
}

impl Views {
    /// Builds the views anew from the log while they go on, and swaps them in. Reports progress after each page of
    /// records, and stops there when the answer is [`ControlFlow::Break`]: the live views are then as they were, and
    /// nothing of the new ones is left.
    ///
    /// No change is announced: rows differ only where the old ones were not what the log says.
    ///
    /// # Errors
    /// [`ViewError::Rebuilding`] while another rebuild runs, at once; [`ViewError::Stopped`] when `progress` stopped it;
    /// [`ViewError::Unavailable`] when log or disk can't be read or written. The live views are then as they were.
    pub async fn rebuild(
        &self,
        progress: impl Fn(Rebuild) -> ControlFlow<()> + Send + Sync,
    ) -> Result<Rebuilt, ViewError> {
        let _alone = self.rebuilding.try_lock().map_err(|_| ViewError::Rebuilding)?;
        let live = Arc::clone(&self.database);
        let aside = Arc::new(blocking(move || live.aside()).await?);
        let swapped = self.build_and_swap(&aside, progress).await;
        blocking(move || match Arc::into_inner(aside) {
            Some(aside) => aside.discard(),
            // Every piece of work on it has ended; should one not have, the next start removes the files.
            None => Ok(()),
        })
        .await?;
        let Swapped {
            position,
            before,
            after,
        } = swapped?;
        // Read from snapshots, long after the views go on.
        blocking(move || {
            Ok(Rebuilt {
                position,
                before: before.read(digest::compute)?.1,
                after: after.read(digest::compute)?.1,
            })
        })
        .await
    }

    async fn build_and_swap(
        &self,
        aside: &Arc<Database>,
        progress: impl Fn(Rebuild) -> ControlFlow<()> + Send + Sync,
    ) -> Result<Swapped, ViewError> {
        let mut built = Built {
            aside,
            at: self.log.origin(),
            records: 0,
        };
        for _ in 0..ROUNDS {
            let (goal, before) = (*self.position.borrow(), built.records);
            self.build_up_to(goal, &mut built, &progress).await?;
            if built.records - before < BATCH as u64 {
                break;
            }
        }
        // From here on the live views stand still, so that both come to the same position.
        let still = Arc::clone(&self.folding).lock_owned().await;
        let goal = *self.position.borrow();
        self.build_up_to(goal, &mut built, &progress).await?;
        let at = built.at;
        let (live, new) = (Arc::clone(&self.database), Arc::clone(aside));
        let (before, after) = blocking(move || {
            // Held until the rows are swapped, also when nobody waits for that any more.
            let _still = still;
            if at < goal {
                // Positions with gaps: the live views looked further than the last record.
                new.write(|transaction| fold_batch(transaction, &[], goal, false).map(drop))?;
            }
            let before = live.snapshot()?;
            live.take_over(&new)?;
            Ok((before, live.snapshot()?))
        })
        .await?;
        tracing::info!(position = %goal, "views rebuilt beside the live ones and swapped in");
        Ok(Swapped {
            position: goal,
            before,
            after,
        })
    }

    /// Folds into the views aside what the log holds up to `goal`.
    async fn build_up_to(
        &self,
        goal: LogPosition,
        built: &mut Built<'_>,
        progress: &(impl Fn(Rebuild) -> ControlFlow<()> + Send + Sync),
    ) -> Result<(), ViewError> {
        loop {
            // Records are counted, since positions may have gaps.
            let found = self.database.read(|transaction| checkpoint(transaction)).await?;
            let total = found.map_or(0, |found| found.records);
            let done = built.records.min(total);
            if progress(Rebuild { done, total }).is_break() {
                return Err(ViewError::Stopped);
            }
            if built.at >= goal {
                break;
            }
            let mut page = self.log.read_all(built.at, BATCH).await?;
            page.items.retain(|item| item.position() <= goal);
            if page.items.is_empty() {
                break;
            }
            let next = page.next.min(goal);
            let items: Batch = page.items.into();
            built.records += items.len() as u64;
            built.at = next;
            let aside = Arc::clone(built.aside);
            blocking(move || aside.write(|transaction| fold_batch(transaction, &items, next, false).map(drop))).await?;
        }
        settle(built.aside).await
    }
}
