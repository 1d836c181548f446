//! The header of `log.db`: what the log is, as rows of key and value.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::schema;

pub use crate::header::{FORMAT, Header, LogKind};

const CHECK_VALUE: &str = "hmac_check_value.";
const SEVERAL_WRITERS: &str = "several_writers";
const MIGRATING_FROM: &str = "migrating_from";

/// Why a header can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The file is not a log of Yujian.
    #[error("the file is not an event log of Yujian")]
    NotALog,
    /// A newer version wrote it.
    #[error("the log has format {0}, this version reads format {FORMAT}")]
    Format(u32),
    /// A row of it can't be read.
    #[error("the header's {0} can't be read")]
    Damaged(&'static str),
    /// SQLite's error.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Reads the header.
///
/// # Errors
/// When the file is no log, has a newer format, or the header is damaged.
pub fn read(conn: &Connection) -> Result<Header, HeaderError> {
    let id: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id != schema::APPLICATION_ID {
        return Err(HeaderError::NotALog);
    }
    let format: u32 = number(conn, "format")?;
    if format != FORMAT {
        return Err(HeaderError::Format(format));
    }
    let kind = match text(conn, "kind")?.as_str() {
        "real" => LogKind::Real,
        "demo" => LogKind::Demo {
            seed: number(conn, "demo_seed")?,
            until: number(conn, "demo_until")?,
        },
        _ => return Err(HeaderError::Damaged("kind")),
    };
    let mut check_values = BTreeMap::new();
    let mut rows = conn.prepare("SELECT key, value FROM header")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if let Some(epoch) = key.strip_prefix(CHECK_VALUE) {
            let epoch = epoch.parse().map_err(|_| HeaderError::Damaged("key epoch"))?;
            check_values.insert(epoch, row.get(1)?);
        }
    }
    Ok(Header {
        format,
        created: number(conn, "created")?,
        epoch: number(conn, "epoch")?,
        kind,
        check_values,
        several_writers: optional(conn, SEVERAL_WRITERS)?.is_some(),
        migrating_from: optional(conn, MIGRATING_FROM)?,
    })
}

fn text(conn: &Connection, key: &'static str) -> Result<String, HeaderError> {
    optional(conn, key)?.ok_or(HeaderError::Damaged(key))
}

fn optional(conn: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    conn.query_row("SELECT value FROM header WHERE key=?1", [key], |row| row.get(0))
        .optional()
}

fn number<T: std::str::FromStr>(conn: &Connection, key: &'static str) -> Result<T, HeaderError> {
    text(conn, key)?.parse().map_err(|_| HeaderError::Damaged(key))
}

/// Whether the file is empty, so that a log may be made in it.
pub(super) fn is_absent(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT count(*)=0 FROM sqlite_schema", [], |row| row.get(0))
}

/// Makes tables and header in one transaction.
pub(super) fn create(conn: &mut Connection, header: &Header) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(schema::TABLES)?;
    tx.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
    put(&tx, "format", &header.format.to_string())?;
    put(&tx, "created", &header.created.to_string())?;
    put(&tx, "epoch", &header.epoch.to_string())?;
    match header.kind {
        LogKind::Real => put(&tx, "kind", "real")?,
        LogKind::Demo { seed, until } => {
            put(&tx, "kind", "demo")?;
            put(&tx, "demo_seed", &seed.to_string())?;
            put(&tx, "demo_until", &until.to_string())?;
        }
    }
    for (epoch, value) in &header.check_values {
        put_check_value(&tx, *epoch, value)?;
    }
    if header.several_writers {
        put(&tx, SEVERAL_WRITERS, "1")?;
    }
    if let Some(source) = &header.migrating_from {
        put(&tx, MIGRATING_FROM, source)?;
    }
    tx.commit()
}

/// Notes that the copying of another log into this one is finished, so that it may be served. The caller holds the
/// [`DirectoryLock`](super::DirectoryLock).
///
/// # Errors
/// When the file is no log, or can't be written.
pub fn finish_migration(log_db: &Path, several_writers: bool) -> Result<(), HeaderError> {
    let mut conn = schema::open_read_write(log_db, "FULL")?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    read(&tx)?;
    tx.execute(
        "DELETE FROM header WHERE key IN (?1, ?2)",
        [MIGRATING_FROM, SEVERAL_WRITERS],
    )?;
    if several_writers {
        put(&tx, SEVERAL_WRITERS, "1")?;
    }
    tx.commit()?;
    Ok(())
}

/// Notes the check value of a new HMAC epoch.
pub(super) fn put_check_value(conn: &Connection, epoch: u32, value: &str) -> rusqlite::Result<()> {
    put(conn, &format!("{CHECK_VALUE}{epoch}"), value)
}

fn put(conn: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    conn.execute(
        "INSERT OR REPLACE INTO header (key, value) VALUES (?1, ?2)",
        params![key, value],
    )
    .map(drop)
}

/// Begins the next epoch of a log that nobody serves, as a restore does: positions of before are refused from then on.
/// Answers the new epoch. The caller holds the [`DirectoryLock`](super::DirectoryLock).
///
/// # Errors
/// When the file is no log, or can't be written.
pub fn bump_epoch(log_db: &Path) -> Result<u32, HeaderError> {
    let mut conn = schema::open_read_write(log_db, "FULL")?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let epoch = read(&tx)?.epoch.checked_add(1).ok_or(HeaderError::Damaged("epoch"))?;
    put(&tx, "epoch", &epoch.to_string())?;
    tx.commit()?;
    Ok(epoch)
}
