//! The key store: a SQLite file of wrapped keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, ffi, params, params_from_iter};

use super::KeyError;
use super::crypto::{Secret, decrypt, encrypt, length_prefixed, secret, subject_tag, unwrap, wrap};
use super::kek;
use crate::entropy::Entropy;

/// `YJKY`: tells the file from other SQLite files.
const APPLICATION_ID: i32 = 0x594A_4B59;
/// Version of the tables below.
const FORMAT: i32 = 1;
/// What is encrypted under the key-encryption key to recognise it.
const KEK_CHECK: &[u8] = b"yujian key-encryption key 1";
/// New keys after which the WAL is copied into the file. Each dirties a page, so that the WAL has some 4 MB by then.
const KEYS_PER_CHECKPOINT: usize = 1_000;

/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an opening waits for readers before it leaves the WAL as it is: other processes read for microseconds, a
/// backup for minutes.
const OPENING_PATIENCE: Duration = Duration::from_millis(250);

/// A key id begins with its subject's tag, so that one tree serves both look-ups: a second index would dirty a page more
/// per new key.
const TABLES: &str = "
CREATE TABLE kek_check (nonce BLOB NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE data_key (
  id TEXT PRIMARY KEY, subject TEXT NOT NULL, wrapped BLOB NOT NULL, created_time TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE hmac_key (epoch INTEGER PRIMARY KEY, wrapped BLOB NOT NULL, created_time TEXT NOT NULL) STRICT;
CREATE TABLE erasure (subject TEXT PRIMARY KEY, erased_time TEXT NOT NULL) STRICT;
";

/// A data key as it lies in the store.
pub(super) struct WrappedKey {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) wrapped: Vec<u8>,
}

/// An open key store. One connection; the caller serialises.
pub(super) struct Store {
    connection: Connection,
    /// A bulk transaction is open.
    bulk: bool,
    poisoned: bool,
    /// New keys since the last checkpoint.
    unchecked: usize,
    /// The WAL may still hold destroyed keys.
    unemptied: bool,
}

impl Store {
    /// Opens a file and sets the connection up; tables may still be missing.
    pub(super) fn open_file(path: &Path) -> Result<Self, KeyError> {
        kek::refuse_exposed(path)?;
        let connection = Connection::open(path)?;
        let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(KeyError::Format {
                path: path.to_owned(),
                problem: format!("journal mode {mode}"),
            });
        }
        Self::configure(connection)
    }

    /// A store that lives as long as the process.
    pub(super) fn open_memory() -> Result<Self, KeyError> {
        Self::configure(Connection::open_in_memory()?)
    }

    fn configure(connection: Connection) -> Result<Self, KeyError> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // Checkpoints are ours: a failed fsync inside SQLite's automatic ones goes unreported.
        connection
            .execute_batch(
                "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0;
                 PRAGMA journal_size_limit=16777216; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;",
            )?;
        Ok(Self {
            connection,
            bulk: false,
            poisoned: false,
            unchecked: 0,
            unemptied: false,
        })
    }

    /// Whether the tables are there; refuses a file of another kind or a newer format.
    pub(super) fn has_tables(&self, path: &Path) -> Result<bool, KeyError> {
        let number = |pragma: &str| {
            self.connection
                .query_row(pragma, [], |row| row.get::<_, i32>(0))
                .map_err(KeyError::from)
        };
        let (application, format) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
        match (application, format) {
            (0, 0) => Ok(false),
            (APPLICATION_ID, FORMAT) => Ok(true),
            _ => Err(KeyError::Format {
                path: path.to_owned(),
                problem: format!("application {application:#010x}, format {format}"),
            }),
        }
    }

    /// Makes tables, the check value of the key-encryption key and, if asked, the first HMAC key.
    pub(super) fn create(
        &mut self,
        kek: &Secret,
        entropy: &Entropy,
        first_epoch: bool,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        let (nonce, data) = encrypt(kek, entropy, KEK_CHECK, KEK_CHECK);
        let epoch = first_epoch.then(|| wrap(kek, entropy, &epoch_binding(1), &secret(entropy)));
        self.write(|connection| {
            connection.execute_batch(TABLES)?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", FORMAT)?;
            connection.execute(
                "INSERT INTO kek_check (nonce, data) VALUES (?1, ?2)",
                params![nonce.as_slice(), data],
            )?;
            if let Some(wrapped) = epoch {
                insert_epoch(connection, 1, &wrapped, now)?;
            }
            Ok(())
        })
    }

    /// Whether the store was made under this key-encryption key.
    pub(super) fn fits(&self, kek: &Secret) -> Result<bool, KeyError> {
        let (nonce, data): (Vec<u8>, Vec<u8>) =
            self.connection
                .query_row("SELECT nonce, data FROM kek_check", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        Ok(decrypt(kek, &nonce, KEK_CHECK, &data).is_some_and(|clear| clear.as_slice() == KEK_CHECK))
    }

    /// The HMAC keys by epoch. One that does not unwrap is left out: the log then refuses writes, as for a missing one.
    pub(super) fn epochs(&self, kek: &Secret) -> Result<BTreeMap<u32, Secret>, KeyError> {
        let mut statement = self.connection.prepare("SELECT epoch, wrapped FROM hmac_key")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(rows
            .into_iter()
            .filter_map(|(epoch, wrapped)| Some((epoch, unwrap(kek, &epoch_binding(epoch), &wrapped)?)))
            .collect())
    }

    /// Stores a new HMAC key under the next epoch, which it answers. Numbered in the transaction: another process may
    /// have made one since.
    pub(super) fn add_epoch(
        &mut self,
        key: &Secret,
        kek: &Secret,
        entropy: &Entropy,
        now: Timestamp,
    ) -> Result<u32, KeyError> {
        self.write(|connection| {
            let epoch =
                connection.query_row("SELECT coalesce(max(epoch), 0) + 1 FROM hmac_key", [], |row| row.get(0))?;
            let wrapped = wrap(kek, entropy, &epoch_binding(epoch), key);
            insert_epoch(connection, epoch, &wrapped, now)?;
            Ok(epoch)
        })
    }

    /// The data key with which a subject's values are sealed: its oldest.
    pub(super) fn key_of(&self, subject: &str) -> Result<Option<WrappedKey>, KeyError> {
        Ok(key_of(&self.connection, subject)?)
    }

    /// A data key by its id.
    pub(super) fn key_by_id(&self, id: &str) -> Result<Option<WrappedKey>, KeyError> {
        let query = "SELECT id, subject, wrapped FROM data_key WHERE id = ?1";
        Ok(key(&self.connection, query, &[id])?)
    }

    /// The key of each subject, made with `make` for those that have none. Durable on return, unless a bulk is open.
    ///
    /// Looking up and adding are one transaction, so that processes that meet a subject at the same moment end with
    /// one key, and none is made for a subject that another process has just erased.
    pub(super) fn find_or_add(
        &mut self,
        subjects: &BTreeSet<String>,
        now: Timestamp,
        mut make: impl FnMut(&str) -> WrappedKey,
    ) -> Result<Vec<WrappedKey>, KeyError> {
        if !self.bulk {
            // Keys that are all there need no writer's lock, for which other processes may be waiting.
            let found: Vec<_> = subjects
                .iter()
                .filter_map(|subject| self.key_of(subject).transpose())
                .collect::<Result<_, _>>()?;
            if found.len() == subjects.len() {
                return Ok(found);
            }
        }
        let (keys, added) = self.write(|connection| {
            for subject in subjects {
                if is_erased(connection, subject)? {
                    return Err(KeyError::SubjectErased);
                }
            }
            let mut insert = connection
                .prepare_cached("INSERT INTO data_key (id, subject, wrapped, created_time) VALUES (?1, ?2, ?3, ?4)")?;
            let (mut keys, mut added) = (Vec::with_capacity(subjects.len()), 0);
            for subject in subjects {
                let key = match key_of(connection, subject)? {
                    Some(key) => key,
                    None => {
                        let key = make(subject);
                        insert.execute(params![key.id, key.subject, key.wrapped, now.to_string()])?;
                        added += 1;
                        key
                    }
                };
                keys.push(key);
            }
            Ok((keys, added))
        })?;
        self.unchecked += added;
        Ok(keys)
    }

    /// Destroys the keys of subjects and marks them erased, in one durable commit. Answers how many keys there were.
    pub(super) fn erase(&mut self, subjects: &[&str], now: Timestamp) -> Result<u64, KeyError> {
        // An erasure is never left to a bulk that may be given up.
        let bulk = self.bulk;
        self.commit_bulk()?;
        let mut destroyed = 0;
        self.write(|connection| {
            for subject in subjects {
                connection.execute(
                    "INSERT INTO erasure (subject, erased_time) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    params![subject, now.to_string()],
                )?;
                let [low, high] = key_ids(subject);
                destroyed += connection.execute(
                    "DELETE FROM data_key WHERE id > ?1 AND id < ?2 AND subject = ?3",
                    params![low, high, subject],
                )?;
            }
            Ok(())
        })?;
        // The old page with the key still stands in the WAL: copy what is new into the file and empty the WAL.
        self.truncate_wal(BUSY_TIMEOUT)?;
        if self.unemptied {
            tracing::warn!("keys.db-wal is in use by a reader and still holds the wrapped keys of an erased subject");
        }
        if bulk {
            self.begin_bulk()?;
        }
        Ok(u64::try_from(destroyed).unwrap_or(u64::MAX))
    }

    /// Empties the WAL unless somebody uses it, so that a key destroyed while a reader held it is gone at the next start.
    pub(super) fn empty_wal(&mut self) -> Result<(), KeyError> {
        self.truncate_wal(OPENING_PATIENCE)
    }

    /// Copies the WAL into the file and empties it, waiting so long for others; else the next commit tries again.
    fn truncate_wal(&mut self, patience: Duration) -> Result<(), KeyError> {
        self.connection.busy_timeout(patience)?;
        let kept = self.checkpoint("TRUNCATE");
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        self.unemptied = *kept.as_ref().unwrap_or(&true);
        kept.map(drop)
    }

    /// Whether a bulk is open: no other process can commit meanwhile.
    pub(super) fn in_bulk(&self) -> bool {
        self.bulk
    }

    /// Opens a transaction that stays open until [`Store::commit_bulk`].
    pub(super) fn begin_bulk(&mut self) -> Result<(), KeyError> {
        if !self.bulk {
            self.connection.execute_batch("PRAGMA synchronous=NORMAL")?;
            self.begin().inspect_err(|_| self.wait_for_disk())?;
            self.bulk = true;
        }
        Ok(())
    }

    /// Makes the keys of the bulk durable and ends it.
    pub(super) fn commit_bulk(&mut self) -> Result<(), KeyError> {
        if std::mem::take(&mut self.bulk) {
            let committed = self.commit();
            self.wait_for_disk();
            committed
        } else {
            Ok(())
        }
    }

    /// Commits wait for the disk again. Where that can't be set, none are made any more.
    fn wait_for_disk(&mut self) {
        self.poisoned |= self.connection.execute_batch("PRAGMA synchronous=FULL").is_err();
    }

    fn write<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T, KeyError>) -> Result<T, KeyError> {
        if self.bulk {
            return change(&self.connection);
        }
        self.begin()?;
        match change(&self.connection) {
            Ok(done) => self.commit().map(|()| done),
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    fn begin(&mut self) -> Result<(), KeyError> {
        if self.poisoned {
            return Err(KeyError::Poisoned);
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(KeyError::from)
    }

    fn commit(&mut self) -> Result<(), KeyError> {
        if let Err(error) = self.connection.execute_batch("COMMIT").map_err(KeyError::from) {
            // After a failed fsync the pages may or may not be on disk, and a retry would claim success: no more writes
            // before a restart. A full disk is clean: SQLite has rolled back.
            self.poisoned |= error != KeyError::DiskFull;
            self.roll_back();
            return Err(error);
        }
        let copied = if self.unemptied {
            self.truncate_wal(Duration::ZERO)
        } else if self.unchecked >= KEYS_PER_CHECKPOINT {
            self.unchecked = 0;
            self.checkpoint("PASSIVE").map(drop)
        } else {
            Ok(())
        };
        // The keys are durable in the WAL, so the caller is not told; later writes are, by the poison.
        if let Err(error) = copied {
            tracing::error!(%error, "checkpoint of keys.db failed");
        }
        Ok(())
    }

    /// Copies the WAL into the file; answers whether a reader kept it from finishing.
    fn checkpoint(&mut self, mode: &str) -> Result<bool, KeyError> {
        let result = self
            .connection
            .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
                row.get::<_, i64>(0)
            })
            .map_err(KeyError::from);
        match result {
            Ok(busy) => Ok(busy != 0),
            Err(error) => {
                self.poisoned |= error != KeyError::DiskFull;
                Err(error)
            }
        }
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rolling keys.db back failed");
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A bulk that was not committed is given up on purpose: its events were not committed either.
        self.roll_back();
    }
}

fn key_of(connection: &Connection, subject: &str) -> rusqlite::Result<Option<WrappedKey>> {
    let [low, high] = key_ids(subject);
    key(
        connection,
        "SELECT id, subject, wrapped FROM data_key WHERE id > ?1 AND id < ?2 AND subject = ?3
         ORDER BY created_time, id LIMIT 1",
        &[&low, &high, subject],
    )
}

fn key(connection: &Connection, query: &str, parameters: &[&str]) -> rusqlite::Result<Option<WrappedKey>> {
    connection
        .prepare_cached(query)?
        .query_row(params_from_iter(parameters), |row| {
            Ok(WrappedKey {
                id: row.get(0)?,
                subject: row.get(1)?,
                wrapped: row.get(2)?,
            })
        })
        .optional()
}

fn is_erased(connection: &Connection, subject: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM erasure WHERE subject = ?1")?
        .exists([subject])
}

/// What a wrapped data key is bound to.
pub(super) fn key_binding(id: &str, subject: &str) -> Vec<u8> {
    length_prefixed(&[b"yujian data key 1", id.as_bytes(), subject.as_bytes()])
}

/// Between which ids the keys of a subject lie, both excluded.
fn key_ids(subject: &str) -> [String; 2] {
    let tag = subject_tag(subject);
    [format!("{tag}."), format!("{tag}/")]
}

/// What a wrapped HMAC key is bound to.
pub(super) fn epoch_binding(epoch: u32) -> Vec<u8> {
    length_prefixed(&[b"yujian hmac key 1", &epoch.to_be_bytes()])
}

fn insert_epoch(connection: &Connection, epoch: u32, wrapped: &[u8], now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO hmac_key (epoch, wrapped, created_time) VALUES (?1, ?2, ?3)",
        params![epoch, wrapped, now.to_string()],
    )?;
    Ok(())
}

impl From<rusqlite::Error> for KeyError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error() {
            // Opening on a full disk fails to grow the shared-memory file and not the database.
            Some(cause)
                if cause.code == ffi::ErrorCode::DiskFull || cause.extended_code == ffi::SQLITE_IOERR_SHMSIZE =>
            {
                Self::DiskFull
            }
            Some(cause) if cause.code == ffi::ErrorCode::DatabaseBusy => Self::Busy {
                file: super::KEYS_FILE,
                waited: BUSY_TIMEOUT,
            },
            _ => Self::Store(error.to_string()),
        }
    }
}

/// Path of the store in a data directory.
pub(super) fn path_in(directory: &Path) -> PathBuf {
    directory.join(super::KEYS_FILE)
}
