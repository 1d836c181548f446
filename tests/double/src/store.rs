//! The log in memory, as tests see it and change it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost::bytes::Bytes;
use uuid::Uuid;

use crate::log::{Log, Outcome};
use crate::messages::{Empty, Expected};

/// An event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Commit and prepare position.
    pub position: u64,
    /// The name of its stream.
    pub stream: String,
    /// Its number in the stream, from 0.
    pub revision: u64,
    /// Its identifier, given by the client.
    pub id: Uuid,
    /// Its type.
    pub event_type: String,
    /// The user's metadata (`custom_metadata`).
    pub metadata: Vec<u8>,
    /// The body.
    pub data: Vec<u8>,
    /// `application/json` or `application/octet-stream`.
    pub content_type: String,
}

/// An event that somebody wants to append.
pub(crate) struct Proposed {
    pub id: Uuid,
    pub event_type: Bytes,
    pub content_type: Bytes,
    pub metadata: Bytes,
    pub data: Bytes,
}

/// An event in the log, in parts that a reply shares.
pub(crate) struct Record {
    pub position: u64,
    /// Where the next record may begin.
    pub end: u64,
    pub stream: Bytes,
    pub revision: u64,
    /// 100 ns ticks since 1970, as text.
    pub created: Bytes,
    pub event: Proposed,
}

impl Record {
    fn stored(&self) -> Stored {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        Stored {
            position: self.position,
            stream: text(&self.stream),
            revision: self.revision,
            id: self.event.id,
            event_type: text(&self.event.event_type),
            metadata: self.event.metadata.to_vec(),
            data: self.event.data.to_vec(),
            content_type: text(&self.event.content_type),
        }
    }
}

/// The log in memory, shared by all nodes.
#[derive(Clone)]
pub struct Store(Arc<Mutex<Log>>);

impl Store {
    pub(crate) fn new(seed: u64, largest_gap: u64) -> Self {
        Self(Arc::new(Mutex::new(Log::new(seed, largest_gap))))
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn append(&self, stream: &Bytes, expected: Expected, events: Vec<Proposed>) -> Outcome {
        self.log().append(stream, expected, events)
    }

    /// Every event, by position.
    #[must_use]
    pub fn events(&self) -> Vec<Stored> {
        self.log().records.iter().map(|record| record.stored()).collect()
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log().records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The events of one stream by revision, those that readers no longer see among them.
    #[must_use]
    pub fn stream(&self, name: &str) -> Vec<Stored> {
        let log = self.log();
        let places = log.streams.get(name.as_bytes()).map_or(&[][..], |state| &state.places);
        places.iter().map(|place| log.records[*place].stored()).collect()
    }

    /// An event of somebody else (`$stats-…`, another application), so that filters have something to leave out.
    pub fn append_foreign(&self, stream: &str, event_type: &str) {
        let event = Proposed::json(event_type, "{}".to_owned());
        self.append(&Bytes::from(stream.to_owned()), Expected::Any(Empty {}), vec![event]);
    }

    /// Reads of the stream start at this revision; reads of all still show every event. As in the real log this is an
    /// event `$metadata` in the stream `$$…`, which reads of all show as well.
    pub fn truncate_before(&self, stream: &str, revision: u64) {
        self.log().truncate_before(&Bytes::from(stream.to_owned()), revision);
    }

    /// The stream reads as if it were not there; an append goes on after its last revision. Adds an event as
    /// [`Store::truncate_before`] does.
    pub fn soft_delete(&self, stream: &str) {
        self.log().soft_delete(&Bytes::from(stream.to_owned()));
    }

    /// The stream is gone for ever. Adds its last event, `$streamDeleted`, which reads of all show.
    pub fn tombstone(&self, stream: &str) {
        self.log().tombstone(&Bytes::from(stream.to_owned()));
    }

    /// Tampers with the event at a position, which it keeps. Its stream and revision change only in what readers see.
    ///
    /// # Panics
    /// If there is no event at this position.
    pub fn alter(&self, position: u64, change: impl FnOnce(&mut Stored)) {
        let mut log = self.log();
        let place = log.place(position).expect("an event at this position");
        let old = Arc::clone(&log.records[place]);
        let mut stored = old.stored();
        change(&mut stored);
        log.records[place] = Arc::new(Record {
            position,
            end: old.end,
            stream: stored.stream.into(),
            revision: stored.revision,
            created: old.created.clone(),
            event: Proposed {
                id: stored.id,
                event_type: stored.event_type.into(),
                content_type: stored.content_type.into(),
                metadata: stored.metadata.into(),
                data: stored.data.into(),
            },
        });
    }

    /// A restored older backup: everything after a position is gone, and positions are given out again.
    pub fn cut_tail(&self, after_position: u64) {
        self.log().cut_tail(after_position);
    }
}

impl Proposed {
    pub(crate) fn json(event_type: &str, data: String) -> Self {
        Self {
            id: Uuid::new_v4(),
            event_type: Bytes::from(event_type.to_owned()),
            content_type: Bytes::from_static(b"application/json"),
            metadata: Bytes::new(),
            data: data.into(),
        }
    }
}
