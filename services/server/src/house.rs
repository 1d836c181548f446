//! Putting the floors together: log, keys, commands, views.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use yujian_command::Commands;
use yujian_domain::event::EventFamily;
use yujian_domain::system::SystemEvent;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::FileKeys;
use yujian_eventlog::sqlite::{LogKind, OpenOptions, SqliteLog};
use yujian_eventlog::{Direction, EventLog, Item};
use yujian_views::{Rebuild, Views};

use crate::config::Settings;
use crate::engine::Place;
use crate::progress::Progress;

/// Name of the log's file.
pub const LOG_FILE: &str = "log.db";

/// Log, keys and commands. The data directory is locked against other processes.
pub struct House {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The same where it is `log.db`: only that takes the demo builder's bulks.
    pub embedded: Option<Arc<SqliteLog>>,
    /// The data keys.
    pub keys: Arc<FileKeys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The command floor.
    pub commands: Commands,
    /// Keeps `views.db` to one process where the log does not lock the directory.
    #[cfg(feature = "kurrentdb")]
    _directory: Option<yujian_eventlog::sqlite::DirectoryLock>,
}

/// A log with its keys.
struct Opened {
    log: Arc<dyn EventLog>,
    embedded: Option<Arc<SqliteLog>>,
    keys: Arc<FileKeys>,
    #[cfg(feature = "kurrentdb")]
    directory: Option<yujian_eventlog::sqlite::DirectoryLock>,
}

/// What is the same for every engine.
struct Opening<'a> {
    settings: &'a Settings,
    kind: LogKind,
    clock: Arc<dyn Clock>,
    entropy: Arc<Entropy>,
}

impl House {
    /// Opens the log of `settings`; makes it when absent.
    ///
    /// # Errors
    /// In words, what stands in the way.
    pub async fn open(
        settings: &Settings,
        kind: LogKind,
        clock: Arc<dyn Clock>,
        entropy: Arc<Entropy>,
    ) -> anyhow::Result<Self> {
        for made in [&settings.data_dir, &settings.keys_dir] {
            std::fs::create_dir_all(made).with_context(|| format!("data directory {}", made.display()))?;
        }
        let simulated = kind != LogKind::Real;
        let opening = Opening {
            settings,
            kind,
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let opened = match Place::of(settings)? {
            Place::Embedded(directory) => opening.embedded(&directory)?,
            #[cfg(feature = "kurrentdb")]
            Place::Kurrent(address) => opening.kurrent(&address).await?,
            #[cfg(not(feature = "kurrentdb"))]
            Place::Kurrent(address) => match address {},
        };
        reapply_erasures(opened.log.as_ref(), &opened.keys).await?;
        let commands = Commands::open(
            opened.log.clone(),
            opened.keys.clone(),
            clock.clone(),
            entropy,
            simulated,
        )
        .await
        .context("reference data")?;
        Ok(Self {
            log: opened.log,
            embedded: opened.embedded,
            keys: opened.keys,
            clock,
            commands,
            #[cfg(feature = "kurrentdb")]
            _directory: opened.directory,
        })
    }

    /// Opens the views beside the log and lets them catch up.
    ///
    /// # Errors
    /// When the view store can't be opened.
    pub async fn views(&self, directory: &Path) -> anyhow::Result<Views> {
        let bar = Progress::new("building views");
        let divisions = self.commands.reference().divisions.clone();
        let views = Views::open(
            Some(directory),
            self.log.clone(),
            divisions,
            |Rebuild { done, total }| bar.at(done, total),
        )
        .await
        .context("views")?;
        bar.done();
        Ok(views)
    }
}

impl Opening<'_> {
    /// Opens the keys; makes them for a log that is `new`.
    fn keys(&self, new: bool) -> anyhow::Result<Arc<FileKeys>> {
        let keys = FileKeys::open(
            &self.settings.keys_dir,
            self.settings.kek_file.as_deref(),
            new,
            self.entropy.clone(),
            self.clock.clone(),
        )
        .context("keys")?;
        if !keys.available() {
            tracing::warn!("keys.db is missing: personal data stays sealed and writes are refused");
        }
        Ok(keys)
    }

    fn embedded(self, directory: &Path) -> anyhow::Result<Opened> {
        let keys = self.keys(!directory.join(LOG_FILE).exists())?;
        let bar = Arc::new(Progress::new("reading heads"));
        let shown = bar.clone();
        let options = OpenOptions {
            kind: self.kind,
            check_values: keys.check_values(),
            progress: Some(Arc::new(move |done, total| shown.at(done, total))),
            ..OpenOptions::new(self.clock)
        };
        let log = SqliteLog::open(directory, options).with_context(|| format!("{}", directory.display()))?;
        bar.done();
        Ok(Opened {
            log: log.clone(),
            embedded: Some(log),
            keys,
            #[cfg(feature = "kurrentdb")]
            directory: None,
        })
    }

    #[cfg(feature = "kurrentdb")]
    async fn kurrent(self, address: &crate::engine::Address) -> anyhow::Result<Opened> {
        use std::time::Duration;

        use yujian_eventlog::sqlite::{DirectoryLock, OpenError};
        use yujian_kurrent::{KeysHost, KurrentLog};

        /// How long a start waits for the cluster, which may be starting too.
        const PATIENCE: Duration = Duration::from_secs(60);

        let directory = &self.settings.data_dir;
        if directory.join(LOG_FILE).exists() && self.kind == LogKind::Real {
            anyhow::bail!(
                "{} holds a log of its own: `yujian migrate` copies it to {address}; serve that from another --data-dir, \
                 with --keys-dir {}",
                directory.display(),
                self.settings.keys_dir.display()
            );
        }
        let lock = DirectoryLock::acquire(directory)?.ok_or(OpenError::Locked)?;
        let noted = KurrentLog::note(address, PATIENCE).await.context("log")?;
        let keys = self.keys(noted.is_none())?;
        let options = yujian_kurrent::OpenOptions {
            kind: Some(self.kind.clone()),
            check_values: keys.check_values(),
            keys_host: Some(KeysHost::here(keys.store_id())),
            patience: PATIENCE,
            ..yujian_kurrent::OpenOptions::reading(self.clock)
        };
        let log = KurrentLog::open(address, options)
            .await
            .with_context(|| format!("log {address}"))?;
        Ok(Opened {
            log,
            embedded: None,
            keys,
            directory: Some(lock),
        })
    }
}

/// A restored older keys.db may still hold the keys of subjects that were erased since: the log knows them.
async fn reapply_erasures(log: &dyn EventLog, keys: &FileKeys) -> anyhow::Result<()> {
    let mut subjects = Vec::new();
    for stream in log.streams("erasure").await? {
        for item in log.read_stream(&stream, Direction::Forwards, Some(0), 10).await? {
            match item {
                Item::Record(record) => {
                    if let Ok(Some(SystemEvent::SubjectErased(erased))) =
                        SystemEvent::decode(&record.event_type, &record.payload)
                    {
                        subjects.push(erased.subject);
                    }
                }
                Item::Damaged(damage) => {
                    tracing::error!(position = %damage.position, "an erasure can't be read: whose key it destroyed is not known");
                }
            }
        }
    }
    let again = keys
        .reapply_erasures(subjects.iter().map(String::as_str))
        .context("erasing again")?;
    if again > 0 {
        tracing::warn!(
            keys = again,
            "keys of erased subjects were here again and were destroyed again"
        );
    }
    Ok(())
}
