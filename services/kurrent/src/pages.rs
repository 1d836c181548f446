//! Pages of the log, and what is asked of it by position.

use std::sync::atomic::Ordering;
use std::time::Duration;

use yujian_eventlog::{Direction, Head, Item, LogError, LogPage, LogPosition, StreamName, rules};

use crate::core::{Core, lock};
use crate::fault::Fault;
use crate::read::{From, PAGE_ITEMS};

/// Pages in a row that end before the log does, after which it counts as out of reach.
const SHORT_PAGES: u32 = 5;
/// Wait before the second of them, grows with each: a leader that has just changed may be a moment behind.
const BEFORE_ANOTHER: Duration = Duration::from_millis(10);

impl Core {
    /// Head of a stream, asked for.
    pub(crate) async fn head_of(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        let items = match self.page_of_stream(stream, Direction::Backwards, None, 1).await {
            Err(LogError::StreamNotFound) => return Ok(None),
            items => items?,
        };
        self.note_damage(&items);
        match items.into_iter().next() {
            None => Ok(None),
            Some(Item::Damaged(damage)) => Err(LogError::Damaged(Box::new(damage))),
            Some(Item::Record(record)) => Ok(Some(self.remember(&record))),
        }
    }

    pub(crate) async fn page(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        self.reach(after).await?;
        let count = limit.clamp(1, PAGE_ITEMS);
        for tried in 1..=SHORT_PAGES {
            let head = *self.head.borrow();
            // A page that ends before the end that was known when it was asked for was broken off.
            if let Some(page) = self.page_once(after, count).await?
                && (!page.items.is_empty() || page.next >= head)
            {
                return Ok(LogPage {
                    caught_up: page.caught_up && page.next >= head,
                    ..page
                });
            }
            tokio::time::sleep(BEFORE_ANOTHER * tried).await;
        }
        if self.another.load(Ordering::Relaxed) {
            return Err(self.foreign(after));
        }
        Err(broken_off())
    }

    /// One page; `None` when it does not even show the record that it begins with.
    async fn page_once(&self, after: LogPosition, limit: usize) -> Result<Option<LogPage>, LogError> {
        let mut quiet = lock(&self.quiet).filter(|(own, _)| *own == after.number);
        let taken = loop {
            let from = match (quiet, after.number) {
                (Some((_, end)), _) => From::At(end),
                (None, 0) => From::Start,
                (None, number) => From::At(number),
            };
            // A position is inclusive for the server: one of ours comes once more.
            match self.page_all(from, &self.prefix, limit.saturating_add(1)).await {
                Ok(taken) => break taken,
                // What stood there was somebody else's and may have been removed.
                Err(Fault::Rejected(_)) if quiet.is_some() => quiet = None,
                Err(Fault::Rejected(_)) => return Err(self.foreign(after)),
                Err(fault) => return Err(self.unavailable(&fault)),
            }
        };
        let read_from_own = quiet.is_none() && after.number > 0;
        if read_from_own {
            match taken.events.first() {
                None => return Ok(None),
                Some(first) if first.position != after.number => return Err(self.foreign(after)),
                Some(_) => {}
            }
        }
        let mut ended = taken.ended;
        let mut items = Vec::with_capacity(taken.events.len());
        let mut last = after.number;
        for raw in taken.events {
            if raw.position <= last {
                continue;
            }
            if items.len() == limit {
                ended = false;
                break;
            }
            last = raw.position;
            items.push(self.item(raw));
        }
        self.note_damage(&items);
        self.announce(last);
        let next = LogPosition {
            epoch: self.epoch,
            number: last,
        };
        Ok(Some(LogPage {
            items,
            next,
            caught_up: ended,
        }))
    }

    /// A position that is none of this log's, though it does not lie beyond the end.
    fn foreign(&self, position: LogPosition) -> LogError {
        LogError::BeyondHead {
            position,
            head: *self.head.borrow(),
        }
    }

    pub(crate) async fn reach(&self, position: LogPosition) -> Result<(), LogError> {
        let head = *self.head.borrow();
        if position.epoch == head.epoch && position.number > head.number {
            // Another node may just have written it.
            if let Err(fault) = self.look().await
                && position.number > self.head.borrow().number
            {
                return Err(self.unavailable(&fault));
            }
        }
        rules::check_after(position, *self.head.borrow())
    }

    pub(crate) async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        self.reach(position).await?;
        if position.number == 0 {
            return Ok(None);
        }
        for tried in 1..=SHORT_PAGES {
            let found = match self.page_all(From::At(position.number), &self.prefix, 1).await {
                Ok(taken) => taken.events.into_iter().next(),
                Err(Fault::Rejected(_)) => return Ok(None),
                Err(fault) => return Err(self.unavailable(&fault)),
            };
            // The head stands there or after it: a page without anything was broken off.
            if let Some(raw) = found {
                return Ok((raw.position == position.number).then(|| self.item(raw)));
            }
            tokio::time::sleep(BEFORE_ANOTHER * tried).await;
        }
        if self.another.load(Ordering::Relaxed) {
            return Err(self.foreign(position));
        }
        Err(broken_off())
    }

    pub(crate) async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        let prefix = format!("{}{category}-", self.prefix);
        let mut names: Vec<StreamName> = Vec::new();
        let (mut from, mut last) = (From::Start, 0);
        let mut ended_here = false;
        loop {
            let taken = self
                .page_all(from, &prefix, PAGE_ITEMS)
                .await
                .map_err(|fault| self.unavailable(&fault))?;
            let before = last;
            for raw in taken.events.iter().filter(|raw| raw.position > before) {
                last = raw.position;
                if raw.revision == 0 {
                    let name = raw.stream.strip_prefix(&self.prefix);
                    names.extend(name.and_then(|name| StreamName::parse(name).ok()));
                }
            }
            // A page may end early and look whole: the end is where a second page finds nothing more.
            let ends = taken.ended && last == before;
            if ends && ended_here {
                return Ok(names);
            }
            ended_here = ends;
            from = if last == 0 { From::Start } else { From::At(last) };
        }
    }
}

fn broken_off() -> LogError {
    LogError::Unavailable("KurrentDB: pages of the log end before the log does".to_owned())
}
