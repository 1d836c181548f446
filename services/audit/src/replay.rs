//! Replay of one institution from the log alone.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::dossier::Fact;
use yujian_eventlog::{Damage, EventLog, LogError, LogPosition, Record};

/// What to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayQuery {
    /// Institution.
    pub institution: Uuid,
    /// As of the last instant of this legal day; `None`: open end (what holds now and later is shown as stored).
    pub as_of: Option<Date>,
    /// With the knowledge of the end of this legal day; `None`: everything recorded.
    pub known_at: Option<Date>,
    /// Replay up to this position; `None`: the end of the log.
    pub until: Option<LogPosition>,
}

/// Why a replay failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// No such institution (known then).
    #[error("no such institution")]
    NotFound,
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A replayed history.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The institution's events and those of its incidents, in order of position, as known.
    pub records: Vec<Record>,
    /// Damaged records of these streams.
    pub damaged: Vec<Damage>,
    /// Facts that hold.
    pub facts: Vec<Fact>,
    /// The dossier as canonical JSON bytes: equal to the live dossier's.
    pub dossier: Vec<u8>,
    /// Position that "known at" resolved to.
    pub position: LogPosition,
    /// Instant that "as of" resolved to.
    pub as_of: Option<Timestamp>,
}

/// Replays an institution's history.
///
/// # Errors
/// When it does not exist as known, or the log fails.
#[allow(clippy::unused_async, unused_variables)]
pub async fn replay(log: &dyn EventLog, query: ReplayQuery) -> Result<Replay, AuditError> {
    unimplemented!()
}
