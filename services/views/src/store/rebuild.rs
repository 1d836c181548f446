//! A rebuild beside the live views: built from the log in a file of its own while they go on answering and following,
//! then put in their place in one transaction.
//!
//! The new rows are copied page by page into the live file rather than renamed over it: a reader in the middle of a
//! question finishes on the old rows, a program that has the file open sees the new ones with its next question, and a
//! crash at any moment leaves either all of the old or all of the new. Folding waits while the pages are copied;
//! questions do not.

use std::sync::Arc;

use yujian_eventlog::LogPosition;

use super::{BATCH, Rebuild, Views, blocking};
use crate::database::Database;
use crate::error::ViewError;
use crate::fold::{Batch, fold_batch};

impl Views {
    /// Builds the views anew from the log while they go on, and swaps them in. Reports progress, for a bar. Answers the
    /// position at which the swap took place. Of two rebuilds at once the second waits for the first.
    ///
    /// Nothing is announced: rows differ only where the old ones were not what the log says.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`] when log or disk can't be read or written; the live views are then as they were.
    pub async fn rebuild(&self, progress: impl Fn(Rebuild) + Send + Sync) -> Result<LogPosition, ViewError> {
        let _alone = self.rebuilding.lock().await;
        let live = Arc::clone(&self.database);
        let aside = Arc::new(blocking(move || live.aside()).await?);
        let swapped = self.build_and_swap(&aside, progress).await;
        blocking(move || match Arc::into_inner(aside) {
            Some(aside) => aside.discard(),
            // Every piece of work on it has ended; should one not have, the next start removes the files.
            None => Ok(()),
        })
        .await?;
        swapped
    }

    async fn build_and_swap(
        &self,
        aside: &Arc<Database>,
        progress: impl Fn(Rebuild) + Send + Sync,
    ) -> Result<LogPosition, ViewError> {
        let mut at = self.log.origin();
        let mut done = 0;
        loop {
            let goal = *self.position.borrow();
            let total = goal.number;
            progress(Rebuild {
                done: done.min(total),
                total,
            });
            let Some((next, records)) = self.fold_aside(aside, at, goal).await? else {
                break;
            };
            at = next;
            done += records;
            if at >= goal {
                break;
            }
        }
        // From here on the live views stand still, so that both come to the same position.
        let still = Arc::clone(&self.folding).lock_owned().await;
        let goal = *self.position.borrow();
        while let Some((next, _)) = self.fold_aside(aside, at, goal).await? {
            at = next;
        }
        let (live, new) = (Arc::clone(&self.database), Arc::clone(aside));
        blocking(move || {
            // Held until the rows are swapped, also when nobody waits for that any more.
            let _still = still;
            if at < goal {
                // Positions with gaps: the live views looked further than the last record.
                new.write(|transaction| fold_batch(transaction, &[], goal, false).map(drop))?;
            }
            live.take_over(&new)
        })
        .await?;
        tracing::info!(position = %goal, "views rebuilt beside the live ones and swapped in");
        Ok(goal)
    }

    /// Folds one page up to `goal` into the views aside; `None` when they are there.
    async fn fold_aside(
        &self,
        aside: &Arc<Database>,
        at: LogPosition,
        goal: LogPosition,
    ) -> Result<Option<(LogPosition, u64)>, ViewError> {
        if at >= goal {
            return Ok(None);
        }
        let mut page = self.log.read_all(at, BATCH).await?;
        page.items.retain(|item| item.position() <= goal);
        if page.items.is_empty() {
            return Ok(None);
        }
        let next = page.next.min(goal);
        let items: Batch = page.items.into();
        let records = items.len() as u64;
        let aside = Arc::clone(aside);
        blocking(move || {
            aside.write(|transaction| fold_batch(transaction, &items, next, false).map(drop))?;
            Ok(Some((next, records)))
        })
        .await
    }
}
