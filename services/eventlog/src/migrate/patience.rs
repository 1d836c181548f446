//! Waits for an engine that is out of reach for a while.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::LogError;

/// How long an engine may stay out of reach before the work is given up.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Wait after the first failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Tries of one call.
pub(super) struct Patience {
    /// Since when there was no progress.
    since: Option<Instant>,
    wait: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self {
            since: None,
            wait: FIRST_WAIT,
        }
    }

    /// Waits before the next try, or gives the error back when that has taken too long.
    pub(super) async fn wait(&mut self, error: LogError) -> Result<(), LogError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            return Err(error);
        }
        tracing::debug!(%error, wait_ms = self.wait.as_millis(), "engine out of reach, trying again");
        sleep(self.wait).await;
        self.wait = LONGEST_WAIT.min(self.wait * 2);
        Ok(())
    }
}

/// Whether the same call may succeed later without anybody's doing.
pub(super) fn is_passing(error: &LogError) -> bool {
    matches!(error, LogError::Unavailable(_) | LogError::OutcomePending(_))
}

/// Repeats a call that changes nothing while it fails for a passing reason.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, LogError>>>(call: impl Fn() -> F) -> Result<T, LogError> {
    let mut patience = Patience::new();
    loop {
        match call().await {
            Err(error) if is_passing(&error) => patience.wait(error).await?,
            answer => return answer,
        }
    }
}
