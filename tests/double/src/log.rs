//! The log's state, and the decision over each append.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::messages::Expected;
use crate::store::{Proposed, Record};

/// Where the first event lies: nothing of a user is ever at position 0.
const FIRST_POSITION: u64 = 128;
/// What a record takes beside its texts and bytes.
const RECORD_OVERHEAD: usize = 64;
/// `$tb` of a soft-deleted stream, and the revision of a tombstone.
const DELETED: u64 = i64::MAX.cast_unsigned();

/// A stream that was ever written or deleted.
#[derive(Default)]
pub struct StreamState {
    /// Places in the log, by revision.
    pub places: Vec<usize>,
    /// What `$tb` was set to, and by which position.
    bounds: Vec<(u64, u64)>,
    /// The position of the tombstone.
    tombstone: Option<u64>,
}

impl StreamState {
    /// The last revision.
    pub fn current(&self) -> Option<u64> {
        count(self.places.len()).checked_sub(1)
    }

    /// The first revision that readers see.
    pub fn bound(&self) -> u64 {
        self.bounds.last().map_or(0, |(_, bound)| *bound)
    }

    pub fn is_soft_deleted(&self) -> bool {
        self.bound() == DELETED
    }

    pub fn is_tombstoned(&self) -> bool {
        self.tombstone.is_some()
    }
}

/// The answer to an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written now, or the same events were written before. The revision is that of the last event; a repetition has no
    /// position if that event can no longer be read.
    Done {
        revision: Option<u64>,
        position: Option<u64>,
    },
    /// The stream is elsewhere: at this revision, or not there at all.
    Conflict { current: Option<u64> },
    /// The stream has a tombstone.
    Deleted,
}

/// What may be done with an append.
enum Verdict {
    Write,
    Repeated { last: u64 },
    Conflict,
    Deleted,
}

/// Everything that is stored.
pub struct Log {
    /// By position.
    pub records: Vec<Arc<Record>>,
    pub streams: HashMap<Bytes, StreamState>,
    gaps: ChaCha8Rng,
    largest_gap: u64,
    created: (u64, Bytes),
}

pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Log {
    pub fn new(seed: u64, largest_gap: u64) -> Self {
        Self {
            records: Vec::new(),
            streams: HashMap::new(),
            gaps: ChaCha8Rng::seed_from_u64(seed),
            largest_gap,
            created: (0, Bytes::from_static(b"0")),
        }
    }

    /// Where the record at a position is.
    pub fn place(&self, position: u64) -> Option<usize> {
        self.records
            .binary_search_by_key(&position, |record| record.position)
            .ok()
    }

    pub fn append(&mut self, stream: &Bytes, expected: Expected, events: Vec<Proposed>) -> Outcome {
        let current = self.streams.get(stream).and_then(StreamState::current);
        match self.check(stream, expected, &events) {
            Verdict::Deleted => Outcome::Deleted,
            Verdict::Conflict => Outcome::Conflict { current },
            Verdict::Repeated { last } => {
                let state = &self.streams[stream];
                let place = usize::try_from(last).ok().and_then(|last| state.places.get(last));
                let position = place.map(|place| self.records[*place].position);
                Outcome::Done {
                    revision: Some(last),
                    position: position.filter(|_| last >= state.bound()),
                }
            }
            Verdict::Write => {
                let first = current.map_or(0, |current| current + 1);
                let mut position = None;
                for (revision, event) in (first..).zip(events) {
                    let place = self.records.len();
                    position = Some(self.push(stream, revision, event));
                    self.streams.entry(stream.clone()).or_default().places.push(place);
                }
                if let (Some(position), Some(state)) = (position, self.streams.get_mut(stream))
                    && state.is_soft_deleted()
                {
                    state.bounds.push((position, first));
                }
                Outcome::Done {
                    revision: self.streams.get(stream).and_then(StreamState::current),
                    position,
                }
            }
        }
    }

    /// The server's decision (`CheckCommit`), in its order. For `Any` and `StreamExists` it knows no repetition.
    fn check(&self, stream: &Bytes, expected: Expected, events: &[Proposed]) -> Verdict {
        let state = self.streams.get(stream);
        if state.is_some_and(StreamState::is_tombstoned) && !events.is_empty() {
            return Verdict::Deleted;
        }
        let Some((state, current)) = state.and_then(|state| Some((state, state.current()?))) else {
            return match expected {
                Expected::Any(_) | Expected::NoStream(_) => Verdict::Write,
                Expected::Revision(_) | Expected::StreamExists(_) => Verdict::Conflict,
            };
        };
        let next = match expected {
            Expected::StreamExists(_) if state.is_soft_deleted() => return Verdict::Deleted,
            Expected::Any(_) | Expected::StreamExists(_) => return Verdict::Write,
            Expected::Revision(revision) if revision == current => return Verdict::Write,
            Expected::Revision(revision) if revision > current => return Verdict::Conflict,
            Expected::Revision(revision) => revision + 1,
            Expected::NoStream(_) => 0,
        };
        let stored = |number: u64| {
            let place = state.places.get(usize::try_from(number).ok()?)?;
            Some(self.records[*place].event.id)
        };
        let fresh_start = matches!(expected, Expected::NoStream(_)) && state.is_soft_deleted();
        match (next..)
            .zip(events)
            .find(|(number, event)| stored(*number) != Some(event.id))
        {
            Some((number, _)) if number == next && fresh_start => Verdict::Write,
            Some(_) => Verdict::Conflict,
            None if events.is_empty() && fresh_start => Verdict::Write,
            None if events.is_empty() => Verdict::Conflict,
            None => Verdict::Repeated {
                last: next + count(events.len()) - 1,
            },
        }
    }

    /// Adds a record and answers its position.
    fn push(&mut self, stream: &Bytes, revision: u64, event: Proposed) -> u64 {
        let gap = match self.largest_gap {
            0 => 0,
            largest => self.gaps.next_u64() % largest.saturating_add(1).max(1),
        };
        let position = self.records.last().map_or(FIRST_POSITION, |last| last.end) + gap;
        let size = RECORD_OVERHEAD
            + stream.len()
            + event.event_type.len()
            + event.content_type.len()
            + event.metadata.len()
            + event.data.len();
        let created = self.now();
        self.records.push(Arc::new(Record {
            position,
            end: position + count(size),
            stream: stream.clone(),
            revision,
            created,
            event,
        }));
        position
    }

    /// The time in ticks, as text; made anew only when it changes.
    fn now(&mut self) -> Bytes {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ticks = since.as_secs() * 10_000_000 + u64::from(since.subsec_nanos() / 100);
        if self.created.0 != ticks {
            self.created = (ticks, ticks.to_string().into());
        }
        self.created.1.clone()
    }

    /// Sets the first revision that readers see; answers where that is recorded.
    pub fn truncate_before(&mut self, stream: &Bytes, revision: u64) -> u64 {
        let of = Bytes::from([b"$$", &stream[..]].concat());
        let number = self
            .streams
            .get(&of)
            .and_then(StreamState::current)
            .map_or(0, |last| last + 1);
        let place = self.records.len();
        let position = self.push(
            &of,
            number,
            Proposed::json("$metadata", format!("{{\"$tb\":{revision}}}")),
        );
        self.streams.entry(of).or_default().places.push(place);
        self.streams
            .entry(stream.clone())
            .or_default()
            .bounds
            .push((position, revision));
        position
    }

    /// Hides a stream until the next append; answers where that is recorded.
    pub fn soft_delete(&mut self, stream: &Bytes) -> u64 {
        self.truncate_before(stream, DELETED)
    }

    /// Ends a stream for ever; answers where that is recorded.
    pub fn tombstone(&mut self, stream: &Bytes) -> u64 {
        let position = self.push(stream, DELETED, Proposed::json("$streamDeleted", "{}".to_owned()));
        self.streams.entry(stream.clone()).or_default().tombstone = Some(position);
        position
    }

    /// Forgets everything after a position.
    pub fn cut_tail(&mut self, after_position: u64) {
        let kept = self.records.partition_point(|record| record.position <= after_position);
        self.records.truncate(kept);
        self.streams.retain(|_, state| {
            state.places.retain(|place| *place < kept);
            state.bounds.retain(|(position, _)| *position <= after_position);
            state.tombstone = state.tombstone.filter(|position| *position <= after_position);
            !state.places.is_empty() || !state.bounds.is_empty() || state.is_tombstoned()
        });
    }

    /// Whether a delete that expects this may go on.
    ///
    /// A stream that was never written can only be ended for ever.
    pub fn may_delete(&self, stream: &Bytes, expected: Expected, forever: bool) -> Result<(), Outcome> {
        let state = self.streams.get(stream);
        if state.is_some_and(StreamState::is_tombstoned) {
            return Err(Outcome::Deleted);
        }
        let current = state.and_then(StreamState::current);
        let fits = match expected {
            Expected::Any(_) => current.is_some() || forever,
            Expected::StreamExists(_) => current.is_some(),
            Expected::NoStream(_) => current.is_none() && forever,
            Expected::Revision(revision) => current == Some(revision),
        };
        if fits {
            Ok(())
        } else {
            Err(Outcome::Conflict { current })
        }
    }
}
