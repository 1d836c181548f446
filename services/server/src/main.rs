//! The `yujian` binary: settings, wiring, command line; no logic.

mod cli;
mod config;
mod demo;
mod house;
mod progress;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::config::{LogFormat, Settings};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let default_dir = if matches!(cli.command, Command::Demo(_)) { "yujian-demo" } else { "yujian-data" };
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
    runtime.block_on(run(cli.command, settings)).unwrap_or_else(|error| fail(&error))
}

/// One line that says what went wrong, with its causes.
fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "yujian: {error:#}");
    ExitCode::FAILURE
}

fn log_to_stderr(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log_level)
        .map_err(|error| anyhow::anyhow!("log_level is not a filter: {error}"))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match settings.log_format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

async fn run(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(arguments) => {
            let demo = demo::prepare(&settings, &arguments).await?;
            let views = demo.house.views(&settings.data_dir).await?;
            if arguments.digest {
                let digest = views.digest().await?;
                for (table, sha256) in &digest.tables {
                    println!("{sha256}  {table}");
                }
                println!("{}  total", digest.total);
            }
        }
        _ => anyhow::bail!("not wired"),
    }
    Ok(ExitCode::SUCCESS)
}
