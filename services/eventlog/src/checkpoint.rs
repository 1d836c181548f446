//! `state.db`: how far each follower that may not begin anew has come (reactors, notary). Not derived: backed up.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use crate::sqlite::schema::{self, STATE_FILE, to_sql};
use crate::{LogError, LogPosition};

/// Checkpoints by name.
pub struct Checkpoints {
    conn: Mutex<Connection>,
}

fn failed(error: rusqlite::Error) -> LogError {
    if schema::is_disk_full(&error) {
        LogError::DiskFull
    } else {
        LogError::Unavailable(format!("state.db: {error}"))
    }
}

impl Checkpoints {
    /// Opens `state.db` in a data directory.
    ///
    /// # Errors
    /// [`LogError::DiskFull`], [`LogError::Unavailable`].
    pub fn open(directory: &Path) -> Result<Self, LogError> {
        let conn = schema::open_read_write(&directory.join(STATE_FILE), "FULL").map_err(failed)?;
        conn.execute_batch(
            "CREATE TABLE IF NOT EXISTS checkpoint (
                 name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, position INTEGER NOT NULL
             ) WITHOUT ROWID",
        )
        .map_err(failed)?;
        Ok(Self { conn: Mutex::new(conn) })
    }

    /// Where a follower stands; `None`: it has never begun. Blocks on the disk.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub fn load(&self, name: &str) -> Result<Option<LogPosition>, LogError> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let found = conn
            .query_row("SELECT epoch, position FROM checkpoint WHERE name=?1", [name], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?))
            })
            .optional()
            .map_err(failed)?;
        Ok(found.map(|(epoch, number)| LogPosition {
            epoch,
            number: u64::try_from(number).unwrap_or(0),
        }))
    }

    /// Moves a follower on; durable on return. Blocks on the disk.
    ///
    /// # Errors
    /// [`LogError::DiskFull`], [`LogError::Unavailable`].
    pub fn save(&self, name: &str, position: LogPosition) -> Result<(), LogError> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        conn.execute(
            "INSERT OR REPLACE INTO checkpoint (name, epoch, position) VALUES (?1, ?2, ?3)",
            (name, position.epoch, to_sql(position.number)),
        )
        .map(drop)
        .map_err(failed)
    }
}
