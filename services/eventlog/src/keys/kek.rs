//! The file of the key-encryption key, and file modes.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::KeyError;
use super::crypto::{Secret, from_base64, secret, to_base64};
use crate::entropy::Entropy;

/// Reads the key-encryption key.
pub(super) fn read(path: &Path) -> Result<Secret, KeyError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(KeyError::KekMissing { path: path.to_owned() });
        }
        Err(error) => return Err(io(path, &error)),
    };
    refuse_exposed(path)?;
    let malformed = || KeyError::KekMalformed { path: path.to_owned() };
    // 32 bytes are 44 characters; whoever points this at a large file by mistake is told so, not served slowly.
    let mut text = Zeroizing::new(String::with_capacity(64));
    Read::by_ref(&mut file)
        .take(64)
        .read_to_string(&mut text)
        .map_err(|_| malformed())?;
    let bytes = Zeroizing::new(from_base64(text.trim()).ok_or_else(malformed)?);
    let mut kek = Zeroizing::new([0; 32]);
    if bytes.len() != kek.len() {
        return Err(malformed());
    }
    kek.copy_from_slice(&bytes);
    Ok(kek)
}

/// Makes a key-encryption key and stores it durably. Fails when the file is there already.
///
/// It gets its name only once it is whole: a full disk or a crash half-way must not leave a file that the next start
/// takes for a broken key. A link, not a rename: it replaces nothing that another process has made meanwhile.
pub(super) fn create(path: &Path, entropy: &Entropy) -> Result<Secret, KeyError> {
    let kek = secret(entropy);
    let text = Zeroizing::new(format!("{}\n", to_base64(kek.as_ref())));
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = Path::new(&unfinished);
    // What an earlier start left was never used.
    let _ = std::fs::remove_file(unfinished);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::hard_link(unfinished, path));
    let _ = std::fs::remove_file(unfinished);
    written.map_err(|error| io(path, &error))?;
    sync_directory(path)?;
    Ok(kek)
}

/// Refuses a file that group or world may touch.
pub(super) fn refuse_exposed(path: &Path) -> Result<(), KeyError> {
    let mode = std::fs::metadata(path).map_err(|error| io(path, &error))?.mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

/// Creates an empty file that only its owner may touch; SQLite gives its side files the same mode.
pub(super) fn create_private(path: &Path) -> Result<(), KeyError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| io(path, &error))?;
    sync_directory(path)
}

/// Makes the name of a new file durable.
fn sync_directory(path: &Path) -> Result<(), KeyError> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    File::open(parent)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| io(parent, &error))
}

fn io(path: &Path, error: &std::io::Error) -> KeyError {
    if error.kind() == ErrorKind::StorageFull {
        KeyError::DiskFull
    } else {
        KeyError::Store(format!("{}: {error}", path.display()))
    }
}
