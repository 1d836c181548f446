//! `heads.db`: the last position of each stream, so that a start need not read the whole log. Derived: written some time
//! after the log by a thread of its own, deletable, rebuilt from the log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::schema::{self, to_sql};
use crate::Hash;

/// Streams that have moved before the file is written.
const FLUSH_STREAMS: usize = 20_000;
/// How long a moved stream waits at most.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Which log the file belongs to, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// `created` and epoch of the log.
    pub log: String,
    /// Every record up to here is accounted for.
    pub position: u64,
    /// Hash of the record there.
    pub hash: Hash,
}

/// What the writer has committed and the file does not hold yet. Bounded by the number of streams.
#[derive(Default)]
pub struct Tail {
    state: Mutex<TailState>,
    wake: Condvar,
}

#[derive(Default)]
struct TailState {
    moved: BTreeMap<u32, u64>,
    end: Option<(u64, Hash)>,
    closed: bool,
}

impl Tail {
    fn state(&self) -> MutexGuard<'_, TailState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a commit has moved, and the last record of the log.
    pub fn note(&self, moved: impl IntoIterator<Item = (u32, u64)>, position: u64, hash: Hash) {
        let mut state = self.state();
        state.moved.extend(moved);
        state.end = Some((position, hash));
        if state.moved.len() >= FLUSH_STREAMS {
            self.wake.notify_one();
        }
    }

    /// Ends [`follow`](Tail::follow) after a last writing.
    pub fn close(&self) {
        self.state().closed = true;
        self.wake.notify_one();
    }

    /// Writes the file from now on, until closed. Trouble with the file is told and tried again: nothing depends on it.
    pub fn follow(&self, mut file: HeadsFile) {
        loop {
            let (moved, end, closed) = {
                let (mut state, _) = self
                    .wake
                    .wait_timeout_while(self.state(), FLUSH_EVERY, |state| {
                        !state.closed && state.moved.len() < FLUSH_STREAMS
                    })
                    .unwrap_or_else(PoisonError::into_inner);
                (std::mem::take(&mut state.moved), state.end.take(), state.closed)
            };
            if let Some((position, hash)) = end
                && let Err(error) = file.write(&moved, position, hash)
            {
                tracing::warn!(%error, "heads.db can't be written, trying again");
                let mut state = self.state();
                for (number, position) in moved {
                    state.moved.entry(number).or_insert(position);
                }
                state.end = state.end.or(end);
            }
            if closed {
                return;
            }
        }
    }
}

/// The file itself.
pub struct HeadsFile {
    conn: Connection,
    log: String,
}

impl HeadsFile {
    /// Opens the file; one that is damaged or belongs to another log is thrown away and begun anew. `log` names the log.
    pub fn open(directory: &Path, log: &str) -> rusqlite::Result<(Self, Option<Mark>)> {
        let path = directory.join(schema::HEADS_FILE);
        match Self::try_open(&path, log) {
            Ok((file, Some(mark))) if mark.log == log => return Ok((file, Some(mark))),
            Ok((file, None)) => return Ok((file, None)),
            Ok((_, Some(_))) => tracing::warn!("heads.db belongs to another log or epoch: rebuilding it"),
            Err(error) if schema::is_disk_full(&error) => return Err(error),
            Err(error) => tracing::warn!(%error, "heads.db is damaged: rebuilding it"),
        }
        delete(&path);
        Self::try_open(&path, log)
    }

    fn try_open(path: &Path, log: &str) -> rusqlite::Result<(Self, Option<Mark>)> {
        let conn = schema::open_read_write(path, "NORMAL")?;
        let sound: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(rusqlite::Error::InvalidQuery);
        }
        conn.execute_batch(
            "CREATE TABLE IF NOT EXISTS head (stream INTEGER PRIMARY KEY, position INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS mark (log TEXT NOT NULL, position INTEGER NOT NULL, hash TEXT NOT NULL);",
        )?;
        let mark = conn
            .query_row("SELECT log, position, hash FROM mark", [], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, String>(2)?,
                ))
            })
            .optional()?;
        let mark = match mark {
            None => None,
            Some((log, position, hash)) => Some(Mark {
                log,
                position: u64::try_from(position).map_err(|_| rusqlite::Error::InvalidQuery)?,
                hash: Hash::from_hex(&hash).ok_or(rusqlite::Error::InvalidQuery)?,
            }),
        };
        Ok((
            Self {
                conn,
                log: log.to_owned(),
            },
            mark,
        ))
    }

    /// Every stream with its last position.
    pub fn each(&self, mut take: impl FnMut(u32, u64)) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare("SELECT stream, position FROM head")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
        }
        Ok(())
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> rusqlite::Result<()> {
        self.conn.execute_batch("DELETE FROM head; DELETE FROM mark;")
    }

    /// Writes moved streams and mark in one transaction.
    pub fn write(&mut self, moved: &BTreeMap<u32, u64>, position: u64, hash: Hash) -> rusqlite::Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut upsert = tx.prepare_cached("INSERT OR REPLACE INTO head (stream, position) VALUES (?1, ?2)")?;
            for (number, position) in moved {
                upsert.execute((number, to_sql(*position)))?;
            }
        }
        tx.execute("DELETE FROM mark", [])?;
        tx.execute(
            "INSERT INTO mark (log, position, hash) VALUES (?1, ?2, ?3)",
            (&self.log, to_sql(position), hash.to_hex()),
        )?;
        tx.commit()
    }
}

fn delete(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // What is not there need not go; what can't go shows when the file is opened again.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}

/// Starts the thread that follows the tail.
pub fn spawn(tail: Arc<Tail>, file: HeadsFile) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new()
        .name("heads".to_owned())
        .spawn(move || tail.follow(file))
}
