//! Backup and restore of a data directory. `docs/keys.md` tells why keys go to another place.
//!
//! A backup holds `state.db` (when there is one), then `log.db`, each as one moment shows it, and a manifest. In this
//! order the checkpoints of the state never lie beyond the log's end. Heads and views are derived and rebuilt.

mod copy;
mod error;
mod manifest;

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use crate::keys::{KEK_FILE, KEYS_FILE};
use crate::sqlite::header;
use crate::sqlite::schema::{self, LOG_FILE, STATE_FILE};
use crate::{Hash, LogPosition, record};

pub use error::BackupError;
pub use manifest::{KEYS_MANIFEST, KeysManifest, LogPart, MANIFEST, Manifest, StoredFile};

use copy::Bar;

/// Told how far long work has come: (bytes done, bytes in all). The total may still grow while the log does.
pub type Progress<'a> = &'a dyn Fn(u64, u64);

/// What a restore made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// End of the restored log, in its new epoch. Positions of older epochs are refused from now on.
    pub head: LogPosition,
    /// Whether keys were restored. Without them personal data stays sealed and the log takes no writes.
    pub keys: bool,
}

/// Copies `state.db` and `log.db` of a data directory, also while it is served, into `target`, which must be absent or
/// empty, and writes the manifest last: a directory without one is no backup. `now` is noted in the manifest.
///
/// # Errors
/// [`BackupError`]; what was written until then stays and is no backup.
pub fn backup(
    directory: &Path,
    target: &Path,
    now: Timestamp,
    progress: Option<Progress<'_>>,
) -> Result<Manifest, BackupError> {
    let log = directory.join(LOG_FILE);
    if !log.exists() {
        return Err(BackupError::Missing(log));
    }
    copy::make_empty_directory(target)?;
    let names: Vec<_> = [STATE_FILE, LOG_FILE]
        .into_iter()
        .filter(|name| directory.join(name).exists())
        .collect();
    // Copied, then read again for the hash.
    let mut bar = Bar::new(
        progress,
        2 * copy::sizes(names.iter().map(|name| directory.join(name)))?,
    );
    let mut files = Vec::new();
    for name in names {
        files.push(copy::snapshot(&directory.join(name), &target.join(name), &mut bar)?);
    }
    let manifest = Manifest {
        format: manifest::FORMAT,
        created: now,
        log: log_part(&target.join(LOG_FILE))?,
        files,
    };
    manifest::write(&target.join(MANIFEST), &manifest)?;
    bar.finish();
    Ok(manifest)
}

/// Copies the keys of a data directory, also while it is served, into `target`, which must be absent or empty and should
/// lie elsewhere than the backup of the log: `keys.db`, and `keys.kek` unless the key-encryption key is configured to lie
/// elsewhere (`kek_path`), which then is the operator's to keep.
///
/// # Errors
/// [`BackupError`]; what was written until then stays and is no backup.
pub fn backup_keys(
    directory: &Path,
    kek_path: Option<&Path>,
    target: &Path,
    now: Timestamp,
    progress: Option<Progress<'_>>,
) -> Result<KeysManifest, BackupError> {
    let keys = directory.join(KEYS_FILE);
    if !keys.exists() {
        return Err(BackupError::Missing(keys));
    }
    copy::make_empty_directory(target)?;
    copy::only_for_owner(target, 0o700)?;
    let mut bar = Bar::new(progress, 2 * copy::sizes([keys.clone()])?);
    copy::create_private(&target.join(KEYS_FILE))?;
    let mut files = vec![copy::snapshot(&keys, &target.join(KEYS_FILE), &mut bar)?];
    if kek_path.is_none() {
        files.push(copy::private_file(
            &directory.join(KEK_FILE),
            &target.join(KEK_FILE),
            &mut bar,
        )?);
    }
    let manifest = KeysManifest {
        format: manifest::FORMAT,
        created: now,
        files,
    };
    manifest::write(&target.join(KEYS_MANIFEST), &manifest)?;
    bar.finish();
    Ok(manifest)
}

/// Restores a backup into `into`, which must be absent or empty, with the keys of a backup of keys or without. Every file
/// is checked against its manifest. The log begins a new epoch. Heads and views are rebuilt at the next start, which also
/// destroys again the keys of subjects that the log knows as erased.
///
/// # Errors
/// [`BackupError`]; what was written until then stays, without `log.db`, and can be deleted.
pub fn restore(
    from: &Path,
    into: &Path,
    keys: Option<&Path>,
    progress: Option<Progress<'_>>,
) -> Result<Restored, BackupError> {
    let manifest: Manifest = manifest::read(&from.join(MANIFEST))?;
    let key_files = match keys {
        None => Vec::new(),
        Some(keys) => manifest::read::<KeysManifest>(&keys.join(KEYS_MANIFEST))?.files,
    };
    manifest::check_names(&manifest.files, &[STATE_FILE, LOG_FILE], LOG_FILE)?;
    if keys.is_some() {
        manifest::check_names(&key_files, &[KEYS_FILE, KEK_FILE], KEYS_FILE)?;
    }
    let total = manifest
        .files
        .iter()
        .chain(&key_files)
        .map(|file| file.bytes)
        .sum::<u64>();
    let mut bar = Bar::new(progress, 2 * total);
    // All sources first: a damaged backup leaves nothing behind.
    for (directory, files) in [(Some(from), &manifest.files), (keys, &key_files)] {
        for file in files {
            let Some(directory) = directory else { continue };
            copy::check(&directory.join(&file.name), file, &mut bar)?;
        }
    }
    copy::make_empty_directory(into)?;
    for file in &key_files {
        let Some(keys) = keys else { continue };
        copy::private_file(&keys.join(&file.name), &into.join(&file.name), &mut bar)?;
    }
    for file in manifest.files.iter().filter(|file| file.name != LOG_FILE) {
        copy::file(&from.join(&file.name), &into.join(&file.name), &mut bar)?;
    }
    // The log gets its name last: a restore that was broken off leaves no log that could be served.
    let part = into.join("log.db.part");
    copy::file(&from.join(LOG_FILE), &part, &mut bar)?;
    let epoch = header::bump_epoch(&part)?;
    copy::seal_database(&part)?;
    fs::rename(&part, into.join(LOG_FILE)).map_err(|error| BackupError::io(&part, error))?;
    copy::sync_directory(into)?;
    bar.finish();
    Ok(Restored {
        head: LogPosition {
            epoch,
            number: manifest.log.end,
        },
        keys: keys.is_some(),
    })
}

/// What the copied log is.
fn log_part(log: &Path) -> Result<LogPart, BackupError> {
    let conn = schema::open_read_only(log)?;
    let header = header::read(&conn)?;
    let last = conn.query_row(
        "SELECT position, metadata FROM record ORDER BY position DESC LIMIT 1",
        [],
        |row| {
            let metadata = row.get_ref(1)?;
            let hash = metadata
                .as_bytes()
                .ok()
                .and_then(|bytes| record::parse_opening(bytes).ok());
            Ok((row.get::<_, i64>(0)?, hash.map(|(parsed, _)| parsed.hash)))
        },
    );
    let (end, hash) = match last {
        Ok((position, hash)) => (u64::try_from(position).unwrap_or(0), hash.map(Hash::to_hex)),
        Err(rusqlite::Error::QueryReturnedNoRows) => (0, None),
        Err(error) => return Err(error.into()),
    };
    Ok(LogPart {
        created: header.created,
        epoch: header.epoch,
        end,
        hash,
    })
}
