//! Running the reactors beside the service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use yujian_command::{CommandError, Commands, Reactors};
use yujian_eventlog::LogError;
use yujian_eventlog::checkpoint::StateFile;

/// How long a start that failed waits before the next one.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs the reactors until `ended` turns true. What keeps them from starting, a full disk say, keeps nobody from reading
/// and nobody from writing: they start when it has passed.
pub async fn run(commands: Commands, directory: PathBuf, mut ended: watch::Receiver<bool>) {
    loop {
        match open(&commands, &directory).await {
            Ok(reactors) => return reactors.run(ended).await,
            Err(error @ CommandError::Log(LogError::Invalid(_))) => {
                tracing::error!(%error, "the reactors do not run");
                return;
            }
            Err(error) => tracing::warn!(%error, again_in = ?PAUSE, "the reactors can't start yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            stopped = ended.wait_for(|ended| *ended) => {
                drop(stopped);
                return;
            }
        }
    }
}

async fn open(commands: &Commands, directory: &std::path::Path) -> Result<Reactors, CommandError> {
    let state = Arc::new(StateFile::open(directory)?);
    Reactors::open(commands.clone(), state).await
}
