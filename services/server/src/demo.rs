//! `yujian demo`: build the made-up province once, then serve it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use async_trait::async_trait;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use yujian_command::Reactors;
use yujian_demo::{Batch, Plan, Roster};
use yujian_domain::time::{day_of, end_of};
use yujian_eventlog::LogError;
use yujian_eventlog::checkpoint::StateFile;
use yujian_eventlog::clock::{Clock, SimulatedClock, SystemClock};
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::FileKeys;
use yujian_eventlog::sqlite::{DirectoryLock, LogKind, OpenError, SqliteLog};

use crate::cli::DemoArgs;
use crate::config::Settings;
use crate::engine::Place;
use crate::house::{House, LOG_FILE};
use crate::progress::Progress;

/// Says that the build was finished, and of what.
const MARK: &str = "demo.json";
/// Says that a build is under way or was broken off: only what it stands beside may be removed.
const BUILDING: &str = "demo.building";
/// Files of a demo that was not finished; the log goes last, since it says whose they are.
const FILES: [&str; 7] = [
    "heads.db",
    "views.db",
    "state.db",
    "keys.db",
    "keys.kek",
    "keys.lock",
    LOG_FILE,
];

/// What a finished demo is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    plan: Plan,
    events: u64,
    roster: Roster,
}

/// Keys first, then the events that they seal.
struct Hour {
    log: Arc<SqliteLog>,
    keys: Arc<FileKeys>,
}

#[async_trait]
impl Batch for Hour {
    async fn begin(&self) -> Result<(), LogError> {
        self.keys
            .begin_bulk()
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        self.log.begin_bulk().await
    }

    async fn commit(&self) -> Result<(), LogError> {
        self.keys
            .commit_bulk()
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        self.log.commit_bulk().await.map(|_| ())
    }
}

/// A demo that is ready to be served.
pub struct Demo {
    /// The house over its data, on the machine's clock.
    pub house: House,
    /// For live traffic.
    pub roster: Roster,
    /// Seed of the plan.
    pub seed: u64,
}

/// Builds the demo or takes the one that is there.
///
/// # Errors
/// In words: a directory with real data, another demo than the one asked for, a failed build.
pub async fn prepare(settings: &Settings, arguments: &DemoArgs) -> anyhow::Result<Demo> {
    let settings = &own_keys(settings);
    let directory = &settings.data_dir;
    if let Place::Kurrent(_) = Place::of(settings)? {
        return elsewhere(settings).await;
    }
    let mark = match read_mark(directory)? {
        Some(mark) => {
            check_same(&mark.plan, arguments, directory)?;
            eprintln!("demo: {} events until {} are here", mark.events, mark.plan.until);
            mark
        }
        None => match restored(directory)? {
            Some(mark) => {
                eprintln!("demo: a demo's log without its mark, restored perhaps, is served as it is");
                mark
            }
            None => build(settings, arguments).await?,
        },
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let house = House::open(settings, kind(&mark.plan), clock, Arc::new(Entropy::Os)).await?;
    Ok(Demo {
        house,
        roster: mark.roster,
        seed: mark.plan.seed,
    })
}

/// A demo whose log was migrated: served with the keys and the mark that its build left in the data directory.
async fn elsewhere(settings: &Settings) -> anyhow::Result<Demo> {
    let mark = read_mark(&settings.data_dir)?.with_context(|| {
        format!(
            "{} holds no demo: build one there (`yujian demo --build-only`), copy its log (`yujian migrate`), then serve \
             the copy with the same --data-dir",
            settings.data_dir.display()
        )
    })?;
    eprintln!("demo: {} events until {}, copied", mark.events, mark.plan.until);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let house = House::open(settings, kind(&mark.plan), clock, Arc::new(Entropy::Os)).await?;
    Ok(Demo {
        house,
        roster: mark.roster,
        seed: mark.plan.seed,
    })
}

/// A demo keeps its keys beside its data, wherever an installation's keys lie: it may remove them again.
fn own_keys(settings: &Settings) -> Settings {
    let mut own = settings.clone();
    own.keys_dir.clone_from(&own.data_dir);
    own.kek_file = None;
    own
}

fn kind(plan: &Plan) -> LogKind {
    LogKind::Demo {
        seed: plan.seed,
        until: end_of(plan.until),
    }
}

/// A demo's log that no build has left unfinished: restored from a backup, which holds no mark.
fn restored(directory: &Path) -> anyhow::Result<Option<Mark>> {
    let log = directory.join(LOG_FILE);
    if !log.exists() || directory.join(BUILDING).exists() {
        return Ok(None);
    }
    let connection = yujian_eventlog::sqlite::schema::open_read_only(&log)?;
    let LogKind::Demo { seed, until } = yujian_eventlog::sqlite::header::read(&connection)?.kind else {
        return Ok(None);
    };
    let plan = Plan {
        seed,
        until: day_of(until),
        institutions: 0,
        months: 0,
    };
    Ok(Some(Mark {
        plan,
        events: 0,
        roster: Roster::default(),
    }))
}

fn read_mark(directory: &Path) -> anyhow::Result<Option<Mark>> {
    match std::fs::read(directory.join(MARK)) {
        Ok(bytes) => Ok(Some(
            serde_json::from_slice(&bytes).with_context(|| format!("{MARK} is not readable"))?,
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(MARK),
    }
}

/// What was asked for explicitly must be what is here.
fn check_same(plan: &Plan, asked: &DemoArgs, directory: &Path) -> anyhow::Result<()> {
    let differs = asked.seed.is_some_and(|seed| seed != plan.seed)
        || asked.until.is_some_and(|until| until != plan.until)
        || asked.institutions.is_some_and(|count| count != plan.institutions)
        || asked.months.is_some_and(|months| months != plan.months);
    if differs {
        bail!(
            "{} holds another demo (seed {}, until {}, {} institutions, {} months): remove it or name another --data-dir",
            directory.display(),
            plan.seed,
            plan.until,
            plan.institutions,
            plan.months
        );
    }
    Ok(())
}

async fn build(settings: &Settings, arguments: &DemoArgs) -> anyhow::Result<Mark> {
    let until = match arguments.until {
        Some(until) => until,
        None => day_of(jiff::Timestamp::now()).checked_sub(1.day())?,
    };
    let plan = Plan {
        seed: arguments.seed.unwrap_or(1),
        until,
        institutions: arguments.institutions.unwrap_or(400),
        months: arguments.months.unwrap_or(24),
    };
    clear_unfinished(settings)?;
    std::fs::create_dir_all(&settings.data_dir).with_context(|| format!("{}", settings.data_dir.display()))?;
    write_durably(&settings.data_dir.join(BUILDING), b"")?;
    eprintln!(
        "demo: building {} institutions over {} months until {until}",
        plan.institutions, plan.months
    );
    let clock = Arc::new(SimulatedClock::new(yujian_demo::clock_start(plan)?));
    let house = House::open(
        settings,
        kind(&plan),
        clock.clone(),
        Arc::new(Entropy::seeded(plan.seed)),
    )
    .await?;
    let hour = Hour {
        log: house.embedded.clone().context("a demo is built into log.db")?,
        keys: house.keys.clone(),
    };
    // Its checkpoint is left beside the data: the server goes on from there.
    let state = Arc::new(StateFile::open_for_build(&settings.data_dir)?);
    let mut reactors = Reactors::open(house.commands.clone(), state).await?;
    // Whoever waits for the page waits for the views too: they follow on another core.
    let (stop, stopped) = watch::channel(false);
    let following = if arguments.build_only {
        None
    } else {
        let views = house.views(&settings.data_dir).await?;
        Some(tokio::spawn(async move { views.follow(stopped).await }))
    };
    let bar = Progress::new("simulated days");
    let told = |done, total| bar.at(done, total);
    let summary = yujian_demo::build(
        &house.commands,
        hour.log.as_ref(),
        &mut reactors,
        &clock,
        &hour,
        plan,
        told,
    )
    .await?;
    bar.done();
    stop.send_replace(true);
    if let Some(following) = following {
        following.await??;
    }
    drop((reactors, house, hour));
    eprintln!(
        "demo: {} events, {} institutions, {} persons, {} inspections, {} incidents",
        summary.events, summary.institutions, summary.persons, summary.inspections, summary.incidents
    );
    if !summary.refused.is_empty() {
        eprintln!(
            "demo: {} steps of the story were refused and left out",
            summary.refused.len()
        );
    }
    sync_files(settings)?;
    let mark = Mark {
        plan,
        events: summary.events,
        roster: summary.roster,
    };
    write_durably(&settings.data_dir.join(MARK), &serde_json::to_vec_pretty(&mark)?)?;
    std::fs::remove_file(settings.data_dir.join(BUILDING))?;
    Ok(mark)
}

/// A build that was interrupted is begun anew: half a story would not be the same for the same seed. Anything but a
/// demo's log, and a build that is going on in another process, is left alone.
fn clear_unfinished(settings: &Settings) -> anyhow::Result<()> {
    let directory = &settings.data_dir;
    if !directory.exists() {
        return Ok(());
    }
    let Some(_lock) = DirectoryLock::acquire(directory)? else {
        bail!("{}: {}", directory.display(), OpenError::Locked);
    };
    let log = directory.join(LOG_FILE);
    if !directory.join(BUILDING).exists() {
        if log.exists() || directory.join("keys.db").exists() {
            bail!(
                "{} holds real data or keys, not a demo's: name another --data-dir",
                directory.display()
            );
        }
        return Ok(());
    }
    if !log.exists() {
        return remove_files(directory);
    }
    let connection = yujian_eventlog::sqlite::schema::open_read_only(&log)?;
    let header = yujian_eventlog::sqlite::header::read(&connection)?;
    if header.kind == LogKind::Real {
        bail!(
            "{} holds real data, not a demo's: name another --data-dir",
            directory.display()
        );
    }
    drop(connection);
    eprintln!("demo: an unfinished build is removed");
    remove_files(directory)
}

fn remove_files(directory: &Path) -> anyhow::Result<()> {
    for file in FILES {
        for suffix in ["", "-wal", "-shm"] {
            let path: PathBuf = directory.join(format!("{file}{suffix}"));
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("removing {}", path.display()));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The build's commits wait for no disk; before it counts as finished, everything must be there.
fn sync_files(settings: &Settings) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(&settings.data_dir)? {
        match std::fs::File::open(entry?.path()) {
            // The last connection to a database takes its write-ahead log with it when it closes.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            file => file?.sync_all()?,
        }
    }
    std::fs::File::open(&settings.data_dir)?.sync_all()?;
    Ok(())
}

/// Whole or not at all: written aside, made durable, renamed.
fn write_durably(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let aside = path.with_extension("new");
    let file = std::fs::File::create(&aside)?;
    std::io::Write::write_all(&mut &file, bytes)?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    if let Some(directory) = path.parent() {
        std::fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
