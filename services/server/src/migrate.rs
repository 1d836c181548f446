//! `yujian migrate`: a log onto another engine, byte for byte.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use yujian_domain::divisions::Divisions;
use yujian_eventlog::EventLog;
use yujian_eventlog::clock::{Clock, SystemClock};
use yujian_eventlog::header::Header;
use yujian_eventlog::migrate::{Copied, Phase, copy, header_for};
use yujian_eventlog::sqlite::{DirectoryLock, OpenError, OpenOptions, SqliteLog, header, schema};
use yujian_views::{Digest, Rebuild, Views};

use crate::cli::MigrateArgs;
use crate::engine::{Place, open_to_read};
use crate::progress::Progress;

/// Copies, checks and compares. Exit code 1 with the reason when the copy is not the log.
pub async fn run(arguments: &MigrateArgs) -> anyhow::Result<ExitCode> {
    let (from, to) = (Place::parse(&arguments.from)?, Place::parse(&arguments.to)?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    // Nobody may serve the source meanwhile: what is appended after its end was read would be missing.
    let _served = match &from {
        Place::Embedded(directory) if directory.exists() => Some(
            DirectoryLock::acquire(directory)?
                .ok_or(OpenError::Locked)
                .with_context(|| format!("{from}"))?,
        ),
        _ => None,
    };
    let (source, source_header) = open_to_read(&from).await.with_context(|| format!("from {from}"))?;
    if source_header.migrating_from.is_some() {
        bail!("from {from}: it is itself an unfinished copy");
    }
    let target = Target::open(&to, header_for(&source_header), &source_header, &clock).await?;
    let bars = Bars::default();
    let copied = copy(source.as_ref(), target.log.as_ref(), &|phase, done, total| {
        bars.at(phase, done, total);
    })
    .await?;
    bars.done();
    let (before, after) = (
        view_digest("views of the source", source.clone()).await?,
        view_digest("views of the target", target.log.clone()).await?,
    );
    if (&before.tables, &before.total) != (&after.tables, &after.total) {
        bail!("the views of both logs differ: {} and {}", before.total, after.total);
    }
    let epoch = target.header.epoch;
    target.finish(&to, &copied, &clock).await?;
    say(&from, &to, &copied, &before.total, epoch)?;
    Ok(ExitCode::SUCCESS)
}

fn say(from: &Place, to: &Place, copied: &Copied, views: &str, epoch: u32) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "copied {} records in {} streams ({} were there already), byte for byte",
        copied.records, copied.streams, copied.already_there
    )?;
    writeln!(out, "records  sha256 {}  in both", copied.digest.to_hex())?;
    writeln!(out, "views    sha256 {views}  in both")?;
    writeln!(
        out,
        "{to} begins epoch {epoch}: positions of {from} are refused there. The keys have not moved: serve it with the same \
         --keys-dir. Serve one of both only."
    )?;
    Ok(())
}

/// Digest of the views that a log gives.
async fn view_digest(what: &'static str, log: Arc<dyn EventLog>) -> anyhow::Result<Digest> {
    let bar = Progress::new(what);
    let views = Views::open(None, log, Divisions::shipped().clone(), |Rebuild { done, total }| {
        bar.at(done, total);
    })
    .await
    .context(what)?;
    bar.done();
    Ok(views.digest().await?)
}

/// One bar a phase.
#[derive(Default)]
struct Bars(std::sync::Mutex<Option<(&'static str, Progress)>>);

impl Bars {
    fn at(&self, phase: Phase, done: u64, total: u64) {
        let name = match phase {
            Phase::Comparing => "comparing what is there",
            Phase::Copying => "copying",
            Phase::Checking => "checking the copy",
        };
        let mut shown = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if shown.as_ref().is_none_or(|(shown, _)| *shown != name) {
            if let Some((_, bar)) = shown.take() {
                bar.done();
            }
            *shown = Some((name, Progress::new(name)));
        }
        if let Some((_, bar)) = shown.as_ref() {
            bar.at(done, total);
        }
    }

    fn done(&self) {
        let mut shown = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, bar)) = shown.take() {
            bar.done();
        }
    }
}

/// The log that is being written.
struct Target {
    log: Arc<dyn EventLog>,
    header: Header,
}

impl Target {
    async fn open(place: &Place, copy: Header, source: &Header, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let opened = match place {
            Place::Embedded(directory) => Self::embedded(directory, copy, clock),
            #[cfg(feature = "kurrentdb")]
            Place::Kurrent(address) => Self::kurrent(address, copy, clock).await,
            #[cfg(not(feature = "kurrentdb"))]
            Place::Kurrent(address) => match *address {},
        };
        if let Err(Occupied(error)) = opened {
            // Finished, and killed before it could say so? Then both have one origin.
            if let Ok((_, found)) = open_to_read(place).await
                && (found.created, found.epoch) == (source.created, source.epoch + 1)
            {
                bail!("to {place}: a migration of this log was finished here; `yujian verify` checks it");
            }
            return Err(error).with_context(|| format!("to {place}"));
        }
        opened.map_err(|Occupied(error)| error)
    }

    fn embedded(directory: &Path, copy: Header, clock: &Arc<dyn Clock>) -> Result<Self, Occupied> {
        let options = OpenOptions {
            kind: copy.kind.clone(),
            copy: Some(copy),
            ..OpenOptions::new(clock.clone())
        };
        let log = SqliteLog::open(directory, options)?;
        let header = log.header().clone();
        Ok(Self { log, header })
    }

    #[cfg(feature = "kurrentdb")]
    async fn kurrent(address: &crate::engine::Address, copy: Header, clock: &Arc<dyn Clock>) -> Result<Self, Occupied> {
        use yujian_kurrent::{KurrentLog, OpenOptions};
        let options = OpenOptions {
            kind: Some(copy.kind.clone()),
            copy: Some(copy),
            ..OpenOptions::reading(clock.clone())
        };
        let log = KurrentLog::open(address, options).await?;
        let header = log.header().clone();
        Ok(Self { log, header })
    }

    /// Lets go of the log and notes that it may be served.
    #[cfg_attr(
        not(feature = "kurrentdb"),
        expect(clippy::unused_async, reason = "notes it on a server where there is a client")
    )]
    async fn finish(self, place: &Place, copied: &Copied, clock: &Arc<dyn Clock>) -> anyhow::Result<()> {
        drop(self.log);
        match place {
            Place::Embedded(directory) => {
                let _lock = DirectoryLock::acquire(directory)?.ok_or(OpenError::Locked)?;
                let path: PathBuf = directory.join(schema::LOG_FILE);
                header::finish_migration(&path, copied.several_writers)?;
            }
            #[cfg(feature = "kurrentdb")]
            Place::Kurrent(address) => yujian_kurrent::KurrentLog::finish_migration(address, clock.now()).await?,
            #[cfg(not(feature = "kurrentdb"))]
            Place::Kurrent(address) => match *address {},
        }
        #[cfg(not(feature = "kurrentdb"))]
        let _ = clock;
        Ok(())
    }
}

/// Why a target can't be opened; where another log may be in the way it is looked at once more.
struct Occupied(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Occupied {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}
