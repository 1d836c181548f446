//! Tables of `log.db` and how its connections are opened. `docs/log-format.md` prints the same tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, FileControl, OpenFlags};

/// Name of the log's file within the data directory.
pub const LOG_FILE: &str = "log.db";
/// Name of the derived file of stream heads; deletable.
pub const HEADS_FILE: &str = "heads.db";
/// Name of the file of checkpoints; not derived.
pub const STATE_FILE: &str = "state.db";
/// Name of the lock file.
pub const LOCK_FILE: &str = "yujian.lock";

/// `PRAGMA application_id` of `log.db`: `YuJi`.
pub const APPLICATION_ID: i32 = 0x5975_4a69;

/// What `log.db` holds. No second index: each event would dirty a page of its own (measured: five times slower).
pub const TABLES: &str = "
CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE stream (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE record (
    position      INTEGER PRIMARY KEY,
    stream        INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    prev_position INTEGER NOT NULL,
    event_id      BLOB NOT NULL,
    type          TEXT NOT NULL,
    metadata      TEXT NOT NULL,
    payload       TEXT NOT NULL
);
";

/// Columns of a record, in the order in which this crate reads them.
pub const RECORD_COLUMNS: &str = "position, stream, revision, prev_position, event_id, type, metadata, payload";

/// How long a connection waits for a lock of a foreign process, e.g. an auditor's shell that checkpoints.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// To how many bytes the write-ahead log is cut back after a checkpoint.
const JOURNAL_SIZE_LIMIT: i64 = 64 * 1024 * 1024;

/// Opens `log.db` (or a copy) for reading only.
///
/// # Errors
/// SQLite's.
pub fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.execute_batch(
        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA query_only=ON;",
    )?;
    Ok(conn)
}

/// Opens a database file for writing, in write-ahead mode.
///
/// # Errors
/// SQLite's, and [`rusqlite::Error::InvalidQuery`] when the file system can't carry write-ahead mode.
pub fn open_read_write(path: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    let mode: String = conn.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidQuery);
    }
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;")?;
    conn.query_row(&format!("PRAGMA journal_size_limit={JOURNAL_SIZE_LIMIT}"), [], |_| {
        Ok(())
    })?;
    Ok(conn)
}

/// Keeps `-wal` and `-shm` when the last connection closes: an auditor under another account may not create them.
pub(super) fn keep_wal(conn: &Connection) -> rusqlite::Result<()> {
    let mut keep = 1;
    conn.file_control(None::<&str>, FileControl::PersistWal(&mut keep))
}

/// `SQLITE_IOERR_SHMSIZE`: what opening on a full disk answers.
const IOERR_SHMSIZE: i32 = 4874;

/// Whether an error means that no space is left.
#[must_use]
pub fn is_disk_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull) || error.sqlite_extended_error_code() == Some(IOERR_SHMSIZE)
}

/// Whether an error means that a page of the file is damaged.
#[must_use]
pub fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// A number as SQLite holds it. Positions and revisions never come near the end of its range.
pub(crate) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
