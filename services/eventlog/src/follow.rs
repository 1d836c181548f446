//! Following the log from a checkpoint, for ever.

use std::sync::Arc;

use futures::Stream;
use tokio::sync::watch;

use crate::{EventLog, Item, LogError, LogPosition};

/// Items that are handed out at once.
const PAGE_ITEMS: usize = 1000;

/// What a follower is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The next items in order of position, without gap or repetition; damaged ones included.
    Items(Vec<Item>),
    /// Nothing lies beyond this position at present. Given at once when following starts at the head, and again each
    /// time the follower has caught up.
    CaughtUp(LogPosition),
}

struct Follower {
    log: Arc<dyn EventLog>,
    head: watch::Receiver<LogPosition>,
    after: LogPosition,
    /// The end was announced and nothing has been read since.
    waiting: bool,
    failed: bool,
}

/// Follows `log` after a position (exclusive). Keep the position of the last item, or of the last caught-up mark, as
/// the checkpoint to resume from. The stream ends after an error, and when the log is closed.
///
/// The first item is [`LogError::BeyondHead`] or [`LogError::OtherEpoch`] when the position is not one of this log's:
/// it was cut or restored.
pub fn follow(log: Arc<dyn EventLog>, after: LogPosition) -> impl Stream<Item = Result<Followed, LogError>> + Send {
    let follower = Follower {
        head: log.head(),
        log,
        after,
        waiting: false,
        failed: false,
    };
    futures::stream::unfold(follower, |mut follower| async move {
        let next = follower.next().await?;
        follower.failed = next.is_err();
        Some((next, follower))
    })
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Followed, LogError>> {
        if self.failed {
            return None;
        }
        loop {
            if self.waiting {
                self.head.changed().await.ok()?;
            }
            // Seen before the read: whatever is announced later wakes the next turn.
            self.head.borrow_and_update();
            match self.log.read_all(self.after, PAGE_ITEMS).await {
                Err(error) => return Some(Err(error)),
                Ok(page) if !page.items.is_empty() => {
                    self.after = page.next;
                    self.waiting = false;
                    return Some(Ok(Followed::Items(page.items)));
                }
                Ok(_) if !self.waiting => {
                    self.waiting = true;
                    return Some(Ok(Followed::CaughtUp(self.after)));
                }
                Ok(_) => {}
            }
        }
    }
}
