//! `yujian import`: wiring of the import of a foreign register.

use std::process::ExitCode;

use crate::cli::ImportArgs;
use crate::config::Settings;

/// Imports a register's file.
pub async fn import(_settings: &Settings, _arguments: &ImportArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("import is being wired")
}
