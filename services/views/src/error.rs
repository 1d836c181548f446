//! What can go wrong with a view.

use yujian_eventlog::{LogError, LogPosition};

/// Why a view could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The views have not reached the position that the caller asked for; try again.
    #[error("the views are at {at}, asked for {wanted}")]
    Behind {
        /// Where they are.
        at: LogPosition,
        /// Where the caller wants them.
        wanted: LogPosition,
    },
    /// The position is of another epoch or beyond the log.
    #[error("position {0} is not of this log")]
    ForeignPosition(LogPosition),
    /// The page key is not one of ours.
    #[error("invalid page key")]
    InvalidKey,
    /// Another rebuild runs.
    #[error("the views are being rebuilt")]
    Rebuilding,
    /// A rebuild was stopped before its end; the live views are as they were.
    #[error("the rebuild was stopped")]
    Stopped,
    /// The store failed.
    #[error("views unavailable: {0}")]
    Unavailable(String),
}

impl From<rusqlite::Error> for ViewError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<LogError> for ViewError {
    fn from(error: LogError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
