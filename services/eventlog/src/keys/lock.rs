//! One opening at a time: the processes that share a directory of keys make its files once.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::{KEYS_LOCK_FILE, KeyError};

/// How long an opening waits for those of other processes.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// Takes the lock, which lasts until the file is dropped; the operating system lets go of it when the process dies. The
/// file stays: whoever removed it could let two in.
pub(super) fn acquire(directory: &Path, patience: Duration) -> Result<File, KeyError> {
    let path = directory.join(KEYS_LOCK_FILE);
    let failed = |error: std::io::Error| KeyError::Store(format!("{}: {error}", path.display()));
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .read(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < patience => {
                sleep(PAUSE);
                waited += PAUSE;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(KeyError::Busy {
                    file: KEYS_LOCK_FILE,
                    waited: patience,
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_waits_for_another_one_and_says_when_it_gives_up() {
        let directory = tempfile::tempdir().unwrap();
        let held = acquire(directory.path(), PATIENCE).unwrap();
        let refused = acquire(directory.path(), Duration::from_millis(50)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "keys.lock was held by another process for more than 50ms: try again"
        );
        let waiting = std::thread::spawn({
            let path = directory.path().to_owned();
            move || acquire(&path, PATIENCE).map(drop)
        });
        sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        drop(held);
        waiting.join().unwrap().unwrap();
    }
}
