//! Appending: ids, expectation and bytes are fixed before the first try, and the identical append is repeated until its
//! outcome is known. The server answers a repetition of what it has with success, writes what it has not, and refuses
//! when somebody else was first; so no try can double an event and none can lose one.
//!
//! A success is believed only for what can be read back: that gives every record its position, tells a repetition from a
//! first time, and proves that what is stored is what was sent.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use kurrentdb::{AppendToStreamOptions, Client, EventData, StreamState};
use tokio::time::Instant;
use yujian_eventlog::record::Checked;
use yujian_eventlog::{
    Appended, Damage, Direction, Expected, Hash, Head, Item, LogError, LogPosition, Record, StreamName, rules,
};

use crate::core::Core;
use crate::fault::Fault;
use crate::header::json;

/// Within this time an append is answered, whatever the server does. A command makes a few, and has 30 s.
const DEADLINE: Duration = Duration::from_secs(8);
/// Within this time the server answers one try, or it is made again.
const TRY: Duration = Duration::from_secs(3);
/// What the server is told to do it in, so that a late try does not linger there.
const SERVER_TRY: Duration = Duration::from_millis(2_500);
/// Wait before the second try; grows with each.
const WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(250);
/// How far this node's clock may be behind the newest record, which another node's clock has told.
const BEHIND_OTHERS: SignedDuration = SignedDuration::from_secs(30);

/// What a look at the head may take that a conflict answers with, when the deadline is near.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// How the tries of an append ended.
enum Outcome {
    /// The server says that it is stored, as the last record at this position (0: it does not say).
    Stored(u64),
    /// The server says that the stream is elsewhere.
    Conflict,
}

/// Revision of the first new record, and its `prev`.
fn place(expected: Expected) -> (u64, Hash) {
    match expected {
        Expected::NoStream => (0, Hash::ZERO),
        Expected::At(head) => (head.revision.saturating_add(1), head.hash),
    }
}

/// A read that is given up at an instant.
async fn in_time<T>(until: Instant, read: impl Future<Output = Result<T, LogError>>) -> Result<T, LogError> {
    let late = |_| LogError::Unavailable("KurrentDB does not answer in time".to_owned());
    tokio::time::timeout_at(until, read).await.map_err(late)?
}

fn event(record: &Record) -> EventData {
    let metadata = Bytes::copy_from_slice(&record.metadata);
    json(&record.event_type, record.id, metadata, record.payload.to_vec())
}

impl Core {
    pub(crate) async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: &[Checked],
    ) -> Result<Appended, LogError> {
        let until = Instant::now() + DEADLINE;
        if let Some(damage) = self.damage(stream) {
            return Err(LogError::Damaged(Box::new(damage)));
        }
        // A refusal is told below, after what was stored before is looked for.
        match in_time(until, self.is_still_it()).await {
            Err(LogError::Stopped(_) | LogError::ReadOnly(_)) | Ok(()) => {}
            Err(error) => return Err(error),
        }
        if !in_time(until, self.follows(stream, expected)).await? {
            return Err(self.conflict(stream, until).await);
        }
        let (first, _) = place(expected);
        rules::check_length(stream, first, events.len())?;
        let records = match self.writable().and_then(|()| self.seal(stream, expected, events)) {
            Ok(records) => records,
            Err(refusal) => {
                // What was stored before is still answered as it was.
                let stored = in_time(until, self.stored(stream, first, events.len())).await?;
                return if rules::is_repetition(expected, events, &stored) {
                    Ok(repeated(stored))
                } else {
                    Err(refusal)
                };
            }
        };
        let outcome = self.try_until_known(stream, first, &records, until).await?;
        let stored = self.read_back(stream, first, events.len(), &outcome, until).await?;
        if rules::is_repetition(expected, events, &stored) {
            let new = stored
                .iter()
                .zip(&records)
                .all(|(stored, sent)| (&stored.metadata, &stored.payload) == (&sent.metadata, &sent.payload));
            self.learn(&stored);
            if !new {
                return Ok(repeated(stored));
            }
            if matches!(outcome, Outcome::Conflict) {
                self.supervisor.counters.found_stored.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(Appended {
                records: stored,
                repeated: false,
            });
        }
        match outcome {
            Outcome::Conflict => Err(self.conflict(stream, until).await),
            Outcome::Stored(number) => {
                let damage = Damage {
                    position: self.position(number),
                    stream: Some(stream.clone()),
                    revision: Some(first),
                    problem: "the server says that it is stored and shows something else".to_owned(),
                };
                self.note_damage(&[Item::Damaged(damage.clone())]);
                Err(LogError::Damaged(Box::new(damage)))
            }
        }
    }

    /// Appends records as another log has written them, one run of a stream after the other.
    pub(crate) async fn append_sealed(&self, records: &[Record]) -> Result<LogPosition, LogError> {
        self.writable()?;
        self.check_sealed(records).await?;
        for run in records.chunk_by(|one, next| one.stream == next.stream) {
            let Some(first) = run.first() else { continue };
            let until = Instant::now() + DEADLINE;
            let outcome = self.try_until_known(&first.stream, first.revision, run, until).await?;
            let number = match outcome {
                Outcome::Stored(number) if number > 0 => number,
                other => {
                    let stored = self
                        .read_back(&first.stream, first.revision, run.len(), &other, until)
                        .await?;
                    let same = |(stored, sent): (&Record, &Record)| {
                        (&stored.metadata, &stored.payload, stored.id) == (&sent.metadata, &sent.payload, sent.id)
                    };
                    if stored.len() != run.len() || !stored.iter().zip(run).all(same) {
                        return Err(self.conflict(&first.stream, until).await);
                    }
                    stored.last().map_or(0, |last| last.position.number)
                }
            };
            if let Some(last) = run.last() {
                self.learn_last(last, number);
            }
        }
        Ok(*self.head.borrow())
    }

    /// The conflict with what the stream is at now. Nothing was stored, so that not to know it is no open outcome.
    async fn conflict(&self, stream: &StreamName, until: Instant) -> LogError {
        match in_time(until.max(Instant::now() + LAST_LOOK), self.head_of(stream)).await {
            Ok(current) => LogError::Conflict { current },
            Err(error) => error,
        }
    }

    /// Checks all records before the first is written.
    async fn check_sealed(&self, records: &[Record]) -> Result<(), LogError> {
        let mut heads: std::collections::HashMap<&StreamName, Head> = std::collections::HashMap::new();
        let mut last = *self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            let head = match heads.get(&record.stream) {
                Some(head) => Some(*head),
                None => match self.remembered(&record.stream) {
                    // What was seen last may have been followed by more, which the server then tells.
                    Some(head) if head.revision + 1 == record.revision => Some(head),
                    _ => self.head_of(&record.stream).await?,
                },
            };
            rules::check_sealed(record, head, last, true)?;
            rules::check_length(&record.stream, record.revision, 1)?;
            heads.insert(
                &record.stream,
                Head {
                    revision: record.revision,
                    hash: record.hash,
                },
            );
            last = last.max(Some(record.recorded_time));
        }
        Ok(())
    }

    /// Whether the head that the caller has read is that record: its hash becomes the `prev` of the next one, and the
    /// server compares revisions only.
    async fn follows(&self, stream: &StreamName, expected: Expected) -> Result<bool, LogError> {
        let Expected::At(head) = expected else { return Ok(true) };
        if let Some(known) = self.remembered(stream)
            && known.revision == head.revision
        {
            return Ok(known.hash == head.hash);
        }
        let items = match self
            .page_of_stream(stream, Direction::Forwards, Some(head.revision), 1)
            .await
        {
            Err(LogError::StreamNotFound) => return Ok(false),
            items => items?,
        };
        self.note_damage(&items);
        match items.into_iter().next() {
            Some(Item::Record(record)) => {
                self.see_time(record.recorded_time);
                Ok(record.revision == head.revision && record.hash == head.hash)
            }
            Some(Item::Damaged(damage)) => Err(LogError::Damaged(Box::new(damage))),
            None => Ok(false),
        }
    }

    /// Stamps and hashes the events: from here on every try sends the same bytes.
    fn seal(&self, stream: &StreamName, expected: Expected, events: &[Checked]) -> Result<Vec<Record>, LogError> {
        let (first, mut prev) = place(expected);
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut records = Vec::with_capacity(events.len());
        let mut last = *newest;
        for (revision, event) in (first..).zip(events) {
            let time = self.stamps.next_within(last, BEHIND_OTHERS)?;
            let record = event.seal(self.position(0), stream, revision, prev, time)?;
            prev = record.hash;
            last = Some(time);
            records.push(record);
        }
        *newest = last;
        Ok(records)
    }

    fn position(&self, number: u64) -> LogPosition {
        LogPosition {
            epoch: self.epoch,
            number,
        }
    }

    /// Repeats the identical append until the server has said what became of it.
    async fn try_until_known(
        &self,
        stream: &StreamName,
        first: u64,
        records: &[Record],
        until: Instant,
    ) -> Result<Outcome, LogError> {
        let name = self.server_name(stream);
        let state = first
            .checked_sub(1)
            .map_or(StreamState::NoStream, StreamState::StreamRevision);
        let mut wait = WAIT;
        // Whether an earlier try may have been stored.
        let mut unclear = false;
        loop {
            let (name, events) = (name.clone(), records.iter().map(event).collect::<Vec<_>>());
            let left = until.saturating_duration_since(Instant::now());
            let tried = self.supervisor.call(left.min(TRY), move |client: Client| async move {
                let options = AppendToStreamOptions::default()
                    .stream_state(state)
                    .deadline(SERVER_TRY);
                client.append_to_stream(name, &options, events).await
            });
            let fault = match tried.await {
                Ok(written) => return Ok(Outcome::Stored(written.position.commit)),
                Err(Fault::Conflict) => return Ok(Outcome::Conflict),
                Err(fault) => fault,
            };
            match &fault {
                Fault::Unclear(_) => {
                    unclear = true;
                    self.supervisor.counters.ambiguous.fetch_add(1, Ordering::Relaxed);
                }
                Fault::NotDone(_) => {}
                Fault::Deleted => {
                    let damage = Damage {
                        position: *self.head.borrow(),
                        stream: Some(stream.clone()),
                        revision: None,
                        problem: "the stream was deleted on the server".to_owned(),
                    };
                    return Err(LogError::Damaged(Box::new(damage)));
                }
                // The call itself is wrong, e.g. too large for this server: no other try fares better.
                Fault::Rejected(_) if !unclear => return Err(LogError::Invalid(self.words(&fault))),
                // Said before anything is written, and again for every try.
                _ if !unclear => return Err(self.unavailable(&fault)),
                _ => {}
            }
            if Instant::now() + wait >= until {
                return Err(if unclear {
                    LogError::OutcomePending(self.words(&fault))
                } else {
                    self.unavailable(&fault)
                });
            }
            tokio::time::sleep(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }

    /// Reads what now stands where the append belongs.
    async fn read_back(
        &self,
        stream: &StreamName,
        first: u64,
        count: usize,
        outcome: &Outcome,
        until: Instant,
    ) -> Result<Vec<Record>, LogError> {
        let mut wait = WAIT;
        loop {
            let read = in_time(until, self.stored(stream, first, count)).await;
            // A leader that has just changed may be a moment behind what its predecessor acknowledged.
            let behind = matches!(outcome, Outcome::Stored(_)) && matches!(&read, Ok(stored) if stored.len() < count);
            match read {
                Err(LogError::Unavailable(_)) => {}
                Ok(_) if behind => {
                    if let Some(damage) = self.damage(stream) {
                        return Err(LogError::Damaged(Box::new(damage)));
                    }
                }
                outcome => return outcome,
            }
            if Instant::now() + wait >= until {
                return Err(LogError::OutcomePending(
                    "the server has answered, and can't be asked what it stored".to_owned(),
                ));
            }
            tokio::time::sleep(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }

    /// Records that stand at a place of a stream; none where there is no stream or they are not sound.
    async fn stored(&self, stream: &StreamName, first: u64, count: usize) -> Result<Vec<Record>, LogError> {
        match self
            .page_of_stream(stream, Direction::Forwards, Some(first), count)
            .await
        {
            Err(LogError::StreamNotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
            Ok(items) => {
                self.note_damage(&items);
                Ok(items
                    .into_iter()
                    .map_while(|item| match item {
                        Item::Record(record) => Some(record),
                        Item::Damaged(_) => None,
                    })
                    .collect())
            }
        }
    }

    /// Takes note of records that were just stored or found.
    fn learn(&self, stored: &[Record]) {
        if let Some(last) = stored.last() {
            self.learn_last(last, last.position.number);
        }
    }

    fn learn_last(&self, last: &Record, number: u64) {
        self.remember(last);
        self.announce(number);
    }
}

fn repeated(records: Vec<Record>) -> Appended {
    Appended {
        records,
        repeated: true,
    }
}
