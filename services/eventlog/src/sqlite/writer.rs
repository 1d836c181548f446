//! The writer: one thread that alone writes `log.db`. It takes what has queued up, writes it in one transaction, and
//! answers once that is on disk.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use lru::LruCache;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::rows::Source;
use super::schema::{is_disk_full, to_sql};
use crate::record::Checked;
use crate::rules::{self, Stamps, Verdict};
use crate::{Appended, Damage, Expected, Hash, Head, Item, LogError, LogPosition, Record, StreamName};

/// Appends that share one commit at most.
const BATCH: usize = 1024;
/// Pages in the write-ahead log after which they are moved into `log.db`.
const CHECKPOINT_PAGES: usize = 1000;
/// Bytes of a page, SQLite's default.
const PAGE_BYTES: usize = 4096;
/// Stream heads that are remembered with revision and hash, about 100 bytes each.
const REMEMBERED_HEADS: NonZeroUsize = NonZeroUsize::new(100_000).expect("it is not zero");

type Reply<T> = oneshot::Sender<Result<T, LogError>>;

/// What the writer is asked.
pub enum Job {
    /// Append events.
    Append {
        stream: StreamName,
        expected: Expected,
        events: Vec<Checked>,
        reply: Reply<Appended>,
    },
    /// Append records of another log.
    AppendSealed {
        records: Vec<Record>,
        reply: Reply<LogPosition>,
    },
    /// Open the bulk transaction.
    BeginBulk { reply: Reply<()> },
    /// Commit it.
    CommitBulk { reply: Reply<LogPosition> },
    /// Read what the bulk transaction has written.
    Read(Box<dyn FnOnce(&Writer) + Send>),
}

/// Newest record of a stream.
#[derive(Debug, Clone, Copy)]
struct Newest {
    position: u64,
    head: Head,
}

/// What is written and not committed.
struct Open {
    newest: HashMap<u32, Newest>,
    end: u64,
    end_hash: Hash,
    last_time: Option<Timestamp>,
    streams_before: usize,
    bytes: usize,
}

/// An answer that waits for the commit.
enum Waiting {
    Append(Reply<Appended>, Result<Appended, LogError>),
    Sealed(Reply<LogPosition>, Result<LogPosition, LogError>),
}

impl Waiting {
    /// Gives the answer, or the failure of the commit instead. A caller that has gone away hears nothing.
    fn answer(self, failure: Option<&LogError>) {
        match (self, failure) {
            (Self::Append(reply, answer), None) => drop(reply.send(answer)),
            (Self::Sealed(reply, answer), None) => drop(reply.send(answer)),
            (Self::Append(reply, _), Some(failure)) => drop(reply.send(Err(failure.clone()))),
            (Self::Sealed(reply, _), Some(failure)) => drop(reply.send(Err(failure.clone()))),
        }
    }
}

/// Why an append did not go through.
enum Fault {
    /// Refused; nothing of it was written.
    Refused(LogError),
    /// SQLite failed; the transaction can't go on.
    Engine(rusqlite::Error),
}

impl From<LogError> for Fault {
    fn from(error: LogError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

/// The thread's state.
pub struct Writer {
    conn: Connection,
    shared: Arc<Shared>,
    stamps: Stamps,
    remembered: LruCache<u32, Newest>,
    last_time: Option<Timestamp>,
    /// A log that several nodes wrote is being copied: its times may step back a little.
    copying: bool,
    open: Option<Open>,
    bulk: bool,
    /// Commits wait for no disk: since the first bulk, until something else is written.
    relaxed: bool,
    pages: usize,
}

impl Writer {
    /// A writer that goes on after the last record, whose time is `last_time`.
    pub fn new(
        conn: Connection,
        shared: Arc<Shared>,
        stamps: Stamps,
        last_time: Option<Timestamp>,
        copying: bool,
    ) -> Self {
        let remembered = LruCache::new(REMEMBERED_HEADS);
        Self {
            conn,
            shared,
            stamps,
            remembered,
            last_time,
            copying,
            open: None,
            bulk: false,
            relaxed: false,
            pages: 0,
        }
    }

    /// Serves until every sender has gone.
    pub fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH {
                let Ok(job) = jobs.try_recv() else { break };
                batch.push(job);
            }
            self.serve(batch);
        }
        // A bulk that was never committed is not history.
        self.roll_back();
        self.checkpoint();
    }

    fn serve(&mut self, batch: Vec<Job>) {
        let mut waiting = Vec::new();
        for job in batch {
            match job {
                Job::Append {
                    stream,
                    expected,
                    events,
                    reply,
                } => match self.append(&stream, expected, &events) {
                    Ok(appended) => waiting.push(Waiting::Append(reply, Ok(appended))),
                    Err(Fault::Refused(refusal)) => waiting.push(Waiting::Append(reply, Err(refusal))),
                    Err(Fault::Engine(error)) => {
                        let failure = self.give_up(&error);
                        waiting.push(Waiting::Append(reply, Err(failure.clone())));
                        waiting.drain(..).for_each(|waiting| waiting.answer(Some(&failure)));
                    }
                },
                Job::AppendSealed { records, reply } => match self.append_sealed(&records) {
                    Ok(position) => waiting.push(Waiting::Sealed(reply, Ok(position))),
                    Err(Fault::Refused(refusal)) => waiting.push(Waiting::Sealed(reply, Err(refusal))),
                    Err(Fault::Engine(error)) => {
                        let failure = self.give_up(&error);
                        waiting.push(Waiting::Sealed(reply, Err(failure.clone())));
                        waiting.drain(..).for_each(|waiting| waiting.answer(Some(&failure)));
                    }
                },
                Job::BeginBulk { reply } => {
                    self.settle(&mut waiting);
                    drop(reply.send(self.begin_bulk()));
                }
                Job::CommitBulk { reply } => {
                    self.settle(&mut waiting);
                    drop(reply.send(self.commit_bulk()));
                }
                Job::Read(read) => {
                    self.settle(&mut waiting);
                    read(self);
                }
            }
        }
        self.settle(&mut waiting);
        if self.pages >= CHECKPOINT_PAGES && self.open.is_none() {
            self.checkpoint();
        }
    }

    /// Commits unless a bulk is open, and answers.
    fn settle(&mut self, waiting: &mut Vec<Waiting>) {
        let failure = if self.bulk { None } else { self.commit().err() };
        waiting.drain(..).for_each(|waiting| waiting.answer(failure.as_ref()));
    }

    fn begin_bulk(&mut self) -> Result<(), LogError> {
        if self.bulk {
            return Err(LogError::Invalid("a bulk is open".to_owned()));
        }
        self.shared.check_writable()?;
        // An fsync an hour of simulated time would be most of the demo's minute; its builder syncs the files once.
        // Setting it makes SQLite prepare every statement anew, so it stays from one bulk to the next.
        if !self.relaxed {
            self.conn
                .execute_batch("PRAGMA synchronous=NORMAL")
                .map_err(|error| self.give_up(&error))?;
            self.relaxed = true;
        }
        self.bulk = true;
        if let Err(error) = self.begin() {
            self.bulk = false;
            return Err(self.give_up(&error));
        }
        self.shared.set_bulk(true);
        Ok(())
    }

    fn commit_bulk(&mut self) -> Result<LogPosition, LogError> {
        if !self.bulk {
            self.shared.check_writable()?;
            return Err(LogError::Invalid("no bulk is open".to_owned()));
        }
        let committed = self.commit();
        self.bulk = false;
        self.shared.set_bulk(false);
        committed.map(|()| self.shared.end())
    }

    /// Opens a transaction unless one is open. After a bulk, commits wait for the disk again.
    fn begin(&mut self) -> rusqlite::Result<()> {
        if self.open.is_none() {
            if self.relaxed && !self.bulk {
                self.conn.execute_batch("PRAGMA synchronous=FULL")?;
                self.relaxed = false;
            }
            self.conn.execute_batch("BEGIN IMMEDIATE")?;
            self.open = Some(Open {
                newest: HashMap::new(),
                end: self.shared.end().number,
                end_hash: Hash::ZERO,
                last_time: self.last_time,
                streams_before: self.shared.streams().count(),
                bytes: 0,
            });
        }
        Ok(())
    }

    /// Commits what is open, then makes it known.
    fn commit(&mut self) -> Result<(), LogError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        if let Err(error) = self.conn.execute_batch("COMMIT") {
            self.open = Some(open);
            return Err(self.commit_failed(&error));
        }
        if open.newest.is_empty() {
            return Ok(());
        }
        {
            let mut streams = self.shared.streams_mut();
            for (number, newest) in &open.newest {
                streams.set_last(*number, newest.position);
            }
        }
        let moved = open.newest.iter().map(|(number, newest)| (*number, newest.position));
        self.shared.tail.note(moved, open.end, open.end_hash);
        for (number, newest) in open.newest {
            self.remembered.put(number, newest);
        }
        self.last_time = open.last_time;
        self.pages += 3 + open.bytes / PAGE_BYTES;
        self.shared.announce(open.end);
        Ok(())
    }

    /// A statement failed before the commit: nothing of the transaction is stored.
    fn give_up(&mut self, error: &rusqlite::Error) -> LogError {
        let in_bulk = self.bulk;
        self.roll_back();
        let failure = if is_disk_full(error) {
            LogError::DiskFull
        } else {
            LogError::Unavailable(format!("writing log.db: {error}"))
        };
        tracing::error!(%error, "append failed, nothing of it was stored");
        if in_bulk {
            self.shared.refuse(LogError::Stopped(format!(
                "a bulk that had been answered was lost ({failure})"
            )));
        } else if is_io_error(error) && !is_disk_full(error) {
            self.shared.refuse(LogError::Stopped(format!(
                "log.db can't be written ({error}); restart and verify"
            )));
        }
        failure
    }

    /// COMMIT failed. A full disk has rolled it back; of anything else nobody knows what is on disk.
    fn commit_failed(&mut self, error: &rusqlite::Error) -> LogError {
        if is_disk_full(error) {
            return self.give_up(error);
        }
        self.roll_back();
        tracing::error!(%error, "commit failed, its outcome is unknown; writes are refused until a restart");
        self.shared.refuse(LogError::Stopped(format!(
            "a commit failed ({error}); restart and verify"
        )));
        LogError::OutcomeUnknown(format!("commit failed ({error}); restart and verify"))
    }

    fn roll_back(&mut self) {
        if let Some(open) = self.open.take() {
            self.shared.streams_mut().truncate(open.streams_before);
        }
        if self.bulk {
            self.bulk = false;
            self.shared.set_bulk(false);
        }
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rollback failed");
        }
    }

    /// Moves the write-ahead log into the file. SQLite's own automatic checkpoint would hide a failed fsync.
    fn checkpoint(&mut self) {
        if self.shared.check_writable().is_err() {
            return;
        }
        let moved = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match moved {
            Ok((all, moved)) => self.pages = usize::try_from(all - moved).unwrap_or(0),
            Err(error) if is_disk_full(&error) => {
                self.pages = 0;
                tracing::warn!(%error, "no space to move the write-ahead log, trying again later");
            }
            Err(error) => {
                tracing::error!(%error, "checkpoint failed; writes are refused until a restart");
                self.shared.refuse(LogError::ReadOnly(format!(
                    "a checkpoint failed ({error}); restart and verify"
                )));
            }
        }
    }

    fn append(&mut self, stream: &StreamName, expected: Expected, events: &[Checked]) -> Result<Appended, Fault> {
        self.shared.check_sound()?;
        self.begin()?;
        let number = self.shared.streams().number(stream);
        let newest = match number {
            Some(number) => self.newest(number)?,
            None => None,
        };
        let head = newest.map(|newest| newest.head);
        let (first, mut prev) = match rules::judge(expected, head)? {
            Verdict::Write { revision, prev } => (revision, prev),
            Verdict::Compare { revision } => {
                let known = number.zip(newest).ok_or(LogError::Conflict { current: head })?;
                return Ok(self.compare(known, expected, revision, events)?);
            }
        };
        self.shared.check_writable()?;
        rules::check_length(stream, first, events.len())?;
        let open = self.open.as_ref().expect("the transaction was begun above");
        let mut position = LogPosition {
            epoch: self.shared.epoch,
            number: open.end,
        };
        let mut last_time = open.last_time;
        let mut records = Vec::with_capacity(events.len());
        for (revision, event) in (first..).zip(events) {
            position.number += 1;
            let time = self.stamps.next(last_time)?;
            let record = event.seal(position, stream, revision, prev, time)?;
            prev = record.hash;
            last_time = Some(time);
            records.push(record);
        }
        for record in &records {
            self.insert(record)?;
        }
        Ok(Appended {
            records,
            repeated: false,
        })
    }

    /// Answers an append whose expectation lies before the head: a repetition, or a conflict.
    fn compare(
        &self,
        (number, newest): (u32, Newest),
        expected: Expected,
        revision: u64,
        events: &[Checked],
    ) -> Result<Appended, LogError> {
        let conflict = LogError::Conflict {
            current: Some(newest.head),
        };
        let added = u64::try_from(events.len()).unwrap_or(u64::MAX);
        let to = revision.saturating_add(added - 1);
        if to > newest.head.revision {
            return Err(conflict);
        }
        let mut stored = Vec::with_capacity(events.len());
        for item in self
            .source()
            .back(number, newest.position, &(revision..=to), events.len())?
        {
            match item {
                Item::Record(record) => stored.push(record),
                Item::Damaged(damage) => return Err(self.shared.note_damage(number, damage)),
            }
        }
        stored.reverse();
        if rules::is_repetition(expected, events, &stored) {
            Ok(Appended {
                records: stored,
                repeated: true,
            })
        } else {
            Err(conflict)
        }
    }

    fn append_sealed(&mut self, records: &[Record]) -> Result<LogPosition, Fault> {
        self.shared.check_sound()?;
        self.shared.check_writable()?;
        self.begin()?;
        // Checked first, all of them, so that a refusal leaves nothing behind.
        let mut heads: HashMap<&StreamName, Head> = HashMap::new();
        let mut last_time = self.open.as_ref().and_then(|open| open.last_time);
        for record in records {
            let head = match heads.get(&record.stream) {
                Some(head) => Some(*head),
                None => match self.number_of(&record.stream) {
                    Some(number) => self.newest(number)?.map(|newest| newest.head),
                    None => None,
                },
            };
            rules::check_sealed(record, head, last_time, self.copying)?;
            rules::check_length(&record.stream, record.revision, 1)?;
            heads.insert(
                &record.stream,
                Head {
                    revision: record.revision,
                    hash: record.hash,
                },
            );
            last_time = last_time.max(Some(record.recorded_time));
        }
        for record in records {
            self.insert(record)?;
        }
        let end = self.open.as_ref().map_or(0, |open| open.end);
        Ok(LogPosition {
            epoch: self.shared.epoch,
            number: end,
        })
    }

    fn number_of(&self, stream: &StreamName) -> Option<u32> {
        self.shared.streams().number(stream)
    }

    /// Writes a record after the last one and moves the stream's head within the transaction.
    fn insert(&mut self, record: &Record) -> rusqlite::Result<()> {
        let open = self.open.as_mut().expect("a record is inserted within a transaction");
        let known = self.shared.streams().number(&record.stream);
        let number = match known {
            Some(number) => number,
            None => {
                let number = self.shared.streams_mut().add(Some(record.stream.clone()));
                self.conn
                    .prepare_cached("INSERT INTO stream (number, name) VALUES (?1, ?2)")?
                    .execute(params![number, record.stream.as_str()])?;
                number
            }
        };
        let prev_position = match open.newest.get(&number) {
            Some(newest) => newest.position,
            None => self.shared.streams().last(number).unwrap_or(0),
        };
        let position = open.end + 1;
        // Both were parsed as JSON when they came in, so they are UTF-8; a byte that is not becomes a refusal here.
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| rusqlite::Error::InvalidQuery);
        self.conn
            .prepare_cached(
                "INSERT INTO record (position, stream, revision, prev_position, event_id, type, metadata, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                to_sql(position),
                number,
                to_sql(record.revision),
                to_sql(prev_position),
                record.id.as_bytes(),
                record.event_type,
                text(&record.metadata)?,
                text(&record.payload)?,
            ])?;
        open.end = position;
        open.end_hash = record.hash;
        open.last_time = open.last_time.max(Some(record.recorded_time));
        open.bytes += record.metadata.len() + record.payload.len() + record.event_type.len() + 48;
        open.newest.insert(
            number,
            Newest {
                position,
                head: Head {
                    revision: record.revision,
                    hash: record.hash,
                },
            },
        );
        Ok(())
    }

    /// Newest record of a stream, also of what is not committed. Read from the log and checked when not remembered.
    fn newest(&mut self, number: u32) -> Result<Option<Newest>, LogError> {
        if let Some(damage) = self.shared.damage(number) {
            return Err(LogError::Damaged(Box::new(damage)));
        }
        if let Some(newest) = self.open.as_ref().and_then(|open| open.newest.get(&number)) {
            return Ok(Some(*newest));
        }
        if let Some(newest) = self.remembered.get(&number) {
            return Ok(Some(*newest));
        }
        let Some(position) = self.shared.streams().last(number) else {
            return Ok(None);
        };
        let (links, item) = self.source().at(position)?;
        let record = match item {
            Item::Record(record) if links.number == Some(number) => record,
            Item::Record(record) => {
                let problem = "heads.db leads to a record of another stream; delete it and start again".to_owned();
                let damage = Damage {
                    position: record.position,
                    stream: None,
                    revision: None,
                    problem,
                };
                return Err(self.shared.note_damage(number, damage));
            }
            Item::Damaged(damage) => return Err(self.shared.note_damage(number, damage)),
        };
        let newest = Newest {
            position,
            head: Head {
                revision: record.revision,
                hash: record.hash,
            },
        };
        self.remembered.put(number, newest);
        Ok(Some(newest))
    }

    /// What the writer's own connection sees, with what is not committed.
    pub fn source(&self) -> Source<'_> {
        Source {
            conn: &self.conn,
            streams: &self.shared.streams,
            epoch: self.shared.epoch,
        }
    }

    /// Last position of a stream, also of what is not committed.
    pub fn last_of(&self, stream: &StreamName) -> Option<(u32, u64)> {
        let streams = self.shared.streams.read().unwrap_or_else(PoisonError::into_inner);
        let number = streams.number(stream)?;
        let open = self
            .open
            .as_ref()
            .and_then(|open| open.newest.get(&number))
            .map(|newest| newest.position);
        Some((number, open.or_else(|| streams.last(number))?))
    }
}

fn is_io_error(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure)
}
