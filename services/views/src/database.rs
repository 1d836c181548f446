//! The SQLite file behind the views: one writer, a few readers, the checkpoint.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use yujian_eventlog::LogPosition;

use crate::digest::hex;
use crate::error::ViewError;
use crate::view::VIEWS;

/// Raise it when a fold changes its meaning without changing a table: stores of another version are rebuilt.
const FOLD_VERSION: u32 = 7;
/// Reads that run at once; more wait.
const READERS: usize = 4;
/// Records between two waypoints.
const WAYPOINT_EVERY: u64 = 10_000;

/// How far the rows have come. Written in the same transaction as the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Position of the last folded item.
    pub(crate) position: LogPosition,
    /// Hash of the last folded record, or what was wrong with it: tells whether this is still the same log.
    pub(crate) mark: String,
    /// Recorded time of the last sound record.
    pub(crate) recorded_time: Option<Timestamp>,
    /// Records folded so far.
    pub(crate) records: u64,
}

/// The file with its connections.
pub(crate) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    // Removed when the last owner goes.
    _temporary: Option<TempDir>,
}

impl Database {
    /// Opens `views.db` in `directory`, or in a temporary directory that goes with the store. A file that is no store
    /// of this version is thrown away: it holds nothing that the log does not hold.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, ViewError> {
        let temporary = match directory {
            Some(_) => None,
            None => Some(TempDir::with_prefix("yujian-views-").map_err(io)?),
        };
        let directory = directory
            .or(temporary.as_ref().map(TempDir::path))
            .unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory).map_err(io)?;
        let path = directory.join("views.db");
        // A rebuild that did not come to its end.
        remove(&aside_of(&path))?;
        let writer = match open_writer(&path) {
            Ok(Some(writer)) => writer,
            Ok(None) => create(&path)?,
            Err(error) if disposable(&error) => create(&path)?,
            Err(error) => return Err(error.into()),
        };
        Ok(Self::of(path, writer, temporary))
    }

    fn of(path: PathBuf, writer: Connection, temporary: Option<TempDir>) -> Self {
        Self {
            path,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(READERS)),
            _temporary: temporary,
        }
    }

    /// An empty store beside this one, in place of one that was left there.
    pub(crate) fn aside(&self) -> Result<Self, ViewError> {
        let path = aside_of(&self.path);
        let writer = create(&path)?;
        Ok(Self::of(path, writer, None))
    }

    /// Puts all rows of `new`, a store made by [`Database::aside`], in the place of these, in one transaction: whoever
    /// reads now finishes on the old ones. Blocks.
    pub(crate) fn take_over(&self, new: &Self) -> Result<(), ViewError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let new = new.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let copy = Backup::new(&new, &mut writer)?;
        // All pages in one step are one transaction of the live file.
        match copy.step(-1)? {
            StepResult::Done => Ok(()),
            _ => Err(ViewError::Unavailable("the live store is busy".to_owned())),
        }
    }

    /// The rows as they stand now, to be read later. Blocks.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, ViewError> {
        let reader = open_reader(&self.path)?;
        // A read transaction begins with its first read.
        reader.execute_batch("BEGIN")?;
        checkpoint(&reader)?;
        Ok(Snapshot(reader))
    }

    /// Closes the store and removes its files.
    pub(crate) fn discard(self) -> Result<(), ViewError> {
        let path = self.path.clone();
        drop(self);
        remove(&path)
    }

    /// Empties every table and forgets the checkpoint, in one transaction.
    pub(crate) fn clear(&self) -> Result<(), ViewError> {
        self.write(|transaction| {
            for table in VIEWS.iter().flat_map(|view| view.tables()) {
                transaction.execute(&format!("DELETE FROM {}", table.name), [])?;
            }
            transaction.execute_batch("DELETE FROM checkpoint; DELETE FROM waypoint;")?;
            Ok(())
        })
    }

    /// Runs `work` in one write transaction; nothing of it stays when it fails. Blocks.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, ViewError>) -> Result<T, ViewError> {
        // A panic inside a transaction rolls it back, so a poisoned connection is still sound.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }

    /// Runs `work` in one read transaction, off the async threads.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, ViewError> + Send + 'static,
    ) -> Result<T, ViewError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| ViewError::Unavailable("the store is closed".to_owned()))?;
        let database = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let idle = database.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut reader = match idle {
                Some(reader) => reader,
                None => open_reader(&database.path)?,
            };
            let answer = {
                let transaction = reader.transaction()?;
                work(&transaction)?
            };
            database
                .readers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(reader);
            Ok(answer)
        })
        .await
        .map_err(|error| ViewError::Unavailable(error.to_string()))?
    }
}

/// A read transaction that stays open, so that what was written after it is not seen. Not for long: the write-ahead log
/// grows meanwhile.
pub(crate) struct Snapshot(Connection);

impl Snapshot {
    /// Reads it, once. Blocks.
    pub(crate) fn read<T>(self, work: impl FnOnce(&Connection) -> Result<T, ViewError>) -> Result<T, ViewError> {
        work(&self.0)
    }
}

/// Reads the checkpoint; `None` in a new store.
pub(crate) fn checkpoint(connection: &Connection) -> Result<Option<Checkpoint>, ViewError> {
    let found = connection
        .prepare_cached("SELECT epoch, number, mark, recorded_time, records FROM checkpoint")?
        .query_row([], |row| {
            Ok((
                row.get::<_, u32>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Option<String>>(3)?,
                row.get::<_, i64>(4)?,
            ))
        })
        .optional()?;
    Ok(found.map(|(epoch, number, mark, recorded, records)| Checkpoint {
        position: LogPosition {
            epoch,
            number: natural(number),
        },
        mark,
        recorded_time: recorded.and_then(|text| text.parse().ok()),
        records: natural(records),
    }))
}

/// A position with at least `records` records before the checkpoint behind it, as near to it as is known; `None`: the
/// beginning of the log. Positions can't be computed with, so some are noted on the way.
pub(crate) fn waypoint_before(
    connection: &Connection,
    checkpoint: &Checkpoint,
    records: u64,
) -> Result<Option<LogPosition>, ViewError> {
    let at_most = integer(checkpoint.records.saturating_sub(records));
    Ok(connection
        .prepare_cached("SELECT number FROM waypoint WHERE records <= ? ORDER BY records DESC LIMIT 1")?
        .query_row([at_most], |row| row.get::<_, i64>(0))
        .optional()?
        .map(|number| LogPosition {
            epoch: checkpoint.position.epoch,
            number: natural(number),
        }))
}

/// Writes the checkpoint, and now and then a waypoint.
pub(crate) fn set_checkpoint(
    connection: &Connection,
    before: Option<&Checkpoint>,
    checkpoint: &Checkpoint,
) -> Result<(), ViewError> {
    if checkpoint.records / WAYPOINT_EVERY > before.map_or(0, |before| before.records) / WAYPOINT_EVERY {
        connection
            .prepare_cached("INSERT OR REPLACE INTO waypoint(records, number) VALUES(?, ?)")?
            .execute((integer(checkpoint.records), integer(checkpoint.position.number)))?;
    }
    connection
        .prepare_cached(
            "INSERT INTO checkpoint(id, epoch, number, mark, recorded_time, records) VALUES(1, ?, ?, ?, ?, ?)
             ON CONFLICT(id) DO UPDATE SET epoch = excluded.epoch, number = excluded.number, mark = excluded.mark,
             recorded_time = excluded.recorded_time, records = excluded.records",
        )?
        .execute((
            checkpoint.position.epoch,
            integer(checkpoint.position.number),
            &checkpoint.mark,
            checkpoint.recorded_time.map(instant),
            integer(checkpoint.records),
        ))?;
    Ok(())
}

/// A number as SQLite holds it. Nothing here comes near the bound.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count or revision as read from a row; never negative there.
pub(crate) fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// An instant as rows hold it: 30 characters, so that text order is time order.
pub(crate) fn instant(time: Timestamp) -> String {
    format!("{time:.9}")
}

/// Reads a column that holds a text of another form (instant, day, UUID, JSON). A text that does not read is a fault of
/// the store, told by the column's name only.
pub(crate) fn parsed<T>(text: &str, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, ViewError> {
    read(text).ok_or_else(|| ViewError::Unavailable(format!("column {column} holds something else")))
}

fn io(error: std::io::Error) -> ViewError {
    ViewError::Unavailable(error.to_string())
}

/// Whether an error says that the file is no usable database, rather than that the machine is in trouble.
fn disposable(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            rusqlite::ErrorCode::NotADatabase
                | rusqlite::ErrorCode::DatabaseCorrupt
                | rusqlite::ErrorCode::SchemaChanged
        )
    )
}

/// What tells a store of this version: the tables of every view and the version of the folds.
fn schema_version() -> String {
    let mut hasher = Sha256::new();
    hasher.update(FOLD_VERSION.to_be_bytes());
    for table in VIEWS.iter().flat_map(|view| view.tables()) {
        hasher.update(table.ddl);
        hasher.update([0]);
    }
    hex(&hasher.finalize())
}

/// Opens an existing store for writing; `None` when it is absent or of another version.
fn open_writer(path: &Path) -> Result<Option<Connection>, rusqlite::Error> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open(path)?;
    configure(&connection)?;
    let known = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'store'",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    if known == 0 {
        return Ok(None);
    }
    let version: Option<String> = connection
        .query_row("SELECT schema_version FROM store", [], |row| row.get(0))
        .optional()?;
    Ok((version.as_deref() == Some(schema_version().as_str())).then_some(connection))
}

/// Where a store is built anew beside the live one.
fn aside_of(path: &Path) -> PathBuf {
    path.with_file_name("views.new.db")
}

/// Removes the files of a store, when there are any.
fn remove(path: &Path) -> Result<(), ViewError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(PathBuf::from(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
    }
    Ok(())
}

/// Makes an empty store, in place of whatever lies there.
fn create(path: &Path) -> Result<Connection, ViewError> {
    remove(path)?;
    let mut connection = Connection::open(path)?;
    configure(&connection)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "CREATE TABLE store(schema_version TEXT NOT NULL);
         CREATE TABLE checkpoint(id INTEGER PRIMARY KEY CHECK(id = 1), epoch INTEGER NOT NULL, number INTEGER NOT NULL,
           mark TEXT NOT NULL, recorded_time TEXT, records INTEGER NOT NULL);
         CREATE TABLE waypoint(records INTEGER PRIMARY KEY, number INTEGER NOT NULL);",
    )?;
    for table in VIEWS.iter().flat_map(|view| view.tables()) {
        transaction.execute_batch(table.ddl)?;
    }
    transaction.execute("INSERT INTO store(schema_version) VALUES(?)", [schema_version()])?;
    transaction.commit()?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(Duration::from_secs(5))?;
    // NORMAL may lose the last transactions when the machine dies, never half of one: they are folded again.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -131072;",
    )?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn open_reader(path: &Path) -> Result<Connection, ViewError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Room for the rows that a list of a region passes over: each page that is not held is asked of the system anew.
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
