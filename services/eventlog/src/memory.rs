//! The log in memory: for tests. Behaves as the embedded log does, and forgets everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::record::check_all;
use crate::rules::{self, Stamps, Verdict};
use crate::{
    Appended, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record, StreamName,
};

/// Bytes of records in one page, above which the page ends early.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The log in memory.
pub struct MemoryLog {
    stamps: Stamps,
    state: Mutex<State>,
    head: watch::Sender<LogPosition>,
}

#[derive(Default)]
struct State {
    records: Vec<Record>,
    /// Indexes into `records`, by revision.
    streams: HashMap<StreamName, Vec<usize>>,
}

impl State {
    fn head(&self, stream: &StreamName) -> Option<Head> {
        let last = *self.streams.get(stream)?.last()?;
        let record = &self.records[last];
        Some(Head {
            revision: record.revision,
            hash: record.hash,
        })
    }

    fn last_time(&self) -> Option<Timestamp> {
        self.records.last().map(|record| record.recorded_time)
    }

    fn end(&self) -> LogPosition {
        LogPosition {
            epoch: 1,
            number: count(self.records.len()),
        }
    }

    fn push(&mut self, record: Record) {
        self.streams
            .entry(record.stream.clone())
            .or_default()
            .push(self.records.len());
        self.records.push(record);
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let head = watch::Sender::new(LogPosition { epoch: 1, number: 0 });
        Arc::new(Self {
            stamps: Stamps::new(clock),
            state: Mutex::default(),
            head,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, state: &State) {
        self.head.send_replace(state.end());
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, LogError> {
        rules::check_sizes(&events)?;
        let events = check_all(events)?;
        let mut state = self.state();
        let current = state.head(stream);
        let (first, mut prev) = match rules::judge(expected, current)? {
            Verdict::Write { revision, prev } => (revision, prev),
            Verdict::Compare { revision } => {
                let places = state.streams.get(stream).map_or(&[][..], Vec::as_slice);
                let stored: Vec<Record> = places
                    .iter()
                    .skip(index(revision))
                    .take(events.len())
                    .map(|place| state.records[*place].clone())
                    .collect();
                return if rules::is_repetition(expected, &events, &stored) {
                    Ok(Appended {
                        records: stored,
                        repeated: true,
                    })
                } else {
                    Err(LogError::Conflict { current })
                };
            }
        };
        rules::check_length(stream, first, events.len())?;
        let mut last = state.last_time();
        let mut records = Vec::with_capacity(events.len());
        let mut position = state.end();
        for (revision, event) in (first..).zip(events) {
            position.number += 1;
            let time = self.stamps.next(last)?;
            let record = event.seal(position, stream, revision, prev, time)?;
            prev = record.hash;
            last = Some(time);
            records.push(record);
        }
        for record in &records {
            state.push(record.clone());
        }
        self.announce(&state);
        Ok(Appended {
            records,
            repeated: false,
        })
    }

    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        rules::check_sealed_sizes(&records)?;
        let mut state = self.state();
        let mut heads: HashMap<StreamName, Head> = HashMap::new();
        let mut last = state.last_time();
        for record in &records {
            let head = heads
                .get(&record.stream)
                .copied()
                .or_else(|| state.head(&record.stream));
            rules::check_sealed(record, head, last, false)?;
            rules::check_length(&record.stream, record.revision, 1)?;
            heads.insert(
                record.stream.clone(),
                Head {
                    revision: record.revision,
                    hash: record.hash,
                },
            );
            last = Some(record.recorded_time);
        }
        for mut record in records {
            record.position = LogPosition {
                epoch: 1,
                number: state.end().number + 1,
            };
            state.push(record);
        }
        self.announce(&state);
        Ok(state.end())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let state = self.state();
        let places = state.streams.get(stream).ok_or(LogError::StreamNotFound)?;
        let item = |place: &usize| Item::Record(state.records[*place].clone());
        Ok(match direction {
            Direction::Forwards => places
                .iter()
                .skip(index(from.unwrap_or(0)))
                .take(limit)
                .map(item)
                .collect(),
            Direction::Backwards => {
                let shown = from.map_or(places.len(), |from| places.len().min(index(from.saturating_add(1))));
                places[..shown].iter().rev().take(limit).map(item).collect()
            }
        })
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        let state = self.state();
        let end = state.end();
        rules::check_after(after, end)?;
        let mut items = Vec::new();
        let mut bytes = 0;
        for record in state.records.iter().skip(index(after.number)).take(limit) {
            bytes += record.metadata.len() + record.payload.len();
            items.push(Item::Record(record.clone()));
            if bytes > PAGE_BYTES {
                break;
            }
        }
        let next = items.last().map_or(after, Item::position);
        Ok(LogPage {
            items,
            next,
            caught_up: next == end,
        })
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        Ok(self.state().head(stream))
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        let state = self.state();
        rules::check_after(position, state.end())?;
        let place = index(position.number).checked_sub(1);
        Ok(place
            .and_then(|place| state.records.get(place))
            .map(|record| Item::Record(record.clone())))
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        let state = self.state();
        let created = state.records.iter().filter(|record| record.revision == 0);
        Ok(created
            .filter(|record| record.stream.category() == category)
            .map(|record| record.stream.clone())
            .collect())
    }

    fn check_writable(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.head.subscribe()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        let state = self.state();
        let known = state.records.partition_point(|record| record.recorded_time <= instant);
        Ok(LogPosition {
            epoch: 1,
            number: count(known),
        })
    }
}
