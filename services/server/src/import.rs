//! `yujian import`: a foreign register's rows into the log of an installation.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use yujian_domain::envelope::{Actor, Role};
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::sqlite::LogKind;
use yujian_import::{Mapping, Options, import};

use crate::cli::ImportArgs;
use crate::config::Settings;
use crate::house::House;
use crate::progress::Progress;

/// Commands under way at once: enough for the log to commit many together.
const IN_FLIGHT: usize = 64;
/// Account of imports. Request ids are remembered for it, so it never changes.
const ACCOUNT: &str = "import";
/// Rows were rejected: other than a failure to import.
const REJECTED: u8 = 2;

/// Imports a register's file. Exit code 2 when rows were rejected.
pub async fn run(settings: &Settings, arguments: &ImportArgs) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(&arguments.mapping)
        .with_context(|| format!("mapping {}", arguments.mapping.display()))?;
    let mapping = Mapping::parse(&text).with_context(|| format!("mapping {}", arguments.mapping.display()))?;
    let clock = Arc::new(SystemClock::default());
    let house = House::open(settings, LogKind::Real, clock, Arc::new(Entropy::Os)).await?;
    let beside = |what: &str| beside_data(settings, arguments, what);
    let rejects = arguments.rejects.clone().unwrap_or_else(|| beside("rejects"));
    let changes = arguments.changes.clone().unwrap_or_else(|| beside("changes"));
    let bar = Progress::new("importing rows");
    let options = Options {
        actor: Actor {
            id: ACCOUNT.to_owned(),
            role: Role::Administrator,
            organisation: None,
            jurisdiction: None,
        },
        check: arguments.check,
        in_flight: IN_FLIGHT,
        progress: &|done, total| bar.at(done, total),
        rejects: Some(&rejects),
        edition_date: arguments.edition_date,
        changes: Some(&changes),
    };
    let report = import(&house.commands, &mapping, &arguments.file, options).await?;
    bar.done();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report}")?;
    if report.edition.is_some() {
        writeln!(out, "changes: {}", changes.display())?;
    }
    if report.rejected == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "rejected lines: {}", rejects.display())?;
    Ok(ExitCode::from(REJECTED))
}

fn beside_data(settings: &Settings, arguments: &ImportArgs, what: &str) -> PathBuf {
    let name = arguments
        .file
        .file_name()
        .map_or_else(|| "import".into(), |name| name.to_string_lossy());
    settings.data_dir.join(format!("{name}.{what}.csv"))
}
