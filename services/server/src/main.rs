//! The `yujian` binary: settings, wiring, command line; no logic.

mod audit;
mod cli;
mod config;
mod demo;
mod engine;
mod health;
mod house;
mod import;
mod kurrent;
mod migrate;
mod policy;
mod progress;
mod reactors;
mod serve;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::sqlite::LogKind;

use crate::cli::{Cli, Command};
use crate::config::{LogFormat, Settings};
use crate::house::House;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let default_dir = if matches!(cli.command, Command::Demo(_)) {
        "yujian-demo"
    } else {
        "yujian-data"
    };
    let variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        .collect();
    let settings = match Settings::load(&cli.settings, &variables, default_dir) {
        Ok(settings) => settings,
        Err(error) => return fail(&error.into()),
    };
    if let Err(error) = log_to_stderr(&settings) {
        return fail(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    runtime
        .block_on(run(cli.command, settings))
        .unwrap_or_else(|error| fail(&error))
}

/// One line that says what went wrong, with its causes.
fn fail(error: &anyhow::Error) -> ExitCode {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    // `yujian replay … | head` has seen enough.
    if error.chain().any(closed) {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(std::io::stderr(), "yujian: {error:#}");
    ExitCode::FAILURE
}

fn log_to_stderr(settings: &Settings) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(&settings.log_level)
        .map_err(|error| anyhow::anyhow!("log_level is not a filter: {error}"))?;
    if !settings.log_level.contains("kurrentdb") {
        // The client shouts at every fault that its supervisor cures and says in one line.
        filter = filter.add_directive("kurrentdb=off".parse()?);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match settings.log_format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

async fn run(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => serve_real(&settings).await,
        Command::Demo(arguments) => run_demo(&settings, &arguments).await,
        Command::Import(arguments) => import::run(&settings, &arguments).await,
        Command::Policy(arguments) => policy::run(&settings, &arguments.action).await,
        Command::Calendar(arguments) => policy::calendar(&settings, &arguments.action).await,
        Command::Replay(arguments) => audit::replay_institution(&settings, &arguments).await,
        Command::Verify(arguments) => audit::verify(&settings, &arguments).await,
        Command::Backup(arguments) => audit::back_up(&settings, &arguments),
        Command::Restore(arguments) => audit::restore(&settings, &arguments),
        Command::Migrate(arguments) => migrate::run(&arguments).await,
        Command::Kurrentdb(arguments) => kurrent::run(&settings, arguments.action).await,
        Command::Doctor => health::doctor(&settings).await,
        Command::Healthcheck(arguments) => health::healthcheck(&settings, &arguments).await,
        Command::Config => health::config(&settings),
    }
}

async fn serve_real(settings: &Settings) -> anyhow::Result<ExitCode> {
    let listener = serve::bind(settings).await?;
    let clock = Arc::new(SystemClock::default());
    let house = House::open(settings, LogKind::Real, clock, Arc::new(Entropy::Os)).await?;
    serve::serve(house, settings, listener, false, |_| async {}).await?;
    Ok(ExitCode::SUCCESS)
}

async fn run_demo(settings: &Settings, arguments: &cli::DemoArgs) -> anyhow::Result<ExitCode> {
    let listener = if arguments.build_only {
        None
    } else {
        Some(serve::bind(settings).await?)
    };
    let demo = demo::prepare(settings, arguments).await?;
    if arguments.digest {
        let digest = demo.house.views(&settings.data_dir).await?.digest().await?;
        let mut out = std::io::stdout().lock();
        for (table, sha256) in &digest.tables {
            writeln!(out, "{sha256}  {table}")?;
        }
        writeln!(out, "{}  total", digest.total)?;
    }
    let Some(listener) = listener else {
        return Ok(ExitCode::SUCCESS);
    };
    let (commands, clock) = (demo.house.commands.clone(), demo.house.clock.clone());
    let quiet = arguments.quiet;
    serve::serve(demo.house, settings, listener, true, |stop| async move {
        if !quiet {
            // Another seed than the story's: its request ids must not come again.
            let seed = clock.now().as_millisecond().unsigned_abs() ^ demo.seed;
            yujian_demo::live(commands, clock, demo.roster, seed, stop).await;
        }
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}
