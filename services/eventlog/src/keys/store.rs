//! The key store: a SQLite file of wrapped keys.

use std::collections::BTreeMap;
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
}

impl Store {
    /// Opens a file and sets the connection up; tables may still be missing.
    pub(super) fn open_file(path: &Path) -> Result<Self, KeyError> {
        kek::refuse_exposed(path)?;
        let connection = Connection::open(path).map_err(store)?;
        let mode: String = connection
            .query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))
            .map_err(store)?;
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
        Self::configure(Connection::open_in_memory().map_err(store)?)
    }

    fn configure(connection: Connection) -> Result<Self, KeyError> {
        connection.busy_timeout(BUSY_TIMEOUT).map_err(store)?;
        // Checkpoints are ours: a failed fsync inside SQLite's automatic ones goes unreported.
        connection
            .execute_batch(
                "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0;
                 PRAGMA journal_size_limit=16777216; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;",
            )
            .map_err(store)?;
        Ok(Self {
            connection,
            bulk: false,
            poisoned: false,
            unchecked: 0,
        })
    }

    /// Whether the tables are there; refuses a file of another kind or a newer format.
    pub(super) fn has_tables(&self, path: &Path) -> Result<bool, KeyError> {
        let number = |pragma: &str| {
            self.connection
                .query_row(pragma, [], |row| row.get::<_, i32>(0))
                .map_err(store)
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
        let (nonce, data): (Vec<u8>, Vec<u8>) = self
            .connection
            .query_row("SELECT nonce, data FROM kek_check", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .map_err(store)?;
        Ok(decrypt(kek, &nonce, KEK_CHECK, &data).is_some_and(|clear| clear.as_slice() == KEK_CHECK))
    }

    /// The HMAC keys by epoch. One that does not unwrap is left out: the log then refuses writes, as for a missing one.
    pub(super) fn epochs(&self, kek: &Secret) -> Result<BTreeMap<u32, Secret>, KeyError> {
        let mut statement = self
            .connection
            .prepare("SELECT epoch, wrapped FROM hmac_key")
            .map_err(store)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .map_err(store)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(store)?;
        Ok(rows
            .into_iter()
            .filter_map(|(epoch, wrapped)| Some((epoch, unwrap(kek, &epoch_binding(epoch), &wrapped)?)))
            .collect())
    }

    /// Stores a new HMAC key.
    pub(super) fn add_epoch(
        &mut self,
        epoch: u32,
        key: &Secret,
        kek: &Secret,
        entropy: &Entropy,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        let wrapped = wrap(kek, entropy, &epoch_binding(epoch), key);
        self.write(|connection| insert_epoch(connection, epoch, &wrapped, now))
    }

    /// Subjects that were erased.
    pub(super) fn erased(&self) -> Result<Vec<String>, KeyError> {
        let mut statement = self.connection.prepare("SELECT subject FROM erasure").map_err(store)?;
        statement
            .query_map([], |row| row.get(0))
            .map_err(store)?
            .collect::<Result<_, _>>()
            .map_err(store)
    }

    /// The data key with which a subject's values are sealed: its oldest.
    pub(super) fn key_of(&self, subject: &str) -> Result<Option<WrappedKey>, KeyError> {
        let [low, high] = key_ids(subject);
        self.key(
            "SELECT id, subject, wrapped FROM data_key WHERE id > ?1 AND id < ?2 AND subject = ?3
             ORDER BY created_time, id LIMIT 1",
            &[&low, &high, subject],
        )
    }

    /// A data key by its id.
    pub(super) fn key_by_id(&self, id: &str) -> Result<Option<WrappedKey>, KeyError> {
        self.key("SELECT id, subject, wrapped FROM data_key WHERE id = ?1", &[id])
    }

    fn key(&self, query: &str, parameters: &[&str]) -> Result<Option<WrappedKey>, KeyError> {
        let mut statement = self.connection.prepare_cached(query).map_err(store)?;
        statement
            .query_row(params_from_iter(parameters), |row| {
                Ok(WrappedKey {
                    id: row.get(0)?,
                    subject: row.get(1)?,
                    wrapped: row.get(2)?,
                })
            })
            .optional()
            .map_err(store)
    }

    /// Stores data keys in one commit: durable on return, unless a bulk is open.
    pub(super) fn add_keys(&mut self, keys: &[WrappedKey], now: Timestamp) -> Result<(), KeyError> {
        self.unchecked += keys.len();
        self.write(|connection| {
            let mut insert = connection
                .prepare_cached("INSERT INTO data_key (id, subject, wrapped, created_time) VALUES (?1, ?2, ?3, ?4)")?;
            for key in keys {
                insert.execute(params![key.id, key.subject, key.wrapped, now.to_string()])?;
            }
            Ok(())
        })
    }

    /// Destroys the keys of subjects and marks them erased, in one durable commit. Answers how many keys there were.
    pub(super) fn erase(&mut self, subjects: &[&str], now: Timestamp) -> Result<u64, KeyError> {
        // An erasure is never left to a bulk that may be given up.
        let bulk = std::mem::take(&mut self.bulk);
        if bulk {
            self.commit()?;
        }
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
        if self.checkpoint("TRUNCATE")? {
            tracing::warn!("keys.db-wal is in use by a reader and still holds the wrapped keys of an erased subject");
        }
        if bulk {
            self.begin_bulk()?;
        }
        Ok(u64::try_from(destroyed).unwrap_or(u64::MAX))
    }

    /// Empties the WAL unless somebody uses it, so that a key destroyed while a reader held it is gone at the next start.
    pub(super) fn empty_wal(&mut self) -> Result<(), KeyError> {
        self.connection.busy_timeout(Duration::ZERO).map_err(store)?;
        self.checkpoint("TRUNCATE")?;
        self.connection.busy_timeout(BUSY_TIMEOUT).map_err(store)
    }

    /// Opens a transaction that stays open until [`Store::commit_bulk`].
    pub(super) fn begin_bulk(&mut self) -> Result<(), KeyError> {
        if !self.bulk {
            self.connection
                .execute_batch("PRAGMA synchronous=NORMAL")
                .map_err(store)?;
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

    fn write(&mut self, change: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), KeyError> {
        if self.bulk {
            return change(&self.connection).map_err(store);
        }
        self.begin()?;
        match change(&self.connection) {
            Ok(()) => self.commit(),
            Err(error) => {
                self.roll_back();
                Err(store(error))
            }
        }
    }

    fn begin(&mut self) -> Result<(), KeyError> {
        if self.poisoned {
            return Err(KeyError::Poisoned);
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(store)
    }

    fn commit(&mut self) -> Result<(), KeyError> {
        if let Err(error) = self.connection.execute_batch("COMMIT").map_err(store) {
            // After a failed fsync the pages may or may not be on disk, and a retry would claim success: no more writes
            // before a restart. A full disk is clean: SQLite has rolled back.
            self.poisoned |= error != KeyError::DiskFull;
            self.roll_back();
            return Err(error);
        }
        if self.unchecked >= KEYS_PER_CHECKPOINT {
            self.unchecked = 0;
            // The keys are durable in the WAL, so the caller is not told; later writes are, by the poison.
            if let Err(error) = self.checkpoint("PASSIVE") {
                tracing::error!(%error, "checkpoint of keys.db failed");
            }
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
            .map_err(store);
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

/// What a wrapped data key is bound to.
pub(super) fn key_binding(id: &str, subject: &str) -> Vec<u8> {
    length_prefixed(&[b"yujian data key 1", id.as_bytes(), subject.as_bytes()])
}

/// Between which ids the keys of a subject lie, both excluded.
fn key_ids(subject: &str) -> [String; 2] {
    let tag = subject_tag(subject);
    [format!("{tag}."), format!("{tag}/")]
}

fn epoch_binding(epoch: u32) -> Vec<u8> {
    length_prefixed(&[b"yujian hmac key 1", &epoch.to_be_bytes()])
}

fn insert_epoch(connection: &Connection, epoch: u32, wrapped: &[u8], now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO hmac_key (epoch, wrapped, created_time) VALUES (?1, ?2, ?3)",
        params![epoch, wrapped, now.to_string()],
    )?;
    Ok(())
}

fn store(error: rusqlite::Error) -> KeyError {
    match error.sqlite_error() {
        // Opening on a full disk fails to grow the shared-memory file and not the database.
        Some(cause) if cause.code == ffi::ErrorCode::DiskFull || cause.extended_code == ffi::SQLITE_IOERR_SHMSIZE => {
            KeyError::DiskFull
        }
        _ => KeyError::Store(error.to_string()),
    }
}

/// Path of the store in a data directory.
pub(super) fn path_in(directory: &Path) -> PathBuf {
    directory.join(super::KEYS_FILE)
}
