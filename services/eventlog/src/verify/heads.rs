//! Reads `heads.db` as one moment shows it.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::OptionalExtension;

use crate::Hash;
use crate::sqlite::schema;

/// What the file says.
pub(super) enum Heads {
    Absent,
    Unreadable,
    Read(Snapshot),
}

/// The file at one moment.
pub(super) struct Snapshot {
    /// Which log it belongs to: its `created` and epoch.
    pub(super) log: String,
    /// Everything up to here is accounted for.
    pub(super) position: u64,
    /// Hash of the record there.
    pub(super) hash: Option<Hash>,
    /// Last position by stream number.
    pub(super) last: HashMap<i64, u64>,
}

pub(super) fn read(directory: &Path) -> Heads {
    let path = directory.join(schema::HEADS_FILE);
    if !path.exists() {
        return Heads::Absent;
    }
    match try_read(&path) {
        Ok(Some(snapshot)) => Heads::Read(snapshot),
        Ok(None) => Heads::Absent,
        Err(_) => Heads::Unreadable,
    }
}

fn try_read(path: &Path) -> rusqlite::Result<Option<Snapshot>> {
    let mut conn = schema::open_read_only(path)?;
    let moment = conn.transaction()?;
    let tables: i64 = moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(None);
    }
    let mark = moment
        .query_row("SELECT log, position, hash FROM mark", [], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, String>(2)?,
            ))
        })
        .optional()?;
    let Some((log, position, hash)) = mark else {
        return Ok(None);
    };
    let mut last = HashMap::new();
    let mut statement = moment.prepare("SELECT stream, position FROM head")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        last.insert(row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
    }
    // A log whose last record was damaged at its last start has no hash to note.
    let hash = Hash::from_hex(&hash).filter(|hash| *hash != Hash::ZERO);
    Ok(Some(Snapshot {
        log,
        position: u64::try_from(position).unwrap_or(0),
        hash,
        last,
    }))
}
