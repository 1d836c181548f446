//! Why a backup or restore was not made.

use std::io;
use std::path::{Path, PathBuf};

use crate::sqlite::header::HeaderError;
use crate::sqlite::schema::is_disk_full;

/// Why a backup or restore was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file that must be there is not.
    #[error("{} is missing / 文件不存在", .0.display())]
    Missing(PathBuf),
    /// The target holds something.
    #[error("{} is not empty: name another directory / 目录非空，请另选目录", .0.display())]
    NotEmpty(PathBuf),
    /// A manifest can't be read, or a newer version wrote it.
    #[error("{}: {problem} / 备份清单无效", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file of the backup is not what its manifest says.
    #[error("{} does not fit its manifest ({problem}): the backup is damaged / 备份文件已损坏", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What differs.
        problem: &'static str,
    },
    /// No space left.
    #[error("the disk is full / 磁盘已满")]
    DiskFull,
    /// A file can't be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The log's header can't be used.
    #[error("log.db: {0}")]
    Header(HeaderError),
    /// SQLite fails.
    #[error("SQLite: {0}")]
    Sqlite(rusqlite::Error),
}

impl BackupError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => Self::DiskFull,
            io::ErrorKind::NotFound => Self::Missing(path.to_owned()),
            _ => Self::Io {
                path: path.to_owned(),
                error,
            },
        }
    }
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        if is_disk_full(&error) {
            Self::DiskFull
        } else {
            Self::Sqlite(error)
        }
    }
}

impl From<HeaderError> for BackupError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Sqlite(error) => error.into(),
            error => Self::Header(error),
        }
    }
}
