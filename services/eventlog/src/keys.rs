//! Data keys, keyed digests and the sealing of personal data. `docs/keys.md` tells the operator's side.

mod crypto;
mod kek;
mod lock;
mod provider;
mod sealing;
mod store;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::LogError;
use crate::sqlite::schema;

pub use provider::{FileKeys, MemoryKeys};

/// File of the wrapped data keys inside the data directory.
pub const KEYS_FILE: &str = "keys.db";
/// File of the key-encryption key inside the data directory, unless configured elsewhere.
pub const KEK_FILE: &str = "keys.kek";
/// File that whoever opens the keys holds meanwhile, in the same directory.
pub const KEYS_LOCK_FILE: &str = "keys.lock";

/// Why the keys can't be used. No variant shows key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A file that other users of the machine may read or change.
    #[error("{} has mode {mode:03o}: others may read it; run chmod 600 on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key-encryption key is not where it should be.
    #[error(
        "the key-encryption key {} is missing: put the file back, or move keys.db away to read without personal data",
        path.display()
    )]
    KekMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The key file does not hold 32 bytes in base64.
    #[error("{} does not hold 32 bytes in base64", path.display())]
    KekMalformed {
        /// The file.
        path: PathBuf,
    },
    /// The key-encryption key belongs to other keys.
    #[error("the key-encryption key {} does not fit {}: it belongs to other keys", kek.display(), keys.display())]
    WrongKek {
        /// Key file.
        kek: PathBuf,
        /// Key store.
        keys: PathBuf,
    },
    /// The store is not one that this version reads.
    #[error("{} is no key store of this version: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found.
        problem: String,
    },
    /// No space left; nothing was stored.
    #[error("the disk is full")]
    DiskFull,
    /// There are no keys here: what was sealed stays sealed, and nothing can be sealed.
    #[error("the data keys are not here (keys.db is missing): personal data can neither be read nor written")]
    NoKeys,
    /// The subject was erased; its name can't be used again, since every start destroys its keys again.
    #[error("the subject was erased and takes no personal data any more")]
    SubjectErased,
    /// Another process wrote or opened for too long. Nothing was stored; a later try may go through.
    #[error("{file} was held by another process for more than {waited:?}: try again")]
    Busy {
        /// The file.
        file: &'static str,
        /// How long was waited.
        waited: Duration,
    },
    /// An earlier write to the key store failed half-way; nothing is written until a restart.
    #[error("a write to keys.db failed earlier: restart before writing again")]
    Poisoned,
    /// The key store failed.
    #[error("key store: {0}")]
    Store(String),
}

impl From<KeyError> for LogError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::DiskFull => Self::DiskFull,
            KeyError::SubjectErased => Self::SubjectErased,
            KeyError::NoKeys => Self::ReadOnly(error.to_string()),
            KeyError::Poisoned => Self::Stopped(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Whether the log of a data directory holds no record yet, so that keys may be made for it: `create` of
/// [`FileKeys::open`]. For a log with records, missing keys are a loss to be told, not a gap to be filled.
///
/// # Errors
/// [`KeyError::Store`] when the log can't be read.
pub fn may_create(directory: &Path) -> Result<bool, KeyError> {
    let path = directory.join(schema::LOG_FILE);
    if !path.exists() {
        return Ok(true);
    }
    let holds_records = || {
        let conn = schema::open_read_only(&path)?;
        let made = conn.table_exists(None::<&str>, "record")?;
        Ok(made && conn.query_row("SELECT EXISTS (SELECT 1 FROM record)", [], |row| row.get(0))?)
    };
    holds_records()
        .map(|holds: bool| !holds)
        .map_err(|error: rusqlite::Error| KeyError::Store(format!("log.db: {error}")))
}

/// A keyed digest with the epoch of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Epoch of the HMAC key, from 1.
    pub epoch: u32,
    /// 64 lower-case hex digits of HMAC-SHA-256.
    pub hex: String,
}

/// What opening a sealed value gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The JSON value that was sealed.
    Clear(Value),
    /// The subject was erased: its key was destroyed.
    Erased,
    /// The key is not here (keys were not restored, or another installation's).
    KeyMissing,
    /// The value does not open with its key.
    Damaged,
}

/// A sealed value, as it stands in a payload under `$sealed`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedValue {
    /// Data key id.
    pub key: String,
    /// Nonce, base64.
    pub nonce: String,
    /// Event that it is bound to.
    pub event: Uuid,
    /// Ordinal within that event that it is bound to.
    pub ordinal: u32,
    /// Ciphertext with tag, base64.
    pub data: String,
}

/// Holds the data keys. File keys embedded; a key-management service when scaled out.
#[async_trait]
pub trait KeyProvider: Send + Sync + 'static {
    /// Seals every `$personal` of a payload in place, in the order met when walking with sorted keys. The keys of all
    /// subjects are durable when this returns. Answers the subjects sealed now, sorted,
    /// each once. An identical append needs the same bytes: seal once and keep the payload for every retry.
    ///
    /// # Errors
    /// [`LogError::Invalid`] for a malformed `$personal` or a subject that was erased, [`LogError::ReadOnly`] without
    /// keys. The payload is then unchanged.
    async fn seal(&self, event: Uuid, payload: &mut Value) -> Result<Vec<String>, LogError>;
    /// Opens one sealed value.
    fn open(&self, sealed: &SealedValue) -> Opened;
    /// HMAC-SHA-256 under the current epoch.
    fn digest(&self, kind: &str, value: &[u8]) -> Digest;
    /// The same under every epoch whose key is here, newest first.
    fn digest_all(&self, kind: &str, value: &[u8]) -> Vec<Digest>;
    /// The same under one epoch; `None` when its key is not here.
    fn digest_at(&self, epoch: u32, kind: &str, value: &[u8]) -> Option<Digest>;
    /// Whether anything was ever sealed for a subject with a key that is here, or the subject was erased.
    async fn knows(&self, subject: &str) -> Result<bool, LogError>;
    /// Destroys the keys of a subject for good. Answers how many there were. May run twice.
    async fn erase(&self, subject: &str) -> Result<u64, LogError>;
}
