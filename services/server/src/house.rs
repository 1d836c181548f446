//! Putting the floors together over one data directory.

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
use crate::progress::Progress;

/// Name of the log's file.
pub const LOG_FILE: &str = "log.db";

/// Log, keys and commands over one directory, locked against other processes.
pub struct House {
    /// The log.
    pub log: Arc<SqliteLog>,
    /// The data keys.
    pub keys: Arc<FileKeys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The command floor.
    pub commands: Commands,
}

impl House {
    /// Opens the directory of `settings`; makes it when absent.
    ///
    /// # Errors
    /// In words, what stands in the way.
    pub async fn open(
        settings: &Settings,
        kind: LogKind,
        clock: Arc<dyn Clock>,
        entropy: Arc<Entropy>,
    ) -> anyhow::Result<Self> {
        let directory = &settings.data_dir;
        for made in [directory, &settings.keys_dir] {
            std::fs::create_dir_all(made).with_context(|| format!("data directory {}", made.display()))?;
        }
        let simulated = kind != LogKind::Real;
        let new = !directory.join(LOG_FILE).exists();
        let keys = FileKeys::open(
            &settings.keys_dir,
            settings.kek_file.as_deref(),
            new,
            entropy.clone(),
            clock.clone(),
        )
        .context("keys")?;
        if !keys.available() {
            tracing::warn!("keys.db is missing: personal data stays sealed and writes are refused");
        }
        let bar = Arc::new(Progress::new("reading heads"));
        let shown = bar.clone();
        let options = OpenOptions {
            clock: clock.clone(),
            kind,
            check_values: keys.check_values(),
            progress: Some(Arc::new(move |done, total| shown.at(done, total))),
        };
        let log = SqliteLog::open(directory, options).with_context(|| format!("{}", directory.display()))?;
        bar.done();
        reapply_erasures(&log, &keys).await?;
        let commands = Commands::open(log.clone(), keys.clone(), clock.clone(), entropy, simulated)
            .await
            .context("reference data")?;
        Ok(Self {
            log,
            keys,
            clock,
            commands,
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

/// A restored older keys.db may still hold the keys of subjects that were erased since: the log knows them.
async fn reapply_erasures(log: &SqliteLog, keys: &FileKeys) -> anyhow::Result<()> {
    let mut subjects = Vec::new();
    for stream in log.streams("erasure") {
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
