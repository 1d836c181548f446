//! `state.db`: how far each reactor has come in the log, and what waits for its time.
//!
//! Not derived in the sense of a view: a restart without it does all reactors' work again. It belongs into a backup,
//! before `log.db`, so that a checkpoint never lies beyond the log's end. Yet it may be lost: what a reactor does twice
//! has no effect, so a file that is missing, or whose checkpoint is of another log, only costs the time of a first start.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Transaction};
use uuid::Uuid;

use crate::sqlite::schema::{self, STATE_FILE, to_sql};
use crate::{Hash, LogError, LogPosition};

/// Version of the tables, as `PRAGMA user_version`.
const VERSION: i64 = 1;
/// Timers that are handed out at once.
const DUE_AT_ONCE: usize = 500;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS reactor (
    name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, number INTEGER NOT NULL, mark TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS timer (
    kind TEXT NOT NULL, stream TEXT NOT NULL, number INTEGER NOT NULL, day TEXT NOT NULL,
    due INTEGER NOT NULL, revision INTEGER NOT NULL, cause TEXT NOT NULL,
    PRIMARY KEY (kind, stream, number, day)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS timer_by_due ON timer (due);
";

/// How far a reactor has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Position of the last record that it is done with.
    pub position: LogPosition,
    /// That record's hash: tells whether this is still the same log.
    pub mark: Hash,
}

/// Something to be done when its time has come. Kind, stream, number and day make it the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// What to do, e.g. `expire_credential`.
    pub kind: String,
    /// Stream that it is about.
    pub stream: String,
    /// Number within the stream, e.g. of a credential.
    pub number: u32,
    /// Last legal day before it is due.
    pub day: Date,
    /// From when it is due (UTC).
    pub due: Timestamp,
    /// Revision of the event that set it.
    pub revision: u64,
    /// Id of the event that set it.
    pub cause: Uuid,
}

/// What is saved in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Checkpoints by reactor.
    pub checkpoints: Vec<(&'static str, Checkpoint)>,
    /// Timers that were set.
    pub set: Vec<Timer>,
    /// Timers that are done with.
    pub done: Vec<Timer>,
}

/// The file.
pub struct StateFile {
    conn: Mutex<Connection>,
}

fn failed(error: rusqlite::Error) -> LogError {
    if schema::is_disk_full(&error) {
        LogError::DiskFull
    } else {
        LogError::Unavailable(format!("{STATE_FILE}: {error}"))
    }
}

impl StateFile {
    /// Opens `state.db` in a data directory; makes it when absent.
    ///
    /// # Errors
    /// [`LogError::DiskFull`], [`LogError::Unavailable`]; [`LogError::Invalid`] for a file of a newer version.
    pub fn open(directory: &Path) -> Result<Self, LogError> {
        Self::open_with(directory, "FULL")
    }

    /// The same, but its commits wait for no disk: for a build that makes its files durable at its end.
    ///
    /// # Errors
    /// As [`StateFile::open`].
    pub fn open_for_build(directory: &Path) -> Result<Self, LogError> {
        Self::open_with(directory, "OFF")
    }

    fn open_with(directory: &Path, synchronous: &str) -> Result<Self, LogError> {
        let conn = schema::open_read_write(&directory.join(STATE_FILE), synchronous).map_err(failed)?;
        let version: i64 = conn
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(failed)?;
        if version > VERSION {
            return Err(LogError::Invalid(format!(
                "{STATE_FILE} was written by a newer version of Yujian"
            )));
        }
        conn.execute_batch(TABLES).map_err(failed)?;
        conn.pragma_update(None, "user_version", VERSION).map_err(failed)?;
        Ok(Self { conn: Mutex::new(conn) })
    }

    /// Where a reactor stands; `None`: it has never begun, or what is noted can't be read. Blocks on the disk.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub fn load(&self, name: &str) -> Result<Option<Checkpoint>, LogError> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let found = conn
            .query_row("SELECT epoch, number, mark FROM reactor WHERE name=?1", [name], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })
            .optional()
            .map_err(failed)?;
        Ok(found.and_then(|(epoch, number, mark)| {
            Some(Checkpoint {
                position: LogPosition {
                    epoch,
                    number: u64::try_from(number).ok()?,
                },
                mark: Hash::from_hex(&mark)?,
            })
        }))
    }

    /// Saves all of it or nothing; durable on return. Blocks on the disk.
    ///
    /// # Errors
    /// [`LogError::DiskFull`], [`LogError::Unavailable`].
    pub fn save(&self, change: &Change) -> Result<(), LogError> {
        let mut conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = conn.transaction().map_err(failed)?;
        write(&transaction, change).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Timers that are due at `now`, in the order of their time. Not all of them, when there are very many. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub fn due(&self, now: Timestamp) -> Result<Vec<Timer>, LogError> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = conn
            .prepare_cached(
                "SELECT kind, stream, number, day, due, revision, cause FROM timer WHERE due <= ?1
                 ORDER BY due, kind, stream, number, day LIMIT ?2",
            )
            .map_err(failed)?;
        let rows = statement.query_map((nanoseconds(now), to_sql(DUE_AT_ONCE as u64)), |row| {
            let text = |index| row.get::<_, String>(index);
            Ok(Timer {
                kind: text(0)?,
                stream: text(1)?,
                number: row.get(2)?,
                day: text(3)?.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
                due: Timestamp::from_nanosecond(i128::from(row.get::<_, i64>(4)?))
                    .map_err(|_| rusqlite::Error::InvalidQuery)?,
                revision: u64::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
                cause: text(6)?.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(failed)
    }

    /// When the next timer is due. Blocks on the disk.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub fn next_due(&self) -> Result<Option<Timestamp>, LogError> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let first: Option<i64> = conn
            .query_row("SELECT min(due) FROM timer", [], |row| row.get(0))
            .map_err(failed)?;
        Ok(first.and_then(|nanoseconds| Timestamp::from_nanosecond(i128::from(nanoseconds)).ok()))
    }
}

fn write(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    for (name, checkpoint) in &change.checkpoints {
        transaction.execute(
            "INSERT OR REPLACE INTO reactor (name, epoch, number, mark) VALUES (?1, ?2, ?3, ?4)",
            (
                name,
                checkpoint.position.epoch,
                to_sql(checkpoint.position.number),
                checkpoint.mark.to_hex(),
            ),
        )?;
    }
    let mut remove =
        transaction.prepare_cached("DELETE FROM timer WHERE kind=?1 AND stream=?2 AND number=?3 AND day=?4")?;
    for timer in &change.done {
        remove.execute((&timer.kind, &timer.stream, timer.number, timer.day.to_string()))?;
    }
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO timer (kind, stream, number, day, due, revision, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for timer in &change.set {
        insert.execute((
            &timer.kind,
            &timer.stream,
            timer.number,
            timer.day.to_string(),
            nanoseconds(timer.due),
            to_sql(timer.revision),
            timer.cause.to_string(),
        ))?;
    }
    Ok(())
}

/// An instant as SQLite holds it; the ends of its range (years 1677 and 2262) saturate.
fn nanoseconds(instant: Timestamp) -> i64 {
    let nanoseconds = instant.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}
