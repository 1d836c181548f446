//! The log: what callers hold.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use yujian_eventlog::header::Header;
use yujian_eventlog::record::check_all;
use yujian_eventlog::rules;
use yujian_eventlog::{
    Appended, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record, StreamName,
};

use crate::core::Core;
use crate::header::Note;
use crate::supervisor::Counted;

/// The log on a KurrentDB cluster. Opened by [`KurrentLog::open`].
pub struct KurrentLog {
    pub(crate) core: Arc<Core>,
    pub(crate) note: Note,
    pub(crate) tail: JoinHandle<()>,
}

impl KurrentLog {
    /// What the log is.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.note.header
    }

    /// What has happened so far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.core.supervisor.counters.read()
    }
}

impl Drop for KurrentLog {
    fn drop(&mut self) {
        self.tail.abort();
    }
}

#[async_trait]
impl EventLog for KurrentLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, LogError> {
        rules::check_sizes(&events)?;
        let events = check_all(events)?;
        let (core, stream) = (Arc::clone(&self.core), stream.clone());
        // A caller that stops waiting does not take the append back.
        tokio::spawn(async move { core.append(&stream, expected, &events).await })
            .await
            .map_err(|_| LogError::OutcomePending("the append was broken off".to_owned()))?
    }

    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        rules::check_sealed_sizes(&records)?;
        let core = Arc::clone(&self.core);
        tokio::spawn(async move { core.append_sealed(&records).await })
            .await
            .map_err(|_| LogError::OutcomePending("the append was broken off".to_owned()))?
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let items = self.core.page_of_stream(stream, direction, from, limit).await?;
        self.core.note_damage(&items);
        let newest = match direction {
            Direction::Forwards => items.last(),
            Direction::Backwards => items.first(),
        };
        if let Some(Item::Record(record)) = newest {
            self.core.remember(record);
        }
        Ok(items)
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        self.core.page(after, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        self.core.head_of(stream).await
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        self.core.item_at(position).await
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        self.core.streams(category).await
    }

    fn check_writable(&self) -> Result<(), LogError> {
        self.core.writable()?;
        match self.core.supervisor.out_of_reach() {
            Some(reason) => Err(LogError::Unavailable(format!("KurrentDB: {reason}"))),
            None => Ok(()),
        }
    }

    async fn reach(&self, position: LogPosition) -> Result<(), LogError> {
        self.core.reach(position).await
    }

    fn gapless(&self) -> bool {
        false
    }

    fn seals_across_streams(&self) -> bool {
        false
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.core.head.subscribe()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        self.core.times.lock().await.position_at(self, instant).await
    }
}
