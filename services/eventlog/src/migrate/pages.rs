//! Reads a log page by page and stops at the first damage.

use super::error::{MigrateError, Side};
use super::patience::patiently;
use crate::{Damage, EventLog, Item, LogError, LogPosition, Record};

/// Items asked for at once; an engine ends a page earlier by bytes.
const PAGE: usize = 2_000;

pub(super) struct Pages<'a> {
    log: &'a dyn EventLog,
    side: Side,
    /// Read up to here.
    after: LogPosition,
    /// Position of the newest record read.
    at: LogPosition,
}

impl<'a> Pages<'a> {
    pub(super) fn new(log: &'a dyn EventLog, side: Side, after: LogPosition) -> Self {
        Self {
            log,
            side,
            after,
            at: after,
        }
    }

    /// Up to where was read.
    pub(super) fn after(&self) -> LogPosition {
        self.after
    }

    /// Position of the newest record read, or where reading began.
    pub(super) fn newest(&self) -> LogPosition {
        self.at
    }

    /// Where the log ends, as far as is known.
    pub(super) fn end(&self) -> u64 {
        self.log.head().borrow().number.max(self.after.number)
    }

    /// Records of the next page, at least one; `None` at the end of the log, which may still grow.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Record>>, MigrateError> {
        let side = self.side;
        let failed = |error| MigrateError::Log { side, error };
        loop {
            let page = patiently(|| self.log.read_all(self.after, PAGE))
                .await
                .map_err(failed)?;
            if page.next <= self.after && !page.caught_up {
                let reason = format!("reading does not get beyond {}", self.after);
                return Err(failed(LogError::Unavailable(reason)));
            }
            let records: Vec<_> = page
                .items
                .into_iter()
                .map(|item| self.sound(item))
                .collect::<Result<_, _>>()?;
            self.after = page.next.max(self.after);
            if !records.is_empty() {
                return Ok(Some(records));
            }
            if page.caught_up {
                return Ok(None);
            }
        }
    }

    /// A record in its order, or the error that names the damage.
    fn sound(&mut self, item: Item) -> Result<Record, MigrateError> {
        let damaged = |damage| MigrateError::Damaged {
            side: self.side,
            damage: Box::new(damage),
        };
        let record = match item {
            Item::Record(record) => record,
            Item::Damaged(damage) => return Err(damaged(damage)),
        };
        if record.position <= self.at {
            return Err(damaged(Damage {
                position: record.position,
                problem: format!("read after position {}", self.at),
                stream: Some(record.stream),
                revision: Some(record.revision),
            }));
        }
        if self.log.gapless() && record.position.number != self.at.number + 1 {
            let position = LogPosition {
                number: self.at.number + 1,
                ..self.at
            };
            return Err(damaged(Damage {
                position,
                stream: None,
                revision: None,
                problem: "record is missing".to_owned(),
            }));
        }
        self.at = record.position;
        Ok(record)
    }
}
