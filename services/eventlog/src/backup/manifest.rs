//! The manifests: what a backup holds, so that a restore can check it and a person can read it.

use std::fs;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::BackupError;
use super::copy::sync_directory;

/// Manifest of a backup.
pub const MANIFEST: &str = "manifest.json";
/// Manifest of a backup of keys.
pub const KEYS_MANIFEST: &str = "keys-manifest.json";
/// Version of both.
pub(super) const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the manifest.
    pub format: u32,
    /// When the backup was begun.
    pub created: Timestamp,
    /// The log.
    pub log: LogPart,
    /// The files.
    pub files: Vec<StoredFile>,
}

/// The log in a backup. A later `verify` may be given its end as an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPart {
    /// When the log was made (time basis: recorded).
    pub created: Timestamp,
    /// Its epoch.
    pub epoch: u32,
    /// Last position number; 0: no record.
    pub end: u64,
    /// Hash of the record there as its metadata states it, 64 hex digits.
    pub hash: Option<String>,
}

/// What a backup of keys holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysManifest {
    /// Version of the manifest.
    pub format: u32,
    /// When the backup was begun.
    pub created: Timestamp,
    /// The files: `keys.db`, and `keys.kek` when it lay beside it.
    pub files: Vec<StoredFile>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, 64 hex digits, as `sha256sum` prints it.
    pub sha256: String,
}

pub(super) fn write<T: Serialize>(path: &Path, manifest: &T) -> Result<(), BackupError> {
    let io = |error| BackupError::io(path, error);
    let mut text = serde_json::to_vec_pretty(manifest).expect("a manifest has text keys only");
    text.push(b'\n');
    // Under its name only when complete: a manifest makes a directory a backup.
    let part = path.with_extension("json.part");
    let mut file = fs::File::create(&part).map_err(io)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&part, path).map_err(io)?;
    path.parent().map_or(Ok(()), sync_directory)
}

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, BackupError> {
    let wrong = |problem: String| BackupError::Manifest {
        path: path.to_owned(),
        problem,
    };
    let text = fs::read(path).map_err(|error| BackupError::io(path, error))?;
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    match value["format"].as_u64() {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(format) => return Err(wrong(format!("format {format}, this version reads format {FORMAT}"))),
        None => return Err(wrong("it names no format".to_owned())),
    }
    serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
}

/// Refuses a manifest that names other files than a backup has, e.g. ones outside of it.
pub(super) fn check_names(files: &[StoredFile], allowed: &[&str], needed: &str) -> Result<(), BackupError> {
    let wrong = |problem: String| BackupError::Manifest {
        path: needed.into(),
        problem,
    };
    for (index, file) in files.iter().enumerate() {
        if !allowed.contains(&file.name.as_str()) || files[..index].iter().any(|other| other.name == file.name) {
            return Err(wrong(format!("the manifest names an unexpected file {:?}", file.name)));
        }
    }
    if files.iter().any(|file| file.name == needed) {
        Ok(())
    } else {
        Err(wrong("the manifest does not name it".to_owned()))
    }
}
