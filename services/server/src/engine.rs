//! Which engine the log lies on, and how it is opened for what.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use yujian_eventlog::EventLog;
use yujian_eventlog::header::Header;
use yujian_eventlog::sqlite::ReadOnlyLog;

use crate::config::Settings;

#[cfg(feature = "kurrentdb")]
pub use yujian_kurrent::Address;

/// What stands for an address in a program that has no client for it.
#[cfg(not(feature = "kurrentdb"))]
#[derive(Debug, Clone)]
pub enum Address {}

#[cfg(not(feature = "kurrentdb"))]
impl std::fmt::Display for Address {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

/// Where a log lies.
#[derive(Debug, Clone)]
pub enum Place {
    /// `log.db` in a data directory.
    Embedded(PathBuf),
    /// A KurrentDB cluster.
    Kurrent(Address),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded(directory) => write!(f, "{}", directory.display()),
            Self::Kurrent(address) => address.fmt(f),
        }
    }
}

impl Place {
    /// Where the log of an installation lies.
    ///
    /// # Errors
    /// An address that can't be used, or that this program has no client for.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        match &settings.log {
            None => Ok(Self::Embedded(settings.data_dir.clone())),
            Some(address) => parse_address(address).map(Self::Kurrent).context("log"),
        }
    }

    /// Reads a directory or an address, as `migrate` takes it.
    ///
    /// # Errors
    /// As [`Place::of`].
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if text.contains("://") {
            parse_address(text).map(Self::Kurrent)
        } else {
            Ok(Self::Embedded(text.into()))
        }
    }
}

#[cfg(feature = "kurrentdb")]
fn parse_address(text: &str) -> anyhow::Result<Address> {
    Ok(text.parse()?)
}

#[cfg(not(feature = "kurrentdb"))]
fn parse_address(text: &str) -> anyhow::Result<Address> {
    let (shown, _) = crate::config::without_secret(text);
    anyhow::bail!(
        "{shown}: this program was built without the client for KurrentDB; build it with \
         `cargo build --release --features kurrentdb`"
    )
}

/// A log opened for reading, also while it is served.
///
/// # Errors
/// In words, what stands in the way.
pub async fn open_to_read(place: &Place) -> anyhow::Result<(Arc<dyn EventLog>, Header)> {
    match place {
        Place::Embedded(directory) => read_embedded(directory),
        #[cfg(feature = "kurrentdb")]
        Place::Kurrent(address) => {
            use yujian_eventlog::clock::SystemClock;
            use yujian_kurrent::{KurrentLog, OpenOptions};
            let log = KurrentLog::open(address, OpenOptions::reading(Arc::new(SystemClock::default())))
                .await
                .with_context(|| format!("opening {address}"))?;
            let header = log.header().clone();
            Ok((log, header))
        }
        #[cfg(not(feature = "kurrentdb"))]
        Place::Kurrent(address) => match *address {},
    }
}

/// Whether an error of [`open_to_read`] says that there is a server and no log on it yet.
pub fn is_absent(error: &anyhow::Error) -> bool {
    #[cfg(feature = "kurrentdb")]
    if let Some(error) = error.downcast_ref::<yujian_kurrent::OpenError>() {
        return matches!(error, yujian_kurrent::OpenError::Absent(_));
    }
    let _ = error;
    false
}

fn read_embedded(directory: &Path) -> anyhow::Result<(Arc<dyn EventLog>, Header)> {
    let log = ReadOnlyLog::open(directory).context("opening the log")?;
    let header = log.header().clone();
    Ok((Arc::new(log), header))
}
