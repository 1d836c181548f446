//! The embedded log: SQLite. `log.db` holds the records and nothing else may write it while it is served; `heads.db` is
//! derived from it. `docs/log-format.md` describes both.
//!
//! One thread writes ([`writer`](self)), a few read-only connections read, and every record is checked on its way out.
//! Simpler than a chain of caches: names and last positions of all streams are held in memory (about 150 bytes each);
//! `heads.db` only makes the start short.

pub mod header;
mod heads;
mod lock;
mod open;
mod reader;
mod rows;
pub mod schema;
mod streams;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot, watch};

pub use self::header::{Header, LogKind};
pub use self::lock::DirectoryLock;
pub use self::open::{OpenError, OpenOptions, Progress};
pub use self::reader::ReadOnlyLog;

use self::heads::Tail;
use self::rows::Source;
use self::streams::Streams;
use self::writer::Job;
use crate::record::check_all;
use crate::{
    Appended, Damage, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record,
    StreamName, rules,
};

/// What writer, readers and callers share.
struct Shared {
    epoch: u32,
    streams: RwLock<Streams>,
    head: watch::Sender<LogPosition>,
    tail: Arc<Tail>,
    /// Streams in which a read has met a damaged record: they take no writes.
    damaged: Mutex<HashMap<u32, Damage>>,
    /// Why no writes are taken at all.
    refusal: Mutex<Option<Refusal>>,
    bulk: AtomicBool,
    /// Heads of streams appended to in bulks. While one is open only they can be newer than what is on disk, and asking
    /// the writer for each would cost a demo two of its three thread switches a command.
    bulk_heads: Mutex<HashMap<StreamName, Head>>,
}

/// What stands at a position that the log has reached.
fn item_at(source: &Source<'_>, position: LogPosition) -> Result<Option<Item>, LogError> {
    let Some(before) = position.number.checked_sub(1) else {
        return Ok(None);
    };
    let page = source.page(before, position.number, 1)?;
    Ok(page.items.into_iter().next())
}

/// Why no writes are taken.
#[derive(Clone)]
struct Refusal {
    error: LogError,
    /// Whether even a repetition can't be answered, because what is on disk is not known.
    unsound: bool,
}

impl Shared {
    fn streams(&self) -> RwLockReadGuard<'_, Streams> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams_mut(&self) -> RwLockWriteGuard<'_, Streams> {
        self.streams.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn bulk_heads(&self) -> std::sync::MutexGuard<'_, HashMap<StreamName, Head>> {
        self.bulk_heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) -> LogPosition {
        *self.head.borrow()
    }

    fn announce(&self, number: u64) {
        self.head.send_replace(LogPosition {
            epoch: self.epoch,
            number,
        });
    }

    fn set_bulk(&self, open: bool) {
        if !open && self.refusal().is_some() {
            // What the bulk had answered is lost with it.
            self.bulk_heads().clear();
        }
        self.bulk.store(open, Ordering::SeqCst);
    }

    /// Refuses all writes from now on; the first reason stays.
    fn refuse(&self, error: LogError) {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        if refusal.as_ref().is_none_or(|refusal| !refusal.unsound) {
            *refusal = Some(Refusal { error, unsound: true });
        }
    }

    fn refusal(&self) -> Option<Refusal> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether new records are taken.
    fn check_writable(&self) -> Result<(), LogError> {
        self.refusal().map_or(Ok(()), |refusal| Err(refusal.error))
    }

    /// Whether what is on disk is known, so that a repetition can be answered.
    fn check_sound(&self) -> Result<(), LogError> {
        self.refusal()
            .filter(|refusal| refusal.unsound)
            .map_or(Ok(()), |refusal| Err(refusal.error))
    }

    fn damage(&self, number: u32) -> Option<Damage> {
        self.damaged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&number)
            .cloned()
    }

    /// Remembers that a stream is damaged; gives the error for it.
    fn note_damage(&self, number: u32, damage: Damage) -> LogError {
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        if damaged.insert(number, damage.clone()).is_none() {
            tracing::error!(position = %damage.position, problem = damage.problem, "damaged record, its stream takes no writes");
        }
        LogError::Damaged(Box::new(damage))
    }

    fn note_damaged_items(&self, items: &[Item]) {
        for item in items {
            if let Item::Damaged(damage) = item
                && let Some(number) = damage.stream.as_ref().and_then(|stream| self.streams().number(stream))
            {
                self.note_damage(number, damage.clone());
            }
        }
    }
}

/// Read-only connections, each used by one read at a time.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

/// The embedded log.
pub struct SqliteLog {
    header: Header,
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    /// Room for what waits to be written, in KiB.
    room: Semaphore,
    /// `None` only while the log is being closed.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    heads: Option<JoinHandle<()>>,
    _lock: DirectoryLock,
}

fn closed() -> LogError {
    LogError::Unavailable("the log is closed".to_owned())
}

impl SqliteLog {
    /// What the log is.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Opens a bulk: until [`commit_bulk`](Self::commit_bulk) appends are answered before they are on disk and are part
    /// of one transaction. Streams and heads show them, pages and the announced head do not. For the demo's builder,
    /// which syncs the files itself when it is done: the commits of bulks wait for no disk.
    ///
    /// # Errors
    /// [`LogError::Invalid`] when the log is not a demo's, or a bulk is open already.
    pub async fn begin_bulk(&self) -> Result<(), LogError> {
        if self.header.kind == LogKind::Real {
            return Err(LogError::Invalid("only a demo log takes a bulk".to_owned()));
        }
        self.ask(|reply| Job::BeginBulk { reply }).await
    }

    /// Commits the open bulk; answers the end of the log.
    ///
    /// # Errors
    /// When no bulk is open, or it could not be written: then all of it is lost, and the log refuses writes.
    pub async fn commit_bulk(&self) -> Result<LogPosition, LogError> {
        self.ask(|reply| Job::CommitBulk { reply }).await
    }

    /// Waits until what is queued for the writer leaves room for so many bytes more.
    async fn make_room(&self, bytes: usize) -> Result<SemaphorePermit<'_>, LogError> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX);
        self.room.acquire_many(kib).await.map_err(|_| closed())
    }

    /// Hands a job to the writer and awaits its answer. A caller that stops waiting does not take the job back.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, LogError>>) -> Job) -> Result<T, LogError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job(reply)).await.map_err(|_| closed())?;
        answer
            .await
            .map_err(|_| LogError::OutcomeUnknown("the writer ended before it answered".to_owned()))?
    }

    /// Reads on a connection of the pool.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Source<'_>, &Shared) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let (readers, shared) = (Arc::clone(&self.readers), Arc::clone(&self.shared));
        let permit = self.readers.permits.acquire().await.map_err(|_| closed())?;
        let done = tokio::task::spawn_blocking(move || {
            let taken = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let conn = match taken {
                Some(conn) => conn,
                // One was lost to a panic.
                None => schema::open_read_only(&readers.path)
                    .map_err(|error| LogError::Unavailable(format!("opening log.db: {error}")))?,
            };
            let answer = read(
                &Source {
                    conn: &conn,
                    streams: &shared.streams,
                    epoch: shared.epoch,
                },
                &shared,
            );
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            answer
        })
        .await;
        drop(permit);
        done.map_err(|_| LogError::Unavailable("a read was broken off".to_owned()))?
    }

    /// Reads of a stream: on the writer's connection while a bulk is open, so that it shows.
    async fn read_of_stream<T: Send + 'static>(
        &self,
        stream: &StreamName,
        read: impl FnOnce(&Source<'_>, u32, u64) -> Result<T, LogError> + Send + 'static,
    ) -> Result<Option<T>, LogError> {
        if self.shared.bulk.load(Ordering::SeqCst) {
            let stream = stream.clone();
            let work = |reply: oneshot::Sender<Result<Option<T>, LogError>>| {
                Job::Read(Box::new(move |writer| {
                    let known = writer.last_of(&stream);
                    let answer = known
                        .map(|(number, last)| read(&writer.source(), number, last))
                        .transpose();
                    drop(reply.send(answer));
                }))
            };
            return self.ask(work).await;
        }
        let known = {
            let streams = self.shared.streams();
            streams
                .number(stream)
                .and_then(|number| Some((number, streams.last(number)?)))
        };
        match known {
            None => Ok(None),
            Some((number, last)) => self.read(move |source, _| read(source, number, last)).await.map(Some),
        }
    }
}

impl Drop for SqliteLog {
    /// Finishes what has queued up, then lets go of the files: whoever drops the last handle may open the log again.
    fn drop(&mut self) {
        self.jobs = None;
        for (name, thread) in [("writer", self.writer.take()), ("heads", self.heads.take())] {
            if name == "heads" {
                self.shared.tail.close();
            }
            if thread.is_some_and(|thread| thread.join().is_err()) {
                tracing::error!(thread = name, "thread of the log panicked");
            }
        }
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, LogError> {
        let bytes = rules::check_sizes(&events)?;
        let events = check_all(events)?;
        let _room = self.make_room(bytes).await?;
        let name = stream.clone();
        let appended = self
            .ask(|reply| Job::Append {
                stream: name,
                expected,
                events,
                reply,
            })
            .await?;
        let mut heads = self.shared.bulk_heads();
        if !self.shared.bulk.load(Ordering::SeqCst) {
            // Outside a bulk the disk knows best, and the next bulk must not begin with an older head.
            heads.remove(stream);
        } else if let Some(last) = appended.records.last()
            && !appended.repeated
        {
            let head = Head {
                revision: last.revision,
                hash: last.hash,
            };
            heads.insert(stream.clone(), head);
        }
        drop(heads);
        Ok(appended)
    }

    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        let bytes = rules::check_sealed_sizes(&records)?;
        let _room = self.make_room(bytes).await?;
        let appended = self.ask(|reply| Job::AppendSealed { records, reply }).await;
        self.shared.bulk_heads().clear();
        appended
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let added = u64::try_from(limit).unwrap_or(u64::MAX);
        let wanted = match direction {
            Direction::Forwards => from.unwrap_or(0)..=from.unwrap_or(0).saturating_add(added.saturating_sub(1)),
            Direction::Backwards => 0..=from.unwrap_or(u64::MAX),
        };
        let read = move |source: &Source<'_>, number, last| {
            let mut items = source.back(number, last, &wanted, limit)?;
            if direction == Direction::Forwards {
                items.reverse();
            }
            Ok(items)
        };
        let items = self
            .read_of_stream(stream, read)
            .await?
            .ok_or(LogError::StreamNotFound)?;
        self.shared.note_damaged_items(&items);
        Ok(items)
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        let page = self
            .read(move |source, shared| {
                let head = shared.end();
                rules::check_after(after, head)?;
                source.page(after.number, head.number, limit)
            })
            .await?;
        self.shared.note_damaged_items(&page.items);
        Ok(page)
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        if self.shared.bulk.load(Ordering::SeqCst) {
            if let Some(head) = self.shared.bulk_heads().get(stream) {
                return Ok(Some(*head));
            }
            // The writer names a stream before it answers the first append to it.
            if self.shared.streams().number(stream).is_none() {
                return Ok(None);
            }
        }
        let read = |source: &Source<'_>, _, last| Ok(source.at(last)?.1);
        match self.read_of_stream(stream, read).await? {
            None => Ok(None),
            Some(Item::Record(record)) => Ok(Some(Head {
                revision: record.revision,
                hash: record.hash,
            })),
            Some(Item::Damaged(damage)) => {
                self.shared.note_damaged_items(&[Item::Damaged(damage.clone())]);
                Err(LogError::Damaged(Box::new(damage)))
            }
        }
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        let item = self
            .read(move |source, shared| {
                rules::check_after(position, shared.end())?;
                item_at(source, position)
            })
            .await?;
        self.shared.note_damaged_items(item.as_slice());
        Ok(item)
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        Ok(self.shared.streams().of(category).cloned().collect())
    }

    fn check_writable(&self) -> Result<(), LogError> {
        self.shared.check_writable()
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.shared.head.subscribe()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        self.read(move |source, shared| source.position_at(instant, shared.end().number))
            .await
    }
}
