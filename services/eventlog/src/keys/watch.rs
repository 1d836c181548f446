//! Notices what other processes commit to the key store.

use std::path::Path;

use rusqlite::Connection;

use super::KeyError;
use crate::sqlite::schema;

/// A connection that only reads. One of its own, so that whoever looks at a cached key never waits for the disk behind a
/// writer of this process.
pub(super) struct Watch {
    connection: Connection,
    /// SQLite's `data_version`, which differs once another connection has committed, at the last look; none at first.
    version: Option<i64>,
    /// Row of the newest erasure that was told: rows are only added, so that their numbers grow.
    erasure: i64,
    /// The newest HMAC epoch that was told.
    epoch: u32,
}

/// What came to the store since the last look. New data keys are no news: they are found when they are looked for.
#[derive(Default)]
pub(super) struct News {
    /// Subjects that were erased.
    pub(super) erased: Vec<String>,
    /// New HMAC epochs with their wrapped keys.
    pub(super) epochs: Vec<(u32, Vec<u8>)>,
}

impl Watch {
    /// Watches a store that is open for writing in this process. The first look tells everything.
    pub(super) fn open(path: &Path) -> Result<Self, KeyError> {
        Ok(Self {
            connection: schema::open_read_only(path)?,
            version: None,
            erasure: 0,
            epoch: 0,
        })
    }

    /// Looks; some microseconds while nothing was committed.
    pub(super) fn look(&mut self) -> Result<News, KeyError> {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if self.version == Some(version) {
            return Ok(News::default());
        }
        let erased: Vec<(i64, String)> = self
            .connection
            .prepare_cached("SELECT rowid, subject FROM erasure WHERE rowid > ?1 ORDER BY rowid")?
            .query_map([self.erasure], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let epochs: Vec<(u32, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT epoch, wrapped FROM hmac_key WHERE epoch > ?1 ORDER BY epoch")?
            .query_map([self.epoch], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        // Only now that all was read. A commit between the two queries is seen again at the next look.
        self.version = Some(version);
        self.erasure = erased.last().map_or(self.erasure, |(row, _)| *row);
        self.epoch = epochs.last().map_or(self.epoch, |(epoch, _)| *epoch);
        Ok(News {
            erased: erased.into_iter().map(|(_, subject)| subject).collect(),
            epochs,
        })
    }
}
