//! Copying: databases as one moment shows them, files with their hash; everything synced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use sha2::{Digest, Sha256};

use super::{BackupError, Progress, StoredFile};
use crate::Hash;
use crate::sqlite::schema;

/// Pages copied between two reports of progress.
const STEP: i32 = 1_000;
/// Bytes read at once.
const BUFFER: usize = 1 << 20;

/// Adds up what was done.
pub(super) struct Bar<'a> {
    progress: Option<Progress<'a>>,
    done: u64,
    total: u64,
}

impl<'a> Bar<'a> {
    pub(super) fn new(progress: Option<Progress<'a>>, total: u64) -> Self {
        Self {
            progress,
            done: 0,
            total,
        }
    }

    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        // A log that grew since its size was taken.
        self.total = self.total.max(self.done);
        self.report();
    }

    /// All is done, also where the size taken at the beginning was too large.
    pub(super) fn finish(&mut self) {
        self.total = self.done;
        self.report();
    }

    fn report(&self) {
        if let Some(progress) = self.progress {
            progress(self.done, self.total);
        }
    }
}

/// Makes a directory, or takes one that is empty.
pub(super) fn make_empty_directory(path: &Path) -> Result<(), BackupError> {
    let io = |error| BackupError::io(path, error);
    fs::create_dir_all(path).map_err(io)?;
    match fs::read_dir(path).map_err(io)?.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::NotEmpty(path.to_owned())),
    }
}

pub(super) fn only_for_owner(path: &Path, mode: u32) -> Result<(), BackupError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| BackupError::io(path, error))
}

/// Sizes of files in all.
pub(super) fn sizes(paths: impl IntoIterator<Item = PathBuf>) -> Result<u64, BackupError> {
    paths
        .into_iter()
        .map(|path| {
            fs::metadata(&path)
                .map(|meta| meta.len())
                .map_err(|error| BackupError::io(&path, error))
        })
        .sum()
}

/// Copies a database as it is now, though others write it meanwhile.
pub(super) fn snapshot(source: &Path, target: &Path, bar: &mut Bar<'_>) -> Result<StoredFile, BackupError> {
    let from = schema::open_read_only(source)?;
    // Without a read transaction of its own the copy would begin anew at every commit, and never end under load.
    from.execute_batch("BEGIN")?;
    from.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let page_bytes: u64 = from
        .query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))
        .map(u64::from)?;
    let mut to = Connection::open(target)?;
    {
        let copying = Backup::new(&from, &mut to)?;
        let mut remaining = None;
        loop {
            let step = copying.step(STEP)?;
            let left = u64::try_from(copying.progress().remaining).unwrap_or(0);
            let all = u64::try_from(copying.progress().pagecount).unwrap_or(0);
            bar.add(remaining.unwrap_or(all).saturating_sub(left) * page_bytes);
            remaining = Some(left);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody else uses the target, and the source is pinned: a lock passes.
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    drop(to);
    drop(from);
    seal_database(target)?;
    describe(target, bar)
}

/// Puts everything into the one file, so that it can be moved and read without side files, and syncs it.
pub(super) fn seal_database(path: &Path) -> Result<(), BackupError> {
    let conn = Connection::open(path)?;
    let mode: String = conn.query_row("PRAGMA journal_mode=DELETE", [], |row| row.get(0))?;
    if mode != "delete" {
        return Err(BackupError::Sqlite(rusqlite::Error::InvalidQuery));
    }
    conn.close().map_err(|(_, error)| error)?;
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| BackupError::io(path, error))
}

/// Name, size and hash of a file.
fn describe(path: &Path, bar: &mut Bar<'_>) -> Result<StoredFile, BackupError> {
    let mut bytes = 0;
    let hash = pass(path, bar, |chunk| {
        bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        Ok(())
    })?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(StoredFile {
        name,
        bytes,
        sha256: hash.to_hex(),
    })
}

/// Checks a file of a backup.
pub(super) fn check(path: &Path, expected: &StoredFile, bar: &mut Bar<'_>) -> Result<(), BackupError> {
    let damaged = |problem| BackupError::Damaged {
        path: path.to_owned(),
        problem,
    };
    if fs::metadata(path).map_err(|error| BackupError::io(path, error))?.len() != expected.bytes {
        return Err(damaged("size"));
    }
    if describe(path, bar)?.sha256 == expected.sha256 {
        Ok(())
    } else {
        Err(damaged("SHA-256"))
    }
}

/// Creates an empty file for its owner only.
pub(super) fn create_private(path: &Path) -> Result<(), BackupError> {
    create(path, 0o600).map(drop)
}

/// Copies a file that only its owner may read.
pub(super) fn private_file(from: &Path, to: &Path, bar: &mut Bar<'_>) -> Result<StoredFile, BackupError> {
    copy(from, create(to, 0o600)?, to, bar)
}

/// Copies a file.
pub(super) fn file(from: &Path, to: &Path, bar: &mut Bar<'_>) -> Result<StoredFile, BackupError> {
    copy(from, create(to, 0o644)?, to, bar)
}

fn create(path: &Path, mode: u32) -> Result<File, BackupError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(|error| BackupError::io(path, error))
}

fn copy(from: &Path, mut target: File, to: &Path, bar: &mut Bar<'_>) -> Result<StoredFile, BackupError> {
    let io = |error| BackupError::io(to, error);
    let mut bytes = 0;
    let hash = pass(from, bar, |chunk| {
        bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        target.write_all(chunk).map_err(io)
    })?;
    target.sync_all().map_err(io)?;
    let name = to
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(StoredFile {
        name,
        bytes,
        sha256: hash.to_hex(),
    })
}

/// Reads a file once; answers its SHA-256.
fn pass(
    path: &Path,
    bar: &mut Bar<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<Hash, BackupError> {
    let io = |error| BackupError::io(path, error);
    let mut file = File::open(path).map_err(io)?;
    let mut sha = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = file.read(&mut buffer).map_err(io)?;
        if read == 0 {
            return Ok(Hash(sha.finalize().into()));
        }
        let chunk = &buffer[..read];
        sha.update(chunk);
        take(chunk)?;
        bar.add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

/// Makes new names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| BackupError::io(path, error))
}
