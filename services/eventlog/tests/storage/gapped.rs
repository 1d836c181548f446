//! An engine that leaves gaps between its positions: the log in memory, its numbers spread out. It shows that the
//! conformance suite demands no more of such an engine than the port does.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{
    Appended, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record, StreamName,
    rules,
};

use crate::conformance::{Engine, Rig};
use crate::support::TestClock;

/// How far apart the records stand.
const STRIDE: u64 = 1_000;

struct GappedLog {
    inner: Arc<MemoryLog>,
    head: watch::Sender<LogPosition>,
}

fn spread(position: LogPosition) -> LogPosition {
    LogPosition {
        number: position.number * STRIDE,
        ..position
    }
}

fn spread_record(record: Record) -> Record {
    Record {
        position: spread(record.position),
        ..record
    }
}

fn spread_item(item: Item) -> Item {
    match item {
        Item::Record(record) => Item::Record(spread_record(record)),
        Item::Damaged(damage) => panic!("{damage:?}"),
    }
}

impl GappedLog {
    fn announce(&self) {
        self.head.send_if_modified(|head| {
            let now = spread(*self.inner.head().borrow());
            let moved = now > *head;
            *head = now.max(*head);
            moved
        });
    }

    /// The position of the last record up to here.
    fn inside(&self, position: LogPosition) -> Result<LogPosition, LogError> {
        rules::check_after(position, *self.head.borrow())?;
        Ok(LogPosition {
            number: position.number / STRIDE,
            ..position
        })
    }
}

#[async_trait]
impl EventLog for GappedLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, LogError> {
        let done = self.inner.append(stream, expected, events).await?;
        self.announce();
        Ok(Appended {
            records: done.records.into_iter().map(spread_record).collect(),
            ..done
        })
    }

    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        let end = self.inner.append_sealed(records).await?;
        self.announce();
        Ok(spread(end))
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let items = self.inner.read_stream(stream, direction, from, limit).await?;
        Ok(items.into_iter().map(spread_item).collect())
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        let page = self.inner.read_all(self.inside(after)?, limit).await?;
        Ok(LogPage {
            items: page.items.into_iter().map(spread_item).collect(),
            next: after.max(spread(page.next)),
            ..page
        })
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        self.inner.stream_head(stream).await
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        let inside = self.inside(position)?;
        if spread(inside) != position {
            return Ok(None);
        }
        Ok(self.inner.item_at(inside).await?.map(spread_item))
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        self.inner.streams(category).await
    }

    fn check_writable(&self) -> Result<(), LogError> {
        self.inner.check_writable()
    }

    fn gapless(&self) -> bool {
        false
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.head.subscribe()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        Ok(spread(self.inner.position_at(instant).await?))
    }
}

struct Gapped;

#[async_trait]
impl Engine for Gapped {
    async fn reopen(&mut self, log: Arc<dyn EventLog>, _: &Arc<TestClock>) -> Arc<dyn EventLog> {
        log
    }
}

pub fn rig() -> Rig {
    let clock = TestClock::new();
    let inner = MemoryLog::new(clock.clone());
    let head = watch::Sender::new(*inner.head().borrow());
    Rig::new(Arc::new(GappedLog { inner, head }), clock, Box::new(Gapped))
}
