//! One process a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::schema::LOCK_FILE;

/// Holds a data directory for this process until it is dropped; the operating system lets go of it when the process
/// dies, however it dies.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the directory; `None` when another process has it.
    ///
    /// # Errors
    /// When the lock file can't be made.
    pub fn acquire(directory: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(directory.join(LOCK_FILE))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
