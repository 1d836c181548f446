//! What was known at an instant. The server has no index of our times, so the log is walked once, and some places on the
//! way are remembered.

use jiff::Timestamp;
use yujian_eventlog::{EventLog, Item, LogError, LogPosition};

/// Records between two remembered places.
const STEP: usize = 1_000;

/// A place, and the running maximum of recorded times up to it.
struct Mark {
    position: LogPosition,
    newest: Timestamp,
}

/// Places on the way, as far as the log has been walked.
pub(crate) struct Times {
    origin: LogPosition,
    marks: Vec<Mark>,
}

impl Times {
    pub(crate) fn new(epoch: u32) -> Self {
        Self {
            origin: LogPosition { epoch, number: 0 },
            marks: Vec::new(),
        }
    }

    /// Last position whose running maximum of recorded times is at or before the instant.
    pub(crate) async fn position_at(
        &mut self,
        log: &dyn EventLog,
        instant: Timestamp,
    ) -> Result<LogPosition, LogError> {
        let passed = self.marks.partition_point(|mark| mark.newest <= instant);
        let mut at = match passed.checked_sub(1) {
            Some(last) => self.marks[last].position,
            None => self.origin,
        };
        let walking = passed == self.marks.len();
        let mut newest = self.marks.last().map(|mark| mark.newest);
        loop {
            let page = log.read_all(at, STEP).await?;
            let mut known = at;
            for item in &page.items {
                if let Item::Record(record) = item {
                    if record.recorded_time > instant {
                        return Ok(known);
                    }
                    newest = newest.max(Some(record.recorded_time));
                }
                known = item.position();
            }
            if page.items.is_empty() || page.caught_up {
                return Ok(known);
            }
            at = page.next;
            if let (true, Some(newest)) = (walking, newest) {
                self.marks.push(Mark { position: at, newest });
            }
        }
    }
}
