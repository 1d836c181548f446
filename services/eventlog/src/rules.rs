//! What an append must satisfy, the same in every engine. For engines, not for their callers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::record::Checked;
use crate::{
    Expected, Hash, Head, LogError, LogPosition, MAX_APPEND_BYTES, MAX_EVENT_BYTES, NewEvent, Record,
    STREAM_MAX_LENGTH, STREAM_WARN_LENGTH, StreamName,
};

/// How far `recorded_time` may step back in a log of several writers: 30 s that their clocks may be apart, and as much
/// for appends that were stamped and came late.
pub const WRITERS_APART: SignedDuration = SignedDuration::from_secs(60);
/// How far the clock may be off before writes are refused.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Bytes that the log itself puts before a caller's metadata; they do not count against the limits.
const OPENING_BYTES: usize = 215;

/// Refuses appends that are empty or above the limits; answers their bytes.
pub fn check_sizes(events: &[NewEvent]) -> Result<usize, LogError> {
    let sizes = events
        .iter()
        .map(|event| event.event_type.len() + event.metadata.len() + event.payload.len());
    check_byte_counts(sizes)
}

/// The same for records that another log has written.
pub fn check_sealed_sizes(records: &[Record]) -> Result<usize, LogError> {
    check_byte_counts(records.iter().map(|record| {
        record.event_type.len() + record.metadata.len().saturating_sub(OPENING_BYTES) + record.payload.len()
    }))
}

fn check_byte_counts(sizes: impl Iterator<Item = usize>) -> Result<usize, LogError> {
    let mut total = 0;
    let mut count = 0;
    for bytes in sizes {
        if bytes > MAX_EVENT_BYTES {
            return Err(LogError::TooLarge {
                what: "event",
                bytes,
                limit: MAX_EVENT_BYTES,
            });
        }
        total += bytes;
        count += 1;
    }
    if count == 0 {
        return Err(LogError::Invalid("an append holds at least one event".to_owned()));
    }
    if total > MAX_APPEND_BYTES {
        return Err(LogError::TooLarge {
            what: "append",
            bytes: total,
            limit: MAX_APPEND_BYTES,
        });
    }
    Ok(total)
}

/// What an expectation means at the present head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the head: write from this revision on.
    Write {
        /// Revision of the first new record.
        revision: u64,
        /// Its `prev`.
        prev: Hash,
    },
    /// It lies before the head: a repetition if what stands from this revision on is the same.
    Compare {
        /// Revision of the first record to compare.
        revision: u64,
    },
}

/// Compares an expectation with the head.
pub fn judge(expected: Expected, head: Option<Head>) -> Result<Verdict, LogError> {
    let conflict = LogError::Conflict { current: head };
    match (expected, head) {
        (Expected::NoStream, None) => Ok(Verdict::Write {
            revision: 0,
            prev: Hash::ZERO,
        }),
        (Expected::NoStream, Some(_)) => Ok(Verdict::Compare { revision: 0 }),
        (Expected::At(_), None) => Err(conflict),
        (Expected::At(at), Some(head)) if at == head => Ok(Verdict::Write {
            revision: head.revision + 1,
            prev: head.hash,
        }),
        (Expected::At(at), Some(head)) if at.revision < head.revision => Ok(Verdict::Compare {
            revision: at.revision + 1,
        }),
        (Expected::At(_), Some(_)) => Err(conflict),
    }
}

/// Whether `stored`, which begins right after the expectation, is what these events became the first time. Only ids are
/// compared, and the expectation's hash: the stored bytes are the truth, not what is sent again.
pub fn is_repetition(expected: Expected, events: &[Checked], stored: &[Record]) -> bool {
    let expected_prev = match expected {
        Expected::NoStream => Hash::ZERO,
        Expected::At(head) => head.hash,
    };
    stored.len() == events.len()
        && stored.first().is_some_and(|first| first.prev == expected_prev)
        && stored.iter().zip(events).all(|(record, event)| record.id == event.id())
}

/// Refuses to let a stream grow above its limit; warns once when it passes the lower one.
pub fn check_length(stream: &StreamName, revision: u64, added: usize) -> Result<(), LogError> {
    let length = revision.saturating_add(u64::try_from(added).unwrap_or(u64::MAX));
    if length > STREAM_MAX_LENGTH {
        return Err(LogError::StreamTooLong { length: revision });
    }
    if revision < STREAM_WARN_LENGTH && length >= STREAM_WARN_LENGTH {
        tracing::warn!(%stream, length, limit = STREAM_MAX_LENGTH, "stream is getting long");
    }
    Ok(())
}

/// Refuses a position that can't be read after.
pub fn check_after(after: LogPosition, head: LogPosition) -> Result<(), LogError> {
    if after.epoch != head.epoch {
        return Err(LogError::OtherEpoch {
            position: after,
            current: head.epoch,
        });
    }
    if after.number > head.number {
        return Err(LogError::BeyondHead { position: after, head });
    }
    Ok(())
}

/// Checks a record that another log has written against the place it is to take, after a record of time `last`. Times
/// strictly increase, but in a log of `several_writers`.
pub fn check_sealed(
    record: &Record,
    head: Option<Head>,
    last: Option<Timestamp>,
    several_writers: bool,
) -> Result<(), LogError> {
    let wrong = |problem: &str| {
        Err(LogError::Invalid(format!(
            "record {} of {} can't be taken: {problem}",
            record.revision, record.stream
        )))
    };
    let parsed = crate::record::check(
        record.stream.as_str(),
        record.revision,
        record.id,
        &record.event_type,
        &record.metadata,
        &record.payload,
    );
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(problem) => return wrong(problem),
    };
    let (revision, prev) = head.map_or((0, Hash::ZERO), |head| (head.revision + 1, head.hash));
    if record.revision != revision {
        return Err(LogError::Conflict { current: head });
    }
    if parsed.prev != prev {
        return wrong("prev is not the hash of the record before it");
    }
    if (parsed.hash, parsed.prev, parsed.recorded_time) != (record.hash, record.prev, record.recorded_time) {
        return wrong("its fields differ from its metadata");
    }
    let too_early = |last: Timestamp| {
        if several_writers {
            last.duration_since(parsed.recorded_time) > WRITERS_APART
        } else {
            parsed.recorded_time <= last
        }
    };
    if last.is_some_and(too_early) {
        return wrong("recorded_time does not follow the record before it");
    }
    if std::str::from_utf8(&record.metadata).is_err() || std::str::from_utf8(&record.payload).is_err() {
        return wrong("it is not UTF-8");
    }
    Ok(())
}

/// Gives out `recorded_time`s that strictly increase, and refuses when the clock can't be trusted.
pub struct Stamps {
    clock: Arc<dyn Clock>,
    wall_at_open: Timestamp,
    monotonic_nanos_at_open: i128,
}

impl Stamps {
    /// Starts to compare the wall clock with the monotonic one from now on.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (wall_at_open, monotonic_nanos_at_open) = (clock.now(), clock.monotonic_nanos());
        Self {
            clock,
            wall_at_open,
            monotonic_nanos_at_open,
        }
    }

    /// The next `recorded_time` after `last`.
    pub fn next(&self, last: Option<Timestamp>) -> Result<Timestamp, LogError> {
        self.next_within(last, CLOCK_TOLERANCE)
    }

    /// The same where the clock may be `tolerance` behind `last`, which another writer's clock may have told.
    pub fn next_within(&self, last: Option<Timestamp>, tolerance: SignedDuration) -> Result<Timestamp, LogError> {
        let now = self.clock.now();
        let walked = now.as_nanosecond() - self.wall_at_open.as_nanosecond();
        let ran = self.clock.monotonic_nanos() - self.monotonic_nanos_at_open;
        let apart = walked - ran;
        if apart.abs() > CLOCK_TOLERANCE.as_nanos() {
            return Err(LogError::ClockSuspect(format!(
                "the wall clock has moved {} s against the monotonic clock since the start",
                apart / 1_000_000_000
            )));
        }
        let Some(last) = last else { return Ok(now) };
        if last.as_nanosecond() - now.as_nanosecond() > tolerance.as_nanos() {
            return Err(LogError::ClockSuspect(format!(
                "it is {now}, but the last record was written at {last}"
            )));
        }
        let after_last = last
            .checked_add(SignedDuration::from_nanos(1))
            .map_err(|_| LogError::ClockSuspect("the end of representable time is reached".to_owned()))?;
        Ok(now.max(after_last))
    }
}
