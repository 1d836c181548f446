//! The log as it stands now, for tools beside a running server: no lock, no writer, no heads.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::watch;

use super::header::{self, Header};
use super::open::{OpenError, last_position, load_names};
use super::rows::Source;
use super::schema;
use super::streams::Streams;
use crate::{
    Appended, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record, StreamName,
    rules,
};

/// A read-only view of `log.db`, which may be served by another process meanwhile. It ends where the log ended when it
/// was opened. Reads block the calling thread: it is for command-line tools, not for servers.
pub struct ReadOnlyLog {
    conn: Mutex<Connection>,
    header: Header,
    streams: RwLock<Streams>,
    head: watch::Sender<LogPosition>,
}

impl ReadOnlyLog {
    /// Opens the log of a data directory.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is made or locked.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join(schema::LOG_FILE);
        if !path.exists() {
            return Err(OpenError::Io(std::io::Error::new(
                std::io::ErrorKind::NotFound,
                format!("{} is not there", path.display()),
            )));
        }
        let conn = schema::open_read_only(&path)?;
        let header = header::read(&conn)?;
        // The end first: names are only added, so those of every record up to it are loaded after it.
        let number = last_position(&conn)?;
        let streams = RwLock::new(load_names(&conn)?);
        let head = watch::Sender::new(LogPosition {
            epoch: header.epoch,
            number,
        });
        Ok(Self {
            conn: Mutex::new(conn),
            header,
            streams,
            head,
        })
    }

    /// What the log is.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn source<'a>(&'a self, conn: &'a Connection) -> Source<'a> {
        Source {
            conn,
            streams: &self.streams,
            epoch: self.header.epoch,
        }
    }

    /// Number and last position of a stream. There is no index for it: the log is searched.
    fn last_of(&self, conn: &Connection, stream: &StreamName) -> Result<Option<(u32, u64)>, LogError> {
        let number = self
            .streams
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .number(stream);
        let Some(number) = number else { return Ok(None) };
        let head = i64::try_from(self.head.borrow().number).unwrap_or(i64::MAX);
        let last: Option<i64> = conn
            .query_row(
                "SELECT max(position) FROM record WHERE stream = ?1 AND position <= ?2",
                (number, head),
                |row| row.get(0),
            )
            .map_err(|error| LogError::Unavailable(format!("reading log.db: {error}")))?;
        Ok(last
            .and_then(|last| u64::try_from(last).ok())
            .map(|last| (number, last)))
    }
}

fn read_only() -> LogError {
    LogError::ReadOnly("the log was opened for reading".to_owned())
}

#[async_trait]
impl EventLog for ReadOnlyLog {
    async fn append(&self, _: &StreamName, _: Expected, _: Vec<NewEvent>) -> Result<Appended, LogError> {
        Err(read_only())
    }

    async fn append_sealed(&self, _: Vec<Record>) -> Result<LogPosition, LogError> {
        Err(read_only())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let conn = self.conn();
        let (number, last) = self.last_of(&conn, stream)?.ok_or(LogError::StreamNotFound)?;
        let added = u64::try_from(limit).unwrap_or(u64::MAX);
        let wanted = match direction {
            Direction::Forwards => from.unwrap_or(0)..=from.unwrap_or(0).saturating_add(added.saturating_sub(1)),
            Direction::Backwards => 0..=from.unwrap_or(u64::MAX),
        };
        let mut items = self.source(&conn).back(number, last, &wanted, limit)?;
        if direction == Direction::Forwards {
            items.reverse();
        }
        Ok(items)
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        let head = *self.head.borrow();
        rules::check_after(after, head)?;
        self.source(&self.conn()).page(after.number, head.number, limit)
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        let conn = self.conn();
        let Some((_, last)) = self.last_of(&conn, stream)? else {
            return Ok(None);
        };
        match self.source(&conn).at(last)?.1 {
            Item::Record(record) => Ok(Some(Head {
                revision: record.revision,
                hash: record.hash,
            })),
            Item::Damaged(damage) => Err(LogError::Damaged(Box::new(damage))),
        }
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        rules::check_after(position, *self.head.borrow())?;
        super::item_at(&self.source(&self.conn()), position)
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        Ok(streams.of(category).cloned().collect())
    }

    fn check_writable(&self) -> Result<(), LogError> {
        Err(read_only())
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.head.subscribe()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        let head = self.head.borrow().number;
        self.source(&self.conn()).position_at(instant, head)
    }
}
